"""The lines of a file, whatever it is packed in: gzip, xz, zstd, zip or nothing, told by its first bytes.

A file that breaks off is the normal end of a recorder that was killed, so it is told apart from a damaged
one: `LineReader` yields all whole lines and then says what was left over.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from truefill.core.errors import DataError
from truefill.vendors.packed import Blocks

_LONGEST = 1 << 26  # bytes of a line; a full book of 5000 levels has some 300,000


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
        self._blocks = Blocks(path, progress).place(lambda: f"{path}:{self.lines + 1}")

    @property
    def cut(self) -> bool:
        """Whether the packing itself breaks off."""
        return self._blocks.cut

    def __iter__(self) -> Iterator[bytes]:
        rest = b""
        for block in self._blocks:
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
