"""The lines of a file, whatever it is packed in: gzip, xz, zip or nothing, told by its first bytes.

A file that breaks off is the normal end of a recorder that was killed, so it is told apart from a damaged
one: `LineReader` yields all whole lines and then says what was left over.
"""

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from truefill.core.errors import DataError

_BLOCK = 1 << 18  # packed; what comes out of one block is in memory at once
_LONGEST = 1 << 26  # bytes of a line; a full book of 5000 levels has some 300,000
_GZIP, _XZ, _ZIP = b"\x1f\x8b", b"\xfd7zXZ\x00", b"PK\x03\x04"


class LineReader:
    """Iterate over the whole lines of a file, without their ends.

    Parameters
    ----------
    path : Path
        The file.
    progress : callable, optional
        Called with the number of bytes of the file that were read since the last call.

    Attributes
    ----------
    lines : int
        Lines yielded so far.
    tail : bytes
        After the last line: what follows without an end of line.
    cut : bool
        After the last line: whether the packing itself breaks off.
    """

    def __init__(self, path: Path, progress: Callable[[int], None] | None = None) -> None:
        self.path = path
        self.lines = 0
        self.tail = b""
        self.cut = False
        self._progress = progress or (lambda size: None)
        if not path.exists():
            raise DataError("a file", "none with this name", path)
        if path.is_dir():
            raise DataError("a file", "a directory", path)
        if path.stat().st_size == 0:
            raise DataError("a recording", "an empty file", path)

    def __iter__(self) -> Iterator[bytes]:
        rest = b""
        for block in self._blocks():
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            for line in lines:
                self.lines += 1
                yield line
            if len(rest) > _LONGEST:
                raise DataError(
                    f"lines of at most {_LONGEST} bytes",
                    f"{len(rest)} and no end",
                    f"{self.path}:{self.lines + 1}",
                )
        self.tail = rest

    def _blocks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            head = file.read(len(_XZ))
        if head.startswith(_GZIP):
            return self._unpacked(lambda: zlib.decompressobj(zlib.MAX_WBITS | 16))
        if head.startswith(_XZ):
            return self._unpacked(lzma.LZMADecompressor)
        if head.startswith(_ZIP):
            return self._from_zip()
        return self._raw()

    def _raw(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while block := file.read(_BLOCK):
                self._progress(len(block))
                yield block

    def _unpacked(self, new: "Callable[[], zlib._Decompress | lzma.LZMADecompressor]") -> Iterator[bytes]:
        """Unpack one member after the other, as gzip and xz allow."""
        unpack = new()
        begun = False  # inside a member
        for block in self._raw():
            rest = block
            while rest and (begun or rest.strip(b"\0")):  # between members zeros are padding
                begun = True
                try:
                    out = unpack.decompress(rest)
                except (zlib.error, lzma.LZMAError) as error:
                    raise DataError("intact packed data", error, f"{self.path}:{self.lines + 1}") from None
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
            raise DataError("an intact zip archive", error, f"{self.path}:{self.lines + 1}") from None
        self._progress(self.path.stat().st_size)
