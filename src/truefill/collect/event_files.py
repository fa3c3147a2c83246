"""Files of events as formats of `truefill convert`: our Parquet, HftBacktest's ``.npz`` and ``.npy``.

They stand beside the vendors' formats, and not among them, because `truefill.vendors` knows nothing of tapes.
"""

from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truefill.collect.wide_reader import books_and_trades, is_wide, read_wide
from truefill.core.decimals import float_decimals
from truefill.core.events import DECIMAL_EVENT, EVENT
from truefill.tape import npz_chunks, read_parquet
from truefill.tape.parquet_layout import LAYOUT, layout_of
from truefill.vendors import FORMATS, Format, ReaderCounters, guess_format

Chunks = Callable[[], Iterator[np.ndarray]]


class EventFiles:
    """Chunks of events as an EventReader.

    Parameters
    ----------
    chunks : callable
        Begins to read anew.
    events : int
        How many there will be, for the progress; 0: not known.
    size : int
        Bytes of the files.
    progress : callable, optional
        Called with bytes.
    """

    tick_size: str | None = None
    lot_size: str | None = None
    venue = ""

    def __init__(
        self, chunks: Chunks, events: int, size: int, progress: Callable[[int], None] | None = None
    ) -> None:
        self.counters = ReaderCounters()
        self.lines: NDArray[np.int64] = np.empty(0, np.int64)
        self._chunks = chunks
        self._events = events
        self._size = size
        self._progress = progress or (lambda size: None)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Chunks of events, in the order of the files."""
        counters = self.counters = ReaderCounters()
        for rows in self._chunks():
            self.lines = np.arange(counters.rows + 1, counters.rows + len(rows) + 1)
            counters.rows += len(rows)
            counters.events += len(rows)
            yield rows
            if self._events:
                self._progress(self._size * len(rows) // self._events)


def read_event_parquet(*files: Path, progress: Callable[[int], None] | None = None) -> EventFiles:
    """Read our own Parquet (`truefill.tape.read_parquet`), with the steps and the venue that it names."""
    source = read_parquet(files)
    reader = EventFiles(lambda: iter(source), source.events, _size(files), progress)
    reader.tick_size, reader.lot_size, reader.venue = source.tick_size, source.lot_size, source.venue
    return reader


def read_event_npz(*files: Path, progress: Callable[[int], None] | None = None) -> EventFiles:
    """Read HftBacktest's files of events, days that follow each other."""

    def chunks() -> Iterator[np.ndarray]:
        for file in files:
            yield from npz_chunks(file)

    return EventFiles(chunks, 0, _size(files), progress)


def _size(files: Sequence[Path]) -> int:
    return sum(file.stat().st_size for file in files if file.is_file())


def _as_one(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    return [tuple(paths)]


EVENT_FORMATS = (
    Format(
        "extended-parquet",
        "Extended's pipeline: orderbook_parts and trades_parts, Parquet (a market's folder)",
        read_wide,
        frozenset({"feed_latency_ns", "qty_places"}),
        lambda path, _: is_wide(path),
        groups=books_and_trades,
    ),
    Format(
        "parquet",
        "truefill: events as Parquet",
        read_event_parquet,
        frozenset(),
        lambda path, _: layout_of(path) == LAYOUT,
        groups=_as_one,
    ),
    Format(
        "npz",
        "HftBacktest: events as .npz or .npy",
        read_event_npz,
        frozenset(),
        lambda path, _: path.suffix in (".npz", ".npy"),
        groups=_as_one,
    ),
)

ALL_FORMATS = (*FORMATS, *EVENT_FORMATS)
"""All formats that `convert_files` reads."""


def guess(path: str | PathLike[str]) -> str | None:
    """Tell the format of a file, of vendors' and of events; None when it looks like none of them.

    Raises
    ------
    DataError
        There is no such file, or it is damaged.
    """
    file = Path(path)
    own = (format.name for format in EVENT_FORMATS if file.is_file() and format.looks(file, ""))
    return next(own, None) or guess_format(file)


def as_decimals(rows: np.ndarray) -> np.ndarray:
    """Rows as DECIMAL_EVENT, so that they mix with vendors'; a price that is no number becomes 0."""
    if rows.dtype == DECIMAL_EVENT:
        return rows
    out = np.zeros(len(rows), DECIMAL_EVENT)
    for name in EVENT.names or ():
        if name in ("px", "qty"):
            values = np.where(np.isfinite(rows[name]), rows[name], 0.0)
            out[name], out[f"{name}_exp"] = float_decimals(values)
        else:
            out[name] = rows[name]
    return out
