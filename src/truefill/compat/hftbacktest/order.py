"""HftBacktest's ``order`` module: constants, and an own order as a strategy sees it."""

from typing import Any

import numpy as np

from truefill.compat.hftbacktest.replaced import missing
from truefill.compat.hftbacktest.types import order_dtype
from truefill.core.address import record_view
from truefill.core.records import ORDER

UNSUPPORTED = 255

BUY = 1
SELL = -1

NONE = 0
NEW = 1
EXPIRED = 2
FILLED = 3
CANCELED = 4
PARTIALLY_FILLED = 5
REJECTED = 6

GTC = 0
GTX = 1
FOK = 2
IOC = 3

LIMIT = 0
MARKET = 1

# Fields of truefill's ORDER that are attributes as they are: all that HftBacktest has, and truefill's own.
FIELDS = tuple(ORDER.names or ())
_order_at = record_view(ORDER)


class Order:
    """An own order. Its attributes alias the live order until `clear_inactive_orders`.

    Parameters
    ----------
    arr : order_dtype[1]
        As HftBacktest's constructor takes it. `orders` gives orders that read the engine's record.

    Notes
    -----
    ``tick_size`` is the tick size; HftBacktest's property of that name gives the price in ticks.
    """

    __slots__ = ("_p", "_row")

    def __init__(self, arr: np.ndarray) -> None:
        self._row: Any = arr[0]
        self._p = 0

    @classmethod
    def at(cls, address: int) -> "Order":
        """The order whose ORDER record is at an address."""
        order = cls.__new__(cls)
        order._p = int(address)
        order._row = _order_at(address)
        return order

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        row = self._row
        if name in (row.dtype.names or ()):
            return row[name]
        match name:
            case "price":
                return row["price_tick"] * row["tick_size"]
            case "exec_price":
                return row["exec_price_tick"] * row["tick_size"]
            case "cancellable":
                return bool(row["status"] in (NEW, PARTIALLY_FILLED) and row["req"] == NONE)
        raise AttributeError(f"an order has no {name}; it has {', '.join(FIELDS)} and arr")

    @property
    def arr(self) -> np.ndarray:
        """The order as HftBacktest's record (`order_dtype`), a copy of this moment."""
        out = np.zeros(1, order_dtype)
        for name in order_dtype.names or ():
            if name in (self._row.dtype.names or ()):
                out[name] = self._row[name]
        return out.view(np.recarray)

    def __repr__(self) -> str:
        return f"Order(order_id={self.order_id}, side={self.side}, price={self.price}, qty={self.qty}, ...)"


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
