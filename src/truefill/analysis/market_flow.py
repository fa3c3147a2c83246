"""What a tape says to a calibration: best prices over time and executions, in plain columns.

In the local order: what was known when. Where no book can be trusted (gaps, an empty side, a bid at the ask)
the best prices are NaN, and no time counts there. Knows nothing of how things are fitted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError
from truefill.core.events import BUY, NO_TIME, SELL
from truefill.core.records import BUY_SIDE, SELL_SIDE
from truefill.tape import Tape
from truefill.tape.best_levels import best_levels

_PAUSE_NS = 10_000_000

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MarketFlow:
    """Best prices and executions of a recording. Times are local, UTC ns.

    Attributes
    ----------
    symbol : str
    tick_size : float
        Price.
    start, end : int
        First row, and 1 ns after the last one.
    book_times : ndarray
        int64[n]: when a best price has changed.
    bid_ticks, ask_ticks : ndarray
        float64[n]: best prices from then on; NaN while there is no usable book.
    trade_times, trade_sides : ndarray
        int64[m]: executions, and the taker's side, `BUY_SIDE` or `SELL_SIDE`.
    trade_ticks, trade_sizes : ndarray
        float64[m]: price in ticks (which need not be whole), quantity.
    trade_orders : ndarray
        int64[m]: number of the market order that each was a part of.
    gaps : ndarray
        int64[g, 2]: begin and end, apart from each other.
    sideless : int
        Trades whose taker nobody knows; they are not in the columns.
    """

    symbol: str
    tick_size: float
    start: int
    end: int
    book_times: Ints
    bid_ticks: Floats
    ask_ticks: Floats
    trade_times: Ints
    trade_sides: Ints
    trade_ticks: Floats
    trade_sizes: Floats
    trade_orders: Ints
    gaps: Ints
    sideless: int

    @property
    def mids(self) -> Floats:
        """float64[n]: middle of the best prices, ticks."""
        return 0.5 * (self.bid_ticks + self.ask_ticks)

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return (self.end - self.start) / 1e9

    @property
    def covered(self) -> float:
        """Seconds with a usable book."""
        known = ~np.isnan(self.bid_ticks)
        return float(np.diff(np.append(self.book_times, self.end))[known].sum()) / 1e9

    @property
    def mean_mid(self) -> float:
        """Mean price over the time with a book; NaN without any."""
        seconds = np.diff(np.append(self.book_times, self.end)) * ~np.isnan(self.bid_ticks)
        if not seconds.sum() > 0:
            return float("nan")
        return float(seconds @ np.nan_to_num(self.mids)) / float(seconds.sum()) * self.tick_size


def market_flow(tape: Tape) -> MarketFlow:
    """Read best prices and executions from a tape.

    Parameters
    ----------
    tape : Tape

    Returns
    -------
    MarketFlow

    Raises
    ------
    DataError
        Nothing ever arrived.
    """
    tape.require_sound()
    times = tape.section("local.group_ts")
    trades = tape.trades
    ends = [int(x) for x in (*times[[0, -1]],) if len(times)] if len(times) else []
    ends += [int(x) for x in trades["local_ts"][[0, -1]]] if len(trades) else []
    if not ends:
        raise DataError("a tape with books and trades", "no row", tape.path or tape.symbol)
    start, end = min(ends), max(ends) + 1
    gaps = _gaps(tape, end)
    book_times, best = _hidden_in_gaps(*_best(tape), gaps)
    sides = np.where(trades["ev"] & np.uint64(BUY), BUY_SIDE, 0)
    sides = np.where(trades["ev"] & np.uint64(SELL), SELL_SIDE, sides).astype(np.int64)
    known = np.flatnonzero(sides)
    some = trades[known]
    return MarketFlow(
        tape.symbol,
        tape.tick_size,
        start,
        end,
        book_times,
        best[:, 0],
        best[:, 1],
        some["local_ts"].astype(np.int64),
        sides[known],
        # a price is so many ticks to a millionth: 58710.2 / 0.1 is not whole in floats
        np.round(some["px"] / tape.tick_size, 6),
        some["qty"].astype(np.float64),
        _orders(some, sides[known]),
        gaps,
        len(trades) - len(known),
    )


def _orders(trades: np.ndarray, sides: Ints) -> Ints:
    """Number the market orders: executions in a row of one side and one time at the exchange.

    A sweep arrives as many messages, a few microseconds apart. Where the exchange's clock is coarse, a pause
    in the arrivals tells one order from the next.
    """
    apart = np.diff(trades["exch_ts"]) != 0
    apart |= np.diff(sides) != 0
    apart |= np.diff(trades["local_ts"]) > _PAUSE_NS
    return np.concatenate([np.zeros(min(1, len(trades)), np.int64), np.cumsum(apart)])


def _best(tape: Tape) -> tuple[Ints, Floats]:
    """When best prices changed, and what they are from then on; NaN: a side is empty, or both are equal."""
    when, prices = [np.zeros(0, np.int64)], [np.zeros((0, 2))]
    last = np.full(2, np.nan)
    for levels in best_levels(tape, "local", 1):
        tick = levels.tick[:, :, 0].astype(np.float64)
        unusable = (levels.lots[:, :, 0] == 0).any(axis=1) | (tick[:, 0] >= tick[:, 1])
        tick[unusable] = np.nan
        before = np.vstack([last, tick[:-1]]) if len(tick) else tick
        changed = ~((tick == before) | (np.isnan(tick) & np.isnan(before))).all(axis=1)
        when.append(levels.ts[changed])
        prices.append(tick[changed])
        last = tick[-1] if len(tick) else last
    return np.concatenate(when), np.vstack(prices)


def _gaps(tape: Tape, end: int) -> Ints:
    """Gaps in local time that end at `end` at the latest; those that touch are one."""
    out: list[list[int]] = []
    for gap in tape.gaps:
        begin, until = (min(int(gap[name]), end) for name in ("begin_local", "end_local"))
        until = end if int(gap["end_local"]) == NO_TIME else until
        if out and begin <= out[-1][1]:
            out[-1][1] = max(out[-1][1], until)
        elif begin < until:
            out.append([begin, until])
    return np.array(out, np.int64).reshape(-1, 2)


def _hidden_in_gaps(times: Ints, best: Floats, gaps: Ints) -> tuple[Ints, Floats]:
    """The same without what is told inside of gaps; at a gap's end what holds then begins."""
    if not len(gaps):
        return times, best
    begin, end = gaps[:, 0], gaps[:, 1]
    gap = np.searchsorted(begin, times, side="right") - 1
    kept = (gap < 0) | (times >= end[gap])
    known = np.vstack([np.full(2, np.nan), best])
    then = known[np.searchsorted(times, end, side="right")]
    when = np.concatenate([begin, end, times[kept]])
    order = np.argsort(when, kind="stable")
    return when[order], np.vstack([np.full((len(gaps), 2), np.nan), then, best[kept]])[order]
