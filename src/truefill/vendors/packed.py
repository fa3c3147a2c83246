"""The bytes of a file, whatever it is packed in: gzip, xz, zstd, zip or nothing, told by its first bytes.

A file that breaks off is the normal end of a recorder that was killed, so it is told apart from a damaged
one: `Blocks.cut` says so after the last block.
"""

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from isal import isal_zlib

from truefill.core.errors import DataError

_BLOCK = 1 << 18  # packed; what comes out of one block is in memory at once
_MEMBERS = 16 + isal_zlib.MAX_WBITS  # gzip's
_MEMBER_ERROR: type[Exception] = isal_zlib.error  # type: ignore[assignment] # its hints say an object
_GZIP, _XZ, _ZIP, _ZSTD = b"\x1f\x8b", b"\xfd7zXZ\x00", b"PK\x03\x04", b"\x28\xb5\x2f\xfd"


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


class Blocks:
    """Iterate over the unpacked bytes of a file, in blocks of any size.

    Parameters
    ----------
    path : Path
        The file.
    progress : callable, optional
        Called with the number of bytes of the file that were read since the last call.

    Attributes
    ----------
    cut : bool
        After the last block: whether the packing itself breaks off.

    Raises
    ------
    DataError
        There is no such file, it is empty, damaged, or packed with zstd and the library for it is missing.
    """

    def __init__(self, path: Path, progress: Callable[[int], None] | None = None) -> None:
        self.path = path
        self.cut = False
        self._progress = progress or (lambda size: None)
        self._where: Callable[[], object] = lambda: path
        if not path.exists():
            raise DataError("a file", "none with this name", path)
        if path.is_dir():
            raise DataError("a file", "a directory", path)
        if path.stat().st_size == 0:
            raise DataError("a recording", "an empty file", path)

    def place(self, where: Callable[[], object]) -> "Blocks":
        """Let errors name the place that `where` gives, a file and line."""
        self._where = where
        return self

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            head = file.read(len(_XZ))
        if head.startswith(_GZIP):
            return self._unpacked(lambda: isal_zlib.decompressobj(_MEMBERS), (_MEMBER_ERROR,))
        if head.startswith(_XZ):
            return self._unpacked(lzma.LZMADecompressor, (lzma.LZMAError,))
        if head.startswith(_ZSTD):
            return self._unpacked(*_zstd(self.path))
        if head.startswith(_ZIP):
            return self._from_zip()
        return self._raw()

    def _raw(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while block := file.read(_BLOCK):
                self._progress(len(block))
                yield block

    def _unpacked(self, new: Callable[[], _Unpacker], errors: tuple[type[Exception], ...]) -> Iterator[bytes]:
        """Unpack one member after the other, as gzip, xz and zstd allow."""
        unpack = new()
        begun = False  # inside a member
        for block in self._raw():
            rest = block
            while rest and (begun or rest.strip(b"\0")):  # between members zeros are padding
                begun = True
                try:
                    out = unpack.decompress(rest)
                except errors as error:
                    raise DataError("intact packed data", error, self._where()) from None
                yield out
                rest = b""
                if unpack.eof:
                    rest, unpack, begun = unpack.unused_data, new(), False
        self.cut = begun

    def _from_zip(self) -> Iterator[bytes]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                names = [name for name in archive.namelist() if not name.endswith("/")]
                if len(names) != 1:
                    raise DataError("one file in the archive", f"{len(names)}", self.path)
                with archive.open(names[0]) as file:
                    while block := file.read(_BLOCK):
                        yield block
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise DataError("an intact zip archive", error, self._where()) from None
        self._progress(self.path.stat().st_size)


def _zstd(path: Path) -> tuple[Callable[[], _Unpacker], tuple[type[Exception], ...]]:
    try:
        import zstandard
    except ImportError:
        raise DataError(
            "the library zstandard, which reads zstd (pip install 'truefill[databento]')", "none", path
        ) from None
    return zstandard.ZstdDecompressor().decompressobj, (zstandard.ZstdError,)


def first_line(path: Path) -> str:
    """Give the first line of a file, unpacked, up to 1,000 letters."""
    text = next(iter(Blocks(path)), b"")
    return text.partition(b"\n")[0][:1000].decode("utf-8", "replace").strip("\r\ufeff")
