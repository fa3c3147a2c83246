"""MEXC's made streams."""

from typing import Any

from tests.venues.makers.maker import T0, Levels, Maker, dump
from truefill.venues import Venue
from truefill.venues.mexc import MexcCodec


class Mexc(Maker):
    """Differences with a version, and the best levels whole as of a version."""

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
