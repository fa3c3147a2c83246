"""Events into a Parquet file, as they come (`truefill.tape.parquet_layout`)."""

import contextlib
import os
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from truefill.core.decimals import float_decimals, nearest_floats, step_decimal, to_text
from truefill.core.errors import DataError, shown
from truefill.core.events import DECIMAL_EVENT, EVENT
from truefill.core.gate import text
from truefill.tape.arrivals import arrivals
from truefill.tape.npz import written
from truefill.tape.parquet_layout import (
    COMPRESSION,
    LAYOUT,
    ROW_GROUP_ROWS,
    SCHEMA_VERSION,
    TEXTS,
    ParquetHeader,
    schema,
)
from truefill.tape.tape import Tape
from truefill.tape.windows import windows

if TYPE_CHECKING:
    import pyarrow as pa

_ENOUGH_DIGITS = 10**15  # every decimal below it survives as a float


class ParquetWriter:
    """Writes events to a Parquet file as they come, one row group at a time.

    Parameters
    ----------
    path : path
        Ends in ``.parquet``; the file appears when it is closed, or not at all.
    symbol : str
        Instrument and venue, ``BTCUSDT-PERP.BINANCE``.
    venue : str
        By default what stands after the symbol's last dot.
    tick_size, lot_size : str, float or Decimal, optional
        Steps, for whoever builds a tape; not checked against the events.
    row_group_rows : int
        Rows of a row group, which are in memory until it is full.

    Raises
    ------
    DataError
        The path ends in something else, or cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        symbol: str,
        venue: str = "",
        tick_size: str | float | Decimal | None = None,
        lot_size: str | float | Decimal | None = None,
        row_group_rows: int = ROW_GROUP_ROWS,
    ) -> None:
        import pyarrow.parquet as pq

        self.path = Path(path)
        if self.path.suffix != ".parquet":
            raise DataError("a name that ends in .parquet", self.path.name)
        self.symbol = text(symbol, "a text as symbol", DataError)
        self.venue = text(venue, "a text as venue", DataError) or self.symbol.rpartition(".")[2]
        self._tick_size, self._lot_size = _step(tick_size, "tick size"), _step(lot_size, "lot size")
        self.events = 0
        self._rows = row_group_rows
        self._waiting: list[np.ndarray] = []
        self._count = 0
        self._span: dict[str, tuple[int, int]] = {}
        self._open = contextlib.ExitStack()
        file = self._open.enter_context(written(self.path))
        # What pyarrow reads back is told by the types alone; dictionaries do not help what hardly repeats.
        self._writer = pq.ParquetWriter(
            file,
            schema(),
            **COMPRESSION,
            use_dictionary=["ev", "px", "qty", "order_id", "fval", *TEXTS.values()],
            column_encoding=dict.fromkeys(("exch_ts", "local_ts", "ival"), "DELTA_BINARY_PACKED"),
            store_schema=False,
        )

    def append(self, rows: np.ndarray) -> None:
        """Take the next events.

        Parameters
        ----------
        rows : EVENT[] or DECIMAL_EVENT[]
            Copied.
        """
        if not isinstance(rows, np.ndarray) or rows.ndim != 1 or rows.dtype not in (EVENT, DECIMAL_EVENT):
            got = f"{rows.dtype}, {rows.ndim}-D" if isinstance(rows, np.ndarray) else shown(rows)
            self.abort()
            raise DataError("an array of EVENT or DECIMAL_EVENT", got, self.path.name)
        start = 0
        while start < len(rows):
            part = rows[start : start + self._rows - self._count].copy()
            start += len(part)
            self._count += len(part)
            self._waiting.append(part)
            if self._count == self._rows:
                self._write()

    def close(self) -> ParquetHeader:
        """Write what is left; the file appears.

        Raises
        ------
        DataError
            There was no event; or the file cannot be written.
        """
        if self.events + self._count == 0:
            self.abort()
            raise DataError("at least one event", "none", self.path.name)
        try:
            self._write()
            header = self._header()
            facts = {name: "" if value is None else str(value) for name, value in header._asdict().items()}
            self._writer.add_key_value_metadata({"layout": LAYOUT, "schema_version": SCHEMA_VERSION, **facts})
            self._writer.close()
        except BaseException:
            self.abort()
            raise
        self._open.close()
        return header

    def abort(self) -> None:
        """Give up; nothing of the file remains. Does nothing after `close`."""
        with contextlib.suppress(_AbandonedError), self._open.pop_all():
            if self._writer.is_open:
                with contextlib.suppress(OSError):
                    self._writer.close()
            raise _AbandonedError

    def __enter__(self) -> "ParquetWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._writer.is_open:
            self.close()
        else:
            self.abort()

    def _write(self) -> None:
        """Write the rows that wait as one row group."""
        import pyarrow as pa

        if not self._count:
            return
        columns: dict[str, Any] = {}
        for name in EVENT.names or ():
            parts = [_floats(rows, name) if name in TEXTS else rows[name] for rows in self._waiting]
            columns[name] = np.concatenate(parts)
        for name, column in TEXTS.items():
            columns[column] = pa.concat_arrays([_texts(rows, name) for rows in self._waiting])
        for name in ("exch_ts", "local_ts"):
            low, high = int(columns[name].min()), int(columns[name].max())
            before = self._span.get(name, (low, high))
            self._span[name] = (min(low, before[0]), max(high, before[1]))
        try:
            self._writer.write_table(pa.table(columns, schema=schema()))
        except OSError as error:
            self.abort()
            raise DataError("a file that can be written", error.strerror or error, self.path) from error
        self.events += self._count
        self._waiting.clear()
        self._count = 0

    def _header(self) -> ParquetHeader:
        local, exch = self._span["local_ts"], self._span["exch_ts"]
        return ParquetHeader(
            self.symbol, self.venue, self._tick_size, self._lot_size, self.events, *local, *exch
        )


class _AbandonedError(Exception):
    """A file is not to appear."""


def write_parquet(
    events: Tape | np.ndarray | Iterable[np.ndarray],
    path: str | os.PathLike[str],
    *,
    symbol: str = "",
    venue: str = "",
    tick_size: str | float | Decimal | None = None,
    lot_size: str | float | Decimal | None = None,
) -> ParquetHeader:
    """Write events to a Parquet file, in bounded memory.

    Parameters
    ----------
    events : Tape, EVENT[] or DECIMAL_EVENT[], or several of such arrays
        Of a tape the events come in the order of arrival, each once if that is possible (`tape.arrivals`).
    path : path
        Ends in ``.parquet``.
    symbol, venue, tick_size, lot_size
        As for `ParquetWriter`; of a tape its own, unless given.

    Raises
    ------
    DataError
        The tape is one of single orders, which does not keep their numbers; there is no event; or the file
        cannot be written.
    """
    batches: Iterable[np.ndarray]
    if isinstance(events, Tape):
        header = events.header
        if events.by_order:
            wanted = "a tape of levels (of single orders, convert the vendor's file to Parquet)"
            raise DataError(wanted, "one of single orders", events.path or header.symbol)
        batches = (arrivals(piece) for piece in windows(events))
        symbol, venue = symbol or header.symbol, venue or header.venue
        tick_size, lot_size = tick_size or header.tick_size, lot_size or header.lot_size
    else:
        batches = [events] if isinstance(events, np.ndarray) else events
    if not isinstance(batches, Iterable) or isinstance(batches, str | bytes):
        raise DataError("a tape, an array of events, or several", shown(events))
    with ParquetWriter(path, symbol=symbol, venue=venue, tick_size=tick_size, lot_size=lot_size) as writer:
        for rows in batches:
            writer.append(rows)
        return writer.close()


def _step(step: str | float | Decimal | None, name: str) -> str:
    return "" if step is None else to_text(*step_decimal(str(step), name))


def _floats(rows: np.ndarray, name: str) -> np.ndarray:
    """`px` or `qty` of events, as floats."""
    return rows[name] if rows.dtype == EVENT else nearest_floats(rows[name], rows[f"{name}_exp"])


def _texts(rows: np.ndarray, name: str) -> "pa.Array":
    """`px` or `qty` in full where the float does not hold all digits, null elsewhere."""
    import pyarrow as pa

    long: np.ndarray = np.empty(0, np.int64)
    if rows.dtype == DECIMAL_EVENT:
        long = np.flatnonzero(np.abs(rows[name]) >= _ENOUGH_DIGITS)
        if len(long):
            values = _floats(rows[long], name)
            mantissa, exponent = float_decimals(values)
            lost = [
                to_text(int(a), int(b)) != to_text(int(c), int(d))
                for a, b, c, d in zip(
                    rows[name][long], rows[f"{name}_exp"][long], mantissa, exponent, strict=True
                )
            ]
            long = long[lost]
    if not len(long):
        return pa.nulls(len(rows), pa.string())
    out: list[str | None] = [None] * len(rows)
    for i in long:
        out[i] = to_text(int(rows[name][i]), int(rows[f"{name}_exp"][i]))
    return pa.array(out, pa.string())
