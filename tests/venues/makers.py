"""Small made streams of each venue's protocol, for the acceptance suite.

A maker speaks for the venue: it numbers its messages, sums up its own simple book where the venue sends
checksums, and knows nothing of the codec but its face.
"""

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any
from zlib import crc32

import numpy as np

from tests.venues import messages
from truefill.core import events as ev
from truefill.venues import Venue, venue_symbol
from truefill.venues.binance import BinanceCodec
from truefill.venues.bitget import BitgetCodec
from truefill.venues.bitstamp import BitstampCodec
from truefill.venues.bybit import BybitCodec
from truefill.venues.codec import VenueCodec
from truefill.venues.coinbase import CoinbaseCodec
from truefill.venues.coinbase_exchange import CoinbaseExchangeCodec
from truefill.venues.extended import ExtendedCodec
from truefill.venues.hyperliquid import HyperliquidCodec
from truefill.venues.independent_reserve import IndependentReserveCodec
from truefill.venues.kraken import KrakenCodec
from truefill.venues.kraken_futures import KrakenFuturesCodec
from truefill.venues.mexc import MexcCodec
from truefill.venues.okx import OkxCodec
from truefill.venues.wants import Fetch

T0 = 1_700_000_000_000  # ms
Levels = Iterable[tuple[str, str]]
Side = dict[Decimal, tuple[str, str]]  # price and quantity as they were sent
CHANNELS = ("depth", "trades")


def dump(message: Any) -> bytes:
    return json.dumps(message).encode()


def overlaid(side: Side, levels: Levels) -> Side:
    """A side after a change."""
    new = side | {Decimal(px): (px, qty) for px, qty in levels}
    return {px: pair for px, pair in new.items() if Decimal(pair[1])}


class Maker:
    """One instrument of a venue and its messages; `n` numbers the messages of the book from 1."""

    venue: Venue
    native: str
    other = ""  # an instrument that was not asked for
    codec_type: Callable[..., VenueCodec]
    tells_gaps = True  # whether a missing message can be told
    tells_order = True  # whether an old message can be told
    fetches = False  # whether the snapshot comes by REST
    whole_books = False  # whether each message has the whole book
    snapshot_kind = ev.DEPTH_SNAPSHOT  # of the rows of a snapshot
    judges_crossing = True  # whether a bid above an ask makes the book suspect
    change_kind = ev.DEPTH  # of the row of a level that has another quantity

    def __init__(self) -> None:
        self.codec = self.codec_type([venue_symbol(self.venue, self.native)], CHANNELS)
        self.stream = next(iter(self.codec.streams.values()))
        self.now = T0 * 1_000_000
        self.bids: Side = {}
        self.asks: Side = {}

    # -- what the venue sends --------------------------------------------------------------------------------

    def acknowledgements(self) -> list[bytes]:
        return []

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        raise NotImplementedError

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        raise NotImplementedError

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        raise NotImplementedError

    def malformed(self) -> list[bytes]:
        """What is no message of the venue, beside what is none of any."""
        return []

    def foreign(self, message: bytes) -> bytes:
        """The same message of an instrument that was not asked for."""
        return message.replace(self.native.encode(), self.other.encode())

    # -- and how it arrives ----------------------------------------------------------------------------------

    def open(self) -> list[Any]:
        """Connect, subscribe, be acknowledged; what the codec wanted."""
        self.now += 1_000_000
        self.codec.connected(self.now)
        wants = self.codec.wants()
        for message in self.acknowledgements():
            kinds = set((self.feed(message)["ev"] & ev.KIND_MASK).tolist())
            assert kinds <= {ev.GAP_BEGIN}, "an answer is no market data"
        return wants

    def feed(self, message: bytes) -> np.ndarray:
        self.now += 1_000_000
        return self.codec.feed(message, self.now)

    def snapshot(self, n: int, bids: Levels, asks: Levels) -> np.ndarray:
        """Send a snapshot that holds everything up to change n."""
        self.bids = overlaid({}, bids)
        self.asks = overlaid({}, asks)
        message = self.snapshot_message(n, bids, asks)
        if not self.fetches:
            return self.feed(message)
        self.codec.wants()
        self.now += 1_000_000
        native = self.stream.native
        self.codec.fetched(Fetch("", native), message, self.now)
        taken = [rows for _, rows in self.codec.take()]
        return taken[0] if taken else np.zeros(0)

    def change(self, n: int, bids: Levels = (), asks: Levels = ()) -> np.ndarray:
        return self.feed(self.make_change(n, bids, asks))

    def make_change(self, n: int, bids: Levels = (), asks: Levels = ()) -> bytes:
        """Apply a change to the venue's book, and tell of it."""
        self.bids, self.asks = overlaid(self.bids, bids), overlaid(self.asks, asks)
        return self.change_message(n, bids, asks)


class Bybit(Maker):
    venue = Venue.BYBIT_LINEAR
    native = "BTCUSDT"
    other = "ETHUSDT"
    codec_type = BybitCodec

    def acknowledgements(self) -> list[bytes]:
        return [dump({"success": True, "ret_msg": "", "op": "subscribe"})]

    def _book(self, kind: str, n: int, bids: Levels, asks: Levels) -> bytes:
        data = {"s": self.native, "b": list(bids), "a": list(asks), "u": n, "seq": 10 * n}
        topic = f"orderbook.200.{self.native}"
        return dump({"topic": topic, "type": kind, "ts": T0 + n + 1, "cts": T0 + n, "data": data})

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("snapshot", n, bids, asks)

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("delta", n, bids, asks)

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"T": T0 + 5, "s": self.native, "S": "Buy" if buys else "Sell", "v": qty, "p": px}
        data = [trade | {"i": str(trade_id), "BT": False, "RPI": False, "seq": 7}]
        return dump({"topic": f"publicTrade.{self.native}", "type": "snapshot", "ts": T0 + 6, "data": data})

    def malformed(self) -> list[bytes]:
        good = self._book("delta", 99, [], [])
        return [
            good.replace(b'"delta"', b'"other"'),
            good.replace(b"orderbook.200", b"orderbook.many"),
            self.trade_message(9, "1", "1", True).replace(b"Buy", b"Both"),
        ]


class BinanceFutures(Maker):
    venue = Venue.BINANCE_USDM
    native = "BTCUSDT"
    other = "ETHUSDT"
    codec_type = BinanceCodec
    fetches = True

    def acknowledgements(self) -> list[bytes]:
        return [dump({"result": None, "id": 1})]

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return messages.usdm_snapshot(n, n, list(bids), list(asks))

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return messages.usdm_depth(n, n, n - 1, n, list(bids), list(asks))

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        return messages.usdm_trade(trade_id, 5, px, qty, not buys)


class BinanceSpot(BinanceFutures):
    venue = Venue.BINANCE_SPOT

    def snapshot(self, n: int, bids: Levels, asks: Levels) -> np.ndarray:
        if not self.stream.last_ts:  # its snapshots carry no time: one has to be known
            self.feed(messages.spot_depth(n, n, n))
        return super().snapshot(n, bids, asks)

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return messages.spot_snapshot(n, list(bids), list(asks))

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return messages.spot_depth(n, n, n, list(bids), list(asks))

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        return messages.spot_trade(trade_id, 5, px, qty, not buys)


def crc(text: str) -> int:
    """CRC-32 as a signed number."""
    value = crc32(text.encode())
    return value - (1 << 32) if value >= 1 << 31 else value


class Okx(Maker):
    venue = Venue.OKX
    native = "BTC-USDT-SWAP"
    other = "ETH-USDT-SWAP"
    codec_type = OkxCodec
    numbered = True

    def acknowledgements(self) -> list[bytes]:
        arg = {"channel": "books", "instId": self.native}
        return [dump({"event": "subscribe", "arg": arg, "connId": "x"}), b"pong"]

    def checksum(self) -> int:
        return 0  # since 2026-06-23

    def _book(self, action: str, n: int, before: int, bids: Levels, asks: Levels) -> bytes:
        data = {
            side: [[px, qty, "0", "1"] for px, qty in levels]
            for side, levels in (("bids", bids), ("asks", asks))
        }
        data |= {"ts": str(T0 + n), "checksum": self.checksum()}
        if self.numbered:
            data |= {"seqId": n, "prevSeqId": before}
        arg = {"channel": "books", "instId": self.native}
        return dump({"arg": arg, "action": action, "data": [data]})

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("snapshot", n, -1, bids, asks)

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("update", n, n - 1, bids, asks)

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"instId": self.native, "tradeId": str(trade_id), "px": px, "sz": qty, "ts": str(T0 + 5)}
        arg = {"channel": "trades", "instId": self.native}
        return dump({"arg": arg, "data": [trade | {"side": "buy" if buys else "sell"}]})

    def malformed(self) -> list[bytes]:
        good = self._book("update", 99, 98, [], [])
        return [good.replace(b"update", b"change"), good.replace(str(T0 + 99).encode(), b"now")]


class OkxOfBefore2023(Okx):
    """Nothing is numbered, and the checksum tells."""

    numbered = False
    tells_order = False

    def checksum(self) -> int:
        return top25(self.bids, self.asks)


class OkxWithoutSnapshots(Okx):
    """As announced for 2026: a snapshot by REST."""

    fetches = True

    def __init__(self) -> None:
        super().__init__()
        self.codec = OkxCodec([venue_symbol(self.venue, self.native)], CHANNELS, "fetched")
        self.stream = self.codec.streams[self.native]


def top25(bids: Side, asks: Side) -> int:
    """The checksum of OKX and Bitget."""
    sides = [sorted(bids.items(), reverse=True)[:25], sorted(asks.items())[:25]]
    parts = []
    for k in range(25):
        for side in sides:
            if k < len(side):
                parts += side[k][1]
    return crc(":".join(parts))


class Hyperliquid(Maker):
    venue = Venue.HYPERLIQUID
    native = "BTC"
    other = "ETH"
    codec_type = HyperliquidCodec
    tells_gaps = False
    whole_books = True

    def acknowledgements(self) -> list[bytes]:
        return [dump({"channel": "subscriptionResponse", "data": {}}), dump({"channel": "pong"})]

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        sides = (
            sorted(overlaid(self.bids, bids).items(), reverse=True),
            sorted(overlaid(self.asks, asks).items()),
        )
        levels = [[{"px": px, "sz": qty, "n": 1} for _, (px, qty) in side] for side in sides]
        return dump({"channel": "l2Book", "data": {"coin": self.native, "time": T0 + n, "levels": levels}})

    snapshot_message = change_message

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"coin": self.native, "side": "B" if buys else "A", "px": px, "sz": qty, "hash": "0x0"}
        return dump({"channel": "trades", "data": [trade | {"time": T0 + 5, "tid": trade_id}]})

    def malformed(self) -> list[bytes]:
        return [
            dump({"channel": "news", "data": {}}),
            dump({"channel": "l2Book", "data": {"coin": "BTC", "time": T0, "levels": [[]]}}),
            self.trade_message(9, "1", "1", True).replace(b'"B"', b'"C"'),
        ]


class Extended(Maker):
    """It numbers the messages of the connection, of whatever stream."""

    venue = Venue.EXTENDED
    native = "BTC-USD"
    other = "ETH-USD"
    codec_type = ExtendedCodec

    def __init__(self) -> None:
        super().__init__()
        self._seq = -1
        self._changes: dict[int, int] = {}

    def acknowledgements(self) -> list[bytes]:
        self._seq = -1
        self._changes.clear()
        result = {"method": "subscribe", "status": "OK", "subscription": f"orderbooks.{self.native}"}
        return [dump({"id": "1", "result": result, "jsonrpc": "2.0"})]

    def snapshot(self, n: int, bids: Levels, asks: Levels) -> np.ndarray:
        if not self.stream.book.valid and self._seq > 0:
            self.open()  # a new connection is the only way to a snapshot
        return super().snapshot(n, bids, asks)

    def _send(self, kind: str, data: Any, ts: int, seq: int | None = None) -> bytes:
        if seq is None:
            self._seq += 1
            seq = self._seq
        return dump({"type": kind, "data": data, "ts": ts, "seq": seq, "subscription": ""})

    def _data(self, kind: str, bids: Levels, asks: Levels) -> Any:
        data: dict[str, Any] = {"t": kind, "m": self.native, "d": "f"}
        for side, pairs in (("b", bids), ("a", asks)):
            levels = [{"q": qty, "p": px} for px, qty in pairs]
            data[side] = [level | ({"c": level["q"]} if kind == "DELTA" else {}) for level in levels]
        return data

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._send("ORDERBOOKS.SNAPSHOT", self._data("SNAPSHOT", bids, asks), T0 + n)

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        if n not in self._changes:
            self._seq += 1
            self._changes[n] = self._seq
        return self._send("ORDERBOOKS.DELTA", self._data("DELTA", bids, asks), T0 + n, self._changes[n])

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"i": trade_id, "m": self.native, "S": "BUY" if buys else "SELL", "tT": "TRADE"}
        return self._send("TRADES", [trade | {"T": T0 + 5, "p": px, "q": qty}], T0 + 6)

    def malformed(self) -> list[bytes]:
        book = {"m": self.native, "b": [], "a": []}
        return [
            dump({"type": "ORDERBOOKS.OTHER", "data": book, "ts": T0, "seq": 99}),
            dump({"type": "WEATHER", "data": {}, "ts": T0, "seq": 99}),
        ]


class Bitget(Maker):
    """Version 2: a checksum, nothing numbered."""

    venue = Venue.BITGET_USDT
    native = "BTCUSDT"
    other = "ETHUSDT"
    codec_type = BitgetCodec
    tells_order = False

    def _arg(self, name: str) -> dict[str, str]:
        return {"instType": "USDT-FUTURES", "channel": name, "instId": self.native}

    def acknowledgements(self) -> list[bytes]:
        return [dump({"event": "subscribe", "arg": self._arg("books")}), b"pong"]

    def _book(self, action: str, n: int, bids: Levels, asks: Levels) -> bytes:
        data = {"asks": list(asks), "bids": list(bids), "checksum": top25(self.bids, self.asks)}
        data |= {"seq": n, "ts": str(T0 + n)}
        return dump({"action": action, "arg": self._arg("books"), "data": [data], "ts": T0 + n + 1})

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("snapshot", n, bids, asks)

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("update", n, bids, asks)

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"ts": str(T0 + 5), "price": px, "size": qty, "side": "buy" if buys else "sell"}
        data = [trade | {"tradeId": str(trade_id)}]
        return dump({"action": "update", "arg": self._arg("trade"), "data": data, "ts": T0 + 6})


class BitgetVersion1(Bitget):
    """As recorded in 2022: trades are lists, without ids."""

    def _arg(self, name: str) -> dict[str, str]:
        return {"instType": "mc", "channel": name, "instId": self.native}

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = [str(T0 + 5), px, qty, "buy" if buys else "sell"]
        return dump({"action": "update", "arg": self._arg("trade"), "data": [trade]})


class BitgetUnified(Bitget):
    """Version 3: each message names the one before it."""

    tells_order = True

    def _arg(self, name: str) -> dict[str, str]:
        return {"instType": "usdt-futures", "topic": name, "symbol": self.native}

    def _book(self, action: str, n: int, bids: Levels, asks: Levels) -> bytes:
        data = {"a": list(asks), "b": list(bids), "seq": n, "pseq": n - 1, "ts": str(T0 + n)}
        return dump({"action": action, "arg": self._arg("books"), "data": [data], "ts": T0 + n + 1})

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"T": str(T0 + 5), "p": px, "v": qty, "S": "buy" if buys else "sell", "i": str(trade_id)}
        return dump({"action": "update", "arg": self._arg("publicTrade"), "data": [trade], "ts": T0 + 6})


class Kraken(Maker):
    """Version 1: lists, a checksum, nothing numbered, trades without ids."""

    venue = Venue.KRAKEN
    native = "ETH/USD"
    other = "SOL/USD"
    codec_type = KrakenCodec
    tells_order = False

    def acknowledgements(self) -> list[bytes]:
        status = {
            "channelID": 1,
            "channelName": "book-1000",
            "event": "subscriptionStatus",
            "pair": self.native,
        }
        return [dump(status | {"status": "subscribed"}), dump({"event": "heartbeat"})]

    def _time(self, n: int) -> str:
        return f"{T0 // 1000}.{n:06d}"

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        sides = {
            key: [[px, qty, self._time(n)] for px, qty in levels]
            for key, levels in (("as", asks), ("bs", bids))
        }
        return dump([1, sides, "book-1000", self.native])

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        sides: list[dict[str, Any]] = []
        for key, levels in (("a", asks), ("b", bids)):
            if levels:
                sides.append({key: [[px, qty, self._time(n)] for px, qty in levels]})
        (sides or [{}])[-1]["c"] = str(self.checksum())
        return dump([1, *sides, "book-1000", self.native])

    def checksum(self) -> int:
        best = sorted(self.asks.items())[:10] + sorted(self.bids.items(), reverse=True)[:10]
        digits = [text.replace(".", "").lstrip("0") for _, pair in best for text in pair]
        return crc32("".join(digits).encode())

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = [px, qty, f"{T0 // 1000}.005000", "b" if buys else "s", "l", ""]
        return dump([2, [trade], "trade", self.native])

    def malformed(self) -> list[bytes]:
        level = [["100.0", "4.0"]]  # without its time
        return [
            dump([1, {"b": level}, "book-1000", self.native]),
            dump([1, {"b": [["100.0", "4.0", "now"]]}, "book-1000", self.native]),
            dump([1, {"b": [], "c": "x"}, "book-1000", self.native]),
            self.trade_message(9, "1", "1", True).replace(b'"b"', b'"x"'),
            dump({"event": "party"}),
        ]


class KrakenFutures(Maker):
    """One level a message, and numbers that are JSON numbers."""

    venue = Venue.KRAKEN_FUTURES
    native = "PI_XBTUSD"
    other = "PI_ETHUSD"
    codec_type = KrakenFuturesCodec

    def __init__(self) -> None:
        super().__init__()
        self._seq = 0
        self._changes: dict[tuple[int, str], int] = {}

    def change(self, n: int, bids: Levels = (), asks: Levels = ()) -> np.ndarray:
        rows = [self.feed(self.make_change(n, [level], [])) for level in bids]
        rows += [self.feed(self.make_change(n, [], [level])) for level in asks]
        return np.concatenate(rows)

    def acknowledgements(self) -> list[bytes]:
        return [
            dump({"event": "info", "version": 1}),
            dump({"event": "subscribed", "feed": "book", "product_ids": [self.native]}),
        ]

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        self._seq = n
        self._changes.clear()
        sides = [
            "[" + ",".join(f'{{"price":{px},"qty":{qty}}}' for px, qty in levels) + "]"
            for levels in (bids, asks)
        ]
        head = f'{{"feed":"book_snapshot","product_id":"{self.native}","timestamp":{T0 + n},"seq":{n}'
        return f'{head},"tickSize":null,"bids":{sides[0]},"asks":{sides[1]}}}'.encode()

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        side = "buy" if bids else "sell"
        ((px, qty),) = [*bids, *asks]
        if (n, px) not in self._changes:
            self._seq += 1
            self._changes[n, px] = self._seq
        seq = self._changes[n, px]
        head = f'{{"feed":"book","product_id":"{self.native}","side":"{side}","seq":{seq}'
        return f'{head},"price":{px},"qty":{qty},"timestamp":{T0 + n}}}'.encode()

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        uid = f"8b3e7e72-950c-4c4e-8000-{trade_id:012x}"
        trade = {"feed": "trade", "product_id": self.native, "uid": uid, "side": "buy" if buys else "sell"}
        more = {"type": "fill", "seq": trade_id, "time": T0 + 5, "qty": float(qty), "price": float(px)}
        return dump(trade | more)

    def malformed(self) -> list[bytes]:
        good = self.change_message(99, [("100.0", "4.0")], [])
        return [good.replace(b'"buy"', b'"bid"'), good.replace(b'"seq":', b'"seq":"x')]


class Mexc(Maker):
    """Differences with a version, and the best levels whole as of a version."""

    venue = Venue.MEXC_SPOT
    native = "BTCUSDT"
    other = "ETHUSDT"
    codec_type = MexcCodec
    whole_books = True

    def acknowledgements(self) -> list[bytes]:
        return [
            dump({"id": 0, "code": 0, "msg": "spot@public..."}),
            dump({"id": 0, "code": 0, "msg": "PONG"}),
        ]

    def _book(self, kind: str, n: int, bids: Levels, asks: Levels) -> bytes:
        data: dict[str, Any] = {"e": kind, "r": str(n)}
        for key, levels in (("bids", bids), ("asks", asks)):
            data[key] = [{"p": px, "v": qty} for px, qty in levels]
        depth = "@10" if "limit" in kind else ""
        return dump({"c": f"{kind}@{self.native}{depth}", "d": data, "s": self.native, "t": T0 + n})

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("spot@public.limit.depth.v3.api", n, bids, asks)

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("spot@public.increase.depth.v3.api", n, bids, asks)

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        deal = {"S": 1 if buys else 2, "p": px, "v": qty, "t": T0 + 5}
        kind = "spot@public.deals.v3.api"
        return dump(
            {"c": f"{kind}@{self.native}", "d": {"deals": [deal], "e": kind}, "s": self.native, "t": T0 + 6}
        )

    def malformed(self) -> list[bytes]:
        good = self.change_message(99, [("100.0", "4.0")], [])
        return [
            good.replace(b'"99"', b'"now"'),
            good.replace(b"increase.depth", b"weather"),
            self.trade_message(9, "1", "1", True).replace(b'"S": 1', b'"S": 3'),
        ]


class Coinbase(Extended):
    """As Extended, it numbers the messages of the connection, and its trades have the maker's side."""

    venue = Venue.COINBASE
    codec_type = CoinbaseCodec

    def acknowledgements(self) -> list[bytes]:
        self._seq = -1
        self._changes.clear()
        return [self._message("subscriptions", [{"subscriptions": {"level2": [self.native]}}])]

    def _message(self, channel: str, events: Any, seq: int | None = None) -> bytes:
        if seq is None:
            self._seq += 1
            seq = self._seq
        time = "2023-11-14T22:13:20.000000006Z"
        return dump({"channel": channel, "timestamp": time, "sequence_num": seq, "events": events})

    def _book(self, kind: str, n: int, bids: Levels, asks: Levels, seq: int | None) -> bytes:
        time = f"2023-11-14T22:13:20.{n:06d}Z"
        updates = [
            {"side": side, "event_time": time, "price_level": px, "new_quantity": qty}
            for side, levels in (("bid", bids), ("offer", asks))
            for px, qty in levels
        ]
        return self._message("l2_data", [{"type": kind, "product_id": self.native, "updates": updates}], seq)

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("snapshot", n, bids, asks, None)

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        if n not in self._changes:
            self._seq += 1
            self._changes[n] = self._seq
        return self._book("update", n, bids, asks, self._changes[n])

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"product_id": self.native, "trade_id": str(trade_id), "price": px, "size": qty}
        trade |= {"time": "2023-11-14T22:13:20.005Z", "side": "SELL" if buys else "BUY"}
        return self._message("market_trades", [{"type": "update", "trades": [trade]}])

    def malformed(self) -> list[bytes]:
        good = self._book("update", 99, [("100.0", "4.0")], [], 99)
        return [
            good.replace(b'"bid"', b'"buy"'),
            good.replace(b'"update"', b'"other"'),
            good.replace(b"2023-11-14T22:13:20.000099Z", b"now"),
            good.replace(b"l2_data", b"weather"),
        ]


class CoinbaseExchange(Maker):
    """Nothing is numbered, updates have a time, and trades have the maker's side."""

    venue = Venue.COINBASE_EXCHANGE
    native = "BTC-USD"
    other = "ETH-USD"
    codec_type = CoinbaseExchangeCodec
    tells_gaps = False

    def acknowledgements(self) -> list[bytes]:
        channels = [{"name": "level2", "product_ids": [self.native]}]
        return [dump({"type": "subscriptions", "channels": channels})]

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        head = {"type": "snapshot", "product_id": self.native}
        return dump(head | {"asks": list(asks), "bids": list(bids)})

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        changes = [[side, px, qty] for side, levels in (("buy", bids), ("sell", asks)) for px, qty in levels]
        time = f"2023-11-14T22:13:20.{n:06d}Z"
        return dump({"type": "l2update", "product_id": self.native, "changes": changes, "time": time})

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"type": "match", "trade_id": trade_id, "side": "sell" if buys else "buy", "size": qty}
        more = {"price": px, "product_id": self.native, "sequence": 7, "time": "2023-11-14T22:13:20.005Z"}
        return dump(trade | more)

    def malformed(self) -> list[bytes]:
        good = self.change_message(99, [("100.0", "4.0")], [])
        return [
            good.replace(b'"buy"', b'"bid"'),
            good.replace(b"l2update", b"weather"),
            good.replace(b"2023-11-14T22:13:20.000099Z", b"now"),
            self.trade_message(9, "1", "1", True).replace(b'"sell"', b'"both"'),
        ]


class IndependentReserve(Maker):
    """Order by order: each level is one order here, and each message has one order."""

    venue = Venue.INDEPENDENT_RESERVE
    native = "eth-aud"
    other = "xbt"
    codec_type = IndependentReserveCodec
    fetches = True
    snapshot_kind = ev.ADD_ORDER
    change_kind = ev.MODIFY_ORDER

    def __init__(self) -> None:
        super().__init__()
        self._nonce = 0
        self._orders: dict[tuple[str, Decimal], str] = {}
        self._sent: dict[tuple[int, str, Decimal], bytes] = {}
        self._issued = 0

    def acknowledgements(self) -> list[bytes]:
        return [
            dump({"Time": T0, "Event": "Heartbeat"}),
            dump({"Data": ["orderbook-eth", "ticker-eth"], "Time": T0, "Event": "Subscriptions"}),
        ]

    def change(self, n: int, bids: Levels = (), asks: Levels = ()) -> np.ndarray:
        rows = [self.feed(self.make_change(n, [level], [])) for level in bids]
        rows += [self.feed(self.make_change(n, [], [level])) for level in asks]
        return np.concatenate(rows)

    def foreign(self, message: bytes) -> bytes:
        return message.replace(b"-eth", b"-xbt")

    def _order(self, side: str, px: str) -> str:
        self._issued += 1
        return self._orders.setdefault((side, Decimal(px)), f"8b3e7e72-950c-4c4e-8000-{self._issued:012x}")

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        self._sent.clear()
        sides = [
            ",".join(
                f'{{"Guid":"{self._order(side, px)}","Price":{px},"Volume":{qty}}}' for px, qty in levels
            )
            for side, levels in (("Bid", bids), ("Offer", asks))
        ]
        codes = '"PrimaryCurrencyCode":"Eth","SecondaryCurrencyCode":"Aud"'
        time = f'"CreatedTimestampUtc":"2023-11-14T22:13:20.{n:03d}Z"'
        return f'{{"BuyOrders":[{sides[0]}],"SellOrders":[{sides[1]}],{codes},{time}}}'.encode()

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        side = "Bid" if bids else "Offer"
        ((px, qty),) = [*bids, *asks]
        key = n, side, Decimal(px)
        if key not in self._sent:
            self._nonce += 1
            known = (side, Decimal(px)) in self._orders
            data = f'"OrderType":"Limit{side}","OrderGuid":"{self._order(side, px)}"'
            event = "OrderChanged" if known else "NewOrder"
            if not Decimal(qty):
                event = "OrderCanceled"
                del self._orders[side, Decimal(px)]
            else:
                data += f',"Volume":{qty}' if known else f',"Price":{{"aud":{px},"usd":1.5}},"Volume":{qty}'
            head = f'{{"Channel":"orderbook-eth","Nonce":{self._nonce},"Data":{{{data}}}'
            self._sent[key] = f'{head},"Time":{T0 + n},"Event":"{event}"}}'.encode()
        return self._sent[key]

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        guid = f"8b3e7e72-950c-4c4e-8000-{trade_id:012x}"
        price = f'{{"Aud":{px},"Usd":1.5}}'
        data = f'"TradeGuid":"{guid}","Volume":{qty},"Price":{price},"Side":"{"Buy" if buys else "Sell"}"'
        head = f'{{"Event":"Trade","Channel":"ticker-eth","Nonce":1,"Time":{T0 + 5}'
        return f'{head},"Data":{{{data}}}}}'.encode()

    def malformed(self) -> list[bytes]:
        self._orders.clear()
        good = self.change_message(99, [("98.0", "4.0")], [])
        return [
            good.replace(b"98.0", b"-98.0"),
            good.replace(b"LimitBid", b"MarketBid"),
            good.replace(b'"aud"', b'"chf"'),
            good.replace(b"8b3e7e72-", b""),
            good.replace(b'"Volume":4.0', b'"Volume":null'),
            good.replace(b"NewOrder", b"Weather"),
            self.trade_message(9, "1", "1", True).replace(b'"Buy"', b'"Both"'),
        ]


class Bitstamp(Maker):
    """Nothing is numbered; messages and snapshots have a time in microseconds."""

    venue = Venue.BITSTAMP
    native = "btcusd"
    other = "ethusd"
    codec_type = BitstampCodec
    tells_gaps = False
    fetches = True

    def acknowledgements(self) -> list[bytes]:
        channel = f"diff_order_book_{self.native}"
        return [
            dump({"event": "bts:subscription_succeeded", "channel": channel, "data": {}}),
            dump({"event": "bts:heartbeat", "channel": "", "data": {"status": "success"}}),
        ]

    def _book(self, n: int, bids: Levels, asks: Levels) -> dict[str, Any]:
        times = {"timestamp": str(T0 // 1000), "microtimestamp": str((T0 + n) * 1000)}
        return times | {"bids": list(bids), "asks": list(asks)}

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return dump(self._book(n, bids, asks))

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        channel = f"diff_order_book_{self.native}"
        return dump({"data": self._book(n, bids, asks), "channel": channel, "event": "data"})

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"id": trade_id, "amount_str": qty, "price_str": px, "type": 0 if buys else 1}
        data = trade | {"microtimestamp": str((T0 + 5) * 1000), "buy_order_id": 1, "sell_order_id": 2}
        return dump({"data": data, "channel": f"live_trades_{self.native}", "event": "trade"})

    def malformed(self) -> list[bytes]:
        good = self.change_message(99, [("100.0", "4.0")], [])
        return [
            good.replace(b"1700000000099000", b"now"),
            good.replace(b"diff_order_book", b"weather"),
            good.replace(b'"data"}', b'"sun"}'),
            self.trade_message(9, "1", "1", True).replace(b'"type": 0', b'"type": 3'),
            self.trade_message(9, "1", "-1", True),
        ]


class BitstampOrders(Bitstamp):
    """Order by order, as of 2026: each level is one order here, and a message names the one before it."""

    tells_gaps = True
    judges_crossing = False
    snapshot_kind = ev.ADD_ORDER
    change_kind = ev.MODIFY_ORDER

    def __init__(self) -> None:
        super().__init__()
        self.codec = BitstampCodec([venue_symbol(self.venue, self.native)], CHANNELS, book="orders")
        self.stream = self.codec.streams[self.native]
        self._orders: dict[tuple[int, Decimal], int] = {}
        self._sent: dict[tuple[int, int, Decimal], bytes] = {}
        self._event = 0
        self._issued = 2037493297635328

    def change(self, n: int, bids: Levels = (), asks: Levels = ()) -> np.ndarray:
        rows = [self.feed(self.make_change(n, [level], [])) for level in bids]
        rows += [self.feed(self.make_change(n, [], [level])) for level in asks]
        return np.concatenate(rows)

    def _order(self, side: int, px: str) -> int:
        self._issued += 1
        return self._orders.setdefault((side, Decimal(px)), self._issued)

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        self._sent.clear()
        book = self._book(n, (), ())
        for side, (key, levels) in enumerate((("bids", bids), ("asks", asks))):
            book[key] = [[px, qty, str(self._order(side, px))] for px, qty in levels]
        return dump(book)

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        side = 0 if bids else 1
        ((px, qty),) = [*bids, *asks]
        key = n, side, Decimal(px)
        if key not in self._sent:
            what = "changed" if (side, Decimal(px)) in self._orders else "created"
            data = {"id": self._order(side, px), "order_type": side, "price_str": px, "amount_str": qty}
            if not Decimal(qty):
                what = "deleted"
                del self._orders[side, Decimal(px)]
            ids = {"event_id": f"0006589a-5c98-{self._event + 1:04x}", "order_source": "orderbook"}
            ids["pre_event_id"] = f"0006589a-5c98-{self._event:04x}"
            self._event += 1
            message = {"data": data | {"microtimestamp": str((T0 + n) * 1000)}} | ids
            self._sent[key] = dump(
                message | {"channel": f"live_orders_{self.native}", "event": f"order_{what}"}
            )
        return self._sent[key]

    def malformed(self) -> list[bytes]:
        good = self.change_message(99, [("98.0", "4.0")], [])
        return [
            good.replace(b"1700000000099000", b"now"),
            good.replace(b"order_created", b"order_eaten"),
            good.replace(b'"order_type": 0', b'"order_type": 2'),
            good.replace(b"98.0", b"-98.0"),
            Bitstamp.change_message(self, 99, [("98.0", "4.0")], []),
        ]


MAKERS: list[type[Maker]] = [
    BinanceSpot,
    BinanceFutures,
    Bybit,
    Okx,
    OkxOfBefore2023,
    OkxWithoutSnapshots,
    Hyperliquid,
    Extended,
    Bitget,
    BitgetVersion1,
    BitgetUnified,
    Kraken,
    KrakenFutures,
    Mexc,
    Coinbase,
    CoinbaseExchange,
    IndependentReserve,
    Bitstamp,
    BitstampOrders,
]
