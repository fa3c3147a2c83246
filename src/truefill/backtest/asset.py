"""What a run trades: a tape and the models around it, as a frozen description, and its row for the engine."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from truefill.backtest.account import Margin, check_account
from truefill.backtest.asset_tape import TapeField
from truefill.backtest.chain import Market, as_market, tapes_of, time_text
from truefill.backtest.currencies import check_money, received_coin, settlement
from truefill.backtest.feeds import bind_events
from truefill.backtest.models.contracts import Contract, LinearContract
from truefill.backtest.models.exchanges import (
    ExchangeModel,
    FifoExchange,
    NoPartialFillExchange,
    PartialFillExchange,
    ProRataExchange,
    UserExchange,
    exchange_callback,
)
from truefill.backtest.models.fees import KINDS, TradingValueFees, UserFees, fee_callback
from truefill.backtest.models.fees_schedule import FeeModel, ScheduledFees, fee_table, schedule_call
from truefill.backtest.models.latency import ConstantLatency, UserLatency, check_ns, latency_callback
from truefill.backtest.models.latency_drawn import DrawnLatency, drawn_latency
from truefill.backtest.models.latency_recorded import (
    RECORDED_STATE,
    InterpolatedLatency,
    interpolated_latency,
)
from truefill.backtest.models.queue import (
    QUEUES,
    L3FifoQueue,
    LogProbQueue2,
    QueueModel,
    UserQueue,
    queue_callback,
)
from truefill.backtest.models.risk import RiskModel, UserRisk, risk_callback
from truefill.backtest.records import (
    BY_FILLS,
    BY_LEVEL,
    BY_TRADES,
    CALLED_LATENCY,
    CONSTANT_LATENCY,
    FIFO,
    FILL_CHANCE,
    NO_PARTIAL_FILL,
    NO_RISK_MODEL,
    ORDER_META,
    PARTIAL_FILL,
    PRO_RATA,
    RISK_LIMITS,
    RISK_REQUEST,
    TRIGGER_MARK,
    USER_MODEL,
)
from truefill.backtest.tape_binding import NO_TIME_YET, BoundTapes, moved
from truefill.backtest.triggers import TRIGGERS, marks_in_ticks
from truefill.core.errors import ConfigError, shown
from truefill.core.events import NO_TIME
from truefill.core.gate import real, text, whole
from truefill.core.limits import VenueLimits
from truefill.core.records import ORDER
from truefill.core.self_trade import MODE_NAMES
from truefill.tape import Tape

LatencyModel = ConstantLatency | InterpolatedLatency | DrawnLatency | UserLatency
_EXCHANGES = {
    FifoExchange: FIFO,
    ProRataExchange: PRO_RATA,
    NoPartialFillExchange: NO_PARTIAL_FILL,
    PartialFillExchange: PARTIAL_FILL,
}
_TAPE = TapeField()  # is no default: the class itself has no tape


@dataclass(frozen=True)
class Asset:
    """One instrument of a run.

    Parameters
    ----------
    tape : Tape, or list of Tape or path
        The recorded market; a list is a chain of tapes that follow each other (docs/chains.md).
    latency : ConstantLatency, InterpolatedLatency, DrawnLatency or UserLatency
        How long orders travel.
    queue : RiskAverseQueue, LogProbQueue, LogProbQueue2, PowerProbQueue, PowerProbQueue2, ... or UserQueue
        Where an own order stands in the queue of its level (docs/queue-models.md). By default
        `LogProbQueue2`; on a tape of single orders `L3FifoQueue`, which is exact.
    exchange : FifoExchange, ProRataExchange, NoPartialFillExchange, PartialFillExchange or UserExchange
        The fill rules.
    fees : TradingValueFees, TradingQtyFees, FlatPerTradeFees, TieredFees, DirectionalFees or UserFees
    contract : LinearContract, InverseContract, QuantoContract or Spot
        What a quantity is worth, and the currency of balance, value and profit (docs/money.md).
    fee_currency : str, optional
        Name of the currency that fees are paid in; the contract's when not given.
    tick_size : float, optional
        Only to be sure: a value that is not the tape's is refused.
    lot_size : float, optional
        Lot of orders, a multiple of the tape's (the smallest step of the data). By default the tape's.
    max_orders : int
        Room for orders that are not cleared away; `submit` answers TOO_MANY_ORDERS beyond.
    risk : RiskLimits or UserRisk, optional
        What is asked of each request before it leaves.
    location_offset_ns : int
        How much further from the exchange the strategy trades than the tape was recorded, ns one way;
        negative: nearer. The feed arrives so much later, requests and what comes back travel so much longer.
    self_trade : str
        What happens when an arriving order meets an own one: "none" (they do not see each other), "newest",
        "oldest", "both" (cancelled), or "decrement".
    limits : VenueLimits, optional
        What the venue refuses.
    stop_trigger : str
        What wakes stops and take-profits (docs/orders.md): "trade"; "best", the best price that the order
        would take; or "mark", the mark price.
    account : int, optional
        Which of the bot's accounts it trades with (docs/accounts.md); -1: none, unlimited credit. With one
        account it need not be said.
    margin : CrossMargin or IsolatedMargin, optional
        Margin rules of this asset in place of the account's.
    mark : "mid" or arrays, optional
        Mark price, for an account and for ``stop_trigger="mark"``: the mid of the exchange's book, or (times
        in ns, prices), or (exchange times, prices, local times). By default the mark prices on the tape,
        without any the mid.
    funding : FundingSchedule or arrays, optional
        Funding for an account, or (times in ns, rates). By default the funding rates on the tape.
    """

    tape: TapeField = _TAPE
    latency: LatencyModel = field(default_factory=ConstantLatency)
    queue: QueueModel | None = None
    exchange: ExchangeModel = field(default_factory=FifoExchange)
    fees: FeeModel = field(default_factory=TradingValueFees)
    contract: Contract = field(default_factory=LinearContract)
    fee_currency: str | None = None
    tick_size: float | None = None
    lot_size: float | None = None
    max_orders: int = 65_536
    risk: RiskModel | None = None
    location_offset_ns: int = 0
    self_trade: str = "none"
    limits: VenueLimits | None = None
    stop_trigger: str = "trade"
    account: int | None = None
    margin: Margin | None = None
    mark: Any = None
    funding: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "tape", as_market(self.tape))
        if self.queue is None:
            exact = isinstance(self.tape, Market) and self.tape.by_order
            object.__setattr__(self, "queue", L3FifoQueue() if exact else LogProbQueue2())
        for name, kinds in (
            ("tape", Market),
            ("latency", LatencyModel),
            ("queue", QueueModel),
            ("exchange", ExchangeModel),
            ("fees", FeeModel),
            ("contract", Contract),
            ("risk", RiskModel | None),
        ):
            if not isinstance(getattr(self, name), kinds):
                wanted = getattr(kinds, "__name__", str(kinds))
                wanted = "Tape, or a list of tapes" if name == "tape" else wanted
                raise ConfigError(f"Asset.{name} of type {wanted}", shown(getattr(self, name)))
        header = self.tape.header
        where = f"Asset {header.symbol}"
        currency = self.fee_currency
        if currency is not None:
            text(currency, "a name, or None for the contract's currency", ConfigError, "Asset.fee_currency")
        for name in ("tick_size", "lot_size"):
            if getattr(self, name) is not None:
                step = real(getattr(self, name), "a number, or None", ConfigError, f"Asset.{name}")
                object.__setattr__(self, name, step)
        if self.tick_size is not None and not math.isclose(self.tick_size, self.tape.tick_size, rel_tol=1e-9):
            wanted = f"the tape's tick size {header.tick_size} (build the tape again to change it)"
            raise ConfigError(wanted, self.tick_size, where)
        if isinstance(self.queue, L3FifoQueue) and not self.tape.by_order:
            raise ConfigError("a tape of single orders for L3FifoQueue", "a tape of levels", where)
        if self.lot_size is not None and not self._order_lots():
            wanted = f"a multiple of the tape's lot size {header.lot_size}"
            raise ConfigError(wanted, self.lot_size, where)
        room = whole(
            self.max_orders, "max_orders from 1 to 16777216", 1, 1 << 24, ConfigError, "Asset.max_orders"
        )
        object.__setattr__(self, "max_orders", room)
        if not isinstance(self.self_trade, str) or self.self_trade not in MODE_NAMES:
            wanted = f"one of {', '.join(MODE_NAMES)}"
            raise ConfigError(wanted, shown(self.self_trade), "Asset.self_trade")
        if not isinstance(self.stop_trigger, str) or self.stop_trigger not in TRIGGERS:
            raise ConfigError(f"one of {', '.join(TRIGGERS)}", shown(self.stop_trigger), "Asset.stop_trigger")
        if self.limits is not None:
            if not isinstance(self.limits, VenueLimits):
                raise ConfigError("Asset.limits of type VenueLimits", shown(self.limits))
            self.limits.record(self.tape.tick_size, self.tape.lot_size)
        for tape in tapes_of(self.tape):
            check_money(self.contract, self.fees, self.fee_currency, tape, where)
        check_account(self)
        self._check_location(where)

    def _check_location(self, where: str) -> None:
        offset = self.location_offset_ns
        offset = check_ns(offset, "Asset.location_offset_ns")
        object.__setattr__(self, "location_offset_ns", offset)
        if offset == 0:
            return
        if isinstance(self.latency, ConstantLatency):
            self.latency.by_kind(offset)
        elif isinstance(self.latency, InterpolatedLatency):
            self.latency.check_offset(offset)
        fastest = least_feed_latency(self.tape)
        if fastest + offset < 0:
            wanted = f"a location_offset_ns of {-fastest} or more: an event would arrive before it happened"
            raise ConfigError(wanted, offset, where)

    def _order_lots(self) -> int:
        """Lots of the tape in one lot of an order; 0 when that is no whole number."""
        if self.lot_size is None:
            return 1
        exact = self.lot_size / self.tape.lot_size
        if not abs(exact) < 2**62:  # nor NaN
            return 0
        whole = round(exact)
        return whole if whole >= 1 and math.isclose(exact, whole, rel_tol=1e-9) else 0

    @property
    def currency(self) -> str:
        """Currency of balance, value and profit."""
        return settlement(self.contract, self.fee_currency)

    @property
    def fees_in(self) -> str:
        """Currency of fees."""
        return self.fee_currency or self.currency

    @property
    def currencies(self) -> tuple[str, ...]:
        """All that its money is in."""
        received = received_coin(self.contract)
        return (self.currency, self.fees_in, *(() if received is None else (received,)))

    def describe(self) -> dict[str, Any]:
        """Instrument and models in plain values, for reports."""
        models = {
            name: _describe(getattr(self, name))
            for name in ("latency", "queue", "exchange", "fees", "contract", "risk")
            if getattr(self, name) is not None
        }
        header = self.tape.header
        return {
            "symbol": header.symbol,
            "tick_size": header.tick_size,
            "lot_size": header.lot_size,
            "currency": self.currency,
            **({"fee_currency": self.fees_in} if self.fees_in != self.currency else {}),
            "tape": header.content_hash,
            **({"location_offset_ns": self.location_offset_ns} if self.location_offset_ns else {}),
            **({"stop_trigger": self.stop_trigger} if self.stop_trigger != "trade" else {}),
            **models,
        }

    @property
    def local_group_ts(self) -> np.ndarray:
        """When each group of the tape's events arrives at the strategy, UTC ns."""
        columns = [tape.section("local.group_ts") for tape in tapes_of(self.tape)]
        return moved(columns[0] if len(columns) == 1 else np.concatenate(columns), self.location_offset_ns)

    @property
    def spans(self) -> list[tuple[int, int]]:
        """First and last time here, and at the exchange, UTC ns; of each view in which anything happens."""
        found = []
        tapes = tapes_of(self.tape)
        for view, offset in (("local", self.location_offset_ns), ("exch", 0)):
            first, last = (tapes[at].section(f"{view}.group_ts") for at in (0, -1))
            if len(first) and len(last):
                found.append((int(first[0]) + offset, int(last[-1]) + offset))
        return found


def apart(assets: Sequence[Asset]) -> list[str]:
    """A sentence for each pair of assets of which nothing was recorded at the same time.

    No error: a future that expires and the next one are such a pair. But mostly a date is wrong.
    """
    found = []
    spans = [
        (asset.tape.symbol, min(first for first, _ in asset.spans), max(last for _, last in asset.spans))
        for asset in assets
        if asset.spans
    ]
    for number, (one, first, last) in enumerate(spans):
        for two, begin, end in spans[number + 1 :]:
            if last < begin or end < first:
                found.append(
                    f"{one} ({time_text(first)} to {time_text(last)}) and {two} ({time_text(begin)} to "
                    f"{time_text(end)}) are never recorded at one time"
                )
    return found


def least_feed_latency(market: Market) -> int:
    """The shortest time from the exchange to here in a tape or a chain, ns: by groups, and by trades."""
    return min(_least_latency(tape) for tape in tapes_of(market))


def _least_latency(tape: Tape) -> int:
    groups = tape.section("local.group_ts") - tape.section("local.group_exch_ts")
    trades = tape.trades["local_ts"] - tape.trades["exch_ts"]
    return int(min(groups.min(initial=np.iinfo(np.int64).max), trades.min(initial=np.iinfo(np.int64).max)))


def _describe(model: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"model": type(model).__name__}
    for name, about in getattr(model, "__dataclass_fields__", {}).items():
        value = getattr(model, name)
        if not about.repr or (about.kw_only and value == about.default):
            continue
        plain = value is None or isinstance(value, bool | int | float | str | list | tuple)
        values[name] = value if plain else getattr(value, "__name__", str(value))
    return values


def _base_rules(exchange: ExchangeModel) -> type:
    """The built-in model by which takers are filled."""
    if isinstance(exchange, UserExchange):
        return FifoExchange if exchange.uses_up else PartialFillExchange
    return type(exchange)


class Binding:
    """The arrays and callbacks that an asset's row points to; keeps them alive as long as the row is used."""

    def __init__(self, asset: Asset, number: int, run_address: int, currencies: Sequence[str]) -> None:
        self.asset = asset
        self._keep: list[Any] = []
        tape = asset.tape
        self.tapes = BoundTapes(tape, asset.location_offset_ns)
        self.orders = np.zeros(asset.max_orders, ORDER)
        self._metas = np.zeros(asset.max_orders, ORDER_META)
        lots_per_unit = 1.0 / tape.lot_size
        whole = round(lots_per_unit) if math.isfinite(lots_per_unit) else 0
        received = received_coin(asset.contract)
        self.values: dict[str, Any] = {
            "number": number,
            "run_addr": run_address,
            "tick_size": tape.tick_size,
            "lot_size": tape.lot_size,
            "order_lots": asset._order_lots(),
            "lots_per_unit": float(whole)
            if whole and math.isclose(whole, lots_per_unit, rel_tol=1e-12)
            else 0.0,
            "contract": asset.contract.kind,
            "multiplier": asset.contract.unit,
            "fee_currency": currencies.index(asset.fees_in),
            "received_currency": -1 if received is None else currencies.index(received),
            "exchange_model": _EXCHANGES[_base_rules(asset.exchange)],
            "bid": -1,
            "ask": -1,
            "x_bid": -1,
            "x_ask": -1,
            "resting_free": -1,
            "queue_clear_ts": np.iinfo(np.int64).min,
            "expiry_ts": NO_TIME,
            "requests_last_ts": NO_TIME_YET,
            "responses_last_ts": NO_TIME_YET,
            "feed_ts": NO_TIME_YET,
            "l_group_ts": NO_TIME_YET,
            "l_synced_ts": NO_TIME_YET,
            "orders_room": asset.max_orders,
            "orders_addr": self._address(self.orders),
            "orders_meta_addr": self._address(self._metas),
            **self.tapes.values,
            **bind_events(list(tapes_of(tape)), asset.location_offset_ns, self._address),
        }
        self._bind_models(asset)
        self._bind_rules(asset)
        self._bind_risk(asset)
        self._bind_orders(asset)

    def _address(self, array: np.ndarray) -> int:
        self._keep.append(array)
        return int(array.ctypes.data)

    def _bind_models(self, asset: Asset) -> None:
        values = self.values
        queue, fees = asset.queue, asset.fees
        self._bind_latency(asset.latency, asset.location_offset_ns)
        assert queue is not None  # the asset has chosen one
        values["queue_model"] = QUEUES[type(queue)]
        if isinstance(queue, UserQueue):
            self._bind_user("queue", queue_callback(queue), queue.params)
            values["queue_wants"] = queue.wants
        else:
            values["queue_n"] = float(getattr(queue, "n", 0.0))
            values["queue_late_ns"] = int(getattr(queue, "late_ns", 0))
        if isinstance(fees, UserFees):
            values["fee_model"] = USER_MODEL
            self._bind_user("fee", fee_callback(fees), fees.params)
        elif isinstance(fees, ScheduledFees):
            times = tapes_of(asset.tape)[0].section("exch.group_ts")
            values["fee_model"] = USER_MODEL
            self._bind_user("fee", schedule_call, fee_table(fees, int(times[0]) if len(times) else 0))
        else:
            values["fee_model"] = KINDS[type(fees)]
            values["fee_maker"] = float(fees.maker)
            values["fee_taker"] = float(fees.taker)

    def _bind_rules(self, asset: Asset) -> None:
        exchange = asset.exchange
        if isinstance(exchange, ProRataExchange):
            self.values["time_share"] = float(exchange.time_share)
            self.values["min_share"] = exchange.min_lots
        elif isinstance(exchange, UserExchange):
            self.fill_chance = np.zeros(1, FILL_CHANCE)
            self.values["chance_addr"] = self._address(self.fill_chance)
            self._bind_user("exchange", exchange_callback(exchange), exchange.params)
        self.values["self_trade"] = MODE_NAMES.index(asset.self_trade)
        self.values["stop_trigger"] = TRIGGERS[asset.stop_trigger]
        if self.values["stop_trigger"] == TRIGGER_MARK:
            times, ticks = marks_in_ticks(asset.tape, asset.mark, asset.tape.tick_size)
            self.values["marks"] = len(times)
            self.values["mark_ts_addr"] = self._address(times)
            self.values["mark_tick_addr"] = self._address(ticks)
        if asset.limits is not None:
            limits = asset.limits.record(asset.tape.tick_size, asset.tape.lot_size)
            self.values["limits_addr"] = self._address(limits)

    def _bind_risk(self, asset: Asset) -> None:
        values, risk = self.values, asset.risk
        self.risk_request = np.zeros(1, RISK_REQUEST)
        values["risk_request_addr"] = self._address(self.risk_request)
        values["risk_model"] = NO_RISK_MODEL
        if isinstance(risk, UserRisk):
            values["risk_model"] = USER_MODEL
            self._bind_user("risk", risk_callback(risk), risk.params)
        elif risk is not None:
            values["risk_model"] = RISK_LIMITS
            values |= risk.in_lots(asset.tape.lot_size)

    def _bind_latency(self, latency: LatencyModel, offset: int) -> None:
        values = self.values
        values["overtaking"] = int(latency.overtaking)
        values["position_reports"] = int(latency.reports_position)
        if isinstance(latency, ConstantLatency):
            values["latency_model"] = CONSTANT_LATENCY
            values["latency_ns_addr"] = self._address(latency.by_kind(offset))
            return
        values["latency_model"] = CALLED_LATENCY
        values["latency_offset"] = offset
        if isinstance(latency, UserLatency):
            self._bind_user("latency", latency_callback(latency), latency.params)
            return
        if isinstance(latency, InterpolatedLatency):
            call, table, state = interpolated_latency, latency.rows, np.zeros(RECORDED_STATE, np.int64)
        else:
            call, table, state = drawn_latency, latency.table(), latency.state()
        values["latency_call"] = call.address
        values["latency_params_addr"] = self._address(table)
        values["latency_params_len"] = len(table)
        values["latency_state_addr"] = self._address(state)

    def _bind_orders(self, asset: Asset) -> None:
        """What a tape of single orders tells of places and fills."""
        tape = asset.tape
        self.values["by_order"] = BY_LEVEL
        if isinstance(asset.queue, L3FifoQueue):
            # A hit tells of one place in the queue. Who shares by size has to know the whole trade, and a
            # user's chances are about trades.
            by_trade = isinstance(asset.exchange, ProRataExchange | UserExchange)
            named = tape.header.counts.get("fill", 0) > 0
            self.values["by_order"] = BY_FILLS if named and not by_trade else BY_TRADES

    def _bind_user(self, name: str, call: Any, params: Any) -> None:
        array = np.ascontiguousarray(params, np.float64)
        self._keep.append(call)
        self.values[f"{name}_call"] = call.address
        self.values[f"{name}_params_addr"] = self._address(array)
        self.values[f"{name}_params_len"] = len(array)
