"""HftBacktest behind the same face, called through its C functions: nothing is compiled, no wait.

The package is optional; ``available`` says why it is missing. Its arrays are kept alive here (fault K).
"""

import ctypes
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import hftbacktest
        from hftbacktest import binding as b
        from hftbacktest.types import event_dtype, order_dtype, state_values_dtype
    available = ""
except ImportError as error:  # no wheel for this Python or platform
    available = f"hftbacktest cannot be imported: {error}"


BOOKS = {"hashmap": "hashmap", "roivector": "roivec"}  # name: how its functions begin


@dataclass(frozen=True)
class HftDepth:
    """The local book."""

    ptr: int
    book: str

    def _get(self, name: str, *args: Any) -> Any:
        return getattr(b, f"{self.book}depth_{name}")(self.ptr, *args)

    @property
    def best_bid_tick(self) -> int:
        """Best bid in ticks."""
        return self._get("best_bid_tick")

    @property
    def best_ask_tick(self) -> int:
        """Best ask in ticks."""
        return self._get("best_ask_tick")

    @property
    def best_bid(self) -> float:
        """Best bid, NaN when there is none."""
        return self._get("best_bid")

    @property
    def best_ask(self) -> float:
        """Best ask, NaN when there is none."""
        return self._get("best_ask")

    @property
    def lot_size(self) -> float:
        """Lot size."""
        return self._get("lot_size")

    @property
    def in_gap(self) -> bool:
        """HftBacktest knows no gaps."""
        return False

    def bid_qty_at_tick(self, tick: int) -> float:
        """Quantity of a bid level."""
        return self._get("bid_qty_at_tick", tick)

    def ask_qty_at_tick(self, tick: int) -> float:
        """Quantity of an ask level."""
        return self._get("ask_qty_at_tick", tick)


class HftBot:
    """One backtest over assets built with ``hftbacktest.BacktestAsset``."""

    def __init__(self, assets: list[Any], keep_alive: list[NDArray[Any]], book: str = "hashmap") -> None:
        self._keep_alive = keep_alive
        self._book = BOOKS[book]
        self._ptr = getattr(hftbacktest._hftbacktest, f"build_{self._book}_backtest")(assets)
        self._closed = False

    def _function(self, name: str) -> Any:
        return getattr(b, f"{self._book}bt_{name}")

    def _call(self, name: str, *args: Any) -> Any:
        return self._function(name)(self._ptr, *args)

    def close(self) -> None:
        """Free it."""
        if not self._closed:
            self._closed = True
            self._call("close")

    @property
    def current_timestamp(self) -> int:
        """Time, ns."""
        return self._call("current_timestamp")

    @property
    def num_assets(self) -> int:
        """Number of assets."""
        return self._call("num_assets")

    def elapse(self, duration: int) -> int:
        """Let time pass."""
        return self._call("elapse", duration)

    def wait_next_feed(self, include_order_resp: bool, timeout: int) -> int:
        """Until a row or a response arrives."""
        return self._call("wait_next_feed", include_order_resp, timeout)

    def wait_order_response(self, asset: int, order_id: int, timeout: int) -> int:
        """Until that order's response arrives."""
        return self._call(f"{self._book}bt_wait_order_response", asset, order_id, timeout)

    def submit_buy_order(self, *args: Any) -> int:
        """Send an order to buy."""
        return self._call("submit_buy_order", *args)

    def submit_sell_order(self, *args: Any) -> int:
        """Send an order to sell."""
        return self._call("submit_sell_order", *args)

    def modify(self, *args: Any) -> int:
        """Change an order."""
        return self._call("modify", *args)

    def cancel(self, *args: Any) -> int:
        """Cancel an order."""
        return self._call("cancel", *args)

    def clear_inactive_orders(self, asset: int) -> None:
        """Forget orders that are over."""
        self._call("clear_inactive_orders", asset)

    def clear_last_trades(self, asset: int) -> None:
        """Forget the trades that were seen."""
        self._call("clear_last_trades", asset)

    def depth(self, asset: int) -> HftDepth:
        """The local book."""
        return HftDepth(self._call("depth", asset), self._book)

    def position(self, asset: int) -> float:
        """Quantity held."""
        return self._call("position", asset)

    def state_values(self, asset: int) -> dict[str, Any]:
        """Running totals."""
        state = _record(self._call("state_values", asset), state_values_dtype)
        return {name: state[name].item() for name in state_values_dtype.names}

    def orders(self, asset: int) -> list[dict[str, Any]]:
        """Own orders as known here."""
        values = b.orders_values(self._call("orders", asset))
        found = []
        while order := b.orders_values_next(values):
            found.append({**_order(_record(order, order_dtype)), "asset": asset})
        return found

    def feed_latency(self, asset: int) -> tuple[int, ...] | None:
        """(exchange, local) time of the last row that arrived."""
        return _times(self._function("feed_latency"), self._ptr, asset, 2)

    def order_latency(self, asset: int) -> tuple[int, ...] | None:
        """(request, exchange, response) time of the last response."""
        return _times(self._function("order_latency"), self._ptr, asset, 3)

    def last_trades(self, asset: int) -> NDArray[Any]:
        """Trades that arrived since they were last cleared."""
        length = ctypes.c_uint64(0)
        ptr = self._call("last_trades", asset, ctypes.byref(length))
        return _records(ptr, event_dtype, length.value)

    def fills(self, asset: int) -> list[dict[str, Any]]:
        """HftBacktest keeps none."""
        return []


def _records(ptr: int, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    if count == 0:
        return np.empty(0, dtype)
    return np.frombuffer(ctypes.string_at(ptr, dtype.itemsize * count), dtype)


def _record(ptr: int, dtype: np.dtype[Any]) -> Any:
    return _records(ptr, dtype, 1)[0]


def _order(record: Any) -> dict[str, Any]:
    order = {name: record[name].item() for name in record.dtype.names if not name.startswith("_")}
    order["maker"] = int(order["maker"])
    order["cancellable"] = int(order["status"] in (1, 5) and order["req"] == 0)
    order["filled_qty"] = order["queue_ahead"] = 0.0
    for name in ("trigger_price", "trigger_price_tick", "display_qty", "expire_ts", "flags", "reason"):
        order[name] = 0
    order["price"] = order["price_tick"] * order["tick_size"]
    order["exec_price"] = order["exec_price_tick"] * order["tick_size"]
    return order


def _times(function: Any, ptr: int, asset: int, count: int) -> tuple[int, ...] | None:
    times = [ctypes.c_int64(0) for _ in range(count)]
    return tuple(t.value for t in times) if function(ptr, asset, *map(ctypes.byref, times)) else None
