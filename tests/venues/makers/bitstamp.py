"""Bitstamp's made streams, of levels and of single orders."""

from decimal import Decimal
from typing import Any

import numpy as np

from tests.venues.makers.maker import CHANNELS, T0, Levels, Maker, dump
from truefill.core import events as ev
from truefill.venues import Venue, venue_symbol
from truefill.venues.bitstamp import BitstampCodec


class Bitstamp(Maker):
    """Nothing is numbered; messages and snapshots have a time in microseconds."""

    protocol = "Bitstamp 2, levels"
    venue = Venue.BITSTAMP
    native = "btcusd"
    other = "ethusd"
    codec_type = BitstampCodec
    tells_gaps = False
    fetches = True

    def acknowledgements(self) -> list[bytes]:
        channel = f"diff_order_book_{self.native}"
        return [
            dump({"event": "bts:subscription_succeeded", "channel": channel, "data": {}}),
            dump({"event": "bts:heartbeat", "channel": "", "data": {"status": "success"}}),
        ]

    def _book(self, n: int, bids: Levels, asks: Levels) -> dict[str, Any]:
        times = {"timestamp": str(T0 // 1000), "microtimestamp": str((T0 + n) * 1000)}
        return times | {"bids": list(bids), "asks": list(asks)}

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        return dump(self._book(n, bids, asks))

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        channel = f"diff_order_book_{self.native}"
        return dump({"data": self._book(n, bids, asks), "channel": channel, "event": "data"})

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        trade = {"id": trade_id, "amount_str": qty, "price_str": px, "type": 0 if buys else 1}
        data = trade | {"microtimestamp": str((T0 + 5) * 1000), "buy_order_id": 1, "sell_order_id": 2}
        return dump({"data": data, "channel": f"live_trades_{self.native}", "event": "trade"})

    def malformed(self) -> list[bytes]:
        good = self.change_message(99, [("100.0", "4.0")], [])
        return [
            good.replace(b"1700000000099000", b"now"),
            good.replace(b"diff_order_book", b"weather"),
            good.replace(b'"data"}', b'"sun"}'),
            self.trade_message(9, "1", "1", True).replace(b'"type": 0', b'"type": 3'),
            self.trade_message(9, "1", "-1", True),
        ]


class BitstampOrders(Bitstamp):
    """Order by order, as of 2026: each level is one order here, and a message names the one before it."""

    protocol = "Bitstamp 2, order by order"
    tells_gaps = True
    judges_crossing = False
    snapshot_kind = ev.ADD_ORDER
    change_kind = ev.MODIFY_ORDER

    def __init__(self) -> None:
        super().__init__()
        self.codec = BitstampCodec([venue_symbol(self.venue, self.native)], CHANNELS, book="orders")
        self.stream = self.codec.streams[self.native]
        self._orders: dict[tuple[int, Decimal], int] = {}
        self._sent: dict[tuple[int, int, Decimal], bytes] = {}
        self._event = 0
        self._issued = 2037493297635328

    def change(self, n: int, bids: Levels = (), asks: Levels = ()) -> np.ndarray:
        rows = [self.feed(self.make_change(n, [level], [])) for level in bids]
        rows += [self.feed(self.make_change(n, [], [level])) for level in asks]
        return np.concatenate(rows)

    def _order(self, side: int, px: str) -> int:
        self._issued += 1
        return self._orders.setdefault((side, Decimal(px)), self._issued)

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        self._sent.clear()
        book = self._book(n, (), ())
        for side, (key, levels) in enumerate((("bids", bids), ("asks", asks))):
            book[key] = [[px, qty, str(self._order(side, px))] for px, qty in levels]
        return dump(book)

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        side = 0 if bids else 1
        ((px, qty),) = [*bids, *asks]
        key = n, side, Decimal(px)
        if key not in self._sent:
            what = "changed" if (side, Decimal(px)) in self._orders else "created"
            data = {"id": self._order(side, px), "order_type": side, "price_str": px, "amount_str": qty}
            if not Decimal(qty):
                what = "deleted"
                del self._orders[side, Decimal(px)]
            ids = {"event_id": f"0006589a-5c98-{self._event + 1:04x}", "order_source": "orderbook"}
            ids["pre_event_id"] = f"0006589a-5c98-{self._event:04x}"
            self._event += 1
            message = {"data": data | {"microtimestamp": str((T0 + n) * 1000)}} | ids
            self._sent[key] = dump(
                message | {"channel": f"live_orders_{self.native}", "event": f"order_{what}"}
            )
        return self._sent[key]

    def malformed(self) -> list[bytes]:
        good = self.change_message(99, [("98.0", "4.0")], [])
        return [
            good.replace(b"1700000000099000", b"now"),
            good.replace(b"order_created", b"order_eaten"),
            good.replace(b'"order_type": 0', b'"order_type": 2'),
            good.replace(b"98.0", b"-98.0"),
            Bitstamp.change_message(self, 99, [("98.0", "4.0")], []),
        ]
