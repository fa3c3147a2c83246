"""When and how much a resting order fills. docs/fill-rules.md says it in prose.

`no_partial_fill` and `partial_fill` are HftBacktest's exchanges (their proven faults mended); `fifo`, the
default, shares each trade among own orders in price-time order, pro-rata by size at their own price.
Everything here happens at the exchange, at `timestamp`, one row of the market or one request at a time.
"""

import numpy as np

from truefill.backtest.executions import execute, report
from truefill.backtest.models.exchanges import CROSSED, TRADED
from truefill.backtest.models.queue import queue_excess, queue_through, queue_trade
from truefill.backtest.placing import rest
from truefill.backtest.records import FILL_REPORT, NO_PARTIAL_FILL, PARTIAL_FILL, PRO_RATA, resting_at
from truefill.backtest.resting import ranks_of, remove_rank
from truefill.backtest.seams import fill_by_user, share_out
from truefill.backtest.taking import uses_up
from truefill.backtest.waiting import free_resting
from truefill.core.address import i64_view
from truefill.core.jit import helper
from truefill.core.order_rules import allowed, tip
from truefill.core.order_states import FILL_ALL, FILL_PART
from truefill.core.reasons import NO_REASON


@helper
def open_lots(a, order, tip_only):
    """Lots that an order can be filled with: reduce-only at most the position, an iceberg its tip."""
    lots = order["shown"] if tip_only and order["display"] > 0 else order["leaves"]
    return allowed(order["side"], order["flags"], lots, a["x_position"])


@helper
def fill_resting(run, a, side, position, lots, timestamp):
    """Fill `lots` of the order at `position` of a side's ranks at its own price.

    True when another order has its position now: it is done, or an iceberg whose next tip went to the end
    of its price.
    """
    slot = np.int64(ranks_of(a, side)[position])
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    execute(
        run, a, order["order_id"], side, 1, order["tick"], lots, timestamp, order["entry_ts"], order["ahead"]
    )
    order["leaves"] -= lots
    order["filled"] += lots
    order["shown"] -= lots
    order["reason"] = NO_REASON
    done = order["leaves"] == 0
    moves = done or (order["display"] > 0 and order["shown"] <= 0)
    if moves:
        remove_rank(a, side, position)
    if moves and not done:
        order["shown"] = tip(order["leaves"], order["display"])
        order["entry_ts"] = timestamp
        a["arrivals"] += 1
        order["arrival"] = a["arrivals"]
        rest(run, a, slot, timestamp)
    event = FILL_ALL if done else FILL_PART
    report(run, a, FILL_REPORT, event, timestamp, 0, order, 1, 1, lots, order["tick"])
    if done:
        free_resting(a, slot)
    return moves


@helper
def fill_by_execution(run, a, side, tick, lots, place, timestamp):
    """A market's order of `side` at `tick`, at `place` in its queue (-1: not known), was hit for `lots`.

    Own orders at a better price, or before it in the queue, would have been hit first.
    """
    whole = a["exchange_model"] == NO_PARTIAL_FILL
    shares = uses_up(a)
    used = np.int64(0)
    newest = a["arrivals"]
    position = 0
    while position < len(ranks_of(a, side)):
        order = resting_at(a["resting_addr"], a["resting_room"])[np.int64(ranks_of(a, side)[position])]
        if order["arrival"] > newest:  # an iceberg's next tip
            position += 1
            continue
        better = side * (order["tick"] - tick)
        if better < 0 or (better == 0 and place < order["entry_row"]):
            break
        available = open_lots(a, order, better == 0)
        if not whole and (better == 0 or a["exchange_model"] != PARTIAL_FILL):
            available = min(available, lots - used)
        if available > 0:
            if shares:
                used += available
            if fill_resting(run, a, side, position, available, timestamp):
                continue
        position += 1


@helper
def fill_by_trade(run, a, aggressor, tick, lots, timestamp):
    """A trade of `lots` at `tick` by an aggressor (+1 buyer, -1 seller) meets the own orders opposite."""
    if a["exchange_call"] != 0:
        fill_by_user(run, a, TRADED, aggressor, tick, lots, timestamp)
        return
    side = -aggressor
    shares = uses_up(a)
    used = np.int64(0)
    newest = a["arrivals"]
    position = 0
    while position < len(ranks_of(a, side)):
        slot = np.int64(ranks_of(a, side)[position])
        order = resting_at(a["resting_addr"], a["resting_room"])[slot]
        if order["arrival"] > newest:  # an iceberg's next tip: this trade has met it
            position += 1
            continue
        through = aggressor * (tick - order["tick"])
        if through < 0:
            break
        if through == 0 and a["exchange_model"] == PRO_RATA:
            share_out(run, a, side, position, lots, used, timestamp)
            break
        available = open_lots(a, order, through == 0)
        if through > 0:
            queue_through(run, a, slot, lots, timestamp)
        if through == 0:
            queue_trade(run, a, slot, lots, timestamp)
            excess = queue_excess(a, slot)
            if shares:
                available = min(available, min(excess, lots) - used)
            elif excess == 0 or a["exchange_model"] != NO_PARTIAL_FILL:
                available = min(available, excess, lots)
        elif shares:
            available = min(available, lots - used)
        if available > 0:
            used += available
            if fill_resting(run, a, side, position, available, timestamp):
                continue
        position += 1


@helper
def fill_by_crossing(run, a, opposite, level, timestamp):
    """The market's best price of side `opposite` (+1 bid, -1 ask) moved to `level`, onto own orders."""
    if a["exchange_call"] != 0:
        fill_by_user(run, a, CROSSED, opposite, level, 0, timestamp)
        return
    side = -opposite
    ticks = i64_view(a["x_level_tick_addr"], a["x_levels"])
    book = i64_view(a["x_book_addr"], a["x_levels"] * 2)
    book_side = (1 - opposite) // 2
    best = ticks[level]
    shares = uses_up(a)
    newest = a["arrivals"]
    position = 0
    while position < len(ranks_of(a, side)):
        slot = np.int64(ranks_of(a, side)[position])
        order = resting_at(a["resting_addr"], a["resting_room"])[slot]
        if order["arrival"] > newest:
            position += 1
            continue
        if opposite * (best - order["tick"]) < 0:
            break
        lots = open_lots(a, order, False)
        if shares:
            wanted = lots
            lots = np.int64(0)
            while lots < wanted and 0 <= level < a["x_levels"]:
                if opposite * (ticks[level] - order["tick"]) < 0:
                    break
                index = level * 2 + book_side
                taken = min(book[index], wanted - lots)
                book[index] -= taken
                lots += taken
                if lots < wanted:
                    level -= opposite
        if lots > 0 and fill_resting(run, a, side, position, lots, timestamp):
            continue
        position += 1
