"""Places in the queue on a tape of single orders: known, not modelled (docs/order-by-order.md).

An own order remembers how many rows the exchange's view had when it came to rest (``entry_row``). The
tape tells of each row the place of the order that it is about (``exch.prio``): what lies below ``entry_row``
is in front, the rest behind. ``front`` keeps the quantity in front. Where the stream names the orders that
are hit, nothing but the place is needed to know what fills.

Where only trades are published, a trade at the own price takes from the front at once, and ``traded``
remembers it until the book's own row for it comes.
"""

import numpy as np

from truefill.backtest.records import resting_at
from truefill.backtest.resting import ranks_of
from truefill.core.address import i32_view
from truefill.core.events import NO_BID_TICK
from truefill.core.jit import helper


@helper
def queue_row(a, slot, previous, new, row):
    """Row number `row` took the level of the order in `slot` from `previous` to `new` lots."""
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    if i32_view(a["x_prio_addr"], a["x_rows"])[row] >= order["entry_row"]:
        return
    gone = float(previous - new)
    if gone > 0.0:
        known = min(gone, order["traded"])
        order["traded"] -= known
        gone -= known
    # below zero: an order that a clear removed is back in its place
    order["front"] = max(min(order["front"] - gone, float(new)), 0.0)


@helper
def queues_cleared(a, side, upto):
    """The market's orders of a side (1 bid, -1 ask, 0 both) at `upto` or better are gone; own ones stay."""
    for own in (1, -1):
        if side == -own:
            continue
        ranks = ranks_of(a, own)
        orders = resting_at(a["resting_addr"], a["resting_room"])
        for i in range(len(ranks)):
            order = orders[np.int64(ranks[i])]
            better = order["tick"] >= upto if own > 0 else order["tick"] <= upto
            if side == 0 or upto == NO_BID_TICK or better:
                order["front"] = 0.0
                order["traded"] = 0.0
