"""A tape in pieces that are tapes themselves, so that what reads a whole tape into memory need not.

A piece ends where no event is under way: all local rows before the cut left the exchange before all local
rows after it. So each event is in one piece, with both its halves. Where streams of different latency overlap
for long, a piece gets longer; memory is bounded by the disorder of the recording, not by its length (but for
24 bytes a distinct local time, to find the cuts).

The pieces share the tape's columns and its levels. They say nothing of the books they begin with.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from truefill.core.tape_records import (
    STOP_CLEAR,
    STOP_GAP_BEGIN,
    STOP_GAP_END,
    STOP_SNAPSHOT,
    STOP_STATUS,
    STOP_TRADE,
)
from truefill.tape.format import SECTIONS
from truefill.tape.tape import Tape

_MARKS = (STOP_CLEAR, STOP_GAP_BEGIN, STOP_GAP_END, STOP_STATUS, STOP_SNAPSHOT)
_LATEST = np.iinfo(np.int64).max
_EARLIEST = np.iinfo(np.int64).min


def windows(tape: Tape, rows: int = 1 << 18) -> Iterator[Tape]:
    """Cut a tape into pieces of about `rows` local rows, in order; together they have all its rows.

    Parameters
    ----------
    tape : Tape
        Of levels, not of single orders.
    rows : int
        How many local rows (depth, trades, others) a piece has before it ends at the next possible place.

    Yields
    ------
    Tape
        In memory; valid as long as `tape` is.
    """
    tape.require_sound()
    sections = {name: tape.stored(name) for name in SECTIONS}
    begin = (0, _EARLIEST)
    for end in [*_cuts(sections, rows), (len(sections["local.group_ts"]), _LATEST)]:
        yield Tape(tape.header, _piece(sections, begin, end))
        begin = end


def _cuts(sections: dict[str, np.ndarray], rows: int) -> list[tuple[int, int]]:
    """Local group at which each later piece begins, and the exchange time from which it has rows."""
    ends, groups = sections["local.group_end"], len(sections["local.group_ts"])
    if not groups:
        return []
    # Local rows up to the end of each group, of all kinds.
    others = np.concatenate(
        [
            np.searchsorted(sections["local.group_ts"], sections["trades"]["local_ts"]),
            sections["custom"]["group"],
        ]
    )
    size = ends + np.cumsum(np.bincount(others, minlength=groups))
    if size[-1] <= rows:
        return []
    least, most = _exchange_times(sections)
    np.maximum.accumulate(most, out=most)
    np.minimum.accumulate(least[::-1], out=least[::-1])
    clean = np.flatnonzero(most[:-1] < least[1:]) + 1
    cuts = []
    at = 0
    while (wanted := int(np.searchsorted(size, (size[at - 1] if at else 0) + rows)) + 1) < groups:
        place = int(np.searchsorted(clean, wanted))
        if place == len(clean):
            break
        at = int(clean[place])
        cuts.append((at, int(least[at])))
    return cuts


def _exchange_times(sections: dict[str, np.ndarray]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Earliest and latest exchange time of the rows of each local group."""
    group_ts, ends = sections["local.group_ts"], sections["local.group_end"]
    least = sections["local.group_exch_ts"].astype(np.int64)
    most = least.copy()
    stops = sections["local.stops"]
    marks = stops[np.isin(stops["kind"], _MARKS)]
    runs, custom_runs = sections["local.exch_runs"], sections["custom_runs"]
    found = [
        (np.searchsorted(group_ts, marks["ts"]), marks["qty"]),
        (np.searchsorted(group_ts, sections["trades"]["local_ts"]), sections["trades"]["exch_ts"]),
        (np.searchsorted(ends, runs["row"], side="right"), runs["exch_ts"]),
        (sections["custom"]["group"][custom_runs["row"]], custom_runs["exch_ts"]),
    ]
    for group, exch_ts in found:
        np.minimum.at(least, group, exch_ts)
        np.maximum.at(most, group, exch_ts)
    return least, most


def _piece(
    sections: dict[str, np.ndarray], begin: tuple[int, int], end: tuple[int, int]
) -> dict[str, np.ndarray]:
    """Sections of the local groups and the exchange times from `begin` up to, not including, `end`."""
    out = {name: sections[name] for name in ("level_tick", "overflow", "gaps")}
    local = slice(begin[0], end[0])
    times = sections["exch.group_ts"]
    exch = slice(int(np.searchsorted(times, begin[1])), int(np.searchsorted(times, end[1])))
    rows = {}
    for view, groups in (("local", local), ("exch", exch)):
        rows[view] = _rows_of(sections[f"{view}.group_end"], groups)
        for name in ("code", "qty"):
            out[f"{view}.{name}"] = sections[f"{view}.{name}"][rows[view]]
        out[f"{view}.group_ts"] = sections[f"{view}.group_ts"][groups]
        out[f"{view}.group_end"] = sections[f"{view}.group_end"][groups] - np.int32(rows[view].start)
    out["local.group_exch_ts"] = sections["local.group_exch_ts"][local]
    local_ts = sections["local.group_ts"]
    first = int(local_ts[local.start]) if local.start else _EARLIEST
    last = int(local_ts[local.stop]) if local.stop < len(local_ts) else _LATEST
    trades = _between(sections["trades"]["local_ts"], first, last)
    out["trades"] = sections["trades"][trades]
    stops = sections["local.stops"]
    out["local.stops"] = _moved(stops[_between(stops["ts"], first, last)], "row", rows["local"].start)
    stops = sections["exch.stops"]
    stops = _moved(stops[_between(stops["ts"], begin[1], end[1])], "row", rows["exch"].start)
    seen = (stops["kind"] == STOP_TRADE) & (stops["arg"] >= 0)
    stops["arg"][seen] -= np.int32(trades.start)
    out["exch.stops"] = stops
    best = sections["local.best"]
    out["local.best"] = best[_between(best["ts"], first, last)]
    custom = _between(sections["custom"]["group"], local.start, local.stop)
    out["custom"] = _moved(sections["custom"][custom], "group", local.start)
    for name, of in (("local.exch_runs", rows["local"]), ("custom_runs", custom), ("custom_more", custom)):
        chosen = sections[name][_between(sections[name]["row"], of.start, of.stop)]
        out[name] = _moved(chosen, "row", of.start)
    return out


def _rows_of(ends: np.ndarray, groups: slice) -> slice:
    """Depth rows of some groups."""
    start = int(ends[groups.start - 1]) if groups.start else 0
    return slice(start, int(ends[groups.stop - 1]) if groups.stop else 0)


def _between(values: np.ndarray, low: int, high: int) -> slice:
    """Places of the ascending values from `low` up to, not including, `high`."""
    return slice(int(np.searchsorted(values, low)), int(np.searchsorted(values, high)))


def _moved(rows: np.ndarray, name: str, by: int) -> np.ndarray:
    """A copy whose column counts from `by`."""
    out = rows.copy()
    out[name] -= np.int32(by)
    return out
