"""Recordings in the format of HftBacktest's collector, into a tape, Parquet or an ``.npz`` file of events.

A line is ``<local time> <what the venue sent>``; the local time is Unix nanoseconds (19 digits) or
microseconds (16 digits). A recording may be several files, one after the other; they become one tape, and
the ids of the messages tell whether something is missing between them.

What is wrong is refused with its file and line; what is repaired is in the report.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal

import msgspec

from truefill.collect.latency import Latency, LatencySample
from truefill.collect.lines import LineReader
from truefill.collect.targets import ENDINGS, building_folder, check_ending
from truefill.core.errors import ConfigError, DataError
from truefill.tape import Tape, TapeBuilder, TapeHeader, write_npz, write_parquet
from truefill.tape.remote import ahead, is_remote, local, sent, url
from truefill.venues.counters import BookCounters, MarketCounters
from truefill.venues.recorded import recorded_codec
from truefill.venues.symbols import Symbol, venue_symbol
from truefill.venues.venue import Venue

_LATEST = 9_000_000_000_000_000_000  # ns, in the year 2255; int64 ends soon after
_BATCH = 4096  # messages between two calls of the builder

Progress = Callable[[int, int], None]
"""Called with the work done so far and the work in all, in bytes of the files: each is read, then indexed."""


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """What a conversion read, changed and wrote. Times in UTC nanoseconds."""

    out: str
    files: list[str]
    symbol: str
    venue: str
    events: int
    first_ts: int | None  # local, corrected
    last_ts: int | None
    tick_size: str
    lot_size: str
    gaps: int  # breaks in the update ids
    clock_correction_ns: int  # was added to every local time
    latency: Latency | None  # before the correction
    messages: MarketCounters
    book: BookCounters
    notes: list[str] = field(default_factory=list)  # each thing that was repaired or is remarkable
    content_hash: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain nested dictionaries, ready for JSON."""
        return asdict(self)


@dataclass(slots=True)
class _Clock:
    """Local time never goes back from line to line; where it did, it stands still, and that is counted."""

    now: int = 0
    steps_back: int = 0
    largest: int = 0

    def line(self, local_ts: int) -> int:
        if local_ts < self.now:
            self.steps_back += 1
            self.largest = max(self.largest, self.now - local_ts)
        else:
            self.now = local_ts
        return self.now


def convert(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    venue: str | Venue,
    symbol: str,
    out: str | PathLike[str],
    to: Literal["tape", "npz", "parquet"] = "tape",
    tick_size: str | float | None = None,
    lot_size: str | float | None = None,
    strict: bool = False,
    fuse_tickers: bool = False,
    base_latency_ns: int = 0,
    allow_cut_tail: bool = False,
    progress: Progress | None = None,
) -> ConversionReport:
    """Convert recordings of one instrument.

    Parameters
    ----------
    files : path or paths
        In order of time; plain, gzip, xz or zip, told by their content.
    venue : str
        ``binance-spot``, ``binance-usdm``, ``binance-coinm``, ``bybit`` (linear), ``hyperliquid``, ``okx``,
        ...: every venue with a codec.
    symbol : str
        The venue's name of it (``BTCUSDT``, ``BTCUSD_PERP``) or ours (``BTCUSDT-PERP.BINANCE``).
    out : path
        The file to write; it appears when it is complete.
    to : {"tape", "npz", "parquet"}
        A tape, HftBacktest's events, or events as Parquet (`truefill.tape.write_parquet`).
    tick_size, lot_size : str or float, optional
        Steps of price and quantity; without them, the largest that divide the data.
    strict : bool
        Refuse what is otherwise corrected: a clock behind the venue's, a local time that steps back.
    fuse_tickers : bool
        Let the book ticker change the book as well.
    base_latency_ns : int
        What the fastest message shall have taken, if the clock has to be corrected.
    allow_cut_tail : bool
        Drop the last line of a file that breaks off in it, as after the end of a killed recorder.
    progress : callable, optional
        Called now and then; see `Progress`.

    Returns
    -------
    ConversionReport

    Raises
    ------
    DataError
        A file is missing, damaged, of another venue, instrument or stream, or not in its place in time.
    TapeError
        The steps do not fit the data.
    """
    if to not in ENDINGS:
        raise ConfigError("tape, npz or parquet", repr(to), "to")
    if is_remote(out):
        with sent(out) as made:
            report = convert(
                files,
                venue=venue,
                symbol=symbol,
                out=made,
                to=to,
                tick_size=tick_size,
                lot_size=lot_size,
                strict=strict,
                fuse_tickers=fuse_tickers,
                base_latency_ns=base_latency_ns,
                allow_cut_tail=allow_cut_tail,
                progress=progress,
            )
        return replace(report, out=url(out))
    paths = list(ahead([files] if isinstance(files, (str, PathLike)) else files))
    if not paths:
        raise DataError("at least one file", "none")
    target = local(out)
    if not target.parent.is_dir():
        raise DataError("an existing folder for the result", target.parent, "out")
    check_ending(target, to)
    instrument = venue_symbol(Venue.parse(venue), symbol)
    _check_order(paths)
    reading = Reading(paths, instrument, strict, fuse_tickers, allow_cut_tail, progress)

    def index_progress(stage: str, done: int, total: int) -> None:
        if stage == "index":
            reading.indexed(done, total)

    def build(path: Path) -> Tape:
        with TapeBuilder(
            path,
            symbol=str(instrument),
            venue=instrument.venue.value,
            tick_size=tick_size,
            lot_size=lot_size,
            base_latency_ns=base_latency_ns,
            strict=strict,
            progress=index_progress,
            source=paths,
        ) as builder:
            for rows in reading:
                builder.append(rows)
            return builder.finish()

    if to == "tape":
        return reading.report(target, build(target).header)
    with building_folder(target) as folder:
        tape = build(folder / "events.tape")
        if to == "npz":
            write_npz(tape, target)
        else:
            write_parquet(tape, target)
        return reading.report(target, tape.header)


class Reading:
    """The rows of consecutive files of one instrument, and what was noticed on the way."""

    def __init__(
        self,
        paths: Sequence[Path],
        symbol: Symbol,
        strict: bool,
        fuse_tickers: bool,
        allow_cut_tail: bool,
        progress: Progress | None,
    ) -> None:
        self.codec = recorded_codec(symbol, fuse_tickers)
        self.latency = LatencySample()
        self.notes: list[str] = []
        self._paths = paths
        self.clock = _Clock()
        self._strict = strict
        self._allow_cut_tail = allow_cut_tail
        self._progress = progress
        self._done = 0
        self._total = sum(path.stat().st_size for path in paths)

    def __iter__(self) -> Iterator[Any]:
        for path in self._paths:
            yield from self._file(path)
        try:
            self.codec.end()
        except DataError as error:  # of a message without a time, which waited since the beginning
            raise _placed(error, self._paths[0]) from None
        yield self._take(self._paths[-1])
        counters = self.codec.counters
        if not (counters.depth or counters.trades or counters.tickers or counters.snapshot_levels):
            raise DataError(
                f"depth, trades or book tickers of {self.codec.symbol.native}",
                f"none in {counters.messages} messages",
                self._paths[0],
            )

    def _file(self, path: Path) -> Iterator[Any]:
        reader = LineReader(path, self._read)
        before = self.clock.now
        waiting = 0
        for line in reader:
            if not line or line.isspace():
                continue
            local_ts = self._local_time(line, path, reader.lines)
            if local_ts < before:
                raise DataError(
                    "files that follow each other in time",
                    f"a line {(before - local_ts) / 1e9:.6f} s before the end of the file before (overlap)",
                    f"{path}:{reader.lines}",
                )
            before = 0  # only a file's first line
            self._line(line, local_ts, path, reader.lines)
            waiting += 1
            if waiting == _BATCH:
                waiting = 0
                yield self._take(path)
        self._end(reader)
        yield self._take(path)

    def _line(self, line: bytes, local_ts: int, path: Path, number: int) -> None:
        now = self.clock.line(local_ts)
        if now != local_ts and self._strict:
            raise DataError(
                "local times that never go back", f"{now - local_ts} ns before the last", f"{path}:{number}"
            )
        try:
            self.codec.add(line.partition(b" ")[2], now, number)
        except DataError as error:
            raise _placed(error, path) from None

    def _take(self, path: Path) -> Any:
        try:
            rows = self.codec.take()
        except DataError as error:
            raise _placed(error, path) from None
        self.latency.add(rows)
        return rows

    def _end(self, reader: LineReader) -> None:
        """Look at what follows the last end of line: a line, or a part of one."""
        number = reader.lines + 1
        place = f"{reader.path}:{number}"
        if not reader.cut and (not reader.tail or reader.tail.isspace()):
            if reader.lines == 0:
                raise DataError("a recording", "no line", reader.path)
            return
        if not reader.cut and _is_complete(reader.tail):
            self._line(reader.tail, self._local_time(reader.tail, reader.path, number), reader.path, number)
            return
        broken = "packed data that break off" if reader.cut else "a line that breaks off"
        if not self._allow_cut_tail:
            raise DataError(
                "a complete recording", f"{broken} (allow_cut_tail drops what is incomplete)", place
            )
        self.notes.append(f"{place}: {broken}; the incomplete line was dropped")

    def _local_time(self, line: bytes, path: Path, number: int) -> int:
        digits = line[:20].partition(b" ")[0]
        if digits.isdigit() and len(digits) in (16, 19):
            local_ts = int(digits) * (1000 if len(digits) == 16 else 1)
            if local_ts < _LATEST:
                return local_ts
        raise DataError(
            "<local time of 19 digits (ns) or 16 digits (us)> <JSON>",
            repr(line[:60].decode(errors="replace")),
            f"{path}:{number}",
        )

    def _read(self, size: int) -> None:
        self._done += size
        if self._progress is not None:
            self._progress(self._done, 2 * self._total)

    def indexed(self, done: int, rows: int) -> None:
        """Tell how far the builder is after the reading."""
        if self._progress is not None:
            self._progress(self._total + self._total * done // max(rows, 1), 2 * self._total)

    def report(self, out: Path, header: TapeHeader) -> ConversionReport:
        """Put together what is known after the end."""
        notes = [*self.notes, *header.notes]
        counters, book, clock = self.codec.counters, self.codec.book.counters, self.clock
        if clock.steps_back:
            times = f"{clock.steps_back} times, by at most" if clock.steps_back > 1 else "once, by"
            notes.append(
                f"the local time stepped back {times} {clock.largest} ns; the order of the lines was kept"
            )
        if book.gaps:
            state = "repaired by a snapshot" if self.codec.book.valid else "not repaired: no snapshot"
            gaps = "1 gap" if book.gaps == 1 else f"{book.gaps} gaps"
            notes.append(f"{gaps} in the update ids; the last was {state}")
        if book.checksums_wrong:
            notes.append(f"{book.checksums_wrong} of {book.checksums} checksums of the book were wrong")
        if book.crossed:
            notes.append(
                f"a bid was above an ask: {book.crossed} times the book was suspect until a snapshot"
            )
        if book.resets:
            notes.append(f"{book.resets} snapshots came unasked; each took the place of the book")
        if counters.trades_replayed:
            notes.append(f"{counters.trades_replayed} trades of before the recording left out")
        if not book.snapshots:
            notes.append("no snapshot: the book is built from differences only and is partial")
        if counters.ignored:
            ignored = "1 message" if counters.ignored == 1 else f"{counters.ignored} messages"
            notes.append(f"{ignored} of other streams ignored")
        notes += [f"the venue said: {text}" for text in self.codec.notices]
        return ConversionReport(
            out=fspath(out),
            files=[fspath(path) for path in self._paths],
            symbol=header.symbol,
            venue=header.venue,
            events=header.events,
            first_ts=header.first_ts,
            last_ts=header.last_ts,
            tick_size=header.tick_size,
            lot_size=header.lot_size,
            gaps=book.gaps,
            clock_correction_ns=header.clock_correction_ns,
            latency=self.latency.result(),
            messages=counters,
            book=book,
            notes=notes,
            content_hash=header.content_hash,
        )


def _check_order(paths: Sequence[Path]) -> None:
    """Refuse files in the wrong order before anything is read in earnest."""
    first: list[int] = []
    for path in paths:
        line = next(iter(LineReader(path)), b"")
        digits = line.partition(b" ")[0]
        # A line that has no time is reported when it is read.
        first.append(int(digits) * (1000 if len(digits) == 16 else 1) if digits.isdigit() else 0)
        if len(first) > 1 and 0 < first[-1] < first[-2]:
            raise DataError("files in order of time", f"{path} which begins before {paths[len(first) - 2]}")


def _is_complete(line: bytes) -> bool:
    try:
        msgspec.json.decode(line.partition(b" ")[2], type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _placed(error: DataError, path: Path) -> DataError:
    """Name the file; the codec knows only the line."""
    return DataError(error.expected, error.got, f"{path}:{error.where}")
