"""A quoting rule over best prices and trades, without the simulator: what the Extended pipeline documents.

One quote a side, replaced on its own clock, filled when the market crosses it before the next book. A
market order fills no more than it traded, only one of the other side does, and what is filled is gone; but
there is no queue, and nobody else at the price. `truefill.backtest.run` with a strategy has those: take this
to compare with the pipeline, and to see how much an answer hangs on the fill rule.

Fill rules, to be named wherever a number depends on them:

* ``"mean"``: the mean of the own quote and the farthest price of the crossing between two books. It is the
  documented rule, called conservative there; a maker gets a better price than its own by it.
* ``"own"``: the own quote, which is what an exchange does.

A crossing is a trade at the quote or farther (``"touch"``), or only farther (``"through"``).
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from truefill.backtest import quote_replay_kernel as k
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import NO_BID_TICK, NO_TIME
from truefill.core.records import BUY_SIDE, FILL, GTC, GTX, LIMIT, ORDER_LOG, RECORD, SELL_SIDE
from truefill.core.run_data import AssetRun, Floats, Ints, Records
from truefill.quoting import ReturnQuoting
from truefill.quoting.parameters import finite, not_negative, positive

NS = 1_000_000_000
MODELS = {"as": k.AVELLANEDA_STOIKOV, "glft": k.LINEAR}
FILL_RULES = {"mean": k.MEAN, "own": k.OWN_QUOTE}
CONVENTIONS = {"touch": k.TOUCH, "through": k.THROUGH}
_FARTHEST = 2**40  # ticks, lots: products of two stay in 64 bits with room for sums


class ReplayNumbers(NamedTuple):
    """`ReplaySettings` as the kernel takes them."""

    tick_size: float
    lot_size: float
    unit: float
    order_lots: int
    notional: float
    max_lots: int
    capital: float
    leverage: float
    maker_fee: float
    taker_fee: float
    cooldown_ns: int
    validity_ns: int
    requote_ns: int
    latency_ns: int
    price_rule: int
    convention: int
    model: int
    post_only: bool
    close: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySettings:
    """How the quotes are traded.

    Parameters
    ----------
    quoting : ReturnQuoting
        Where to quote; of ``model="glft"`` only its bounds of the spread and its limit are looked at.
    model : {"as", "glft"}
    fill_rule : {"mean", "own"}
    convention : {"touch", "through"}
    capital : float
        Own money at the beginning, quote currency.
    leverage : float
        Positions of either side are worth at most so much of the equity: a short as much as a long.
    notional : float, optional
        Money of each quote; or `order_qty`, its quantity.
    order_qty : float, optional
    maker_fee, taker_fee : float
        Share of the value; negative: a rebate.
    cooldown : float
        After a fill, no quote on its side for so long, s.
    validity : float
        A quote ends so long after it was last decided on, s.
    requote : float or None
        At most so often a new decision, s (0: on each book); and after each fill. None: only at a
        calibration, as the pipeline does.
    latency : float
        From a decision to the exchange, s.
    post_only : bool
        False: a quote that meets the other side takes there, at the taker's fee.
    close : bool
        Close the position at the end: across the spread, as a taker.
    """

    quoting: ReturnQuoting
    model: str = "as"
    fill_rule: str = "mean"
    convention: str = "touch"
    capital: float = 1000.0
    leverage: float = 1.0
    notional: float | None = 20.0
    order_qty: float | None = None
    maker_fee: float = 1.5e-4
    taker_fee: float = 4.5e-4
    cooldown: float = 60.0
    validity: float = 60.0
    requote: float | None = 1.0
    latency: float = 0.0
    post_only: bool = True
    close: bool = True

    def __post_init__(self) -> None:
        for name, known in (("model", MODELS), ("fill_rule", FILL_RULES), ("convention", CONVENTIONS)):
            if getattr(self, name) not in known:
                raise ConfigError(
                    "one of " + ", ".join(known), repr(getattr(self, name)), f"ReplaySettings.{name}"
                )
        for name in ("capital", "leverage", "validity"):
            positive(getattr(self, name), f"ReplaySettings.{name}")
        for name in ("cooldown", "latency"):
            not_negative(getattr(self, name), f"ReplaySettings.{name}")
        for name in ("maker_fee", "taker_fee"):
            finite(getattr(self, name), f"ReplaySettings.{name}")
        if self.requote is not None:
            not_negative(self.requote, "ReplaySettings.requote")
        if (self.notional is None) == (self.order_qty is None):
            got = "neither" if self.notional is None else "both"
            raise ConfigError("notional or order_qty", got, "ReplaySettings")
        positive(self.notional if self.order_qty is None else self.order_qty, "ReplaySettings.notional")

    def numbers(self, lot_size: float) -> ReplayNumbers:
        """Check against the market's lot, and count in lots and nanoseconds."""
        lot = positive(lot_size, "lot_size")
        order_lots = 0 if self.order_qty is None else math.floor(self.order_qty / lot + 1e-9)
        max_lots = math.floor(self.quoting.max_inventory / lot + 1e-9)
        if self.order_qty is not None and order_lots == 0:
            raise ConfigError(f"an order_qty of at least a lot, {lot:g}", f"{self.order_qty:g}", "order_qty")
        if max_lots == 0:
            got = f"{self.quoting.max_inventory:g}"
            raise ConfigError(f"a max_inventory of at least a lot, {lot:g}", got, "max_inventory")
        return ReplayNumbers(
            tick_size=self.quoting.tick_size,
            lot_size=lot,
            unit=0.5 * self.quoting.tick_size * lot,
            order_lots=order_lots,
            notional=0.0 if self.notional is None else float(self.notional),
            max_lots=min(max_lots, _FARTHEST),
            capital=float(self.capital),
            leverage=float(self.leverage),
            maker_fee=float(self.maker_fee),
            taker_fee=float(self.taker_fee),
            cooldown_ns=round(self.cooldown * NS),
            validity_ns=round(self.validity * NS),
            requote_ns=-1 if self.requote is None else round(self.requote * NS),
            latency_ns=round(self.latency * NS),
            price_rule=FILL_RULES[self.fill_rule],
            convention=CONVENTIONS[self.convention],
            model=MODELS[self.model],
            post_only=bool(self.post_only),
            close=bool(self.close),
        )


class Books(NamedTuple):
    """Best prices over time: int64 columns of one length. Each row is a book, changed or not.

    Ticks of the settings' tick size; NO_BID_TICK (both sides): no usable book from then on. No quotes on a
    row before its `allowed_from`, ns.
    """

    ts: Ints
    bid: Ints
    ask: Ints
    allowed_from: Ints


class Executions(NamedTuple):
    """Trades: int64 times and takers' sides, float64 ticks (need not be whole), int64 lots."""

    ts: Ints
    side: Ints
    tick: Floats
    lots: Ints


class CalibrationRows(NamedTuple):
    """What is known from each time on; rows that are not `usable` mean: no quotes.

    `values` is float64[K, 7]: σ in returns / sqrt(s), κ of bid and ask in 1 / return; and for the linear
    quotes depths of bid and ask without inventory, skew per quantity and shift, all ticks.
    """

    ts: Ints
    usable: np.ndarray
    values: Floats


@dataclass(frozen=True, eq=False)
class Replay:
    """What came of it.

    Attributes
    ----------
    fills, orders : FILL[F], ORDER_LOG[O]
    extremes : float64[F]
        The farthest price of each fill's crossing.
    samples : dict of str to float64[K]
        The state at each calibration: time, mid, inventory, cash, fees, quotes, fills so far, γ, spread.
    counters : dict of str to int
        Decisions and what held them back; times with quotes, ns.
    position : float
        At the end, quantity.
    cash : float
        Money received less paid, fees included, and the capital.
    """

    fills: Records
    orders: Records
    extremes: Floats
    samples: dict[str, Floats]
    counters: dict[str, int]
    position: float
    cash: float
    numbers: ReplayNumbers

    def asset_run(self, books: Books, symbol: str, currency: str) -> AssetRun:
        """The same for the analysis."""
        tick = self.numbers.tick_size
        changed = np.ones(len(books.ts), bool)
        changed[1:] = (np.diff(books.bid) != 0) | (np.diff(books.ask) != 0)
        changed[-1:] = True
        known = books.bid[changed] != NO_BID_TICK
        bid, ask = (np.where(known, side[changed] * tick, np.nan) for side in (books.bid, books.ask))
        return AssetRun(
            symbol=symbol,
            tick_size=tick,
            lot_size=self.numbers.lot_size,
            multiplier=1.0,
            fee_currency=currency,
            price_ts=books.ts[changed].copy(),
            bid=bid,
            ask=ask,
            fills=self.fills,
            orders=self.orders,
            records=np.empty(0, RECORD),
            price_interval_ns=0,
        )


_COUNTERS = (
    "decisions",
    "held_back",
    "at_min_spread",
    "at_max_spread",
    "calibration_unusable",
    "no_room",
    "watched_ns",
    "bid_quoted_ns",
    "ask_quoted_ns",
)
_SAMPLES = (
    "timestamp",
    "mid",
    "inventory",
    "cash",
    "fees",
    "bid",
    "ask",
    "bid_fills",
    "ask_fills",
    "gamma",
    "spread",
)


def quote_replay(
    books: Books,
    executions: Executions,
    calibrations: CalibrationRows,
    settings: ReplaySettings,
    lot_size: float,
) -> Replay:
    """Trade the quotes over a recording.

    Parameters
    ----------
    books : Books
    executions : Executions
        In order of time, like the books.
    calibrations : CalibrationRows
        Each is used from the first book at or after its time on; nothing after a time may have gone into it.
    settings : ReplaySettings
    lot_size : float
        Step of quantities.

    Returns
    -------
    Replay

    Raises
    ------
    ConfigError, DataError
        Settings that the market's lot contradicts; columns of other lengths, times that go back, books that
        are crossed, prices or quantities beyond 2**40 steps.
    """
    numbers = settings.numbers(lot_size)
    ts, bid, ask, allowed = (np.ascontiguousarray(c, np.int64) for c in books)
    t_ts, t_side, t_lots = (np.ascontiguousarray(executions[i], np.int64) for i in (0, 1, 3))
    t_tick = np.ascontiguousarray(executions.tick, np.float64)
    c_ts, usable = np.ascontiguousarray(calibrations.ts, np.int64), np.asarray(calibrations.usable, np.bool_)
    values = np.ascontiguousarray(calibrations.values, np.float64)
    if not (len(ts) == len(bid) == len(ask) == len(allowed) and len(t_ts) == len(t_side) == len(t_lots)):
        raise DataError("columns of one length", "others", "quote_replay")
    if (
        len(t_tick) != len(t_ts)
        or len(usable) != len(c_ts)
        or values.shape
        != (
            len(c_ts),
            k.CALIBRATION_COLUMNS,
        )
    ):
        raise DataError("columns of one length", "others", "quote_replay")
    for name, times in (("books", ts), ("executions", t_ts), ("calibrations", c_ts)):
        if (np.diff(times) < 0).any():
            raise DataError("times that do not decrease", "a step back", f"quote_replay: {name}")
    known = bid != NO_BID_TICK
    if (bid[known] >= ask[known]).any():
        raise DataError("bids under asks", "a crossed book", "quote_replay: books")
    if not np.isin(t_side, (BUY_SIDE, SELL_SIDE)).all():
        raise DataError(f"sides {BUY_SIDE} and {SELL_SIDE}", "others", "quote_replay: executions")
    for name, column in (("bid", bid[known]), ("ask", ask[known]), ("lots", t_lots), ("tick", t_tick)):
        if len(column) and not (np.abs(column) < _FARTHEST).all():
            raise DataError(
                "prices and quantities under 2**40 steps", "farther ones", f"quote_replay: {name}"
            )
    if not np.isfinite(values[usable]).all():
        raise DataError("usable calibrations that are numbers", "NaN or infinity", "quote_replay")
    fills, orders, samples, counters, account, fees = k.replay_quotes(
        ts, bid, ask, allowed, t_ts, t_side, t_tick, t_lots, c_ts, usable, values, settings.quoting, numbers
    )
    columns = {name: samples[:, i].copy() for i, name in enumerate(_SAMPLES)}
    columns["inventory"] *= numbers.lot_size
    columns["cash"] = numbers.capital + columns["cash"] * numbers.unit - columns["fees"]
    for name in ("mid", "bid", "ask"):
        columns[name] *= numbers.tick_size
    return Replay(
        fills=_fill_records(fills, orders, numbers),
        orders=_order_records(orders, numbers),
        extremes=fills[:, k.F_EXTREME] * numbers.tick_size,
        samples=columns,
        counters=dict(zip(_COUNTERS, counters.tolist(), strict=True)),
        position=float(account[k.POSITION] * numbers.lot_size),
        cash=float(numbers.capital + account[k.CASH] * numbers.unit - fees),
        numbers=numbers,
    )


def _fill_records(rows: Ints, orders: Ints, numbers: ReplayNumbers) -> Records:
    out = np.zeros(len(rows), FILL)
    out["trade_id"] = np.arange(1, len(rows) + 1)
    out["order_id"] = rows[:, k.F_ORDER]
    out["exch_ts"] = out["local_ts"] = rows[:, k.F_TS]
    entered = np.append(orders[:, k.O_FROM], 0)[rows[:, k.F_ORDER] - 1] if len(rows) else 0
    out["entry_ts"] = np.where(rows[:, k.F_ORDER] > 0, entered, rows[:, k.F_TS])
    price = rows[:, k.F_PRICE2] * (0.5 * numbers.tick_size)
    out["price_tick"] = rows[:, k.F_PRICE2] // 2
    out["price"] = price
    out["qty_lots"] = rows[:, k.F_LOTS]
    out["qty"] = rows[:, k.F_LOTS] * numbers.lot_size
    rate = np.where(rows[:, k.F_MAKER] == 1, numbers.maker_fee, numbers.taker_fee)
    out["fee"] = rate * np.abs(price) * out["qty"]
    out["bid"] = rows[:, k.F_BID] * numbers.tick_size
    out["ask"] = rows[:, k.F_ASK] * numbers.tick_size
    out["side"] = rows[:, k.F_SIDE]
    out["maker"] = rows[:, k.F_MAKER]
    return out


def _order_records(rows: Ints, numbers: ReplayNumbers) -> Records:
    out = np.zeros(len(rows), ORDER_LOG)
    out["order_id"] = np.arange(1, len(rows) + 1)
    out["side"] = rows[:, k.O_SIDE]
    out["order_type"] = LIMIT
    out["time_in_force"] = GTX if numbers.post_only else GTC
    out["status"] = rows[:, k.O_STATUS]
    out["price_tick"] = rows[:, k.O_TICK]
    out["price"] = rows[:, k.O_TICK] * numbers.tick_size
    out["qty"] = rows[:, k.O_LOTS] * numbers.lot_size
    out["filled_qty"] = rows[:, k.O_FILLED] * numbers.lot_size
    out["submit_ts"] = rows[:, k.O_SUBMIT]
    out["ack_ts"] = rows[:, k.O_FROM]
    out["end_ts"] = np.where(rows[:, k.O_END] == NO_TIME, 0, rows[:, k.O_END])
    return out


def plain_settings(settings: ReplaySettings) -> dict[str, Any]:
    """Settings as plain values, for the run's own record of how it was made."""
    names = [name for name in ReplaySettings.__dataclass_fields__ if name != "quoting"]
    return {name: getattr(settings, name) for name in names} | {"quoting": settings.quoting._asdict()}
