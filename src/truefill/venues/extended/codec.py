"""Extended's market data over its WebSocket RPC, version 2; messages of version 1's streams are read as well.

* Book: a snapshot at the beginning and each minute, between them differences each 100 ms. In a difference
  ``q`` is the **change** of a level's quantity and ``c``, where it stands, the new total, which is preferred.
* ``seq`` counts the messages of the whole connection, of all its streams, from 0. After a gap nothing tells
  which of them has lost something: all books are suspect, and only a new connection begins again.
* With depth 1 each message is a snapshot of the best prices; its ``d`` is not ``f`` as the book's is. Those
  have not been recorded, nor have bars.
* Trades: ``S`` is the taker's side. Subscribing sends the last trades again, which are of before the stream
  and left out. Liquidations and deleveragings are trades of the book here.
* A mark price's own time may be 0: then the message's is taken.
* The same number comes in several spellings (``84077``, ``84052.0``): they are compared as numbers.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation

import msgspec
from msgspec import Raw, Struct

from truefill.venues.codec import BEST, DEPTH, KLINES, MARKS, TRADES, Unknown, VenueCodec
from truefill.venues.extended import facts
from truefill.venues.gap_rules import unnumbered
from truefill.venues.instruments import Instrument
from truefill.venues.levels import Side, read_levels
from truefill.venues.numbers import NOTHING, Id, Ms, ms
from truefill.venues.stream import Kline, Stream, side_flag
from truefill.venues.streamed_book import At, StreamedBook
from truefill.venues.symbols import Symbol, venue_symbol
from truefill.venues.venue import Venue
from truefill.venues.wants import Reconnect, Send, Want


class _Message(Struct, gc=False):
    type: str = ""
    data: Raw = NOTHING
    ts: Ms = 0
    seq: Id = -1
    subscription: str = ""
    # answers
    id: str | int | None = None
    result: Raw = NOTHING
    error: Raw = NOTHING


class _Level(Struct, gc=False):
    p: str
    q: str
    c: str | None = None


class _Book(Struct, gc=False):
    m: str
    b: list[_Level]
    a: list[_Level]
    t: str = ""
    d: str = ""  # depth: f is full


class _Trade(Struct, gc=False):
    m: str
    S: str
    T: Ms
    p: str
    q: str
    i: Id
    tT: str = "TRADE"


class _Price(Struct, gc=False):
    m: str
    p: str
    ts: Ms = 0


class _Funding(Struct, gc=False):
    m: str
    f: str
    T: Ms


class _Candle(Struct, gc=False):
    T: Ms
    o: str
    h: str
    l: str  # noqa: E741 - the venue's name
    c: str
    v: str = ""


_decode = msgspec.json.Decoder(_Message).decode
_book = msgspec.json.Decoder(_Book).decode
_trades = msgspec.json.Decoder(list[_Trade]).decode
_price = msgspec.json.Decoder(_Price).decode
_funding = msgspec.json.Decoder(_Funding).decode
_candles = msgspec.json.Decoder(list[_Candle]).decode
_MINUTE = 60_000_000_000


class ExtendedCodec(VenueCodec):
    """Extended; see the top of this file and `VenueCodec`."""

    def __init__(self, symbols: Symbol | Iterable[Symbol], channels: Sequence[str] = (DEPTH, TRADES)) -> None:
        super().__init__(symbols, channels)
        self._seq: int | None = None
        self._lost = False  # a message of this connection, and a new one was asked for

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        stream = _ExtendedStream(symbol, native)
        stream.book = StreamedBook(stream.rows, stream.counters, unnumbered)
        return stream

    def connected(self, local_ts: int, link: int = 0) -> None:
        """Tell that a new connection stands."""
        self._seq = None
        self._lost = False
        super().connected(local_ts, link)

    def address(self, channel: str) -> str:
        """Where a channel is sent."""
        return facts.STREAM

    def subscribe(self, channels: Sequence[str]) -> Iterable[Want]:
        """What to send on a new connection for these channels."""
        number = 0
        for channel in channels:
            for native in self.streams:
                for scope, more in facts.SCOPES[channel]:
                    number += 1
                    params = {"scope": scope, "selector": {"market": native} | more}
                    body = {"jsonrpc": "2.0", "id": str(number), "method": "subscribe", "params": params}
                    yield Send(msgspec.json.encode(body).decode())

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """Only a new connection does."""
        if self._lost:
            return ()
        self._lost = True
        return (Reconnect(f"the book of {stream.native} is suspect"),)

    def handle(self, message: bytes, local_ts: int, place: int) -> None:
        """Decode a message and write its rows."""
        m = _decode(message)
        if not m.type:
            if m.error:
                self.say(bytes(m.error).decode())
            elif m.result:
                self.connection.answers += 1
            else:
                raise Unknown
            return
        kind, _, detail = m.type.partition(".")
        if not m.data:
            raise Unknown
        if kind in ("ORDERBOOKS", "SNAPSHOT", "DELTA"):
            self._orderbook(m, detail or kind, local_ts, place)
        elif kind == "TRADES":
            trades = _trades(m.data)
            self._check_trades(trades, place)
            if self._follows(m, local_ts, place):
                for trade in trades:
                    self._trade(trade, m.ts, local_ts, place)
        elif kind == "PRICES":
            price = _price(m.data)
            stream = self.find(price.m, place)
            if self._follows(m, local_ts, place):
                self.heard(MARKS, price.m)
                at = At(ms(price.ts or m.ts), local_ts, place)
                stream.see(at)
                if detail == "MP":
                    stream.marks(at, mark=price.p)
                elif detail == "IP":
                    stream.marks(at, index=price.p)
                else:
                    stream.counters.ignored += 1
        elif kind == "FUNDING_RATES":
            funding = _funding(m.data)
            stream = self.find(funding.m, place)
            if self._follows(m, local_ts, place):
                self.heard(MARKS, funding.m)
                stream.marks(At(ms(funding.T), local_ts, place), funding=funding.f)
        elif kind == "CANDLES":
            self._candle(m, local_ts, place)
        else:
            raise Unknown

    def _orderbook(self, m: _Message, kind: str, local_ts: int, place: int) -> None:
        new = _book(m.data)
        stream = self.find(new.m, place)
        assert isinstance(stream, _ExtendedStream)
        if kind not in ("SNAPSHOT", "DELTA") or not m.ts:
            raise Unknown
        at = At(ms(m.ts), local_ts, place)
        if new.d not in ("", "f"):
            self._best(m, new, stream, at)
            return
        book = stream.book
        if kind == "SNAPSHOT":
            bids, asks = ([(level.p, level.q) for level in side] for side in (new.b, new.a))
        else:
            bids, asks = _totals(new.b, book.bids), _totals(new.a, book.asks)
        book.check(bids, asks)
        if not self._follows(m, local_ts, place):
            return
        self.heard(DEPTH, new.m)
        stream.see(at)
        if kind == "SNAPSHOT":
            book.snapshot(at, bids, asks)
        else:
            book.difference(at, bids, asks)

    def _best(self, m: _Message, new: _Book, stream: Stream, at: At) -> None:
        bid, ask = (side[0] if side else _Level("", "") for side in (new.b, new.a))
        read_levels([(level.p, level.q) for level in (bid, ask) if level.p])
        if self._follows(m, at.local_ts, at.place):
            self.heard(BEST, new.m)
            stream.see(at)
            stream.best(at, bid.p, bid.q, ask.p, ask.q)

    def _follows(self, m: _Message, local_ts: int, place: int) -> bool:
        """Take note of the connection's number; False: the message has been here before."""
        if m.seq < 0:
            return True
        follows = self.numbered(self._seq, m.seq, lambda: At(ms(m.ts), local_ts, place))
        if follows:
            self._seq = m.seq
        return follows

    def _check_trades(self, trades: list[_Trade], place: int) -> None:
        for trade in trades:
            self.find(trade.m, place)
            if trade.S not in ("BUY", "SELL"):
                raise ValueError(f"a side BUY or SELL, got {trade.S!r}")

    def _trade(self, trade: _Trade, sent: int, local_ts: int, place: int) -> None:
        stream = self.find(trade.m, place)
        self.heard(TRADES, trade.m)
        stream.see(At(ms(sent), local_ts, place))
        at = At(ms(trade.T), local_ts, place)
        stream.trade(at, side_flag(trade.S == "BUY"), trade.p, trade.q, trade.i)

    def _candle(self, m: _Message, local_ts: int, place: int) -> None:
        # candles.BTC-USD.trades: the message itself does not name its market
        stream = self.find(m.subscription.split(".")[1] if "." in m.subscription else "", place)
        if self._follows(m, local_ts, place):
            self.heard(KLINES, stream.native)
            for k in _candles(m.data):
                stream.kline(Kline(ms(k.T), _MINUTE, k.o, k.h, k.l, k.c, k.v, None, local_ts))


class _ExtendedStream(Stream):
    book: StreamedBook


def _totals(levels: list[_Level], side: Side) -> list[tuple[str, str]]:
    """New totals out of changes."""
    return [(level.p, level.c if level.c is not None else _sum(level, side)) for level in levels]


def _sum(level: _Level, side: Side) -> str:
    before = side.quantity(float(level.p)) or "0"
    try:
        return format(Decimal(before) + Decimal(level.q), "f")
    except InvalidOperation:
        raise ValueError(f"a change of quantity, got {level.q[:40]!r}") from None


class _Config(Struct, rename="camel"):
    min_order_size: str
    min_order_size_change: str
    min_price_change: str
    max_limit_order_value: str = ""


class _Info(Struct, rename="camel"):
    name: str
    trading_config: _Config


class _Answer(Struct):
    data: list[_Info]


def read_instruments(body: bytes) -> list[Instrument]:
    """Read the answer of ``/api/v1/info/markets``."""
    found = []
    for info in msgspec.json.decode(body, type=_Answer).data:
        c = info.trading_config
        symbol = venue_symbol(Venue.EXTENDED, info.name)
        found.append(
            Instrument(symbol, info.name, c.min_price_change, c.min_order_size_change, c.min_order_size)
        )
    return found
