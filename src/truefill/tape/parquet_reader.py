"""Events out of Parquet files, in chunks (`truefill.tape.parquet_layout`)."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from truefill.core.decimals import float_decimals, parse_decimals
from truefill.core.errors import DataError
from truefill.core.events import DECIMAL_EVENT, EVENT
from truefill.tape.decimal_events import market_rows
from truefill.tape.layout import BLOCK_ROWS
from truefill.tape.parquet_layout import LAYOUT, SCHEMA_VERSION, TEXTS, ParquetHeader, schema
from truefill.tape.remote import ahead, is_remote, local

_TIMES = ("first_ts", "last_ts", "first_exch_ts", "last_exch_ts")


class ParquetEvents:
    """Events of one or several Parquet files, in chunks. Each iteration begins anew.

    Attributes
    ----------
    paths : list of Path
    headers : list of ParquetHeader
        What each file says about itself; of objects in a store, which are fetched when their turn comes, only
        those up to the first.
    dtype : dtype
        Of the chunks: EVENT; or DECIMAL_EVENT, when some number has more digits than a float.
    """

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths
        self.headers: list[ParquetHeader] = []
        self.dtype = EVENT
        for path in paths:
            if self.headers and is_remote(path):
                break
            self._look(local(path))

    def _look(self, path: Path) -> None:
        """See what a file says about itself."""
        with _opened(path) as file:
            header = _checked(file, path)
            if self.headers and header.symbol != self.symbol:
                raise DataError(f"events of {self.symbol}, as in {self.paths[0].name}", header.symbol, path)
            self.headers.append(header)
            if not _floats_are_enough(file.metadata):
                self.dtype = DECIMAL_EVENT

    @property
    def symbol(self) -> str:
        """Instrument and venue."""
        return self.headers[0].symbol

    @property
    def venue(self) -> str:
        """Venue of the first file."""
        return self.headers[0].venue

    @property
    def tick_size(self) -> str | None:
        """Price step, where all files name the same one."""
        return self._step("tick_size")

    @property
    def lot_size(self) -> str | None:
        """Quantity step, where all files name the same one."""
        return self._step("lot_size")

    def _step(self, name: str) -> str | None:
        found = {getattr(header, name) for header in self.headers}
        return found.pop() or None if len(found) == 1 else None

    @property
    def events(self) -> int:
        """Events of the files in `headers`."""
        return sum(header.events for header in self.headers)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Chunks of `dtype`, of at most 65,536 rows."""
        for place, path in enumerate(ahead(self.paths)):
            if place >= len(self.headers):
                self._look(path)
            number = 0
            with _opened(path) as file:
                batches = file.iter_batches(
                    BLOCK_ROWS, columns=[field.name for field in schema()], use_threads=False
                )
                while (batch := _next(batches, path, number)) is not None:
                    yield _rows(batch, self.dtype, path, number)
                    number += batch.num_rows

    def __repr__(self) -> str:
        return f"<ParquetEvents {self.symbol}: {self.events} events, {len(self.paths)} files>"


def read_parquet(
    files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
) -> ParquetEvents:
    """Open files of events; their rows are read when they are asked for.

    Parameters
    ----------
    files : path or paths
        One file, or several of one instrument that follow each other, a day each. Of ``s3://`` files the next
        one is fetched while the one before is read.

    Returns
    -------
    ParquetEvents
        Iterate over it for chunks, each ready for `TapeBuilder.append`; or give it to `build_tape`.

    Raises
    ------
    DataError
        A file is missing, damaged, cut off, of another layout, schema version or instrument; the error names
        the file and, where it is one, the column and row.
    """
    paths = [Path(files)] if isinstance(files, str | os.PathLike) else [Path(file) for file in files]
    if not paths:
        raise DataError("at least one file", "none", "files")
    return ParquetEvents(paths)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Pages are read as they are needed: a file of one huge row group takes no more memory.
        file = pq.ParquetFile(path, memory_map=False, buffer_size=1 << 20, pre_buffer=False)
    except FileNotFoundError:
        raise DataError("a file of events", "no such file", path) from None
    except (OSError, pa.ArrowException) as error:
        raise DataError("a complete Parquet file", _first_line(error), path) from error
    with file:
        yield file


def _checked(file: Any, path: Path) -> ParquetHeader:
    """What the file says about itself, or DataError when it is not of this layout."""
    facts = {k.decode(): v.decode("utf-8", "replace") for k, v in (file.metadata.metadata or {}).items()}
    layout, version = facts.get("layout", "no word of it"), facts.get("schema_version", "none")
    if layout != LAYOUT:
        raise DataError(f"{LAYOUT} as layout in the file's metadata", layout, path)
    if version != SCHEMA_VERSION:
        raise DataError(f"schema version {SCHEMA_VERSION}", version, path)
    found = file.schema_arrow
    for field in schema():
        if field.name not in found.names:
            raise DataError(f"a column {field.name}", ", ".join(found.names)[:200], path)
        got = found.field(field.name).type
        if got != field.type and not (field.name in TEXTS.values() and str(got) == "large_string"):
            raise DataError(f"{field.type} as type of column {field.name}", got, path)
    times = [int(facts[name]) if facts.get(name, "").lstrip("-").isdigit() else None for name in _TIMES]
    symbol, venue, tick, lot = (facts.get(name, "") for name in ("symbol", "venue", "tick_size", "lot_size"))
    return ParquetHeader(symbol, venue, tick, lot, file.metadata.num_rows, *times)


def _floats_are_enough(metadata: Any) -> bool:
    """Whether both columns of texts are null throughout, as far as the file tells."""
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for i in range(row_group.num_columns):
            column = row_group.column(i)
            if column.path_in_schema in TEXTS.values():
                nulls = column.statistics.null_count if column.statistics is not None else None
                if nulls != row_group.num_rows:
                    return False
    return True


def _next(batches: Iterator[Any], path: Path, number: int) -> Any:
    """The next batch, None at the end."""
    import pyarrow as pa

    try:
        return next(batches, None)
    except (OSError, pa.ArrowException) as error:
        raise DataError("a complete Parquet file", _first_line(error), f"{path}: row {number + 1}") from error


def _rows(batch: Any, dtype: np.dtype, path: Path, number: int) -> np.ndarray:
    """Events of a batch."""
    for name in EVENT.names or ():
        column = batch.column(name)
        if column.null_count:
            row = number + column.is_null().to_pylist().index(True) + 1
            raise DataError(f"a value in column {name}", "null", f"{path}: row {row}")
    out = np.zeros(batch.num_rows, dtype)
    for name in EVENT.names or ():
        if dtype == EVENT or name not in TEXTS:
            out[name] = batch.column(name).to_numpy()
    if dtype == DECIMAL_EVENT:
        _fill_decimals(out, batch, path, number)
    return out


def _fill_decimals(out: np.ndarray, batch: Any, path: Path, number: int) -> None:
    """Fill prices and quantities of DECIMAL_EVENT: of the texts where there are some, else of the floats."""
    for name, column in TEXTS.items():
        floats, texts = batch.column(name).to_numpy(), batch.column(column)
        given = texts.is_valid().to_numpy(zero_copy_only=False)
        finite = np.isfinite(floats)
        bad = np.flatnonzero(~finite & ~given & market_rows(out))
        if len(bad):
            where = f"{path}: row {number + int(bad[0]) + 1}, column {name}"
            raise DataError("a finite number", float(floats[bad[0]]), where)
        out[name], out[f"{name}_exp"] = float_decimals(np.where(finite & ~given, floats, 0.0))
        if given.any():
            try:
                exact = parse_decimals(texts.drop_null().to_pylist())
            except DataError as error:
                where = f"{path}: rows {number + 1} to {number + len(out)}, column {column}"
                raise DataError(error.expected, error.got, where) from None
            out[name][given], out[f"{name}_exp"][given] = exact


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
