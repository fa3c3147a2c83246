"""HftBacktest's depths: the local book by best prices, by tick, as a snapshot, and as dense arrays.

Compiled code sees the same classes as one-pointer types (`depth_compiled`).
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from truefill.compat.hftbacktest.face import (
    FACE_ASSET_ROW,
    book_snapshot,
    face_asset_at,
    is_inside,
    refresh_dense,
)
from truefill.core.address import f64_view

if TYPE_CHECKING:
    from truefill.compat.hftbacktest.backtest import Backtest

__all__ = ["HashMapMarketDepth", "MarketDepth", "ROIVectorMarketDepth"]


class MarketDepth:
    """What both depths have."""

    __slots__ = ("_asset_no", "_backtest", "_depth", "_f", "_p")

    def __init__(self, backtest: "Backtest", asset_no: int) -> None:
        self._backtest = backtest
        self._asset_no = asset_no
        self._depth = backtest.bot.depth(asset_no)
        self._p = backtest.assets_address + asset_no * FACE_ASSET_ROW
        self._f: Any = face_asset_at(self._p)

    def _in_step(self) -> None:
        """Bring the book up to the feed that has arrived."""
        self._depth.bid_qty_at_tick(0)

    @property
    def best_bid_tick(self) -> int:
        """Best bid in ticks; the smallest int64 when there is none."""
        return self._depth.best_bid_tick

    @property
    def best_ask_tick(self) -> int:
        """Best ask in ticks; the largest int64 when there is none."""
        return self._depth.best_ask_tick

    @property
    def best_bid(self) -> float:
        """Best bid; NaN when there is none."""
        return self._depth.best_bid

    @property
    def best_ask(self) -> float:
        """Best ask; NaN when there is none."""
        return self._depth.best_ask

    @property
    def best_bid_qty(self) -> float:
        """Quantity at the best bid; 0 when there is none."""
        return self._depth.best_bid_qty

    @property
    def best_ask_qty(self) -> float:
        """Quantity at the best ask; 0 when there is none."""
        return self._depth.best_ask_qty

    @property
    def tick_size(self) -> float:
        """Step of prices."""
        return self._depth.tick_size

    @property
    def lot_size(self) -> float:
        """Step of orders' quantities."""
        return float(self._f["lot_size"])

    def bid_qty_at_tick(self, price_tick: int) -> float:
        """Quantity bid at a price in ticks."""
        return self._depth.bid_qty_at_tick(price_tick)

    def ask_qty_at_tick(self, price_tick: int) -> float:
        """Quantity offered at a price in ticks."""
        return self._depth.ask_qty_at_tick(price_tick)


class HashMapMarketDepth(MarketDepth):
    """The book of a `HashMapMarketDepthBacktest`."""

    __slots__ = ()

    def snapshot(self) -> np.ndarray:
        """All levels as snapshot events with no times: bids from the best, then asks from the best."""
        self._in_step()
        return np.asarray(book_snapshot(int(self._f["asset_addr"]))).view(np.recarray)

    def snapshot_free(self, arr: np.ndarray) -> None:
        """Do nothing: arrays are freed by themselves."""


class ROIVectorMarketDepth(MarketDepth):
    """The book of a `ROIVectorMarketDepthBacktest`."""

    __slots__ = ()

    def bid_qty_at_tick(self, price_tick: int) -> float:
        """Quantity bid at a price in ticks; NaN outside of the range."""
        return super().bid_qty_at_tick(price_tick) if is_inside(self._f, price_tick) else math.nan

    def ask_qty_at_tick(self, price_tick: int) -> float:
        """Quantity offered at a price in ticks; NaN outside of the range."""
        return super().ask_qty_at_tick(price_tick) if is_inside(self._f, price_tick) else math.nan

    def _dense(self, name: str) -> np.ndarray:
        self._in_step()
        refresh_dense(self._p)
        size = int(self._f["roi_ub_tick"]) - int(self._f["roi_lb_tick"]) + 1
        return np.asarray(f64_view(int(self._f[name]), size))

    @property
    def bid_depth(self) -> np.ndarray:
        """Quantities bid; index: price in ticks minus `roi_lb_tick`. In step when it is read."""
        return self._dense("bids_addr")

    @property
    def ask_depth(self) -> np.ndarray:
        """Quantities offered; index: price in ticks minus `roi_lb_tick`. In step when it is read."""
        return self._dense("asks_addr")

    @property
    def roi_lb_tick(self) -> int:
        """First tick of the arrays."""
        return int(self._f["roi_lb_tick"])

    @property
    def roi_ub_tick(self) -> int:
        """Last tick of the arrays."""
        return int(self._f["roi_ub_tick"])
