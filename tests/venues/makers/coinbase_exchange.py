"""Coinbase Exchange's made streams."""

from tests.venues.makers.maker import Levels, Maker, dump
from truefill.venues import Venue
from truefill.venues.coinbase_exchange import CoinbaseExchangeCodec


class CoinbaseExchange(Maker):
    """Nothing is numbered, updates have a time, and trades have the maker's side."""

    protocol = "Coinbase Exchange (Pro, GDAX)"
    venue = Venue.COINBASE_EXCHANGE
    native = "BTC-USD"
    other = "ETH-USD"
    codec_type = CoinbaseExchangeCodec
    tells_gaps = False

    def acknowledgements(self) -> list[bytes]:
        channels = [{"name": "level2", "product_ids": [self.native]}]
        return [dump({"type": "subscriptions", "channels": channels})]

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        head = {"type": "snapshot", "product_id": self.native}
        return dump(head | {"asks": list(asks), "bids": list(bids)})

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        changes = [[side, px, qty] for side, levels in (("buy", bids), ("sell", asks)) for px, qty in levels]
        time = f"2023-11-14T22:13:20.{n:06d}Z"
        return dump({"type": "l2update", "product_id": self.native, "changes": changes, "time": time})

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"type": "match", "trade_id": trade_id, "side": "sell" if buys else "buy", "size": qty}
        more = {"price": px, "product_id": self.native, "sequence": 7, "time": "2023-11-14T22:13:20.005Z"}
        return dump(trade | more)

    def malformed(self) -> list[bytes]:
        good = self.change_message(99, [("100.0", "4.0")], [])
        return [
            good.replace(b'"buy"', b'"bid"'),
            good.replace(b"l2update", b"weather"),
            good.replace(b"2023-11-14T22:13:20.000099Z", b"now"),
            self.trade_message(9, "1", "1", True).replace(b'"sell"', b'"both"'),
        ]
