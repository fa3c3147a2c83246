"""OKX v5 from the other end: its public stream.

The book (``books``) begins with a snapshot for each subscriber, and each update names the number of the one
before it; both carry a checksum of the best 25 levels, as they did until 2026-06-23 (see
`truefill.venues.okx.facts`). Trades, best prices (``bbo-tbt``), REST books and instruments.
"""

from collections.abc import Mapping
from typing import Any

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
from truefill.venues.checksums import interleaved
from truefill.venues.levels import Pairs

BOOK, TRADES, BEST = "books", "trades", "bbo-tbt"
_CHANNELS = (BOOK, TRADES, BEST)
_EVERY_NS = 100_000_000
_DEPTH = 400
_encode = msgspec.json.encode


class OkxVoice(Voice):
    """OKX v5; see the top of this file and `Voice`."""

    path = "/ws/v5/public"
    every = _EVERY_NS
    requests_per_s = 100  # 480 an hour for each connection; not counted here

    def speaks_at(self, path: str) -> bool:
        """The public stream."""
        return path.partition("?")[0] == self.path

    def read(self, request: bytes) -> list[Answer]:
        """``ping``, subscribe and unsubscribe."""
        if request == b"ping":
            return [Reply("", b"pong")]
        try:
            asked = msgspec.json.decode(request, type=_Request)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return [_error("60012", f"Invalid request: {request[:80].decode(errors='replace')}")]
        if asked.op not in ("subscribe", "unsubscribe"):
            return [_error("60012", f"Invalid request: op {asked.op}")]
        answers: list[Answer] = []
        for arg in asked.args:
            if arg.channel not in _CHANNELS or arg.instId not in self.books:
                text = f"Wrong URL or channel:{arg.channel},instId:{arg.instId} doesn't exist."
                answers.append(_error("60018", text))
                continue
            named = {"channel": arg.channel, "instId": arg.instId}
            answers.append(Reply("", _encode({"event": asked.op, "arg": named, "connId": "truefill"})))
            kind = Subscribe if asked.op == "subscribe" else Unsubscribe
            answers.append(kind(f"{arg.channel}:{arg.instId}"))
        return answers

    def greeting(self, channel: str) -> bytes | None:
        """The whole book, to a new subscriber of it."""
        kind, _, native = channel.partition(":")
        if kind != BOOK:
            return None
        book = self.books[native]
        bids, asks = list(book.bids.top(_DEPTH)), list(book.asks.top(_DEPTH))
        return self._book(book, "snapshot", bids, asks, -1)

    def rest(self, path: str, query: Mapping[str, str]) -> Rest:
        """``market/books`` and ``public/instruments``."""
        if path == "/api/v5/public/instruments":
            data = [
                {"instId": i.native, "tickSz": i.tick, "lotSz": i.lot, "minSz": i.min_qty or i.lot}
                for i in self.instruments.values()
            ]
            return Rest(_encode({"code": "0", "msg": "", "data": data}))
        if path != "/api/v5/market/books":
            return Rest(b"", 404)
        book = self.books.get(query.get("instId", ""))
        if book is None:
            return Rest(_encode({"code": "51001", "msg": "Instrument ID does not exist", "data": []}))
        size = query.get("sz", "1")
        depth = min(int(size), _DEPTH) if size.isdigit() else 1
        levels = {"bids": _fours(list(book.bids.top(depth))), "asks": _fours(list(book.asks.top(depth)))}
        row = {**levels, "ts": str(millis(book.ts)), "seqId": book.last_id}
        return Rest(_encode({"code": "0", "msg": "", "data": [row]}), native=book.native)

    def depth(self, book: PublishedBook, ts: int) -> list[Publication]:
        """One update; and the best prices."""
        bids, asks = book.take()
        before, best = book.last_id, book.best()
        book.apply(bids, asks)
        book.ts = ts
        book.last_id += len(bids) + len(asks)
        said = [
            Publication(book.native, f"{BOOK}:{book.native}", self._book(book, "update", bids, asks, before))
        ]
        now = book.best()
        if now != best:
            (bid, ask), arg = now, {"channel": BEST, "instId": book.native}
            row = {"asks": _fours([ask]), "bids": _fours([bid]), "ts": str(millis(ts)), "seqId": book.last_id}
            text = _encode({"arg": arg, "data": [row]})
            said.append(Publication(book.native, f"{BEST}:{book.native}", text))
        return said

    def trade(self, book: PublishedBook, change: Change) -> list[Publication]:
        """One trade."""
        assert not isinstance(change, Quantities)
        row = {
            "instId": book.native,
            "tradeId": str(change.trade_id),
            "px": change.px,
            "sz": change.qty,
            "side": "buy" if change.buys else "sell",
            "ts": str(millis(change.ts)),
        }
        book.trades.append(_encode(row))
        text = _encode({"arg": {"channel": TRADES, "instId": book.native}, "data": [row]})
        return [Publication(book.native, f"{TRADES}:{book.native}", text)]

    def _book(self, book: PublishedBook, action: str, bids: Pairs, asks: Pairs, before: int) -> bytes:
        row: dict[str, Any] = {
            "asks": _fours(asks),
            "bids": _fours(bids),
            "ts": str(millis(book.ts)),
            "checksum": interleaved(book.bids, book.asks),
            "seqId": book.last_id,
            "prevSeqId": before,
        }
        arg = {"channel": BOOK, "instId": book.native}
        return _encode({"arg": arg, "action": action, "data": [row]})


class _Arg(msgspec.Struct):
    channel: str = ""
    instId: str = ""  # noqa: N815 - the venue's name


class _Request(msgspec.Struct):
    op: str
    args: list[_Arg] = []


def _fours(pairs: Pairs) -> list[tuple[str, str, str, str]]:
    """Levels as OKX lists them: price, size, a zero, the number of orders."""
    return [(px, qty, "0", "1") for px, qty in pairs]


def _error(code: str, text: str) -> Reply:
    return Reply("", _encode({"event": "error", "code": code, "msg": text, "connId": "truefill"}))
