"""What the types and times of orders mean, as functions of plain numbers: for simulator, exchange and live.

``side`` is 1 for a buy and -1 for a sell; prices are ticks, quantities lots.
"""

import numpy as np

from truefill.core.jit import helper
from truefill.core.records import (
    GTC,
    GTD,
    GTX,
    LIMIT,
    MARKET,
    REDUCE_ONLY,
    SLIDE,
    STOP_LIMIT,
    STOP_MARKET,
    TAKE_PROFIT_LIMIT,
)


@helper
def waits_for_trigger(order_type):
    """Whether an order of this type sleeps until a trade triggers it."""
    return order_type >= STOP_MARKET


@helper
def has_limit(order_type):
    """Whether an order of this type has a limit price, now or once it is triggered."""
    return order_type == LIMIT or order_type == STOP_LIMIT or order_type == TAKE_PROFIT_LIMIT


@helper
def type_once_triggered(order_type):
    """What a triggered order becomes: LIMIT or MARKET."""
    return LIMIT if has_limit(order_type) else MARKET


@helper
def is_triggered(order_type, side, trigger, last):
    """Whether a trade at tick `last` triggers the order.

    A stop follows the market: to buy at the trigger or above, to sell at it or below. A take-profit waits
    for a better price: to buy at the trigger or below, to sell at it or above.
    """
    is_stop = order_type == STOP_MARKET or order_type == STOP_LIMIT
    if is_stop == (side > 0):
        return last >= trigger
    return last <= trigger


@helper
def is_post_only(tif, flags):
    """Whether a limit order must not take."""
    return tif == GTX or (flags & SLIDE) != 0


@helper
def may_rest(tif):
    """Whether what a limit order does not take on arrival stays."""
    return tif == GTC or tif == GTX or tif == GTD


@helper
def tick_behind(touch, side):
    """Best price in ticks at which an order of `side` does not take from an opposite best of `touch`."""
    return touch - side


@helper
def tip(leaves, display):
    """What an iceberg shows when it is (re)filled; `display` 0 is no iceberg."""
    return min(leaves, display) if display > 0 else leaves


@helper
def reducible(side, position):
    """Lots of a position that an order of `side` can close."""
    return max(np.int64(-side * position), np.int64(0))


@helper
def allowed(side, flags, lots, position):
    """`lots`, or for a reduce-only order what of them closes the position."""
    if (flags & REDUCE_ONLY) != 0:
        return min(np.int64(lots), reducible(side, position))
    return np.int64(lots)
