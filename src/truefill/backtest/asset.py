"""What a run trades: a tape and the models around it, as a frozen description, and its row for the engine."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from truefill.backtest.models.contracts import LinearContract
from truefill.backtest.models.exchanges import (
    ExchangeModel,
    FifoExchange,
    NoPartialFillExchange,
    PartialFillExchange,
    ProRataExchange,
    UserExchange,
    exchange_callback,
)
from truefill.backtest.models.fees import KINDS, FeeModel, TradingValueFees, UserFees, fee_callback
from truefill.backtest.models.latency import (
    ConstantLatency,
    LatencyModel,
    UserLatency,
    latency_callback,
)
from truefill.backtest.models.queue import QUEUES, LogProbQueue2, QueueModel, UserQueue, queue_callback
from truefill.backtest.models.risk import RiskModel, UserRisk, risk_callback
from truefill.backtest.records import (
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
    USER_MODEL,
)
from truefill.core.errors import ConfigError, shown
from truefill.core.gate import real, text, whole
from truefill.core.records import ORDER
from truefill.core.tape_records import STOP_CLEAR
from truefill.tape import Tape

_NO_TIME_YET = int(np.iinfo(np.int64).min)
_EXCHANGES = {
    FifoExchange: FIFO,
    ProRataExchange: PRO_RATA,
    NoPartialFillExchange: NO_PARTIAL_FILL,
    PartialFillExchange: PARTIAL_FILL,
}


@dataclass(frozen=True)
class Asset:
    """One instrument of a run.

    Parameters
    ----------
    tape : Tape
        The recorded market.
    latency : ConstantLatency or UserLatency
        How long orders travel.
    queue : RiskAverseQueue, LogProbQueue, LogProbQueue2, PowerProbQueue, PowerProbQueue2, ... or UserQueue
        Where an own order stands in the queue of its level (docs/queue-models.md).
    exchange : FifoExchange, ProRataExchange, NoPartialFillExchange, PartialFillExchange or UserExchange
        The fill rules.
    fees : TradingValueFees, TradingQtyFees, FlatPerTradeFees or UserFees
    contract : LinearContract
    fee_currency : str, optional
        Name of the currency that fees are paid in; "quote" when not given.
    tick_size : float, optional
        Only to be sure: a value that is not the tape's is refused.
    lot_size : float, optional
        Lot of orders, a multiple of the tape's (the smallest step of the data). By default the tape's.
    max_orders : int
        Room for orders that are not cleared away; `submit` answers TOO_MANY_ORDERS beyond.
    risk : RiskLimits or UserRisk, optional
        What is asked of each request before it leaves.
    """

    tape: Tape
    latency: LatencyModel = field(default_factory=ConstantLatency)
    queue: QueueModel = field(default_factory=LogProbQueue2)
    exchange: ExchangeModel = field(default_factory=FifoExchange)
    fees: FeeModel = field(default_factory=TradingValueFees)
    contract: LinearContract = field(default_factory=LinearContract)
    fee_currency: str | None = None
    tick_size: float | None = None
    lot_size: float | None = None
    max_orders: int = 65_536
    risk: RiskModel | None = None

    def __post_init__(self) -> None:
        for name, kinds in (
            ("tape", Tape),
            ("latency", LatencyModel),
            ("queue", QueueModel),
            ("exchange", ExchangeModel),
            ("fees", FeeModel),
            ("contract", LinearContract),
            ("risk", RiskModel | None),
        ):
            if not isinstance(getattr(self, name), kinds):
                wanted = getattr(kinds, "__name__", str(kinds))
                raise ConfigError(f"Asset.{name} of type {wanted}", shown(getattr(self, name)))
        header = self.tape.header
        where = f"Asset {header.symbol}"
        currency = self.fee_currency
        if currency is not None:
            text(currency, "a name, or None for the quote currency", ConfigError, "Asset.fee_currency")
        for name in ("tick_size", "lot_size"):
            if getattr(self, name) is not None:
                step = real(getattr(self, name), "a number, or None", ConfigError, f"Asset.{name}")
                object.__setattr__(self, name, step)
        if self.tick_size is not None and not math.isclose(self.tick_size, self.tape.tick_size, rel_tol=1e-9):
            wanted = f"the tape's tick size {header.tick_size} (build the tape again to change it)"
            raise ConfigError(wanted, self.tick_size, where)
        if self.lot_size is not None and not self._order_lots():
            wanted = f"a multiple of the tape's lot size {header.lot_size}"
            raise ConfigError(wanted, self.lot_size, where)
        room = whole(
            self.max_orders, "max_orders from 1 to 16777216", 1, 1 << 24, ConfigError, "Asset.max_orders"
        )
        object.__setattr__(self, "max_orders", room)

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
        """Currency of fees and money."""
        return self.fee_currency or "quote"

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
            "tape": header.content_hash,
            **models,
        }


def _describe(model: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"model": type(model).__name__}
    for name in getattr(model, "__dataclass_fields__", {}):
        value = getattr(model, name)
        values[name] = getattr(value, "__name__", str(value)) if callable(value) else value
    return values


def _base_rules(exchange: ExchangeModel) -> type:
    """The built-in model by which takers are filled."""
    if isinstance(exchange, UserExchange):
        return FifoExchange if exchange.uses_up else PartialFillExchange
    return type(exchange)


class Binding:
    """The arrays and callbacks that an asset's row points to; keeps them alive as long as the row is used."""

    def __init__(self, asset: Asset, number: int, run_address: int, currency: int) -> None:
        self.asset = asset
        self._keep: list[Any] = []
        tape = asset.tape
        tape.require_sound()
        levels = len(tape.section("level_tick"))
        self.orders = np.zeros(asset.max_orders, ORDER)
        self._metas = np.zeros(asset.max_orders, ORDER_META)
        lots_per_unit = 1.0 / tape.lot_size
        whole = round(lots_per_unit)
        self.values: dict[str, Any] = {
            "number": number,
            "run_addr": run_address,
            "tick_size": tape.tick_size,
            "lot_size": tape.lot_size,
            "order_lots": asset._order_lots(),
            "lots_per_unit": float(whole)
            if whole and math.isclose(whole, lots_per_unit, rel_tol=1e-12)
            else 0.0,
            "multiplier": asset.contract.multiplier,
            "fee_currency": currency,
            "exchange_model": _EXCHANGES[_base_rules(asset.exchange)],
            "levels": levels,
            "bid": -1,
            "ask": -1,
            "x_bid": -1,
            "x_ask": -1,
            "resting_free": -1,
            "requests_last_ts": _NO_TIME_YET,
            "responses_last_ts": _NO_TIME_YET,
            "feed_ts": _NO_TIME_YET,
            "l_group_ts": _NO_TIME_YET,
            "l_synced_ts": _NO_TIME_YET,
            "orders_room": asset.max_orders,
            "orders_addr": self._address(self.orders),
            "orders_meta_addr": self._address(self._metas),
            "l_book_addr": self._address(np.zeros(levels * 2, np.int64)),
            "x_book_addr": self._address(np.zeros(levels * 2, np.int64)),
            "x_own_addr": self._address(np.zeros(levels * 2, np.uint8)),
        }
        self._bind_tape(tape)
        self._bind_models(asset)
        self._bind_rules(asset)
        self._bind_risk(asset)

    def _address(self, array: np.ndarray) -> int:
        self._keep.append(array)
        return int(array.ctypes.data)

    def _bind_tape(self, tape: Tape) -> None:
        values = self.values
        for name in ("level_tick", "overflow", "trades"):
            values[f"{name}_addr"] = self._address(tape.section(name))
        values["overflow_len"] = len(tape.section("overflow"))
        values["trades_len"] = len(tape.section("trades"))
        columns = {"code": "code", "qty": "qty", "ts": "group_ts", "end": "group_end", "stops": "stops"}
        for letter, view in (("l", "local"), ("x", "exch")):
            for name, section in columns.items():
                values[f"{letter}_{name}_addr"] = self._address(tape.section(f"{view}.{section}"))
            values[f"{letter}_rows"] = len(tape.section(f"{view}.code"))
            values[f"{letter}_groups"] = len(tape.section(f"{view}.group_ts"))
            values[f"{letter}_stops"] = len(tape.section(f"{view}.stops"))
        values["l_exch_ts_addr"] = self._address(tape.section("local.group_exch_ts"))
        values["l_best_addr"] = self._address(tape.section("local.best"))
        values["l_bests"] = len(tape.section("local.best"))
        group_ts = tape.section("local.group_ts")
        values["l_last_ts"] = int(group_ts[-1]) if len(group_ts) else _NO_TIME_YET
        values["x_clears"] = int(np.count_nonzero(tape.section("exch.stops")["kind"] == STOP_CLEAR))

    def _bind_models(self, asset: Asset) -> None:
        values = self.values
        latency, queue, fees = asset.latency, asset.queue, asset.fees
        if isinstance(latency, UserLatency):
            values["latency_model"] = USER_MODEL
            self._bind_user("latency", latency_callback(latency), latency.params)
        else:
            values["latency_model"] = CONSTANT_LATENCY
            values["latency_entry"] = int(latency.entry_ns)
            values["latency_response"] = int(latency.response_ns)
        values["queue_model"] = QUEUES[type(queue)]
        if isinstance(queue, UserQueue):
            self._bind_user("queue", queue_callback(queue), queue.params)
        else:
            values["queue_n"] = float(getattr(queue, "n", 0.0))
        if isinstance(fees, UserFees):
            values["fee_model"] = USER_MODEL
            self._bind_user("fee", fee_callback(fees), fees.params)
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

    def _bind_user(self, name: str, call: Any, params: Any) -> None:
        array = np.ascontiguousarray(params, np.float64)
        self._keep.append(call)
        self.values[f"{name}_call"] = call.address
        self.values[f"{name}_params_addr"] = self._address(array)
        self.values[f"{name}_params_len"] = len(array)
