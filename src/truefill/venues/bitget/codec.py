"""Bitget's market data in three versions of one protocol: 1 (2022), 2, and 3 (the unified account's).

* Book: channel ``books``. A snapshot first, then updates. Versions 1 and 2 sum the best 25 levels up in a
  signed CRC-32 over the text as it was sent, and number nothing that a client could check; version 3 names
  the number of the message before (``pseq``).
* Trades: the side is the taker's. Version 1 has no ids. Subscribing sends the last trades again, which are
  of before the stream and left out.
* ``ticker`` carries best prices and, of contracts, mark, index and funding.
* Versions 2 and 3 are read by their documentation; there is no recording of them.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from truefill.core.errors import ConfigError, DataError
from truefill.venues.args_codec import Arg, ArgsCodec, Message
from truefill.venues.bitget import facts
from truefill.venues.checksums import interleaved
from truefill.venues.codec import BEST, CHANNELS, DEPTH, KLINES, MARKS, TRADES, Unknown
from truefill.venues.gap_rules import linked
from truefill.venues.instruments import Instrument, step_of_places
from truefill.venues.levels import read_levels
from truefill.venues.numbers import NOTHING, Id, id_number, ms_text, number
from truefill.venues.stream import Kline, Stream, side_flag
from truefill.venues.streamed_book import At, StreamedBook
from truefill.venues.symbols import Symbol, venue_symbol
from truefill.venues.venue import Venue


class _Book(Struct, gc=False):
    asks: list[tuple[str, str]] = []
    bids: list[tuple[str, str]] = []
    a: list[tuple[str, str]] = []  # version 3
    b: list[tuple[str, str]] = []
    ts: str = ""
    checksum: int | None = None
    seq: Id = -1
    pseq: Id = -1


class _Trade(Struct, gc=False):
    ts: str = ""
    price: str = ""
    size: str = ""
    side: str = ""
    tradeId: str = ""
    # version 3
    T: str = ""
    p: str = ""
    v: str = ""
    S: str = ""
    i: str = ""


class _Kline(Struct, gc=False):  # version 3
    start: str
    open: str
    high: str
    low: str
    close: str
    volume: str


class _Ticker(Struct, gc=False):
    bestBid: str = ""  # version 1
    bestAsk: str = ""
    bidPr: str = ""
    askPr: str = ""
    bidSz: str = ""
    askSz: str = ""
    bid1Price: str = ""  # version 3
    ask1Price: str = ""
    bid1Size: str = ""
    ask1Size: str = ""
    markPrice: str = ""
    indexPrice: str = ""
    capitalRate: str = ""  # version 1
    fundingRate: str = ""
    nextSettleTime: Raw = NOTHING  # version 1
    nextFundingTime: Raw = NOTHING
    systemTime: Raw = NOTHING  # version 1, contracts
    ts: Raw = NOTHING


_books = msgspec.json.Decoder(list[_Book]).decode
_trades = msgspec.json.Decoder(list[_Trade] | None).decode
_lists = msgspec.json.Decoder(list[list[str]]).decode
_klines = msgspec.json.Decoder(list[_Kline]).decode
_tickers = msgspec.json.Decoder(list[_Ticker]).decode
_MINUTE = 60_000_000_000


class BitgetCodec(ArgsCodec):
    """Bitget; see the top of this file and `VenueCodec`. The version is that of the words in which it
    subscribes; messages of all are read.

    Parameters
    ----------
    symbols : Symbol or sequence of Symbol
        The instruments.
    channels : sequence of str
        What `connected` subscribes.
    version : {"v1", "v2", "v3"}
    """

    args_per_request = facts.ARGS_PER_REQUEST

    @classmethod
    def offered_by(cls, venue: Venue) -> Sequence[str]:
        """Channels that this market of the venue has: spot has no marks."""
        return CHANNELS if venue.futures else (DEPTH, TRADES, BEST, KLINES)

    def __init__(
        self,
        symbols: Symbol | Iterable[Symbol],
        channels: Sequence[str] = (DEPTH, TRADES),
        version: Literal["v1", "v2", "v3"] = "v2",
    ) -> None:
        if version not in facts.STREAM:
            raise ConfigError("a version, one of " + ", ".join(facts.STREAM), repr(version), "version")
        self._version = version
        super().__init__(symbols, channels)

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        stream = _BitgetStream(symbol, native)
        stream.book = StreamedBook(stream.rows, stream.counters, linked, interleaved)
        return stream

    def address(self, channel: str) -> str:
        """Where a channel is sent."""
        return facts.STREAM[self._version].format(market="spot" if self.venue is Venue.BITGET_SPOT else "mix")

    def args(self, channels: Sequence[str]) -> Iterable[Arg]:
        """Arguments of these channels."""
        names = facts.CHANNELS[self._version]
        wanted = list(dict.fromkeys(names[channel] for channel in channels))
        return (self._arg(name, native) for name in wanted for native in self.streams)

    def book_arg(self, stream: Stream) -> Arg:
        """Argument of a book."""
        return self._arg(facts.CHANNELS[self._version][DEPTH], stream.native)

    def _arg(self, name: str, native: str) -> Arg:
        kind = facts.INSTRUMENT_TYPE[self._version][self.venue]
        if self._version == "v3":
            more = {"interval": "1m"} if name == "kline" else {}
            return {"instType": kind, "topic": name, "symbol": native} | more
        return {"instType": kind, "channel": name, "instId": native}

    def data(self, m: Message, channel: str, native: str, local_ts: int, place: int) -> None:
        """Read a message of market data."""
        if m.action not in ("snapshot", "update"):
            raise Unknown
        stream = self.find(native, place)
        assert isinstance(stream, _BitgetStream)
        if channel == "books":
            self.heard(DEPTH, native)
            self._book(m, stream, local_ts, place)
        elif channel in ("trade", "publicTrade"):
            self.heard(TRADES, native)
            for trade in _read_trades(m.data):
                self._trade(trade, stream, local_ts, place)
        elif channel == "ticker":
            self.heard(BEST, native)
            self.heard(MARKS, native)
            self._ticker(m, stream, local_ts, place)
        elif channel == "candle1m":
            self.heard(KLINES, native)
            for ts, o, h, low, c, volume, *_ in _lists(m.data):
                stream.kline(Kline(ms_text(ts), _MINUTE, o, h, low, c, volume, None, local_ts))
        elif channel == "kline":
            self.heard(KLINES, native)
            for k in _klines(m.data):
                bar = k.open, k.high, k.low, k.close, k.volume
                read_levels([(px, k.volume) for px in bar[:4]])
                stream.kline(Kline(ms_text(k.start), _MINUTE, *bar, None, local_ts))
        else:
            stream.counters.ignored += 1

    def _book(self, m: Message, stream: "_BitgetStream", local_ts: int, place: int) -> None:
        for new in _books(m.data):
            at = At(ms_text(new.ts or number(m.ts)), local_ts, place)
            stream.see(at)
            bids, asks = new.bids or new.b, new.asks or new.a
            seq = new.seq if new.pseq >= 0 else -1
            if m.action == "snapshot":
                stream.book.snapshot(at, bids, asks, new.seq if new.checksum is None else -1, new.checksum)
            else:
                stream.book.difference(at, bids, asks, seq, new.pseq, new.checksum)

    def _trade(self, trade: _Trade, stream: Stream, local_ts: int, place: int) -> None:
        side = (trade.side or trade.S).lower()
        if side not in ("buy", "sell"):
            raise ValueError(f"a side buy or sell, got {side!r}")
        at = At(ms_text(trade.ts or trade.T), local_ts, place)
        trade_id = id_number(trade.tradeId or trade.i)
        stream.trade(at, side_flag(side == "buy"), trade.price or trade.p, trade.size or trade.v, trade_id)
        stream.see(at)

    def _ticker(self, m: Message, stream: Stream, local_ts: int, place: int) -> None:
        for t in _tickers(m.data):
            ts = number(t.systemTime) or number(t.ts) or number(m.ts)
            at = At(ms_text(ts), local_ts, place)
            bid, ask = t.bidPr or t.bid1Price or t.bestBid, t.askPr or t.ask1Price or t.bestAsk
            stream.best(at, bid, t.bidSz or t.bid1Size, ask, t.askSz or t.ask1Size)
            when = number(t.nextSettleTime) or number(t.nextFundingTime)
            funding = t.capitalRate or t.fundingRate
            next_ts = ms_text(when) if when not in ("", "0") else 0
            stream.marks(at, t.markPrice, t.indexPrice, funding, next_ts)


class _BitgetStream(Stream):
    book: StreamedBook


def _read_trades(data: Raw) -> list[_Trade]:
    if bytes(data).lstrip(b"[ ").startswith(b'"'):  # version 1: lists of time, price, size, side
        lists = _lists(data)
        if any(len(fields) != 4 for fields in lists):
            raise ValueError("trades of time, price, size and side")
        return [_Trade(*fields) for fields in lists]
    return _trades(data) or []


class _Info(Struct):
    symbol: str
    # spot, version 1
    priceScale: str = ""
    quantityScale: str = ""
    minTradeAmount: str = ""
    # mix, version 1
    pricePlace: str = ""
    priceEndStep: str = ""
    volumePlace: str = ""
    minTradeNum: str = ""
    # version 2
    pricePrecision: str = ""
    quantityPrecision: str = ""
    sizeMultiplier: str = ""
    maxTradeAmount: str = ""  # spot
    maxOrderQty: str = ""  # contracts; version 3: all
    minTradeUSDT: str = ""
    # version 3
    priceMultiplier: str = ""
    quantityMultiplier: str = ""
    minOrderQty: str = ""
    minOrderAmount: str = ""


class _Answer(Struct):
    data: list[_Info]


def read_instruments(body: bytes, venue: Venue) -> list[Instrument]:
    """Read the answers of ``spot/v1/public/products``, ``mix/v1/market/contracts``, their successors of
    version 2 and version 3's ``market/instruments``. Names of other kinds are left out.
    """
    found = []
    for i in msgspec.json.decode(body, type=_Answer).data:
        native, _, kind = i.symbol.partition("_")
        if kind.count("_") or (kind and kind not in _KINDS):
            continue
        places = int(i.pricePlace or i.priceScale or i.pricePrecision)
        tick = step_of_places(places)
        if i.priceEndStep and i.priceEndStep != "1":  # the last place moves in steps
            tick = format(Decimal(tick) * Decimal(i.priceEndStep), "f")
        lot = step_of_places(int(i.volumePlace or i.quantityScale or i.quantityPrecision))
        try:
            symbol = venue_symbol(venue, native)
        except DataError:
            continue
        found.append(
            Instrument(
                symbol,
                native,
                i.priceMultiplier or tick,
                i.quantityMultiplier or i.sizeMultiplier or lot,
                i.minTradeNum or i.minTradeAmount or i.minOrderQty,
                i.maxOrderQty or i.maxTradeAmount,
                i.minTradeUSDT or i.minOrderAmount,
            )
        )
    return found


_KINDS = ("SPBL", "UMCBL", "DMCBL", "CMCBL")
