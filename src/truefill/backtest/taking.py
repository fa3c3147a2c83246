"""What an arriving order takes from the market's book, under each exchange model.

`fifo` and pro-rata: level by level, and what is taken is gone until the feed sets the level again.
`partial_fill`: level by level from what the book shows, which stays. `no_partial_fill`: everything at the
best opposite price. With self-trade prevention an own order opposite is met in its place: behind what is
better, and behind what the queue model has in front of it.
"""

import math

import numpy as np

from truefill.backtest.executions import execute, report
from truefill.backtest.records import FIFO, FILL_REPORT, NO_PARTIAL_FILL, PRO_RATA, responses_at, resting_at
from truefill.backtest.resting import ranks_of, remove_rank
from truefill.backtest.waiting import free_resting
from truefill.core.address import i64_view
from truefill.core.jit import helper
from truefill.core.order_rules import allowed
from truefill.core.order_states import ADJUST, CANCEL as CANCELLED
from truefill.core.reasons import SELF_TRADE, UNFILLED
from truefill.core.records import FOK, MARKET
from truefill.core.self_trade import ALLOW, CANCEL_OLDEST, cuts


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
    book = i64_view(a["x_book_addr"], a["x_levels"] * 2)
    book_side = (1 + side) // 2
    while 0 <= level < a["x_levels"] and book[level * 2 + book_side] <= 0:
        level += side
    if level < 0 or level >= a["x_levels"]:
        return np.int64(-1)
    return level


@helper
def wanted(a, order):
    """Lots that an order may execute now: what is open, reduce-only at most the position."""
    return allowed(order["side"], order["flags"], order["leaves"], a["x_position"])


@helper
def own_opposite(a, order):
    """Slot of the best own order opposite that an arriving one reaches; -1: none, or nobody minds."""
    side = order["side"]
    ranks = ranks_of(a, -side)
    if a["self_trade"] == ALLOW or len(ranks) == 0:
        return np.int64(-1)
    own = resting_at(a["resting_addr"], a["resting_room"])[ranks[0]]
    if order["order_type"] != MARKET and side * (order["tick"] - own["tick"]) < 0:
        return np.int64(-1)
    return np.int64(ranks[0])


@helper
def _front_lots(order):
    return np.int64(math.floor(max(order["front"], 0.0) + 0.5))


@helper
def visible(a, order, level, bound, ahead):
    """Lots that an order can take from `level` outward, up to its limit and its quantity.

    `bound`: tick at which an own order stands behind `ahead` lots, and nothing beyond; 0: none.
    """
    ticks = i64_view(a["x_level_tick_addr"], a["x_levels"])
    book = i64_view(a["x_book_addr"], a["x_levels"] * 2)
    side = order["side"]
    is_market = order["order_type"] == MARKET
    book_side = (1 + side) // 2
    total = np.int64(0)
    while 0 <= level < a["x_levels"] and total < order["leaves"]:
        if not is_market and side * (order["tick"] - ticks[level]) < 0:
            break
        if bound > 0 and side * (bound - ticks[level]) < 0:
            break
        lots = max(book[level * 2 + book_side], 0)
        total += min(lots, ahead) if ticks[level] == bound else lots
        level += side
    return total


@helper
def sweep(run, a, order, level, taken, bound, ahead, timestamp):
    """Fill an arriving order against the book from `level` outward, one execution a level.

    Parameters
    ----------
    taken : int
        Lots that this order has taken from `level` already.
    bound, ahead : int
        As for `visible`.

    Returns
    -------
    (int, int, int, int)
        Level and lots taken of it where it stopped; lots and tick of the last execution.
    """
    ticks = i64_view(a["x_level_tick_addr"], a["x_levels"])
    book = i64_view(a["x_book_addr"], a["x_levels"] * 2)
    side = order["side"]
    is_market = order["order_type"] == MARKET
    book_side = (1 + side) // 2
    used_up = uses_up(a)
    last_lots = np.int64(0)
    last_tick = np.int64(0)
    while 0 <= level < a["x_levels"] and wanted(a, order) > 0:
        tick = ticks[level]
        if not is_market and side * (order["tick"] - tick) < 0:
            break
        if bound > 0 and side * (bound - tick) < 0:
            break
        index = level * 2 + book_side
        lots = book[index] if used_up else book[index] - taken
        if tick == bound:
            lots = min(lots, ahead - taken)
        lots = min(lots, wanted(a, order))
        if lots > 0:
            last_lots = lots
            last_tick = tick
            _take(run, a, order, tick, lots, timestamp)
            taken += lots
            if used_up:
                book[index] -= lots
        if tick == bound:
            break
        level += side
        taken = np.int64(0)
    return level, taken, last_lots, last_tick


@helper
def _take(run, a, order, tick, lots, timestamp):
    execute(run, a, order["order_id"], order["side"], 0, tick, lots, timestamp, timestamp, 0.0)
    order["leaves"] -= lots
    order["filled"] += lots


@helper
def _tell(run, a, event, own, timestamp, told):
    """Send news of a resting order that reports no execution past number `told`.

    Those of the arriving order go with the answer about that one.
    """
    report(run, a, FILL_REPORT, event, timestamp, 0, own, 0, 0, 0, 0)
    if a["overtaking"] == 0:  # there, each message reports its own order's executions
        responses_at(a["responses_addr"], a["responses_room"])[a["responses_count"] - 1]["fills"] = told


@helper
def _meet_own(run, a, order, slot, timestamp, told):
    """An arriving order meets the own order in `slot`: what both lose (core.self_trade)."""
    own = resting_at(a["resting_addr"], a["resting_room"])[slot]
    arriving, resting = cuts(a["self_trade"], order["leaves"], own["leaves"])
    if resting > 0:
        own["reason"] = SELF_TRADE
        if resting == own["leaves"]:
            remove_rank(a, own["side"], 0)
            _tell(run, a, CANCELLED, own, timestamp, told)
            free_resting(a, slot)
        else:
            own["leaves"] -= resting
            own["shown"] = min(own["shown"], own["leaves"])
            _tell(run, a, ADJUST, own, timestamp, told)
    if arriving == order["leaves"]:
        order["reason"] = SELF_TRADE
    elif arriving > 0:
        order["leaves"] -= arriving


@helper
def take(run, a, order, level, timestamp):
    """Let an arriving order take what it can from `level` (-1: nothing) outward.

    A reason in the order says that it has to end. Returns (lots, tick) of the last execution.
    """
    lots = np.int64(0)
    tick = np.int64(0)
    if a["exchange_model"] == NO_PARTIAL_FILL:
        return _take_whole(run, a, order, level, timestamp)
    slot = own_opposite(a, order)
    orders = resting_at(a["resting_addr"], a["resting_room"])
    if order["tif"] == FOK:
        bound = np.int64(0)
        ahead = np.int64(0)
        if slot >= 0 and a["self_trade"] != CANCEL_OLDEST:
            bound = orders[slot]["tick"]
            ahead = _front_lots(orders[slot])
        enough = visible(a, order, level, bound, ahead) >= order["leaves"]
        if not enough or wanted(a, order) < order["leaves"]:
            order["reason"] = SELF_TRADE if bound > 0 else UNFILLED
            return lots, tick
    taken = np.int64(0)
    told = a["fills_count"]
    while slot >= 0:
        own = orders[slot]
        bound = own["tick"]
        level, taken, part, at = sweep(run, a, order, level, taken, bound, _front_lots(own), timestamp)
        if part > 0:
            lots = part
            tick = at
        if wanted(a, order) == 0:
            return lots, tick
        _meet_own(run, a, order, slot, timestamp, told)
        if order["reason"] != 0:
            return lots, tick
        slot = own_opposite(a, order)
    level, taken, part, at = sweep(run, a, order, level, taken, np.int64(0), np.int64(0), timestamp)
    if part > 0:
        lots = part
        tick = at
    return lots, tick


@helper
def _take_whole(run, a, order, level, timestamp):
    """`no_partial_fill`: everything at the best opposite price, whatever the book shows.

    Own orders at that price or a better one are met first.
    """
    ticks = i64_view(a["x_level_tick_addr"], a["x_levels"])
    orders = resting_at(a["resting_addr"], a["resting_room"])
    side = order["side"]
    crosses = level >= 0
    if crosses and order["order_type"] != MARKET:
        crosses = side * (order["tick"] - ticks[level]) >= 0
    slot = own_opposite(a, order)
    while slot >= 0 and not (crosses and side * (ticks[level] - orders[slot]["tick"]) < 0):
        _meet_own(run, a, order, slot, timestamp, a["fills_count"])
        if order["reason"] != 0:
            return np.int64(0), np.int64(0)
        slot = own_opposite(a, order)
    if not crosses:
        return np.int64(0), np.int64(0)
    lots = wanted(a, order)
    _take(run, a, order, ticks[level], lots, timestamp)
    return lots, ticks[level]
