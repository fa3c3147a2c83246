"""Hand-written messages of Binance, as short as they can be."""

import json
from collections.abc import Sequence
from typing import Any

T0 = 1_700_000_000_000  # ms
Levels = Sequence[tuple[str, str]]


def _dump(message: dict[str, Any], stream: str = "") -> bytes:
    return json.dumps({"stream": stream, "data": message} if stream else message).encode()


def usdm_depth(
    first: int, last: int, previous: int, ms: int, bids: Levels = (), asks: Levels = (), **more: Any
) -> bytes:
    """A depthUpdate of USD-M, in its combined form; `ms` after T0."""
    data = {"e": "depthUpdate", "E": T0 + ms + 1, "T": T0 + ms, "s": "BTCUSDT", "U": first, "u": last}
    return _dump(data | {"pu": previous, "b": bids, "a": asks} | more, "btcusdt@depth@0ms")


def spot_depth(first: int, last: int, ms: int, bids: Levels = (), asks: Levels = (), **more: Any) -> bytes:
    """A depthUpdate of spot, bare."""
    data = {"e": "depthUpdate", "E": T0 + ms, "s": "BTCUSDT", "U": first, "u": last, "b": bids, "a": asks}
    return _dump(data | more)


def usdm_snapshot(last: int, ms: int, bids: Levels, asks: Levels, **more: Any) -> bytes:
    """A REST depth answer of USD-M."""
    data = {"lastUpdateId": last, "E": T0 + ms + 1, "T": T0 + ms, "bids": bids, "asks": asks}
    return _dump(data | more)


def spot_snapshot(last: int, bids: Levels, asks: Levels) -> bytes:
    """A REST depth answer of spot: without a time."""
    return _dump({"lastUpdateId": last, "bids": bids, "asks": asks})


def usdm_trade(trade_id: int, ms: int, px: str, qty: str, buyer_made: bool, **more: Any) -> bytes:
    """A trade of USD-M."""
    data = {"e": "trade", "E": T0 + ms + 1, "T": T0 + ms, "s": "BTCUSDT", "t": trade_id, "p": px, "q": qty}
    return _dump(data | {"X": "MARKET", "m": buyer_made} | more, "btcusdt@trade")


def spot_trade(trade_id: int, ms: int, px: str, qty: str, buyer_made: bool) -> bytes:
    """A trade of spot."""
    data = {"e": "trade", "E": T0 + ms + 1, "s": "BTCUSDT", "t": trade_id, "p": px, "q": qty, "T": T0 + ms}
    return _dump(data | {"m": buyer_made, "M": True})


def agg_trade(first: int, last: int, ms: int, px: str, qty: str) -> bytes:
    """An aggregate of several trades at one price."""
    data = {"e": "aggTrade", "E": T0 + ms + 1, "a": 7, "s": "BTCUSDT", "p": px, "q": qty, "f": first}
    return _dump(data | {"l": last, "T": T0 + ms, "m": False})


def usdm_ticker(update: int, ms: int, bid: str, bid_qty: str, ask: str, ask_qty: str) -> bytes:
    """A bookTicker of USD-M."""
    data = {"e": "bookTicker", "u": update, "s": "BTCUSDT", "b": bid, "B": bid_qty, "a": ask, "A": ask_qty}
    return _dump(data | {"T": T0 + ms, "E": T0 + ms}, "btcusdt@bookTicker")


def spot_ticker(update: int, bid: str, bid_qty: str, ask: str, ask_qty: str) -> bytes:
    """A bookTicker of spot: neither a type nor a time."""
    return _dump({"u": update, "s": "BTCUSDT", "b": bid, "B": bid_qty, "a": ask, "A": ask_qty})
