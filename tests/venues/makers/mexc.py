"""MEXC's made streams, in JSON and in protocol buffers."""

from base64 import b64encode
from typing import Any

import numpy as np

from tests.venues.makers.maker import T0, Levels, Maker, dump
from truefill.venues import Venue
from truefill.venues.mexc import MexcCodec


class MexcJson(Maker):
    """As recorded in 2025: differences with a version, and the best levels whole as of a version."""

    protocol = "MEXC spot 3, JSON (ended in 2025)"
    venue = Venue.MEXC_SPOT
    native = "BTCUSDT"
    other = "ETHUSDT"
    codec_type = MexcCodec
    whole_books = True
    repeats_snapshots = True

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


def field(number: int, value: int | str | bytes) -> bytes:
    """A field as protocol buffers write it."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    """A number, seven bits a byte."""
    rest = value >> 7
    return bytes([value & 127 | 128]) + varint(rest) if rest else bytes([value])


class Mexc(MexcJson):
    """Protocol buffers: differences say from which version to which, the snapshot is fetched."""

    protocol = "MEXC spot 3, protocol buffers"
    fetches = True
    whole_books = False
    repeats_snapshots = False

    def snapshot(self, n: int, bids: Levels, asks: Levels) -> np.ndarray:
        if not self.stream.last_ts:  # its snapshots carry no time: one has to be known
            self.feed(self.change_message(n, [], []))
        return super().snapshot(n, bids, asks)

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return dump({"lastUpdateId": n, "bids": list(bids), "asks": list(asks), "timestamp": T0 + n})

    def push(self, channel: str, kind: int, body: bytes, time: int) -> bytes:
        """Wrap a body."""
        name = f"spot@public.{channel}.v3.api.pb@100ms@{self.native}"
        return field(1, name) + field(3, self.native) + field(6, time) + field(kind, body)

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        body = b"".join(
            field(side, field(1, px) + field(2, qty))
            for side, levels in ((1, asks), (2, bids))
            for px, qty in levels
        )
        body += field(3, "spot@public.aggre.depth.v3.api.pb@100ms") + field(4, str(n)) + field(5, str(n))
        return self.push("aggre.depth", 313, body, T0 + n)

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        deal = field(1, px) + field(2, qty) + field(3, 1 if buys else 2) + field(4, T0 + 5)
        return self.push("aggre.deals", 314, field(1, deal + field(5, str(trade_id))), T0 + 6)

    def malformed(self) -> list[bytes]:
        good = self.change_message(99, [("100.0", "4.0")], [])
        return [
            self.push("aggre.depth", 313, field(4, "99") + field(5, "98"), T0),  # versions fall
            self.push("aggre.depth", 313, b"", T0),
            self.push("aggre.depth", 313, field(4, "99") + field(5, "99"), 0),  # no time
            field(1, "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT")
            + field(3, self.native)
            + field(6, T0),
            good + b"\x80",
            self.trade_message(9, "1", "1", True).replace(field(3, 1), field(3, 3)),
            b64encode(good)[:-3],
        ]
