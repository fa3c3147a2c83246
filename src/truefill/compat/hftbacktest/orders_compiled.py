"""The drop-in order dictionary, its iterator, orders and totals in compiled code."""

import operator
from typing import Any

import numpy as np
from numba.extending import overload, overload_attribute, overload_method

from truefill.backtest.order_table import find_order
from truefill.backtest.records import asset_at
from truefill.compat.hftbacktest.compiled_types import (
    OrderDictType,
    OrderType,
    StateValuesType,
    ValuesType,
    make_order,
    make_values,
    wants_number,
)
from truefill.compat.hftbacktest.face import CURSORS, face_asset_at
from truefill.compat.hftbacktest.order import FIELDS
from truefill.compat.hftbacktest.types import order_dtype
from truefill.core.address import array_view, i64_view, record_view
from truefill.core.jit import helper
from truefill.core.records import ORDER, STATE

_ORDER_ROW = ORDER.itemsize
_AT_END = np.int64(1 << 62)  # beyond all slots: an iterator that has ended stays so
_order_at = record_view(ORDER)
_state_at = record_view(STATE)
_states_at = array_view(STATE)


@helper
def _asset(address):
    """Row of the engine of an order dictionary."""
    return asset_at(face_asset_at(address)["asset_addr"])


@overload(len)
def _len_orders(orders):
    if isinstance(orders, OrderDictType):
        return lambda orders: _asset(orders._address)["orders_count"]
    return None


@overload(operator.contains)
def _order_in(orders, order_id):
    if isinstance(orders, OrderDictType):
        wants_number(order_id, "order id")
        return lambda orders, order_id: find_order(_asset(orders._address), np.uint64(order_id)) >= 0
    return None


@helper
def _order_of(address, slot):
    return make_order(asset_at(address)["orders_addr"] + slot * _ORDER_ROW)


@overload_method(OrderDictType, "get")
def _get(orders, order_id):
    wants_number(order_id, "order id")

    def get(orders, order_id):
        slot = find_order(_asset(orders._address), np.uint64(order_id))
        if slot < 0:
            return None
        return _order_of(face_asset_at(orders._address)["asset_addr"], slot)

    return get


@overload_method(OrderDictType, "values")
def _values(orders):
    def values(orders):
        f = face_asset_at(orders._address)
        cursor = f["cursors_addr"] + (f["cursors"] & (CURSORS - 1)) * 8
        f["cursors"] += 1
        i64_view(cursor, 1)[0] = -1
        return make_values(f["asset_addr"], cursor)

    return values


@helper
def _step(values):
    cursor = i64_view(values._cursor, 1)
    slot = cursor[0] + 1
    more = slot < asset_at(values._address)["orders_count"]
    if more:
        cursor[0] = slot
    else:
        cursor[0] = _AT_END
    return more


@overload_method(ValuesType, "has_next")
def _has_next(values):
    return _step


@overload_method(ValuesType, "get")
def _current(values):
    def get(values):
        slot = i64_view(values._cursor, 1)[0]
        if slot < 0 or slot >= asset_at(values._address)["orders_count"]:
            raise RuntimeError("has_next() was not called, or was False")
        return _order_of(values._address, slot)

    return get


@overload_method(ValuesType, "next")
def _next(values):
    def next_value(values):
        if _step(values):
            return _order_of(values._address, i64_view(values._cursor, 1)[0])
        return None

    return next_value


def _reader(at: Any, name: str) -> Any:
    """An overload that reads one field of the record at a type's address."""

    def attribute(value):
        return lambda value: at(value._address)[name]

    return attribute


def _attributes() -> None:
    for name in FIELDS:
        if name != "cancellable":
            overload_attribute(OrderType, name)(_reader(_order_at, name))
    for name in STATE.names or ():
        overload_attribute(StateValuesType, name)(_reader(_state_at, name))


_attributes()


@overload_attribute(OrderType, "cancellable")
def _cancellable(order):
    return lambda order: _order_at(order._address)["cancellable"] != 0


@overload_attribute(OrderType, "arr")
def _arr(order):
    def arr(order):
        row = _order_at(order._address)
        out = np.zeros(1, order_dtype)
        to = out[0]
        to["qty"] = row["qty"]
        to["leaves_qty"] = row["leaves_qty"]
        to["exec_qty"] = row["exec_qty"]
        to["exec_price_tick"] = row["exec_price_tick"]
        to["price_tick"] = row["price_tick"]
        to["tick_size"] = row["tick_size"]
        to["exch_timestamp"] = row["exch_timestamp"]
        to["local_timestamp"] = row["local_timestamp"]
        to["order_id"] = row["order_id"]
        to["maker"] = row["maker"] != 0
        to["order_type"] = row["order_type"]
        to["req"] = row["req"]
        to["status"] = row["status"]
        to["side"] = row["side"]
        to["time_in_force"] = row["time_in_force"]
        return out

    return arr


@overload_attribute(StateValuesType, "arr")
def _state_arr(state):
    return lambda state: _states_at(state._address, 1)
