"""Limits that a request has to keep before it leaves: written once, over plain numbers.

The simulator asks them for each request that sets out; an exchange or a live connection can ask the same
function for each that comes in. Quantities are whole lots; a limit that is not wanted is `NO_LIMIT`
(`NO_VALUE_LIMIT` for the one of money).
"""

import math

from truefill.core.jit import helper

NO_LIMIT = (1 << 63) - 1
NO_VALUE_LIMIT = math.inf

# Why a request is refused.
ORDER_QTY_LIMIT = 1
POSITION_LIMIT = 2
NOTIONAL_LIMIT = 3
OPEN_ORDERS_LIMIT = 4
REASONS = {
    ORDER_QTY_LIMIT: "quantity of one order",
    POSITION_LIMIT: "position, if everything open on its side is filled",
    NOTIONAL_LIMIT: "value of one order",
    OPEN_ORDERS_LIMIT: "number of open orders",
}


@helper
def limit_broken(
    side,
    lots,
    value,
    position,
    open_same_side,
    orders_after,
    max_lots,
    max_position,
    max_value,
    max_orders,
):
    """Which limit a request would break.

    Parameters
    ----------
    side : int
        1 buy, -1 sell.
    lots : int
        Open quantity that is asked for.
    value : float
        What that is worth; NaN (no price is known) breaks a limit of value.
    position : int
        Lots held, negative when short.
    open_same_side : int
        Open lots of all other orders of the same side.
    orders_after : int
        Open orders when this request is carried out.
    max_lots, max_position, max_value, max_orders
        The limits; `max_position` holds for long and for short.

    Returns
    -------
    int
        0: none.
    """
    if lots > max_lots:
        return ORDER_QTY_LIMIT
    if max_position != NO_LIMIT:
        # the room that is left, and not a sum, which orders beyond any sense could let wrap around
        room = max_position - side * position - open_same_side
        if lots > room:
            return POSITION_LIMIT
    if max_value != NO_VALUE_LIMIT and not value <= max_value:
        return NOTIONAL_LIMIT
    if orders_after > max_orders:
        return OPEN_ORDERS_LIMIT
    return 0
