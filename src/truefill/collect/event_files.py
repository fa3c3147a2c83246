"""Files of events as formats of `truefill convert`: tapes, our Parquet, HftBacktest's ``.npz`` and ``.npy``.

They stand beside the vendors' formats, and not among them, because `truefill.vendors` knows nothing of tapes.
"""

from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truefill.collect.wide_reader import books_and_trades, is_wide, read_wide
from truefill.core.decimals import float_decimals
from truefill.core.errors import DataError
from truefill.core.events import DECIMAL_EVENT, EVENT
from truefill.tape import Tape, npz_chunks, read_parquet, tape_events
from truefill.tape.arrivals import arrivals
from truefill.tape.format import is_tape
from truefill.tape.parquet_layout import LAYOUT, layout_of
from truefill.tape.windows import windows
from truefill.vendors import FORMATS, Format, ReaderCounters, guess_format
from truefill.vendors.epochs import require_ns

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
    name : Path, optional
        First of the files, of which it is not certain that times are in ns.
    """

    tick_size: str | None = None
    lot_size: str | None = None
    symbol = ""
    venue = ""

    def __init__(
        self,
        chunks: Chunks,
        events: int,
        size: int,
        progress: Callable[[int], None] | None = None,
        name: Path | None = None,
    ) -> None:
        self.counters = ReaderCounters()
        self.lines: NDArray[np.int64] = np.empty(0, np.int64)
        self._chunks = chunks
        self._events = events
        self._size = size
        self._name = name
        self._progress = progress or (lambda size: None)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Chunks of events, in the order of the files."""
        counters = self.counters = ReaderCounters()
        for rows in self._chunks():
            if not counters.rows and len(rows) and self._name is not None:
                for column in ("exch_ts", "local_ts"):
                    require_ns(int(rows[column][0]), f"{self._name}: row 1, {column}")
            self.lines = np.arange(counters.rows + 1, counters.rows + len(rows) + 1)
            counters.rows += len(rows)
            counters.events += len(rows)
            yield rows
            if self._events:
                self._progress(self._size * len(rows) // self._events)


def read_event_parquet(*files: Path, progress: Callable[[int], None] | None = None) -> EventFiles:
    """Read our own Parquet (`truefill.tape.read_parquet`), with what it says of its instrument."""
    source = read_parquet(files)
    reader = EventFiles(lambda: iter(source), source.events, _size(files), progress, files[0])
    reader.symbol, reader.venue = source.symbol, source.venue
    reader.tick_size, reader.lot_size = source.tick_size, source.lot_size
    return reader


def read_event_npz(*files: Path, progress: Callable[[int], None] | None = None) -> EventFiles:
    """Read HftBacktest's files of events, days that follow each other."""

    def chunks() -> Iterator[np.ndarray]:
        for file in files:
            yield from npz_chunks(file)

    return EventFiles(chunks, 0, _size(files), progress, files[0])


class TapeFiles(EventFiles):
    """Events of tapes of levels of one instrument that follow each other, in the order of arrival."""

    def __init__(self, files: Sequence[Path], progress: Callable[[int], None] | None) -> None:
        self._tapes = [Tape.open(file) for file in files]
        headers = [tape.header for tape in self._tapes]
        for file, tape in zip(files, self._tapes, strict=True):
            if tape.by_order:
                wanted = "a tape of levels (of single orders, convert the vendor's file)"
                raise DataError(wanted, "one of single orders", file)
            if tape.symbol != headers[0].symbol:
                raise DataError(f"a tape of {headers[0].symbol}, as {files[0].name}", tape.symbol, file)
        super().__init__(self._arrivals, sum(header.events for header in headers), _size(files), progress)
        self.symbol, self.venue = headers[0].symbol, headers[0].venue
        ticks, lots = {h.tick_size for h in headers}, {h.lot_size for h in headers}
        self.tick_size = ticks.pop() if len(ticks) == 1 else None
        self.lot_size = lots.pop() if len(lots) == 1 else None

    def __iter__(self) -> Iterator[np.ndarray]:
        """Chunks in which each event stands once, if that is possible."""
        yield from super().__iter__()
        self.counters.notes += [note for tape in self._tapes for note in tape.header.notes]

    def in_both_orders(self) -> np.ndarray:
        """All events as HftBacktest wants them: one row where both orders agree, two where they do not."""
        self.counters = ReaderCounters(notes=[note for tape in self._tapes for note in tape.header.notes])
        return np.concatenate([tape_events(tape) for tape in self._tapes])

    def _arrivals(self) -> Iterator[np.ndarray]:
        for tape in self._tapes:
            for piece in windows(tape):
                yield arrivals(piece)


def read_tapes(*files: Path, progress: Callable[[int], None] | None = None) -> TapeFiles:
    """Read tapes, with the instrument, the steps and the venue that they name."""
    return TapeFiles(files, progress)


def _size(files: Sequence[Path]) -> int:
    return sum(file.stat().st_size for file in files if file.is_file())


def _as_one(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    return [tuple(paths)]


EVENT_FORMATS = (
    Format(
        "tape",
        "truefill: tapes of levels",
        read_tapes,
        frozenset(),
        lambda path, _: is_tape(path) or path.suffix == ".tape",
        groups=_as_one,
    ),
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
