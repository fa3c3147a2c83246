"""Own orders as a strategy sees them, and the light objects that records of the engine come as.

Compiled code sees `Orders` as a one-pointer type (`orders_compiled`), and records as Numba's own.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from truefill.backtest.order_table import take_changed
from truefill.backtest.records import orders_at
from truefill.core.errors import BotError
from truefill.core.events import NO_TIME
from truefill.core.gate import whole

_LAST_ID = (1 << 64) - 1


class Record:
    """A record of the engine with its fields as attributes; aliases the live state."""

    __slots__ = ("_row",)

    def __init__(self, row: np.void) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        try:
            return self._row[name]
        except (ValueError, KeyError):
            raise AttributeError(f"{name}: a record with the fields {self._row.dtype.names}") from None

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={self._row[name]}" for name in self._row.dtype.names or ())
        return f"({fields})"


class Orders:
    """Own orders of an asset, in the order they were sent; slots stay put until `clear_inactive_orders`."""

    __slots__ = ("_a",)

    def __init__(self, a: np.void) -> None:
        self._a = a

    def _rows(self) -> np.ndarray:
        return orders_at(self._a["orders_addr"], self._a["orders_count"])

    def __iter__(self) -> Iterator[Record]:
        for row in self._rows():
            yield Record(row)

    def __len__(self) -> int:
        return int(self._a["orders_count"])

    def _slots(self, order_id: Any) -> np.ndarray:
        order_id = np.uint64(checked_order_id(order_id))
        return np.flatnonzero(self._rows()["order_id"] == order_id)

    def __contains__(self, order_id: object) -> bool:
        try:
            return len(self._slots(order_id)) > 0
        except BotError:  # what cannot be an id is not among them
            return False

    def get(self, order_id: int) -> Record:
        """The order of that id. Raises BotError when there is none: ask ``order_id in orders`` first."""
        found = self._slots(order_id)
        if len(found) == 0:
            raise BotError("the id of an order in the table", order_id)
        return Record(self._rows()[found[0]])

    def take_changed(self) -> int:
        """Place from which on orders have changed since this was last asked; more than there are: none has.

        For one reader. With callbacks that is their event loop, which then misses what another one takes.
        """
        return int(take_changed(self._a))

    def rows_from(self, first: int) -> Iterator[Record]:
        """Orders from a place in the table on, which counts from 0. Raises BotError when it is none."""
        first = whole(first, "a place in the table from 0", 0, NO_TIME, BotError)
        return map(Record, self._rows()[first:])


def checked_order_id(value: Any) -> int:
    """An order id, or BotError."""
    return whole(value, "an order id from 0 to 2**64 - 1", 0, _LAST_ID, BotError)
