"""A venue's protocol from the other end: changes of markets and requests in, messages out.

No socket, no clock, no task. Each venue's own part spells: see `truefill.exchange.binance`.
"""

from collections.abc import Iterable, Mapping

from truefill.core.errors import ConfigError
from truefill.exchange.changes import Answer, Change, Publication, Quantities, Rest
from truefill.exchange.published_book import PublishedBook
from truefill.venues.instruments import Instrument
from truefill.venues.venue import Venue

_MS = 1_000_000  # ns


class Voice:
    """How a venue speaks about some instruments; see the top of this file.

    Parameters
    ----------
    instruments : iterable of Instrument
        All of one venue.

    Attributes
    ----------
    venue : Venue
    books : dict of str to PublishedBook
        By the venue's name of the instrument.
    path : str
        Of the WebSocket.
    every : int
        Changes of a book are published together each so many ns; 0: each at once.
    requests_per_s : int
        A client that sends more is cut off.
    """

    path = "/"
    every = 0
    requests_per_s = 10

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        wanted = list(instruments)
        venues = {instrument.symbol.venue for instrument in wanted}
        if len(venues) != 1:
            raise ConfigError(
                "instruments of one venue", ", ".join(sorted(v.value for v in venues)) or "none"
            )
        self.venue: Venue = venues.pop()
        self.instruments = {instrument.native: instrument for instrument in wanted}
        if len(self.instruments) < len(wanted):
            raise ConfigError("each instrument once", f"{len(wanted)}, of which some twice", "symbols")
        self.books = {native: PublishedBook(native) for native in self.instruments}

    # -- what a venue brings along ---------------------------------------------------------------------------

    def speaks_at(self, path: str) -> bool:
        """Whether the venue has a WebSocket at this path."""
        raise NotImplementedError

    def joined(self, path: str) -> list[Answer]:
        """What opening a connection leads to, before any request."""
        return []

    def read(self, request: bytes) -> list[Answer]:
        """Read what a client sent; a request that is none gets the venue's error."""
        raise NotImplementedError

    def greeting(self, channel: str) -> bytes | None:
        """First message of a channel to a new subscriber, if the venue has one: a snapshot."""
        return None

    def rest(self, path: str, query: Mapping[str, str]) -> Rest:
        """Answer over HTTP."""
        raise NotImplementedError

    def depth(self, book: PublishedBook, ts: int) -> list[Publication]:
        """Spell what waits of a book, and publish it."""
        raise NotImplementedError

    def trade(self, book: PublishedBook, change: "Change") -> list[Publication]:
        """Spell a trade."""
        raise NotImplementedError

    # -- the face --------------------------------------------------------------------------------------------

    def open(
        self, native: str, bids: Iterable[tuple[str, str]], asks: Iterable[tuple[str, str]], ts: int
    ) -> None:
        """Tell what the book is before anything happens."""
        book = self.books[native]
        book.load(list(bids), list(asks))
        book.ts = ts

    def spell(self, change: Change) -> list[Publication]:
        """Turn what happened into messages, in their order; times are those of the messages."""
        book = self.books[change.native]
        said = []
        if self.every and book.waiting and change.ts >= book.due:
            said += self.depth(book, book.due)
        if isinstance(change, Quantities):
            book.wait(change.bids, change.asks, change.ts, self.every or 1)
            if not self.every:
                said += self.depth(book, change.ts)
        else:
            said += self.trade(book, change)
        return said

    def finish(self) -> list[Publication]:
        """Spell what still waits."""
        return [said for book in self.books.values() if book.waiting for said in self.depth(book, book.due)]


def millis(ts: int) -> int:
    """Nanoseconds as the whole milliseconds that venues send."""
    return ts // _MS
