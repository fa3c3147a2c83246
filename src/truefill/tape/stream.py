"""The local view of a tape as rows that arrive, piece by piece: what a checker or a chart goes through."""

from collections.abc import Iterator

import numpy as np

from truefill.core.events import (
    BUY,
    DEPTH,
    DEPTH_SNAPSHOT,
    EVENT,
    EXCH,
    LOCAL,
    NO_BID_TICK,
    SELL,
)
from truefill.core.tape_records import STOP_CLEAR, STOP_SNAPSHOT, STOP_STATUS
from truefill.tape.events import KIND_OF_STOP, step_floats
from truefill.tape.tape import Tape

_BOTH = np.uint64(EXCH | LOCAL)


def local_pieces(
    tape: Tape, size: int = 1 << 14, groups: tuple[int, int] | None = None
) -> Iterator[np.ndarray]:
    """Rows in local order, all of one time in one piece; memory for one piece.

    Within one time: depth, clears and marks in their order, then trades, then rows of other kinds.

    Parameters
    ----------
    tape : Tape
    size : int
        Depth rows in a piece, as a rule.
    groups : (int, int), optional
        Of the local view, the end exclusive; by default all.

    Yields
    ------
    EVENT[]
        All with the flags of both views.
    """
    tape.require_sound()
    ends, times = tape.section("local.group_end"), tape.section("local.group_ts")
    first, end = groups or (0, len(ends))
    while first < end:
        row = int(ends[first - 1]) if first else 0
        # so many groups, too: a time may have no depth at all
        last = min(first_above(ends, row + size), first + size)
        last = min(max(last, first + 1), end)
        yield _piece(tape, first, last, int(times[first]), int(times[last - 1]))
        first = last


def _piece(tape: Tape, first: int, last: int, begin_ts: int, end_ts: int) -> np.ndarray:
    """Rows of the groups from `first` to `last`, exclusive."""
    stops, trades = tape.section("local.stops"), tape.trades
    stops = stops[first_from(stops["ts"], begin_ts) : first_above(stops["ts"], end_ts)]
    trades = trades[first_from(trades["local_ts"], begin_ts) : first_above(trades["local_ts"], end_ts)]
    depth, start = _depth(tape, first, last, stops)
    stops = stops[np.isin(stops["kind"], list(KIND_OF_STOP))]
    marks = _marks(tape, stops)
    custom = custom_rows(tape, first, last)
    events: np.ndarray = np.concatenate([depth, marks, trades, custom])
    events["ev"] |= _BOTH
    stop_rows = stops["row"].astype(np.int64) - start
    # `take` copies whole records, indexing copies them field by field
    return events.take(_order(events["local_ts"], stop_rows, len(depth)))


def _order(times: np.ndarray, stop_rows: np.ndarray, depth: int) -> np.ndarray:
    """Order of arrival of depth, marks (each before a row of depth), trades and custom rows.

    Each of the four is in order, and so are the first two together: a stable sort by time alone only merges
    them, in a fifth of the time of a sort by time, kind and place.
    """
    marks = len(stop_rows)
    market = np.insert(np.arange(depth), stop_rows, depth + np.arange(marks))
    order = np.concatenate([market, np.arange(depth + marks, len(times))])
    return np.asarray(order[np.argsort(times[order], kind="stable")])


def _depth(tape: Tape, first: int, last: int, stops: np.ndarray) -> tuple[np.ndarray, int]:
    """Depth rows of some groups, and the number of the first."""
    ends = tape.section("local.group_end")
    start, end = int(ends[first - 1]) if first else 0, int(ends[last - 1])
    code, qty = tape.section("local.code")[start:end], tape.section("local.qty")[start:end].astype(np.int64)
    over = qty < 0
    if over.any():
        qty[over] = tape.overflow[-qty[over] - 1]
    groups = first + np.repeat(np.arange(last - first), np.diff(ends[first:last], prepend=start))
    snapshot = np.zeros(end - start + 1, np.int64)
    for stop in stops[stops["kind"] == STOP_SNAPSHOT]:
        snapshot[stop["row"] - start] += 1
        snapshot[stop["row"] - start + stop["arg"]] -= 1
    out = np.zeros(end - start, EVENT)
    kind = np.where(np.cumsum(snapshot)[:-1] > 0, DEPTH_SNAPSHOT, DEPTH)
    out["ev"] = kind | np.where(code & 1, SELL, BUY)
    out["px"] = step_floats(tape.level_tick[code >> 1], tape.header.tick_size)
    out["qty"] = step_floats(qty, tape.header.lot_size)
    out["local_ts"] = tape.section("local.group_ts")[groups]
    out["exch_ts"] = tape.exch_times(groups, _runs(tape.section("local.exch_runs"), start, end))
    return out, start


def _marks(tape: Tape, stops: np.ndarray) -> np.ndarray:
    """Clears, gap marks and trading status."""
    out = np.zeros(len(stops), EVENT)
    kind = np.zeros(256, np.uint64)
    kind[list(KIND_OF_STOP)] = list(KIND_OF_STOP.values())
    out["ev"] = kind[stops["kind"]] | np.array([0, BUY, SELL], np.uint64)[stops["side"]]
    out["local_ts"], out["exch_ts"] = stops["ts"], stops["qty"]
    clear = stops["kind"] == STOP_CLEAR
    out["px"][clear] = step_floats(stops["tick"][clear], tape.header.tick_size)
    out["px"][clear & (stops["tick"] == NO_BID_TICK)] = np.nan
    status = stops["kind"] == STOP_STATUS
    out["ival"][status] = stops["arg"][status]
    return out


def custom_rows(tape: Tape, first: int, last: int) -> np.ndarray:
    """Rows of other kinds of the groups from `first` to `last`, exclusive: EVENT[]."""
    stored = tape.stored("custom")
    start, end = first_from(stored["group"], first), first_from(stored["group"], last)
    rows = stored[start:end]
    out = np.zeros(len(rows), EVENT)
    for name in ("px", "qty", "ival", "ev"):
        out[name] = rows[name]
    out["local_ts"] = tape.section("local.group_ts")[rows["group"]]
    out["exch_ts"] = tape.exch_times(rows["group"], _runs(tape.section("custom_runs"), start, end))
    more = tape.section("custom_more")
    low, high = first_from(more["row"], start), first_from(more["row"], end)
    for name in ("order_id", "fval"):
        out[name][more["row"][low:high] - start] = more[name][low:high]
    return out


def _runs(runs: np.ndarray, start: int, end: int) -> np.ndarray:
    """The runs that begin in some rows, counted from the first of them."""
    found: np.ndarray = runs[first_from(runs["row"], start) : first_from(runs["row"], end)].copy()
    found["row"] -= start
    return found


def first_from(values: np.ndarray, value: int) -> int:
    """Index of the first of some ascending values that is not below `value`."""
    # of the values' own type: else NumPy converts all of them first
    return int(np.searchsorted(values, values.dtype.type(value)))


def first_above(values: np.ndarray, value: int) -> int:
    """Index of the first of some ascending values that is above `value`."""
    return int(np.searchsorted(values, values.dtype.type(value), side="right"))
