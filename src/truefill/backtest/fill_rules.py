"""When and how much a resting order fills, and what a taker gets. docs/fill-rules.md says it in prose.

`no_partial_fill` is HftBacktest's NoPartialFillExchange (its proven faults mended); `fifo`, the default,
shares each trade among own orders in price-time order and lets own takers use up the visible book.
Everything here happens at the exchange, at `timestamp`, one row of the market or one request at a time.
"""

import numpy as np

from truefill.backtest.executions import execute, report
from truefill.backtest.models.queue import queue_excess, queue_trade
from truefill.backtest.records import FIFO, FILL_REPORT, resting_at
from truefill.backtest.resting import free_resting, ranks_of, remove_rank
from truefill.core.address import i64_view
from truefill.core.jit import helper
from truefill.core.order_states import FILL_ALL, FILL_PART


@helper
def _fill_resting(run, a, side, position, lots, timestamp):
    """Fill `lots` of the order at `position` of a side's ranks at its own price. True when it is done."""
    slot = np.int64(ranks_of(a, side)[position])
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    execute(
        run, a, order["order_id"], side, 1, order["tick"], lots, timestamp, order["entry_ts"], order["ahead"]
    )
    order["leaves"] -= lots
    order["filled"] += lots
    done = order["leaves"] == 0
    event = FILL_ALL if done else FILL_PART
    report(run, a, FILL_REPORT, event, timestamp, 0, order, 1, 1, lots, order["tick"])
    if done:
        remove_rank(a, side, position)
        free_resting(a, slot)
    return done


@helper
def fill_by_trade(run, a, aggressor, tick, lots, timestamp):
    """A trade of `lots` at `tick` by an aggressor (+1 buyer, -1 seller) meets the own orders opposite."""
    side = -aggressor
    shares = a["exchange_model"] == FIFO
    used = np.int64(0)
    position = 0
    while position < len(ranks_of(a, side)):
        slot = np.int64(ranks_of(a, side)[position])
        order = resting_at(a["resting_addr"], a["resting_room"])[slot]
        through = aggressor * (tick - order["tick"])
        if through < 0:
            break
        available = order["leaves"]
        if through == 0:
            queue_trade(run, a, slot, lots, timestamp)
            excess = queue_excess(a, slot)
            if shares:
                available = min(available, min(excess, lots) - used)
            elif excess == 0:
                available = np.int64(0)
        elif shares:
            available = min(available, lots - used)
        if available > 0:
            used += available
            if _fill_resting(run, a, side, position, available, timestamp):
                continue
        position += 1


@helper
def fill_by_crossing(run, a, opposite, level, timestamp):
    """The market's best price of side `opposite` (+1 bid, -1 ask) moved to `level`, onto own orders."""
    side = -opposite
    ticks = i64_view(a["level_tick_addr"], a["levels"])
    book = i64_view(a["x_book_addr"], a["levels"] * 2)
    book_side = (1 - opposite) // 2
    best = ticks[level]
    shares = a["exchange_model"] == FIFO
    position = 0
    while position < len(ranks_of(a, side)):
        slot = np.int64(ranks_of(a, side)[position])
        order = resting_at(a["resting_addr"], a["resting_room"])[slot]
        if opposite * (best - order["tick"]) < 0:
            break
        lots = order["leaves"]
        if shares:
            lots = np.int64(0)
            while lots < order["leaves"] and 0 <= level < a["levels"]:
                if opposite * (ticks[level] - order["tick"]) < 0:
                    break
                index = level * 2 + book_side
                taken = min(book[index], order["leaves"] - lots)
                book[index] -= taken
                lots += taken
                if lots < order["leaves"]:
                    level -= opposite
        if lots > 0 and _fill_resting(run, a, side, position, lots, timestamp):
            continue
        position += 1


@helper
def best_opposite(a, side):
    """Level of the best price that an arriving order of `side` can take, or -1.

    The feed's best, or under `fifo` the first level behind it that own takers have not used up.
    """
    level = a["x_ask"] if side > 0 else a["x_bid"]
    if a["exchange_model"] != FIFO:
        return level
    book = i64_view(a["x_book_addr"], a["levels"] * 2)
    book_side = (1 + side) // 2
    while 0 <= level < a["levels"] and book[level * 2 + book_side] <= 0:
        level += side
    if level < 0 or level >= a["levels"]:
        return np.int64(-1)
    return level


@helper
def visible(a, side, level, limit_tick, is_market, enough):
    """Lots that an order of `side` can take from `level` outward up to its limit; stops at `enough`."""
    ticks = i64_view(a["level_tick_addr"], a["levels"])
    book = i64_view(a["x_book_addr"], a["levels"] * 2)
    book_side = (1 + side) // 2
    total = np.int64(0)
    while 0 <= level < a["levels"] and total < enough:
        if not is_market and side * (limit_tick - ticks[level]) < 0:
            break
        total += max(book[level * 2 + book_side], 0)
        level += side
    return total


@helper
def sweep(run, a, order, level, is_market, timestamp):
    """Fill an arriving order against the visible book, one execution a level; what it takes is gone.

    Returns (lots, tick) of the last execution.
    """
    ticks = i64_view(a["level_tick_addr"], a["levels"])
    book = i64_view(a["x_book_addr"], a["levels"] * 2)
    side = order["side"]
    book_side = (1 + side) // 2
    last_lots = np.int64(0)
    last_tick = np.int64(0)
    while 0 <= level < a["levels"] and order["leaves"] > 0:
        if not is_market and side * (order["tick"] - ticks[level]) < 0:
            break
        index = level * 2 + book_side
        lots = min(book[index], order["leaves"])
        if lots > 0:
            last_lots = lots
            last_tick = ticks[level]
            execute(run, a, order["order_id"], side, 0, last_tick, lots, timestamp, timestamp, 0.0)
            book[index] -= lots
            order["leaves"] -= lots
            order["filled"] += lots
        level += side
    return last_lots, last_tick
