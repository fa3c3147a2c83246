"""The drop-in depths in compiled code: what each attribute and method does."""

import math
from typing import Any

from numba.extending import overload_attribute, overload_method

from truefill.backtest.arguments import raise_bad_argument
from truefill.backtest.compiled_types import make_depth as make_native
from truefill.backtest.records import asset_at
from truefill.compat.hftbacktest.compiled_types import (
    DEPTH_TYPES,
    HashMapMarketDepthType,
    ROIVectorMarketDepthType,
    wants_integer,
)
from truefill.compat.hftbacktest.face import (
    book_snapshot,
    bring_in_step,
    face_asset_at,
    is_inside,
    refresh_dense,
)
from truefill.core.address import f64_view
from truefill.core.jit import helper


@helper
def _native(address):
    """The native depth of an asset."""
    return make_native(face_asset_at(address)["asset_addr"])


_NATIVE = {
    "best_bid_tick": lambda depth: _native(depth._address).best_bid_tick,
    "best_ask_tick": lambda depth: _native(depth._address).best_ask_tick,
    "best_bid": lambda depth: _native(depth._address).best_bid,
    "best_ask": lambda depth: _native(depth._address).best_ask,
    "best_bid_qty": lambda depth: _native(depth._address).best_bid_qty,
    "best_ask_qty": lambda depth: _native(depth._address).best_ask_qty,
    "tick_size": lambda depth: _native(depth._address).tick_size,
    "lot_size": lambda depth: face_asset_at(depth._address)["lot_size"],
}


def _always(implementation: Any) -> Any:
    """An overload that gives the same implementation whatever the types."""

    def attribute(depth):
        return implementation

    return attribute


@helper
def _in_step(address):
    """Bring the local book up to the feed; address of the engine's row."""
    engine = face_asset_at(address)["asset_addr"]
    status = bring_in_step(asset_at(engine))
    if status < 0:
        raise_bad_argument(status, 0, 0.0, 0.0, 0, 0, 0)
    return engine


@helper
def _dense(address, side):
    _in_step(address)
    refresh_dense(address)
    f = face_asset_at(address)
    return f64_view(f["bids_addr"] if side == 0 else f["asks_addr"], f["roi_ub_tick"] - f["roi_lb_tick"] + 1)


def _both(kind: Any) -> None:
    for name, implementation in _NATIVE.items():
        overload_attribute(kind, name)(_always(implementation))


def _at_tick(kind: Any, name: str, implementation: Any) -> None:
    @overload_method(kind, name)
    def _qty_at_tick(depth, price_tick):
        wants_integer(price_tick, "price in ticks")
        return implementation


for _kind in DEPTH_TYPES:
    _both(_kind)
for _name, _implementation in {
    "bid_qty_at_tick": lambda depth, price_tick: _native(depth._address).bid_qty_at_tick(price_tick),
    "ask_qty_at_tick": lambda depth, price_tick: _native(depth._address).ask_qty_at_tick(price_tick),
}.items():
    _at_tick(HashMapMarketDepthType, _name, _implementation)
for _name, _implementation in {
    "bid_qty_at_tick": lambda depth, price_tick: (
        _native(depth._address).bid_qty_at_tick(price_tick)
        if is_inside(face_asset_at(depth._address), price_tick)
        else math.nan
    ),
    "ask_qty_at_tick": lambda depth, price_tick: (
        _native(depth._address).ask_qty_at_tick(price_tick)
        if is_inside(face_asset_at(depth._address), price_tick)
        else math.nan
    ),
}.items():
    _at_tick(ROIVectorMarketDepthType, _name, _implementation)


@overload_method(HashMapMarketDepthType, "snapshot")
def _snapshot(depth):
    return lambda depth: book_snapshot(_in_step(depth._address))


@overload_method(HashMapMarketDepthType, "snapshot_free")
def _snapshot_free(depth, arr):
    return lambda depth, arr: None


def _dense_attributes() -> None:
    table = {
        "bid_depth": lambda depth: _dense(depth._address, 0),
        "ask_depth": lambda depth: _dense(depth._address, 1),
        "roi_lb_tick": lambda depth: face_asset_at(depth._address)["roi_lb_tick"],
        "roi_ub_tick": lambda depth: face_asset_at(depth._address)["roi_ub_tick"],
    }
    for name, implementation in table.items():
        overload_attribute(ROIVectorMarketDepthType, name)(_always(implementation))


_dense_attributes()
