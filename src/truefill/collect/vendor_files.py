"""Order-by-order files of vendors and venues (`truefill.vendors`), into a tape or HftBacktest's events."""

import datetime
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal

import numpy as np

from truefill.collect.recording import Progress
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import EXCH, LOCAL
from truefill.tape import TapeBuilder, write_npz
from truefill.vendors import (
    EventReader,
    ReaderCounters,
    all_events,
    guess_format,
    read_bitfinex,
    read_bitstamp,
    read_databento,
    read_lobster,
)
from truefill.vendors.guess import FORMATS

_OPTIONS = {
    "lobster": {"date", "timezone", "feed_latency_ns"},
    "databento": {"instrument"},
    "bitstamp": {"feed_latency_ns"},
    "bitfinex": {"start", "step_ns", "feed_latency_ns"},
}

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
class OrdersReport:
    """What a conversion of single orders read, counted and wrote. Times in UTC nanoseconds."""

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


def convert_orders(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    symbol: str,
    out: str | PathLike[str],
    format: str | None = None,
    venue: str = "",
    to: Literal["tape", "npz"] = "tape",
    tick_size: str | float | None = None,
    lot_size: str | float | None = None,
    strict: bool = False,
    base_latency_ns: int = 0,
    progress: Progress | None = None,
    **options: str | int | datetime.date | None,
) -> OrdersReport:
    """Convert a file of single orders.

    Parameters
    ----------
    files : path or paths
        One file; for LOBSTER the message file, with or without the order-book file.
    symbol : str
        What the tape shall call the instrument, ``ESH4.CME``.
    out : path
        The file to write; it appears when it is complete.
    format : {"lobster", "databento", "bitstamp", "bitfinex"}, optional
        By default told by the file's name and first line.
    venue : str
        By default what stands after the symbol's last dot.
    to : {"tape", "npz"}
        A tape, or HftBacktest's events.
    tick_size, lot_size : str or float, optional
        Steps of price and quantity; without them, the largest that divide the data.
    strict : bool
        Refuse a local clock behind the exchange's; else it is corrected.
    base_latency_ns : int
        What the fastest message shall have taken, if the clock has to be corrected.
    progress : callable, optional
        Called with the work done so far and the work in all, in bytes of the files: read, then indexed.
    **options
        What the format's reader takes: LOBSTER `date`, `timezone`, `feed_latency_ns`; Databento `instrument`;
        Bitstamp `feed_latency_ns`; Bitfinex `start`, `step_ns`, `feed_latency_ns`.

    Returns
    -------
    OrdersReport

    Raises
    ------
    DataError
        A file is missing, damaged, or not of this format.
    ConfigError
        An unknown format, or an option that it does not have.
    """
    if to not in ("tape", "npz"):
        raise ConfigError("tape or npz", repr(to), "to")
    paths = [Path(files)] if isinstance(files, (str, PathLike)) else [Path(f) for f in files]
    target = Path(out)
    if not target.parent.is_dir():
        raise DataError("an existing folder for the result", target.parent, "out")
    if to == "npz" and target.suffix not in (".npz", ".npy"):
        raise ConfigError("a name that ends in .npz", target.name, "out")
    paths = _in_order(paths)
    if format is None:
        format = guess_format(paths[0])
        if format is None:
            kinds = ", ".join(FORMATS)
            raise DataError(f"a file of {kinds} (or a recording and its --venue)", "neither", paths[0])
    given = {name: value for name, value in options.items() if value is not None}
    work = _Work(paths, progress)
    reader = _reader(format, paths, given, work)
    facts: dict[str, Any] = {"out": fspath(out), "files": [fspath(p) for p in paths], "format": format}
    if to == "npz":
        return _write_events(reader, target, symbol, venue, strict, base_latency_ns, facts)
    with TapeBuilder(
        target,
        symbol=symbol,
        venue=venue,
        tick_size=tick_size,
        lot_size=lot_size,
        base_latency_ns=base_latency_ns,
        strict=strict,
        progress=work.indexed,
        source=paths,
    ) as builder:
        for rows in reader:
            builder.append(rows)
        header = builder.finish().header
    return OrdersReport(
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
        counters=reader.counters,
        notes=[*_notes(reader.counters), *header.notes],
        content_hash=header.content_hash,
    )


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


def _in_order(paths: list[Path]) -> list[Path]:
    """One file, or LOBSTER's messages and then its order book."""
    if len(paths) == 2:
        books = [path for path in paths if "_orderbook_" in path.name]
        messages = [path for path in paths if "_message_" in path.name]
        if len(books) == len(messages) == 1:
            return messages + books
    if len(paths) != 1:
        raise DataError("one file (or LOBSTER's message and order-book file)", f"{len(paths)} files")
    return paths


def _reader(format: str, paths: list[Path], given: dict[str, Any], work: _Work) -> EventReader:
    if format not in _OPTIONS:
        raise ConfigError(" or ".join(FORMATS), repr(format), "format")
    for name in sorted(set(given) - _OPTIONS[format]):
        has = ", ".join(sorted(_OPTIONS[format]))
        raise ConfigError(f"options that {format} has ({has})", name, "options")
    path = paths[0]
    if len(paths) == 2 and format != "lobster":
        raise DataError("one file", "2 files", path)
    if format == "lobster":
        return read_lobster(path, paths[1] if len(paths) == 2 else None, progress=work.read, **given)
    if format == "databento":
        return read_databento(path, progress=work.read, **given)
    if format == "bitstamp":
        return read_bitstamp(path, progress=work.read, **given)
    return read_bitfinex(path, progress=work.read, **given)


def _notes(counters: ReaderCounters) -> list[str]:
    """What was odd, in words, and what was done about it."""
    odd = [f"{name.replace('_', ' ')}: {number:,}" for name, number in counters.odd().items()]
    others = [
        f"{name.replace('_', ' ')}: {number:,}"
        for name, number in counters.others.items()
        if number and name not in _ORDINARY
    ]
    return odd + others


def _write_events(
    reader: EventReader,
    target: Path,
    symbol: str,
    venue: str,
    strict: bool,
    base_latency_ns: int,
    facts: dict[str, Any],
) -> OrdersReport:
    """Write what the reader gives as it is, in HftBacktest's order of rows."""
    events = all_events(reader)
    if not len(events):
        raise DataError("at least one event", "none", facts["files"][0])
    notes = _notes(reader.counters)
    behind = int((events["exch_ts"] - events["local_ts"]).max())
    shift = 0
    if behind > 0:
        if strict:
            expected = "local times at or after the exchange's"
            raise DataError(expected, f"a local clock {behind} ns behind", facts["files"][0])
        shift = behind + base_latency_ns
        events["local_ts"] += shift
        notes.append(f"local clock {behind / 1e6:,.3f} ms behind: {shift / 1e6:,.3f} ms added")
    if (np.diff(events["exch_ts"]) < 0).any() or (np.diff(events["local_ts"]) < 0).any():
        # One place cannot serve both orders: all rows for the exchange, then all for the local side.
        exch = events[np.argsort(events["exch_ts"], kind="stable")]
        local = events[np.argsort(events["local_ts"], kind="stable")]
        exch["ev"] &= ~np.uint64(LOCAL)
        local["ev"] &= ~np.uint64(EXCH)
        events = np.concatenate([exch, local])
    write_npz(events, target)
    return OrdersReport(
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
        counters=reader.counters,
        notes=notes,
    )
