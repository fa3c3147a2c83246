"""Writes the wide layout as books and trades come, and goes on where an earlier run has stopped."""

import contextlib
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import numpy as np

from truefill.collect.wide_layout import (
    BOOK_ROWS,
    BOOKS,
    LEVELS,
    STATE,
    TRADE_ROWS,
    TRADES,
    WideState,
    book_columns,
    book_schema,
    market_folder,
    read_state,
    trade_schema,
)
from truefill.core.errors import DataError
from truefill.core.events import KIND_MASK, SELL, TRADE
from truefill.tape import Tape
from truefill.tape.best_levels import best_levels
from truefill.tape.npz import written

_MS = 1_000_000


class _Part:
    """The open part of one kind: its rows, in memory until it is full."""

    def __init__(self, folder: Path, rows: int, name: Callable[[dict[str, np.ndarray], int], str]) -> None:
        self.folder = folder
        self.full = rows
        self.rows = 0
        self.chunks: list[dict[str, np.ndarray]] = []
        self.changed = False
        self._name = name

    def add(self, columns: dict[str, np.ndarray], size: int) -> None:
        self.chunks.append(columns)
        self.rows += size
        self.changed = True

    def write(self, schema: Any, number: int) -> None:
        """Write the part as it is now, whole or not at all, in place of what was flushed of it before."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self.changed:
            return
        columns = {name: np.concatenate([c[name] for c in self.chunks]) for name in self.chunks[0]}
        arrays = [_array(columns[field.name], field.type) for field in schema]
        table = pa.Table.from_arrays(arrays, schema=schema)
        self.folder.mkdir(parents=True, exist_ok=True)
        with written(self.folder / self._name(self.chunks[0], number)) as file:
            pq.write_table(table, file, compression="zstd", compression_level=3)
        self.changed = False

    def begin(self) -> None:
        """Begin the next part."""
        self.rows = 0
        self.chunks = []


class WideWriter:
    """Appends books and trades of one market to the wide layout.

    A part is in memory until it is full; `flush` writes it as far as it has come, and the state. Each file
    appears whole. A run that begins where another one has stopped goes on with the next part.

    Parameters
    ----------
    data_directory : path
        ``data``; the market gets a folder in it.
    market : str
        The venue's name, ``BTC-USD``.
    levels : int
        How many levels of each side a book has.

    Attributes
    ----------
    state : WideState
        With which numbers and times the data end; what was there before is in it.

    Raises
    ------
    DataError
        The folder has the state of another market, or cannot be written.
    """

    def __init__(self, data_directory: str | PathLike[str], market: str, *, levels: int = LEVELS) -> None:
        self.folder = Path(data_directory) / market_folder(market)
        self.levels = levels
        self.state = read_state(self.folder) or WideState(market=market)
        if self.state.market != market:
            raise DataError(f"the state of {market}", self.state.market, self.folder / STATE)
        self._books = _Part(
            self.folder / BOOKS,
            BOOK_ROWS,
            lambda c, n: f"part_{c['timestamp_ms'][0]:013d}_{c['seq'][0]:010d}_{n:06d}.parquet",
        )
        self._trades = _Part(
            self.folder / TRADES, TRADE_ROWS, lambda c, n: f"part_{c['timestamp_ms'][0]:013d}_{n:06d}.parquet"
        )
        # A run that was killed may have written a part after its last state.
        self.state.orderbook_part_counter = max(self.state.orderbook_part_counter, _next(self._books.folder))
        self.state.trades_part_counter = max(self.state.trades_part_counter, _next(self._trades.folder))

    def append_books(
        self, timestamp_ms: np.ndarray, seq: np.ndarray, px: np.ndarray, qty: np.ndarray
    ) -> None:
        """Append whole books.

        Parameters
        ----------
        timestamp_ms, seq : int64[n]
            The venue's time and number of each.
        px, qty : float64[n, 2, levels]
            Bids, then asks, each from the best outward; NaN where there is no such level.
        """
        if px.shape != (len(seq), 2, self.levels) or qty.shape != px.shape:
            raise DataError(f"books of 2 x {self.levels} levels", f"{px.shape}, {qty.shape}", "books")
        start = 0
        while start < len(seq):
            part = slice(start, start + self._books.full - self._books.rows)
            flat = np.stack([px[part, 0], qty[part, 0], px[part, 1], qty[part, 1]], axis=2)
            columns = {"timestamp_ms": timestamp_ms[part].astype(np.int64), "seq": seq[part].astype(np.int64)}
            size = len(columns["seq"])
            columns["market"] = np.full(size, self.state.market, object)
            values = flat.reshape(size, -1)
            columns |= {name: values[:, i].copy() for i, name in enumerate(book_columns(self.levels))}
            self._books.add(columns, size)
            self.state.orderbook_updates_count += size
            self.state.last_orderbook_timestamp = int(columns["timestamp_ms"][-1])
            self.state.last_orderbook_seq = int(columns["seq"][-1])
            start += size
            if self._books.rows == self._books.full:
                self._write_books()
                self._books.begin()
                self.state.orderbook_part_counter += 1

    def append_trades(
        self,
        timestamp_ms: np.ndarray,
        price: np.ndarray,
        quantity: np.ndarray,
        is_buyer_maker: np.ndarray,
        last_id: int | None = None,
    ) -> None:
        """Append trades; `last_id` is the venue's id of the last of them, for the state."""
        start = 0
        while start < len(price):
            part = slice(start, start + self._trades.full - self._trades.rows)
            columns = {
                "timestamp_ms": timestamp_ms[part].astype(np.int64),
                "price": price[part].astype(np.float64),
                "quantity": quantity[part].astype(np.float64),
                "is_buyer_maker": is_buyer_maker[part].astype(bool),
            }
            size = len(columns["price"])
            self._trades.add(columns, size)
            self.state.trades_count += size
            self.state.last_trade_timestamp = int(columns["timestamp_ms"][-1])
            start += size
            if self._trades.rows == self._trades.full:
                self._write_trades()
                self._trades.begin()
                self.state.trades_part_counter += 1
        if last_id is not None:
            self.state.last_trade_id = last_id

    def flush(self) -> None:
        """Write what has come so far, and then the state."""
        self._write_books()
        self._write_trades()
        self.folder.mkdir(parents=True, exist_ok=True)
        with written(self.folder / STATE) as file:
            file.write(msgspec.json.format(msgspec.json.encode(self._at_rest()), indent=2))

    def close(self) -> None:
        """Write all; the next run begins a new part."""
        self.flush()

    def __enter__(self) -> "WideWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_books(self) -> None:
        self._books.write(book_schema(self.state.market, self.levels), self.state.orderbook_part_counter)

    def _write_trades(self) -> None:
        self._trades.write(trade_schema(self.state.market, self.levels), self.state.trades_part_counter)

    def _at_rest(self) -> WideState:
        """The state as the next run shall find it: parts that are written are not opened again."""
        return msgspec.structs.replace(
            self.state,
            orderbook_part_counter=self.state.orderbook_part_counter + (self._books.rows > 0),
            trades_part_counter=self.state.trades_part_counter + (self._trades.rows > 0),
        )


def write_wide(
    tape: Tape, data_directory: str | PathLike[str], market: str, *, levels: int = LEVELS
) -> WideState:
    """Write a tape in the wide layout: its best levels whenever they change, and its trades.

    Times are the exchange's, in milliseconds; books are numbered from where the folder's state ends. All
    files are complete or absent, but parts that are complete stay when a later one fails.

    Parameters
    ----------
    tape : Tape
    data_directory : path
    market : str
        The venue's name, ``BTC-USD``.
    levels : int
        How many levels of each side.
    """
    tick, lot = tape.tick_size, tape.lot_size
    with WideWriter(data_directory, market, levels=levels) as writer:
        for books in best_levels(tape, "exch", levels):
            first = (writer.state.last_orderbook_seq or 0) + 1
            empty = books.lots == 0
            px = np.where(empty, np.nan, np.round(books.tick * tick, _places(tape.header.tick_size)))
            qty = np.where(empty, np.nan, np.round(books.lots * lot, _places(tape.header.lot_size)))
            writer.append_books(books.ts // _MS, first + np.arange(len(books.ts)), px, qty)
        trades = tape.trades[np.argsort(tape.trades["exch_ts"], kind="stable")]
        assert (trades["ev"] & np.uint64(KIND_MASK) == TRADE).all()
        seller = trades["ev"] & np.uint64(SELL) != 0
        last_id = int(trades["order_id"][-1]) if len(trades) else None
        writer.append_trades(trades["exch_ts"] // _MS, trades["px"], trades["qty"], seller, last_id)
        return writer.state


def _array(values: np.ndarray, kind: Any) -> Any:
    """A column; NaN is null."""
    import pyarrow as pa

    if kind == pa.timestamp("ms"):
        return pa.array(values.view("datetime64[ms]"), kind)
    return pa.array(values, kind, from_pandas=True)


def _next(folder: Path) -> int:
    """Number after that of the last part in a folder."""
    numbers = [-1]
    for path in folder.glob("part_*.parquet"):
        with contextlib.suppress(ValueError):
            numbers.append(int(path.stem.rpartition("_")[2]))
    return max(numbers) + 1


def _places(step: str) -> int:
    """Decimal places of a step."""
    return len(step.partition(".")[2])
