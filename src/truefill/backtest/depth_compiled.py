"""The bot's face in compiled code: what each attribute and method of `Depth` does."""

import math
from typing import Any

import numpy as np
from numba import types
from numba.core.errors import TypingError
from numba.extending import (
    overload_attribute,
    overload_method,
)
from numba.np.numpy_support import from_dtype

from truefill.backtest.arguments import (
    BAD_TICK,
    raise_bad_argument,
)
from truefill.backtest.compiled_types import (
    DepthType,
    call_on_asset,
    checked,
    wants_integer,
)
from truefill.backtest.depth import _MOST
from truefill.backtest.executions import units
from truefill.backtest.local_side import in_gap, level_lots
from truefill.backtest.records import asset_at, run_at
from truefill.core.address import i64_view
from truefill.core.errors import BotError
from truefill.core.events import NO_ASK_TICK, NO_BID_TICK
from truefill.core.jit import helper
from truefill.core.records import LEVEL

_LEVEL_TYPE = from_dtype(LEVEL)


@helper
def _tick_of_level(a, level, nothing):
    if level < 0:
        return np.int64(nothing)
    return i64_view(a["level_tick_addr"], a["levels"])[level]


@helper
def _price_of_level(a, level):
    if level < 0:
        return math.nan
    return i64_view(a["level_tick_addr"], a["levels"])[level] * a["tick_size"]


@helper
def _quantity(a, tick, book_side):
    whole = np.int64(tick)
    if (tick < 0) != (whole < 0):  # an unsigned one that does not fit
        raise_bad_argument(BAD_TICK, whole, 0.0, 0.0, 0, 0, 0)
    _sync(a)
    return units(a, level_lots(a, whole, book_side))


@helper
def _sync(a):
    if a["feed_ts"] > a["l_synced_ts"]:
        run = run_at(a["run_addr"])
        checked(call_on_asset(run["f_sync_book"], (a["run_addr"], a["number"])), 0, 0.0, 0.0, 0, 0)


@helper
def _quantity_of_level(a, level, book_side):
    if level < 0:
        return 0.0
    _sync(a)
    return units(a, i64_view(a["l_book_addr"], a["levels"] * 2)[level * 2 + book_side])


def _always(implementation: Any) -> Any:
    """An overload that gives the same implementation whatever the types."""

    def attribute(depth):
        return implementation

    return attribute


def _depth_attributes() -> None:
    """One table: attribute name to what it computes from the asset's row."""
    table = {
        "best_bid_tick": lambda depth: _tick_of_level(
            asset_at(depth._address), asset_at(depth._address)["bid"], NO_BID_TICK
        ),
        "best_ask_tick": lambda depth: _tick_of_level(
            asset_at(depth._address), asset_at(depth._address)["ask"], NO_ASK_TICK
        ),
        "best_bid": lambda depth: _price_of_level(asset_at(depth._address), asset_at(depth._address)["bid"]),
        "best_ask": lambda depth: _price_of_level(asset_at(depth._address), asset_at(depth._address)["ask"]),
        "best_bid_qty": lambda depth: _quantity_of_level(
            asset_at(depth._address), asset_at(depth._address)["bid"], 0
        ),
        "best_ask_qty": lambda depth: _quantity_of_level(
            asset_at(depth._address), asset_at(depth._address)["ask"], 1
        ),
        "tick_size": lambda depth: asset_at(depth._address)["tick_size"],
        "lot_size": lambda depth: units(asset_at(depth._address), asset_at(depth._address)["order_lots"]),
        "in_gap": lambda depth: in_gap(asset_at(depth._address)) != 0,
    }
    for name, implementation in table.items():
        overload_attribute(DepthType, name)(_always(implementation))


_depth_attributes()


@overload_method(DepthType, "bid_qty_at_tick")
def _bid_qty_at_tick(depth, tick):
    wants_integer(tick, "price in ticks")
    return lambda depth, tick: _quantity(asset_at(depth._address), tick, 0)


@overload_method(DepthType, "ask_qty_at_tick")
def _ask_qty_at_tick(depth, tick):
    wants_integer(tick, "price in ticks")
    return lambda depth, tick: _quantity(asset_at(depth._address), tick, 1)


@helper
def _best_level(a, book_side):
    return a["bid"] if book_side == 0 else a["ask"]


@helper
def _count_levels(a, book_side, most):
    """How many levels of a side hold something, from the best outward; at most `most`."""
    book = i64_view(a["l_book_addr"], a["levels"] * 2)
    level = _best_level(a, book_side)
    step = -1 if book_side == 0 else 1
    count = 0
    while count < most and 0 <= level < a["levels"]:
        if book[level * 2 + book_side] > 0:
            count += 1
        level += step
    return count


@helper
def _fill_levels(a, book_side, out):
    """Write the best levels of a side into `out`, best first. Returns how many there were."""
    if _best_level(a, book_side) < 0 or len(out) == 0:
        return 0
    _sync(a)
    book = i64_view(a["l_book_addr"], a["levels"] * 2)
    ticks = i64_view(a["level_tick_addr"], a["levels"])
    level = _best_level(a, book_side)
    step = -1 if book_side == 0 else 1
    count = 0
    while count < len(out) and 0 <= level < a["levels"]:
        lots = book[level * 2 + book_side]
        if lots > 0:
            row = out[count]
            row["price"] = ticks[level] * a["tick_size"]
            row["price_tick"] = ticks[level]
            row["qty"] = units(a, lots)
            count += 1
        level += step
    return count


@helper
def _best_levels(a, book_side, most):
    """The best levels of a side as a new array; `most` below zero: BotError."""
    if most < 0 or most > _MOST:
        raise BotError("a number of levels from 0 to 2**62, or None for all", most)
    _sync(a)
    out = np.empty(_count_levels(a, book_side, most), LEVEL)
    _fill_levels(a, book_side, out)
    return out


def _wants_count(n: Any) -> bool:
    """Whether a number of levels is given; refuses what is neither a whole number nor None."""
    if n is None or isinstance(n, types.NoneType) or (isinstance(n, types.Omitted) and n.value is None):
        return False
    wants_integer(n, "number of levels")
    return True


def _levels_overload(name: str, book_side: int) -> None:
    @overload_method(DepthType, name)
    def _levels(depth, n=None):
        if _wants_count(n):
            return lambda depth, n=None: _best_levels(asset_at(depth._address), book_side, np.int64(n))
        most = _MOST
        return lambda depth, n=None: _best_levels(asset_at(depth._address), book_side, most)


def _fill_overload(name: str, book_side: int) -> None:
    @overload_method(DepthType, name)
    def _fill(depth, out):
        fits = isinstance(out, types.Array) and out.ndim == 1 and out.dtype == _LEVEL_TYPE and out.mutable
        if not fits:
            raise TypingError(f"truefill: expected a 1-D array of LEVEL, got {out}")
        return lambda depth, out: _fill_levels(asset_at(depth._address), book_side, out)


_levels_overload("bids", 0)
_levels_overload("asks", 1)
_fill_overload("fill_bids", 0)
_fill_overload("fill_asks", 1)
