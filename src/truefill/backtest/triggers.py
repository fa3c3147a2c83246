"""What wakes a stop: a trade, the best price that it would take, or the mark price (docs/orders.md).

A best price counts as it is after everything of one moment: while the rows of a moment are applied, or a
book is told anew, it goes through prices that nobody could have traded at. Mark prices are known before the
run, as times and prices; while a stop waits, the next of them is an event of its own.
"""

import math
from typing import Any

import numpy as np

from truefill.backtest.account_events import last_exchange_ts, mark_rows
from truefill.backtest.chain import Market
from truefill.backtest.records import TRIGGER_BEST, TRIGGER_MARK, TRIGGER_TRADE, resting_at
from truefill.backtest.waiting import last_trade_tick, waiting_slots
from truefill.core.address import f64_view, i64_view
from truefill.core.events import NO_TIME
from truefill.core.jit import helper
from truefill.core.order_rules import is_triggered

TRIGGERS = {"trade": TRIGGER_TRADE, "best": TRIGGER_BEST, "mark": TRIGGER_MARK}
_WHOLE = 1e-6  # a mark price that is so near to a tick is on it


def marks_in_ticks(tape: Market, mark: Any, tick_size: float) -> tuple[np.ndarray, np.ndarray]:
    """Exchange times of the changes of a mark price, ns, and the prices in ticks; one of each time."""
    rows, _ = mark_rows(tape, mark, 0, 0)
    rows = rows[rows["ts"] <= last_exchange_ts(tape)]
    rows = rows[np.append(rows["ts"][1:] != rows["ts"][:-1], True)[: len(rows)]]
    ticks = rows["value"] / tick_size
    near = np.rint(ticks)
    ticks = np.where(np.abs(ticks - near) <= _WHOLE, near, ticks)
    return np.ascontiguousarray(rows["ts"]), np.ascontiguousarray(ticks)


@helper
def next_mark_ts(a):
    """When the next mark price comes that a waiting stop looks at; NO_TIME: none does."""
    if a["waiting_count"] == 0 or a["stop_trigger"] != TRIGGER_MARK or a["mark_at"] >= a["marks"]:
        return np.int64(NO_TIME)
    return i64_view(a["mark_ts_addr"], a["marks"])[a["mark_at"]]


@helper
def _best(a, side):
    """The best price that an order of `side` would take, in ticks; NaN: nobody is there."""
    level = a["x_ask"] if side > 0 else a["x_bid"]
    if level < 0:
        return math.nan
    return float(i64_view(a["x_level_tick_addr"], a["x_levels"])[level])


@helper
def is_triggered_on_arrival(a, order, timestamp):
    """Whether a stop that arrives at `timestamp` need not wait. A mark of that moment comes before it."""
    price = math.nan
    if a["stop_trigger"] == TRIGGER_TRADE:
        last = last_trade_tick(a)
        if last != 0:
            price = float(last)
    elif a["stop_trigger"] == TRIGGER_BEST:
        price = _best(a, order["side"])
    else:
        ts = i64_view(a["mark_ts_addr"], a["marks"])
        while a["mark_at"] < a["marks"] and ts[a["mark_at"]] <= timestamp:  # those that nobody waited for
            a["mark_at"] += 1
        if a["mark_at"] > 0:
            price = f64_view(a["mark_tick_addr"], a["marks"])[a["mark_at"] - 1]
    return is_triggered(order["order_type"], order["side"], order["trigger"], price)


@helper
def take_mark(a):
    """The next mark price happens. Returns its time and its price in ticks."""
    at = a["mark_at"]
    a["mark_at"] = at + 1
    return i64_view(a["mark_ts_addr"], a["marks"])[at], f64_view(a["mark_tick_addr"], a["marks"])[at]


@helper
def first_at(a, price):
    """Slot of the first waiting stop that a trade or mark at `price` (ticks) triggers, or -1."""
    orders = resting_at(a["resting_addr"], a["resting_room"])
    slots = waiting_slots(a)
    for i in range(len(slots)):
        order = orders[slots[i]]
        if is_triggered(order["order_type"], order["side"], order["trigger"], price):
            return np.int64(slots[i])
    return np.int64(-1)


@helper
def first_at_best(a):
    """Slot of the first waiting stop that the best prices trigger, or -1."""
    orders = resting_at(a["resting_addr"], a["resting_room"])
    slots = waiting_slots(a)
    for i in range(len(slots)):
        order = orders[slots[i]]
        if is_triggered(order["order_type"], order["side"], order["trigger"], _best(a, order["side"])):
            return np.int64(slots[i])
    return np.int64(-1)
