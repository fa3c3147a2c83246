"""Bybit's public archive: its trades as CSV, and its book as the websocket sent it (``ob500``, ``ob200``).

=====================================  ============================================================
file                                   events
=====================================  ============================================================
``2024-12-01_XRPUSDT_ob500.data.zip``  the book, see `bybit_book`
``XRPUSDT2024-12-01.csv.gz``           TRADE; times in seconds with a fraction
``XRPUSDT_2024-12-01.csv.gz`` (spot)   TRADE; times in ms, order_id is the trade's id
=====================================  ============================================================
"""

import re
from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError
from truefill.core.events import BUY, DECIMAL_EVENT, EXCH, LOCAL, SELL, TRADE
from truefill.vendors import table_kernels as k
from truefill.vendors.bybit_book import BybitBookReader
from truefill.vendors.epochs import epoch_ns
from truefill.vendors.options import decimal_places, require_latency
from truefill.vendors.packed import Blocks, first_line
from truefill.vendors.reader import EventReader, FileReader, Progress, ReaderCounters
from truefill.vendors.table import Column, TableBlock, read_table, word, word_text

_BOTH = EXCH | LOCAL
_BUYS = [word("Buy"), word("buy")]
_SELLS = [word("Sell"), word("sell")]

_SECONDS = "timestamp in seconds"
_DERIVATIVES = ("timestamp", "symbol", "side", "size", "price")
_MARKS = ("tickDirection", "trdMatchID")  # names that nobody else has
_SPOT = ("id", "timestamp", "price", "volume", "side")

# 2024-12-01_XRPUSDT_ob500.data.zip; XRPUSDT2024-12-01.csv.gz, XRPUSDT_2024-12-01.csv.gz
_BOOK_NAME = re.compile(r"\d{4}-\d\d-\d\d_([A-Z0-9-]+)_ob\d+\.data")
_TRADES_NAME = re.compile(r"([A-Z0-9-]+?)_?\d{4}-\d\d-\d\d\.csv")
_BOOK_LINE = re.compile(r'\{"topic":\s*"orderbook\.')
_ROW = re.compile(r"\d{9,10}(\.\d+)?,[A-Z0-9-]+,(Buy|Sell),[\d.]+,[\d.]+,")
_SPOT_ROW = re.compile(r"\d+,\d{13},[\d.]+,[\d.]+,(buy|sell)(,|$)")


class BybitTradesReader(FileReader):
    """Events of one file of trades. See `read_bybit_archive`."""

    def __init__(
        self, path: Path, places: tuple[int, int], feed_latency_ns: int, progress: Progress | None
    ) -> None:
        self.path = path
        super().__init__(progress)
        self._places = places
        self._latency = feed_latency_ns

    def __iter__(self) -> Iterator[np.ndarray]:
        self.counters = ReaderCounters()
        columns, has_names = self._columns()
        symbol: int | None = None
        table = (lambda head: columns) if has_names else columns
        for block in read_table(self.path, table, self._progress):
            if not len(block.lines):
                continue
            if "symbol" in block.columns:
                symbol = int(block.columns["symbol"][0]) if symbol is None else symbol
                self._refuse(block.columns["symbol"] != symbol, "trades of one instrument", block, "symbol")
            rows = self._rows(block)
            self.lines = block.lines
            self.counters.rows += len(rows)
            self.counters.events += len(rows)
            yield rows

    def _columns(self) -> tuple[list[Column], bool]:
        """What each column holds, and whether the first line names them."""
        line = first_line(self.path)
        names = line.split(",")
        has_names = not (_ROW.match(line) or _SPOT_ROW.match(line))
        if not has_names:
            known = _SPOT if _SPOT_ROW.match(line) else _DERIVATIVES
            names = [*known, *("" for _ in names[len(known) :])]
        spot = "volume" in names or ("id" in names and "symbol" not in names)
        missing = [name for name in (_SPOT if spot else _DERIVATIVES) if name not in names]
        if missing:
            expected = f"a first line that names {', '.join(missing)} (Bybit's trades)"
            raise DataError(expected, repr(line[:120]), f"{self.path}:1")
        kinds = {
            "id": Column("id", k.NUMBER),
            "timestamp": Column("timestamp", k.NUMBER) if spot else Column(_SECONDS, k.NUMBER, 9),
            "symbol": Column("symbol", k.TEXT),
            "side": Column("side", k.WORD),
            "size": Column("size", k.NUMBER, self._places[1]),
            "volume": Column("size", k.NUMBER, self._places[1]),
            "price": Column("price", k.NUMBER, self._places[0]),
        }
        return [kinds.get(name, Column(name, k.SKIPPED)) for name in names], has_names

    def _refuse(self, wrong: NDArray[np.bool_], expected: str, block: TableBlock, name: str) -> None:
        if wrong.any():
            at = int(np.argmax(wrong))
            value = int(block.columns[name][at])
            if name == "side":
                shown = repr(word_text(value))
            else:
                shown = "another" if name == "symbol" else str(value)
            raise DataError(expected, shown, f"{self.path}:{int(block.lines[at])}")

    def _rows(self, block: TableBlock) -> np.ndarray:
        c = block.columns
        times = c.get(_SECONDS)
        if times is None:
            times = epoch_ns(c["timestamp"], ("ms",), "timestamp", self._placer(block))
        else:
            times = epoch_ns(times, ("ns",), "1e-9 seconds of timestamp", self._placer(block))
        bought = np.isin(c["side"], _BUYS)
        self._refuse(~bought & ~np.isin(c["side"], _SELLS), "Buy or Sell as side", block, "side")
        self._refuse(c["price"] <= 0, "a price above 0", block, "price")
        self._refuse(c["size"] < 0, "a size of 0 or more", block, "size")
        rows = np.zeros(len(times), DECIMAL_EVENT)
        rows["ev"] = np.where(bought, np.uint64(TRADE | _BOTH | BUY), np.uint64(TRADE | _BOTH | SELL))
        rows["exch_ts"], rows["local_ts"] = times, times + self._latency
        rows["px"], rows["qty"] = c["price"], c["size"]
        rows["px_exp"], rows["qty_exp"] = -self._places[0], -self._places[1]
        if "id" in c:
            rows["order_id"] = c["id"].astype(np.uint64)
        return rows

    def _placer(self, block: TableBlock) -> Callable[[int], str]:
        return lambda row: f"{self.path}:{int(block.lines[row])}"


def read_bybit_archive(
    path: str | PathLike[str],
    *,
    feed_latency_ns: int = 0,
    price_places: int = 10,
    quantity_places: int = 8,
    progress: Progress | None = None,
) -> EventReader:
    """Read a file of Bybit's public archive: a book or trades, told by the first line.

    Parameters
    ----------
    path : path
        As it was downloaded, or unpacked.
    feed_latency_ns : int
        What a message takes to the local side after the venue sent it.
    price_places, quantity_places : int
        Decimal places that are enough for every trade (books take any).
    progress : callable, optional
        Called with the number of bytes read since the last call.

    Raises
    ------
    DataError
        The file is missing, or (while it is read) not what it has to be: with file and line.
    ConfigError
        A latency below 0, or too many decimal places.
    """
    require_latency(feed_latency_ns)
    places = decimal_places(price_places, quantity_places)
    file = Path(path)
    Blocks(file)  # is there something to read
    line = first_line(file)
    if line.startswith("{") or _BOOK_NAME.match(file.name):
        return BybitBookReader(file, feed_latency_ns, progress)
    return BybitTradesReader(file, places, feed_latency_ns, progress)


def is_bybit_archive(path: Path, line: str) -> bool:
    """Whether a file is of the archive, by its first line or name."""
    forms = (_BOOK_LINE, _ROW, _SPOT_ROW)
    names = line.split(",")
    return (
        any(form.match(line) for form in forms)
        # a column that is missing or renamed is told by the reader
        or (len({*_DERIVATIVES} & set(names)) > 3 and not {*_MARKS}.isdisjoint(names))
        or (len({*_SPOT} & set(names)) > 3 and _TRADES_NAME.match(path.name) is not None)
        or names[:5] == [*_SPOT]
        or _BOOK_NAME.match(path.name) is not None
    )


def bybit_groups(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Each file is read by itself.

    Raises
    ------
    DataError
        Files of several instruments, by their names.
    """
    symbols: dict[str, Path] = {}
    for path in paths:
        if match := _BOOK_NAME.match(path.name) or _TRADES_NAME.match(path.name):
            symbols.setdefault(match[1], path)
    if len(symbols) > 1:
        raise DataError("files of one instrument", ", ".join(sorted(symbols)), list(symbols.values())[1])
    return [(path,) for path in paths]
