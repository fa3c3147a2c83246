"""HftBacktest's event files and arrays as tapes, made when the backtest is made.

The last few tapes of a process are kept, by what the files and arrays hold, so that a second backtest on the
same data starts at once.
"""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from truefill.compat.hftbacktest.grid import FinerError, Grid, in_chunks
from truefill.core import events as ev
from truefill.core.decimals import to_text
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import EVENT, NO_TIME
from truefill.tape import Tape, TapeBuilder, read_npz, tape_events
from truefill.tape.npz import as_events

Source = str | np.ndarray | Tape
_BOTH = np.uint64(ev.EXCH | ev.LOCAL)
_SIDES = np.uint64(ev.BUY | ev.SELL)
_KEPT_BYTES = 1 << 30
_kept: OrderedDict[Any, tuple[Tape, Grid]] = OrderedDict()


def check_source(source: object, what: str) -> Source:
    """A path, an array of events or a tape, or ConfigError."""
    if isinstance(source, Tape):
        return source
    if isinstance(source, str) and source.endswith(".tape"):
        return Tape.open(source)
    if isinstance(source, str):
        if "://" in source and not Path(source).exists():
            raise ConfigError("a file on this machine (fetch it first)", source, what)
        return source
    if isinstance(source, np.ndarray):
        as_events(source, what)
        return source
    raise ConfigError("a path, an array of events, or a list of them", type(source).__name__, what)


def events_of(source: Source) -> np.ndarray:
    """EVENT rows of a file, an array or a tape."""
    if isinstance(source, Tape):
        return tape_events(source)
    return read_npz(source) if isinstance(source, str) else as_events(source, "data")


def first_time(sources: list[Source], latency_offset: int) -> int:
    """The time of the first event that either side sees, ns; NO_TIME when there is none."""
    for source in sources:
        rows = events_of(source)
        times = [
            int(rows["exch_ts"][rows["ev"] & np.uint64(ev.EXCH) != 0].min(initial=NO_TIME)),
            int(rows["local_ts"][rows["ev"] & np.uint64(ev.LOCAL) != 0].min(initial=NO_TIME - latency_offset))
            + latency_offset,
        ]
        if min(times) < NO_TIME:
            return min(times)
    return int(NO_TIME)


def make_tape(
    sources: list[Source], grid: Grid, snapshot: Source | None = None, snapshot_ts: int = 0
) -> Tape:
    """A tape of files and arrays one after the other, with the book of a snapshot at `snapshot_ts`.

    A tape that is alone, of the same tick and a lot that divides this one, is taken as it is.
    """
    if len(sources) == 1 and isinstance(sources[0], Tape) and snapshot is None and fits(sources[0], grid):
        return sources[0]
    return placed_tape(sources, grid, snapshot, snapshot_ts, symbol_of(sources))[0]


def placed_tape(
    sources: list[Source], grid: Grid, snapshot: Source | None, snapshot_ts: int, symbol: str
) -> tuple[Tape, Grid]:
    """A tape of files and arrays, and the grid that it is on: finer than the given one, if the data is."""
    key = (
        tuple(_identity(source) for source in sources),
        grid,
        None if snapshot is None else (_identity(snapshot), snapshot_ts),
        symbol,
    )
    kept = _kept.pop(key, None)
    while kept is None:
        try:
            kept = (_build(sources, grid, snapshot, snapshot_ts, symbol), grid)
        except FinerError as error:
            grid = replace(grid, digits=error.digits)
    _kept[key] = kept
    while len(_kept) > 1 and sum(tape.nbytes for tape, _ in _kept.values()) > _KEPT_BYTES:
        _kept.popitem(last=False)
    return kept


def symbol_of(sources: list[Source]) -> str:
    """What the instrument is called: as the first file."""
    names = [Path(source).stem for source in sources if isinstance(source, str)]
    return names[0] if names else "array"


def fits(tape: Tape, grid: Grid) -> bool:
    """Whether a tape needs no change to be on a grid."""
    if grid.latency_offset or grid.roi is not None:
        return False
    lots = grid.lot_size / tape.lot_size
    same = math.isclose(tape.tick_size, grid.tick_size, rel_tol=1e-9)
    return same and round(lots) >= 1 and math.isclose(lots, round(lots), rel_tol=1e-9)


def _build(sources: list[Source], grid: Grid, snapshot: Source | None, snapshot_ts: int, symbol: str) -> Tape:
    names = [Path(source).name for source in sources if isinstance(source, str)]
    builder = TapeBuilder(
        None,
        symbol=symbol,
        tick_size=grid.tick_size,
        lot_size=to_text(*grid.step),
        strict=True,
        source=names,
    )
    with builder:
        if snapshot is not None:
            builder.append(_snapshot_rows(events_of(snapshot), grid, snapshot_ts))
        for rows in in_chunks(_arrays(sources)):
            builder.append(grid.place(rows))
        try:
            return builder.finish()
        except DataError as error:
            if "clock" in str(error.got):
                wanted = "local times at or after the exchange's (correct_local_timestamp mends them)"
                raise DataError(wanted, error.got, symbol) from error
            raise


def _arrays(sources: list[Source]) -> Iterator[np.ndarray]:
    for source in sources:
        yield events_of(source)


def _snapshot_rows(given: np.ndarray, grid: Grid, timestamp: int) -> np.ndarray:
    """The levels of an initial snapshot, known to both sides before the data begins."""
    rows = np.zeros(len(given), EVENT)
    rows["ev"] = (given["ev"] & _SIDES) | _BOTH | np.uint64(ev.DEPTH_SNAPSHOT)
    rows["exch_ts"] = rows["local_ts"] = timestamp
    rows["px"], rows["qty"] = given["px"], given["qty"]
    rows = rows[rows["ev"] & _SIDES != 0]
    placed = Grid(grid.tick_size, grid.lot_size, grid.digits, 0, grid.roi).place(rows)
    inside = placed["ev"] & np.uint64(ev.KIND_MASK) == ev.DEPTH_SNAPSHOT
    return np.asarray(placed[inside])


def _identity(source: Source) -> tuple[Any, ...]:
    """What tells a file, an array or a tape from another."""
    if isinstance(source, Tape):
        return (source.header.content_hash,)
    if isinstance(source, str):
        path = Path(source)
        try:
            about = path.stat()
        except OSError:
            raise DataError("a file of events", "no such file", path) from None
        return (str(path.resolve()), about.st_mtime_ns, about.st_size)
    rows = as_events(source, "data")
    return (len(rows), hashlib.blake2b(rows.view(np.uint8).data, digest_size=16).hexdigest())
