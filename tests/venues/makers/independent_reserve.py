"""Independent Reserve's made streams."""

from decimal import Decimal

import numpy as np

from tests.venues.makers.maker import T0, Levels, Maker, dump
from truefill.core import events as ev
from truefill.venues import Venue
from truefill.venues.independent_reserve import IndependentReserveCodec


class IndependentReserve(Maker):
    """Order by order: each level is one order here, and each message has one order."""

    protocol = "Independent Reserve, order by order"
    venue = Venue.INDEPENDENT_RESERVE
    native = "eth-aud"
    other = "xbt"
    codec_type = IndependentReserveCodec
    fetches = True
    snapshot_kind = ev.ADD_ORDER
    change_kind = ev.MODIFY_ORDER

    def __init__(self) -> None:
        super().__init__()
        self._nonce = 0
        self._orders: dict[tuple[str, Decimal], str] = {}
        self._sent: dict[tuple[int, str, Decimal], bytes] = {}
        self._issued = 0

    def acknowledgements(self) -> list[bytes]:
        return [
            dump({"Time": T0, "Event": "Heartbeat"}),
            dump({"Data": ["orderbook-eth", "ticker-eth"], "Time": T0, "Event": "Subscriptions"}),
        ]

    def change(self, n: int, bids: Levels = (), asks: Levels = ()) -> np.ndarray:
        rows = [self.feed(self.make_change(n, [level], [])) for level in bids]
        rows += [self.feed(self.make_change(n, [], [level])) for level in asks]
        return np.concatenate(rows)

    def foreign(self, message: bytes) -> bytes:
        return message.replace(b"-eth", b"-xbt")

    def _order(self, side: str, px: str) -> str:
        self._issued += 1
        return self._orders.setdefault((side, Decimal(px)), f"8b3e7e72-950c-4c4e-8000-{self._issued:012x}")

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        self._sent.clear()
        sides = [
            ",".join(
                f'{{"Guid":"{self._order(side, px)}","Price":{px},"Volume":{qty}}}' for px, qty in levels
            )
            for side, levels in (("Bid", bids), ("Offer", asks))
        ]
        codes = '"PrimaryCurrencyCode":"Eth","SecondaryCurrencyCode":"Aud"'
        time = f'"CreatedTimestampUtc":"2023-11-14T22:13:20.{n:03d}Z"'
        return f'{{"BuyOrders":[{sides[0]}],"SellOrders":[{sides[1]}],{codes},{time}}}'.encode()

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        side = "Bid" if bids else "Offer"
        ((px, qty),) = [*bids, *asks]
        key = n, side, Decimal(px)
        if key not in self._sent:
            self._nonce += 1
            known = (side, Decimal(px)) in self._orders
            data = f'"OrderType":"Limit{side}","OrderGuid":"{self._order(side, px)}"'
            event = "OrderChanged" if known else "NewOrder"
            if not Decimal(qty):
                event = "OrderCanceled"
                del self._orders[side, Decimal(px)]
            else:
                data += f',"Volume":{qty}' if known else f',"Price":{{"aud":{px},"usd":1.5}},"Volume":{qty}'
            head = f'{{"Channel":"orderbook-eth","Nonce":{self._nonce},"Data":{{{data}}}'
            self._sent[key] = f'{head},"Time":{T0 + n},"Event":"{event}"}}'.encode()
        return self._sent[key]

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        guid = f"8b3e7e72-950c-4c4e-8000-{trade_id:012x}"
        price = f'{{"Aud":{px},"Usd":1.5}}'
        data = f'"TradeGuid":"{guid}","Volume":{qty},"Price":{price},"Side":"{"Buy" if buys else "Sell"}"'
        head = f'{{"Event":"Trade","Channel":"ticker-eth","Nonce":1,"Time":{T0 + 5}'
        return f'{head},"Data":{{{data}}}}}'.encode()

    def malformed(self) -> list[bytes]:
        self._orders.clear()
        good = self.change_message(99, [("98.0", "4.0")], [])
        return [
            good.replace(b"98.0", b"-98.0"),
            good.replace(b"LimitBid", b"MarketBid"),
            good.replace(b'"aud"', b'"chf"'),
            good.replace(b"8b3e7e72-", b""),
            good.replace(b'"Volume":4.0', b'"Volume":null'),
            good.replace(b"NewOrder", b"Weather"),
            self.trade_message(9, "1", "1", True).replace(b'"Buy"', b'"Both"'),
        ]
