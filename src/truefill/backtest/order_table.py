"""The table of own orders here: found by id, in the order of sending, each with the state it is in.

The table remembers from which place on anything has changed, so that who tells of orders need not look at
all of them each time. Every change of a row goes with `order_changed`, whichever file makes it.
"""

import numpy as np

from truefill.backtest.memory import grown, map_empty, map_find, map_put
from truefill.backtest.records import metas_at, orders_at, orders_log_at
from truefill.core.jit import helper
from truefill.core.order_states import ILLEGAL, SUBMITTED, hft_request, hft_status, next_state
from truefill.core.records import CANCELED, EXPIRED, FILLED, NEW, NONE, ORDER_LOG, PARTIALLY_FILLED

_LOG_ROW = ORDER_LOG.itemsize
_NOWHERE = 1 << 62


@helper
def order_changed(a, slot):
    """Remember that the row of a slot, or all from it on, are others than they were."""
    if slot < a["orders_changed"]:
        a["orders_changed"] = slot


@helper
def take_changed(a):
    """First slot that has changed since this was last asked; beyond the table when none has.

    It is for one reader: the event loop of a strategy.
    """
    first = a["orders_changed"]
    a["orders_changed"] = _NOWHERE
    return first


@helper
def find_order(a, order_id):
    """Slot of an order id in the local table, or -1."""
    return map_find(a["lmap_keys_addr"], a["lmap_slots_addr"], a["lmap_mask"], order_id)


@helper
def add_order(a, order_id):
    """Take the next slot of the local table; -1 when it is full."""
    slot = a["orders_count"]
    if slot == a["orders_room"]:
        return np.int64(-1)
    if a["lmap_keys_addr"] == 0 or (slot + 1) * 2 > a["lmap_mask"]:
        _rebuild_map(a)
    map_put(a["lmap_keys_addr"], a["lmap_slots_addr"], a["lmap_mask"], order_id, slot)
    a["orders_count"] = slot + 1
    order = orders_at(a["orders_addr"], a["orders_room"])[slot]
    meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
    order["order_id"] = order_id
    order["asset"] = a["number"]
    order["exec_qty"] = 0.0
    order["exec_price"] = 0.0
    order["exec_price_tick"] = 0
    order["filled_qty"] = 0.0
    order["exch_timestamp"] = 0
    order["tick_size"] = a["tick_size"]
    order["queue_ahead"] = 0.0
    order["maker"] = 0
    order["trigger_price"] = 0.0
    order["trigger_price_tick"] = 0
    order["display_qty"] = 0.0
    order["expire_ts"] = 0
    order["flags"] = 0
    order["reason"] = 0
    meta["ack_ts"] = 0
    meta["end_ts"] = 0
    meta["modifies"] = 0
    meta["cancels"] = 0
    meta["modifying"] = 0
    meta["place_first"] = 0
    meta["place_last"] = 0
    meta["heard"] = a["heard"]  # what was sent before is about another order with this id
    set_state(a, slot, SUBMITTED, SUBMITTED)
    return slot


@helper
def _rebuild_map(a):
    keys, slots, mask = map_empty(a["lmap_keys_addr"], a["lmap_slots_addr"], (a["orders_count"] + 1) * 2)
    a["lmap_keys_addr"] = keys
    a["lmap_slots_addr"] = slots
    a["lmap_mask"] = mask
    orders = orders_at(a["orders_addr"], a["orders_room"])
    for i in range(a["orders_count"]):
        map_put(keys, slots, mask, orders[i]["order_id"], i)


@helper
def is_over(status):
    """Whether HftBacktest's status code is that of a finished order."""
    return status == EXPIRED or status == FILLED or status == CANCELED


@helper
def set_state(a, slot, state, previous):
    """Give an order a state and keep the fields that are views of it in step."""
    order = orders_at(a["orders_addr"], a["orders_room"])[slot]
    status = hft_status(state, previous)
    order["state"] = state
    metas_at(a["orders_meta_addr"], a["orders_room"])[slot]["previous"] = previous
    order["status"] = status
    order["req"] = hft_request(state)
    resting = status == NEW or status == PARTIALLY_FILLED
    order["cancellable"] = 1 if resting and order["req"] == NONE else 0
    order_changed(a, slot)


@helper
def apply_event(a, slot, event):
    """Let something happen to an order. An event that its state does not know changes nothing."""
    order = orders_at(a["orders_addr"], a["orders_room"])[slot]
    meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
    state, previous = next_state(np.int64(order["state"]), np.int64(meta["previous"]), event)
    if state != ILLEGAL:
        set_state(a, slot, state, previous)


@helper
def clear_inactive(a):
    """Move finished orders to the log; the others close ranks and keep their order."""
    orders = orders_at(a["orders_addr"], a["orders_room"])
    metas = metas_at(a["orders_meta_addr"], a["orders_room"])
    kept = 0
    first = a["orders_count"]
    for i in range(a["orders_count"]):
        if is_over(orders[i]["status"]):
            log_order(a, i)
            first = min(first, i)
        else:
            if kept != i:
                orders[kept] = orders[i]
                metas[kept] = metas[i]
            kept += 1
    if kept != a["orders_count"]:
        a["orders_count"] = kept
        order_changed(a, first)
        _rebuild_map(a)


@helper
def log_order(a, slot):
    """Write an order's life into the log."""
    if a["orders_log_count"] == a["orders_log_room"]:
        a["orders_log_addr"], a["orders_log_room"] = grown(
            a["orders_log_addr"], a["orders_log_room"], _LOG_ROW
        )
    row = orders_log_at(a["orders_log_addr"], a["orders_log_room"])[a["orders_log_count"]]
    a["orders_log_count"] += 1
    order = orders_at(a["orders_addr"], a["orders_room"])[slot]
    meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
    row["order_id"] = order["order_id"]
    row["asset"] = a["number"]
    row["side"] = order["side"]
    row["order_type"] = order["order_type"]
    row["time_in_force"] = order["time_in_force"]
    row["status"] = order["status"]
    row["price_tick"] = order["price_tick"]
    row["price"] = order["price"]
    row["qty"] = order["qty"]
    row["filled_qty"] = order["filled_qty"]
    row["submit_ts"] = meta["submit_ts"]
    row["ack_ts"] = meta["ack_ts"]
    row["end_ts"] = meta["end_ts"]
    row["modifies"] = meta["modifies"]
    row["cancels"] = meta["cancels"]
    row["reason"] = order["reason"]
