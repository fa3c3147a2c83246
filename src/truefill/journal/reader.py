"""Reading a journal: exactly as far as it is sound, and what is wrong behind that."""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from truefill.core.errors import DataError
from truefill.journal.frames import (
    HEAD_BYTES,
    SUFFIX,
    Frame,
    digest_of,
    file_name,
    find_frame,
    read_frame,
    read_head,
)


class Damage(NamedTuple):
    """Where a journal ends to be sound.

    Attributes
    ----------
    path : Path
    offset : int
        Of the first byte that is not sound.
    torn : bool
        It is the end of the last file, and no sound frame follows: what a write leaves that was cut short.
        Without that, frames that were written whole are lost or changed.
    what : str
    """

    path: Path
    offset: int
    torn: bool
    what: str


class JournalReader:
    """The frames of a folder, in order.

    Parameters
    ----------
    folder : path
    schema : str
        What the items are; the same as when it was written.

    Attributes
    ----------
    last : int
        Sequence number of the last sound item that was read; the one before the first when nothing was.
    damage : Damage or None
        Why reading ended before the last byte; known when iteration has ended.

    Raises
    ------
    DataError
        There is no such folder.
    """

    def __init__(self, folder: str | PathLike[str], schema: str) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise DataError("a folder with a journal", "no such folder", self.folder)
        self._digest = digest_of(schema)
        self._schema = schema
        self.last = 0
        self.damage: Damage | None = None

    def files(self) -> list[Path]:
        """Files of the journal, in order."""
        return sorted(path for path in self.folder.glob(f"*{SUFFIX}") if path.stem.isdecimal())

    def frames(self, after: int = 0) -> Iterator[Frame]:
        """Frames with an item of a number above `after`, the first one whole; ends where it is not sound.

        Raises
        ------
        DataError
            The journal is of other items; or it begins behind item ``after + 1``.
        """
        self.damage = None
        paths = self.files()
        if not paths:
            self.last = after
            return
        starts = [int(path.stem) for path in paths]
        # a file is passed over when the next one begins at or before what is wanted
        begin = max((i for i, start in enumerate(starts) if start <= after + 1), default=0)
        if starts[begin] > after + 1:
            raise DataError(f"item {after + 1}", f"a journal that begins at {starts[begin]}", self.folder)
        self.last = starts[begin] - 1
        for i, path in enumerate(paths[begin:], begin):
            yield from self._file(path, i == len(paths) - 1, after)
            if self.damage is not None:
                return

    def _file(self, path: Path, newest: bool, after: int) -> Iterator[Frame]:
        data = path.read_bytes()
        found = read_head(data)
        if found is None:
            torn = newest and find_frame(data, 0) is None
            self.damage = Damage(path, 0, torn, "the head is not sound")
            return
        first, digest = found
        if digest != self._digest:
            raise DataError(f"a journal of {self._schema}", "one of other items", path)
        if path.name != file_name(first) or first != self.last + 1:
            what = f"it begins with item {first}, not {self.last + 1}"
            self.damage = Damage(path, 0, False, what)
            return
        at = HEAD_BYTES
        while at < len(data):
            read = read_frame(data, at)
            if read is None:
                torn = newest and find_frame(data, at + 1) is None
                self.damage = Damage(path, at, torn, "a frame is not sound")
                return
            item, end = read
            if item.first != self.last + 1:
                what = f"a frame begins with item {item.first}, not {self.last + 1}"
                self.damage = Damage(path, at, False, what)
                return
            self.last, at = item.last, end
            if item.last > after:
                yield item
