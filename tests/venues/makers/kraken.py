"""Kraken's made streams, in both versions."""

from decimal import Decimal
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


class Kraken2(Kraken):
    """Version 2: objects, numbers that are JSON numbers, a checksum of numbers with all their places."""

    protocol = "Kraken 2"

    def acknowledgements(self) -> list[bytes]:
        pair = {"symbol": self.native, "price_precision": 2, "qty_precision": 8, "status": "online"}
        other = pair | {"symbol": "XRP/EUR", "price_precision": 5}
        result = {"channel": "book", "symbol": self.native, "depth": 1000}
        return [
            dump({"channel": "status", "type": "update", "data": [{"system": "online"}]}),
            dump({"method": "subscribe", "result": result, "success": True}),
            dump(
                {"channel": "instrument", "type": "snapshot", "data": {"assets": [], "pairs": [other, pair]}}
            ),
            dump({"channel": "heartbeat"}),
            dump({"method": "pong", "time_in": "2023-11-14T22:13:20.000000Z"}),
        ]

    def _when(self, n: int) -> str:
        return f"2023-11-14T22:13:20.{n:06d}Z"

    def _book(self, kind: str, n: int, bids: Levels, asks: Levels) -> bytes:
        sides = [
            f'"{key}":[' + ",".join(f'{{"price":{px},"qty":{qty}}}' for px, qty in levels) + "]"
            for key, levels in (("bids", bids), ("asks", asks))
        ]
        more = f'"checksum":{self.checksum()},"timestamp":"{self._when(n)}"'
        data = f'{{"symbol":"{self.native}",{sides[0]},{sides[1]},{more}}}'
        return f'{{"channel":"book","type":"{kind}","data":[{data}]}}'.encode()

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("snapshot", n, bids, asks)

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("update", n, bids, asks)

    def checksum(self) -> int:
        best = sorted(self.asks.items())[:10] + sorted(self.bids.items(), reverse=True)[:10]
        numbers = [f"{Decimal(px):.2f}{Decimal(qty):20.8f}".split() for _, (px, qty) in best]
        digits = [text.replace(".", "").lstrip("0") for pair in numbers for text in pair]
        return crc32("".join(digits).encode())

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        head = f'"symbol":"{self.native}","side":"{"buy" if buys else "sell"}","price":{px},"qty":{qty}'
        data = f'{{{head},"ord_type":"limit","trade_id":{trade_id},"timestamp":"{self._when(5000)}"}}'
        return f'{{"channel":"trade","type":"update","data":[{data}]}}'.encode()

    def malformed(self) -> list[bytes]:
        good = self.change_message(99, [("100.0", "4.0")], [])
        return [
            good.replace(b'"update"', b'"other"'),
            good.replace(b'"book"', b'"weather"'),
            good.replace(self._when(99).encode(), b"now"),
            self.trade_message(9, "1", "1", True).replace(b'"buy"', b'"both"'),
            dump({"method": "dance"}),
        ]
