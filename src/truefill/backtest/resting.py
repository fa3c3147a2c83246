"""Own orders at the exchange: a pool of records, two ranks (bids, asks) by price then time, and an id map.

`x_own` flags, per book index, whether an own order rests there; between stop rows the replay of depth
looks at nothing else.
"""

import numpy as np

from truefill.backtest.memory import grown, map_empty, map_find, map_put, map_remove
from truefill.backtest.records import RESTING, resting_at
from truefill.core.address import i32_view, i64_view, u8_view
from truefill.core.jit import helper
from truefill.core.records import REDUCE_ONLY

_ROW = RESTING.itemsize


@helper
def rank_of_tick(ticks, tick):
    """Rank of a price among ascending ones, or -1 (binary search)."""
    low = 0
    high = len(ticks)
    while low < high:
        middle = (low + high) // 2
        if ticks[middle] < tick:
            low = middle + 1
        else:
            high = middle
    if low < len(ticks) and ticks[low] == tick:
        return np.int64(low)
    return np.int64(-1)


@helper
def level_of_tick(a, tick):
    """Rank of a price among the levels of the exchange's view, or -1."""
    return rank_of_tick(i64_view(a["x_level_tick_addr"], a["x_levels"]), tick)


@helper
def new_resting(a, order_id):
    """Take a slot of the pool for an order id that is not at the exchange."""
    slot = a["resting_free"]
    if slot >= 0:
        a["resting_free"] = resting_at(a["resting_addr"], a["resting_room"])[slot]["next_free"]
    else:
        if a["resting_count"] == a["resting_room"]:
            a["resting_addr"], a["resting_room"] = grown(a["resting_addr"], a["resting_room"], _ROW)
        slot = a["resting_count"]
        a["resting_count"] = slot + 1
    if a["xmap_keys_addr"] == 0 or a["resting_live"] * 2 > a["xmap_mask"]:
        _rebuild_map(a)
    map_put(a["xmap_keys_addr"], a["xmap_slots_addr"], a["xmap_mask"], order_id, slot)
    a["resting_live"] += 1
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    order["order_id"] = order_id
    order["front"] = 0.0
    order["traded"] = 0.0
    order["extra0"] = 0.0
    order["extra1"] = 0.0
    order["ahead"] = 0.0
    order["filled"] = 0
    a["arrivals"] += 1
    order["arrival"] = a["arrivals"]
    return slot


@helper
def _rebuild_map(a):
    keys, slots, mask = map_empty(a["xmap_keys_addr"], a["xmap_slots_addr"], a["resting_live"] * 2)
    a["xmap_keys_addr"] = keys
    a["xmap_slots_addr"] = slots
    a["xmap_mask"] = mask
    orders = resting_at(a["resting_addr"], a["resting_room"])
    for side in (1, -1):
        ranks = ranks_of(a, side)
        for i in range(len(ranks)):
            map_put(keys, slots, mask, orders[ranks[i]]["order_id"], ranks[i])
    waiting = i32_view(a["waiting_addr"], a["waiting_count"])
    for i in range(len(waiting)):
        map_put(keys, slots, mask, orders[waiting[i]]["order_id"], waiting[i])


@helper
def find_resting(a, order_id):
    """Slot of an own order that rests at the exchange, or -1."""
    return map_find(a["xmap_keys_addr"], a["xmap_slots_addr"], a["xmap_mask"], order_id)


@helper
def ranks_of(a, side):
    """Slots of the own orders of a side, best price first, then time."""
    if side > 0:
        return i32_view(a["bids_addr"], a["bids_count"])
    return i32_view(a["asks_addr"], a["asks_count"])


@helper
def insert_rank(a, slot):
    """Put an order in its place by price and time, and flag its level."""
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    side = order["side"]
    if max(a["bids_count"], a["asks_count"]) == a["ranks_room"]:
        room = a["ranks_room"]
        a["bids_addr"], _ = grown(a["bids_addr"], room, 4)
        a["asks_addr"], a["ranks_room"] = grown(a["asks_addr"], room, 4)
    if side > 0:
        a["bids_count"] += 1
    else:
        a["asks_count"] += 1
    ranks = ranks_of(a, side)
    orders = resting_at(a["resting_addr"], a["resting_room"])
    i = len(ranks) - 1
    while i > 0 and side * (order["tick"] - orders[ranks[i - 1]]["tick"]) > 0:
        ranks[i] = ranks[i - 1]
        i -= 1
    ranks[i] = slot
    if (order["flags"] & REDUCE_ONLY) != 0:
        a["reduce_only"] += 1
    if order["book_index"] >= 0:
        u8_view(a["x_own_addr"], a["x_levels"] * 2)[order["book_index"]] = 1


@helper
def rank_position(a, slot):
    """Where an order stands in its side's ranks."""
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    ranks = ranks_of(a, order["side"])
    i = 0
    while ranks[i] != slot:
        i += 1
    return i


@helper
def remove_rank(a, side, position):
    """Take the order at `position` out of the ranks; its record stays until `free_resting`."""
    ranks = ranks_of(a, side)
    orders = resting_at(a["resting_addr"], a["resting_room"])
    order = orders[ranks[position]]
    if (order["flags"] & REDUCE_ONLY) != 0:
        a["reduce_only"] -= 1
    book_index = order["book_index"]
    shared = position > 0 and orders[ranks[position - 1]]["tick"] == order["tick"]
    last = len(ranks) - 1
    if position < last and orders[ranks[position + 1]]["tick"] == order["tick"]:
        shared = True
    for i in range(position, last):
        ranks[i] = ranks[i + 1]
    if side > 0:
        a["bids_count"] = last
    else:
        a["asks_count"] = last
    if book_index >= 0 and not shared:
        u8_view(a["x_own_addr"], a["x_levels"] * 2)[book_index] = 0


@helper
def free_record(a, slot):
    """Give an order's record back to the pool: `waiting.free_resting` is what to call."""
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    map_remove(a["xmap_keys_addr"], a["xmap_slots_addr"], a["xmap_mask"], order["order_id"])
    order["next_free"] = a["resting_free"]
    a["resting_free"] = slot
    a["resting_live"] -= 1
