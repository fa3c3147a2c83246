"""Hyperliquid's market data: book, best prices, trades, marks, bars.

* Book: ``l2Book`` is the best 20 levels a side, whole each time and without a number: the first is a
  snapshot, others become what has changed. Nothing can be missing; one that is older than the last by its
  time is dropped.
* Trades: side ``B`` is a buyer, ``A`` a seller who took. Subscribing sends the last trades again, which are
  of before the stream and left out.
* Mark, index (oracle) and funding: ``activeAssetCtx``, which carries no time: it gets the latest one seen.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from truefill.venues.codec import BEST, DEPTH, KLINES, MARKS, TRADES, Unknown, VenueCodec
from truefill.venues.gap_rules import not_falling
from truefill.venues.hyperliquid import facts
from truefill.venues.instruments import Instrument, step_of_places
from truefill.venues.numbers import NOTHING, Id, Ms, ms
from truefill.venues.stream import Kline, Stream, side_flag
from truefill.venues.streamed_book import At, StreamedBook
from truefill.venues.symbols import Symbol, venue_symbol
from truefill.venues.venue import Venue
from truefill.venues.wants import Send, Want


class _Message(Struct, gc=False):
    channel: str
    data: Raw = NOTHING


class _Level(Struct, gc=False):
    px: str
    sz: str


class _Book(Struct, gc=False):
    coin: str
    time: Ms
    levels: tuple[list[_Level], list[_Level]]


class _Best(Struct, gc=False):
    coin: str
    time: Ms
    bbo: tuple[_Level | None, _Level | None]


class _Trade(Struct, gc=False):
    coin: str
    side: str
    px: str
    sz: str
    time: Ms
    tid: Id


class _Context(Struct, gc=False):
    markPx: str = ""
    oraclePx: str = ""
    funding: str = ""


class _Asset(Struct, gc=False):
    coin: str
    ctx: _Context


class _Candle(Struct, gc=False):
    t: Ms
    T: Ms
    s: str
    o: str
    h: str
    l: str  # noqa: E741 - the venue's name
    c: str
    v: str


_decode = msgspec.json.Decoder(_Message).decode
_book = msgspec.json.Decoder(_Book).decode
_best = msgspec.json.Decoder(_Best).decode
_trades = msgspec.json.Decoder(list[_Trade]).decode
_asset = msgspec.json.Decoder(_Asset).decode
_candle = msgspec.json.Decoder(_Candle).decode


class HyperliquidCodec(VenueCodec):
    """Hyperliquid; see the top of this file and `VenueCodec`."""

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        stream = _HyperliquidStream(symbol, native)
        stream.book = StreamedBook(stream.rows, stream.counters, not_falling)
        return stream

    def address(self, channel: str) -> str:
        """Where a channel is sent."""
        return facts.STREAM

    def subscribe(self, channels: Sequence[str]) -> Iterable[Want]:
        """What to send on a new connection for these channels."""
        for channel in channels:
            for native in self.streams:
                more = {"interval": "1m"} if channel == KLINES else {}
                yield _request("subscribe", {"type": facts.CHANNELS[channel], "coin": native} | more)

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """Subscribing anew brings a whole book at once; each of the next would do as well."""
        what = {"type": facts.CHANNELS[DEPTH], "coin": stream.native}
        return _request("unsubscribe", what), _request("subscribe", what)

    def heartbeat(self) -> Send:
        """What to send at least each minute."""
        return Send('{"method":"ping"}')

    def handle(self, message: bytes, local_ts: int, place: int) -> None:
        """Decode a message and write its rows."""
        m = _decode(message)
        if m.channel == "l2Book":
            self._l2_book(m, local_ts, place)
        elif m.channel == "trades":
            for trade in _trades(m.data):
                self._trade(trade, local_ts, place)
        elif m.channel == "bbo":
            best = _best(m.data)
            stream = self.find(best.coin, place)
            self.heard(BEST, best.coin)
            at = At(ms(best.time), local_ts, place)
            stream.see(at)
            (bid, bid_qty), (ask, ask_qty) = (("", "") if x is None else (x.px, x.sz) for x in best.bbo)
            stream.best(at, bid, bid_qty, ask, ask_qty)
        elif m.channel == "activeAssetCtx":
            asset = _asset(m.data)
            stream = self.find(asset.coin, place)
            self.heard(MARKS, asset.coin)
            at = At(stream.last_ts or local_ts, local_ts, place)
            stream.marks(at, asset.ctx.markPx, asset.ctx.oraclePx, asset.ctx.funding)
        elif m.channel == "candle":
            k = _candle(m.data)
            stream = self.find(k.s, place)
            self.heard(KLINES, k.s)
            stream.kline(Kline(ms(k.t), ms(k.T + 1 - k.t), k.o, k.h, k.l, k.c, k.v, None, local_ts))
        elif m.channel == "subscriptionResponse":
            self.connection.answers += 1
        elif m.channel == "pong":
            self.connection.heartbeats += 1
        elif m.channel == "error":
            self.say(str(msgspec.json.decode(m.data)))
        else:
            raise Unknown

    def _l2_book(self, m: _Message, local_ts: int, place: int) -> None:
        book = _book(m.data)
        stream = self.find(book.coin, place)
        assert isinstance(stream, _HyperliquidStream)
        self.heard(DEPTH, book.coin)
        at = At(ms(book.time), local_ts, place)
        stream.see(at)
        bids, asks = ([(level.px, level.sz) for level in side] for side in book.levels)
        stream.book.whole(at, bids, asks, book.time)

    def _trade(self, trade: _Trade, local_ts: int, place: int) -> None:
        stream = self.find(trade.coin, place)
        if trade.side not in ("A", "B"):
            raise ValueError(f"a side A or B, got {trade.side!r}")
        self.heard(TRADES, trade.coin)
        at = At(ms(trade.time), local_ts, place)
        stream.trade(at, side_flag(trade.side == "B"), trade.px, trade.sz, trade.tid)
        stream.see(at)


class _HyperliquidStream(Stream):
    book: StreamedBook


def _request(method: str, subscription: dict[str, Any]) -> Send:
    return Send(msgspec.json.encode({"method": method, "subscription": subscription}).decode())


class _Info(Struct):
    name: str
    szDecimals: int


class _Meta(Struct):
    universe: list[_Info]


def read_instruments(body: bytes) -> list[Instrument]:
    """Read the answer to ``{"type":"meta"}``.

    The step of the price is the finest there is, of ``6 - szDecimals`` places; five significant figures may
    ask for a coarser one, depending on the price.
    """
    return [
        Instrument(
            venue_symbol(Venue.HYPERLIQUID, i.name),
            i.name,
            step_of_places(facts.PERP_DECIMALS - i.szDecimals),
            step_of_places(i.szDecimals),
        )
        for i in msgspec.json.decode(body, type=_Meta).universe
    ]
