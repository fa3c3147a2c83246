"""The local side: what the strategy knows. Feed that has arrived, own orders, and the ledger.

The best prices come from the tape's list of their changes; the local book is brought up to date when the
strategy reads a quantity, and what else has arrived is counted when it asks. Answers from the exchange change
orders through `core.order_states`; executions change position, balance and fee when their report arrives, one
fill record at a time and never twice.
"""

import numpy as np

from truefill.backtest.exchange_side import clear_book, groups_until, store_rows
from truefill.backtest.executions import later, units
from truefill.backtest.models.contracts import trade_value
from truefill.backtest.models.fees import settled_fee
from truefill.backtest.order_table import (
    add_order,
    apply_event,
    find_order,
    is_over,
    order_changed,
    set_state,
)
from truefill.backtest.overtaking import (
    answers_older_request,
    bring_forward,
    closes_modify,
    is_old_news,
)
from truefill.backtest.records import (
    FILL_REPORT,
    MODIFY,
    PLACE,
    bests_at,
    fills_at,
    metas_at,
    orders_at,
    responses_at,
    stops_at,
    trades_at,
)
from truefill.backtest.resting import rank_of_tick
from truefill.core.address import i32_view, i64_view
from truefill.core.events import NO_TIME
from truefill.core.jit import helper
from truefill.core.order_states import (
    ACCEPT,
    ACCEPTED,
    ADJUST,
    FILL_PART,
    PENDING_UPDATE,
    REFUSE_CANCEL,
    REFUSE_UPDATE,
    REJECT,
    TRIGGER,
)
from truefill.core.records import (
    FIRST_LIQUIDATION_ID,
    LIMIT,
    MARKET,
    ORDER_LOG,
)
from truefill.core.tape_records import STOP_CLEAR, STOP_GAP_BEGIN, STOP_GAP_END, STOP_SNAPSHOT

_LOG_ROW = ORDER_LOG.itemsize
_COMPACT_FROM = 1024
_VENUES = np.uint64(FIRST_LIQUIDATION_ID)


@helper
def next_feed_ts(a):
    """Local time of the next feed group, or NO_TIME."""
    settle_groups(a)
    if a["l_group"] == a["l_groups"]:
        return later(a["l_until"], 1)  # the next tape's first; NO_TIME when there is none
    return i64_view(a["l_ts_addr"], a["l_groups"])[a["l_group"]]


@helper
def next_response_ts(a):
    """Local time of the next answer that is on its way, or NO_TIME."""
    if a["responses_head"] == a["responses_count"]:
        return np.int64(NO_TIME)
    return responses_at(a["responses_addr"], a["responses_room"])[a["responses_head"]]["ts"]


@helper
def run_local(a, horizon, wants_feed):
    """Take in feed and answers up to and with `horizon`; at equal times the feed comes first.

    With `wants_feed`, `horizon` is not after the next feed group.

    Returns
    -------
    (bool, bool)
        Whether feed that was waited for arrived exactly at `horizon`, and whether an answer did.
    """
    feed = wants_feed and next_feed_ts(a) == horizon and a["l_group"] < a["l_groups"]
    take_feed(a, horizon)
    if wants_feed:  # no search: it is the next group or none
        if feed:
            a["l_group"] += 1
        a["l_group_ts"] = a["feed_ts"]
    answered = False
    while a["responses_head"] < a["responses_count"]:
        message = responses_at(a["responses_addr"], a["responses_room"])[a["responses_head"]]
        if message["ts"] > horizon:
            break
        answered = message["ts"] == horizon
        a["responses_head"] += 1
        take_answer(a, message)
    _compact_responses(a)
    return feed, answered


@helper
def _compact_responses(a):
    head = a["responses_head"]
    if head == a["responses_count"]:
        a["responses_head"] = 0
        a["responses_count"] = 0
    elif head >= _COMPACT_FROM and head * 2 > a["responses_count"]:
        rows = responses_at(a["responses_addr"], a["responses_room"])
        count = a["responses_count"] - head
        for i in range(count):
            rows[i] = rows[head + i]
        a["responses_head"] = 0
        a["responses_count"] = count


@helper
def take_feed(a, horizon):
    """Let the feed up to `horizon` arrive: its best prices at once, all else when somebody asks for it."""
    if horizon <= a["feed_ts"]:
        return
    a["feed_ts"] = horizon
    count = a["l_bests"]
    bests = bests_at(a["l_best_addr"], count)
    number = a["l_best"]
    if number == count or bests[number]["ts"] > horizon:
        return
    number += 1
    while number < count and bests[number]["ts"] <= horizon:
        number += 1
    a["l_best"] = number
    a["bid"] = np.int64(bests[number - 1]["bid"])
    a["ask"] = np.int64(bests[number - 1]["ask"])


@helper
def settle_groups(a):
    """Count the feed groups that have arrived."""
    if a["l_group_ts"] != a["feed_ts"]:
        a["l_group"] = groups_until(i64_view(a["l_ts_addr"], a["l_groups"]), a["l_group"], a["feed_ts"])
        a["l_group_ts"] = a["feed_ts"]


@helper
def feed_times(a):
    """Exchange and local time of the last feed event that has arrived; local 0: none yet."""
    settle_groups(a)
    group = a["l_group"]
    if group == 0:
        return np.int64(0), np.int64(0)
    return (
        i64_view(a["l_exch_ts_addr"], a["l_groups"])[group - 1],
        i64_view(a["l_ts_addr"], a["l_groups"])[group - 1],
    )


@helper
def trades_seen(a):
    """How many market trades have arrived."""
    trades = trades_at(a["trades_addr"], a["trades_len"])
    number = a["trades_seen"]
    while number < a["trades_len"] and trades[number]["local_ts"] <= a["feed_ts"]:
        number += 1
    a["trades_seen"] = number
    return number


@helper
def clear_trades(a):
    """Forget the market trades that have arrived."""
    a["trades_cleared"] = trades_seen(a)
    a["trades_carried"] = 0


@helper
def in_gap(a):
    """1 when the feed has a gap here, from its begin to its end or to a snapshot; else 0."""
    stops = stops_at(a["l_stops_addr"], a["l_stops"])
    number = a["l_gap_stop"]
    while number < a["l_stops"] and stops[number]["ts"] <= a["feed_ts"]:
        kind = stops[number]["kind"]
        if kind == STOP_GAP_BEGIN:
            a["in_gap"] = 1
        elif kind == STOP_GAP_END or kind == STOP_SNAPSHOT:
            a["in_gap"] = 0
        number += 1
    a["l_gap_stop"] = number
    return a["in_gap"]


@helper
def sync_book(a):
    """Bring the local book up to the feed that has arrived."""
    a["l_synced_ts"] = a["feed_ts"]
    settle_groups(a)
    group = a["l_group"]
    if group == 0:
        return
    row_end = np.int64(i32_view(a["l_end_addr"], a["l_groups"])[group - 1])
    row = a["l_row"]
    book = i64_view(a["l_book_addr"], a["levels"] * 2)
    code = i32_view(a["l_code_addr"], a["l_rows"])
    qty = i32_view(a["l_qty_addr"], a["l_rows"])
    overflow = i64_view(a["overflow_addr"], a["overflow_len"])
    stops = stops_at(a["l_stops_addr"], a["l_stops"])
    while a["l_stop"] < a["l_stops"] and stops[a["l_stop"]]["ts"] <= a["feed_ts"]:
        stop = stops[a["l_stop"]]
        a["l_stop"] += 1
        if stop["kind"] == STOP_CLEAR:
            store_rows(book, code, qty, overflow, row, stop["row"])
            row = np.int64(stop["row"])
            clear_book(book, i64_view(a["level_tick_addr"], a["levels"]), stop)
    store_rows(book, code, qty, overflow, row, row_end)
    a["l_row"] = row_end


@helper
def local_level(a, tick):
    """Rank of a price among the tape's levels, or -1; near the touch, where most levels exist, at once."""
    count = a["levels"]
    ticks = i64_view(a["level_tick_addr"], count)
    if count == 0 or tick < ticks[0] or tick > ticks[count - 1]:
        return np.int64(-1)
    best = a["bid"] if a["bid"] >= 0 else a["ask"]
    if best >= 0:
        guess = best + tick - ticks[best]
        if 0 <= guess < count and ticks[guess] == tick:
            return np.int64(guess)
    return rank_of_tick(ticks, tick)


@helper
def level_lots(a, tick, book_side):
    """Lots at a price in ticks in the local book, which is in step; `book_side` 0 bid, 1 ask."""
    level = local_level(a, tick)
    if level < 0:
        return np.int64(0)
    return i64_view(a["l_book_addr"], a["levels"] * 2)[level * 2 + book_side]


@helper
def take_answer(a, message):
    """Take in one message from the exchange."""
    overtaking = a["overtaking"] != 0
    if overtaking:
        bring_forward(a, message)
        a["heard"] = max(a["heard"], message["number"])
    _credit(a, message["fills"], message["ts"])
    kind = message["kind"]
    if kind != FILL_REPORT and message["exch_ts"] > 0:  # 0: refused on the way
        a["order_request_ts"] = message["local_ts"]
        a["order_exch_ts"] = message["exch_ts"]
        a["order_response_ts"] = message["ts"]
    event = np.int64(message["event"])
    refused = event == REJECT or event == REFUSE_UPDATE or event == REFUSE_CANCEL
    slot = find_order(a, message["order_id"])
    if refused:
        a["rejects"] += 1
        if slot >= 0:
            _take_refusal(a, slot, message, event)
        return
    if overtaking and message["order_id"] < _VENUES:  # of the venue's own orders there is one message
        if slot < 0:
            return  # of an order that is over and cleared away
        if is_old_news(a, slot, message):
            if closes_modify(a, slot, message):
                orders_at(a["orders_addr"], a["orders_room"])[slot]["qty"] = units(a, message["qty"])
                apply_event(a, slot, REFUSE_UPDATE)  # back to the state that newer news has left
            return
        if answers_older_request(a, slot, message):
            kind = np.int8(FILL_REPORT)
            if (
                event == ACCEPT
                and orders_at(a["orders_addr"], a["orders_room"])[slot]["state"] == PENDING_UPDATE
            ):
                _copy_to_order(a, slot, message)
                set_state(a, slot, PENDING_UPDATE, ACCEPTED)  # the modify is still under way
                return
    if slot < 0:
        slot = add_order(a, message["order_id"])
        if slot < 0:
            return
        meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
        meta["submit_ts"] = message["local_ts"]
        order = orders_at(a["orders_addr"], a["orders_room"])[slot]
        order["local_timestamp"] = message["local_ts"]
        order["order_type"] = MARKET if message["order_id"] >= _VENUES else LIMIT
    _copy_to_order(a, slot, message)
    if kind == MODIFY and event == FILL_PART:
        apply_event(a, slot, ACCEPT)  # the answer to a modify that took a part and rests with the other
    apply_event(a, slot, event)
    _stamp(a, slot, message)


@helper
def _take_refusal(a, slot, message, event):
    order = orders_at(a["orders_addr"], a["orders_room"])[slot]
    meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
    if order["local_timestamp"] != message["local_ts"]:
        return
    order["reason"] = message["reason"]
    if message["kind"] == MODIFY and meta["modifying"] != 0:
        order["price_tick"] = meta["old_tick"]
        order["price"] = meta["old_tick"] * a["tick_size"]
        meta["qty"] = meta["old_qty"]
        order["qty"] = units(a, meta["old_qty"])
        meta["modifying"] = 0
        order_changed(a, slot)
    apply_event(a, slot, event)
    if message["kind"] == PLACE and event == REJECT:
        _stamp(a, slot, message)


@helper
def _copy_to_order(a, slot, message):
    """The order as it stands at the exchange; the time of our last request stays."""
    order = orders_at(a["orders_addr"], a["orders_room"])[slot]
    meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
    # while a modify is under way, a fill at the old terms must not undo what we asked for
    event = message["event"]
    goes_on = event == FILL_PART or event == TRIGGER or event == ADJUST
    if message["kind"] != FILL_REPORT or meta["modifying"] == 0 or not goes_on:
        order["price_tick"] = message["tick"]
        order["price"] = message["tick"] * a["tick_size"]
        meta["qty"] = message["qty"]
        order["qty"] = units(a, message["qty"])
        meta["modifying"] = 0
    order["reason"] = message["reason"]
    meta["leaves"] = message["leaves"]
    order["leaves_qty"] = units(a, message["leaves"])
    order["filled_qty"] = units(a, message["filled"])
    order["exch_timestamp"] = message["exch_ts"]
    order["queue_ahead"] = units(a, message["ahead"])
    order_changed(a, slot)
    order["side"] = message["side"]
    order["time_in_force"] = message["tif"]
    if message["executed"] != 0:
        order["exec_qty"] = units(a, message["exec_qty"])
        order["exec_price_tick"] = message["exec_tick"]
        order["exec_price"] = message["exec_tick"] * a["tick_size"]
        order["maker"] = message["maker"]


@helper
def _stamp(a, slot, message):
    order = orders_at(a["orders_addr"], a["orders_room"])[slot]
    meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
    if meta["ack_ts"] == 0:
        meta["ack_ts"] = message["ts"]
    if is_over(order["status"]):
        meta["end_ts"] = message["ts"]


@helper
def _credit(a, fills_until, timestamp):
    """Fold the executions that a message reports into the ledger, unless that has messages of its own."""
    fills = fills_at(a["fills_addr"], a["fills_room"])
    for i in range(a["fills_seen"], fills_until):
        fill = fills[i]
        fill["local_ts"] = timestamp
        if a["position_reports"] != 0:
            continue
        value = trade_value(a, fill["price"], fill["qty"])
        a["position_lots"] += fill["side"] * fill["qty_lots"]
        a["volume_lots"] += fill["qty_lots"]
        a["balance"] -= value * fill["side"]
        a["fee"] += settled_fee(a, fill)
        a["num_trades"] += 1
        a["trading_value"] += value
    if fills_until > a["fills_seen"]:
        a["fills_seen"] = fills_until
        set_position(a)


@helper
def set_position(a):
    """Give the position and the volume in units, from their lots."""
    a["position"] = units(a, a["position_lots"])
    a["trading_volume"] = units(a, a["volume_lots"])
