"""A tape with fewer rows: of each level what was last in an interval."""

import os
from collections.abc import Iterator

import numpy as np

from truefill.core.errors import TapeError
from truefill.core.events import (
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EVENT,
    GAP_BEGIN,
    GAP_END,
    KIND_MASK,
    SELL,
    TRADING_STATUS,
)
from truefill.tape.builder import TapeBuilder
from truefill.tape.stream import local_pieces
from truefill.tape.tape import Tape

# What ends an interval early, because it says something about the whole book.
_MARKS = (DEPTH_CLEAR, DEPTH_SNAPSHOT, GAP_BEGIN, GAP_END, TRADING_STATUS)


def resample(tape: Tape, every_ns: int, path: str | os.PathLike[str] | None = None) -> Tape:
    """Keep of each level only its last quantity in each interval of local time.

    The local book changes at the ends of intervals, and is then what it was; nothing is known early. Trades
    and other rows stay as they are. Lost are the states in between: best prices that came and went within an
    interval, at the exchange too, where the rows that are left keep their times; rows that never arrived; and
    of single orders their places in the queues.

    Parameters
    ----------
    tape : Tape
    every_ns : int
        Length of an interval, ns; they begin at multiples of it.
    path : path, optional
        The file to write; else the tape is in memory.

    Raises
    ------
    TapeError
        Nothing arrived, or the file cannot be written.
    """
    if isinstance(every_ns, bool) or not isinstance(every_ns, int) or not 0 < every_ns < 1 << 62:
        raise TapeError("an interval of 1 ns or more", every_ns, "resample")
    if not len(tape.section("local.group_ts")):
        raise TapeError("a tape with local rows", "none", tape.path or tape.symbol)
    header = tape.header
    with TapeBuilder(
        path,
        symbol=header.symbol,
        venue=header.venue,
        tick_size=header.tick_size,
        lot_size=header.lot_size,
        source=header.source,
    ) as builder:
        builder.notes += [*header.notes, f"resampled: levels every {every_ns} ns of local time"]
        for rows in thinned(local_pieces(tape), every_ns):
            builder.append(rows)
        return builder.finish()


def thinned(pieces: Iterator[np.ndarray], every_ns: int) -> Iterator[np.ndarray]:
    """Rows in local order, the depth of each interval put together; memory for a piece and an interval.

    Parameters
    ----------
    pieces : iterator of EVENT[]
    every_ns : int
    """
    waiting: np.ndarray = np.zeros(0, EVENT)
    for piece in pieces:
        rows: np.ndarray = np.concatenate([waiting, piece])  # the interval that was open goes on
        interval = rows["local_ts"] // every_ns
        last = int(np.searchsorted(interval, interval[-1]))
        waiting = rows[last:]
        if last:
            yield _thin(rows[:last], every_ns)
    if len(waiting):
        yield _thin(waiting, every_ns)


def _thin(rows: np.ndarray, every_ns: int) -> np.ndarray:
    kind = rows["ev"] & np.uint64(KIND_MASK)
    interval = rows["local_ts"] // every_ns
    mark = np.isin(kind, _MARKS)
    # a segment is what lies between two marks, or ends of intervals; a mark is one of its own
    new = mark.copy()
    new[1:] |= mark[:-1] | (np.diff(interval) != 0)
    segment = np.cumsum(new)
    depth = np.flatnonzero(kind == DEPTH)
    side = rows["ev"][depth] & np.uint64(SELL)
    order = np.lexsort((depth, rows["px"][depth], side, segment[depth]))
    last = np.ones(len(order), bool)
    same = (
        (np.diff(segment[depth][order]) == 0)
        & (side[order][1:] == side[order][:-1])
        & (np.diff(rows["px"][depth][order]) == 0)
    )
    last[:-1] = ~same
    kept = np.sort(depth[order[last]])
    at = np.sort(np.concatenate([kept, np.flatnonzero(kind != DEPTH)]))
    out = rows[at]
    is_depth = kind[at] == DEPTH
    # when the segment ends: at the mark behind it, or with the interval
    ends = (interval + 1) * every_ns
    marks = np.flatnonzero(mark)
    behind = np.searchsorted(marks, at)
    cut = behind < len(marks)
    cut[cut] = segment[marks[behind[cut]]] == segment[at[cut]] + 1
    cut &= ~mark[at]
    inside = np.flatnonzero(cut)
    close = ends[at]
    close[inside] = np.minimum(close[inside], rows["local_ts"][marks[behind[inside]]])
    out["local_ts"][is_depth] = close[is_depth]
    # behind trades of its segment; levels that go before those that come, so that none crosses another
    comes = is_depth & (out["qty"] > 0)
    return np.asarray(out[np.lexsort((at, comes, is_depth, segment[at]))])
