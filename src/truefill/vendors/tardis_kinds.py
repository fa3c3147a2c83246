"""What the rows of each kind of tardis.dev file become.

===================  ==========================================================================
kind                 events
===================  ==========================================================================
incremental_book_L2  DEPTH; of a run of rows with is_snapshot, DEPTH_CLEAR and DEPTH_SNAPSHOT
book_snapshot_N      the first book as a snapshot, then what changed (`books`)
trades               TRADE, the side is the taker's, order_id the trade's id where it is a number
quotes, book_ticker  a book of one level, or TICKER_BID and TICKER_ASK beside a book
derivative_ticker    INDEX_PRICE, MARK_PRICE and FUNDING, each when it changes
===================  ==========================================================================
"""

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError
from truefill.core.events import (
    BUY,
    DECIMAL_EVENT,
    FUNDING,
    INDEX_PRICE,
    MARK_PRICE,
    SELL,
    TICKER_ASK,
    TICKER_BID,
    TRADE,
)
from truefill.vendors import table_kernels as k
from truefill.vendors.books import Books
from truefill.vendors.decimals import Decimals, column
from truefill.vendors.epochs import epoch_ns
from truefill.vendors.rows import Place, Times, coded, filled, refuse
from truefill.vendors.snapshot_runs import SnapshotRuns
from truefill.vendors.table import TableBlock

_TAKER = {"buy": BUY, "sell": SELL, "unknown": 0, "": 0}
_SIDE = {"bid": BUY, "ask": SELL, "buy": BUY, "sell": SELL}
_TRUTH = {"true": 1, "false": 0, "True": 1, "False": 0, "1": 1, "0": 0}


def trades(block: TableBlock, times: Times, place: Place) -> tuple[np.ndarray, NDArray[np.int64]]:
    """Events of trades, and the row of each."""
    side = coded(block.columns["side"], _TAKER, "side", place).astype(np.uint64)
    qty = column(block, "amount")
    rows = filled(side | np.uint64(TRADE), times, column(block, "price"), qty)
    rows["order_id"] = block.columns["id"].view(np.uint64) if "id" in block.columns else 0
    refuse(qty.mantissa <= 0, "amounts above 0", qty, "amount", place)
    return rows, np.arange(len(rows))


class Depth:
    """Events of incremental books, by a mode of `SnapshotRuns`."""

    def __init__(self, snapshot_mode: str) -> None:
        self.runs = SnapshotRuns(snapshot_mode)

    def events(self, block: TableBlock, times: Times, place: Place) -> tuple[np.ndarray, NDArray[np.int64]]:
        """Events of some rows, and the row of each."""
        snapshot = coded(block.columns["is_snapshot"], _TRUTH, "is_snapshot", place) == 1
        side = coded(block.columns["side"], _SIDE, "side", place).astype(np.uint64)
        qty = column(block, "amount")
        refuse(qty.mantissa < 0, "amounts of 0 or more", qty, "amount", place)
        return self.runs.events(snapshot, side, times, column(block, "price"), qty)


def microseconds(block: TableBlock, name: str, place: Place, optional: bool = True) -> NDArray[np.int64]:
    """Times of a column as nanoseconds; an optional one that is missing or 0 as 0."""
    values = block.columns[name]
    missing = (values == 0) | (values == k.NO_NUMBER) if optional else None
    return epoch_ns(values, ("us",), name, lambda at: place(at, name), missing)


class BookMaker:
    """Events of whole books, or of quotes as books of one level.

    Parameters
    ----------
    books : Books
    levels : int
    quotes : bool
        The columns are those of quotes.
    """

    def __init__(self, books: Books, levels: int, quotes: bool) -> None:
        self._books = books
        self._levels = levels
        self._quotes = quotes

    def events(self, block: TableBlock, times: Times, place: Place) -> tuple[np.ndarray, NDArray[np.int64]]:
        """Events of some rows, and the row of each."""
        if self._quotes:
            block = quote_columns(block)
        px, qty = (self._levels_of(block, name) for name in ("price", "amount"))
        wrong = (qty.mantissa < 0).any(axis=(1, 2))
        if wrong.any():
            raise DataError("amounts of 0 or more", "one below 0", place(int(np.argmax(wrong)), ""))
        return self._books.exact_events(times.exch, times.local, px, qty, lambda at: place(at, ""))

    def _levels_of(self, block: TableBlock, name: str) -> Decimals:
        names = [f"{side}[{level}].{name}" for side in ("bids", "asks") for level in range(self._levels)]
        shape = (len(block.lines), 2, self._levels)
        # Of days with another number of levels, those that a file does not have are missing.
        none = np.full(len(block.lines), k.NO_NUMBER), np.zeros(len(block.lines), np.int32)
        return Decimals(
            np.stack([block.columns.get(name, none[0]) for name in names], 1).reshape(shape),
            np.stack([block.exps.get(name, none[1]) for name in names], 1).reshape(shape),
        )


def quote_columns(block: TableBlock) -> TableBlock:
    """Best bids and asks as the columns of a book of one level."""
    names = {
        f"{side}s[0].{name}": f"{side}_{name}" for side in ("bid", "ask") for name in ("price", "amount")
    }
    columns = {new: block.columns[old] for new, old in names.items()}
    return TableBlock(columns, block.lines, {new: block.exps[old] for new, old in names.items()})


def tickers(block: TableBlock, times: Times, place: Place) -> tuple[np.ndarray, NDArray[np.int64]]:
    """TICKER_BID and TICKER_ASK rows of quotes, and the row of each."""
    parts, sources = [], []
    for kind, side in ((TICKER_BID, "bid"), (TICKER_ASK, "ask")):
        px, qty = column(block, f"{side}_price"), column(block, f"{side}_amount")
        there = np.flatnonzero((px.mantissa != k.NO_NUMBER) & (qty.mantissa != k.NO_NUMBER))
        parts.append(filled(kind, times.part(there), px.part(there), qty.part(there)))
        sources.append(there)
    rows, source = np.concatenate(parts), np.concatenate(sources)
    order = np.argsort(source, kind="stable")
    return rows[order], source[order]


class Derivative:
    """Events of derivative tickers: the index, the mark price and the funding rate when they change."""

    _COLUMNS = ((INDEX_PRICE, "index_price"), (MARK_PRICE, "mark_price"), (FUNDING, "funding_rate"))

    def __init__(self) -> None:
        self._last = np.full((len(self._COLUMNS), 3), k.NO_NUMBER, np.int64)

    def events(self, block: TableBlock, times: Times, place: Place) -> tuple[np.ndarray, NDArray[np.int64]]:
        """Events of some rows, and the row of each."""
        funding_ts = microseconds(block, "funding_timestamp", place)
        parts, sources = [], []
        for at, (kind, name) in enumerate(self._COLUMNS):
            if name not in block.columns:
                continue
            value = column(block, name)
            there = np.flatnonzero(value.mantissa != k.NO_NUMBER)
            if not len(there):
                continue
            when = funding_ts[there] if kind == FUNDING else np.zeros(len(there), np.int64)
            now = np.stack([value.mantissa[there], value.exponent[there], when], 1).astype(np.int64)
            before = np.concatenate([self._last[at : at + 1], now[:-1]])
            changed = (now != before).any(axis=1)
            self._last[at] = now[-1]
            rows = filled(kind, times.part(there[changed]), value.part(there[changed]))
            rows["ival"] = when[changed]
            parts.append(rows)
            sources.append(there[changed])
        if not parts:
            return np.zeros(0, DECIMAL_EVENT), np.zeros(0, np.int64)
        rows, source = np.concatenate(parts), np.concatenate(sources)
        order = np.argsort(source, kind="stable")
        return rows[order], source[order]
