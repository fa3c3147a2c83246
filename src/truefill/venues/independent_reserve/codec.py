"""Independent Reserve's market data: the book order by order, trades.

* Book: channel ``orderbook-<coin>``, one for all currencies that the coin is paid with: each order has its
  price in each. ``Nonce`` counts the messages of a channel. The orders there are come by REST
  (``GetAllOrders``), with the time when the list was made, see `truefill.venues.orders_book`.
* A nonce that falls is an old message, or, where the time of the message has gone on, the venue's reset.
* A price of 0 is one in another currency that was rounded down; such an order is left out and counted
  (``ignored``).
* ``OrderChanged`` has what is left of an order after a trade; 0: nothing.
* Orders and trades have UUIDs; their ids are the last 15 hexadecimal digits (60 random bits).
* Trades: channel ``ticker-<coin>``; ``Side`` is taken for the taker's. In 2022 it was
  ``ticker-<coin>-<currency>``, with one price.
* Exchange time is ``Time``, in milliseconds.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from truefill.core.events import BUY, SELL
from truefill.venues.codec import DEPTH, TRADES, Unknown, VenueCodec
from truefill.venues.gap_rules import Step, successive
from truefill.venues.independent_reserve import facts
from truefill.venues.instruments import Instrument
from truefill.venues.levels import read_levels
from truefill.venues.numbers import NOTHING, Id, Ms, iso_time, ms, number, uuid_id
from truefill.venues.orders_book import Kind, OrderEvent, OrdersBook
from truefill.venues.stream import Stream, side_flag
from truefill.venues.streamed_book import At
from truefill.venues.symbols import Symbol, venue_symbol
from truefill.venues.venue import Venue
from truefill.venues.wants import Fetch, Send, Want

_Uuid = Annotated[str, Meta(min_length=32, max_length=36)]


class _Data(Struct, gc=False):
    OrderType: str = ""
    OrderGuid: str = ""
    TradeGuid: str = ""
    Price: Raw = NOTHING
    Volume: Raw = NOTHING
    Side: str = ""


class _Order(Struct, gc=False):
    Guid: _Uuid
    Price: Raw
    Volume: Raw


class _Message(Struct, gc=False):
    Event: str = ""
    Channel: str = ""
    Nonce: Id = -1
    Time: Ms = 0
    Data: Raw = NOTHING
    # of the list of orders
    BuyOrders: list[_Order] | None = None
    SellOrders: list[_Order] | None = None
    PrimaryCurrencyCode: str = ""
    SecondaryCurrencyCode: str = ""
    CreatedTimestampUtc: str = ""


_decode = msgspec.json.Decoder(_Message).decode
_data = msgspec.json.Decoder(_Data).decode
_prices = msgspec.json.Decoder(dict[str, Raw]).decode
_KINDS = {"NewOrder": Kind.ADD, "OrderChanged": Kind.MODIFY, "OrderCanceled": Kind.CANCEL}
_SIDES = {"LimitBid": BUY, "LimitOffer": SELL}


class IndependentReserveCodec(VenueCodec):
    """Independent Reserve; see the top of this file and `VenueCodec`."""

    offered = (DEPTH, TRADES)

    def __init__(self, symbols: Symbol | Iterable[Symbol], channels: Sequence[str] = (DEPTH, TRADES)) -> None:
        super().__init__(symbols, channels)
        self._coins: dict[str, list[_OrdersStream]] = {}
        self._nonces: dict[str, tuple[int, int]] = {}  # by coin: nonce and time of the last message
        for stream in self.streams.values():
            assert isinstance(stream, _OrdersStream)
            self._coins.setdefault(stream.coin, []).append(stream)

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        stream = _OrdersStream(symbol, native)
        stream.book = OrdersBook(stream.rows, stream.counters)
        return stream

    def connected(self, local_ts: int, link: int = 0) -> None:
        """Tell that a new connection stands."""
        self._nonces.clear()
        super().connected(local_ts, link)

    def address(self, channel: str) -> str:
        """Where a channel is sent."""
        return facts.STREAM

    def subscribe(self, channels: Sequence[str]) -> Iterable[Want]:
        """What to send on a new connection for these channels."""
        wanted = [f"{facts.CHANNELS[channel]}-{coin}" for channel in channels for coin in self._coins]
        yield Send(msgspec.json.encode({"Event": "Subscribe", "Data": wanted}).decode())

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """Fetch the orders there are."""
        coin, _, currency = stream.native.partition("-")
        yield Fetch(facts.SNAPSHOT.format(base=coin, quote=currency), stream.native)

    def handle(self, message: bytes, local_ts: int, place: int) -> None:
        """Decode a message and write its rows."""
        m = _decode(message)
        if m.Event in _KINDS:
            self._order(m, local_ts, place)
        elif m.Event == "Trade":
            self._trade(m, local_ts, place)
        elif m.Event == "Heartbeat":
            self.connection.heartbeats += 1
        elif m.Event in ("Subscriptions", "Unsubscriptions"):
            self.connection.answers += 1
            if DEPTH in self.channels:
                for stream in self.streams.values():  # from now on each message is kept for it
                    assert isinstance(stream, _OrdersStream)
                    if not stream.book.valid:
                        stream.book.ask()
                        self.touch(stream)
        elif m.Event == "Error":
            self.say(bytes(m.Data).decode())
        elif m.BuyOrders is not None:
            native = f"{m.PrimaryCurrencyCode}-{m.SecondaryCurrencyCode}".lower()
            self._orders(self.find(native, place), m, local_ts, place)
        else:
            raise Unknown

    def snapshot(self, stream: Stream, body: bytes, local_ts: int, place: int) -> None:
        """Read the answer of a `Fetch`."""
        assert isinstance(stream, _OrdersStream)
        stream.book.answered()
        self._orders(stream, _decode(body), local_ts, place)

    def _orders(self, stream: Stream, m: _Message, local_ts: int, place: int) -> None:
        assert isinstance(stream, _OrdersStream)
        if m.BuyOrders is None or m.SellOrders is None:
            raise Unknown
        at = At(iso_time(m.CreatedTimestampUtc), local_ts, place)
        orders = [
            (uuid_id(order.Guid), flag, px, number(order.Volume))
            for flag, listed in ((BUY, m.BuyOrders), (SELL, m.SellOrders))
            for order in listed
            if not _is_zero(px := number(order.Price))
        ]
        stream.book.snapshot(at, orders)
        stream.counters.ignored += len(m.BuyOrders) + len(m.SellOrders) - len(orders)
        stream.see(at)
        self.heard(DEPTH, stream.native)

    def _order(self, m: _Message, local_ts: int, place: int) -> None:
        kind, _, coin = m.Channel.partition("-")
        streams = self._streams(coin, place)
        d = _data(m.Data)
        if kind != "orderbook" or m.Nonce < 0 or d.OrderType not in _SIDES:
            raise Unknown
        what, side, order_id = _KINDS[m.Event], _SIDES[d.OrderType], uuid_id(d.OrderGuid)
        events = []
        if what is Kind.ADD:
            prices = _prices(d.Price)
            for stream in streams:
                if stream.currency not in prices:
                    raise ValueError(f"a price in {stream.currency}, got {bytes(d.Price).decode()[:80]}")
                px = number(prices[stream.currency])
                # An order that is worth nothing in this currency is none in its book.
                qty = "0" if _is_zero(px) else number(d.Volume)
                events.append(OrderEvent(what, order_id, side, "" if _is_zero(px) else px, qty))
        else:
            events += [OrderEvent(what, order_id, side, "", number(d.Volume))] * len(streams)
        for stream, event in zip(streams, events, strict=True):
            stream.book.check(event)
        at = At(ms(m.Time), local_ts, place)
        if self._follows(coin, m.Nonce, at):
            for stream, event in zip(streams, events, strict=True):
                stream.see(at)
                stream.book.event(at, event)
                self.heard(DEPTH, stream.native)

    def _trade(self, m: _Message, local_ts: int, place: int) -> None:
        kind, _, name = m.Channel.partition("-")
        d = _data(m.Data)
        if kind != "ticker" or d.Side not in ("Buy", "Sell"):
            raise Unknown
        coin, _, currency = name.partition("-")
        at, trade_id = At(ms(m.Time), local_ts, place), uuid_id(d.TradeGuid)
        streams = self._streams(coin, place)
        if currency:
            prices = {currency: d.Price}
            self.find(name, place)
        else:
            prices = {key.lower(): price for key, price in _prices(d.Price).items()}
        for stream in streams:
            if stream.currency in prices:
                px, qty = number(prices[stream.currency]), number(d.Volume)
                read_levels([(px, qty)])
                stream.see(at)
                stream.trade(at, side_flag(d.Side == "Buy"), px, qty, trade_id)
                self.heard(TRADES, stream.native)

    def _streams(self, coin: str, place: int) -> "list[_OrdersStream]":
        streams = self._coins.get(coin, [])
        if not streams:
            self.find(coin, place)  # says what there is
        for stream in streams:
            self.touch(stream)
        return streams

    def _follows(self, coin: str, nonce: int, at: At) -> bool:
        """Take note of the channel's number; False: the message is none to be read."""
        last, time = self._nonces.get(coin, (nonce - 1, 0))
        step = successive(last, -1, nonce)
        if step is Step.OLD and at.exch_ts > time:
            step = Step.GAP  # the venue counts anew
        for stream in self._coins[coin]:
            counters = stream.book.counters
            counters.duplicates += step is Step.DUPLICATE
            counters.out_of_order += step is Step.OLD
            if step is Step.GAP:
                counters.gaps += 1
                stream.book.suspect(at)
        if step in (Step.DUPLICATE, Step.OLD):
            return False
        self._nonces[coin] = nonce, at.exch_ts
        return True


def _is_zero(px: str) -> bool:
    return bool(px) and not px.strip("0.")


class _OrdersStream(Stream):
    book: OrdersBook

    @property
    def coin(self) -> str:
        """What is traded, as channels name it."""
        return self.native.partition("-")[0]

    @property
    def currency(self) -> str:
        """What it is paid with, as prices name it."""
        return self.native.partition("-")[2]


def read_instruments(body: bytes, currencies: bytes) -> list[Instrument]:
    """Read the answers of ``GetOrderMinimumVolumes`` and ``GetValidSecondaryCurrencyCodes``: each coin
    against each currency. The venue says nothing of steps: those of a tape come from its prices and
    quantities.
    """
    found = []
    least = msgspec.json.decode(body, type=dict[str, Raw])
    for coin, volume in least.items():
        for currency in msgspec.json.decode(currencies, type=list[str]):
            if coin != currency:
                native = f"{coin}-{currency}".lower()
                symbol = venue_symbol(Venue.INDEPENDENT_RESERVE, native)
                found.append(Instrument(symbol, native, "", "", number(volume)))
    return found
