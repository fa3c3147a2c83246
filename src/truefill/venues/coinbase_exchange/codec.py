"""Coinbase Exchange's market data: book, trades, best prices.

* Book: channel ``level2``; a snapshot of all levels, then updates with new totals. Nothing is numbered: a
  missing update shows only when it leaves the book crossed, an old one by its time.
* The snapshot has no time of its own (it is read where there is one). It gets the last exchange time seen of
  its instrument, or else, at the beginning, one second before its arrival: no update after it is dated before
  it then, while the clocks agree to a second.
* Trades: ``side`` is the **maker's**, so the taker is the other one. ``last_match`` repeats the last trade of
  before the subscription: it is left out, and after a reconnect kept if it is a new one.
* The ticker comes with each trade, not with each change of the best prices.
"""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from truefill.venues.codec import BEST, DEPTH, TRADES, Unknown, VenueCodec
from truefill.venues.coinbase_exchange import facts
from truefill.venues.gap_rules import not_falling
from truefill.venues.instruments import Instrument
from truefill.venues.numbers import Id, iso_time
from truefill.venues.stream import Stream, side_flag
from truefill.venues.streamed_book import At, StreamedBook
from truefill.venues.symbols import Symbol, venue_symbol
from truefill.venues.venue import Venue
from truefill.venues.wants import Send, Want

_SECOND = 1_000_000_000
_Levels = list[tuple[str, str]]


class _Message(Struct, gc=False):
    type: str = ""
    product_id: str = ""
    time: str = ""
    bids: list[tuple[str, str]] = []
    asks: list[tuple[str, str]] = []
    changes: list[tuple[str, str, str]] = []
    side: str = ""
    price: str = ""
    size: str = ""
    trade_id: Id = 0
    sequence: Id = 0
    best_bid: str = ""
    best_ask: str = ""
    best_bid_size: str = ""
    best_ask_size: str = ""
    message: str = ""  # of an error
    reason: str = ""


_decode = msgspec.json.Decoder(_Message).decode


class CoinbaseExchangeCodec(VenueCodec):
    """Coinbase Exchange; see the top of this file and `VenueCodec`."""

    offered = (DEPTH, TRADES, BEST)
    _connections = 0

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        stream = _ExchangeStream(symbol, native)
        stream.book = StreamedBook(stream.rows, stream.counters, not_falling)
        return stream

    def connected(self, local_ts: int, link: int = 0) -> None:
        """Tell that a new connection stands."""
        self._connections += 1
        super().connected(local_ts, link)

    def address(self, channel: str) -> str:
        """Where a channel is sent."""
        return facts.STREAM

    def subscribe(self, channels: Sequence[str]) -> Iterable[Want]:
        """What to send on a new connection; heartbeats tell that it stands when all is still."""
        channels = [*(facts.CHANNELS[channel] for channel in channels), facts.HEARTBEATS]
        yield self._ask("subscribe", list(self.streams), channels)

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """Subscribe the book again: it begins with a snapshot."""
        yield self._ask("unsubscribe", [stream.native], [facts.CHANNELS[DEPTH]])
        yield self._ask("subscribe", [stream.native], [facts.CHANNELS[DEPTH]])

    def handle(self, message: bytes, local_ts: int, place: int) -> None:
        """Decode a message and write its rows."""
        m = _decode(message)
        if m.type == "l2update":
            self._update(m, local_ts, place)
        elif m.type in ("match", "last_match"):
            self._trade(m, local_ts, place)
        elif m.type == "ticker":
            stream = self.find(m.product_id, place)
            at = At(iso_time(m.time), local_ts, place)
            stream.best(at, m.best_bid, m.best_bid_size, m.best_ask, m.best_ask_size)
            self.heard(BEST, m.product_id)
        elif m.type == "snapshot":
            self._snapshot(m, local_ts, place)
        elif m.type == "heartbeat":
            self.find(m.product_id, place)
            self.connection.heartbeats += 1
        elif m.type == "subscriptions":
            self.connection.answers += 1
        elif m.type == "error":
            self.say(f"{m.message} {m.reason}".strip())
        else:
            raise Unknown

    def _snapshot(self, m: _Message, local_ts: int, place: int) -> None:
        stream = self.find(m.product_id, place)
        assert isinstance(stream, _ExchangeStream)
        exch_ts = iso_time(m.time) if m.time else stream.last_ts or local_ts - _SECOND
        stream.book.snapshot(At(exch_ts, local_ts, place), m.bids, m.asks)
        self.heard(DEPTH, m.product_id)

    def _update(self, m: _Message, local_ts: int, place: int) -> None:
        stream = self.find(m.product_id, place)
        assert isinstance(stream, _ExchangeStream)
        bids: _Levels = []
        asks: _Levels = []
        for side, px, qty in m.changes:
            if side not in ("buy", "sell"):
                raise ValueError(f"a side buy or sell, got {side!r}")
            (bids if side == "buy" else asks).append((px, qty))
        at = At(iso_time(m.time), local_ts, place)
        stream.book.check(bids, asks)
        stream.see(at)
        stream.book.difference(at, bids, asks, at.exch_ts)
        self.heard(DEPTH, m.product_id)

    def _trade(self, m: _Message, local_ts: int, place: int) -> None:
        stream = self.find(m.product_id, place)
        at = At(iso_time(m.time), local_ts, place)
        if m.side not in ("buy", "sell"):
            raise ValueError(f"a side buy or sell, got {m.side!r}")
        if m.type == "last_match" and self._connections < 2:
            stream.counters.trades_replayed += 1
            return
        stream.see(at)
        stream.trade(at, side_flag(m.side == "sell"), m.price, m.size, m.trade_id, m.sequence)
        self.heard(TRADES, m.product_id)

    @staticmethod
    def _ask(kind: str, products: list[str], channels: list[str]) -> Send:
        body = {"type": kind, "product_ids": products, "channels": channels}
        return Send(msgspec.json.encode(body).decode())


class _ExchangeStream(Stream):
    book: StreamedBook


class _Info(Struct):
    id: str
    quote_increment: str = ""
    base_increment: str = ""
    base_min_size: str = ""
    base_max_size: str = ""
    min_market_funds: str = ""


def read_instruments(body: bytes) -> list[Instrument]:
    """Read the answer of ``products``."""
    return [
        Instrument(
            venue_symbol(Venue.COINBASE_EXCHANGE, i.id),
            i.id,
            i.quote_increment,
            i.base_increment,
            i.base_min_size,
            i.base_max_size,
            i.min_market_funds,
        )
        for i in msgspec.json.decode(body, type=list[_Info])
    ]
