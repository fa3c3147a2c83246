"""OKX v5's market data: book, trades, tickers, mark and index prices, funding, bars.

* Book: channel ``books`` (400 levels). A snapshot first, then updates that name the number of the one
  before them (``prevSeqId``); one that changes nothing is a heartbeat, one whose own number is smaller a
  reset for maintenance, and both follow as usual. Recordings of before 2023 have no numbers, but a
  checksum, which has been 0 since 2026-06-23.
* OKX has announced that the stream will bring no snapshot any more: with ``snapshots="fetched"`` it is
  fetched by REST. There is no recording of that.
* Trades: ``side`` is the taker's. An index price is of a pair, and of all its instruments.
* Quantities of swaps, futures and options are contracts.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from truefill.venues.args_codec import Arg, ArgsCodec, Message, decode_message
from truefill.venues.checksums import interleaved
from truefill.venues.codec import BEST, DEPTH, KLINES, MARKS, TRADES, Unknown
from truefill.venues.fetched_book import FetchedBook
from truefill.venues.gap_rules import linked
from truefill.venues.instruments import Instrument
from truefill.venues.names import PERPETUAL
from truefill.venues.numbers import Id, id_number, ms_text
from truefill.venues.okx import facts
from truefill.venues.stream import Kline, Stream, side_flag
from truefill.venues.streamed_book import At, StreamedBook
from truefill.venues.symbols import Symbol, venue_symbol
from truefill.venues.venue import Venue
from truefill.venues.wants import Fetch, Want


class _Book(Struct, gc=False):
    asks: list[tuple[str, str, str, str]]
    bids: list[tuple[str, str, str, str]]
    ts: str
    checksum: int = 0
    seqId: Id = -1
    prevSeqId: Id = -1


class _Trade(Struct, gc=False):
    instId: str
    tradeId: str
    px: str
    sz: str
    side: str
    ts: str


class _Ticker(Struct, gc=False):
    instId: str
    ts: str
    askPx: str = ""
    askSz: str = ""
    bidPx: str = ""
    bidSz: str = ""


class _Best(Struct, gc=False):
    asks: list[tuple[str, str, str, str]]
    bids: list[tuple[str, str, str, str]]
    ts: str
    seqId: Id = 0


class _Mark(Struct, gc=False):
    instId: str
    ts: str
    markPx: str = ""
    idxPx: str = ""
    fundingRate: str = ""
    fundingTime: str = ""


_books = msgspec.json.Decoder(list[_Book]).decode
_trades = msgspec.json.Decoder(list[_Trade]).decode
_tickers = msgspec.json.Decoder(list[_Ticker]).decode
_bests = msgspec.json.Decoder(list[_Best]).decode
_marks = msgspec.json.Decoder(list[_Mark]).decode
_candles = msgspec.json.Decoder(list[list[str]]).decode
_MINUTE = 60_000_000_000


class OkxCodec(ArgsCodec):
    """OKX v5; see the top of this file and `VenueCodec`.

    Parameters
    ----------
    symbols : Symbol or sequence of Symbol
        The instruments.
    channels : sequence of str
        What `connected` subscribes.
    snapshots : {"streamed", "fetched"}
        Where the book's snapshots come from.
    """

    args_per_request = facts.ARGS_PER_REQUEST

    def __init__(
        self,
        symbols: Symbol | Iterable[Symbol],
        channels: Sequence[str] = (DEPTH, TRADES),
        snapshots: Literal["streamed", "fetched"] = "streamed",
    ) -> None:
        self._fetched = snapshots == "fetched"
        super().__init__(symbols, channels)
        self._of_index: dict[str, list[Stream]] = {}
        for stream in self.streams.values():
            self._of_index.setdefault(_index(stream), []).append(stream)

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        stream = Stream(symbol, native)
        if self._fetched:
            stream.book = FetchedBook(stream.rows, stream.counters)
        else:
            stream.book = StreamedBook(stream.rows, stream.counters, linked, interleaved)
        return stream

    def address(self, channel: str) -> str:
        """Where a channel is sent."""
        return facts.BUSINESS_STREAM if channel == KLINES else facts.STREAM

    def args(self, channels: Sequence[str]) -> Iterable[Arg]:
        """Arguments of these channels."""
        wanted: dict[tuple[str, str], None] = {}
        for native, stream in self.streams.items():
            names = {channel: [name] for channel, name in facts.CHANNELS.items()}
            names[MARKS] = [facts.MARK] if stream.symbol.contract else []
            names[MARKS] += [facts.FUNDING] if stream.symbol.contract == PERPETUAL else []
            wanted |= dict.fromkeys((n, native) for c in channels for n in names[c])
            if MARKS in channels:
                wanted[facts.INDEX, _index(stream)] = None
        return ({"channel": name, "instId": native} for name, native in wanted)

    def book_arg(self, stream: Stream) -> Arg:
        """Argument of a book."""
        return {"channel": facts.CHANNELS[DEPTH], "instId": stream.native}

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """Subscribing the book anew brings a snapshot; or it is fetched."""
        if self._fetched:
            return (Fetch(facts.SNAPSHOT.format(symbol=stream.native), stream.native),)
        return super().begin_again(stream)

    def data(self, m: Message, channel: str, native: str, local_ts: int, place: int) -> None:
        """Read a message of market data."""
        if channel == "books":
            self._book(m, native, local_ts, place)
        elif channel in ("trades", "trades-all"):
            for trade in _trades(m.data):
                self._trade(trade, local_ts, place)
        elif channel == "tickers":
            for t in _tickers(m.data):
                stream, at = self._at(t.instId, t.ts, local_ts, place)
                self.heard(BEST, t.instId)
                stream.best(at, t.bidPx, t.bidSz, t.askPx, t.askSz)
        elif channel == "bbo-tbt":
            for b in _bests(m.data):
                stream, at = self._at(native, b.ts, local_ts, place)
                self.heard(BEST, native)
                bid, ask = (side[0] if side else ("", "") for side in (b.bids, b.asks))
                stream.best(at, bid[0], bid[1], ask[0], ask[1], b.seqId)
        elif channel == "index-tickers":
            for mark in _marks(m.data):
                streams = self._of_index.get(mark.instId) or [self.find(mark.instId, place)]
                for stream in streams:
                    _, at = self._at(stream.native, mark.ts, local_ts, place)
                    self.heard(MARKS, stream.native)
                    stream.marks(at, index=mark.idxPx)
        elif channel in ("mark-price", "funding-rate"):
            for mark in _marks(m.data):
                stream, at = self._at(mark.instId, mark.ts, local_ts, place)
                self.heard(MARKS, mark.instId)
                when = ms_text(mark.fundingTime) if mark.fundingTime else 0
                stream.marks(at, mark.markPx, "", mark.fundingRate, when)
        elif channel == "candle1m":
            self._candle(m, native, local_ts, place)
        else:
            self.find(native, place).counters.ignored += 1

    def snapshot(self, stream: Stream, body: bytes, local_ts: int, place: int) -> None:
        """Read an answer of ``/api/v5/market/books``."""
        book = stream.book
        m = decode_message(body)
        if not isinstance(book, FetchedBook) or not m.data:
            raise Unknown
        (new,) = _books(m.data)
        at = At(ms_text(new.ts), local_ts, place)
        book.snapshot(at, _pairs(new.bids), _pairs(new.asks), new.seqId, stream.last_ts)

    def _at(self, native: str, ts: str, local_ts: int, place: int) -> tuple[Stream, At]:
        stream = self.find(native, place)
        at = At(ms_text(ts), local_ts, place)
        stream.see(at)
        return stream, at

    def _book(self, m: Message, native: str, local_ts: int, place: int) -> None:
        if m.action not in ("snapshot", "update"):
            raise Unknown
        for new in _books(m.data):
            stream, at = self._at(native, new.ts, local_ts, place)
            self.heard(DEPTH, native)
            bids, asks, book = _pairs(new.bids), _pairs(new.asks), stream.book
            if isinstance(book, FetchedBook):
                if m.action == "snapshot":
                    book.snapshot(at, bids, asks, new.seqId, stream.last_ts)
                else:
                    book.difference(at, bids, asks, new.seqId, new.prevSeqId)
                return
            assert isinstance(book, StreamedBook)
            checksum = new.checksum or None
            if m.action == "snapshot":
                book.snapshot(at, bids, asks, new.seqId, checksum)
            else:
                book.difference(at, bids, asks, new.seqId, new.prevSeqId, checksum)

    def _trade(self, trade: _Trade, local_ts: int, place: int) -> None:
        stream = self.find(trade.instId, place)
        if trade.side not in ("buy", "sell"):
            raise ValueError(f"a side buy or sell, got {trade.side!r}")
        self.heard(TRADES, trade.instId)
        at = At(ms_text(trade.ts), local_ts, place)
        stream.trade(at, side_flag(trade.side == "buy"), trade.px, trade.sz, id_number(trade.tradeId))
        stream.see(at)

    def _candle(self, m: Message, native: str, local_ts: int, place: int) -> None:
        stream = self.find(native, place)
        self.heard(KLINES, native)
        for ts, o, h, low, c, volume, *rest in _candles(m.data):
            closed = rest[-1] == "1" if len(rest) == 3 else None
            stream.kline(Kline(ms_text(ts), _MINUTE, o, h, low, c, volume, closed, local_ts))


def _index(stream: Stream) -> str:
    """Name of the index of an instrument."""
    return f"{stream.symbol.base}-{stream.symbol.quote}"


def _pairs(levels: list[tuple[str, str, str, str]]) -> list[tuple[str, str]]:
    return [(px, qty) for px, qty, _, _ in levels]


class _Info(Struct):
    instId: str
    tickSz: str
    lotSz: str
    minSz: str = ""
    maxLmtSz: str = ""
    ctVal: str = ""


class _Answer(Struct):
    data: list[_Info]
    code: str = ""


def read_instruments(body: bytes) -> list[Instrument]:
    """Read the answer of ``/api/v5/public/instruments``."""
    return [
        Instrument(
            venue_symbol(Venue.OKX, i.instId), i.instId, i.tickSz, i.lotSz, i.minSz, i.maxLmtSz, "", i.ctVal
        )
        for i in msgspec.json.decode(body, type=_Answer).data
    ]
