"""Rows of Parquet and Arrow (IPC) files, in batches: memory is bounded by a batch."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
from numpy.typing import NDArray

from truefill.core.decimals import float_decimals, parse_decimals
from truefill.core.errors import DataError
from truefill.vendors import table_kernels as k
from truefill.vendors.decimals import Decimals
from truefill.vendors.epochs import epoch_ns
from truefill.vendors.mapped_rows import decimal_times, unknown
from truefill.vendors.packed import Blocks
from truefill.vendors.reader import Progress

_BATCH = 1 << 15  # rows of a Parquet file in memory at once


def is_arrow(path: Path) -> bool:
    """Whether a file is Parquet or Arrow, by its first bytes."""
    with path.open("rb") as file:
        return file.read(6)[:4] in (b"PAR1", b"ARRO", b"\xff\xff\xff\xff")


class ArrowRows:
    """Rows of a Parquet or Arrow file; places are rows, from 1."""

    def __init__(self, path: Path, batch: Any, lines: NDArray[np.int64]) -> None:
        self.path = path
        self.batch = batch
        self.names = [str(name) for name in batch.schema.names]
        self.lines = lines

    def place(self, at: int, name: str) -> str:
        """File, row and column."""
        return f"{self.path}, row {self.lines[at]}" + (f", {name}" if name else "")

    def times(self, name: str, unit: str) -> NDArray[np.int64]:
        """Nanoseconds since 1970; what has a type of time needs no unit."""
        column = self.batch.column(name)
        if pa.types.is_timestamp(column.type):
            none = column.is_null().to_numpy(zero_copy_only=False)
            whole = column.cast(pa.timestamp("ns"), safe=False).cast(pa.int64()).fill_null(0)
            ns = np.asarray(whole.to_numpy(zero_copy_only=False), np.int64)
            return epoch_ns(ns, ("ns",), name, lambda at: self.place(at, name), none)
        if unit == "text":
            expected = "a time_unit (s, ms, us, ns)" if not _is_text(column.type) else "a column of times"
            raise DataError(f"{expected} for {name}", str(column.type), self.place(0, name))
        return decimal_times(self.numbers(name), unit, name, self.place)

    def numbers(self, name: str) -> Decimals:
        """Give exact numbers; floats by the shortest decimals that give them."""
        return self._decimals(self.batch.column(name), lambda at: self.place(at, name), name)

    def _decimals(self, column: Any, place: Callable[[int], str], name: str) -> Decimals:
        kind = column.type
        none = column.is_null().to_numpy(zero_copy_only=False)
        if pa.types.is_integer(kind):
            try:
                values = np.asarray(column.fill_null(0).cast(pa.int64()).to_numpy(zero_copy_only=False))
            except pa.ArrowInvalid as error:
                raise DataError(f"whole numbers of 63 bits as {name}", error, place(0)) from None
            return Decimals(np.where(none, k.NO_NUMBER, values), np.zeros(len(values), np.int32))
        if pa.types.is_float64(kind):
            floats = np.asarray(column.fill_null(np.nan).to_numpy(zero_copy_only=False), np.float64)
            none = np.isnan(floats)
            if np.isinf(floats).any():
                raise DataError(f"a finite number as {name}", "inf", place(int(np.argmax(np.isinf(floats)))))
            mantissa, exponent = float_decimals(np.where(none, 0.0, floats))
            return Decimals(np.where(none, k.NO_NUMBER, mantissa), exponent)
        if pa.types.is_floating(kind) or pa.types.is_decimal(kind) or _is_text(kind):
            texts = [
                "0" if gone or text is None else text for text, gone in zip(_texts(column), none, strict=True)
            ]
            try:
                mantissa, exponent = parse_decimals(texts)
            except DataError as error:
                at = int(str(error.where).rpartition(" ")[2])
                raise DataError(f"{error.expected} as {name}", error.got, place(at)) from None
            return Decimals(np.where(none, k.NO_NUMBER, mantissa), exponent)
        raise DataError(f"numbers as {name}", str(kind), place(0))

    def codes(self, name: str, codes: dict[str, int]) -> NDArray[np.int64]:
        """What each word stands for."""
        words = self.batch.column(name).dictionary_encode()
        texts = [text or "" for text in _texts(words.dictionary)]
        places = np.asarray(words.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False), np.int64)
        known = np.array([word in codes for word in (*texts, "")])[places]
        if not known.all():
            at = int(np.argmin(known))
            raise unknown((*texts, "")[places[at]], codes, self.place(at, name))
        return np.array([codes.get(word, 0) for word in (*texts, "")], np.int64)[places]

    def ids(self, name: str) -> NDArray[np.uint64]:
        """Whole numbers; 0 where there is none."""
        column = self.batch.column(name)
        if pa.types.is_integer(column.type):
            return np.asarray(column.fill_null(0).to_numpy(zero_copy_only=False)).astype(np.uint64)
        texts = (text or "" for text in _texts(column))
        whole = (int(text) if text.isdigit() and len(text) < 20 else 0 for text in texts)
        return np.fromiter(whole, np.uint64, len(column))

    def equal(self, name: str, text: str | None) -> tuple[NDArray[np.bool_], str]:
        """Which rows have a text (None: that of the first row), and that text."""
        texts = np.array([word or "" for word in _texts(self.batch.column(name))], np.str_)
        text = str(texts[0]) if text is None else text
        return np.asarray(texts == text), text

    def lists(self, name: str) -> tuple[Decimals, NDArray[np.int64]]:
        """All numbers of a column of lists, and how many each row has."""
        column = self.batch.column(name)
        if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
            raise DataError(f"lists as {name} (or a name with {{}})", str(column.type), self.place(0, name))
        lengths = np.asarray(column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False), np.int64)
        row = np.repeat(np.arange(len(lengths)), lengths)
        numbers = self._decimals(column.flatten(), lambda at: self.place(int(row[at]), name), name)
        return numbers, lengths

    def part(self, keep: NDArray[np.bool_]) -> "ArrowRows":
        """Some of the rows."""
        return ArrowRows(self.path, self.batch.filter(pa.array(keep)), self.lines[keep])


def arrow_rows(path: Path, wanted: list[str], progress: Progress | None) -> Iterator[ArrowRows]:
    """Rows of a file, some at a time, with the columns that are wanted."""
    done = 0
    told = progress or (lambda size: None)
    try:
        for batch in opened(path)[1](wanted):
            for start in range(0, batch.num_rows, _BATCH):
                part = batch.slice(start, _BATCH)
                yield ArrowRows(path, part, np.arange(done + 1, done + 1 + part.num_rows))
                done += part.num_rows
    except (pa.ArrowException, OSError) as error:
        raise DataError("an intact file", error, f"{path}, after row {done}") from None
    told(path.stat().st_size)


def opened(path: Path) -> tuple[Any, Callable[[list[str]], Iterator[Any]]]:
    """Schema of a file, and what gives its batches."""
    next(iter(Blocks(path)))  # refuses what is no file, or empty
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        if magic == b"PAR1":
            parquet = pyarrow.parquet.ParquetFile(path)
            return parquet.schema_arrow, lambda names: parquet.iter_batches(_BATCH, columns=names)
        source = pa.memory_map(str(path))
        if magic == b"ARRO":
            reader = pa.ipc.open_file(source)
            return reader.schema, lambda names: (
                reader.get_batch(i).select(names) for i in range(reader.num_record_batches)
            )
        stream = pa.ipc.open_stream(source)
        return stream.schema, lambda names: (batch.select(names) for batch in stream)
    except (pa.ArrowException, OSError) as error:
        raise DataError("an intact Parquet or Arrow file", error, path) from None


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_view(kind))


def _is_view(kind: Any) -> bool:
    return str(kind) == "string_view"


def _texts(column: Any) -> list[str | None]:
    """Values of a column as text, floats by their shortest decimals."""
    return list(column.cast(pa.string()).to_pylist())
