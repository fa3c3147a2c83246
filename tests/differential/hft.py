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


@dataclass(frozen=True)
class HftDepth:
    """The local book."""

    ptr: int

    @property
    def best_bid_tick(self) -> int:
        """Best bid in ticks."""
        return b.hashmapdepth_best_bid_tick(self.ptr)

    @property
    def best_ask_tick(self) -> int:
        """Best ask in ticks."""
        return b.hashmapdepth_best_ask_tick(self.ptr)

    @property
    def best_bid(self) -> float:
        """Best bid, NaN when there is none."""
        return b.hashmapdepth_best_bid(self.ptr)

    @property
    def best_ask(self) -> float:
        """Best ask, NaN when there is none."""
        return b.hashmapdepth_best_ask(self.ptr)

    @property
    def lot_size(self) -> float:
        """Lot size."""
        return b.hashmapdepth_lot_size(self.ptr)

    def bid_qty_at_tick(self, tick: int) -> float:
        """Quantity of a bid level."""
        return b.hashmapdepth_bid_qty_at_tick(self.ptr, tick)

    def ask_qty_at_tick(self, tick: int) -> float:
        """Quantity of an ask level."""
        return b.hashmapdepth_ask_qty_at_tick(self.ptr, tick)


class HftBot:
    """One backtest over assets built with ``hftbacktest.BacktestAsset``."""

    def __init__(self, assets: list[Any], keep_alive: list[NDArray[Any]]) -> None:
        self._keep_alive = keep_alive
        self._ptr = hftbacktest._hftbacktest.build_hashmap_backtest(assets)
        self._closed = False

    def close(self) -> None:
        """Free it."""
        if not self._closed:
            self._closed = True
            b.hashmapbt_close(self._ptr)

    @property
    def current_timestamp(self) -> int:
        """Time, ns."""
        return b.hashmapbt_current_timestamp(self._ptr)

    @property
    def num_assets(self) -> int:
        """Number of assets."""
        return b.hashmapbt_num_assets(self._ptr)

    def elapse(self, duration: int) -> int:
        """Let time pass."""
        return b.hashmapbt_elapse(self._ptr, duration)

    def wait_next_feed(self, include_order_resp: bool, timeout: int) -> int:
        """Until a row or a response arrives."""
        return b.hashmapbt_wait_next_feed(self._ptr, include_order_resp, timeout)

    def wait_order_response(self, asset: int, order_id: int, timeout: int) -> int:
        """Until that order's response arrives."""
        return b.hashmapbt_hashmapbt_wait_order_response(self._ptr, asset, order_id, timeout)

    def submit_buy_order(self, *args: Any) -> int:
        """Send an order to buy."""
        return b.hashmapbt_submit_buy_order(self._ptr, *args)

    def submit_sell_order(self, *args: Any) -> int:
        """Send an order to sell."""
        return b.hashmapbt_submit_sell_order(self._ptr, *args)

    def modify(self, *args: Any) -> int:
        """Change an order."""
        return b.hashmapbt_modify(self._ptr, *args)

    def cancel(self, *args: Any) -> int:
        """Cancel an order."""
        return b.hashmapbt_cancel(self._ptr, *args)

    def clear_inactive_orders(self, asset: int) -> None:
        """Forget orders that are over."""
        b.hashmapbt_clear_inactive_orders(self._ptr, asset)

    def clear_last_trades(self, asset: int) -> None:
        """Forget the trades that were seen."""
        b.hashmapbt_clear_last_trades(self._ptr, asset)

    def depth(self, asset: int) -> HftDepth:
        """The local book."""
        return HftDepth(b.hashmapbt_depth(self._ptr, asset))

    def position(self, asset: int) -> float:
        """Quantity held."""
        return b.hashmapbt_position(self._ptr, asset)

    def state_values(self, asset: int) -> dict[str, Any]:
        """Running totals."""
        state = _record(b.hashmapbt_state_values(self._ptr, asset), state_values_dtype)
        return {name: state[name].item() for name in state_values_dtype.names}

    def orders(self, asset: int) -> list[dict[str, Any]]:
        """Own orders as known here."""
        values = b.orders_values(b.hashmapbt_orders(self._ptr, asset))
        found = []
        while order := b.orders_values_next(values):
            found.append(_order(_record(order, order_dtype)))
        return found

    def feed_latency(self, asset: int) -> tuple[int, ...] | None:
        """(exchange, local) time of the last row that arrived."""
        return _times(b.hashmapbt_feed_latency, self._ptr, asset, 2)

    def order_latency(self, asset: int) -> tuple[int, ...] | None:
        """(request, exchange, response) time of the last response."""
        return _times(b.hashmapbt_order_latency, self._ptr, asset, 3)

    def last_trades(self, asset: int) -> NDArray[Any]:
        """Trades that arrived since they were last cleared."""
        length = ctypes.c_uint64(0)
        ptr = b.hashmapbt_last_trades(self._ptr, asset, ctypes.byref(length))
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
    order["price"] = order["price_tick"] * order["tick_size"]
    order["exec_price"] = order["exec_price_tick"] * order["tick_size"]
    return order


def _times(function: Any, ptr: int, asset: int, count: int) -> tuple[int, ...] | None:
    times = [ctypes.c_int64(0) for _ in range(count)]
    return tuple(t.value for t in times) if function(ptr, asset, *map(ctypes.byref, times)) else None
