"""What an arriving order takes from the market's book, under each exchange model.

`fifo` and pro-rata: level by level, and what is taken is gone until the feed sets the level again.
`partial_fill`: level by level from what the book shows, which stays. `no_partial_fill`: everything at the
best opposite price.
"""

import numpy as np

from truefill.backtest.executions import execute
from truefill.backtest.records import FIFO, PRO_RATA
from truefill.core.address import i64_view
from truefill.core.jit import helper


@helper
def uses_up(a):
    """Whether own orders use up the book that they take from, and share the trades that fill them."""
    return a["exchange_model"] == FIFO or a["exchange_model"] == PRO_RATA


@helper
def best_opposite(a, side):
    """Level of the best price that an arriving order of `side` can take, or -1.

    The feed's best, or where takers use up the book the first level behind it that has something left.
    """
    level = a["x_ask"] if side > 0 else a["x_bid"]
    if not uses_up(a):
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
    """Fill an arriving order against the visible book, one execution a level.

    Returns (lots, tick) of the last execution.
    """
    ticks = i64_view(a["level_tick_addr"], a["levels"])
    book = i64_view(a["x_book_addr"], a["levels"] * 2)
    side = order["side"]
    book_side = (1 + side) // 2
    used_up = uses_up(a)
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
            if used_up:
                book[index] -= lots
            order["leaves"] -= lots
            order["filled"] += lots
        level += side
    return last_lots, last_tick


@helper
def take_whole(run, a, order, level, timestamp):
    """`no_partial_fill`: everything at the best opposite price, whatever the book shows."""
    tick = i64_view(a["level_tick_addr"], a["levels"])[level]
    lots = order["leaves"]
    execute(run, a, order["order_id"], order["side"], 0, tick, lots, timestamp, timestamp, 0.0)
    order["filled"] += lots
    order["leaves"] = 0
    return lots, tick
