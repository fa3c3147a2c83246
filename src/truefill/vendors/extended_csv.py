"""The CSV files that the older pipeline of the exchange Extended wrote, three a market.

===================  ==================================================================
file                 events
===================  ==================================================================
trades.csv           TRADE, the side is the taker's
orderbook.csv        a book of one level, or TICKER_BID and TICKER_ASK beside a book
orderbook_depth.csv  the first book as a snapshot, then what changed
===================  ==================================================================

There is one clock, the exchange's, in milliseconds. The same number comes in several spellings (``84050``,
``84050.000000``); they are equal here.
"""

import re
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from truefill.core.errors import DataError
from truefill.core.events import BUY, SELL, TICKER_ASK, TICKER_BID, TRADE
from truefill.vendors import table_kernels as k
from truefill.vendors.books import Books
from truefill.vendors.decimals import Decimals, column
from truefill.vendors.epochs import epoch_ns
from truefill.vendors.merging import Chunk, merged
from truefill.vendors.options import require_latency
from truefill.vendors.reader import FileReader, Progress, ReaderCounters
from truefill.vendors.rows import (
    Place,
    Times,
    coded,
    filled,
    names_of,
    of_wanted,
    one_value,
    place_of,
    refuse,
)
from truefill.vendors.table import Column, TableBlock, read_table, text_hash

TRADES = ("timestamp_ms", "datetime", "market", "side", "price", "quantity", "trade_id", "trade_type")
BEST = (
    *("timestamp_ms", "datetime", "market", "seq", "bid_price", "bid_quantity", "ask_price", "ask_quantity"),
    *("mid_price", "spread", "spread_bps"),
)
_DEPTH = ("timestamp_ms", "datetime", "market", "seq")
_LEVEL = ("bid_price{}", "bid_qty{}", "ask_price{}", "ask_qty{}")
_KINDS = {"timestamp_ms": k.NUMBER, "market": k.TEXT, "side": k.WORD, "trade_id": k.ID, "trade_type": k.TEXT}
_SIDES = {"BUY": BUY, "SELL": SELL, "buy": BUY, "sell": SELL, "Buy": BUY, "Sell": SELL}
_FIRST = re.compile(r"timestamp_ms,datetime,market,")


def looks_like_extended(path: Path, line: str) -> bool:
    """Tell these files by their first line."""
    return _FIRST.match(line) is not None


class ExtendedReader(FileReader):
    """Events of one market. See `read_extended_csv`."""

    def __init__(
        self,
        files: Sequence[tuple[Path, str, int]],
        market: str | None,
        feed_latency_ns: int,
        progress: Progress | None,
    ) -> None:
        super().__init__(progress)
        self._files = files
        self._market = market
        self._latency = feed_latency_ns
        self._seen: dict[str, tuple[int, str]] = {}

    def __iter__(self) -> Iterator[np.ndarray]:
        self.counters = ReaderCounters()
        self.counters.notes.append(f"one clock: local times are the exchange's and {self._latency:,} ns")
        self._seen = {}
        kinds = {kind for _, kind, _ in self._files}
        sources = [
            self._kind(kind, [(path, levels) for path, its, levels in self._files if its == kind], kinds)
            for kind in ("trades", "orderbook", "orderbook_depth")
            if kind in kinds
        ]
        yield from self._lined(merged(sources))
        if self._market is not None and not self.counters.rows:
            raise DataError(f"rows of {self._market}", "those of other markets", self._files[0][0])

    def _kind(self, kind: str, files: list[tuple[Path, int]], kinds: set[str]) -> Iterator[Chunk]:
        books = Books(self.counters, max(levels for _, levels in files) or 1)
        for path, levels in files:
            columns = [Column(name, _column_kind(name)) for name in _names(kind, levels)]
            for whole in read_table(path, columns, self._progress, header=True):
                block = self._of_market(whole, path)
                place = place_of(path, block)
                times = self._times(block, place)
                if kind == "trades":
                    rows, source = self._trades(block, times, place)
                elif kind == "orderbook_depth":
                    rows, source = _books(block, times, books, levels, place)
                elif "orderbook_depth" in kinds:
                    rows, source = self._tickers(block, times)
                else:
                    rows, source = _books(_one_level(block), times, books, 1, place)
                yield rows, block.lines[source]

    def _of_market(self, block: TableBlock, path: Path) -> TableBlock:
        block = of_wanted(block, "market", self._market, self.counters, "other_markets")
        one_value(block, "market", self._seen, path, 2, ", or the option market")
        return block

    def _times(self, block: TableBlock, place: Place) -> Times:
        exch = epoch_ns(
            block.columns["timestamp_ms"], ("ms",), "timestamp_ms", lambda at: place(at, "timestamp_ms")
        )
        return Times(exch, exch + self._latency)

    def _trades(self, block: TableBlock, times: Times, place: Place) -> Chunk:
        side = coded(block.columns["side"], _SIDES, "side", place).astype(np.uint64)
        qty = column(block, "quantity")
        refuse(qty.mantissa <= 0, "quantities above 0", qty, "quantity", place)
        rows = filled(side | np.uint64(TRADE), times, column(block, "price"), qty)
        rows["order_id"] = block.columns["trade_id"].view(np.uint64)
        others = block.columns["trade_type"] != text_hash("TRADE")
        self.counters.count("liquidations_and_other_trades", int(others.sum()))
        self.counters.rows += len(rows)
        self.counters.events += len(rows)
        return rows, np.arange(len(rows))

    def _tickers(self, block: TableBlock, times: Times) -> Chunk:
        pairs = [
            filled(kind, times, column(block, f"{side}_price"), column(block, f"{side}_quantity"))
            for kind, side in ((TICKER_BID, "bid"), (TICKER_ASK, "ask"))
        ]
        for rows in pairs:
            rows["ival"] = block.columns["seq"]
        rows = np.stack(pairs, 1).reshape(-1)
        source = np.repeat(np.arange(len(block.lines)), 2)
        there = rows["px"] != k.NO_NUMBER
        self.counters.rows += len(block.lines)
        self.counters.events += int(there.sum())
        return rows[there], source[there]


def _books(block: TableBlock, times: Times, books: Books, levels: int, place: Place) -> Chunk:
    def of(name: str) -> Decimals:
        names = [f"{side}_{name}{level}" for side in ("bid", "ask") for level in range(levels)]
        shape = (len(block.lines), 2, levels)
        return Decimals(
            np.stack([block.columns[name] for name in names], 1).reshape(shape),
            np.stack([block.exps[name] for name in names], 1).reshape(shape),
        )

    return books.exact_events(times.exch, times.local, of("price"), of("qty"), lambda at: place(at, ""))


def _one_level(block: TableBlock) -> TableBlock:
    names = {f"{s}_{new}0": f"{s}_{n}" for s in ("bid", "ask") for new, n in _SPELLED}
    columns = {new: block.columns[old] for new, old in names.items()}
    return TableBlock(columns, block.lines, {new: block.exps[old] for new, old in names.items()})


_SPELLED = (("price", "price"), ("qty", "quantity"))


def _names(kind: str, levels: int) -> tuple[str, ...]:
    if kind == "trades":
        return TRADES
    if kind == "orderbook":
        return BEST
    return (*_DEPTH, *(name.format(level) for level in range(levels) for name in _LEVEL))


def _column_kind(name: str) -> int:
    if name in _KINDS:
        return _KINDS[name]
    if name == "seq":
        return k.NUMBER
    if name in ("price", "quantity"):
        return k.DECIMAL
    return k.OPTIONAL_DECIMAL if re.match(r"(bid|ask)_(price|q)", name) else k.SKIPPED


def _schema(path: Path) -> tuple[Path, str, int]:
    names = names_of(path) or []
    if "trade_id" in names or "side" in names:
        kind, levels = "trades", 0
    elif "bid_price0" in names or "bid_qty0" in names:
        kind, levels = "orderbook_depth", max((len(names) - len(_DEPTH)) // len(_LEVEL), 1)
    else:
        kind, levels = "orderbook", 1
    expected = _names(kind, levels)
    if tuple(names) != expected:
        missing = [name for name in expected if name not in names]
        more = [name for name in names if name not in expected]
        odd = (("without", missing), ("with", more))
        parts = [f"{word} {', '.join(its[:5])}" for word, its in odd if its]
        got = "; ".join(parts) or f"another order: {','.join(names)[:120]}"
        raise DataError(f"the columns of {kind}.csv ({','.join(expected)[:160]})", got, f"{path}:1")
    return path, kind, levels


def read_extended_csv(
    *paths: str | PathLike[str],
    market: str | None = None,
    feed_latency_ns: int = 0,
    progress: Progress | None = None,
) -> ExtendedReader:
    """Read ``trades.csv``, ``orderbook.csv`` and ``orderbook_depth.csv`` of Extended's older pipeline.

    Parameters
    ----------
    *paths : path
        Of one market; of each kind in order of time. Plain, gzip, xz, zstd or zip.
    market : str, optional
        The market to read, of files with several; without it, files must have one.
    feed_latency_ns : int
        What a message takes to the local side: the files have only the exchange's time.
    progress : callable, optional
        Called with the number of bytes read since the last call.

    Raises
    ------
    DataError
        A file is missing, or not what it has to be: with file, line and column.
    ConfigError
        A latency below 0.
    """
    require_latency(feed_latency_ns)
    if not paths:
        raise DataError("at least one file", "none")
    return ExtendedReader([_schema(Path(path)) for path in paths], market, feed_latency_ns, progress)
