"""Coinbase's market data (Advanced Trade): book, trades, best prices, bars.

* Book: channel ``l2_data``; a snapshot of all levels, then updates with new totals. ``sequence_num`` counts
  the messages of the whole connection, of all its channels: after a gap all books are suspect, and only a new
  connection begins again.
* Exchange time of the book: the newest ``event_time`` in the message.
* Trades: ``side`` is the **maker's** (a trade at the ask is ``SELL``), so the taker is the other one.
  Subscribing sends the last trades again, which are of before the stream and left out.
"""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Raw, Struct

from truefill.venues.codec import BEST, DEPTH, KLINES, TRADES, Unknown, VenueCodec
from truefill.venues.coinbase import facts
from truefill.venues.gap_rules import unnumbered
from truefill.venues.instruments import Instrument
from truefill.venues.numbers import NOTHING, Id, id_number, iso_time
from truefill.venues.stream import Kline, Stream, side_flag
from truefill.venues.streamed_book import At, StreamedBook
from truefill.venues.symbols import Symbol, venue_symbol
from truefill.venues.venue import Venue
from truefill.venues.wants import Reconnect, Send, Want


class _Message(Struct, gc=False):
    channel: str = ""
    timestamp: str = ""
    sequence_num: Id = -1
    events: Raw = NOTHING
    type: str = ""  # of an error
    message: str = ""


class _Update(Struct, gc=False):
    side: str
    event_time: str
    price_level: str
    new_quantity: str


class _Book(Struct, gc=False):
    type: str
    product_id: str
    updates: list[_Update]


class _Trade(Struct, gc=False):
    product_id: str
    trade_id: str
    price: str
    size: str
    time: str
    side: str


class _Trades(Struct, gc=False):
    trades: list[_Trade]


class _Ticker(Struct, gc=False):
    product_id: str
    best_bid: str = ""
    best_ask: str = ""
    best_bid_quantity: str = ""
    best_ask_quantity: str = ""


class _Tickers(Struct, gc=False):
    tickers: list[_Ticker]


class _Candle(Struct, gc=False):
    product_id: str
    start: str
    open: str
    high: str
    low: str
    close: str
    volume: str


class _Candles(Struct, gc=False):
    candles: list[_Candle]


_decode = msgspec.json.Decoder(_Message).decode
_books = msgspec.json.Decoder(list[_Book]).decode
_trades = msgspec.json.Decoder(list[_Trades]).decode
_tickers = msgspec.json.Decoder(list[_Tickers]).decode
_candles = msgspec.json.Decoder(list[_Candles]).decode
_FIVE_MINUTES = 300_000_000_000


class CoinbaseCodec(VenueCodec):
    """Coinbase (Advanced Trade); see the top of this file and `VenueCodec`."""

    offered = (DEPTH, TRADES, BEST, KLINES)

    def __init__(self, symbols: Symbol | Iterable[Symbol], channels: Sequence[str] = (DEPTH, TRADES)) -> None:
        super().__init__(symbols, channels)
        self._sequence: int | None = None
        self._lost = False  # a new connection was asked for

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        stream = _CoinbaseStream(symbol, native)
        stream.book = StreamedBook(stream.rows, stream.counters, unnumbered)
        return stream

    def connected(self, local_ts: int, link: int = 0) -> None:
        """Tell that a new connection stands."""
        self._sequence = None
        self._lost = False
        super().connected(local_ts, link)

    def address(self, channel: str) -> str:
        """Where a channel is sent."""
        return facts.STREAM

    def subscribe(self, channels: Sequence[str]) -> Iterable[Want]:
        """What to send on a new connection; heartbeats keep it open when all is still."""
        for name in [*(facts.CHANNELS[channel] for channel in channels), facts.HEARTBEATS]:
            body = {"type": "subscribe", "product_ids": list(self.streams), "channel": name}
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
        if m.type == "error":
            self.say(m.message)
        elif m.channel == "l2_data":
            self._orderbook(m, local_ts, place)
        elif m.channel == "market_trades":
            self._market_trades(m, local_ts, place)
        elif m.channel == "ticker":
            sent = iso_time(m.timestamp)
            tickers = [(self.find(t.product_id, place), t) for e in _tickers(m.events) for t in e.tickers]
            if self._follows(m, local_ts, place):
                for stream, t in tickers:
                    at = At(sent, local_ts, place)
                    stream.best(at, t.best_bid, t.best_bid_quantity, t.best_ask, t.best_ask_quantity)
                    self.heard(BEST, t.product_id)
        elif m.channel == "candles":
            bars = [(self.find(k.product_id, place), k) for e in _candles(m.events) for k in e.candles]
            if self._follows(m, local_ts, place):
                for stream, k in bars:
                    start = id_number(k.start) * 1_000_000_000
                    prices = k.open, k.high, k.low, k.close, k.volume
                    stream.kline(Kline(start, _FIVE_MINUTES, *prices, None, local_ts))
                    self.heard(KLINES, k.product_id)
        elif m.channel == "heartbeats":
            self._follows(m, local_ts, place)
            self.connection.heartbeats += 1
        elif m.channel == "subscriptions":
            self._follows(m, local_ts, place)
            self.connection.answers += 1
        else:
            raise Unknown

    def _orderbook(self, m: _Message, local_ts: int, place: int) -> None:
        parts = []
        for event in _books(m.events):
            stream = self.find(event.product_id, place)
            assert isinstance(stream, _CoinbaseStream)
            if event.type not in ("snapshot", "update"):
                raise Unknown
            bids: list[tuple[str, str]] = []
            asks: list[tuple[str, str]] = []
            newest = ""
            for u in event.updates:
                if u.side not in ("bid", "offer"):
                    raise ValueError(f"a side bid or offer, got {u.side!r}")
                (bids if u.side == "bid" else asks).append((u.price_level, u.new_quantity))
                newest = max(newest, u.event_time)
            at = At(iso_time(newest or m.timestamp), local_ts, place)
            stream.book.check(bids, asks)
            parts.append((stream, at, event.type, bids, asks))
        if not self._follows(m, local_ts, place):
            return
        for stream, at, kind, bids, asks in parts:
            stream.see(at)
            self.heard(DEPTH, stream.native)
            if kind == "snapshot":
                stream.book.snapshot(at, bids, asks)
            else:
                stream.book.difference(at, bids, asks)

    def _market_trades(self, m: _Message, local_ts: int, place: int) -> None:
        trades = []
        for event in _trades(m.events):
            for t in event.trades:
                stream = self.find(t.product_id, place)
                if t.side not in ("BUY", "SELL"):
                    raise ValueError(f"a side BUY or SELL, got {t.side!r}")
                trades.append((stream, At(iso_time(t.time), local_ts, place), t, id_number(t.trade_id)))
        sent = At(iso_time(m.timestamp), local_ts, place)
        if not self._follows(m, local_ts, place):
            return
        for stream, at, t, trade_id in sorted(trades, key=lambda trade: trade[3]):  # sent newest first
            stream.see(sent)
            stream.trade(at, side_flag(t.side == "SELL"), t.price, t.size, trade_id)
            self.heard(TRADES, t.product_id)

    def _follows(self, m: _Message, local_ts: int, place: int) -> bool:
        """Take note of the connection's number; False: the message has been here before."""
        if m.sequence_num < 0:
            raise Unknown
        at = At(iso_time(m.timestamp), local_ts, place)
        follows = self.numbered(self._sequence, m.sequence_num, lambda: at)
        if follows:
            self._sequence = m.sequence_num
        return follows


class _CoinbaseStream(Stream):
    book: StreamedBook


class _Info(Struct):
    product_id: str
    product_type: str = ""
    price_increment: str = ""
    base_increment: str = ""
    base_min_size: str = ""
    base_max_size: str = ""
    quote_min_size: str = ""


class _Answer(Struct):
    products: list[_Info]


def read_instruments(body: bytes) -> list[Instrument]:
    """Read the answer of ``market/products``: the spot pairs."""
    return [
        Instrument(
            venue_symbol(Venue.COINBASE, i.product_id),
            i.product_id,
            i.price_increment,
            i.base_increment,
            i.base_min_size,
            i.base_max_size,
            i.quote_min_size,
        )
        for i in msgspec.json.decode(body, type=_Answer).products
        if i.product_type == "SPOT"
    ]
