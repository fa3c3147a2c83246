"""Kraken's made streams."""

from typing import Any
from zlib import crc32

from tests.venues.makers.maker import T0, Levels, Maker, dump
from truefill.venues import Venue
from truefill.venues.kraken import KrakenCodec


class Kraken(Maker):
    """Version 1: lists, a checksum, nothing numbered, trades without ids."""

    protocol = "Kraken 1"
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
