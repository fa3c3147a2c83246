"""CSV, Parquet and Arrow files of any columns, by a mapping that says what each column is (`mapping`)."""

import fnmatch
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import ConfigError, DataError
from truefill.core.events import BUY, SELL, TICKER_ASK, TICKER_BID, TRADE
from truefill.vendors.books import Books
from truefill.vendors.decimals import Decimals
from truefill.vendors.mapped_books import SIDES, book_events, level_names
from truefill.vendors.mapped_rows import Rows, Wanted, truth
from truefill.vendors.mapped_text import column_names, rows_of
from truefill.vendors.mapping import Mapping, read_mapping
from truefill.vendors.merging import Chunk, merged
from truefill.vendors.options import require_latency
from truefill.vendors.reader import FileReader, Progress, ReaderCounters
from truefill.vendors.rows import Times, filled, refuse
from truefill.vendors.snapshot_runs import SnapshotRuns
from truefill.vendors.table_kernels import NO_NUMBER

_ORDER = ("trade", "quote", "book", "depth")  # of events of one time


class MappedReader(FileReader):
    """Events of one instrument. See `read_mapped`."""

    def __init__(
        self,
        files: Sequence[tuple[Path, Mapping]],
        instrument: str | None,
        feed_latency_ns: int,
        progress: Progress | None,
    ) -> None:
        super().__init__(progress)
        self._files = files
        self._instrument = instrument
        self._latency = feed_latency_ns
        self._seen: str | None = None

    def __iter__(self) -> Iterator[np.ndarray]:
        self.counters = ReaderCounters()
        self._seen = self._instrument
        kinds = {mapping.kind for _, mapping in self._files}
        tickers = bool(kinds & {"book", "depth"})
        sources = [
            self._kind([(path, m) for path, m in self._files if m.kind == kind], tickers)
            for kind in _ORDER
            if kind in kinds
        ]
        yield from self._lined(merged(sources))
        if self._instrument is not None and not self.counters.rows:
            raise DataError(f"rows of {self._instrument}", "none", self._files[0][0])

    def _kind(self, files: list[tuple[Path, Mapping]], tickers: bool) -> Iterator[Chunk]:
        """Files of one kind, one after the other."""
        books, runs = Books(self.counters, 1), SnapshotRuns()
        last = 0
        for path, mapping in files:
            runs.new_file()
            one_clock = mapping.exchange_time is None or mapping.local_time is None
            note = f"one clock in {mapping.kind}s: the other time is {self._latency:,} ns away"
            if one_clock and note not in self.counters.notes:
                self.counters.notes.append(note)
            wanted = wanted_columns(path, mapping)
            for whole in rows_of(path, wanted, mapping.columns, self._progress):
                rows = self._of_instrument(whole, mapping)
                if not len(rows.lines):
                    continue
                times = self._times(rows, mapping)
                back = int((np.diff(times.local, prepend=last) < 0).sum())
                self.counters.count("local_time_stepped_back", back)
                last = int(times.local[-1])
                if mapping.kind == "trade":
                    yield self._told(rows, _trades(rows, mapping, times))
                elif mapping.kind == "depth":
                    yield self._told(rows, _depth(rows, mapping, times, runs))
                elif mapping.kind == "quote" and tickers:
                    yield self._told(rows, _tickers(rows, mapping, times))
                else:
                    yield from book_events(rows, mapping, times, books)
            self.counters.count("snapshots", runs.snapshots)
            runs.snapshots = 0

    def _told(self, rows: Rows, made: Chunk) -> Chunk:
        self.counters.rows += len(rows.lines)
        self.counters.events += len(made[0])
        return made[0], rows.lines[made[1]]

    def _of_instrument(self, rows: Rows, mapping: Mapping) -> Rows:
        if mapping.instrument is None or not len(rows.lines):
            return rows
        same, self._seen = rows.equal(mapping.instrument, self._seen)
        if same.all():
            return rows
        if self._instrument is None:
            at = int(np.argmin(same))
            _, other = rows.part(np.arange(len(same)) == at).equal(mapping.instrument, None)
            got = f"{other} beside {self._seen}"
            place = rows.place(at, mapping.instrument)
            raise DataError("one instrument, or the option instrument", got, place)
        self.counters.count("other_instruments", int((~same).sum()))
        return rows.part(same)

    def _times(self, rows: Rows, mapping: Mapping) -> Times:
        exch = local = None
        if mapping.exchange_time is not None:
            exch = rows.times(mapping.exchange_time, mapping.unit("exchange_time"))
        if mapping.local_time is not None:
            local = rows.times(mapping.local_time, mapping.unit("local_time"))
        name = mapping.local_time or mapping.exchange_time or ""
        must = exch if local is None else local
        assert must is not None
        if (must == 0).any():
            raise DataError(f"a time as {name}", "none", rows.place(int(np.argmax(must == 0)), name))
        if local is None:
            return Times(must, must + self._latency)
        if exch is None:
            return Times(local - self._latency, local)
        return Times(np.where(exch == 0, local, exch), local)


def wanted_columns(path: Path, mapping: Mapping) -> list[Wanted]:
    """Columns of a file that a mapping names.

    Raises
    ------
    DataError
        The file does not have one: with the key that names it.
    """
    names = column_names(path, mapping.columns)
    wanted = []
    for key, use in (
        ("exchange_time", f"time:{mapping.unit('exchange_time')}"),
        ("local_time", f"time:{mapping.unit('local_time')}"),
        ("side", "word"),
        ("price", "number"),
        ("quantity", "number"),
        ("id", "id"),
        ("snapshot", "word"),
        ("instrument", "word"),
        *((f"{side}_{what}", "number") for side in SIDES for what in ("price", "quantity")),
    ):
        name = getattr(mapping, key)
        if name is None:
            continue
        its = level_names(names, name, mapping.first_level) if "{}" in name else [name]
        for one in its or [name.format(mapping.first_level)]:
            if one not in names:
                got = ", ".join(names[:20]) or "an empty file"
                raise DataError(f"the column {one} ({key} of the mapping)", got, path)
            listed = mapping.kind == "book" and key[:3] in SIDES and "{}" not in name
            wanted.append(Wanted(one, key, "list" if listed else use))
    return list({w.name: w for w in wanted}.values())


def _trades(rows: Rows, mapping: Mapping, times: Times) -> Chunk:
    px, qty = _needed(rows, mapping.price), _needed(rows, mapping.quantity)
    refuse(qty.mantissa <= 0, "quantities above 0", qty, mapping.quantity or "", rows.place)
    side: NDArray[np.int64] = np.zeros(len(rows.lines), np.int64)
    if mapping.side is not None:
        side = rows.codes(mapping.side, mapping.sides(BUY, SELL))
    out = filled(side.astype(np.uint64) | np.uint64(TRADE), times, px, qty)
    if mapping.id is not None:
        out["order_id"] = rows.ids(mapping.id)
    return out, np.arange(len(out))


def _depth(rows: Rows, mapping: Mapping, times: Times, runs: SnapshotRuns) -> Chunk:
    px, qty = _needed(rows, mapping.price), _needed(rows, mapping.quantity)
    refuse(qty.mantissa < 0, "quantities of 0 or more", qty, mapping.quantity or "", rows.place)
    side = rows.codes(mapping.side or "", mapping.sides(BUY, SELL)).astype(np.uint64)
    snapshot = np.zeros(len(side), np.bool_) if mapping.snapshot is None else truth(rows, mapping.snapshot)
    return runs.events(snapshot, side, times, px, qty)


def _tickers(rows: Rows, mapping: Mapping, times: Times) -> Chunk:
    parts = []
    for kind, side in ((TICKER_BID, "bid"), (TICKER_ASK, "ask")):
        px, qty = (rows.numbers(getattr(mapping, f"{side}_{what}")) for what in ("price", "quantity"))
        there = (px.mantissa != NO_NUMBER) & (qty.mantissa != NO_NUMBER)
        parts.append((filled(kind, times, px, qty)[there], np.flatnonzero(there)))
    source = np.concatenate([part[1] for part in parts])
    order = np.argsort(source, kind="stable")
    return np.concatenate([part[0] for part in parts])[order], source[order]


def _needed(rows: Rows, name: str | None) -> Decimals:
    """Numbers of which none may be missing."""
    assert name is not None
    numbers = rows.numbers(name)
    missing = numbers.mantissa == NO_NUMBER
    if missing.any():
        raise DataError(f"a number as {name}", "none", rows.place(int(np.argmax(missing)), name))
    return numbers


def read_mapped(
    *paths: str | PathLike[str],
    mapping: str | PathLike[str] | None = None,
    instrument: str | int | None = None,
    feed_latency_ns: int = 0,
    progress: Progress | None = None,
) -> MappedReader:
    """Read CSV, Parquet and Arrow (IPC) files of one instrument by a mapping.

    Parameters
    ----------
    *paths : path
        Of each kind in order of time. CSV may be packed.
    mapping : path
        A TOML file, see `truefill.vendors.mapping.Mapping`.
    instrument : str, optional
        Of files with several, the one to read; the mapping names the column.
    feed_latency_ns : int
        What a message takes, where there is one time only.
    progress : callable, optional
        Called with the number of bytes read since the last call.

    Raises
    ------
    DataError
        A file is missing, or not what the mapping says: with file, line or row, and column.
    ConfigError
        No mapping, or one that cannot be used.
    """
    if mapping is None:
        raise ConfigError("the option mapping, a TOML file", "none", "mapped")
    require_latency(feed_latency_ns)
    mappings = read_mapping(Path(mapping))
    files = []
    for path in map(Path, paths):
        fits = [m for m in mappings if len(mappings) == 1 or fnmatch.fnmatch(path.name, m.files)]
        if len(fits) != 1:
            patterns = ", ".join(m.files for m in mappings)
            got = f"{path.name}, which fits {len(fits)}"
            raise ConfigError(f"a name that fits one of {patterns}", got, mapping)
        wanted_columns(path, fits[0])
        files.append((path, fits[0]))
    kinds = {m.kind for _, m in files}
    if {"book", "depth"} <= kinds:
        raise ConfigError("one kind of book", "book and depth", mapping)
    if not files:
        raise DataError("at least one file", "none")
    return MappedReader(files, None if instrument is None else str(instrument), feed_latency_ns, progress)
