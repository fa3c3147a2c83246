"""Events out of the columns of a table: times, kinds, sides and exact numbers."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError
from truefill.core.events import DECIMAL_EVENT, EXCH, LOCAL
from truefill.vendors.decimals import Decimals
from truefill.vendors.reader import ReaderCounters
from truefill.vendors.table import TableBlock, line_blocks, text_hash, word, word_text

Place = Callable[[int, str], str]
"""Names the place of a row and a column."""

_BOTH = EXCH | LOCAL


class Times(NamedTuple):
    """Both times of each row, ns."""

    exch: NDArray[np.int64]
    local: NDArray[np.int64]

    def part(self, rows: NDArray[np.int64]) -> "Times":
        """Of some rows."""
        return Times(self.exch[rows], self.local[rows])


def filled(
    kind: "int | NDArray[np.uint64]",
    times: Times,
    px: Decimals | None = None,
    qty: Decimals | None = None,
) -> np.ndarray:
    """DECIMAL_EVENT rows of one kind, or of a kind and side each."""
    rows = np.zeros(len(times.exch), DECIMAL_EVENT)
    rows["ev"] = np.asarray(kind, np.uint64) | np.uint64(_BOTH)
    rows["exch_ts"], rows["local_ts"] = times
    if px is not None:
        rows["px"], rows["px_exp"] = px
    if qty is not None:
        rows["qty"], rows["qty_exp"] = qty
    return rows


def coded(values: NDArray[np.int64], codes: dict[str, int], name: str, place: Place) -> NDArray[np.int64]:
    """Turn words into what they stand for.

    Raises
    ------
    DataError
        Another word.
    """
    out = np.zeros(len(values), np.int64)
    known = np.zeros(len(values), np.bool_)
    for text, code in codes.items():
        found = values == word(text)
        out[found] = code
        known |= found
    if not known.all():
        at = int(np.argmin(known))
        expected = " or ".join(text for text in codes if text)
        raise DataError(expected, repr(word_text(values[at])), place(at, name))
    return out


def refuse(wrong: NDArray[np.bool_], expected: str, numbers: Decimals, name: str, place: Place) -> None:
    """Raise a DataError about the first number that is wrong."""
    if wrong.any():
        at = int(np.argmax(wrong))
        got = f"{numbers.mantissa[at]}e{numbers.exponent[at]}"
        raise DataError(expected, got, place(at, name))


def place_of(path: Path, block: TableBlock) -> Place:
    """Give the place of each row of a block: file, line and column."""
    return lambda at, name: f"{path}:{block.lines[at]}" + (f", {name}" if name else "")


def names_of(path: Path) -> list[str] | None:
    """Names in the first line of a file; None when it is empty."""
    for text, _ in line_blocks(path):
        return text.partition(b"\n")[0].decode("utf-8", "replace").strip("\r\ufeff").split(",")
    return None


def field(path: Path, line: int, number: int) -> str:
    """Text of one field, for an error or the name of an instrument."""
    for text, first in line_blocks(path):
        rows = text.split(b"\n")
        if line < first + len(rows) - 1:
            return rows[line - first].decode("utf-8", "replace").rstrip("\r").split(",")[number].strip('"')
    return ""


def one_value(
    block: TableBlock, name: str, seen: dict[str, tuple[int, str]], path: Path, number: int, choice: str
) -> None:
    """Check that a TEXT column has one value in all files, and remember it.

    Parameters
    ----------
    block : TableBlock
    name : str
        Of the column.
    seen : dict
        By column: the value of the first row of all, and its text; filled here.
    path : Path
    number : int
        Of the column, from 0.
    choice : str
        What the user could do about it.

    Raises
    ------
    DataError
        With both values, file and line.
    """
    values = block.columns[name]
    if not len(values):
        return
    if name not in seen:
        seen[name] = int(values[0]), field(path, int(block.lines[0]), number)
    first, text = seen[name]
    other = values != first
    if other.any():
        line = int(block.lines[int(np.argmax(other))])
        got = f"{field(path, line, number)} beside {text}"
        raise DataError(f"one {name}{choice}", got, f"{path}:{line}, {name}")


def of_wanted(
    block: TableBlock, name: str, wanted: str | None, counters: ReaderCounters, others: str
) -> TableBlock:
    """Rows that have a text in a column, where one is wanted; those of others are counted."""
    if wanted is None:
        return block
    keep = block.columns[name] == text_hash(wanted)
    counters.count(others, int((~keep).sum()))
    return chosen(block, keep)


def chosen(block: TableBlock, keep: NDArray[np.bool_]) -> TableBlock:
    """Some rows of a block."""
    if keep.all():
        return block
    return TableBlock(
        {name: values[keep] for name, values in block.columns.items()},
        block.lines[keep],
        {name: values[keep] for name, values in block.exps.items()},
    )
