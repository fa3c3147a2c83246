"""Bitstamp's market data: book of levels or of single orders, trades.

* Book: channel ``diff_order_book_<pair>``, new totals of levels; the snapshot is fetched by REST. Nothing is
  numbered, but both carry ``microtimestamp``: what is not later than the snapshot is in it, and what is not
  later than the message before is old. A missing message shows only when it leaves the book crossed.
* A snapshot that is older than the first message kept cannot be told to be right, and is refused.
* With ``book="orders"`` the book is of single orders: channel ``live_orders_<pair>``, and a list of orders by
  REST (``group=2``), see `truefill.venues.orders_book`. Messages of 2026 name the one before them
  (``pre_event_id``), older ones are not numbered. Orders that trade at once are in the stream, too, so a
  crossed book means nothing. There is no recording of this form.
* Trades: ``type`` 0 is a buyer, 1 a seller as the taker.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from truefill.core.errors import ConfigError
from truefill.core.events import BUY, SELL
from truefill.venues.bitstamp import facts
from truefill.venues.codec import DEPTH, TRADES, Unknown, VenueCodec
from truefill.venues.fetched_book import FetchedBook
from truefill.venues.instruments import Instrument, step_of_places
from truefill.venues.levels import read_levels
from truefill.venues.numbers import NOTHING, Id, id_number, us_text
from truefill.venues.orders_book import Kind, OrderEvent, OrdersBook
from truefill.venues.stream import Stream, side_flag
from truefill.venues.streamed_book import At
from truefill.venues.symbols import Symbol, venue_symbol
from truefill.venues.venue import Venue
from truefill.venues.wants import Fetch, Reconnect, Send, Want


class _Message(Struct, gc=False):
    event: str = ""
    channel: str = ""
    data: Raw = NOTHING
    event_id: str = ""
    pre_event_id: str = ""
    microtimestamp: str = ""  # of a snapshot by REST


class _Book(Struct, gc=False):
    microtimestamp: str
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


class _Order(Struct, gc=False):
    id: Id
    order_type: int
    microtimestamp: str
    price_str: str
    amount_str: str  # what is open now


class _Orders(Struct, gc=False):
    microtimestamp: str
    bids: list[tuple[str, str, str]]  # price, quantity, id
    asks: list[tuple[str, str, str]]


class _Trade(Struct, gc=False):
    id: Id
    microtimestamp: str
    price_str: str
    amount_str: str
    type: int


_decode = msgspec.json.Decoder(_Message).decode
_book = msgspec.json.Decoder(_Book).decode
_order = msgspec.json.Decoder(_Order).decode
_orders = msgspec.json.Decoder(_Orders).decode
_trade = msgspec.json.Decoder(_Trade).decode
_KINDS = {"order_created": Kind.ADD, "order_changed": Kind.MODIFY, "order_deleted": Kind.CANCEL}


class BitstampCodec(VenueCodec):
    """Bitstamp; see the top of this file and `VenueCodec`.

    Parameters
    ----------
    symbols : Symbol or sequence of Symbol
        The instruments.
    channels : sequence of str
        What `connected` subscribes.
    book : {"levels", "orders"}
        What the book is made of.
    """

    offered = (DEPTH, TRADES)

    def __init__(
        self,
        symbols: Symbol | Iterable[Symbol],
        channels: Sequence[str] = (DEPTH, TRADES),
        book: Literal["levels", "orders"] = "levels",
    ) -> None:
        if book not in ("levels", "orders"):
            raise ConfigError("levels or orders", repr(book), "book")
        self._single = book == "orders"
        super().__init__(symbols, channels)

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        stream = _BitstampStream(symbol, native)
        if self._single:
            stream.book = OrdersBook(stream.rows, stream.counters, takers=True)
        else:
            stream.book = FetchedBook(stream.rows, stream.counters)
        return stream

    def connected(self, local_ts: int, link: int = 0) -> None:
        """Tell that a new connection stands."""
        for stream in self.streams.values():
            assert isinstance(stream, _BitstampStream)
            stream.previous = 0
            stream.event_id = ""
        super().connected(local_ts, link)

    def address(self, channel: str) -> str:
        """Where a channel is sent."""
        return facts.STREAM

    def subscribe(self, channels: Sequence[str]) -> Iterable[Want]:
        """What to send on a new connection: one request for each channel and instrument."""
        names = facts.CHANNELS | ({DEPTH: facts.LIVE_ORDERS} if self._single else {})
        for channel in channels:
            for native in self.streams:
                data = {"channel": f"{names[channel]}_{native}"}
                yield Send(msgspec.json.encode({"event": "bts:subscribe", "data": data}).decode())

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """A snapshot by REST."""
        url = facts.SNAPSHOT.format(symbol=stream.native)
        return (Fetch(url + facts.SINGLE_ORDERS if self._single else url, stream.native),)

    def heartbeat(self) -> Send:
        """What to send when all is still."""
        return Send('{"event":"bts:heartbeat"}')

    def handle(self, message: bytes, local_ts: int, place: int) -> None:
        """Decode a message and write its rows."""
        m = _decode(message)
        channel, _, native = m.channel.rpartition("_")
        if m.event in _KINDS and channel == facts.LIVE_ORDERS:
            self._ordered(native, m, local_ts, place)
        elif m.event == "data" and channel == facts.CHANNELS[DEPTH]:
            self._difference(native, _book(m.data), local_ts, place)
        elif m.event == "trade" and channel == facts.CHANNELS[TRADES]:
            self._traded(native, _trade(m.data), local_ts, place)
        elif m.event == "bts:heartbeat":
            self.connection.heartbeats += 1
        elif m.event in ("bts:subscription_succeeded", "bts:unsubscription_succeeded"):
            self.connection.answers += 1
        elif m.event == "bts:request_reconnect":
            self.want(Reconnect("the venue asks for it"))
        elif m.event == "bts:error":
            self.say(bytes(m.data).decode())
        elif m.microtimestamp and not m.event:
            self.snapshot(self.only(), message, local_ts, place)
        else:
            raise Unknown

    def snapshot(self, stream: Stream, body: bytes, local_ts: int, place: int) -> None:
        """Read an answer of ``order_book``."""
        assert isinstance(stream, _BitstampStream)
        if isinstance(stream.book, OrdersBook):
            stream.book.answered()
            listed = _orders(body)
            at = At(us_text(listed.microtimestamp), local_ts, place)
            sides = (BUY, listed.bids), (SELL, listed.asks)
            stream.book.snapshot(at, [(id_number(i), s, px, qty) for s, rows in sides for px, qty, i in rows])
            return
        new = _book(body)
        time = us_text(new.microtimestamp)
        at = At(time, local_ts, place)
        stream.book.snapshot(at, new.bids, new.asks, time, stream.last_ts)
        stream.previous = stream.previous or time

    def _difference(self, native: str, new: _Book, local_ts: int, place: int) -> None:
        stream = self.find(native, place)
        if not isinstance(stream, _BitstampStream) or not isinstance(stream.book, FetchedBook):
            raise Unknown
        time = us_text(new.microtimestamp)
        at = At(time, local_ts, place)
        stream.book.difference(at, new.bids, new.asks, time, stream.previous or time - 1)
        stream.previous = max(stream.previous, time)
        stream.see(at)
        self.heard(DEPTH, native)

    def _ordered(self, native: str, m: _Message, local_ts: int, place: int) -> None:
        stream = self.find(native, place)
        if not isinstance(stream, _BitstampStream) or not isinstance(stream.book, OrdersBook):
            raise Unknown
        order = _order(m.data)
        if order.order_type not in (0, 1):
            raise ValueError(f"an order_type 0 or 1, got {order.order_type}")
        read_levels([(order.price_str, order.amount_str)])
        at = At(us_text(order.microtimestamp), local_ts, place)
        if not _follows(stream, stream.book, m, at):
            return
        side = BUY if order.order_type == 0 else SELL
        event = OrderEvent(_KINDS[m.event], order.id, side, order.price_str, order.amount_str)
        stream.see(at)
        stream.book.event(at, event)
        self.heard(DEPTH, native)

    def _traded(self, native: str, trade: _Trade, local_ts: int, place: int) -> None:
        stream = self.find(native, place)
        if trade.type not in (0, 1):
            raise ValueError(f"a type 0 or 1, got {trade.type}")
        read_levels([(trade.price_str, trade.amount_str)])
        at = At(us_text(trade.microtimestamp), local_ts, place)
        stream.see(at)
        stream.trade(at, side_flag(trade.type == 0), trade.price_str, trade.amount_str, trade.id)
        self.heard(TRADES, native)


class _BitstampStream(Stream):
    book: FetchedBook | OrdersBook
    event_id = ""  # of the last message about an order on this connection
    previous = 0  # time of the last message of the book on this connection, or of a snapshot before any, ns


def _follows(stream: _BitstampStream, book: OrdersBook, m: _Message, at: At) -> bool:
    """Take note of a message's id, which begins with its time; False: it has been here before, or is old."""
    if m.event_id and stream.event_id and m.pre_event_id != stream.event_id:
        if m.event_id == stream.event_id:
            book.counters.duplicates += 1
            return False
        if m.event_id < stream.event_id:
            book.counters.out_of_order += 1
            return False
        book.counters.gaps += 1
        book.suspect(at)
    stream.event_id = m.event_id
    return True


class _Info(Struct):
    url_symbol: str
    name: str
    base_decimals: int
    counter_decimals: int
    minimum_order: str = ""


def read_instruments(body: bytes) -> list[Instrument]:
    """Read the answer of ``trading-pairs-info``."""
    return [
        Instrument(
            venue_symbol(Venue.BITSTAMP, i.url_symbol),
            i.url_symbol,
            step_of_places(i.counter_decimals),
            step_of_places(i.base_decimals),
            min_value=i.minimum_order.partition(" ")[0],
        )
        for i in msgspec.json.decode(body, type=list[_Info])
    ]
