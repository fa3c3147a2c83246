"""Pro-rata: one trade shared among the orders at its price. Compiled only for runs that have such a venue."""

import numpy as np

from truefill.backtest.arguments import BROKEN
from truefill.backtest.fill_rules import fill_resting, open_lots
from truefill.backtest.models.queue import queue_excess, queue_trade
from truefill.backtest.records import asset_at, resting_at, run_at
from truefill.backtest.resting import ranks_of
from truefill.backtest.seams import SHARE_OUT
from truefill.core.address import i64_view
from truefill.core.allocation import size_part, time_part
from truefill.core.jit import Callback, helper
from truefill.core.order_rules import allowed
from truefill.core.records import OK


@helper
def _share_out(run, a, side, first, lots, used, timestamp):
    """Share a trade of `lots`, of which `used` are gone, among the orders at its price: `core.allocation`.

    They are the ranks from `first` on at one price. The market's own orders at the level take part with
    the quantity that the book shows there; the part by size leaves everybody's place in the queue as it is.
    """
    orders = resting_at(a["resting_addr"], a["resting_room"])
    ranks = ranks_of(a, side)
    tick = orders[ranks[first]]["tick"]
    by_time = time_part(lots, a["time_share"])
    market = np.int64(0)
    own = np.int64(0)
    end = first
    while end < len(ranks) and orders[ranks[end]]["tick"] == tick:
        slot = np.int64(ranks[end])
        order = orders[slot]
        order["allotted"] = 0
        if by_time > 0:
            queue_trade(run, a, slot, by_time, timestamp)
            part = min(open_lots(a, order, True), min(queue_excess(a, slot), by_time) - used)
            order["allotted"] = max(part, 0)
            used += order["allotted"]
        own += open_lots(a, order, True) - order["allotted"]
        if order["book_index"] >= 0:
            market = i64_view(a["x_book_addr"], a["x_levels"] * 2)[order["book_index"]]
        end += 1
    left = min(lots - by_time, lots - used)
    left_over = left
    for i in range(first, end):
        order = orders[ranks[i]]
        still = open_lots(a, order, True) - order["allotted"]
        part = size_part(left, still, market + own, a["min_share"])
        order["allotted"] += part
        left_over -= part
    left_over -= market  # what rounding leaves goes to the market's orders, as far as there are any
    position = first
    for _ in range(end - first):
        order = orders[ranks_of(a, side)[position]]
        part = min(max(left_over, 0), open_lots(a, order, True) - order["allotted"])
        left_over -= part
        part = allowed(side, order["flags"], order["allotted"] + part, a["x_position"])
        if part == 0 or not fill_resting(run, a, side, position, part, timestamp):
            position += 1


def _share_out_entry(address, asset_address, side, first, lots, used, timestamp):
    try:
        _share_out(run_at(address), asset_at(asset_address), side, first, lots, used, timestamp)
        return OK
    except Exception:
        return BROKEN


share_out = Callback(_share_out_entry, SHARE_OUT)
