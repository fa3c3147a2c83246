"""Writing a journal: what was appended outlives the process, or the power, as was chosen."""

import contextlib
import os
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Literal, get_args

import numpy as np

from truefill.core.errors import ConfigError, DataError, shown
from truefill.journal.disk import lock_folder, refused, set_aside, sync_folder
from truefill.journal.frames import HEAD_BYTES, LARGEST, Frame, digest_of, file_name, frame, head
from truefill.journal.reader import JournalReader

Durability = Literal["buffered", "process", "disk"]
DURABILITIES: tuple[str, ...] = get_args(Durability)

LOCK = ".journal.lock"
_ROOM = 1 << 18  # bytes that wait, at most, when buffered


class Journal:
    """Appends frames to the files of a folder; one writer at a time.

    A folder that has a journal is gone on with: its frames are read and checked first. A frame at its end
    that was cut short, as a killed process leaves it, is set aside as ``.torn``.

    Parameters
    ----------
    folder : path
        Is made if there is none.
    schema : str
        What the items are, e.g. with the version of their layout.
    durability : {"buffered", "process", "disk"}
        What `append` waits for. ``process``: the system has it, so it survives the end of this process,
        however that comes; some microseconds. ``disk``: it is on the disk, and survives a power cut.
        ``buffered``: neither, until `flush`.
    file_bytes : int
        A new file is begun when one is so long.
    after : int
        Item up to which the owner knows everything, from a snapshot: files that end before are not looked at.
        A new journal begins behind it.
    replay : callable, optional
        Is told the frames that go beyond `after`, in order, while they are checked.
    accept_damage : bool
        Go on behind the last sound frame of a journal that is damaged before its end; what is behind it is
        set aside as ``.damaged``. By default that is refused.

    Attributes
    ----------
    last : int
        Sequence number of the last item, `after` before any; after a write that failed, of the last one
        before.
    set_aside : list of Path
        What was found not to be sound.

    Raises
    ------
    ConfigError
        The durability is none, or a length is too small.
    DataError
        Another process writes to the folder, it cannot be written, or the journal is damaged before its end:
        the message tells the last good sequence number.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        schema: str,
        *,
        durability: Durability = "process",
        file_bytes: int = 1 << 28,
        after: int = 0,
        replay: Callable[[Frame], None] | None = None,
        accept_damage: bool = False,
    ) -> None:
        if durability not in DURABILITIES:
            raise ConfigError(f"one of {', '.join(DURABILITIES)}", shown(durability), "durability")
        if file_bytes < HEAD_BYTES + 1:
            raise ConfigError(f"more than {HEAD_BYTES} bytes", file_bytes, "file_bytes")
        self.folder, self.durability = Path(folder), durability
        self.last = after
        self.set_aside: list[Path] = []
        self._digest, self._file_bytes = digest_of(schema), file_bytes
        self._file, self._size = -1, 0
        self._waiting: list[bytes] = []
        self._waits = 0
        self._given = self.last  # the last item that the system has
        self._failed = False
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refused(error, self.folder) from error
        self._lock = lock_folder(self.folder, LOCK, "other journal")
        try:
            self._recover(JournalReader(self.folder, schema), after, replay, accept_damage)
        except BaseException:
            os.close(self._lock)
            raise

    def _recover(
        self,
        reader: JournalReader,
        after: int,
        replay: Callable[[Frame], None] | None,
        accept_damage: bool,
    ) -> None:
        paths = reader.files()
        if not paths:
            return
        for item in reader.frames(after):
            if replay is not None:
                replay(item)
        if reader.last < after:
            raise DataError(f"a journal up to item {after}", f"one that ends with {reader.last}", self.folder)
        self.last = self._given = reader.last
        if (damage := reader.damage) is not None:
            if not damage.torn and not accept_damage:
                raise DataError(
                    f"a sound journal (its last good item is {reader.last})",
                    f"{damage.what} at byte {damage.offset}",
                    damage.path,
                )
            suffix = ".torn" if damage.torn else ".damaged"
            for path in reversed(paths[paths.index(damage.path) :]):
                keep = damage.offset if path == damage.path else 0
                self.set_aside.append(set_aside(path, keep, suffix))
                if keep == 0:
                    path.unlink()
            sync_folder(self.folder)
        paths = reader.files()
        if paths:
            self._file = os.open(paths[-1], os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            self._size = os.fstat(self._file).st_size

    def append(self, payload: bytes | memoryview | np.ndarray, count: int = 1, kind: int = 0) -> int:
        """Append `count` items at once.

        Parameters
        ----------
        payload : bytes-like, or a contiguous array
        count : int
            How many sequence numbers it takes, at least 1.
        kind : int
            What the owner says it is, 0 to 2^32 - 1.

        Returns
        -------
        int
            Sequence number of its last item.

        Raises
        ------
        DataError
            It cannot be written. The file is cut back to what it was, and the journal takes nothing more.
        ConfigError
            No items, or a payload over 1 GiB.
        """
        if isinstance(payload, np.ndarray):
            payload = np.ascontiguousarray(payload).view(np.uint8).reshape(-1).data
        if count < 1 or not 0 <= kind < 1 << 32 or len(payload) > LARGEST:
            raise ConfigError(
                "an item or more, of at most 1 GiB", f"{count} of {len(payload)} bytes", "append"
            )
        if self._failed or self._lock < 0:
            raise DataError("an open journal", "a closed one, or one that failed before", self.folder)
        text = frame(self.last + 1, count, kind, payload)
        full = self._size > HEAD_BYTES and self._size + self._waits + len(text) > self._file_bytes
        if self._file < 0 or full:
            self._begin()
        self._waiting.append(text)
        self._waits += len(text)
        self.last += count
        if self.durability != "buffered" or self._waits > _ROOM:
            self._write(self.durability == "disk")
        return self.last

    def flush(self, *, disk: bool = False) -> None:
        """Give the system what waits; with `disk`, wait until it is on the disk.

        Raises
        ------
        DataError
            It cannot be written.
        """
        self._write(disk or self.durability == "disk")

    def _begin(self) -> None:
        """Begin a new file."""
        self._write(True)
        path = self.folder / file_name(self.last + 1)
        try:
            made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
            if self._file >= 0:
                os.close(self._file)
            self._file, self._size = made, 0
            self._put(head(self.last + 1, self._digest))
            os.fsync(made)
            sync_folder(self.folder)
        except OSError as error:
            self._failed = True
            raise refused(error, path) from error

    def _write(self, disk: bool) -> None:
        if self._waiting:
            text = self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting)
            try:
                self._put(text)
            except OSError as error:
                self._failed = True
                self.last = self._given
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, self._size)
                raise refused(error, self.folder) from error
            self._waiting.clear()
            self._waits = 0
            self._given = self.last
        if disk and self._file >= 0:
            try:
                os.fdatasync(self._file)
            except OSError as error:  # what is on the disk now is not known: only a reader can tell
                self._failed = True
                raise refused(error, self.folder) from error

    def _put(self, text: bytes) -> None:
        done = 0
        while done < len(text):  # a nearly full disk takes a part
            done += os.write(self._file, text[done:] if done else text)
        self._size += len(text)

    def close(self) -> None:
        """Write what waits, to the disk, and let go of the folder."""
        if self._lock < 0:
            return
        try:
            if not self._failed:
                self._write(True)
        finally:
            if self._file >= 0:
                os.close(self._file)
            os.close(self._lock)
            self._file = self._lock = -1

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
