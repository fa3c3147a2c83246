"""Binance's made streams."""

import numpy as np

from tests.venues import messages
from tests.venues.makers.maker import Levels, Maker, dump
from truefill.venues import Venue
from truefill.venues.binance import BinanceCodec


class BinanceFutures(Maker):
    protocol = "Binance futures"
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
    protocol = "Binance spot"
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
