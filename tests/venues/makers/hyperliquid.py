"""Hyperliquid's made streams."""

from tests.venues.makers.maker import T0, Levels, Maker, dump, overlaid
from truefill.venues import Venue
from truefill.venues.hyperliquid import HyperliquidCodec


class Hyperliquid(Maker):
    protocol = "Hyperliquid"
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
