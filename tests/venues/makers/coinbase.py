"""Coinbase's made streams."""

from typing import Any

from tests.venues.makers.extended import Extended
from tests.venues.makers.maker import Levels, dump
from truefill.venues import Venue
from truefill.venues.coinbase import CoinbaseCodec


class Coinbase(Extended):
    """As Extended, it numbers the messages of the connection, and its trades have the maker's side."""

    protocol = "Coinbase Advanced Trade"
    venue = Venue.COINBASE
    codec_type = CoinbaseCodec
    numbers_connection = True

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
