"""The bot's face in compiled code: what each attribute and method of `Depth` does."""

import math
from typing import Any

import numpy as np
from numba.extending import (
    overload_attribute,
    overload_method,
)

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
from truefill.backtest.executions import units
from truefill.backtest.local_side import in_gap, level_lots
from truefill.backtest.records import asset_at, run_at
from truefill.core.address import i64_view
from truefill.core.events import NO_ASK_TICK, NO_BID_TICK
from truefill.core.jit import helper


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
