"""What has happened to own orders since the strategy was last told, found by comparing.

An event loop knows a bot by its face only, and the face shows orders as they are now. So the loop keeps
what it has told (TOLD) of each order in the table, in the table's order: that of sending. Orders leave the
table, and new ones come at its end, so that both lists are walked once, side by side.

News of one order that arrived at one moment are one: the quantity that was filled, and the state it is in.
"""

import numpy as np
from numba.extending import overload

from truefill.core.jit import helper
from truefill.core.order_states import (
    ACCEPTED,
    CANCELED,
    DENIED,
    EXPIRED,
    FILLED,
    PARTIALLY_FILLED,
    PENDING_CANCEL,
    PENDING_UPDATE,
    REJECTED,
    SUBMITTED,
    TRIGGERED,
)
from truefill.strategy.events import CALLBACKS

_NOTHING = -1
_PENDING = CALLBACKS.index("on_pending_order")
_ACCEPTED = CALLBACKS.index("on_accepted_order")
_TRIGGERED = CALLBACKS.index("on_triggered_order")
_PART = CALLBACKS.index("on_partially_filled_order")
_FILLED = CALLBACKS.index("on_filled_order")
_CANCELING = CALLBACKS.index("on_canceling_order")
_CANCELED = CALLBACKS.index("on_canceled_order")
_EXPIRED = CALLBACKS.index("on_expired_order")
_FAILED = CALLBACKS.index("on_failed_order")
_CANCEL_FAILED = CALLBACKS.index("on_cancel_failed_order")
_MODIFY_FAILED = CALLBACKS.index("on_modify_failed_order")
_UNKNOWN = -1  # the state of an order that was never told of


def keep_order(rows, i, order):
    """Write a copy of an order of ``bot.orders`` into an array."""
    rows[i] = order._row


@overload(keep_order)
def _keep_order(rows, i, order):
    def keep(rows, i, order):
        rows[i] = order

    return keep


@helper
def is_over(state):
    """Whether an order in this state is finished."""
    return state == FILLED or state == CANCELED or state == EXPIRED or state == REJECTED or state == DENIED


@helper
def news_of(old, filled_before, state, filled, changed, reason):
    """Which callback tells what became of an order, -1: none; an execution apart.

    Parameters
    ----------
    old, state : int
        Its state when it was last told of, and now.
    filled_before, filled : float
        Quantity filled then and now.
    changed : bool
        Whether its price or quantity is another one.
    reason : int
        Why the last news of it was a refusal, `core.reasons`; 0: it was none.
    """
    if state == FILLED:
        return _FILLED if old != FILLED or filled != filled_before else _NOTHING
    if state == old:
        return _ACCEPTED if state == ACCEPTED and changed else _NOTHING
    if state == CANCELED:
        return _CANCELED
    if state == EXPIRED:
        return _EXPIRED
    if state == REJECTED or state == DENIED:
        return _FAILED
    if state == SUBMITTED:
        return _PENDING
    if state == TRIGGERED:
        return _TRIGGERED if old != PENDING_UPDATE and old != PENDING_CANCEL else _NOTHING
    if state == PENDING_CANCEL:
        return _CANCELING
    if state != ACCEPTED and state != PARTIALLY_FILLED:
        return _NOTHING
    if old == PENDING_CANCEL:
        return _CANCEL_FAILED if reason != 0 else _NOTHING
    if old == PENDING_UPDATE:
        return _MODIFY_FAILED if reason != 0 else _ACCEPTED
    return _ACCEPTED if state == ACCEPTED else _NOTHING


def as_kind_of(array, given):
    """Give a new array the class of `given`: interpreted, records have their fields as attributes."""
    return array.view(type(given))


@overload(as_kind_of)
def _as_kind_of(array, given):
    return lambda array, given: array


@helper
def room_for(array, count):
    """The same array, or a larger one, empty, with room for `count`."""
    if count <= len(array):
        return array
    return as_kind_of(np.empty(2 * count, array.dtype), array)


@helper
def find_news(orders, told, told_count, news, codes):
    """Compare the table with what was told, and remember what it is now.

    Parameters
    ----------
    orders : Orders
        The table.
    told : TOLD[N]
        What was told, in the order of sending; with room for the table.
    told_count : int
    news : ORDER[2 N]
        Filled with copies of the orders that there is something to tell of.
    codes : int64[2 N]
        Filled with the numbers of the callbacks.

    Returns
    -------
    (news, orders in the table, finished orders in it)
    """
    found = 0
    finished = 0
    old = 0
    count = 0
    for order in orders:
        while old < told_count and told[old].order_id != order.order_id:
            old += 1  # cleared since
        before, filled_before = _UNKNOWN, 0.0
        changed = False
        exch_ts = order.exch_timestamp
        if old < told_count:
            same = told[old]
            old += 1
            # a finished one that changed at the exchange: a new order with an id that is used again
            if not (is_over(same.state) and (exch_ts != same.exch_ts or not is_over(order.state))):
                before, filled_before = same.state, same.filled_qty
                changed = order.qty != same.qty or order.price_tick != same.price_tick
        state = np.int64(order.state)
        filled = order.filled_qty
        if filled > filled_before and state != FILLED:
            keep_order(news, found, order)
            codes[found] = _PART
            found += 1
        if state != before or filled != filled_before or changed:
            code = news_of(before, filled_before, state, filled, changed, order.reason)
            if code >= 0:
                keep_order(news, found, order)
                codes[found] = code
                found += 1
        if is_over(state):
            finished += 1
        row = told[count]  # never beyond `old`, unless the order is new
        row.order_id = order.order_id
        row.state = state
        row.filled_qty = filled
        row.qty = order.qty
        row.price_tick = order.price_tick
        row.exch_ts = exch_ts
        count += 1
    return found, count, finished
