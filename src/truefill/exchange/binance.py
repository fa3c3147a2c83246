"""Binance from the other end: spot, USD-M and COIN-M futures.

Combined streams (``/stream``, subscribed by request or by ``?streams=a/b``) of depth differences, trades and
best prices; REST depth, last trades and exchangeInfo. Differences carry what the venue's rule of gaps is
about: U and u, and for futures pu. As at the venue, a stream that does not exist is acknowledged, and silent.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from truefill.exchange.changes import (
    Answer,
    Change,
    Publication,
    Quantities,
    Reply,
    Rest,
    Subscribe,
    Unsubscribe,
)
from truefill.exchange.published_book import PublishedBook
from truefill.exchange.voice import Voice, millis
from truefill.venues.binance import facts
from truefill.venues.instruments import Instrument
from truefill.venues.venue import Venue

DEPTH, TRADE, BEST = "depth", "trade", "bookTicker"
_LIMITS = {Venue.BINANCE_SPOT: 5000, Venue.BINANCE_USDM: 1000, Venue.BINANCE_COINM: 1000}
_ROOTS = {Venue.BINANCE_SPOT: "/api/v3/", Venue.BINANCE_USDM: "/fapi/v1/", Venue.BINANCE_COINM: "/dapi/v1/"}
_LAST_TRADES = 500
_encode = msgspec.json.encode


class BinanceVoice(Voice):
    """Binance; see the top of this file and `Voice`."""

    path = "/stream"

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        super().__init__(instruments)
        pace = facts.DEPTH[self.venue].rpartition("@")[2].removesuffix("ms")
        self.every = int(pace) * 1_000_000
        self.requests_per_s = facts.MESSAGES_PER_SECOND[self.venue]
        self._futures = self.venue.futures
        self._best: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {}

    def speaks_at(self, path: str) -> bool:
        """``/stream``, and the routes of USD-M that end in it."""
        return urlsplit(path).path.endswith("/stream")

    def joined(self, path: str) -> list[Answer]:
        """Subscribe what the address names."""
        streams = parse_qs(urlsplit(path).query).get("streams", [""])[0]
        return [Subscribe(_channel(name)) for name in streams.split("/") if name]

    def read(self, request: bytes) -> list[Answer]:
        """SUBSCRIBE and UNSUBSCRIBE."""
        try:
            asked = msgspec.json.decode(request, type=_Request)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return [Reply("", _encode({"error": {"code": 2, "msg": f"Invalid request: {error}"}}))]
        if asked.method not in ("SUBSCRIBE", "UNSUBSCRIBE"):
            text = f"Invalid request: unknown method {asked.method}"
            return [Reply("", _encode({"error": {"code": 2, "msg": text}, "id": asked.id}))]
        kind = Subscribe if asked.method == "SUBSCRIBE" else Unsubscribe
        reply = Reply("", _encode({"result": None, "id": asked.id}))
        return [reply, *(kind(_channel(name)) for name in asked.params)]

    def rest(self, path: str, query: Mapping[str, str]) -> Rest:
        """``depth``, ``trades`` and ``exchangeInfo``."""
        what = path.removeprefix(_ROOTS[self.venue])
        if what == "exchangeInfo":
            return Rest(_encode({"symbols": [_info(i) for i in self.instruments.values()]}))
        if what not in ("depth", "trades"):
            return Rest(b"<html>404 Not found</html>", 404)
        book = self.books.get(query.get("symbol", ""))
        if book is None:
            return Rest(_encode({"code": -1121, "msg": "Invalid symbol."}), 400)
        limit = query.get("limit", "500")
        if not limit.isdigit() or not 0 < int(limit) <= _LIMITS[self.venue]:
            return Rest(_encode({"code": -1130, "msg": "Data sent for parameter 'limit' is not valid."}), 400)
        if what == "trades":
            last = islice(book.trades, max(0, len(book.trades) - int(limit)), None)
            return Rest(b"[%b]" % b",".join(last), native=book.native)
        return Rest(self.snapshot(book, int(limit)), native=book.native)

    def snapshot(self, book: PublishedBook, limit: int) -> bytes:
        """Spell the book as REST does."""
        times = {"E": millis(book.ts), "T": millis(book.ts)} if self._futures else {}
        bids, asks = list(book.bids.top(limit)), list(book.asks.top(limit))
        return _encode({"lastUpdateId": book.last_id, **times, "bids": bids, "asks": asks})

    def depth(self, book: PublishedBook, ts: int) -> list[Publication]:
        """One depthUpdate; and the best prices, if they are others now."""
        bids, asks = book.take()
        before, now = book.last_id, millis(ts)
        book.apply(bids, asks)
        book.ts = ts
        book.last_id += len(bids) + len(asks)
        body: dict[str, Any] = {"e": "depthUpdate", "E": now}
        if self._futures:
            body["T"] = now
        body |= {"s": book.native, **self._pair(book), "U": before + 1, "u": book.last_id}
        if self._futures:
            body["pu"] = before
        said = [self._said(book, facts.DEPTH[self.venue], body | {"b": bids, "a": asks})]
        best = book.best()
        if self._best.get(book.native) != best:
            self._best[book.native] = best
            said.append(self._ticker(book, ts, best))
        return said

    def trade(self, book: PublishedBook, change: Change) -> list[Publication]:
        """One trade."""
        assert not isinstance(change, Quantities)
        now = millis(change.ts)
        made = not change.buys  # the buyer was the maker
        body: dict[str, Any] = {"e": "trade", "E": now}
        if self._futures:
            body["T"] = now
        body |= {"s": book.native, "t": change.trade_id, "p": change.px, "q": change.qty}
        body |= {"X": "MARKET", "m": made} if self._futures else {"T": now, "m": made, "M": True}
        kept = {
            "id": change.trade_id,
            "price": change.px,
            "qty": change.qty,
            "time": now,
            "isBuyerMaker": made,
        }
        book.trades.append(_encode(kept))
        return [self._said(book, facts.TRADES, body)]

    # -- recordings ------------------------------------------------------------------------------------------

    def load(self, native: str, message: bytes) -> bool:
        """Take a recorded answer of REST depth for the book; False: the message is none."""
        if b'"lastUpdateId"' not in message:
            return False
        try:
            m = msgspec.json.decode(message, type=_Snapshot)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        book = self.books[native]
        if m.lastUpdateId > book.last_id:  # else the stream has passed it
            book.load(m.bids, m.asks)
            book.last_id = m.lastUpdateId
            book.ts = m.T * 1_000_000 or 1
        return True

    def follow(self, native: str, message: bytes) -> str:
        """Take a recorded message: the book follows it. The channel it is of; "": none, it is not sent."""
        if self.load(native, message):
            return ""
        try:
            outer = msgspec.json.decode(message, type=_Recorded)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ""  # what a killed recorder left
        m = outer.data or outer
        if m.s != native:
            return ""
        if m.e == "depthUpdate":
            book = self.books[native]
            if isinstance(m.u, int) and m.u > book.last_id:
                book.apply(msgspec.json.decode(m.b, type=_Levels), msgspec.json.decode(m.a, type=_Levels))
                book.last_id = m.u
                book.ts = m.E * 1_000_000
        kind = {"depthUpdate": DEPTH, "": BEST}.get(m.e, m.e)
        return f"{native.lower()}@{kind}"

    def _ticker(
        self, book: PublishedBook, ts: int, best: tuple[tuple[str, str], tuple[str, str]]
    ) -> Publication:
        (bid, bid_qty), (ask, ask_qty) = best
        body: dict[str, Any] = {"e": "bookTicker"} if self._futures else {}
        body |= {"u": book.last_id, "s": book.native, **self._pair(book)}
        body |= {"b": bid, "B": bid_qty, "a": ask, "A": ask_qty}
        if self._futures:
            body |= {"T": millis(ts), "E": millis(ts)}
        return self._said(book, facts.BEST, body)

    def _pair(self, book: PublishedBook) -> dict[str, str]:
        if self.venue is not Venue.BINANCE_COINM:
            return {}
        return {"ps": self.instruments[book.native].symbol.pair}

    def _said(self, book: PublishedBook, ending: str, body: Mapping[str, Any]) -> Publication:
        stream = book.native.lower() + ending
        return Publication(book.native, _channel(stream), _encode({"stream": stream, "data": body}))


class _Snapshot(msgspec.Struct):
    lastUpdateId: int  # noqa: N815 - the venue's names
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]
    T: int = 0


class _Message(msgspec.Struct, gc=False):
    e: str = ""
    E: int = 0
    s: str = ""
    u: int | None = None
    b: msgspec.Raw = msgspec.Raw(b"")
    a: msgspec.Raw = msgspec.Raw(b"")


class _Recorded(_Message, gc=False):
    data: _Message | None = None


_Levels = list[tuple[str, str]]


class _Request(msgspec.Struct):
    method: str
    params: Sequence[str] = ()
    id: int | str | None = None


def _channel(stream: str) -> str:
    """``btcusdt@depth`` of ``btcusdt@depth@100ms``: there is one pace."""
    return "@".join(stream.split("@")[:2])


def _info(instrument: Instrument) -> dict[str, Any]:
    return {
        "symbol": instrument.native,
        "status": "TRADING",
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": instrument.tick},
            {
                "filterType": "LOT_SIZE",
                "stepSize": instrument.lot,
                "minQty": instrument.min_qty or instrument.lot,
                "maxQty": instrument.max_qty or "1000000",
            },
        ],
    }
