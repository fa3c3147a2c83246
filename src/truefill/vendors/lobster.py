"""LOBSTER: Nasdaq's order-by-order messages, and beside them the book's levels after each message.

What a message becomes:

=====  ========================  ===========================================================
type   meaning                   events
=====  ========================  ===========================================================
1      new order                 ADD
2      partial cancel            MODIFY to what is left
3      deletion                  CANCEL
4      visible order executed    TRADE (the taker's side), FILL (the resting), MODIFY or CANCEL
5      hidden order executed     TRADE
6      cross trade (an auction)  TRADE without a side
7      halt, quotes, resumption  TRADING_STATUS, ``ival`` -1, 0 or 1
=====  ========================  ===========================================================

The messages name orders from before the first one, and of orders beyond the levels of the file nothing is
said at all. The order-book file says what is missing: the levels before the first message are its first row
without what that message did; each becomes one order of our own making, which answers for all orders that
the messages name and nobody has seen (its id is above 2**62). A level that comes into sight later with a
quantity that was not known gets such an order, too; where less is there than was known, the difference is
taken off that order, then off the newest. Without an order-book file none of this is done.
"""

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import ConfigError, DataError
from truefill.core.events import KIND_MASK, TRADING_STATUS
from truefill.vendors import lobster_kernels as k, orders, table_kernels
from truefill.vendors.options import require_latency
from truefill.vendors.reader import FileReader, OrderEvents, Progress, ReaderCounters
from truefill.vendors.table import Column, TableBlock, line_blocks, read_table

_NAME = re.compile(r"^(?P<symbol>.+?)_(?P<date>\d{4}-\d\d-\d\d)_\d+_\d+_message_\d+")
_PX_EXP = -4
_SLICE = 4096  # messages between two looks at the room in the arrays


@dataclass(frozen=True, slots=True)
class LobsterName:
    """What the name of a LOBSTER file says."""

    symbol: str
    date: datetime.date


def lobster_name(path: str | PathLike[str]) -> LobsterName | None:
    """Symbol and date of a message file named as LOBSTER names them; None for another name."""
    match = _NAME.match(Path(path).name)
    if match is None:
        return None
    try:
        return LobsterName(match["symbol"], datetime.date.fromisoformat(match["date"]))
    except ValueError:
        return None


def _span(path: Path) -> tuple[int, int]:
    """First and last time after midnight that a file may have, ns: as its name says, or a day."""
    match = re.match(r".*_\d{4}-\d\d-\d\d_(\d+)_(\d+)_message_", path.name)
    begin, end = (0, 86_400_000) if match is None else (int(match[1]), int(match[2]))
    return begin * 1_000_000, end * 1_000_000


_LINE = re.compile(r"\d{1,5}(\.\d{1,9})?,[1-7],\d+,\d+,-?\d+,-?1(,|$)")
_BOOK = "_orderbook_"


def is_lobster(path: Path, line: str) -> bool:
    """Whether a file is one of LOBSTER's, by its name or by its first line as a message."""
    return _NAME.match(path.name.replace(_BOOK, "_message_")) is not None or _LINE.match(line) is not None


def lobster_pairs(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Message files in the order given, each with its order-book file if that is among them.

    Raises
    ------
    DataError
        An order-book file whose messages are not given.
    """
    books = {path.name.replace(_BOOK, "_message_"): path for path in paths if _BOOK in path.name}
    messages = [path for path in paths if _BOOK not in path.name]
    if len(messages) == len(books) == 1:  # also when only one of the two was renamed
        return [(messages[0], *books.values())]
    alone = sorted(set(books) - {path.name for path in messages})
    if alone:
        raise DataError("the message file of each order-book file", f"no {alone[0]}", books[alone[0]])
    return [(path, books[path.name]) if path.name in books else (path,) for path in messages]


class LobsterReader(FileReader):
    """Events of one day of one stock. See `read_lobster`."""

    def __init__(
        self,
        messages: Path,
        book: Path | None,
        midnight_ns: int,
        feed_latency_ns: int,
        progress: Progress | None,
    ) -> None:
        self.messages = messages
        self.book = book
        super().__init__(progress)
        self._midnight_ns = midnight_ns
        self._feed_latency_ns = feed_latency_ns
        self._span = _span(messages)

    def __iter__(self) -> Iterator[np.ndarray]:
        self.counters = ReaderCounters()
        making = OrderEvents(self.counters, _PX_EXP, 0)
        state = np.zeros(k.STATE, np.int64)
        prices: NDArray[np.int64] = np.zeros((2, 1024), np.int64)
        totals: NDArray[np.int64] = np.zeros((2, 1024), np.int64)
        last = 0
        for messages, book in self._aligned():
            columns = messages.columns
            self._check(messages, last)
            last = int(columns["time"][-1])
            exch_ts = columns["time"] + self._midnight_ns
            local_ts = exch_ts + self._feed_latency_ns
            table = np.stack(
                [columns[name] for name in ("type", "order id", "size", "price", "direction")], axis=1
            )
            start = 0
            while start < len(table):
                making.reserve(book.shape[1] + 512)
                if book.shape[1]:
                    more = int(state[:2].max()) + len(table) * (1 + book.shape[1] // 4)
                    prices, totals = _wider(prices, more), _wider(totals, more)
                size = 4 * len(table) + 2 * (int(making.state[orders.LIVE]) + 4 * book.shape[1] + 16)
                out: NDArray[np.int64] = np.zeros((size, 6), np.int64)
                done, n = k.read_messages(
                    table, book, start, making.table, making.state, prices, totals, state, out
                )
                out = out[:n]
                rows = making.rows(out, exch_ts, local_ts)
                status = rows["ev"] & np.uint64(KIND_MASK) == TRADING_STATUS
                rows["ival"][status] = columns["price"][out[status, 5]]
                self.lines = messages.lines[out[:, 5]]
                making.tell(int(done) - start, len(rows))
                self._tell(state)
                start = int(done)
                yield rows

    def _tell(self, state: NDArray[np.int64]) -> None:
        """Counts of what only LOBSTER has."""
        if self.book is None:
            return
        for name, at in (
            ("initial_levels", k.INITIAL_ORDERS),
            ("messages_of_initial_orders", k.TO_INITIAL),
            ("levels_revealed", k.REVEALED),
            ("levels_vanished_out_of_sight", k.VANISHED),
            ("levels_mended_in_sight", k.MENDED),
        ):
            self.counters.others[name] = int(state[at])

    def _check(self, messages: TableBlock, last: int) -> None:
        """Refuse rows that no kernel could be trusted with."""
        columns = messages.columns
        kind, side = columns["type"], columns["direction"]
        before = np.concatenate([[last], columns["time"][:-1]])
        first, end = self._span
        within = f"a time from {first // 10**9} to {end // 10**9} s after midnight (here in 1e-9 s)"
        for expected, wrong, shown in (
            ("a type from 1 to 7", (kind < 1) | (kind > 7), kind),
            ("direction 1 or -1", (np.abs(side) != 1) & (kind < k.CROSS), side),
            ("an order id from 0 to 2**62 - 1", (columns["order id"] >> 62) != 0, columns["order id"]),
            ("a size of at least 0", columns["size"] < 0, columns["size"]),
            ("a price below 2**60", np.abs(columns["price"]) >= 1 << 60, columns["price"]),
            ("a time not before that of the last line", columns["time"] < before, columns["time"]),
            (within, (columns["time"] < first) | (columns["time"] > end), columns["time"]),
        ):
            if wrong.any():
                at = int(np.argmax(wrong))
                raise DataError(expected, int(shown[at]), f"{self.messages}:{int(messages.lines[at])}")

    def _aligned(self) -> Iterator[tuple[TableBlock, NDArray[np.int64]]]:
        """Messages with the book rows after them, in slices of `_SLICE`."""
        columns = _message_columns(self.messages)
        rows = read_table(self.messages, columns, self._progress)
        if self.book is None:
            for block in rows:
                for part in _slices(block, _SLICE):
                    yield part, np.zeros((len(part.lines), 0), np.int64)
            return
        names = _book_columns(self.book)
        books = read_table(self.book, names, self._progress)
        waiting: NDArray[np.int64] = np.zeros((0, len(names)), np.int64)
        for block in rows:
            for part in _slices(block, _SLICE):
                while len(waiting) < len(part.lines):
                    more = next(books, None)
                    if more is None:
                        raise DataError(
                            "a row for each message in the order-book file",
                            f"none for line {int(part.lines[len(waiting)])} of {self.messages.name}",
                            self.book,
                        )
                    added = np.stack(list(more.columns.values()), axis=1)
                    waiting = np.concatenate([waiting, added], axis=0)
                size = len(part.lines)
                yield part, np.ascontiguousarray(waiting[:size])
                waiting = waiting[size:]
        if len(waiting) or next(books, None) is not None:
            raise DataError(
                "a message for each row of the order-book file", "more rows than messages", self.book
            )


def read_lobster(
    messages: str | PathLike[str],
    orderbook: str | PathLike[str] | None = None,
    *,
    use_orderbook: bool = True,
    date: str | datetime.date | None = None,
    timezone: str = "America/New_York",
    feed_latency_ns: int = 0,
    progress: Progress | None = None,
) -> LobsterReader:
    """Read LOBSTER's message file, and the order-book file that belongs to it.

    Parameters
    ----------
    messages : path
        ``AAPL_2012-06-21_34200000_57600000_message_10.csv`` or the like; plain, gzip, xz, zstd or zip.
    orderbook : path, optional
        By default the file beside it with ``orderbook`` for ``message`` in its name, if there is one.
    use_orderbook : bool
        False: read the messages alone, from an empty book.
    date : str or date, optional
        Day of the messages; by default that of the file name.
    timezone : str
        Where their midnight is.
    feed_latency_ns : int
        What a message takes to the local side. The files have only the exchange's time.
    progress : callable, optional
        Called with the number of bytes read since the last call.

    Raises
    ------
    DataError
        A file is missing, or (while it is read) not what it has to be: with file and line.
    ConfigError
        No date, or an unknown time zone.
    """
    path = Path(messages)
    if date is None:
        named = lobster_name(path)
        if named is None:
            raise ConfigError("a date, in the file name or given", path.name, "date")
        date = named.date
    elif isinstance(date, str):
        try:
            date = datetime.date.fromisoformat(date)
        except ValueError:
            raise ConfigError("a date as 2012-06-21", repr(date), "date") from None
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError("the name of a time zone, America/New_York", repr(timezone), "timezone") from None
    require_latency(feed_latency_ns)
    midnight = datetime.datetime.combine(date, datetime.time(), zone)
    book = Path(orderbook) if orderbook is not None else _book_beside(path)
    if not use_orderbook:
        book = None
    for file in (path, book):
        if file is not None and not file.is_file():
            raise DataError("a file", "none with this name", file)
    midnight_ns = int(midnight.timestamp()) * 1_000_000_000
    return LobsterReader(path, book, midnight_ns, feed_latency_ns, progress)


def _book_beside(messages: Path) -> Path | None:
    if "_message_" not in messages.name:
        return None
    beside = messages.with_name(messages.name.replace("_message_", "_orderbook_"))
    return beside if beside.is_file() else None


def _first_line(path: Path) -> bytes:
    for text, _ in line_blocks(path):
        return text.partition(b"\n")[0].rstrip(b"\r")
    raise DataError("at least one line", "none", path)


def _message_columns(path: Path) -> list[Column]:
    columns = [
        Column("time", table_kernels.NUMBER, 9),
        Column("type", table_kernels.NUMBER),
        Column("order id", table_kernels.NUMBER),
        Column("size", table_kernels.NUMBER),
        Column("price", table_kernels.NUMBER),
        Column("direction", table_kernels.NUMBER),
    ]
    if _first_line(path).count(b",") == len(columns):  # newer files name the participant, or say null
        columns.append(Column("participant", table_kernels.SKIPPED))
    return columns


def _book_columns(path: Path) -> list[Column]:
    count = _first_line(path).count(b",") + 1
    if count % 4:
        raise DataError("4 columns a level", f"{count} columns", f"{path}:1")
    names = ("ask price", "ask size", "bid price", "bid size")
    return [Column(f"{names[i % 4]} {i // 4 + 1}", table_kernels.NUMBER) for i in range(count)]


def _slices(block: TableBlock, size: int) -> Iterator[TableBlock]:
    for start in range(0, len(block.lines), size):
        part = slice(start, start + size)
        yield TableBlock({name: c[part] for name, c in block.columns.items()}, block.lines[part])


def _wider(levels: NDArray[np.int64], room: int) -> NDArray[np.int64]:
    if levels.shape[1] >= room:
        return levels
    wide = np.zeros((2, 2 * room), np.int64)
    wide[:, : levels.shape[1]] = levels
    return wide
