"""Bybit v5's market data: book, trades, tickers, bars.

* Book: ``orderbook.<depth>.<symbol>``. A snapshot first, then differences whose ``u`` is the next number; a
  snapshot may come at any time (``u`` is 1 after a restart of the service) and takes the place of
  everything. Where several depths of one instrument come, the deepest is the book. ``orderbook.1`` is the
  best prices, always whole.
* Exchange time of the book: ``cts``, the matching engine's; else ``ts``.
* Trades: ``S`` is the taker's side. Linear and inverse ids are UUIDs (`uuid_id`), spot ids are digits.
* ``tickers`` of contracts come as differences: a field that is missing is as it was. Those of options are
  whole, and their best prices as well.
* Options have their trades by coin: those of options that were not asked for are passed over (``ignored``).
"""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Raw, Struct

from truefill.venues.bybit import facts
from truefill.venues.codec import BEST, CHANNELS, DEPTH, KLINES, MARKS, TRADES, Unknown, VenueCodec
from truefill.venues.gap_rules import successive
from truefill.venues.instruments import Instrument
from truefill.venues.numbers import NOTHING, Id, Ms, id_number, ms, ms_text, uuid_id
from truefill.venues.stream import Kline, Stream, side_flag
from truefill.venues.streamed_book import At, StreamedBook
from truefill.venues.symbols import Symbol, venue_symbol
from truefill.venues.venue import Venue
from truefill.venues.wants import Send, Want


class _Message(Struct, gc=False):
    topic: str = ""
    type: str = ""
    ts: Ms = 0
    cts: Ms = 0
    data: Raw = NOTHING
    # answers
    op: str = ""
    success: bool | None = None
    ret_msg: str = ""


class _Book(Struct, gc=False):
    s: str
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]
    u: Id
    seq: Id = 0


class _Trade(Struct, gc=False):
    s: str
    S: str
    v: str
    p: str
    i: str
    T: Ms
    seq: Id = 0


class _Ticker(Struct, gc=False, rename="camel"):
    symbol: str
    bid1_price: str = ""
    bid1_size: str = ""
    ask1_price: str = ""
    ask1_size: str = ""
    mark_price: str = ""
    index_price: str = ""
    funding_rate: str = ""
    next_funding_time: str = ""
    # of options
    bid_price: str = ""
    bid_size: str = ""
    ask_price: str = ""
    ask_size: str = ""


class _Kline(Struct, gc=False):
    start: Ms
    end: Ms
    open: str
    high: str
    low: str
    close: str
    volume: str
    confirm: bool


_decode = msgspec.json.Decoder(_Message).decode
_book = msgspec.json.Decoder(_Book).decode
_trades = msgspec.json.Decoder(list[_Trade]).decode
_ticker = msgspec.json.Decoder(_Ticker).decode
_klines = msgspec.json.Decoder(list[_Kline]).decode


class BybitCodec(VenueCodec):
    """Bybit v5; see the top of this file and `VenueCodec`."""

    @classmethod
    def offered_by(cls, venue: Venue) -> Sequence[str]:
        """Channels that this market of the venue has."""
        if venue is Venue.BYBIT_OPTION:
            return DEPTH, TRADES, BEST, MARKS
        return (DEPTH, TRADES, BEST, KLINES) if venue is Venue.BYBIT_SPOT else CHANNELS

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        stream = _BybitStream(symbol, native)
        stream.book = StreamedBook(stream.rows, stream.counters, successive)
        return stream

    def address(self, channel: str) -> str:
        """Where a channel is sent."""
        return facts.STREAM.format(category=facts.CATEGORY[self.venue])

    def subscribe(self, channels: Sequence[str]) -> Iterable[Want]:
        """What to send on a new connection for these channels."""
        option = self.venue is Venue.BYBIT_OPTION
        topics = facts.CHANNELS | {DEPTH: self._book_topic(facts.DEPTH[self.venue])}
        if option:
            topics[BEST] = facts.OPTION_BEST
        args = [
            topics[channel] + (stream.symbol.base if option and channel == TRADES else native)
            for channel in channels
            for native, stream in self.streams.items()
        ]
        args = list(dict.fromkeys(args))
        for at in range(0, len(args), facts.ARGS_PER_REQUEST):
            yield _request("subscribe", args[at : at + facts.ARGS_PER_REQUEST])

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """Subscribing the book anew brings a snapshot."""
        assert isinstance(stream, _BybitStream)
        topic = self._book_topic(stream.depth or facts.DEPTH[self.venue]) + stream.native
        return _request("unsubscribe", [topic]), _request("subscribe", [topic])

    @staticmethod
    def _book_topic(depth: int) -> str:
        return facts.CHANNELS[DEPTH].format(depth=depth)

    def heartbeat(self) -> Send:
        """What to send each 20 seconds."""
        return Send('{"op":"ping"}')

    def handle(self, message: bytes, local_ts: int, place: int) -> None:
        """Decode a message and write its rows."""
        m = _decode(message)
        kind, _, rest = m.topic.partition(".")
        if kind == "orderbook":
            self._orderbook(m, rest.partition(".")[0], local_ts, place)
        elif kind == "publicTrade":
            self._trade(m, local_ts, place)
        elif kind == "tickers":
            self._tickers(m, local_ts, place)
        elif kind == "kline":
            self._kline(m, rest, local_ts, place)
        elif kind:
            self.find(rest.rpartition(".")[2] or rest, place).counters.ignored += 1
        elif m.op in ("ping", "pong"):
            self.connection.heartbeats += 1
        elif m.op and m.success is not None:
            if m.success:
                self.connection.answers += 1
            else:
                self.say(f"{m.op}: {m.ret_msg}")
        else:
            raise Unknown

    def _orderbook(self, m: _Message, depth: str, local_ts: int, place: int) -> None:
        book = _book(m.data)
        stream = self.find(book.s, place)
        assert isinstance(stream, _BybitStream)
        if not depth.isdigit() or not m.ts or m.type not in ("snapshot", "delta"):
            raise Unknown
        at = At(ms(m.cts or m.ts), local_ts, place)
        stream.see(at)
        if depth == "1":
            self.heard(BEST, book.s)
            (bid, bid_qty), (ask, ask_qty) = (side[0] if side else ("", "") for side in (book.b, book.a))
            stream.best(at, bid, bid_qty, ask, ask_qty, book.u)
            return
        self.heard(DEPTH, book.s)
        levels = int(depth)
        if levels < stream.depth or (levels > stream.depth and m.type == "delta" and stream.depth):
            stream.counters.ignored += 1
            return
        stream.depth = levels
        if m.type == "snapshot":
            stream.book.snapshot(at, book.b, book.a, book.u)
        else:
            stream.book.difference(at, book.b, book.a, book.u)

    def _trade(self, m: _Message, local_ts: int, place: int) -> None:
        for trade in _trades(m.data):
            if self.venue is Venue.BYBIT_OPTION and trade.s not in self.streams:
                self.connection.ignored += 1
                continue
            stream = self.find(trade.s, place)
            if trade.S not in ("Buy", "Sell"):
                raise ValueError(f"a side Buy or Sell, got {trade.S!r}")
            self.heard(TRADES, trade.s)
            trade_id = uuid_id(trade.i) if "-" in trade.i else id_number(trade.i)
            at = At(ms(trade.T), local_ts, place)
            stream.trade(at, side_flag(trade.S == "Buy"), trade.p, trade.v, trade_id, trade.seq)
            stream.see(at)

    def _tickers(self, m: _Message, local_ts: int, place: int) -> None:
        new = _ticker(m.data)
        stream = self.find(new.symbol, place)
        assert isinstance(stream, _BybitStream)
        at = At(ms(m.ts), local_ts, place)
        stream.see(at)
        self.heard(MARKS, new.symbol)
        if self.venue is Venue.BYBIT_OPTION:
            self.heard(BEST, new.symbol)
            bid, ask = ("" if px == "0" else px for px in (new.bid_price, new.ask_price))
            stream.best(at, bid, new.bid_size, ask, new.ask_size)
        if new.bid1_price or new.ask1_price:
            bid, bid_qty, ask, ask_qty = stream.quote
            stream.quote = (
                new.bid1_price or bid,
                new.bid1_size or bid_qty,
                new.ask1_price or ask,
                new.ask1_size or ask_qty,
            )
            stream.best(at, *stream.quote)
        if new.next_funding_time:
            stream.next_funding_ts = ms_text(new.next_funding_time)
        stream.marks(at, new.mark_price, new.index_price, new.funding_rate, stream.next_funding_ts)

    def _kline(self, m: _Message, rest: str, local_ts: int, place: int) -> None:
        _, _, native = rest.partition(".")
        stream = self.find(native, place)
        self.heard(KLINES, native)
        for k in _klines(m.data):
            length = ms(k.end + 1 - k.start)
            stream.kline(
                Kline(ms(k.start), length, k.open, k.high, k.low, k.close, k.volume, k.confirm, local_ts)
            )


class _BybitStream(Stream):
    """What tickers leave out has to be remembered."""

    book: StreamedBook
    depth = 0  # of the book that is read
    quote: tuple[str, str, str, str] = ("", "", "", "")
    next_funding_ts = 0


def _request(op: str, args: list[str]) -> Send:
    return Send(msgspec.json.encode({"op": op, "args": args}).decode())


class _Lot(Struct, rename="camel"):
    min_order_qty: str = ""
    max_order_qty: str = ""
    max_limit_order_qty: str = ""
    qty_step: str = ""
    base_precision: str = ""
    min_notional_value: str = ""
    min_order_amt: str = ""


class _Price(Struct, rename="camel"):
    tick_size: str


class _Info(Struct, rename="camel"):
    symbol: str
    price_filter: _Price
    lot_size_filter: _Lot


class _List(Struct):
    list: list[_Info]


class _Answer(Struct, rename="camel"):
    result: _List
    ret_code: int = 0


def read_instruments(body: bytes, venue: Venue) -> list[Instrument]:
    """Read the answer of ``/v5/market/instruments-info``."""
    found = []
    for info in msgspec.json.decode(body, type=_Answer).result.list:
        lot = info.lot_size_filter
        found.append(
            Instrument(
                venue_symbol(venue, info.symbol),
                info.symbol,
                info.price_filter.tick_size,
                lot.qty_step or lot.base_precision,
                lot.min_order_qty,
                lot.max_order_qty or lot.max_limit_order_qty,
                lot.min_notional_value or lot.min_order_amt,
            )
        )
    return found
