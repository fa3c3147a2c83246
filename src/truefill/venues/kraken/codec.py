"""Kraken's spot market data, versions 1 and 2: book, trades, best prices, bars.

* Version 1: messages are lists: ``[channel id, data, ..., channel name, pair]``. A book's message has asks
  and bids in one object or in two. A snapshot comes first (``as``, ``bs``), then updates with the CRC-32 of
  the best ten levels a side (``c``). A level that is repeated (``"r"``) because it has come into range
  carries an old time. Trades have no ids, tickers no time: they get the latest one seen.
* Version 2 (`truefill.venues.kraken.version2`): snapshots and updates, each with the CRC-32; trades with ids.
  Its names have ``BTC`` and ``DOGE`` where version 1 has ``XBT`` and ``XDG``.
* Nothing is numbered in either: the checksum tells. The venue keeps as many levels as were asked for, and the
  client has to drop those that fall beyond. Exchange time: of version 1 that of the newest level in the
  message. The side of a trade is the taker's. Subscribing sends the last trades of version 2 again, which are
  of before the stream and left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from truefill.core.errors import ConfigError, DataError
from truefill.venues.checksums import kraken
from truefill.venues.codec import BEST, DEPTH, KLINES, TRADES, Unknown, VenueCodec
from truefill.venues.gap_rules import unnumbered
from truefill.venues.instruments import Instrument, step_of_places
from truefill.venues.kraken import facts, version2 as v2
from truefill.venues.levels import Side, read_levels
from truefill.venues.numbers import iso_time, number
from truefill.venues.stream import Kline, Stream, side_flag
from truefill.venues.streamed_book import At, StreamedBook
from truefill.venues.symbols import Symbol, venue_symbol
from truefill.venues.venue import Venue
from truefill.venues.wants import Send, Want

Levels = list[list[str]]  # price, quantity, time, and "r" for one that is repeated


class _Book(Struct, gc=False):
    a: Levels = []
    b: Levels = []
    asks: Levels | None = msgspec.field(default=None, name="as")
    bids: Levels | None = msgspec.field(default=None, name="bs")
    c: str = ""


class _Ticker(Struct, gc=False):
    a: tuple[str, int, str]
    b: tuple[str, int, str]


_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_book = msgspec.json.Decoder(_Book).decode
_ticker = msgspec.json.Decoder(_Ticker).decode
_text = msgspec.json.Decoder(str).decode
_ohlc = msgspec.json.Decoder(tuple[str, str, str, str, str, str, str, str, int]).decode
_MINUTE = 60_000_000_000
_trades = msgspec.json.Decoder(list[tuple[str, str, str, str, str, str]]).decode


class KrakenCodec(VenueCodec):
    """Kraken spot; see the top of this file and `VenueCodec`. The version is that of the words in which it
    subscribes; messages of both are read.

    Parameters
    ----------
    symbols : Symbol or sequence of Symbol
        The instruments.
    channels : sequence of str
        What `connected` subscribes.
    version : {"v1", "v2"}
    """

    offered = (DEPTH, TRADES, BEST, KLINES)

    def __init__(
        self,
        symbols: Symbol | Iterable[Symbol],
        channels: Sequence[str] = (DEPTH, TRADES),
        version: Literal["v1", "v2"] = "v2",
    ) -> None:
        if version not in facts.STREAM:
            raise ConfigError("a version, one of " + ", ".join(facts.STREAM), repr(version), "version")
        self._version = version
        super().__init__(symbols, channels)
        self._natives = {_second(stream): native for native, stream in self.streams.items()}

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        stream = _KrakenStream(symbol, native)
        stream.book = StreamedBook(stream.rows, stream.counters, unnumbered, stream.checksum, facts.DEPTH)
        return stream

    def address(self, channel: str) -> str:
        """Where a channel is sent."""
        return facts.STREAM[self._version]

    def subscribe(self, channels: Sequence[str]) -> Iterable[Want]:
        """What to send on a new connection for these channels."""
        if self._version == "v2":
            yield _ask("subscribe", facts.INSTRUMENT_CHANNEL)
            for channel in channels:
                yield _ask("subscribe", facts.CHANNELS["v2"][channel] | {"symbol": list(self._natives)})
            return
        for channel in channels:
            yield _request("subscribe", list(self.streams), facts.CHANNELS["v1"][channel])

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """Subscribing the book anew brings a snapshot."""
        if self._version == "v2":
            assert isinstance(stream, _KrakenStream)
            params = facts.CHANNELS["v2"][DEPTH] | {"symbol": [_second(stream)]}
            return _ask("unsubscribe", params), _ask("subscribe", params)
        book = facts.CHANNELS["v1"][DEPTH]
        return _request("unsubscribe", [stream.native], book), _request("subscribe", [stream.native], book)

    def heartbeat(self) -> Send:
        """What to send now and then; the venue sends heartbeats of its own when all is still."""
        return Send('{"method":"ping"}' if self._version == "v2" else '{"event":"ping"}')

    def handle(self, message: bytes, local_ts: int, place: int) -> None:
        """Decode a message and write its rows."""
        if message[:1] != b"[":
            m = v2.decode_message(message)
            if m.channel and m.data:
                self._second(m, local_ts, place)
            else:
                self._answer(m)
            return
        parts = _list(message)
        if len(parts) not in (4, 5):
            raise Unknown
        name, native = _text(parts[-2]), _text(parts[-1])
        stream = self.find(native, place)
        assert isinstance(stream, _KrakenStream)
        if name.startswith("book"):
            depth = name.rpartition("-")[2]
            if not depth.isdigit():
                raise Unknown
            stream.book.depth = int(depth)
            self._orderbook([_book(part) for part in parts[1:-2]], stream, local_ts, place)
            self.heard(DEPTH, native)
        elif name == "trade":
            trades = _trades(parts[1])
            if any(side not in ("b", "s") for _, _, _, side, _, _ in trades):
                raise ValueError("sides b or s")
            for px, qty, time, side, _, _ in trades:
                at = At(_time(time), local_ts, place)
                stream.trade(at, side_flag(side == "b"), px, qty)
                stream.see(at)
            self.heard(TRADES, native)
        elif name == "ticker":
            ticker = _ticker(parts[1])
            at = At(stream.last_ts or local_ts, local_ts, place)
            stream.best(at, ticker.b[0], ticker.b[2], ticker.a[0], ticker.a[2])
            self.heard(BEST, native)
        elif name.startswith("ohlc-"):
            self._bar(name, parts[1], stream, local_ts)
            self.heard(KLINES, native)
        else:
            stream.counters.ignored += 1

    def _bar(self, name: str, data: msgspec.Raw, stream: Stream, local_ts: int) -> None:
        _, ends, o, h, low, c, _, volume, _ = _ohlc(data)
        read_levels([(px, volume) for px in (o, h, low, c)])
        minutes = name.rpartition("-")[2]
        if not minutes.isdigit():
            raise Unknown
        length = int(minutes) * _MINUTE
        stream.kline(Kline(_time(ends) - length, length, o, h, low, c, volume, None, local_ts))

    def _answer(self, m: v2.Message) -> None:
        if "heartbeat" in (m.event, m.channel) or "pong" in (m.event, m.method):
            self.connection.heartbeats += 1
        elif m.status == "error" or m.success is False:
            self.say(m.error_message or m.error)
        elif m.event in ("subscriptionStatus", "systemStatus") or (m.method and m.success):
            self.connection.answers += 1
        else:
            raise Unknown

    def _second(self, m: v2.Message, local_ts: int, place: int) -> None:
        """Read a message of version 2."""
        if m.channel == "book":
            if m.type not in ("snapshot", "update"):
                raise Unknown
            for book in v2.read_books(m.data):
                stream = self._named(book.symbol, place)
                latest = stream.last_ts or local_ts
                at = At(v2.time_or(book.timestamp, latest), local_ts, place)
                bids, asks = v2.pairs(book.bids), v2.pairs(book.asks)
                checksum = book.checksum if stream.places else None
                stream.book.check(bids, asks)
                stream.see(at)
                if m.type == "snapshot":
                    stream.book.snapshot(at, bids, asks, checksum=checksum)
                else:
                    stream.book.difference(at, bids, asks, checksum=checksum)
                self.heard(DEPTH, stream.native)
        elif m.channel == "trade":
            for trade in v2.read_trades(m.data):
                stream = self._named(trade.symbol, place)
                if trade.side not in ("buy", "sell"):
                    raise ValueError(f"a side buy or sell, got {trade.side!r}")
                at, side = At(iso_time(trade.timestamp), local_ts, place), side_flag(trade.side == "buy")
                stream.trade(at, side, number(trade.price), number(trade.qty), trade.trade_id)
                stream.see(at)
                self.heard(TRADES, stream.native)
        elif m.channel == "ticker":
            for t in v2.read_tickers(m.data):
                stream = self._named(t.symbol, place)
                at = At(v2.time_or(t.timestamp, stream.last_ts or local_ts), local_ts, place)
                stream.best(at, number(t.bid), number(t.bid_qty), number(t.ask), number(t.ask_qty))
                self.heard(BEST, stream.native)
        elif m.channel == "ohlc":
            for k in v2.read_bars(m.data):
                stream = self._named(k.symbol, place)
                o, h, low, c, volume = map(number, (k.open, k.high, k.low, k.close, k.volume))
                read_levels([(px, volume) for px in (o, h, low, c)])
                start, length = iso_time(k.interval_begin), k.interval * v2.MINUTE
                stream.kline(Kline(start, length, o, h, low, c, volume, None, local_ts))
                self.heard(KLINES, stream.native)
        elif m.channel == "instrument":
            for pair in v2.read_instruments(m.data).pairs:
                if pair.symbol in self._natives:
                    stream = self._named(pair.symbol, place)
                    stream.places = pair.price_precision, pair.qty_precision
        elif m.channel == "status":
            self.connection.answers += 1
        else:
            raise Unknown

    def _named(self, name: str, place: int) -> "_KrakenStream":
        stream = self.find(self._natives.get(name, name), place)
        assert isinstance(stream, _KrakenStream)
        return stream

    def _orderbook(self, parts: list[_Book], stream: "_KrakenStream", local_ts: int, place: int) -> None:
        first = parts[0]
        whole = first.asks is not None or first.bids is not None
        bids = [level for part in parts for level in (part.bids or part.b)]
        asks = [level for part in parts for level in (part.asks or part.a)]
        if any(len(level) not in (3, 4) for level in (*bids, *asks)):
            raise ValueError("levels of price, quantity and time")
        times = [_time(level[2]) for level in (*bids, *asks)]
        at = At(max(times, default=stream.last_ts or local_ts), local_ts, place)
        stream.see(at)
        if whole:
            stream.book.snapshot(at, _pairs(bids), _pairs(asks))
            return
        checksum = parts[-1].c
        if checksum and not checksum.isdigit():
            raise ValueError(f"a checksum of digits, got {checksum[:40]!r}")
        stream.book.difference(at, _pairs(bids), _pairs(asks), checksum=int(checksum) if checksum else None)


class _KrakenStream(Stream):
    book: StreamedBook
    places: tuple[int, int] | None = None  # of price and quantity, where version 2 has told

    def checksum(self, bids: Side, asks: Side) -> int:
        """The book's, in the words of the version that tells it."""
        return kraken(bids, asks, self.places)


def _second(stream: Stream) -> str:
    """Name of an instrument in version 2."""
    return f"{stream.symbol.base}/{stream.symbol.quote}"


def _ask(method: str, params: Mapping[str, Any]) -> Send:
    return Send(msgspec.json.encode({"method": method, "params": params}).decode())


def _pairs(levels: Levels) -> list[tuple[str, str]]:
    return [(level[0], level[1]) for level in levels]


def _time(text: str) -> int:
    """Seconds with up to nine places, in ns."""
    seconds, _, fraction = text.partition(".")
    if not seconds.isdigit() or len(seconds) > 10 or not (fraction + "0").isdigit():
        raise ValueError(f"a time in seconds, got {text[:40]!r}")
    return int(seconds) * 1_000_000_000 + int(fraction[:9].ljust(9, "0"))


def _request(event: str, pairs: list[str], subscription: Mapping[str, Any]) -> Send:
    body = {"event": event, "pair": pairs, "subscription": subscription}
    return Send(msgspec.json.encode(body).decode())


class _Info(Struct):
    wsname: str = ""
    pair_decimals: int = 0
    lot_decimals: int = 0
    ordermin: str = ""


class _Answer(Struct):
    result: dict[str, _Info]


def read_instruments(body: bytes) -> list[Instrument]:
    """Read the answer of ``AssetPairs``; pairs that are not traded over the WebSocket, and claims on
    coins, are left out.
    """
    found = []
    for info in msgspec.json.decode(body, type=_Answer).result.values():
        if info.wsname:
            try:
                symbol = venue_symbol(Venue.KRAKEN, info.wsname)
            except DataError:  # ETH2.S/ETH, a claim on a coin
                continue
            tick, lot = step_of_places(info.pair_decimals), step_of_places(info.lot_decimals)
            found.append(Instrument(symbol, info.wsname, tick, lot, info.ordermin))
    return found
