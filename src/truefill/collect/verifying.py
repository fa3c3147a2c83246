"""Check stored files of any kind: tapes, HftBacktest's events, recordings, vendors' files."""

import datetime
import tempfile
from collections.abc import Callable, Iterable
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from truefill.collect.event_files import EVENT_FORMATS, EventFiles, guess
from truefill.collect.recording import Progress, Reading
from truefill.collect.vendor_files import as_they_arrived, given_files, open_readers
from truefill.core.errors import ConfigError, DataError, TapeError
from truefill.tape import Finding, StreamVerifier, Tape, TapeBuilder, VerifyReport, check
from truefill.tape.checks import Severity, sorted_findings
from truefill.tape.format import is_tape
from truefill.tape.stream import local_pieces
from truefill.vendors import EventReader
from truefill.venues.symbols import venue_symbol
from truefill.venues.venue import Venue

# Each file a stream of its own; the parts of a wide layout are one together.
_EVENTS = {format.name for format in EVENT_FORMATS} - {"extended-parquet"}


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """One stream that was checked.

    Attributes
    ----------
    files : list of str
    kind : str
        ``"tape"``, ``"recording"``, or the formats of other files.
    symbol : str
        Empty: the files do not say.
    report : VerifyReport
    """

    files: list[str]
    kind: str
    symbol: str
    report: VerifyReport


class _Settings(NamedTuple):
    """What a verifier is made with."""

    tick_size: str | float | None
    stale_ns: int
    ghost_ns: int

    def verifier(self, tick_size: str | float | None = None, by_order: bool = False) -> StreamVerifier:
        """A new verifier; for a tape with the tape's own tick."""
        return StreamVerifier(
            tick_size=tick_size or self.tick_size,
            stale_ns=self.stale_ns,
            ghost_ns=self.ghost_ns,
            by_order=by_order,
        )


def verify(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    venue: str | Venue | None = None,
    symbol: str = "",
    format: str | None = None,
    tick_size: str | float | None = None,
    stale_ns: int = 5_000_000_000,
    ghost_ns: int = 1_000_000_000,
    progress: Progress | None = None,
    **options: str | int | datetime.date | None,
) -> list[Verified]:
    """Check stored files; memory does not depend on how long they are.

    Parameters
    ----------
    files : path or paths
        Each tape and each file of events (``.npz``, ``.npy``, Parquet) is a stream of its own; others are
        read together, as `convert` and `convert_files` do.
    venue : str, optional
        Whose recording it is; without it, other files than tapes and events are a vendor's.
    symbol : str
        Of a recording: the instrument.
    format : str, optional
        Of a vendor's files; by default told by their looks.
    tick_size : str or float, optional
        Of what does not know its own; a tape does.
    stale_ns, ghost_ns : int
        See `truefill.tape.StreamVerifier`.
    progress : callable, optional
        Called with the work done so far and the work in all.
    **options
        Of a vendor's format, as in `convert_files`.

    Returns
    -------
    list of Verified
        One for each stream.

    Raises
    ------
    DataError
        A file is missing, or cannot be read as what it is.
    """
    names = {path: name for name, path in given_files(files)}
    paths = list(names)
    if not paths:
        raise DataError("at least one file", "none")
    settings = _Settings(tick_size, stale_ns, ghost_ns)
    made, rest = [], []
    for path in paths:
        if is_tape(path) or path.suffix == ".tape":
            made.append(_tape(path, path, settings, progress))
        elif venue is None and format is None and path.is_file() and guess(path) in _EVENTS:
            made.append(_files([path], None, options, symbol, settings, progress))
        else:
            rest.append(path)
    if rest and venue is not None:
        if options or format is not None:
            raise ConfigError("options of recordings", ", ".join(options) or "format", "verify")
        made.append(_recording(rest, venue, symbol, settings, progress))
    elif rest:
        made.append(_files(rest, format, options, symbol, settings, progress))
    return [
        msgspec.structs.replace(one, files=[names.get(Path(file), file) for file in one.files])
        for one in made
    ]


def _tape(path: Path, name: Path, settings: _Settings, progress: Progress | None) -> Verified:
    """Structure and index of a tape, then its local rows as they arrived."""
    try:
        tape = Tape.open(path)
    except TapeError as error:
        if not is_tape(path):
            raise
        damaged = [Finding("error", "damaged", 1, str(error))]
        return _made([name], "tape", "", settings.verifier(), damaged)
    found = check(tape, stream=False)
    verifier = settings.verifier(tape.header.tick_size, tape.by_order)
    if not any(f.kind in ("altered", "index") for f in found):
        total = len(tape.section("local.group_ts"))
        for rows in local_pieces(tape):
            verifier.feed(rows)
            if progress is not None:
                done = verifier.messages
                progress(min(done, total), total)
    # what the tape's header remembers of the order in which the events came
    return _made([name], "tape", tape.symbol, verifier, found, {"time_backward", "no_snapshot"})


def _recording(
    paths: list[Path],
    venue: str | Venue,
    symbol: str,
    settings: _Settings,
    progress: Progress | None,
) -> Verified:
    """Rows of a recording as its codec makes them, and what the codec counts: the venue's own numbers."""
    instrument = venue_symbol(Venue.parse(venue), symbol)
    reading = Reading(paths, instrument, False, False, True, _whole(progress))
    verifier = settings.verifier()
    for rows in reading:
        verifier.feed(rows)
    book, clock = reading.codec.book.counters, reading.clock
    counted: list[tuple[Severity, str, int, str]] = [
        ("warning", "sequence", book.gaps, "breaks in the update ids"),
        ("warning", "sequence", book.out_of_order, "differences older than the one before, dropped"),
        ("info", "sequence", book.duplicates, "differences sent twice, dropped"),
        ("info", "snapshot_refused", book.snapshots_refused, "snapshots older than what was known, not used"),
        ("warning", "time_backward", clock.steps_back, "lines with a local time before the line before"),
        ("info", "other_streams", reading.codec.counters.ignored, "messages of other streams"),
    ]
    found = [
        Finding(severity, kind, count, f"{text}: {count:,}")
        for severity, kind, count, text in counted
        if count
    ]
    found += [Finding("warning", "cut", 1, note) for note in reading.notes]
    return _made(paths, "recording", str(instrument), verifier, found)


def _files(
    paths: list[Path],
    format: str | None,
    options: dict[str, Any],
    symbol: str,
    settings: _Settings,
    progress: Progress | None,
) -> Verified:
    """A vendor's files: one of levels as it is; several, or single orders, by way of a tape."""
    readers = open_readers(paths, format, options, progress)
    kind = ", ".join(dict.fromkeys(format.name for format, _ in readers))
    if not any(format.orders for format, _ in readers):
        first = readers[0][1]
        verifier = settings.verifier(first.tick_size if isinstance(first, EventFiles) else None)
        for rows in as_they_arrived([reader for _, reader in readers]):
            verifier.feed(rows)
        odd = [finding for _, reader in readers for finding in _odd(reader)]
        return _made(paths, kind, symbol, verifier, odd)
    with tempfile.TemporaryDirectory(prefix="truefill-verify-") as folder:
        tape = Path(folder) / "events.tape"
        with TapeBuilder(
            tape, symbol=symbol or "FILE", tick_size=settings.tick_size, source=paths
        ) as builder:
            for rows in as_they_arrived([reader for _, reader in readers]):
                builder.append(rows)
            builder.finish()
        verified = _tape(tape, paths[0], settings, progress)
    found = sorted_findings([*verified.report.findings, *(f for _, reader in readers for f in _odd(reader))])
    report = msgspec.structs.replace(verified.report, findings=found)
    return Verified(files=[fspath(p) for p in paths], kind=kind, symbol=symbol, report=report)


def _odd(reader: EventReader) -> list[Finding]:
    counters = reader.counters
    odd = [
        Finding("warning", "source", number, f"{name.replace('_', ' ')}: {number:,}")
        for name, number in counters.odd().items()
    ]
    return odd + [Finding("info", "note", 1, note) for note in counters.notes]


def _made(
    paths: list[Path],
    kind: str,
    symbol: str,
    verifier: StreamVerifier,
    found: list[Finding],
    known: frozenset[str] | set[str] = frozenset(),
) -> Verified:
    """Put both kinds of findings together; the stream's of `known` kinds are left out."""
    report = verifier.report()
    findings = sorted_findings([*found, *(f for f in report.findings if f.kind not in known)])
    return Verified(
        files=[fspath(path) for path in paths],
        kind=kind,
        symbol=symbol,
        report=msgspec.structs.replace(report, findings=findings),
    )


def _whole(progress: Progress | None) -> Callable[[int, int], None] | None:
    """Progress of something that is only read: the reader counts on indexing as much again."""
    return None if progress is None else lambda done, total: progress(done, total // 2)
