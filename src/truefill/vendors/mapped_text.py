"""Rows of CSV files, and of files of any form by `rows_of`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import ConfigError, DataError
from truefill.vendors import table_kernels as k
from truefill.vendors.decimals import Decimals
from truefill.vendors.epochs import epoch_ns
from truefill.vendors.mapped_arrow import arrow_rows, is_arrow, opened
from truefill.vendors.mapped_rows import Rows, Wanted, decimal_times, unknown
from truefill.vendors.reader import Progress
from truefill.vendors.rows import field, names_of
from truefill.vendors.table import Column, TableBlock, read_table, text_hash

_BATCH = 1 << 15  # rows of a Parquet file in memory at once


def column_names(path: Path, given: Sequence[str] | None) -> list[str]:
    """Names of the columns of a file."""
    if not path.is_file():
        raise DataError("a file", "none with this name", path)
    if is_arrow(path):
        return [str(name) for name in opened(path)[0].names]
    return list(given) if given is not None else names_of(path) or []


def rows_of(
    path: Path, wanted: Sequence[Wanted], given: Sequence[str] | None, progress: Progress | None
) -> Iterator[Rows]:
    """Rows of a file, some at a time, with the columns that are wanted."""
    if is_arrow(path):
        yield from arrow_rows(path, [w.name for w in wanted], progress)
        return
    names = column_names(path, given)
    uses = {w.name: w.use for w in wanted}
    for w in wanted:
        if w.use == "list":
            raise ConfigError("a name with {} for a column a level, in CSV", w.name, f"{path}, {w.key}")
    kinds = {"number": k.OPTIONAL_DECIMAL, "word": k.TEXT, "id": k.ID, "time:text": k.TIME}
    columns = [
        Column(name, kinds.get(uses[name], k.OPTIONAL_DECIMAL) if name in uses else k.SKIPPED)
        for name in names
    ]
    for block in read_table(path, columns, progress, header=given is None):
        yield TextRows(path, block, names)


class TextRows:
    """Rows of a CSV file."""

    def __init__(self, path: Path, block: TableBlock, names: list[str]) -> None:
        self.path = path
        self.block = block
        self.names = names
        self.lines = block.lines

    def place(self, at: int, name: str) -> str:
        """File, line and column."""
        return f"{self.path}:{self.lines[at]}" + (f", {name}" if name else "")

    def times(self, name: str, unit: str) -> NDArray[np.int64]:
        """Nanoseconds since 1970."""
        if unit == "text":
            return epoch_ns(self.block.columns[name], ("ns",), name, lambda at: self.place(at, name))
        return decimal_times(self.numbers(name), unit, name, self.place)

    def numbers(self, name: str) -> Decimals:
        """Give exact numbers."""
        return Decimals(self.block.columns[name], self.block.exps[name])

    def codes(self, name: str, codes: dict[str, int]) -> NDArray[np.int64]:
        """What each word stands for."""
        values = self.block.columns[name]
        out = np.zeros(len(values), np.int64)
        known = np.zeros(len(values), np.bool_)
        for word, code in codes.items():
            found = values == text_hash(word)
            out[found] = code
            known |= found
        if not known.all():
            at = int(np.argmin(known))
            raise unknown(self._text(at, name), codes, self.place(at, name))
        return out

    def ids(self, name: str) -> NDArray[np.uint64]:
        """Whole numbers; 0 where there is none."""
        return self.block.columns[name].view(np.uint64)

    def equal(self, name: str, text: str | None) -> tuple[NDArray[np.bool_], str]:
        """Which rows have a text (None: that of the first row), and that text."""
        text = self._text(0, name) if text is None else text
        return self.block.columns[name] == text_hash(text), text

    def lists(self, name: str) -> tuple[Decimals, NDArray[np.int64]]:
        """CSV has none."""
        raise ConfigError("a column of lists", "CSV", self.place(0, name))

    def part(self, keep: NDArray[np.bool_]) -> "TextRows":
        """Some of the rows."""
        columns = {name: values[keep] for name, values in self.block.columns.items()}
        exps = {name: values[keep] for name, values in self.block.exps.items()}
        return TextRows(self.path, TableBlock(columns, self.lines[keep], exps), self.names)

    def _text(self, at: int, name: str) -> str:
        return field(self.path, int(self.lines[at]), self.names.index(name))
