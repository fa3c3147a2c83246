"""Binance's public archive: trades, aggregated trades, best prices and depth bands, one file a day or month.

==============  ======================================================================================
kind            events
==============  ======================================================================================
``trades``      TRADE; order_id is the trade's id
``aggTrades``   TRADE; order_id is the aggregate's id
``bookTicker``  the best bid and ask as a book of one level: a snapshot, then what changed
``bookDepth``   `BOOK_BAND`, an event of its own kind: no book can be made of it
``T_DEPTH``     the book: a snapshot and its changes, see `binance_depth`
``klines``      none: they are no events; `read_klines` gives them as bars
==============  ======================================================================================

There is one clock only, the venue's, in milliseconds or (spot, since 2025) microseconds; which of them is
told by the size of each number.
"""

import functools
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError
from truefill.core.events import BUY, DECIMAL_EVENT, EXCH, LOCAL, SELL, TRADE
from truefill.vendors.binance_depth import BinanceDepthReader
from truefill.vendors.binance_layouts import columns_of, kind_of, named, told
from truefill.vendors.books import Books
from truefill.vendors.epochs import epoch_ns
from truefill.vendors.options import decimal_places, require_latency
from truefill.vendors.packed import Blocks
from truefill.vendors.reader import EventReader, FileReader, Progress, ReaderCounters
from truefill.vendors.sorting import sorted_rows
from truefill.vendors.table import Column, TableBlock, read_table, word, word_text

BOOK_BAND = 120
"""Kind of a depth band: `px` percent from the mid, `qty` all that rests so near, `fval` its value."""

UNITS = ("ms", "us")
_BOTH = EXCH | LOCAL
_TRUE = [word(text) for text in ("true", "True", "TRUE")]
_FALSE = [word(text) for text in ("false", "False", "FALSE")]
_TICKER = ("id", "best_bid_price", "best_ask_price", "best_bid_qty", "best_ask_qty", "time")


class BinanceArchiveReader(FileReader):
    """Events of one file. See `read_binance_archive`."""

    def __init__(
        self,
        path: Path,
        kind: str,
        places: tuple[int, int],
        feed_latency_ns: int,
        progress: Progress | None,
    ) -> None:
        self.path = path
        self.kind = kind
        super().__init__(progress)
        self._places = places
        self._latency = feed_latency_ns

    def __iter__(self) -> Iterator[np.ndarray]:
        self.counters = ReaderCounters()
        if self.kind == "bookTicker":
            yield from self._tickers()
            return
        make = self._trades if self.kind in ("trades", "aggTrades") else self._bands
        for block in self._blocks(self._progress):
            self.lines = block.lines
            rows = make(block)
            self.counters.rows += len(rows)
            self.counters.events += len(rows)
            yield rows

    def _blocks(self, progress: Progress | None, only: Sequence[str] = ()) -> Iterator[TableBlock]:
        columns, has_names = columns_of(self.path, self.kind, self._places)
        if only:
            columns = [c if c.name in only else Column(c.name, 0) for c in columns]
        return read_table(self.path, (lambda head: columns) if has_names else columns, progress)

    def _place(self, lines: NDArray[np.int64], row: int) -> str:
        return f"{self.path}:{int(lines[row])}"

    def _refuse(
        self, wrong: NDArray[np.bool_], expected: str, shown: NDArray[np.int64], lines: NDArray[np.int64]
    ) -> None:
        if wrong.any():
            at = int(np.argmax(wrong))
            raise DataError(expected, int(shown[at]), self._place(lines, at))

    def _rows(self, times: NDArray[np.int64]) -> np.ndarray:
        rows = np.zeros(len(times), DECIMAL_EVENT)
        rows["exch_ts"] = times
        rows["local_ts"] = times + self._latency
        rows["px_exp"], rows["qty_exp"] = -self._places[0], -self._places[1]
        return rows

    def _trades(self, block: TableBlock) -> np.ndarray:
        c, lines = block.columns, block.lines
        rows = self._rows(epoch_ns(c["time"], UNITS, "time", lambda row: self._place(lines, row)))
        sold = np.isin(c["is_buyer_maker"], _TRUE)
        odd = ~sold & ~np.isin(c["is_buyer_maker"], _FALSE)
        if odd.any():
            at = int(np.argmax(odd))
            raise DataError(
                "true or false as is_buyer_maker",
                repr(word_text(c["is_buyer_maker"][at])),
                self._place(lines, at),
            )
        self._refuse(c["price"] <= 0, "a price above 0", c["price"], lines)
        self._refuse(c["qty"] < 0, "a quantity of 0 or more", c["qty"], lines)
        # The buyer was the maker: the seller took.
        rows["ev"] = np.where(sold, np.uint64(TRADE | _BOTH | SELL), np.uint64(TRADE | _BOTH | BUY))
        rows["px"], rows["qty"] = c["price"], c["qty"]
        rows["order_id"] = c["id"].astype(np.uint64)
        return rows

    def _bands(self, block: TableBlock) -> np.ndarray:
        c = block.columns
        rows = self._rows(c["date"])
        side = np.where(c["percentage"] < 0, np.uint64(BUY), np.uint64(SELL))
        rows["ev"] = np.uint64(BOOK_BAND | _BOTH) | side
        rows["px"], rows["px_exp"] = c["percentage"], -8
        rows["qty"] = c["qty"]
        rows["fval"] = c["notional"] / 1e8
        note = (
            "bookDepth: sums of what rests within bands of the price, as events of kind 120; they are no book"
        )
        if note not in self.counters.notes:
            self.counters.notes.append(note)
        return rows

    @functools.cached_property
    def _backward(self) -> int:
        """How often the update ids go back; found once, however often the file is read."""
        backward = 0
        last = -1
        for block in self._blocks(None, ("id",)):
            ids = np.concatenate([[last], block.columns["id"]])
            backward += int((np.diff(ids) < 0).sum())
            last = int(ids[-1])
        return backward

    def _tickers(self) -> Iterator[np.ndarray]:
        """Best prices in the order of their update ids, which some of the archive's files are not in."""
        backward = self._backward
        self.counters.count("rows_out_of_order_which_were_sorted", backward)
        tables = (
            np.stack([*(block.columns[name] for name in _TICKER), block.lines], axis=1)
            for block in self._blocks(self._progress)
        )
        books = Books(self.counters, 1, -self._places[0], -self._places[1])
        for table in sorted_rows(tables, 0) if backward else tables:
            lines = table[:, 6].copy()

            def place(row: int, at: NDArray[np.int64] = lines) -> str:
                return self._place(at, row)

            times = epoch_ns(table[:, 5], UNITS, "transaction_time", place)
            prices, quantities = table[:, 1:3, None], table[:, 3:5, None]
            for i, side in ((0, "bid"), (1, "ask")):
                px, qty = table[:, 1 + i], table[:, 3 + i]
                self._refuse(qty < 0, f"a best_{side}_qty of 0 or more", qty, lines)
                self._refuse((px <= 0) & (qty > 0), f"a best_{side}_price above 0", px, lines)
            rows, source = books.events(times, times + self._latency, prices, quantities, place)
            self.lines = lines[source]
            yield rows


def read_binance_archive(
    path: str | PathLike[str],
    *more: str | PathLike[str],
    feed_latency_ns: int = 0,
    price_places: int = 8,
    quantity_places: int = 8,
    progress: Progress | None = None,
) -> EventReader:
    """Read a file of Binance's public archive (data.binance.vision), or of its depth archive (T_DEPTH).

    Parameters
    ----------
    path : path
        ``BTCUSDT-trades-2024-01-01.zip`` and others, as they are or unpacked. What it holds is told by its
        first line, else by its name.
    *more : path
        Of T_DEPTH: the file of changes, after that of the snapshot.
    feed_latency_ns : int
        What a message takes to the local side; these files have the venue's clock only.
    price_places, quantity_places : int
        Decimal places that are enough for every number; Binance has up to 8.
    progress : callable, optional
        Called with the number of bytes read since the last call.

    Raises
    ------
    DataError
        The file is missing, of bars, or (while it is read) not what it has to be: with file and line.
    ConfigError
        A latency below 0, or too many decimal places.
    """
    require_latency(feed_latency_ns)
    places = decimal_places(price_places, quantity_places)
    paths = [Path(path), *map(Path, more)]
    for file in paths:
        Blocks(file)  # is there something to read
    kinds = [kind_of(file) for file in paths]
    if kinds[0] == "klines":
        expected = "events (bars are none: truefill.vendors.read_klines gives them, to warm indicators up)"
        raise DataError(expected, "klines", paths[0])
    if "T_DEPTH" in kinds:
        return BinanceDepthReader(paths, places, feed_latency_ns, progress)
    if len(paths) > 1:
        raise DataError("one file at a time, or two of T_DEPTH", ", ".join(kinds), paths[1])
    return BinanceArchiveReader(paths[0], kinds[0], places, feed_latency_ns, progress)


def is_binance_archive(path: Path, line: str) -> bool:
    """Whether a file is of the archive, by its name or first line."""
    return told(line) is not None or named(path) is not None


def binance_groups(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Which files are read together: of the depth archive a snapshot and its changes.

    Raises
    ------
    DataError
        Files of several instruments, or which tell the same thing twice.
    """
    symbols = {name[0]: path for path in paths if (name := named(path)) is not None}
    if len(symbols) > 1:
        raise DataError("files of one instrument", ", ".join(sorted(symbols)), list(symbols.values())[1])
    kinds = {path: kind_of(path) for path in paths}
    for twice, what in ((("trades", "aggTrades"), "trades"), (("bookTicker", "T_DEPTH"), "the book")):
        if set(twice) <= set(kinds.values()):
            at = next(path for path in reversed(paths) if kinds[path] in twice)
            raise DataError(f"one source of {what}", " and ".join(twice), at)
    by_name = {path.name: path for path in paths}
    groups: list[tuple[Path, ...]] = []
    for path in paths:
        snapshot = by_name.get(path.name.replace("_depth_update", "_depth_snap"))
        if snapshot is not None and snapshot != path:
            groups.append((snapshot, path))
        elif (
            path.name.replace("_depth_snap", "_depth_update") not in by_name or "_depth_snap" not in path.name
        ):
            groups.append((path,))
    return groups
