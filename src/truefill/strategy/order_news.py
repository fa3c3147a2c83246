"""What has happened to own orders since the strategy was last told, found by comparing.

An event loop knows a bot by its face only, and the face shows orders as they are now. So the loop keeps
what it has told (TOLD) of each order in the table, in the table's order: that of sending. Orders leave the
table, and new ones come at its end, so that both lists are walked once, side by side, from the first order
on that the bot says has changed.

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
COUNT, FIRST, FINISHED = 0, 1, 2  # what a loop knows of an asset's table
NOWHERE = 1 << 62


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


@helper
def first_changed(orders, known, k):
    """Where to begin to compare the orders of asset `k`; -1: nothing has changed since they were compared.

    Parameters
    ----------
    orders : Orders
    known : int64[A, 3]
        Of each asset: orders that were told of, where to begin when that has not been done yet, whether there
        are finished ones that were told of.
    k : int
    """
    first = min(known[k, FIRST], orders.take_changed())
    known[k, FIRST] = first
    if first > len(orders):
        return np.int64(-1)
    return min(first, known[k, COUNT])


@helper
def find_news(orders, first, told, known, k, news, codes):
    """Compare the table with what was told, and remember what it is now.

    Parameters
    ----------
    orders : Orders
        The table.
    first : int
        Place in it before which nothing has changed; it was told of all up to there.
    told : TOLD[N]
        What was told, in the order of sending; with room for the largest table.
    known : int64[A, 3]
        As for `first_changed`.
    k : int
        Number of the asset.
    news : ORDER[N]
        Filled with copies of the orders that there is something to tell of.
    codes : int64[N, 2]
        Filled with the numbers of the callbacks of each, -1: none. An execution in part comes first.

    Returns
    -------
    int
        How many orders there is something to tell of.
    """
    told_count = known[k, COUNT]
    found = 0
    old = first
    count = first
    for order in orders.rows_from(first):
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
        if state != before or filled != filled_before or changed:
            keep_order(news, found, order)
            codes[found, 0] = _PART if filled > filled_before and state != FILLED else _NOTHING
            codes[found, 1] = news_of(before, filled_before, state, filled, changed, order.reason)
            found += 1
        if is_over(state):
            known[k, FINISHED] = 1
        row = told[count]  # never beyond `old`, unless the order is new
        row.order_id = order.order_id
        row.state = state
        row.filled_qty = filled
        row.qty = order.qty
        row.price_tick = order.price_tick
        row.exch_ts = exch_ts
        count += 1
    known[k, COUNT] = count
    known[k, FIRST] = NOWHERE
    return found


@helper
def all_endings_told(orders, told, known, k):
    """Whether no order has ended since the table was compared: finished ones can be cleared then."""
    first = first_changed(orders, known, k)
    if first < 0:
        return True
    old = first
    for order in orders.rows_from(first):
        while old < known[k, COUNT] and told[old].order_id != order.order_id:
            old += 1
        if is_over(order.state):
            if old >= known[k, COUNT] or not is_over(told[old].state):
                return False
            if told[old].exch_ts != order.exch_timestamp:
                return False
    return True
