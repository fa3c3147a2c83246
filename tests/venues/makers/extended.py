"""Extended's made streams."""

from typing import Any

import numpy as np

from tests.venues.makers.maker import T0, Levels, Maker, dump
from truefill.venues import Venue
from truefill.venues.extended import ExtendedCodec


class Extended(Maker):
    """It numbers the messages of the connection, of whatever stream."""

    protocol = "Extended, RPC 2"
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
