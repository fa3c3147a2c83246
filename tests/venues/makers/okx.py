"""OKX's made streams, in its three forms."""

from tests.venues.makers.checksums import top25
from tests.venues.makers.maker import CHANNELS, T0, Levels, Maker, dump
from truefill.venues import Venue, venue_symbol
from truefill.venues.okx import OkxCodec


class Okx(Maker):
    protocol = "OKX v5"
    venue = Venue.OKX
    native = "BTC-USDT-SWAP"
    other = "ETH-USDT-SWAP"
    codec_type = OkxCodec
    numbered = True

    def acknowledgements(self) -> list[bytes]:
        arg = {"channel": "books", "instId": self.native}
        return [dump({"event": "subscribe", "arg": arg, "connId": "x"}), b"pong"]

    def checksum(self) -> int:
        return 0  # since 2026-06-23

    def _book(self, action: str, n: int, before: int, bids: Levels, asks: Levels) -> bytes:
        data = {
            side: [[px, qty, "0", "1"] for px, qty in levels]
            for side, levels in (("bids", bids), ("asks", asks))
        }
        data |= {"ts": str(T0 + n), "checksum": self.checksum()}
        if self.numbered:
            data |= {"seqId": n, "prevSeqId": before}
        arg = {"channel": "books", "instId": self.native}
        return dump({"arg": arg, "action": action, "data": [data]})

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("snapshot", n, -1, bids, asks)

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("update", n, n - 1, bids, asks)

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"instId": self.native, "tradeId": str(trade_id), "px": px, "sz": qty, "ts": str(T0 + 5)}
        arg = {"channel": "trades", "instId": self.native}
        return dump({"arg": arg, "data": [trade | {"side": "buy" if buys else "sell"}]})

    def malformed(self) -> list[bytes]:
        good = self._book("update", 99, 98, [], [])
        return [good.replace(b"update", b"change"), good.replace(str(T0 + 99).encode(), b"now")]


class OkxOfBefore2023(Okx):
    """Nothing is numbered, and the checksum tells."""

    protocol = "OKX v5 of before 2023"
    numbered = False
    tells_order = False

    def checksum(self) -> int:
        return top25(self.bids, self.asks)


class OkxWithoutSnapshots(Okx):
    """As announced for 2026: a snapshot by REST."""

    protocol = "OKX v5"
    fetches = True

    def __init__(self) -> None:
        super().__init__()
        self.codec = OkxCodec([venue_symbol(self.venue, self.native)], CHANNELS, "fetched")
        self.stream = self.codec.streams[self.native]
