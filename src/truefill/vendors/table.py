"""Comma-separated files, packed or not, as integers: in blocks, exactly, with errors that name the line."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError
from truefill.vendors import table_kernels as k
from truefill.vendors.packed import Blocks

_LONGEST = 1 << 20  # bytes of a line


class Column(NamedTuple):
    """One column of a table."""

    name: str
    kind: int  # of table_kernels
    places: int = 0  # decimal places of a NUMBER


class TableBlock(NamedTuple):
    """Some consecutive rows of a table."""

    columns: dict[str, NDArray[np.int64]]  # by name, without what is skipped
    lines: NDArray[np.int64]  # of each row, the first line of the file is 1
    exps: dict[str, NDArray[np.int32]] = {}  # noqa: RUF012 - never changed; power of ten of each DECIMAL column


def word(text: str) -> int:
    """Give the integer that a WORD column has for this text."""
    return int.from_bytes(text.encode(), "little")


def word_text(value: int) -> str:
    """Give the text that a WORD column has as this integer."""
    return int(value).to_bytes(8, "little", signed=True).rstrip(b"\0").decode("utf-8", "replace")


def text_hash(text: str) -> int:
    """Give the integer that a TEXT column has for this text."""
    hashed = 0
    for byte in text.encode():
        hashed = ((hashed * 31) ^ byte) & k.HASH_MASK
    return hashed


def line_blocks(path: Path, progress: Callable[[int], None] | None = None) -> Iterator[tuple[bytes, int]]:
    """Unpacked text in blocks of whole lines, each with the number of its first line.

    A last line without an end gets one; a packing that breaks off is an error.
    """
    line = 1
    blocks = Blocks(path, progress).place(lambda: f"{path}:{line}")
    rest = b""
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end == 0:
            rest += block
            if len(rest) > _LONGEST:
                raise DataError(f"lines of at most {_LONGEST} bytes", "a longer one", f"{path}:{line}")
            continue
        text = rest + block[:end]
        rest = block[end:]
        yield text, line
        line += text.count(b"\n")
    if blocks.cut:
        raise DataError("a complete file", "packed data that break off", f"{path}:{line}")
    if rest:
        yield rest + b"\n", line


def read_table(
    path: Path,
    columns: Sequence[Column] | Callable[[str], Sequence[Column]],
    progress: Callable[[int], None] | None = None,
    *,
    header: bool = False,
) -> Iterator[TableBlock]:
    """Read a file of comma-separated values.

    Parameters
    ----------
    path : Path
    columns : sequence of Column, or callable
        What each column holds. A callable gets the first line, the names, and tells.
    progress : callable, optional
        Called with the number of bytes read since the last call.
    header : bool
        The first line is of names, which have been looked at.

    Raises
    ------
    DataError
        Missing, damaged, or a field that is not what its column holds: with file, line and column.
    """
    table = None if callable(columns) else _Table(path, columns)
    for block, line in line_blocks(path, progress):
        if table is not None and not (header and line == 1):
            yield table.block(block, line)
            continue
        head, _, text = block.partition(b"\n")
        if table is None:
            assert callable(columns)
            table = _Table(path, columns(head.decode("utf-8", "replace").strip("\r\ufeff")))
        if text:
            yield table.block(text, line + 1)


class _Table:
    """Columns, and the arrays that the kernel wants them in."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self.path = path
        self.columns = columns
        self.kinds = np.array([column.kind for column in columns], np.int64)
        self.places = np.array([column.places for column in columns], np.int64)
        self.decimal = [(i, c) for i, c in enumerate(columns) if c.kind in (k.DECIMAL, k.OPTIONAL_DECIMAL)]

    def block(self, text: bytes, line: int) -> TableBlock:
        data = np.frombuffer(text, np.uint8)
        size = text.count(b"\n")
        out = np.zeros((size, len(self.columns)), np.int64)
        exps = np.zeros((size, len(self.columns) if self.decimal else 1), np.int16)
        lines = np.zeros(size, np.int64)
        fault = np.zeros(5, np.int64)
        rows = int(k.parse_rows(data, self.kinds, self.places, out, exps, lines, fault))
        if fault[0] != k.FINE:
            raise self._error(text, line, fault.tolist())
        named = {
            column.name: np.ascontiguousarray(out[:rows, i])
            for i, column in enumerate(self.columns)
            if column.kind != k.SKIPPED
        }
        powers = {column.name: exps[:rows, i].astype(np.int32) for i, column in self.decimal}
        return TableBlock(named, lines[:rows] + line, powers)

    def _error(self, text: bytes, line: int, fault: list[int]) -> DataError:
        wrong, at, number, start, end = fault
        place = f"{self.path}:{line + at}"
        if wrong in (k.TOO_FEW_COLUMNS, k.TOO_MANY_COLUMNS):
            whole = text.split(b"\n")[at].decode("utf-8", "replace")
            return DataError(
                f"{len(self.columns)} columns ({', '.join(c.name for c in self.columns[:12])})",
                repr(whole[:80]),
                place,
            )
        column = self.columns[number]
        expected = {
            k.NOT_A_NUMBER: "a decimal number",
            k.TOO_FINE: f"at most {column.places} decimal places",
            k.TOO_LARGE: "a number whose digits fit into 63 bits",
            k.NOT_A_TIME: "nanoseconds, or a time as 2023-12-25T22:00:00.180087113Z",
            k.TOO_LONG: "a word of up to 8 letters",
        }[wrong]
        got = text[start : min(end, start + 60)].decode("utf-8", "replace")
        return DataError(f"{expected} as {column.name}", repr(got), place)
