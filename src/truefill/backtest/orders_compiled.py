"""The bot's face in compiled code: what each attribute and method of `Orders` does."""

import operator
from typing import Any

import numpy as np
from numba import types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer, signature
from numba.extending import (
    overload,
    overload_method,
)
from numba.np.numpy_support import from_dtype

from truefill.backtest.compiled_types import (
    OrdersType,
    wants_integer,
)
from truefill.backtest.order_table import find_order, take_changed
from truefill.backtest.records import asset_at, orders_at
from truefill.core.errors import BotError
from truefill.core.jit import helper
from truefill.core.records import ORDER


@helper
def _order_rows(address):
    a = asset_at(address)
    return orders_at(a["orders_addr"], a["orders_count"])


@overload(len)
def _len_orders(orders):
    if isinstance(orders, OrdersType):
        return lambda orders: asset_at(orders._address)["orders_count"]
    return None


@overload(operator.contains)
def _order_in(orders, order_id):
    if isinstance(orders, OrdersType):
        wants_integer(order_id, "order id")
        return lambda orders, order_id: (
            find_order(asset_at(orders._address), np.uint64(order_id)) >= 0 and order_id >= 0
        )
    return None


@overload_method(OrdersType, "get")
def _get_order(orders, order_id):
    wants_integer(order_id, "order id")

    def get(orders, order_id):
        slot = find_order(asset_at(orders._address), np.uint64(order_id))
        if slot < 0 or order_id < 0:
            raise BotError("the id of an order in the table", order_id)
        return _order_rows(orders._address)[slot]

    return get


@overload_method(OrdersType, "take_changed")
def _take_changed(orders):
    return lambda orders: take_changed(asset_at(orders._address))


@overload_method(OrdersType, "rows_from")
def _rows_from(orders, first):
    wants_integer(first, "place in the table")

    def rows_from(orders, first):
        begin = np.int64(first)  # below zero, too, what is unsigned and too large
        if first < 0 or begin < 0:
            raise BotError("a place in the table from 0", first)
        rows = _order_rows(orders._address)
        return rows[min(begin, len(rows)) :]

    return rows_from


_ORDER_ARRAY = types.Array(from_dtype(ORDER), 1, "C")


@infer
class _IterateOrders(AbstractTemplate):  # type: ignore[misc]
    key = "getiter"

    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], OrdersType):
            return signature(types.ArrayIterator(_ORDER_ARRAY), args[0])
        return None


@lower_builtin("getiter", OrdersType)
def _getiter_orders(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    rows = context.compile_internal(
        builder, lambda orders: _order_rows(orders._address), signature(_ORDER_ARRAY, sig.args[0]), args
    )
    return context.get_function("getiter", signature(sig.return_type, _ORDER_ARRAY))(builder, (rows,))
