"""Bitget's made streams, in its three versions."""

from tests.venues.makers.checksums import top25
from tests.venues.makers.maker import T0, Levels, Maker, dump
from truefill.venues import Venue
from truefill.venues.bitget import BitgetCodec


class Bitget(Maker):
    """Version 2: a checksum, nothing numbered."""

    protocol = "Bitget 2"
    venue = Venue.BITGET_USDT
    native = "BTCUSDT"
    other = "ETHUSDT"
    codec_type = BitgetCodec
    tells_order = False

    def _arg(self, name: str) -> dict[str, str]:
        return {"instType": "USDT-FUTURES", "channel": name, "instId": self.native}

    def acknowledgements(self) -> list[bytes]:
        return [dump({"event": "subscribe", "arg": self._arg("books")}), b"pong"]

    def _book(self, action: str, n: int, bids: Levels, asks: Levels) -> bytes:
        data = {"asks": list(asks), "bids": list(bids), "checksum": top25(self.bids, self.asks)}
        data |= {"seq": n, "ts": str(T0 + n)}
        return dump({"action": action, "arg": self._arg("books"), "data": [data], "ts": T0 + n + 1})

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("snapshot", n, bids, asks)

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return self._book("update", n, bids, asks)

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"ts": str(T0 + 5), "price": px, "size": qty, "side": "buy" if buys else "sell"}
        data = [trade | {"tradeId": str(trade_id)}]
        return dump({"action": "update", "arg": self._arg("trade"), "data": data, "ts": T0 + 6})


class BitgetVersion1(Bitget):
    """As recorded in 2022: trades are lists, without ids."""

    protocol = "Bitget 1 (2022)"

    def _arg(self, name: str) -> dict[str, str]:
        return {"instType": "mc", "channel": name, "instId": self.native}

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = [str(T0 + 5), px, qty, "buy" if buys else "sell"]
        return dump({"action": "update", "arg": self._arg("trade"), "data": [trade]})


class BitgetUnified(Bitget):
    """Version 3: each message names the one before it."""

    protocol = "Bitget 3 (unified account)"
    tells_order = True

    def _arg(self, name: str) -> dict[str, str]:
        return {"instType": "usdt-futures", "topic": name, "symbol": self.native}

    def _book(self, action: str, n: int, bids: Levels, asks: Levels) -> bytes:
        data = {"a": list(asks), "b": list(bids), "seq": n, "pseq": n - 1, "ts": str(T0 + n)}
        return dump({"action": action, "arg": self._arg("books"), "data": [data], "ts": T0 + n + 1})

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"T": str(T0 + 5), "p": px, "v": qty, "S": "buy" if buys else "sell", "i": str(trade_id)}
        return dump({"action": "update", "arg": self._arg("publicTrade"), "data": [trade], "ts": T0 + 6})
