"""Kraken futures' made streams."""

import numpy as np

from tests.venues.makers.maker import T0, Levels, Maker, dump
from truefill.venues import Venue
from truefill.venues.kraken_futures import KrakenFuturesCodec


class KrakenFutures(Maker):
    """One level a message, and numbers that are JSON numbers."""

    protocol = "Kraken futures 1"
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
