"""Stops that wait for their trigger, and orders that end at a given time.

A waiting stop has a record in the pool of `resting` and a place in this list, in the order of arrival; it
stands in no queue. What wakes it: `triggers`.
"""

import numpy as np

from truefill.backtest.memory import grown
from truefill.backtest.records import resting_at, stops_at
from truefill.backtest.resting import free_record, ranks_of
from truefill.core.address import i32_view
from truefill.core.events import NO_TIME
from truefill.core.jit import helper
from truefill.core.records import GTD
from truefill.core.tape_records import STOP_TRADE


@helper
def waiting_slots(a):
    """Slots of the stops that wait, by arrival."""
    return i32_view(a["waiting_addr"], a["waiting_count"])


@helper
def add_waiting(a, slot):
    """Let an order wait for its trigger."""
    if a["waiting_count"] == a["waiting_room"]:
        a["waiting_addr"], a["waiting_room"] = grown(a["waiting_addr"], a["waiting_room"], 4)
    a["waiting_count"] += 1
    waiting_slots(a)[a["waiting_count"] - 1] = slot
    resting_at(a["resting_addr"], a["resting_room"])[slot]["waits"] = 1


@helper
def remove_waiting(a, slot):
    """Take an order out of the list; its record stays."""
    slots = waiting_slots(a)
    last = len(slots) - 1
    i = 0
    while slots[i] != slot:
        i += 1
    for k in range(i, last):
        slots[k] = slots[k + 1]
    a["waiting_count"] = last
    resting_at(a["resting_addr"], a["resting_room"])[slot]["waits"] = 0


@helper
def last_trade_tick(a):
    """Price of the last trade that the exchange has seen, or 0. Looks back over the stops."""
    stops = stops_at(a["x_stops_addr"], a["x_stops"])
    number = a["x_stop"] - 1
    while number >= 0:
        if stops[number]["kind"] == STOP_TRADE:
            return stops[number]["tick"]
        number -= 1
    return a["x_trade_tick"]  # of the tapes before


@helper
def expiry_of(a, tif, expire_ts):
    """When an order ends by itself; NO_TIME: not within the tape, what would end later never ends."""
    if tif != GTD or expire_ts > a["x_last_ts"]:
        return np.int64(NO_TIME)
    return np.int64(expire_ts)


@helper
def next_expiring(a, timestamp):
    """Slot of the next order that ends at `timestamp`: bids and asks by rank, then stops; -1: none."""
    orders = resting_at(a["resting_addr"], a["resting_room"])
    for side in (1, -1):
        ranks = ranks_of(a, side)
        for i in range(len(ranks)):
            if orders[ranks[i]]["expire_ts"] <= timestamp:
                return np.int64(ranks[i])
    slots = waiting_slots(a)
    for i in range(len(slots)):
        if orders[slots[i]]["expire_ts"] <= timestamp:
            return np.int64(slots[i])
    return np.int64(-1)


@helper
def free_resting(a, slot):
    """Give an order's record back to the pool, and find the next expiry if it was this order's."""
    expire_ts = resting_at(a["resting_addr"], a["resting_room"])[slot]["expire_ts"]
    free_record(a, slot)
    if expire_ts < NO_TIME and expire_ts == a["expiry_ts"]:
        orders = resting_at(a["resting_addr"], a["resting_room"])
        earliest = np.int64(NO_TIME)
        for side in (1, -1):
            ranks = ranks_of(a, side)
            for i in range(len(ranks)):
                earliest = min(earliest, orders[ranks[i]]["expire_ts"])
        slots = waiting_slots(a)
        for i in range(len(slots)):
            earliest = min(earliest, orders[slots[i]]["expire_ts"])
        a["expiry_ts"] = earliest
