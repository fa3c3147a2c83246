"""MEXC's spot market data: in protocol buffers, as it is sent since 2025, and in JSON, as HftBacktest's
collector recorded it before. Answers to requests are JSON in both.

* Protocol buffers (`truefill.venues.mexc.push`): ``aggre.depth`` are differences that say from which version
  to which; the snapshot is fetched by REST. There is no recording of them. A recording has lines of text, so
  `line` gives their bytes in base64, and that is read, too.
* JSON: ``increase.depth`` are differences, numbered by their version ``r``; ``limit.depth`` is the best
  levels, whole, as of a version (in protocol buffers there is one as well, read but not subscribed). The
  first of these begins the book; others, of the version that the differences have reached, replace their own
  range of prices where they tell of something else: levels that have come into it were never sent.
* Exchange time: that of the message. Trades: 1 is a buyer, 2 a seller who took; JSON has no ids, protocol
  buffers have some since 2026.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from truefill.core.errors import ConfigError, DataError
from truefill.venues.codec import BEST, DEPTH, KLINES, TRADES, Unknown, VenueCodec, shown
from truefill.venues.fetched_book import FetchedBook
from truefill.venues.instruments import Instrument, step_of_places
from truefill.venues.levels import Side, read_levels
from truefill.venues.mexc import facts, push
from truefill.venues.numbers import Id, Ms, id_number, ms
from truefill.venues.stream import Kline, Stream, side_flag
from truefill.venues.streamed_book import At
from truefill.venues.symbols import Symbol, venue_symbol
from truefill.venues.venue import Venue
from truefill.venues.wants import Fetch, Send, Want


class _Level(Struct, gc=False):
    p: str
    v: str


class _Deal(Struct, gc=False):
    S: int
    p: str
    v: str
    t: Ms


class _Data(Struct, gc=False):
    bids: list[_Level] = []
    asks: list[_Level] = []
    r: str = ""
    deals: list[_Deal] = []
    # bookTicker
    a: str = ""
    A: str = ""
    b: str = ""
    B: str = ""


class _Message(Struct, gc=False):
    c: str = ""
    d: _Data | None = None
    s: str = ""
    t: Ms = 0
    # answers
    id: int | None = None
    code: int = 0
    msg: str = ""
    lastUpdateId: Id = -1  # of a snapshot by REST


class _Snapshot(Struct):
    lastUpdateId: Id
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


_Pairs = list[tuple[str, str]]
_SECOND = 1_000_000_000
_decode = msgspec.json.Decoder(_Message).decode
_snapshot = msgspec.json.Decoder(_Snapshot).decode
_LATEST_MS = 9_000_000_000_000
_PUSH = b"\n"  # the wrapper's first field, as a text
_PUSH_BASE64 = b"C"


class MexcCodec(VenueCodec):
    """MEXC spot; see the top of this file and `VenueCodec`."""

    offered = (DEPTH, TRADES, BEST, KLINES)

    def __init__(self, symbols: Symbol | Iterable[Symbol], channels: Sequence[str] = (DEPTH, TRADES)) -> None:
        super().__init__(symbols, channels)
        wanted = len(self.channels) * len(self.streams)
        if wanted > facts.SUBSCRIPTIONS:
            raise ConfigError(
                f"at most {facts.SUBSCRIPTIONS} subscriptions of {self.venue.value} on a connection",
                f"{wanted}, of {len(self.streams)} symbols",
                "symbols",
            )

    def stream(self, symbol: Symbol, native: str) -> Stream:
        """Make the stream of an instrument, with its book."""
        stream = _MexcStream(symbol, native)
        stream.book = FetchedBook(stream.rows, stream.counters)
        return stream

    def address(self, channel: str) -> str:
        """Where a channel is sent."""
        return facts.STREAM

    def subscribe(self, channels: Sequence[str]) -> Iterable[Want]:
        """What to send on a new connection for these channels."""
        params = [facts.CHANNELS[c].format(symbol=n) for c in channels for n in self.streams]
        yield Send(msgspec.json.encode({"method": "SUBSCRIPTION", "params": params}).decode())

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """A snapshot by REST; of a recording in JSON the next whole levels do as well."""
        return (Fetch(facts.SNAPSHOT.format(symbol=stream.native), stream.native),)

    def heartbeat(self) -> Send:
        """What to send each 20 seconds."""
        return Send('{"method":"PING"}')

    def line(self, message: bytes) -> bytes:
        """Return a message as a line of a recording has it: base64, where it is not text."""
        return b64encode(message) if message[:1] == _PUSH else message

    def handle(self, message: bytes, local_ts: int, place: int) -> None:
        """Decode a message and write its rows."""
        if message[:1] in (_PUSH, _PUSH_BASE64):
            try:
                self._push(
                    b64decode(message, validate=True) if message[:1] != _PUSH else message, local_ts, place
                )
            except ValueError as error:
                raise DataError("a complete message of MEXC", f"{shown(message)} ({error})", place) from None
            return
        m = _decode(message)
        if m.d is None or not m.c:
            if m.msg == "PONG":
                self.connection.heartbeats += 1
            elif m.lastUpdateId >= 0:
                self.snapshot(self.only(), message, local_ts, place)
            elif m.id is None:
                raise Unknown
            elif m.code:
                self.say(f"{m.code} {m.msg}")
            else:
                self.connection.answers += 1
            return
        stream = self.find(m.s, place)
        assert isinstance(stream, _MexcStream)
        if not m.t:
            raise Unknown
        at = At(ms(m.t), local_ts, place)
        kind = m.c.partition(".v3.api")[0]
        if kind == "spot@public.increase.depth":
            version = _version(m.d.r)
            self._difference(stream, at, _pairs(m.d.bids), _pairs(m.d.asks), version, version)
        elif kind == "spot@public.limit.depth":
            self._levels(stream, at, _pairs(m.d.bids), _pairs(m.d.asks), _version(m.d.r))
        elif kind == "spot@public.deals":
            for deal in m.d.deals:
                if deal.S not in (1, 2):
                    raise ValueError(f"a side 1 or 2, got {deal.S}")
                stream.trade(At(ms(deal.t), local_ts, place), side_flag(deal.S == 1), deal.p, deal.v)
            self.heard(TRADES, m.s)
        elif kind == "spot@public.bookTicker":
            stream.best(at, m.d.b, m.d.B, m.d.a, m.d.A)
            self.heard(BEST, m.s)
        else:
            raise Unknown
        stream.see(at)

    def snapshot(self, stream: Stream, body: bytes, local_ts: int, place: int) -> None:
        """Read an answer of ``/api/v3/depth``, which carries no time."""
        assert isinstance(stream, _MexcStream)
        s = _snapshot(body)
        at = At(stream.last_ts or local_ts, local_ts, place)
        stream.book.snapshot(at, s.bids, s.asks, s.lastUpdateId, stream.last_ts or local_ts, timed=False)
        stream.version = max(s.lastUpdateId, stream.version)

    def _push(self, message: bytes, local_ts: int, place: int) -> None:
        p = push.read_push(message)
        stream = self.find(p.symbol, place)
        assert isinstance(stream, _MexcStream)
        if not p.time or p.time > _LATEST_MS:
            raise ValueError("it has no time")
        at = At(ms(p.time), local_ts, place)
        if p.kind in (push.DEPTH, push.LIMIT_DEPTH):
            levels = push.read_levels(p.body)
            first = _version(levels.first)
            if p.kind == push.DEPTH:
                self._difference(stream, at, levels.bids, levels.asks, first, _version(levels.last))
            else:
                self._levels(stream, at, levels.bids, levels.asks, first)
        elif p.kind == push.DEALS:
            deals = push.read_deals(p.body)
            if any(deal.side not in (1, 2) or not 0 < deal.time <= _LATEST_MS for deal in deals):
                raise ValueError("a trade without a side 1 or 2 and a time")
            read_levels([(deal.px, deal.qty) for deal in deals])
            for deal in deals:
                trade_id = id_number(deal.trade_id) if deal.trade_id.isdigit() else 0
                when = At(ms(deal.time), local_ts, place)
                stream.trade(when, side_flag(deal.side == 1), deal.px, deal.qty, trade_id)
            self.heard(TRADES, p.symbol)
        elif p.kind == push.BEST:
            bid, bid_qty, ask, ask_qty = push.read_best(p.body)
            read_levels([(bid, bid_qty), (ask, ask_qty)])
            stream.best(at, bid, bid_qty, ask, ask_qty)
            self.heard(BEST, p.symbol)
        elif p.kind == push.KLINE:
            bar = push.read_bar(p.body)
            if not 0 < bar.start < bar.end <= _LATEST_MS // 1000:
                raise ValueError(f"a bar from {bar.start} to {bar.end} s")
            read_levels([(px, bar.volume) for px in (bar.open, bar.high, bar.low, bar.close)])
            start, length = bar.start * _SECOND, (bar.end - bar.start) * _SECOND
            stream.kline(Kline(start, length, *bar[3:], None, local_ts))
            self.heard(KLINES, p.symbol)
        elif p.kind:
            stream.counters.ignored += 1
        else:
            raise ValueError("it has no body")
        stream.see(at)

    def _difference(
        self, stream: "_MexcStream", at: At, bids: _Pairs, asks: _Pairs, first: int, last: int
    ) -> None:
        if last < first:
            raise ValueError(f"versions from {first} to {last}")
        stream.book.difference(at, bids, asks, last, first - 1)
        stream.version = max(last, stream.version)
        self.heard(DEPTH, stream.native)

    def _levels(self, stream: "_MexcStream", at: At, bids: _Pairs, asks: _Pairs, version: int) -> None:
        book = stream.book
        for pairs in (bids, asks):
            read_levels(pairs)
        self.heard(DEPTH, stream.native)
        if book.valid:
            if version < stream.version:
                book.counters.out_of_order += 1
                return
            same = _same(book.bids, bids) and _same(book.asks, asks)
            if version > stream.version or same:  # or the differences up to it are still to come
                return
        book.snapshot(at, bids, asks, version, stream.last_ts or at.exch_ts)
        if book.valid:
            stream.version = version


class _MexcStream(Stream):
    book: FetchedBook
    version = -1  # that the book has reached


def _same(side: Side, pairs: _Pairs) -> bool:
    ours = [(float(px), float(qty)) for px, qty in side.top(len(pairs))]
    return ours == [(float(px), float(qty)) for px, qty in pairs]


def _version(text: str) -> int:
    version = id_number(text)
    if not version:
        raise ValueError("a version")
    return version


def _pairs(levels: list[_Level]) -> _Pairs:
    return [(level.p, level.v) for level in levels]


class _Info(Struct):
    symbol: str
    baseAssetPrecision: int
    quotePrecision: int
    baseSizePrecision: str = ""
    quoteAmountPrecision: str = ""


class _List(Struct):
    symbols: list[_Info]


def read_instruments(body: bytes) -> list[Instrument]:
    """Read the answer of ``/api/v3/exchangeInfo``: steps are given as decimal places; in spite of their names
    ``baseSizePrecision`` is the least quantity of an order, and ``quoteAmountPrecision`` its least value.

    There is no recording of one: it follows the venue's documentation. Instruments with names of another kind
    are left out.
    """
    found = []
    for i in msgspec.json.decode(body, type=_List).symbols:
        try:
            symbol = venue_symbol(Venue.MEXC_SPOT, i.symbol)
        except DataError:
            continue
        tick, lot = step_of_places(i.quotePrecision), step_of_places(i.baseAssetPrecision)
        least, value = i.baseSizePrecision, i.quoteAmountPrecision
        found.append(Instrument(symbol, i.symbol, tick, lot, min_qty=least, min_value=value))
    return found
