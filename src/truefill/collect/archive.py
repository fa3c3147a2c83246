"""The raw archive: every message as it came, as lines ``<receive time, UTC ns> <message>``, packed with gzip.

This is the form of HftBacktest's collector, one file an instrument and day, ``btcusdt_20240808.gz``, so that
its readers and `truefill convert` take the files as they are. gzip, and not zstd, because those readers know
nothing else.

What is written at once is a whole member of gzip (members that follow each other are one file). So all that
was ever flushed is readable whatever happens afterwards; a program that is killed loses what it had not
flushed, and what a power cut leaves of the last member is found at the next start, cut off, and kept beside
the file as ``.torn``.
"""

import contextlib
import os
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Literal

from isal import isal_zlib

from truefill.core.errors import ConfigError
from truefill.journal.disk import lock_folder, refused, set_aside, sync_folder

LOCK = ".collector.lock"
Period = Literal["day", "hour"]

_SECOND = 1_000_000_000  # ns
_LENGTHS = {"day": 86_400 * _SECOND, "hour": 3_600 * _SECOND}
_NAMES = {"day": "%Y%m%d", "hour": "%Y%m%d_%H"}
_BLOCK = 1 << 18  # bytes of a file that are looked at together
_LARGEST = 4 << 20  # bytes that wait for a flush; more are flushed before their time
# ISA-L's highest level packs a feed of JSON 6.3 times at 2.7 ns a byte, zlib's level 4 6.5 times at 7.9.
_LEVEL = 3
_GZIP = 16 + isal_zlib.MAX_WBITS
_TORN: type[Exception] = isal_zlib.error  # type: ignore[assignment] # its hints say an object
_BLANKS = bytes.maketrans(b"\r\n", b"  ")


class RawArchive:
    """Appends messages to the files of a folder, of one or several instruments.

    A folder has one writer at a time. Files are turned over by the receive time, UTC. A clock that steps back
    over the turn stays in the file that it was in.

    Parameters
    ----------
    folder : path
        Is made if there is none.
    period : {"day", "hour"}
        How long a file goes on: ``btcusdt_20240808.gz``, or ``btcusdt_20240808_13.gz``.
    flush_ns : int
        Messages that are older than this are flushed with the next one, ns of receive time. Whoever waits for
        messages calls `flush` as often, for the time when none come.
    fsync : bool
        Wait at each flush until it is on the disk: it then outlives a power cut, not only the program's end.

    Attributes
    ----------
    messages, bytes : int
        Flushed by this writer: messages, and packed bytes.
    torn : list of Path
        What this writer found to be incomplete and put beside its file.

    Raises
    ------
    ConfigError
        The period is none.
    DataError
        Another program writes to the folder, or it cannot be written.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        period: Period = "day",
        flush_ns: int = _SECOND,
        fsync: bool = False,
    ) -> None:
        if period not in _LENGTHS:
            raise ConfigError("day or hour", repr(period), "period")
        self.folder = Path(folder)
        self.messages = 0
        self.bytes = 0
        self.torn: list[Path] = []
        self._period: Period = period
        self._flush_ns = flush_ns
        self._fsync = fsync
        self._files: dict[str, _File] = {}
        self._oldest: int | None = None  # receive time of the first message that waits
        self._waiting = 0  # bytes
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refused(error, self.folder) from error
        self._lock = lock_folder(self.folder, LOCK, "other collector")

    def append(self, name: str, local_ts: int, message: bytes) -> None:
        """Take one message; it waits until the next flush.

        Parameters
        ----------
        name : str
            How its file's name begins: the instrument.
        local_ts : int
            When it was received, UTC ns.
        message : bytes
            As received. An end of line in it, which in JSON is a blank between two words, becomes a blank.

        Raises
        ------
        DataError
            A flush was due, and the file cannot be written; this message was taken all the same.
        """
        file = self._files.get(name)
        if file is None or local_ts >= file.until:
            file = self._open(name, local_ts)
        if b"\n" in message or b"\r" in message:
            message = message.translate(_BLANKS)
        line = b"%d %b\n" % (local_ts, message)
        file.lines.append(line)
        self._waiting += len(line)
        if self._oldest is None:
            self._oldest = local_ts
        elif local_ts - self._oldest >= self._flush_ns or self._waiting >= _LARGEST:
            self.flush()

    def flush(self) -> None:
        """Write all that waits.

        Raises
        ------
        DataError
            A file cannot be written: it ends where it ended before, and the messages still wait.
        """
        for file in self._files.values():
            self._flush(file)
        self._oldest = None
        self._waiting = 0

    def close(self) -> None:
        """Flush, and leave the folder to others.

        Raises
        ------
        DataError
            As `flush`; the folder is free even so.
        """
        if self._lock < 0:
            return
        try:
            self.flush()
        finally:
            for file in self._files.values():
                os.close(file.descriptor)
            self._files.clear()
            os.close(self._lock)
            self._lock = -1

    def path(self, name: str, local_ts: int) -> Path:
        """Give the file of an instrument and a time."""
        start = datetime.fromtimestamp(local_ts // _SECOND, UTC)
        return self.folder / f"{name}_{start.strftime(_NAMES[self._period])}.gz"

    def __enter__(self) -> "RawArchive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, name: str, local_ts: int) -> "_File":
        """Open the file of a time, and close the one before."""
        before = self._files.get(name)
        if before is not None:
            self._flush(before)
        path = self.path(name, local_ts)
        try:
            whole = whole_members(path) if path.exists() else 0
            if path.exists() and path.stat().st_size > whole:
                self.torn.append(set_aside(path, whole))
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            if self._fsync:
                sync_folder(self.folder)
        except OSError as error:
            raise refused(error, path) from error
        if before is not None:
            os.close(before.descriptor)
        length = _LENGTHS[self._period]
        file = self._files[name] = _File(path, descriptor, whole, (local_ts // length + 1) * length)
        return file

    def _flush(self, file: "_File") -> None:
        if not file.lines:
            return
        packer = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP)
        member = packer.compress(b"".join(file.lines)) + packer.flush()
        try:
            rest = memoryview(member)
            while rest:
                rest = rest[os.write(file.descriptor, rest) :]
            if self._fsync:
                os.fsync(file.descriptor)
        except OSError as error:
            with contextlib.suppress(OSError):  # what was written of the member before the disk was full
                os.ftruncate(file.descriptor, file.size)
            raise refused(error, file.path) from error
        file.size += len(member)
        self.bytes += len(member)
        self.messages += len(file.lines)
        file.lines.clear()


class _File:
    """An open file: where its last complete member ends, until when it goes on, and what waits."""

    def __init__(self, path: Path, descriptor: int, size: int, until: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.size = size
        self.until = until
        self.lines: list[bytes] = []


def whole_members(path: Path) -> int:
    """Tell where the last complete member of gzip ends, before any that is torn or damaged."""
    whole = 0
    read = 0
    unpack = isal_zlib.decompressobj(_GZIP)
    with path.open("rb") as file:
        while rest := file.read(_BLOCK):
            read += len(rest)
            while rest:
                try:
                    unpack.decompress(rest)
                except _TORN:
                    return whole
                rest = b""
                if unpack.eof:
                    rest = unpack.unused_data
                    whole = read - len(rest)
                    unpack = isal_zlib.decompressobj(_GZIP)
    return whole
