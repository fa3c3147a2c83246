"""Kraken futures' market data: book, trades, best prices, and of full tickers mark, index and funding.

* Book: feed ``book``. A snapshot first (``book_snapshot``), then one level a message; ``seq`` of the
  instrument rises by one. Numbers are JSON numbers and are taken as they are spelled.
* Trades: ``side`` is the taker's; the id is a UUID (`uuid_id`). Subscribing sends the last trades again
  (``trade_snapshot``), which are of before the stream and left out.
* ``ticker_lite`` carries best prices without quantities and without a time: it gets the latest one seen.
"""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Raw, Struct

from truefill.core.errors import DataError
from truefill.venues.codec import BEST, DEPTH, MARKS, TRADES, Unknown, VenueCodec
from truefill.venues.gap_rules import successive
from truefill.venues.instruments import Instrument, step_of_places
from truefill.venues.kraken_futures import facts
from truefill.venues.numbers import NOTHING, Id, Ms, ms, number, uuid_id
from truefill.venues.stream import Stream, side_flag
from truefill.venues.streamed_book import At, StreamedBook
from truefill.venues.symbols import Symbol, venue_symbol
from truefill.venues.venue import Venue
from truefill.venues.wants import Send, Want


class _Level(Struct, gc=False):
    price: Raw
    qty: Raw


class _Trade(Struct, gc=False):
    product_id: str
    side: str
    seq: Id
    time: Ms
    qty: Raw
    price: Raw
    uid: str


class _Message(Struct, gc=False):
    event: str = ""
    message: str = ""
    feed: str = ""
    product_id: str = ""
    side: str = ""
    seq: Id = -1
    price: Raw = NOTHING
    qty: Raw = NOTHING
    timestamp: Ms = 0
    time: Ms = 0
    uid: str = ""
    bids: list[_Level] = []
    asks: list[_Level] = []
    trades: list[_Trade] = []
    # ticker, ticker_lite
    bid: Raw = NOTHING
    ask: Raw = NOTHING
    bid_size: Raw = NOTHING
    ask_size: Raw = NOTHING
    markPrice: Raw = NOTHING
    index: Raw = NOTHING
    funding_rate: Raw = NOTHING
    next_funding_rate_time: Ms = 0


_decode = msgspec.json.Decoder(_Message).decode


class KrakenFuturesCodec(VenueCodec):
    """Kraken futures; see the top of this file and `VenueCodec`."""

    offered = (DEPTH, TRADES, BEST, MARKS)

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        stream = _KrakenStream(symbol, native)
        stream.book = StreamedBook(stream.rows, stream.counters, successive)
        return stream

    def address(self, channel: str) -> str:
        """Where a channel is sent."""
        return facts.STREAM

    def subscribe(self, channels: Sequence[str]) -> Iterable[Want]:
        """What to send on a new connection for these channels."""
        for channel in channels:
            yield _request("subscribe", facts.CHANNELS[channel], list(self.streams))

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """Subscribing the book anew brings a snapshot."""
        what = facts.CHANNELS[DEPTH], [stream.native]
        return _request("unsubscribe", *what), _request("subscribe", *what)

    def heartbeat(self) -> Send:
        """What to send each 30 seconds."""
        return Send('{"event":"ping"}')

    def handle(self, message: bytes, local_ts: int, place: int) -> None:
        """Decode a message and write its rows."""
        m = _decode(message)
        if m.event:
            if m.event in ("error", "alert"):
                self.say(m.message)
            else:
                self.connection.answers += 1
            return
        if m.feed in ("heartbeat", "pong"):
            self.connection.heartbeats += 1
            return
        if not m.feed:
            raise Unknown
        stream = self.find(m.product_id, place)
        assert isinstance(stream, _KrakenStream)
        if m.feed in ("book", "book_snapshot"):
            self._orderbook(m, stream, local_ts, place)
            self.heard(DEPTH, m.product_id)
        elif m.feed == "trade":
            trade = _Trade(m.product_id, m.side, m.seq, m.time, m.qty, m.price, m.uid)
            self._trade(trade, stream, local_ts, place)
            self.heard(TRADES, m.product_id)
        elif m.feed == "trade_snapshot":
            for trade in m.trades:
                self._trade(trade, stream, local_ts, place)
        elif m.feed in ("ticker", "ticker_lite"):
            at = At(ms(m.time) or stream.last_ts or local_ts, local_ts, place)
            stream.best(at, number(m.bid), number(m.bid_size), number(m.ask), number(m.ask_size))
            when = ms(m.next_funding_rate_time)
            stream.marks(at, number(m.markPrice), number(m.index), number(m.funding_rate), when)
            self.heard(BEST, m.product_id)
            self.heard(MARKS, m.product_id)
        else:
            stream.counters.ignored += 1

    def _orderbook(self, m: _Message, stream: "_KrakenStream", local_ts: int, place: int) -> None:
        if not m.timestamp or m.seq < 0:
            raise Unknown
        at = At(ms(m.timestamp), local_ts, place)
        if m.feed == "book_snapshot":
            stream.book.snapshot(at, _pairs(m.bids), _pairs(m.asks), m.seq)
        else:
            level = [(number(m.price), number(m.qty))]
            if m.side not in ("buy", "sell"):
                raise ValueError(f"a side buy or sell, got {m.side!r}")
            buys = m.side == "buy"
            stream.book.difference(at, level if buys else [], [] if buys else level, m.seq)
        stream.see(at)

    def _trade(self, trade: _Trade, stream: Stream, local_ts: int, place: int) -> None:
        if trade.side not in ("buy", "sell"):
            raise ValueError(f"a side buy or sell, got {trade.side!r}")
        at = At(ms(trade.time), local_ts, place)
        side = side_flag(trade.side == "buy")
        stream.trade(at, side, number(trade.price), number(trade.qty), uuid_id(trade.uid), trade.seq)
        stream.see(at)


class _KrakenStream(Stream):
    book: StreamedBook


def _pairs(levels: list[_Level]) -> list[tuple[str, str]]:
    return [(number(level.price), number(level.qty)) for level in levels]


def _request(event: str, feed: str, products: list[str]) -> Send:
    return Send(msgspec.json.encode({"event": event, "feed": feed, "product_ids": products}).decode())


class _Info(Struct, rename="camel"):
    symbol: str
    tick_size: Raw = NOTHING
    contract_size: Raw = NOTHING
    contract_value_trade_precision: int = 0


class _Answer(Struct):
    instruments: list[_Info]


def read_instruments(body: bytes) -> list[Instrument]:
    """Read the answer of ``instruments``; indices and names of other kinds are left out.

    Quantities are contracts, whole ones or, of those on many collaterals, parts: to so many places, or, below
    zero, by tens.
    """
    found = []
    for info in msgspec.json.decode(body, type=_Answer).instruments:
        native = info.symbol.upper()
        try:
            symbol = venue_symbol(Venue.KRAKEN_FUTURES, native)
        except DataError:
            continue
        size = number(info.contract_size)
        places = info.contract_value_trade_precision
        lot = step_of_places(places) if places >= 0 else str(10**-places)
        found.append(Instrument(symbol, native, number(info.tick_size), lot, lot, "", "", size))
    return found
