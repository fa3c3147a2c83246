"""A tape in a fixed number of numbers: prices, spread, depth and message rate over local time.

The time of the tape is cut into equal buckets, and of each bucket the lowest, the highest and the last value
are kept, in one pass. What is known only inside a gap is not known. Knows nothing of how it is drawn.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import TapeError
from truefill.core.gate import whole
from truefill.core.tape_records import STOP_TRADE
from truefill.tape.best_levels import best_levels
from truefill.tape.events import KIND_OF_STOP, step_floats
from truefill.tape.stream import first_from
from truefill.tape.tape import Tape

BUCKETS = 1_200  # about a pixel each on a wide page
LEVELS = 10  # of a side whose quantity is summed up
_VALUES = 7  # of a book: best prices, spread, their quantities, and those of the best levels
_TRADES = 1 << 16  # trades that are looked at at a time

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Range(NamedTuple):
    """What a value was in each bucket, float64[n]; NaN where there was none."""

    low: Floats
    high: Floats
    last: Floats  # at the end of the bucket


class TapePicture(NamedTuple):
    """A tape over local time, in n buckets."""

    edges: Ints  # int64[n + 1], ns; the last one is 1 ns behind the last row; empty: nothing arrived
    bid: Range  # best prices
    ask: Range
    spread: Range  # ticks
    bid_qty: Range  # at the best price
    ask_qty: Range
    bid_depth: Range  # at the best `LEVELS` prices together
    ask_depth: Range
    trade: Range  # prices of trades, in gaps too
    events: Ints  # int64[n], rows that arrived: depth, trades, marks, others
    trades: Ints  # int64[n]
    gaps: Ints  # int64[m, 2], begin and end in local time, ns, apart from each other, within the edges

    @property
    def seconds(self) -> Floats:
        """Length of each bucket, s."""
        return np.asarray(np.diff(self.edges) / 1e9)


def tape_picture_data(tape: Tape, buckets: int = BUCKETS) -> TapePicture:
    """Go through the local view of a tape once and keep of it what a picture shows.

    Parameters
    ----------
    tape : Tape
    buckets : int
        How many; fewer for a tape of fewer nanoseconds.

    Returns
    -------
    TapePicture
        Its lowest and highest values are those that were in force at any time of a bucket, after whole
        local times: what changes twice within one time is seen once. In a gap no book is in force.
    """
    buckets = whole(buckets, "1 to 1,000,000 buckets", 1, 1_000_000, TapeError, "buckets")
    tape.require_sound()
    times = tape.section("local.group_ts")
    edges = _edges(times, buckets)
    gaps = _gaps(tape, edges)
    book = _book_ranges(tape, edges, gaps)
    tick, lot = tape.header.tick_size, tape.header.lot_size
    bid, ask, spread, bid_qty, ask_qty, bid_depth, ask_depth = (
        Range(*(step_floats(part[:, k], step) for part in book))
        for k, step in enumerate((tick, tick, "1", lot, lot, lot, lot))
    )
    trade = _trade_range(tape, edges)
    book_parts = (bid, ask, spread, bid_qty, ask_qty, bid_depth, ask_depth)
    return TapePicture(edges, *book_parts, trade, *_counts(tape, edges), gaps)


def _edges(times: np.ndarray, buckets: int) -> Ints:
    if not len(times):
        return np.zeros(0, np.int64)
    first = int(times[0])
    length = int(times[-1]) - first + 1
    count = min(buckets, length)
    # Python's integers: the product is too large for 64 bits
    return np.array([first + length * k // count for k in range(count + 1)], np.int64)


def _gaps(tape: Tape, edges: Ints) -> Ints:
    """Gaps in local time, within the edges; those that touch are one."""
    out: list[list[int]] = []
    for gap in tape.gaps if len(edges) else ():
        begin, end = (min(int(gap[name]), int(edges[-1])) for name in ("begin_local", "end_local"))
        if out and begin <= out[-1][1]:
            out[-1][1] = max(out[-1][1], end)
        else:
            out.append([begin, end])
    return np.array(out, np.int64).reshape(-1, 2)


def _book_ranges(tape: Tape, edges: Ints, gaps: Ints) -> tuple[Floats, Floats, Floats]:
    """Lowest, highest and last of the values of `_best` in each bucket."""
    found = _Ranges(edges, _VALUES)
    for ts, values in _outside_gaps(_best(tape), gaps):
        found.see(ts, values)
    found.carry()
    return found.low, found.high, found.last


def _best(tape: Tape) -> Iterator[tuple[Ints, Floats]]:
    """Times at which the best of the book has changed, and what holds from then on.

    Bid, ask and spread in ticks, quantity of the bid and of the ask in lots, and of the best levels together;
    NaN where there is none.
    """
    for levels in best_levels(tape, "local", LEVELS):
        tick, lots = (part[:, :, 0].astype(np.float64) for part in (levels.tick, levels.lots))
        depth = levels.lots.sum(axis=2).astype(np.float64)
        empty = lots == 0
        tick[empty] = lots[empty] = depth[empty] = np.nan
        yield levels.ts, np.column_stack([tick, tick[:, 1] - tick[:, 0], lots, depth])


def _outside_gaps(changes: Iterator[tuple[Ints, Floats]], gaps: Ints) -> Iterator[tuple[Ints, Floats]]:
    """Changes outside of gaps; nothing is known from a gap's begin, at its end the values of then are."""
    begin, end = gaps[:, 0], gaps[:, 1]
    unknown = np.full(_VALUES, np.nan)
    state, begun, ended = unknown, 0, 0
    for ts, values in changes:
        if not len(ts):
            continue
        # what is in force at an end is certain as soon as a later change has come
        begins = slice(begun, int(np.searchsorted(begin, ts[-1], side="right")))
        ends = slice(ended, int(np.searchsorted(end, ts[-1])))
        known = np.vstack([state, values])
        then = known[np.searchsorted(ts, end[ends], side="right")]
        gap = np.searchsorted(begin, ts, side="right") - 1
        kept = (gap < 0) | (ts >= np.append(end, 0)[gap])
        yield _merged(
            (begin[begins], np.tile(unknown, (begins.stop - begins.start, 1))),
            (ts[kept], values[kept]),
            (end[ends], then),
        )
        state, begun, ended = values[-1], begins.stop, ends.stop
    yield _merged(
        (begin[begun:], np.tile(unknown, (len(begin) - begun, 1))),
        (end[ended:], np.tile(state, (len(end) - ended, 1))),
    )


def _merged(*parts: tuple[Ints, Floats]) -> tuple[Ints, Floats]:
    """Rows in order of time; of one time, those of an earlier part first."""
    ts = np.concatenate([part[0] for part in parts])
    order = np.argsort(ts, kind="stable")
    return ts[order], np.concatenate([part[1] for part in parts])[order]


def _trade_range(tape: Tape, edges: Ints) -> Range:
    found = _Ranges(edges, 1)
    trades = tape.trades
    for start in range(0, len(trades), _TRADES):
        some = trades[start : start + _TRADES]
        found.see(some["local_ts"], some["px"][:, None])
    return Range(*(part[:, 0] for part in (found.low, found.high, found.last)))


def _counts(tape: Tape, edges: Ints) -> tuple[Ints, Ints]:
    """Rows and trades that arrived in each bucket: differences of places, nothing is gone through."""
    if not len(edges):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    groups = np.searchsorted(tape.section("local.group_ts"), edges)
    depth = np.append(np.int64(0), tape.section("local.group_end"))[groups].astype(np.int64)
    trades = np.searchsorted(tape.trades["local_ts"], edges)
    custom = np.array([first_from(tape.stored("custom")["group"], int(group)) for group in groups])
    stops = tape.section("local.stops")
    kinds = [kind for kind in KIND_OF_STOP if kind != STOP_TRADE]
    marks = np.searchsorted(stops["ts"][np.isin(stops["kind"], kinds)], edges)
    return np.diff(depth + trades + custom + marks), np.diff(trades)


class _Ranges:
    """Lowest, highest and last of some values in each bucket, from rows in order of time."""

    def __init__(self, edges: Ints, values: int) -> None:
        size = max(0, len(edges) - 1)
        self.low, self.high, self.last = (np.full((size, values), np.nan) for _ in range(3))
        self._edges = edges
        self._first = np.full(size, np.iinfo(np.int64).max)  # earliest row of each bucket

    def see(self, ts: Ints, values: Floats) -> None:
        """Take the next rows; NaN: from here on there is no value."""
        if len(ts) and ts[-1] >= self._edges[-1]:  # the end of a gap that lasts to the end
            inside = ts < self._edges[-1]
            ts, values = ts[inside], values[inside]
        if not len(ts):
            return
        bucket = np.searchsorted(self._edges, ts, side="right") - 1
        starts = np.flatnonzero(np.diff(bucket, prepend=-1))
        at = bucket[starts]
        self._first[at] = np.minimum(self._first[at], ts[starts])
        self.low[at] = np.fmin(self.low[at], np.fmin.reduceat(values, starts))
        self.high[at] = np.fmax(self.high[at], np.fmax.reduceat(values, starts))
        self.last[at] = values[np.append(starts[1:], len(ts)) - 1]

    def carry(self) -> None:
        """Let each bucket begin with what the one before ended with."""
        nothing = np.iinfo(np.int64).max
        for k in range(1, len(self.low)):
            if self._first[k] > self._edges[k]:
                self.low[k] = np.fmin(self.low[k], self.last[k - 1])
                self.high[k] = np.fmax(self.high[k], self.last[k - 1])
            if self._first[k] == nothing:
                self.last[k] = self.last[k - 1]
