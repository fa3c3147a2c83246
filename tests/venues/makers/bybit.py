"""Bybit's made streams."""

from tests.venues.makers.maker import T0, Levels, Maker, dump
from truefill.venues import Venue
from truefill.venues.bybit import BybitCodec


class Bybit(Maker):
    protocol = "Bybit v5"
    venue = Venue.BYBIT_LINEAR
    native = "BTCUSDT"
    other = "ETHUSDT"
    codec_type = BybitCodec
    depth = 200

    def acknowledgements(self) -> list[bytes]:
        return [dump({"success": True, "ret_msg": "", "op": "subscribe"})]

    def _book(self, kind: str, n: int, bids: Levels, asks: Levels) -> bytes:
        data = {"s": self.native, "b": list(bids), "a": list(asks), "u": n, "seq": 10 * n}
        topic = f"orderbook.{self.depth}.{self.native}"
        return dump({"topic": topic, "type": kind, "ts": T0 + n + 1, "cts": T0 + n, "data": data})

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("snapshot", n, bids, asks)

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("delta", n, bids, asks)

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"T": T0 + 5, "s": self.native, "S": "Buy" if buys else "Sell", "v": qty, "p": px}
        data = [trade | {"i": str(trade_id), "BT": False, "RPI": False, "seq": 7}]
        return dump({"topic": f"publicTrade.{self.native}", "type": "snapshot", "ts": T0 + 6, "data": data})

    def malformed(self) -> list[bytes]:
        good = self._book("delta", 99, [], [])
        return [
            good.replace(b'"delta"', b'"other"'),
            good.replace(f"orderbook.{self.depth}".encode(), b"orderbook.many"),
            self.trade_message(9, "1", "1", True).replace(b"Buy", b"Both"),
        ]


class BybitOption(Bybit):
    """Trades come by coin, those of other options among them."""

    protocol = "Bybit v5, options"
    venue = Venue.BYBIT_OPTION
    native = "BTC-26DEC25-100000-C-USDT"
    other = "BTC-26DEC25-90000-P-USDT"
    brings_others = True
    depth = 100

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        message = super().trade_message(trade_id, px, qty, buys)
        return message.replace(f"publicTrade.{self.native}".encode(), b"publicTrade.BTC")
