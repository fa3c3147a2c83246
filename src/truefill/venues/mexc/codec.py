"""MEXC's spot market data in JSON, as HftBacktest's collector recorded it: book, trades, best prices.

* Book: ``increase.depth`` are differences, numbered by their version ``r``; ``limit.depth`` is the best
  levels, whole, as of a version. The first of these begins the book; others, of the version that the
  differences have reached, replace their own range of prices where they tell of something else: levels that
  have come into it were never sent.
* Exchange time: ``t`` of the message. Trades: ``S`` is 1 for a buyer, 2 for a seller who took; they have no
  ids.
"""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from truefill.core.errors import DataError
from truefill.venues.codec import BEST, DEPTH, TRADES, Unknown, VenueCodec
from truefill.venues.fetched_book import FetchedBook
from truefill.venues.instruments import Instrument, step_of_places
from truefill.venues.levels import Side, read_levels
from truefill.venues.mexc import facts
from truefill.venues.numbers import Id, Ms, id_number, ms
from truefill.venues.stream import Stream, side_flag
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


class _Snapshot(Struct):
    lastUpdateId: Id
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


_decode = msgspec.json.Decoder(_Message).decode
_snapshot = msgspec.json.Decoder(_Snapshot).decode


class MexcCodec(VenueCodec):
    """MEXC spot; see the top of this file and `VenueCodec`."""

    offered = (DEPTH, TRADES, BEST)

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
        names = {
            DEPTH: (
                "spot@public.increase.depth.v3.api@{}",
                f"spot@public.limit.depth.v3.api@{{}}@{facts.LEVELS}",
            ),
            TRADES: ("spot@public.deals.v3.api@{}",),
            BEST: ("spot@public.bookTicker.v3.api@{}",),
        }
        params = [name.format(n) for c in channels for n in self.streams for name in names[c]]
        yield Send(msgspec.json.encode({"method": "SUBSCRIPTION", "params": params}).decode())

    def begin_again(self, stream: Stream) -> Iterable[Want]:
        """A snapshot by REST; the next whole levels of the stream would do as well."""
        return (Fetch(facts.SNAPSHOT.format(symbol=stream.native), stream.native),)

    def heartbeat(self) -> Send:
        """What to send each 20 seconds."""
        return Send('{"method":"PING"}')

    def handle(self, message: bytes, local_ts: int, place: int) -> None:
        """Decode a message and write its rows."""
        m = _decode(message)
        if m.d is None or not m.c:
            if m.msg == "PONG":
                self.connection.heartbeats += 1
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
            version = _version(m.d)
            stream.book.difference(at, _pairs(m.d.bids), _pairs(m.d.asks), version, version - 1)
            stream.version = max(version, stream.version)
            self.heard(DEPTH, m.s)
        elif kind == "spot@public.limit.depth":
            self._levels(m.d, stream, at)
            self.heard(DEPTH, m.s)
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

    def _levels(self, d: _Data, stream: "_MexcStream", at: At) -> None:
        version = _version(d)
        bids, asks, book = _pairs(d.bids), _pairs(d.asks), stream.book
        for pairs in (bids, asks):
            read_levels(pairs)
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


def _same(side: Side, pairs: list[tuple[str, str]]) -> bool:
    ours = [(float(px), float(qty)) for px, qty in side.top(len(pairs))]
    return ours == [(float(px), float(qty)) for px, qty in pairs]


def _version(d: _Data) -> int:
    version = id_number(d.r)
    if not version:
        raise ValueError("a version r")
    return version


def _pairs(levels: list[_Level]) -> list[tuple[str, str]]:
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
