"""What is written beside the archive: events as Parquet, or the wide layout of books and trades."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from truefill.collect.event_parts import EventParts
from truefill.core.decimals import nearest_floats
from truefill.core.errors import DataError
from truefill.core.events import KIND_MASK, SELL, TRADE
from truefill.venues.codec import DEPTH, TRADES
from truefill.venues.stream import Stream

EVENTS = "events"
Top = tuple[tuple[str, str], ...]  # best levels of a side: price and quantity as the venue wrote them

_MS = 1_000_000
_TOGETHER = 256  # books


class Sink(Protocol):
    """Takes what the codec made of the messages. Everything may raise DataError: it cannot be written."""

    wants_books: bool  # whether `book` is to be called after each message

    def rows(self, native: str, rows: np.ndarray, now: int) -> None:
        """Take events of an instrument; `now` is the time, UTC ns."""

    def book(self, stream: Stream) -> None:
        """Look at the book of an instrument."""

    def turn_over(self) -> None:
        """Begin the next files: a day or an hour is over."""

    def save(self) -> None:
        """Write what has come so far, as far as that is possible."""

    def close(self) -> None:
        """End all files."""


class NoSink:
    """Writes nothing."""

    wants_books = False

    def rows(self, native: str, rows: np.ndarray, now: int) -> None:
        """Forget them."""

    def book(self, stream: Stream) -> None:
        """Forget it."""

    def turn_over(self) -> None:
        """Nothing is open."""

    def save(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""


class EventSink(NoSink):
    """Events of each instrument in files of their own, ``events/BTCUSDT_20240808_000.parquet``.

    Parameters
    ----------
    folder : Path
        The collector's.
    streams : mapping
        By the venue's name.
    names : mapping
        How their files are called.

    Raises
    ------
    DataError
        The folder cannot be written.
    """

    def __init__(self, folder: Path, streams: Mapping[str, Stream], names: Mapping[str, str]) -> None:
        events = make_folder(folder / EVENTS)
        self._parts = {n: EventParts(events, names[n], str(s.symbol)) for n, s in streams.items()}

    def rows(self, native: str, rows: np.ndarray, now: int) -> None:
        """Append them."""
        self._parts[native].append(rows, now)

    def turn_over(self) -> None:
        """End the parts."""
        self.close()

    def close(self) -> None:
        """End the parts."""
        for part in self._parts.values():
            part.close()


class WideSink(NoSink):
    """Whole books and trades of each instrument, in the wide layout of the Extended pipeline.

    A row is written for each message after which the book is whole and its best levels are others than
    before. Rows are numbered on from where the folder's state ends, because the venue's own numbers begin
    anew with each connection.

    Parameters
    ----------
    folder : Path
        Each instrument gets a folder in it.
    streams : mapping
        By the venue's name.
    names : mapping
        What the markets are called there.
    levels : int
        How many levels of each side.
    channels : sequence of str
        Whether books and trades are written.

    Raises
    ------
    DataError
        A folder has the state of another market, or cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        streams: Mapping[str, Stream],
        names: Mapping[str, str],
        levels: int,
        channels: tuple[str, ...],
    ) -> None:
        from truefill.collect.wide_writer import WideWriter

        self.wants_books = DEPTH in channels
        self._trades = TRADES in channels
        self._levels = levels
        self._writers = {n: WideWriter(folder, names[n], levels=levels) for n in streams}
        for writer in self._writers.values():
            make_folder(writer.folder)
        self._last: dict[str, tuple[Top, Top]] = {}
        self._books: dict[str, list[tuple[int, tuple[Top, Top]]]] = {native: [] for native in streams}

    def rows(self, native: str, rows: np.ndarray, now: int) -> None:
        """Append the trades among them."""
        trades = rows[(rows["ev"] & np.uint64(KIND_MASK)) == TRADE]
        if not self._trades or not len(trades):
            return
        self._writers[native].append_trades(
            trades["exch_ts"] // _MS,
            nearest_floats(trades["px"], trades["px_exp"]),
            nearest_floats(trades["qty"], trades["qty_exp"]),
            trades["ev"] & np.uint64(SELL) != 0,
            int(trades["order_id"][-1]) or None,
        )

    def book(self, stream: Stream) -> None:
        """Take its best levels, if they have changed."""
        book = stream.book
        if not book.valid:
            return
        top = tuple(book.bids.top(self._levels)), tuple(book.asks.top(self._levels))
        if top == self._last.get(stream.native):
            return
        self._last[stream.native] = top
        books = self._books[stream.native]
        books.append((stream.last_ts // _MS, top))
        if len(books) == _TOGETHER:
            self._append_books(stream.native)

    def _append_books(self, native: str) -> None:
        """Pass books on to their writer, together: one at a time would be one array a number."""
        books, self._books[native] = self._books[native], []
        if not books:
            return
        px = np.full((len(books), 2, self._levels), np.nan)
        qty = np.full((len(books), 2, self._levels), np.nan)
        for row, (_, sides) in enumerate(books):
            for side, pairs in enumerate(sides):
                for i, (price, quantity) in enumerate(pairs):
                    px[row, side, i], qty[row, side, i] = float(price), float(quantity)
        writer = self._writers[native]
        number = (writer.state.last_orderbook_seq or 0) + 1
        ts = np.array([ts for ts, _ in books])
        writer.append_books(ts, number + np.arange(len(books)), px, qty)

    def save(self) -> None:
        """Write the open parts and the states."""
        for native, writer in self._writers.items():
            self._append_books(native)
            writer.flush()

    def close(self) -> None:
        """As `save`; the next run begins new parts."""
        self.save()


def make_folder(folder: Path) -> Path:
    """Make a folder if there is none.

    Raises
    ------
    DataError
        It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError("a folder that can be written", error.strerror, folder) from error
    return folder
