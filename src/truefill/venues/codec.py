"""What the codecs of all venues have in common: bytes of messages in, rows of events out.

A codec has one or several instruments of a venue, knows what to subscribe, and routes each message by its
instrument. Most need one connection; where the venue sends parts of its market data over others, `links`
has several, and the messages of all go to the one codec. No socket, no file, no clock: a collector, a live
connector and a reader of recordings feed the same codec::

    for number, link in enumerate(codec.links):
        ...  # connect to link.url
        codec.connected(now, number)  # a new connection
    for want in codec.wants():
        ...  # send, reconnect (over want.link), fetch
    codec.add(message, now)  # for each message
    for symbol, rows in codec.take():
        ...  # DECIMAL_EVENT
    codec.silent(now, deadline)  # subscribed, and nothing came

A venue's own part decodes: see `truefill.venues.bybit`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import ConfigError, DataError
from truefill.core.events import DECIMAL_EVENT
from truefill.venues.counters import BookCounters, MarketCounters
from truefill.venues.stream import Kline, Stream
from truefill.venues.streamed_book import At, StreamedBook
from truefill.venues.symbols import Symbol
from truefill.venues.venue import Venue
from truefill.venues.wants import Fetch, Link, Send, Subscription, Want

DEPTH, TRADES, BEST, MARKS, KLINES = "depth", "trades", "best", "marks", "klines"
CHANNELS = (DEPTH, TRADES, BEST, MARKS, KLINES)
_MOST_NOTICES = 10
_SHOWN = 120  # characters of a message in an error
_PATIENCE_NS = 10_000_000_000  # for a snapshot that was asked for over the connection, at first
_MOST_PATIENCE_NS = 32 * _PATIENCE_NS


class Unknown(Exception):  # noqa: N818 - not an error but an answer, inside of this room only
    """A message that is none of this venue's."""


class VenueCodec:
    """Market data of one venue; see the top of this file.

    Parameters
    ----------
    symbols : Symbol or sequence of Symbol
        The instruments, all of one venue.
    channels : sequence of str
        Of `CHANNELS`: what `connected` subscribes. Whatever comes is read.

    Attributes
    ----------
    links : tuple of Link
        The connections that these channels need, that of the book first.
    streams : dict
        By the venue's name of the instrument.
    notices : list of str
        What the venue said apart from market data, the first few.
    about : list of Stream
        Which instruments the last message was about; empty: the connection.
    part : bool
        Whether what comes is a part of a connection's messages only: those of one instrument, recorded.
    """

    offered: Sequence[str] = CHANNELS  # channels that the protocol has

    def __init__(self, symbols: Symbol | Iterable[Symbol], channels: Sequence[str] = (DEPTH, TRADES)) -> None:
        wanted = [symbols] if isinstance(symbols, Symbol) else list(symbols)
        if not wanted:
            raise ConfigError("at least one symbol", "none", "symbols")
        for symbol in wanted:
            if symbol.venue is not wanted[0].venue:
                raise ConfigError(f"symbols of {wanted[0].venue.value}", str(symbol), "symbols")
        self.venue: Venue = wanted[0].venue
        offered = self.offered_by(self.venue)
        for channel in channels:
            if channel not in offered:
                what = f"of {self.venue.value}: " + ", ".join(offered)
                raise ConfigError(f"channels {what}", repr(channel), "channels")
        self.channels = tuple(dict.fromkeys(channels))
        self.links: tuple[Link, ...] = self._links()
        self.streams: dict[str, Stream] = {}
        self.notices: list[str] = []
        self.about: list[Stream] = []
        self.part = False
        self.connection = MarketCounters()  # of what belongs to no instrument
        self._wants: list[Want] = []
        self._connected: set[int] = set()  # numbers of links
        self._silent: dict[Subscription, int] = {}  # when it was asked for, ns
        self._touched: list[Stream] = []  # by the message at hand
        self._dirty: dict[str, Stream] = {}  # since the last `take`
        for symbol in wanted:
            native = self.native(symbol)
            if native not in self.streams:
                self.streams[native] = self.stream(symbol, native)

    # -- what a venue's codec brings along -----------------------------------------------------------------

    @classmethod
    def offered_by(cls, venue: Venue) -> Sequence[str]:
        """Channels that this market of the venue has."""
        return cls.offered

    def native(self, symbol: Symbol) -> str:
        """Name of an instrument in messages."""
        return symbol.native

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        raise NotImplementedError

    def handle(self, message: bytes, local_ts: int, place: int) -> None:
        """Decode a message and write its rows; `Unknown` if it is none of the venue's."""
        raise NotImplementedError

    def address(self, channel: str) -> str:
        """Where a channel is sent."""
        raise NotImplementedError

    def subscribe(self, channels: Sequence[str]) -> Iterable[Want]:
        """What to send on a new connection for these channels."""
        raise NotImplementedError

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """What to send or fetch for a new snapshot."""
        raise NotImplementedError

    def heartbeat(self) -> Send | None:
        """What to send every so often (see the venue's facts) over each connection; None: nothing."""
        return None

    def line(self, message: bytes) -> bytes:
        """Return a message as a line of a recording has it: itself, if it is text. `add` reads either."""
        return message

    def snapshot(self, stream: Stream, body: bytes, local_ts: int, place: int) -> None:
        """Read the answer of a `Fetch`."""
        raise DataError("no snapshot: this venue sends its own", shown(body), place)

    # -- the face ------------------------------------------------------------------------------------------

    def connected(self, local_ts: int, link: int = 0) -> None:
        """Tell that a new connection stands: its channels are subscribed; if it is that of the books, those
        that were whole are suspect.

        Parameters
        ----------
        local_ts : int
            UTC ns.
        link : int
            Which of `links` it is.
        """
        again = link in self._connected
        self._connected.add(link)
        if link == 0:  # the books'
            self._wants = [w for w in self._wants if not isinstance(w, Fetch) and w.link != link]
            for stream in self.streams.values() if again else ():
                stream.book.disconnected(At(stream.last_ts or local_ts, local_ts))
                self._dirty[stream.native] = stream
        else:
            self._wants = [w for w in self._wants if isinstance(w, Fetch) or w.link != link]
        channels = self.links[link].channels
        for stream in self.streams.values() if DEPTH in channels else ():
            stream.asked_ts, stream.patience_ns = local_ts, _PATIENCE_NS
        for channel in channels:
            self._silent |= {Subscription(channel, native): local_ts for native in self.streams}
        for want in self.subscribe(channels):
            self._wants.append(want._replace(link=link) if isinstance(want, Send) else want)

    def wants(self) -> list[Want]:
        """Return what is to be sent, fetched or opened anew, once."""
        wants, self._wants = self._wants, []
        return wants

    def add(self, message: bytes, local_ts: int, place: int = 0) -> None:
        """Take one message; its rows wait for `take`.

        Parameters
        ----------
        message : bytes
            As received.
        local_ts : int
            When, UTC ns.
        place : int
            What the `where` of an error will say, e.g. a line number.

        Raises
        ------
        DataError
            It is no complete JSON, not a message of this venue, or of an instrument that was not asked for.
            The books are as they were.
        """
        self.connection.messages += 1
        try:
            self._guarded(self.handle, message, local_ts, place)
        finally:
            self._repair(local_ts)

    def fetched(self, want: Fetch, body: bytes, local_ts: int, place: int = 0) -> None:
        """Take the answer to a `Fetch`; as `add`. One that cannot be read is asked for again (`wants`)."""
        self.connection.messages += 1
        stream = self.find(want.native, place)
        try:
            self._guarded(partial(self.snapshot, stream), body, local_ts, place)
        except DataError:
            if not isinstance(stream.book, StreamedBook):
                stream.book.unreadable()
            raise
        finally:
            self._repair(local_ts)

    def take(self) -> list[tuple[Symbol, NDArray[np.void]]]:
        """Return the rows of what was added since the last call, by instrument.

        Returns
        -------
        list of (Symbol, DECIMAL_EVENT[n])
            Instruments without rows are left out.

        Raises
        ------
        DataError
            A number has more digits than an integer holds. Its instrument's book is suspect from here.
        """
        taken = []
        dirty, self._dirty = self._dirty, {}
        while dirty:
            _, stream = dirty.popitem()
            try:
                rows = stream.rows.take()
            except DataError:
                self._dirty = dirty | {stream.native: stream}
                stream.book.suspect(At(stream.last_ts, stream.last_local_ts))
                self._touched.append(stream)
                self._repair(stream.last_local_ts)
                raise
            if len(rows):
                taken.append((stream.symbol, rows))
        return taken

    def feed(self, message: bytes, local_ts: int) -> NDArray[np.void]:
        """Take one message and return its rows, of all its instruments: `add` and `take` in one."""
        self.add(message, local_ts)
        taken = [rows for _, rows in self.take()]
        if len(taken) == 1:
            return taken[0]
        return np.concatenate(taken) if taken else np.zeros(0, DECIMAL_EVENT)

    def klines(self) -> list[tuple[Symbol, Kline]]:
        """Return the bars that came since the last call."""
        taken = []
        for stream in self.streams.values():
            taken += [(stream.symbol, kline) for kline in stream.klines]
            stream.klines.clear()
        return taken

    def end(self) -> None:
        """Tell that nothing follows."""

    def silent(self, now: int, deadline_ns: int) -> list[Subscription]:
        """Return streams of which nothing came although they were subscribed `deadline_ns` ago.

        A venue may acknowledge a subscription on a wrong route and never send anything.
        """
        return sorted(what for what, since in self._silent.items() if now - since >= deadline_ns)

    @property
    def counters(self) -> MarketCounters:
        """What was seen, of all instruments together."""
        total = MarketCounters()
        for part in (self.connection, *(stream.counters for stream in self.streams.values())):
            for field in fields(MarketCounters):
                setattr(total, field.name, getattr(total, field.name) + getattr(part, field.name))
        return total

    @property
    def book_counters(self) -> BookCounters:
        """What the books have seen, together."""
        total = BookCounters()
        for stream in self.streams.values():
            for field in fields(BookCounters):
                seen = getattr(stream.book.counters, field.name)
                setattr(total, field.name, getattr(total, field.name) + seen)
        return total

    # -- for the venues' codecs ----------------------------------------------------------------------------

    def find(self, native: str, place: int) -> Stream:
        """Stream of an instrument.

        Raises
        ------
        DataError
            It was not asked for.
        """
        stream = self.streams.get(native)
        if stream is None:
            known = ", ".join(list(self.streams)[:5])
            raise DataError(f"messages of {known}", f"one of {native or 'no instrument'}", place)
        self.touch(stream)
        return stream

    def only(self) -> Stream:
        """The instrument that an answer is of which names none, as in a recording of one; `Unknown` if there
        are several.
        """
        if len(self.streams) != 1:
            raise Unknown
        (stream,) = self.streams.values()
        self.touch(stream)
        return stream

    def touch(self, stream: Stream) -> None:
        """Take note that a stream may have rows, or need a snapshot."""
        self._touched.append(stream)
        self._dirty[stream.native] = stream

    def numbered(self, last: int | None, number: int, at: Callable[[], At]) -> bool:
        """Judge a number that counts the whole connection's messages; False: it has been here before.

        What is missing may have been any instrument's, so all their books are suspect; `at` says since when.
        In a part of a connection, as in a recording of one instrument, numbers are missing that are in no
        way lost, and a lesser number is another connection's.
        """
        if self.part and last is not None and number != last:
            for stream in self.streams.values() if number < last else ():
                stream.book.disconnected(at())
                self.touch(stream)
            return True
        if last is not None and number <= last:
            counters = next(iter(self.streams.values())).book.counters
            if number == last:
                counters.duplicates += 1
            else:
                counters.out_of_order += 1
            return False
        if last is not None and number != last + 1:
            for stream in self.streams.values():
                stream.book.counters.gaps += 1
                stream.book.suspect(at())
                self.touch(stream)
        return True

    def heard(self, channel: str, native: str) -> None:
        """Take note that a stream is not silent."""
        if self._silent:
            self._silent.pop(Subscription(channel, native), None)

    def say(self, text: str) -> None:
        """Keep what the venue said."""
        self.connection.venue_errors += 1
        if len(self.notices) < _MOST_NOTICES:
            self.notices.append(text)

    def want(self, want: Want) -> None:
        """Ask for something."""
        self._wants.append(want)

    def _links(self) -> tuple[Link, ...]:
        """Group the channels by where they are sent, the book's first."""
        by_address: dict[str, tuple[str, ...]] = {}
        for channel in sorted(self.channels, key=lambda channel: channel != DEPTH):
            url = self.address(channel)
            by_address[url] = (*by_address.get(url, ()), channel)
        return tuple(Link(url, channels) for url, channels in by_address.items())

    def _repair(self, local_ts: int) -> None:
        """Ask for what the books need that the message has touched."""
        for stream in self._touched:
            if stream.book.resync:
                stream.book.resync = False
                stream.asked_ts, stream.patience_ns = local_ts, _PATIENCE_NS
                self._wants.extend(self.begin_again(stream))
            elif stream.asked_ts:
                self._ask_again(stream, local_ts)
        self.about, self._touched = self._touched, []

    def _ask_again(self, stream: Stream, local_ts: int) -> None:
        """Ask once more for a snapshot that should have come over the connection, but was lost or could not
        be read; each time the patience is doubled. What is fetched is the fetcher's affair until it comes.
        """
        if stream.book.valid or not isinstance(stream.book, StreamedBook):
            stream.asked_ts = 0
        elif local_ts - stream.asked_ts >= stream.patience_ns:
            stream.asked_ts = local_ts
            stream.patience_ns = min(2 * stream.patience_ns, _MOST_PATIENCE_NS)
            self._wants.extend(self.begin_again(stream))

    def _guarded(
        self, action: Callable[[bytes, int, int], None], message: bytes, local_ts: int, place: int
    ) -> None:
        try:
            action(message, local_ts, place)
        except Unknown:
            raise self._foreign(message, place) from None
        except msgspec.ValidationError as error:
            raise self._foreign(message, place, str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DataError("one complete JSON message", f"{shown(message)} ({error})", place) from None
        except DataError:
            raise
        except ValueError as error:
            raise DataError("decimal numbers", error, place) from None

    def _foreign(self, message: bytes, place: int, why: str = "") -> DataError:
        got = f"{shown(message)} ({why})" if why else shown(message)
        return DataError(f"a market-data message of {self.venue.value}", got, place)


def shown(message: bytes) -> str:
    """Return the beginning of a message, for an error."""
    text = message.decode(errors="replace")
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
