"""HftBacktest's order dictionary and its iterator. Compiled code sees pointer types (`orders_compiled`)."""

from typing import Any

from truefill.backtest.order_table import find_order
from truefill.backtest.orders import Orders
from truefill.compat.hftbacktest.arguments import order_id_of
from truefill.compat.hftbacktest.order import Order
from truefill.core.records import ORDER

_ORDER_ROW = ORDER.itemsize
_AT_END = 1 << 62  # beyond all slots: an iterator that has ended stays so


class Values:
    """Own orders in the order they were sent, one after the other."""

    __slots__ = ("_orders", "_slot")

    def __init__(self, orders: "OrderDict") -> None:
        self._orders = orders
        self._slot = -1

    def has_next(self) -> bool:
        """Go to the next order; False when there is none."""
        more = self._slot + 1 < len(self._orders)
        self._slot = self._slot + 1 if more else _AT_END
        return more

    def get(self) -> Order:
        """The order that `has_next` went to. Raises RuntimeError when there is none."""
        if not 0 <= self._slot < len(self._orders):
            raise RuntimeError("has_next() was not called, or was False")
        return self._orders._at(self._slot)

    def next(self) -> Order | None:
        """The next order; None after the last."""
        return self.get() if self.has_next() else None


class OrderDict:
    """Own orders of an asset by id."""

    __slots__ = ("_a", "_orders", "_p")

    def __init__(self, a: Any, address: int) -> None:
        self._a = a
        self._p = address
        self._orders = Orders(a)

    def _at(self, slot: int) -> Order:
        return Order.at(int(self._a["orders_addr"]) + slot * _ORDER_ROW)

    def values(self) -> Values:
        """Iterate: ``values = orders.values()``, ``while values.has_next(): order = values.get()``."""
        return Values(self)

    def get(self, order_id: int) -> Order | None:
        """The order of that id; None when there is none."""
        slot = find_order(self._a, order_id_of(order_id))
        return self._at(int(slot)) if slot >= 0 else None

    def __len__(self) -> int:
        return len(self._orders)

    def __contains__(self, order_id: int) -> bool:
        return bool(find_order(self._a, order_id_of(order_id)) >= 0)
