"""Historical files of vendors and venues, and of events, into a tape, Parquet or HftBacktest's events."""

import contextlib
import datetime
import functools
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal

import numpy as np

from truefill.collect.event_files import ALL_FORMATS, EventFiles, TapeFiles, as_decimals, guess
from truefill.collect.lacks import lacks
from truefill.collect.recording import Progress
from truefill.collect.targets import ENDINGS, building_folder, check_ending
from truefill.collect.wide_reader import wide_files
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import EXCH, LOCAL
from truefill.tape import ParquetWriter, Tape, TapeBuilder, write_npz, write_parquet
from truefill.tape.remote import ahead, is_remote, local, sent, url
from truefill.vendors import EventReader, Format, ReaderCounters, all_events
from truefill.vendors.merging import Chunk, Source, merged

_BY_NAME = {format.name: format for format in ALL_FORMATS}

# Counters that say how much there was of something, and nothing of how good it is.
_ORDINARY = {
    "deletes",
    "heartbeats",
    "ignored",
    "info_messages",
    "order_books",
    "paired_executions",
    "snapshot_orders",
    "snapshots",
    "updates",
}


@dataclass(frozen=True, slots=True)
class FilesReport:
    """What a conversion of historical files read, counted and wrote. Times in UTC nanoseconds."""

    out: str
    files: list[str]
    format: str
    symbol: str
    venue: str
    events: int
    first_ts: int | None  # local, corrected
    last_ts: int | None
    tick_size: str | None  # None: events have no steps
    lot_size: str | None
    gaps: int
    clock_correction_ns: int
    counters: ReaderCounters
    notes: list[str] = field(default_factory=list)
    content_hash: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain nested dictionaries, ready for JSON."""
        return asdict(self)


def convert_files(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    symbol: str = "",
    out: str | PathLike[str],
    format: str | None = None,
    venue: str = "",
    to: Literal["tape", "npz", "parquet"] = "tape",
    tick_size: str | float | None = None,
    lot_size: str | float | None = None,
    strict: bool = False,
    base_latency_ns: int = 0,
    progress: Progress | None = None,
    **options: str | int | datetime.date | None,
) -> FilesReport:
    """Convert historical files of one instrument.

    Parameters
    ----------
    files : path or paths
        One file, or several of one instrument: days that follow each other, or kinds that complete each other
        (a book and trades); or a market's folder of Extended's pipeline; or tapes of levels. For LOBSTER
        message files, with or without the order-book files.
    symbol : str
        What the tape shall call the instrument, ``ESH4.CME``; by default what a tape or a Parquet file of
        events calls it.
    out : path
        The file to write; it appears when it is complete.
    format : str, optional
        Of all files, as `truefill formats` lists them; by default told by each file's name and first line.
    venue : str
        By default what a file of events says, or what stands after the symbol's last dot.
    to : {"tape", "npz", "parquet"}
        A tape, HftBacktest's events, or events as Parquet (`truefill.tape.write_parquet`). Parquet of single
        orders has the events as the source has them, also where a clock runs behind.
    tick_size, lot_size : str or float, optional
        Steps of price and quantity; without them, those that a file of events says, or the largest that
        divide the data.
    strict : bool
        Refuse a local clock behind the exchange's; else it is corrected.
    base_latency_ns : int
        What the fastest message shall have taken, if the clock has to be corrected.
    progress : callable, optional
        Called with the work done so far and the work in all, in bytes of the files: read, then indexed.
    **options
        What the formats' readers take, as their pages and `Format.options` say: LOBSTER `date`, `timezone`,
        `feed_latency_ns`; Databento `instrument`; Bitfinex `start`, `step_ns`; ...

    Returns
    -------
    FilesReport

    Raises
    ------
    DataError
        A file is missing, damaged, or not of this format.
    ConfigError
        An unknown format, or an option that it does not have.
    """
    if to not in ENDINGS:
        raise ConfigError("tape, npz or parquet", repr(to), "to")
    if is_remote(out):
        with sent(out) as made:
            report = convert_files(
                files,
                symbol=symbol,
                out=made,
                format=format,
                venue=venue,
                to=to,
                tick_size=tick_size,
                lot_size=lot_size,
                strict=strict,
                base_latency_ns=base_latency_ns,
                progress=progress,
                **options,
            )
        return replace(report, out=url(out))
    paths = [path for _, path in given_files(files)]
    target = local(out)
    if not target.parent.is_dir():
        raise DataError("an existing folder for the result", target.parent, "out")
    check_ending(target, to)
    groups = _groups(paths, format)
    work = _Work(paths, progress)
    readers = _readers(groups, {name: value for name, value in options.items() if value is not None}, work)
    format = ", ".join(dict.fromkeys(group.name for group, _ in groups))
    facts: dict[str, Any] = {"out": fspath(out), "files": [fspath(p) for p in paths], "format": format}
    symbol = symbol or _symbol(readers)
    alone = readers[0] if len(readers) == 1 and isinstance(readers[0], EventFiles) else None
    if alone is not None:
        venue = venue or alone.venue
    if to == "npz":
        return _write_events(readers, target, symbol, venue, strict, base_latency_ns, facts)
    if alone is not None:
        tick_size, lot_size = tick_size or alone.tick_size, lot_size or alone.lot_size
    with contextlib.ExitStack() as stack:
        path = target
        if to == "parquet":
            folder = stack.enter_context(building_folder(target))
            path = folder / "events.tape"
        builder = TapeBuilder(
            path,
            symbol=symbol,
            venue=venue,
            tick_size=tick_size,
            lot_size=lot_size,
            base_latency_ns=base_latency_ns,
            strict=strict,
            progress=work.indexed,
            source=paths,
        )
        with builder:
            for rows in as_they_arrived(readers):
                builder.append(rows)
            tape = builder.finish()
        if to == "parquet":
            _write_parquet(tape, readers, target)
        header = tape.header
    counters = _together(readers)
    return FilesReport(
        **facts,
        symbol=header.symbol,
        venue=header.venue,
        events=header.events,
        first_ts=header.first_ts,
        last_ts=header.last_ts,
        tick_size=header.tick_size,
        lot_size=header.lot_size,
        gaps=header.gaps,
        clock_correction_ns=header.clock_correction_ns,
        counters=counters,
        notes=[*_notes(counters), *header.notes, *lacks(header)],
        content_hash=header.content_hash,
    )


def given_files(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
) -> list[tuple[str, Path]]:
    """Name and place here of each file that a user gives: objects are fetched, folders opened."""
    named = [files] if isinstance(files, (str, PathLike)) else list(files)
    return [
        (url(name) if is_remote(name) else fspath(path), path)
        for name, file in zip(named, ahead(named), strict=True)
        for path in (wide_files(file) if file.is_dir() else [file])
    ]


def _symbol(readers: list[EventReader]) -> str:
    """What the files call their instrument.

    Raises
    ------
    ConfigError
        None of them says.
    DataError
        They say different things.
    """
    named = dict.fromkeys(r.symbol for r in readers if isinstance(r, EventFiles) and r.symbol)
    if not named:
        raise ConfigError("what the tape shall call the instrument", "nothing", "symbol")
    if len(named) > 1:
        raise DataError("files of one instrument", " and ".join(named), "symbol")
    return next(iter(named))


def _write_parquet(tape: Tape, readers: list[EventReader], target: Path) -> None:
    """Write the tape's events; those of single orders, whose numbers it does not keep, as they were read."""
    if not tape.by_order:
        write_parquet(tape, target)
        return
    header = tape.header
    with ParquetWriter(
        target,
        symbol=header.symbol,
        venue=header.venue,
        tick_size=header.tick_size,
        lot_size=header.lot_size,
    ) as writer:
        for rows, _ in merged(_sources(readers)):
            writer.append(rows)
        writer.close()


class _Work:
    """Progress in bytes: each file is read, then indexed."""

    def __init__(self, paths: list[Path], progress: Progress | None) -> None:
        self._total = sum(path.stat().st_size for path in paths if path.is_file())
        self._done = 0
        self._progress = progress

    def read(self, size: int) -> None:
        self._done = min(self._done + size, self._total)
        if self._progress is not None:
            self._progress(self._done, 2 * self._total)

    def indexed(self, stage: str, done: int, total: int) -> None:
        if stage == "index" and self._progress is not None:
            # Orders become more rows than the builder was given.
            self._progress(self._total + self._total * min(done, total) // max(total, 1), 2 * self._total)


def _groups(paths: list[Path], format: str | None) -> list[tuple[Format, tuple[Path, ...]]]:
    """Which files are read together, and as what; in the order of the files."""
    if not paths:
        raise DataError("at least one file", "none")
    if format is not None and format not in _BY_NAME:
        raise ConfigError(" or ".join(_BY_NAME), repr(format), "format")
    of_format: dict[str, list[Path]] = {}
    for path in paths:
        name = format or guess(path)
        if name is None:
            names = ", ".join(known.name for known in ALL_FORMATS)
            raise DataError(
                f"a file of {names} (or a recording and its --venue, or other columns and --format mapped)",
                "none of them",
                path,
            )
        of_format.setdefault(name, []).append(path)
    if len(of_format) > 1 and any(_BY_NAME[name].orders for name in of_format):
        raise DataError(
            "files of one format, since they tell of single orders", ", ".join(of_format), paths[-1]
        )
    groups = [
        (_BY_NAME[name], group) for name, its in of_format.items() for group in _BY_NAME[name].groups(its)
    ]
    return sorted(groups, key=lambda group: paths.index(group[1][0]))


def _readers(
    groups: list[tuple[Format, tuple[Path, ...]]], given: dict[str, Any], work: "_Work"
) -> list[EventReader]:
    known = {name for format, _ in groups for name in format.options}
    for name in sorted(set(given) - known):
        names = ", ".join(sorted({format.name for format, _ in groups}))
        has = ", ".join(sorted(known)) or "none"
        raise ConfigError(f"options that {names} has ({has})", name, "options")
    return [
        format.read(
            *paths,
            progress=work.read,
            **{name: value for name, value in given.items() if name in format.options},
        )
        for format, paths in groups
    ]


def as_they_arrived(readers: list[EventReader]) -> Iterator[np.ndarray]:
    """Rows of several readers in order of arrival: a builder then keeps only what is out of order."""
    for rows, _ in merged(_sources(readers)):
        yield rows


def _sources(readers: list[EventReader]) -> list[Source]:
    """What begins to read each, as chunks of one kind of record if there are several to be merged."""

    def chunks(reader: EventReader) -> Iterator[Chunk]:
        for rows in reader:
            yield as_decimals(rows) if len(readers) > 1 else rows, np.zeros(len(rows), np.int64)

    return [functools.partial(chunks, reader) for reader in readers]


def open_readers(
    paths: list[Path], format: str | None, options: dict[str, Any], progress: Progress | None
) -> list[tuple[Format, EventReader]]:
    """Open historical files for whoever only reads them, as `convert_files` does.

    Parameters
    ----------
    paths : list of Path
    format : str or None
        None: told by each file's name and first line.
    options : dict
        Of the formats' readers; those that are None are left out.
    progress : Progress or None
        Gets the bytes that were read, and twice their number in all.
    """
    groups = _groups(paths, format)
    given = {name: value for name, value in options.items() if value is not None}
    readers = _readers(groups, given, _Work(paths, progress))
    return [(group[0], reader) for group, reader in zip(groups, readers, strict=True)]


def _together(readers: list[EventReader]) -> ReaderCounters:
    counters = ReaderCounters()
    for reader in readers:
        counters.add(reader.counters)
    return counters


def _notes(counters: ReaderCounters) -> list[str]:
    """What was odd, in words, and what was done about it."""
    odd = [f"{name.replace('_', ' ')}: {number:,}" for name, number in counters.odd().items()]
    others = [
        f"{name.replace('_', ' ')}: {number:,}"
        for name, number in counters.others.items()
        if number and name not in _ORDINARY
    ]
    return odd + others + counters.notes


def _write_events(
    readers: list[EventReader],
    target: Path,
    symbol: str,
    venue: str,
    strict: bool,
    base_latency_ns: int,
    facts: dict[str, Any],
) -> FilesReport:
    """Write what the reader gives as it is, in HftBacktest's order of rows."""
    events = np.concatenate(
        [r.in_both_orders() if isinstance(r, TapeFiles) else all_events(r) for r in readers]
    )
    counters = _together(readers)
    if not len(events):
        raise DataError("at least one event", "none", facts["files"][0])
    notes = _notes(counters)
    behind = int((events["exch_ts"] - events["local_ts"]).max())
    shift = 0
    if behind > 0:
        if strict:
            expected = "local times at or after the exchange's"
            raise DataError(expected, f"a local clock {behind} ns behind", facts["files"][0])
        shift = behind + base_latency_ns
        events["local_ts"] += shift
        notes.append(f"local clock {behind / 1e6:,.3f} ms behind: {shift / 1e6:,.3f} ms added")
    exch, local = (events[events["ev"] & np.uint64(flag) != 0] for flag in (EXCH, LOCAL))
    if (np.diff(exch["exch_ts"]) < 0).any() or (np.diff(local["local_ts"]) < 0).any():
        # One place cannot serve both orders: all rows for the exchange, then all for the local side.
        exch = exch[np.argsort(exch["exch_ts"], kind="stable")]
        local = local[np.argsort(local["local_ts"], kind="stable")]
        exch["ev"] &= ~np.uint64(LOCAL)
        local["ev"] &= ~np.uint64(EXCH)
        events = np.concatenate([exch, local])
    write_npz(events, target)
    return FilesReport(
        **facts,
        symbol=symbol,
        venue=venue or symbol.rpartition(".")[2],
        events=len(events),
        first_ts=int(events["local_ts"].min()),
        last_ts=int(events["local_ts"].max()),
        tick_size=None,
        lot_size=None,
        gaps=0,
        clock_correction_ns=shift,
        counters=counters,
        notes=notes,
    )
