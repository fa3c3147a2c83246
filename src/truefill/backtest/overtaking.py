"""Messages that overtake each other: a line in which each has the place of its arrival.

Each message then says which executions it reports, since a later one may come first, and bears a number in
the order of sending, so that old news of an order changes nothing that newer news has said.
"""

import numpy as np

from truefill.backtest.memory import grown_copy
from truefill.backtest.order_table import order_changed
from truefill.backtest.records import FILL_REPORT, MODIFY, fills_at, metas_at, orders_at, responses_at
from truefill.core.jit import helper
from truefill.core.records import FILL

_FILL_ROW = FILL.itemsize


@helper
def place_by_time(rows, head, count, arrival):
    """Make room in the line [head, count) for a message; what arrives at the same time stays before it."""
    at = count
    while at > head and rows[at - 1]["ts"] > arrival:
        rows[at] = rows[at - 1]
        at -= 1
    return at


@helper
def claim_fills(a, message, order_id):
    """Let a message about an order report that order's executions which no message reports yet.

    An arriving order's executions wait for its answer, while news of the own orders that it met goes out.
    """
    told = a["fills_told"]
    if told == a["fills_count"]:
        return
    if fills_at(a["fills_addr"], a["fills_room"])[told]["order_id"] == order_id:
        message["fills_from"] = told
        a["fills_told"] = a["fills_count"]


@helper
def bring_forward(a, message):
    """Move the executions that an arrived message reports to the front of those not reported yet."""
    first = message["fills_from"]
    count = message["fills"] - first
    seen = a["fills_seen"]
    if count <= 0:
        message["fills"] = 0  # nothing to report: the log is at another place by now
        return
    message["fills"] = seen + count
    if first == seen:
        return
    if a["fills_count"] == a["fills_room"]:
        a["fills_addr"], a["fills_room"] = grown_copy(a, a["fills_addr"], a["fills_room"], _FILL_ROW)
    fills = fills_at(a["fills_addr"], a["fills_room"])
    spare = a["fills_count"]
    for k in range(count):
        fills[spare] = fills[first + k]
        i = first + k
        while i > seen + k:
            fills[i] = fills[i - 1]
            i -= 1
        fills[i] = fills[spare]
    others = responses_at(a["responses_addr"], a["responses_room"])
    for i in range(a["responses_head"], a["responses_count"]):
        other = others[i]
        if other["fills_from"] < first:
            other["fills_from"] += count
            other["fills"] += count


@helper
def is_old_news(a, slot, message):
    """Whether newer news of the order has arrived; remembers this one if not."""
    meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
    if message["number"] < meta["heard"]:
        return True
    meta["heard"] = message["number"]
    return False


@helper
def closes_modify(a, slot, message):
    """Whether late news is still the answer to the modify that is under way; takes its terms."""
    order = orders_at(a["orders_addr"], a["orders_room"])[slot]
    meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
    mine = order["local_timestamp"] == message["local_ts"] and meta["modifying"] != 0
    if message["kind"] != MODIFY or not mine:
        return False
    order["price_tick"] = message["tick"]
    order["price"] = np.int64(message["tick"]) * a["tick_size"]
    meta["qty"] = message["qty"]
    meta["modifying"] = 0
    order_changed(a, slot)
    return True


@helper
def answers_older_request(a, slot, message):
    """Whether an answer is not to the request that is under way; it is then news like a fill's report.

    News that overtook it had told that the order is there, and the strategy has asked for something since.
    """
    order = orders_at(a["orders_addr"], a["orders_room"])[slot]
    if message["kind"] == FILL_REPORT or order["local_timestamp"] == message["local_ts"]:
        return False
    message["kind"] = FILL_REPORT
    return True
