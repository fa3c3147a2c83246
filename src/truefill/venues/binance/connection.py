"""A connection to Binance with several instruments: each message goes to the codec of its instrument.

The server's pings are WebSocket frames, which the socket's owner answers; there is no heartbeat of the
client.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from truefill.core.errors import DataError
from truefill.venues.binance import facts
from truefill.venues.binance.codec import MarketDataCodec
from truefill.venues.codec import BEST, CHANNELS, DEPTH, KLINES, MARKS, TRADES, Unknown, VenueCodec
from truefill.venues.fetched_book import FetchedBook
from truefill.venues.instruments import Instrument
from truefill.venues.levels import read_levels
from truefill.venues.numbers import Ms, ms
from truefill.venues.stream import Kline, Position, Stream
from truefill.venues.streamed_book import At
from truefill.venues.symbols import Symbol, venue_symbol
from truefill.venues.venue import Venue
from truefill.venues.wants import Fetch, Reconnect, Send, Want

# Every market message names its instrument once, after at most a few fields; no other key is "s" and text.
_SYMBOL = re.compile(rb'"s"\s*:\s*"([^"]*)"')
_ANSWER = re.compile(rb'\s*\{\s*"(?:result|id|error|code)"')
_EVENT = re.compile(rb'"e"\s*:\s*"([^"]*)"')  # the first one; that of a kline's inside is no text
_CHANNELS = {b"depthUpdate": DEPTH, b"trade": TRADES, b"aggTrade": TRADES, b"markPriceUpdate": MARKS}
_INDEX = re.compile(rb'"e"\s*:\s*"indexPriceUpdate".*"i"\s*:\s*"([^"]*)"', re.DOTALL)  # of a pair
_SHUTDOWN = re.compile(rb'"e"\s*:\s*"serverShutdown"')


class BinanceCodec(VenueCodec):
    """Binance spot, USD-M or COIN-M; see the top of this file and `VenueCodec`."""

    @classmethod
    def offered_by(cls, venue: Venue) -> Sequence[str]:
        """Channels that this market of the venue has: spot has no marks."""
        return CHANNELS if venue.futures else (DEPTH, TRADES, BEST, KLINES)

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        return _BinanceStream(symbol, native)

    def address(self, channel: str) -> str:
        """Where a channel is sent: USD-M has routes, and is silent on the wrong one."""
        if self.venue is Venue.BINANCE_USDM and channel in (MARKS, KLINES):
            return facts.MARKET_STREAM
        return facts.STREAM[self.venue]

    def subscribe(self, channels: Sequence[str]) -> Iterable[Want]:
        """What to send on a new connection for these channels."""
        names = {
            DEPTH: facts.DEPTH[self.venue],
            TRADES: facts.TRADES,
            BEST: facts.BEST,
            MARKS: facts.MARKS,
            KLINES: facts.KLINES,
        }
        params = [native.lower() + names[channel] for channel in channels for native in self.streams]
        for number, at in enumerate(range(0, len(params), facts.STREAMS_PER_REQUEST), start=1):
            part = params[at : at + facts.STREAMS_PER_REQUEST]
            body = {"method": "SUBSCRIBE", "params": part, "id": number}
            yield Send(msgspec.json.encode(body).decode())

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """A snapshot by REST."""
        return (Fetch(facts.SNAPSHOT[self.venue].format(symbol=stream.native), stream.native),)

    def handle(self, message: bytes, local_ts: int, place: int) -> None:
        """Pass a message on to the codec of its instrument."""
        match = _SYMBOL.search(message)
        if match is None:
            self._nameless(message, local_ts, place)
            return
        stream = self.find(match[1].decode(), place)
        assert isinstance(stream, _BinanceStream)
        match = _EVENT.search(message)
        event = b"" if match is None else match[1]
        if event == b"kline":
            self._kline(stream, message, local_ts)
            return
        self.connection.messages -= 1  # the instrument's own codec counts it
        stream.inner.add(message, local_ts, place)
        at = At(stream.inner.last_exch_ts, local_ts, place)
        stream.see(at)
        self.heard(_CHANNELS.get(event, BEST), stream.native)
        if event == b"depthUpdate":
            stream.fetched.after(at)

    def _nameless(self, message: bytes, local_ts: int, place: int) -> None:
        """Handle what names no instrument: an answer, the index price of a pair, the venue's farewell."""
        if _ANSWER.match(message):
            self._answer(message, place)
        elif _SHUTDOWN.search(message):
            self.want(Reconnect("the venue is about to close the connection"))
        elif match := _INDEX.search(message):
            pair = match[1].decode()
            streams = [stream for stream in self.streams.values() if stream.symbol.pair == pair]
            if not streams:
                self.find(pair, place)  # says what there is
            self.connection.messages -= len(streams)  # the instruments' own codecs count it
            for stream in streams:
                assert isinstance(stream, _BinanceStream)
                stream.inner.add(message, local_ts, place)
                self.touch(stream)
        else:
            raise Unknown

    def snapshot(self, stream: Stream, body: bytes, local_ts: int, place: int) -> None:
        """Read an answer of REST depth."""
        assert isinstance(stream, _BinanceStream)
        self.connection.messages -= 1  # as above
        stream.inner.add(body, local_ts, place)
        stream.fetched.answered()
        stream.fetched.after(At(stream.inner.last_exch_ts, local_ts, place))

    def _kline(self, stream: Stream, message: bytes, local_ts: int) -> None:
        envelope = msgspec.json.decode(message, type=_KlineMessage)
        k = (envelope.data or envelope).k
        if k is None:
            raise Unknown
        if k.s != stream.native or k.T < k.t:
            raise ValueError(f"a bar of {stream.native}, got one of {k.s} from {k.t} to {k.T} ms")
        read_levels([(px, k.v) for px in (k.o, k.h, k.l, k.c)])
        stream.kline(Kline(ms(k.t), ms(k.T + 1 - k.t), k.o, k.h, k.l, k.c, k.v, k.x, local_ts))
        self.heard(KLINES, stream.native)

    def _answer(self, message: bytes, place: int) -> None:
        answer = msgspec.json.decode(message, type=_Answer)
        if answer.error is not None or answer.code:
            error = answer.error or {"code": answer.code, "msg": answer.msg}
            self.say(f"{error.get('code', '')} {error.get('msg', '')}".strip())
        else:
            self.connection.answers += 1


class _Kline(Struct, gc=False):
    t: Ms  # its first millisecond
    T: Ms  # its last one
    s: str
    o: str
    h: str
    l: str  # noqa: E741 - the venue's name
    c: str
    v: str
    x: bool


class _KlineMessage(Struct, gc=False):
    k: _Kline | None = None
    data: "_KlineMessage | None" = None


class _Answer(Struct):
    error: dict[str, int | str] | None = None
    code: int = 0
    msg: str = ""


class _BinanceStream(Stream):
    """One instrument's codec, which has its own rows, counters and book."""

    def __init__(self, symbol: Symbol, native: str) -> None:
        super().__init__(symbol, native)
        self.inner = MarketDataCodec(symbol, careful=True)
        self.rows = self.inner.rows
        self.counters = self.inner.counters
        self.fetched = FetchedBook(
            self.rows, self.counters, session=self.inner.book, writer=self.inner.book_rows
        )
        self.book = self.fetched

    def position(self) -> Position:
        """Its codec's."""
        return self.inner.position


class _Filter(Struct, rename="camel"):
    filter_type: str
    tick_size: str = ""
    step_size: str = ""
    min_qty: str = ""
    max_qty: str = ""
    min_notional: str = ""
    notional: str = ""


class _Info(Struct, rename="camel"):
    symbol: str
    filters: list[_Filter]
    contract_size: int | str = ""


class _List(Struct):
    symbols: list[_Info]


def read_instruments(body: bytes, venue: Venue) -> list[Instrument]:
    """Read the answer of ``exchangeInfo``; instruments with names of another kind are left out."""
    found = []
    for info in msgspec.json.decode(body, type=_List).symbols:
        try:
            symbol = venue_symbol(venue, info.symbol)
        except DataError:
            continue
        by_type = {f.filter_type: f for f in info.filters}
        price, lot = by_type["PRICE_FILTER"], by_type["LOT_SIZE"]
        value = by_type.get("NOTIONAL") or by_type.get("MIN_NOTIONAL")
        found.append(
            Instrument(
                symbol,
                info.symbol,
                price.tick_size,
                lot.step_size,
                lot.min_qty,
                lot.max_qty,
                "" if value is None else value.min_notional or value.notional,
                str(info.contract_size),
            )
        )
    return found
