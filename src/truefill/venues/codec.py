"""What the codecs of all venues have in common: bytes of messages in, rows of events out.

A codec is one connection: it has one or several instruments, knows what to subscribe, and routes each
message by its instrument. No socket, no file, no clock: a collector, a live connector and a reader of
recordings feed the same codec::

    codec.connected(now)  # a new connection
    for want in codec.wants():
        ...  # send, fetch, reconnect
    codec.add(message, now)  # for each message
    for symbol, rows in codec.take():
        ...  # DECIMAL_EVENT
    codec.silent(now, deadline)  # subscribed, and nothing came

A venue's own part decodes: see `truefill.venues.bybit`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields

import msgspec
import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import ConfigError, DataError
from truefill.core.events import DECIMAL_EVENT
from truefill.venues.counters import BookCounters, MarketCounters
from truefill.venues.stream import Kline, Stream
from truefill.venues.streamed_book import At
from truefill.venues.symbols import Symbol
from truefill.venues.venue import Venue
from truefill.venues.wants import Fetch, Send, Subscription, Want

DEPTH, TRADES, BEST, MARKS, KLINES = "depth", "trades", "best", "marks", "klines"
CHANNELS = (DEPTH, TRADES, BEST, MARKS, KLINES)
_MOST_NOTICES = 10
_SHOWN = 120  # characters of a message in an error


class Unknown(Exception):  # noqa: N818 - not an error but an answer, inside of this room only
    """A message that is none of this venue's."""


class VenueCodec:
    """One connection to a venue; see the top of this file.

    Parameters
    ----------
    symbols : Symbol or sequence of Symbol
        The instruments, all of one venue.
    channels : sequence of str
        Of `CHANNELS`: what `connected` subscribes. Whatever comes is read.

    Attributes
    ----------
    streams : dict
        By the venue's name of the instrument.
    notices : list of str
        What the venue said apart from market data, the first few.
    about : list of Stream
        Which instruments the last message was about; empty: the connection.
    """

    offered: Sequence[str] = CHANNELS  # channels that the venue has

    def __init__(self, symbols: Symbol | Iterable[Symbol], channels: Sequence[str] = (DEPTH, TRADES)) -> None:
        wanted = [symbols] if isinstance(symbols, Symbol) else list(symbols)
        if not wanted:
            raise ConfigError("at least one symbol", "none", "symbols")
        for symbol in wanted:
            if symbol.venue is not wanted[0].venue:
                raise ConfigError(f"symbols of {wanted[0].venue.value}", str(symbol), "symbols")
        for channel in channels:
            if channel not in self.offered:
                raise ConfigError("channels of " + ", ".join(self.offered), repr(channel), "channels")
        self.venue: Venue = wanted[0].venue
        self.channels = tuple(channels)
        self.streams: dict[str, Stream] = {}
        self.notices: list[str] = []
        self.about: list[Stream] = []
        self.connection = MarketCounters()  # of what belongs to no instrument
        self._wants: list[Want] = []
        self._connected_ts: int | None = None
        self._silent: set[Subscription] = set()
        self._touched: list[Stream] = []  # by the message at hand
        self._dirty: dict[str, Stream] = {}  # since the last `take`
        for symbol in wanted:
            native = self.native(symbol)
            if native not in self.streams:
                self.streams[native] = self.stream(symbol, native)

    # -- what a venue's codec brings along -----------------------------------------------------------------

    def native(self, symbol: Symbol) -> str:
        """Name of an instrument in messages."""
        return symbol.native

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        raise NotImplementedError

    def handle(self, message: bytes, local_ts: int, place: int) -> None:
        """Decode a message and write its rows; `Unknown` if it is none of the venue's."""
        raise NotImplementedError

    def subscribe(self) -> Iterable[Want]:
        """What to send on a new connection."""
        raise NotImplementedError

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """What to send or fetch for a new snapshot."""
        raise NotImplementedError

    def heartbeat(self) -> Send | None:
        """What to send every so often (see the venue's facts) to keep the connection; None: nothing."""
        return None

    def snapshot(self, stream: Stream, body: bytes, local_ts: int, place: int) -> None:
        """Read the answer of a `Fetch`."""
        raise DataError("no snapshot: this venue sends its own", shown(body), place)

    # -- the face ------------------------------------------------------------------------------------------

    def connected(self, local_ts: int) -> None:
        """Tell that a new connection stands: books that were whole are suspect, everything is subscribed."""
        first = self._connected_ts is None
        self._connected_ts = local_ts
        self._wants.clear()
        if not first:
            for stream in self.streams.values():
                stream.book.disconnected(At(stream.last_ts or local_ts, local_ts))
                self._dirty[stream.native] = stream
        self._silent = {
            Subscription(channel, native)
            for channel in self.channels
            if channel in (DEPTH, TRADES)
            for native in self.streams
        }
        self._wants.extend(self.subscribe())

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
            self._guarded(lambda: self.handle(message, local_ts, place), message, place)
        finally:
            self._repair()

    def fetched(self, want: Fetch, body: bytes, local_ts: int, place: int = 0) -> None:
        """Take the answer to a `Fetch`; as `add`."""
        self.connection.messages += 1
        stream = self.find(want.native, place)
        try:
            self._guarded(lambda: self.snapshot(stream, body, local_ts, place), body, place)
        finally:
            self._repair()

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
                self._repair()
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
        if self._connected_ts is None or now - self._connected_ts < deadline_ns:
            return []
        return sorted(self._silent)

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

    def touch(self, stream: Stream) -> None:
        """Take note that a stream may have rows, or need a snapshot."""
        self._touched.append(stream)
        self._dirty[stream.native] = stream

    def numbered(self, last: int | None, number: int, at: Callable[[], At]) -> bool:
        """Judge a number that counts the whole connection's messages; False: it has been here before.

        What is missing may have been any instrument's, so all their books are suspect; `at` says since when.
        """
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
            self._silent.discard(Subscription(channel, native))

    def say(self, text: str) -> None:
        """Keep what the venue said."""
        self.connection.venue_errors += 1
        if len(self.notices) < _MOST_NOTICES:
            self.notices.append(text)

    def want(self, want: Want) -> None:
        """Ask for something."""
        self._wants.append(want)

    def _repair(self) -> None:
        """Ask for what the books need that the message has touched."""
        for stream in self._touched:
            if stream.book.resync:
                stream.book.resync = False
                self._wants.extend(self.begin_again(stream))
        self.about, self._touched = self._touched, []

    def _guarded(self, action: Callable[[], None], message: bytes, place: int) -> None:
        try:
            action()
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
