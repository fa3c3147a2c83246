"""An order comes to the book: it takes, rests or ends. New orders, modified ones, triggered stops."""

import numpy as np

from truefill.backtest.executions import report
from truefill.backtest.models.queue import queue_new_order
from truefill.backtest.records import FILL_REPORT, resting_at
from truefill.backtest.resting import insert_rank, level_of_tick, ranks_of, remove_rank
from truefill.backtest.taking import best_opposite, own_opposite, take, wanted
from truefill.backtest.waiting import free_resting
from truefill.core.address import i64_view
from truefill.core.jit import helper
from truefill.core.order_rules import is_post_only, may_rest, reducible, tick_behind, tip
from truefill.core.order_states import ACCEPT, EXPIRE, FILL_ALL, FILL_PART
from truefill.core.reasons import NO_REASON, NOTHING_TO_REDUCE, UNFILLED, WOULD_TAKE
from truefill.core.records import MARKET, REDUCE_ONLY, SLIDE


@helper
def place(run, a, slot, kind, timestamp, request_ts):
    """Take, rest or end the order in `slot`, which is in the pool and in neither ranks nor waiting list.

    `kind` is the request that is answered, or FILL_REPORT: a triggered stop, whose resting is no news.
    """
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    side = order["side"]
    is_market = order["order_type"] == MARKET
    order["entry_ts"] = timestamp
    order["reason"] = NO_REASON
    level = best_opposite(a, side)
    crosses = level >= 0
    if crosses and not is_market:
        crosses = side * (order["tick"] - i64_view(a["x_level_tick_addr"], a["x_levels"])[level]) >= 0
    own = own_opposite(a, order)
    last_lots = np.int64(0)
    last_tick = np.int64(0)
    if wanted(a, order) == 0:
        order["reason"] = NOTHING_TO_REDUCE
    elif not is_market and is_post_only(order["tif"], order["flags"]):
        if crosses or own >= 0:
            _avoid_taking(a, order, level, own)
    elif crosses or own >= 0:
        last_lots, last_tick = take(run, a, order, level, timestamp)
        if order["reason"] == NO_REASON and order["leaves"] > 0 and wanted(a, order) == 0:
            order["reason"] = NOTHING_TO_REDUCE
    executed = 1 if last_lots > 0 else 0

    if order["leaves"] > 0 and order["reason"] == NO_REASON and (is_market or not may_rest(order["tif"])):
        order["reason"] = UNFILLED
    rests = order["leaves"] > 0 and order["reason"] == NO_REASON
    if rests:
        order["shown"] = tip(order["leaves"], order["display"])
        rest(run, a, slot, timestamp)
        a["expiry_ts"] = min(a["expiry_ts"], order["expire_ts"])
    if order["leaves"] == 0:
        event = FILL_ALL
    elif not rests:
        event = EXPIRE
    elif executed != 0:
        event = FILL_PART
    else:
        event = ACCEPT
    if event != ACCEPT or kind != FILL_REPORT:
        report(run, a, kind, event, timestamp, request_ts, order, executed, 0, last_lots, last_tick)
    if not rests:
        free_resting(a, slot)


@helper
def _avoid_taking(a, order, level, own):
    """A post-only order that would take ends, or slides to one tick behind the touch (own orders too)."""
    side = order["side"]
    touch = np.int64(0)
    if level >= 0:
        touch = i64_view(a["x_level_tick_addr"], a["x_levels"])[level]
    if own >= 0:
        own_tick = resting_at(a["resting_addr"], a["resting_room"])[own]["tick"]
        if level < 0 or side * (own_tick - touch) < 0:
            touch = own_tick
    moved = tick_behind(touch, side)
    if (order["flags"] & SLIDE) != 0 and moved > 0:
        order["tick"] = moved
    else:
        order["reason"] = WOULD_TAKE


@helper
def rest(run, a, slot, timestamp):
    """Put the order at the end of the queue of its level."""
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    level = level_of_tick(a, order["tick"])
    level_lots = np.int64(0)
    order["book_index"] = -1
    if level >= 0:
        order["book_index"] = level * 2 + (1 - order["side"]) // 2
        level_lots = i64_view(a["x_book_addr"], a["x_levels"] * 2)[order["book_index"]]
    order["entry_row"] = a["x_row"]
    queue_new_order(run, a, slot, level_lots, timestamp)
    insert_rank(a, slot)


@helper
def end_useless(run, a, timestamp):
    """Resting reduce-only orders end when the position that they could reduce is gone."""
    if a["reduce_only"] == 0:
        return
    for side in (1, -1):
        if reducible(side, a["x_position"]) > 0:
            continue
        position = 0
        while position < len(ranks_of(a, side)):
            slot = np.int64(ranks_of(a, side)[position])
            order = resting_at(a["resting_addr"], a["resting_room"])[slot]
            if (order["flags"] & REDUCE_ONLY) == 0:
                position += 1
                continue
            order["reason"] = NOTHING_TO_REDUCE
            remove_rank(a, side, position)
            report(run, a, FILL_REPORT, EXPIRE, timestamp, 0, order, 0, 0, 0, 0)
            free_resting(a, slot)
