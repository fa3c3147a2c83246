"""The exchange side: replays the exchange's view of the tape and carries out requests, up to a horizon.

Nothing but the order buses connects it to the local side, so it runs alone. While no own order rests
here, depth is plain stores, and even those wait until an order arrives: the book at a moment depends on
the rows before it, not on when they were stored. While own orders rest, each depth row is tested against
one flag, and only stop rows (trades, changes of a best price, clears) are looked at.

At equal times the market's rows come first, then requests (HftBacktest's order of events).
"""

import numpy as np

from truefill.backtest.exact_queue import queue_row, queues_cleared
from truefill.backtest.executions import later
from truefill.backtest.fill_rules import fill_by_crossing, fill_by_execution, fill_by_trade
from truefill.backtest.models.queue import queue_best, queue_depth
from truefill.backtest.placing import end_useless
from truefill.backtest.records import (
    BY_FILLS,
    BY_LEVEL,
    EVIDENCE,
    TRIGGER_BEST,
    TRIGGER_TRADE,
    USER_MODEL,
    requests_at,
    responses_at,
    resting_at,
    stops_at,
)
from truefill.backtest.resting import ranks_of
from truefill.backtest.seams import ACTIVATE, EXPIRE_DUE, MARK_DUE, arrive, meet
from truefill.backtest.triggers import first_at, first_at_best, next_mark_ts
from truefill.core.address import i32_view, i64_view, u8_view
from truefill.core.events import NO_BID_TICK, NO_TIME
from truefill.core.jit import helper
from truefill.core.tape_records import STOP_BEST, STOP_CLEAR, STOP_FILL, STOP_TRADE

_EVERYTHING = NO_BID_TICK


@helper
def store_rows(book, code, qty, overflow, low, high):
    """Put depth rows [low, high) into a book."""
    for i in range(np.uint64(low), np.uint64(high)):
        lots = np.int64(qty[i])
        if lots < 0:
            lots = overflow[-lots - 1]
        book[np.uint64(code[i])] = lots


@helper
def clear_levels(book, ticks, side, upto):
    """Empty the levels of a side (1 bid, -1 ask, 0 both) at `upto` or better."""
    for level in range(len(ticks)):
        if side >= 0 and ticks[level] >= upto:
            book[level * 2] = 0
        if side <= 0 and (side == 0 or ticks[level] <= upto):
            book[level * 2 + 1] = 0


@helper
def clear_book(book, ticks, stop):
    """Carry out a clear stop on a book."""
    side = np.int64(stop["side"])
    upto = stop["tick"]
    if upto == _EVERYTHING and side < 0:
        upto = np.int64(NO_TIME)
    clear_levels(book, ticks, side, upto)


@helper
def next_request_ts(a):
    """Arrival time of the next request, or NO_TIME."""
    if a["requests_head"] == a["requests_count"]:
        return np.int64(NO_TIME)
    return requests_at(a["requests_addr"], a["requests_room"])[a["requests_head"]]["ts"]


@helper
def own_orders(a):
    """How many own orders rest at the exchange or wait for a trigger."""
    return a["bids_count"] + a["asks_count"] + a["waiting_count"]


@helper
def next_order_ts(a):
    """Time of the next request, order that ends by itself or mark that may wake a stop; NO_TIME: none."""
    return min(next_request_ts(a), a["expiry_ts"], next_mark_ts(a))


@helper
def next_exchange_ts(a):
    """Earliest time at which the exchange side could send a message, or NO_TIME."""
    earliest = next_order_ts(a)
    if own_orders(a) > 0:
        stop = a["x_stop"]
        if stop < a["x_stops"]:
            earliest = min(earliest, stops_at(a["x_stops_addr"], a["x_stops"])[stop]["ts"])
        else:
            earliest = min(earliest, later(a["x_until"], 1))  # the next tape's first event
    return earliest


@helper
def run_exchange_side(run, a, horizon, watch, watched_id):
    """Run up to and with `horizon`; with `watch`, stop after the event that sends a watched message.

    Parameters
    ----------
    watch : int
        0: do not watch; 1: messages about the order `watched_id`; 2: any message.

    Returns
    -------
    int
        Arrival time here of the first watched message; NO_TIME: none by the horizon.
    """
    while True:
        sent = a["responses_count"]
        request_ts = next_order_ts(a)
        no_request = request_ts > horizon or request_ts == NO_TIME
        if no_request and own_orders(a) == 0:
            return np.int64(NO_TIME)
        if own_orders(a) > 0:
            done = replay_watching(run, a, min(request_ts, horizon), watch, watched_id)
            if watch != 0 and a["responses_count"] > sent:
                arrival = first_watched(a, sent, watch, watched_id)
                if arrival < NO_TIME:
                    return arrival
            if run["error"] != 0:
                return np.int64(NO_TIME)
            if not done or next_order_ts(a) != request_ts:  # what was to end has been filled
                continue
        if no_request:
            return np.int64(NO_TIME)
        # What is sent after the end of the data meets the whole tape's book.
        catch_up(a, request_ts if run["ended"] == 0 else np.int64(NO_TIME))
        sent = a["responses_count"]
        number = EXPIRE_DUE
        if next_mark_ts(a) == request_ts:
            number = MARK_DUE
        elif a["expiry_ts"] > request_ts:
            number = a["requests_head"]
            a["requests_head"] += 1
        if arrive(run, a, number) != 0:
            raise RuntimeError
        if a["requests_head"] == a["requests_count"]:
            a["requests_head"] = 0
            a["requests_count"] = 0
        if run["error"] != 0:
            return np.int64(NO_TIME)
        if watch != 0:
            arrival = first_watched(a, sent, watch, watched_id)
            if arrival < NO_TIME:
                return arrival


@helper
def first_watched(a, start, watch, watched_id):
    """Arrival time of the first watched message among those from number `start` on, or NO_TIME.

    With overtaking among all that are under way: a new one may be anywhere.
    """
    if a["overtaking"] != 0:
        start = a["responses_head"]
    messages = responses_at(a["responses_addr"], a["responses_room"])
    for i in range(min(start, a["responses_count"]), a["responses_count"]):
        if watch == 2 or messages[i]["order_id"] == watched_id:
            return messages[i]["ts"]
    return np.int64(NO_TIME)


@helper
def groups_until(ts, group, timestamp):
    """Number of groups with a time of at most `timestamp`, searched from `group` on, eight at a time."""
    count = len(ts)
    while group + 8 <= count and ts[group + 7] <= timestamp:
        group += 8
    while group < count and ts[group] <= timestamp:
        group += 1
    return group


@helper
def _stops_until(stops, stop, timestamp):
    """Number of stops with a time of at most `timestamp`, searched from `stop` on, 16 at a time."""
    count = len(stops)
    while stop + 16 <= count and stops[stop + 15]["ts"] <= timestamp:
        stop += 16
    while stop < count and stops[stop]["ts"] <= timestamp:
        stop += 1
    return stop


@helper
def catch_up(a, timestamp):
    """Bring the book up to `timestamp` where no own order is in the way."""
    ts = i64_view(a["x_ts_addr"], a["x_groups"])
    group = groups_until(ts, a["x_group"], timestamp)
    if group == a["x_group"]:
        return
    a["x_group"] = group
    row_end = np.int64(i32_view(a["x_end_addr"], a["x_groups"])[group - 1])
    stops = stops_at(a["x_stops_addr"], a["x_stops"])
    stop_end = _stops_until(stops, a["x_stop"], timestamp)
    book = i64_view(a["x_book_addr"], a["x_levels"] * 2)
    code = i32_view(a["x_code_addr"], a["x_rows"])
    qty = i32_view(a["x_qty_addr"], a["x_rows"])
    overflow = i64_view(a["x_overflow_addr"], a["x_overflow_len"])
    row = a["x_row"]
    if a["x_clears"] > 0:
        ticks = i64_view(a["x_level_tick_addr"], a["x_levels"])
        for s in range(a["x_stop"], stop_end):
            if stops[s]["kind"] == STOP_CLEAR and stops[s]["row"] >= row:
                store_rows(book, code, qty, overflow, row, stops[s]["row"])
                row = np.int64(stops[s]["row"])
                clear_book(book, ticks, stops[s])
                a["queue_clear_ts"] = stops[s]["ts"]
    store_rows(book, code, qty, overflow, row, row_end)
    a["x_row"] = row_end
    a["x_stop"] = stop_end
    if stop_end > 0:
        a["x_bid"] = np.int64(stops[stop_end - 1]["bid"])
        a["x_ask"] = np.int64(stops[stop_end - 1]["ask"])


@helper
def replay_watching(run, a, timestamp, watch, watched_id):
    """Replay up to `timestamp` while own orders rest. False: stopped early (a message, or none rest)."""
    ts = i64_view(a["x_ts_addr"], a["x_groups"])
    ends = i32_view(a["x_end_addr"], a["x_groups"])
    stops = stops_at(a["x_stops_addr"], a["x_stops"])
    group = groups_until(ts, a["x_group"], timestamp)
    row_end = np.int64(ends[group - 1]) if group > 0 else np.int64(0)
    while a["x_stop"] < a["x_stops"] and stops[a["x_stop"]]["ts"] <= timestamp:
        number = a["x_stop"]
        row = np.int64(stops[number]["row"])
        if row > a["x_row"]:
            _store_watching(run, a, a["x_row"], row, stops[number]["ts"])
            a["x_row"] = row
        a["x_stop"] = number + 1
        sent = a["responses_count"]
        if _concerns(a, stops[number]) and meet(run, a, number) != 0:
            raise RuntimeError
        if run["error"] != 0:
            return True
        if a["responses_count"] != sent and (watch != 0 or own_orders(a) == 0):
            _settle_group(a, ts, ends)
            return False
    if row_end > a["x_row"]:
        _store_watching(run, a, a["x_row"], row_end, ts[group - 1])
        a["x_row"] = row_end
    a["x_group"] = group
    return True


@helper
def _concerns(a, stop):
    """Whether a stop can matter to the own orders; keeps the best prices in step when it cannot."""
    kind = stop["kind"]
    if a["waiting_count"] > 0 and (kind == STOP_TRADE or a["stop_trigger"] == TRIGGER_BEST):
        return True
    if kind == STOP_TRADE or kind == STOP_FILL:
        if (kind == STOP_FILL) != (a["by_order"] == BY_FILLS):
            return False
        side = np.int64(stop["side"] if kind == STOP_FILL else -stop["side"])
        ranks = ranks_of(a, side)
        if side == 0 or len(ranks) == 0:
            return False
        best = resting_at(a["resting_addr"], a["resting_room"])[ranks[0]]["tick"]
        return side * (best - stop["tick"]) >= 0
    return kind == STOP_BEST or kind == STOP_CLEAR


@helper
def _settle_group(a, ts, ends):
    """After an early stop: the groups that are wholly past (one may be left half done)."""
    group = a["x_group"]
    next_ts = np.int64(NO_TIME)
    if a["x_stop"] < a["x_stops"]:
        next_ts = stops_at(a["x_stops_addr"], a["x_stops"])[a["x_stop"]]["ts"]
    while group < len(ts) and ends[group] <= a["x_row"] and ts[group] < next_ts:
        group += 1
    a["x_group"] = group


@helper
def handle_stop(run, a, stop):
    """One stop of the exchange's view, with own orders in the book."""
    kind = stop["kind"]
    if kind == STOP_TRADE:
        aggressor = np.int64(stop["side"])
        if aggressor != 0 and a["by_order"] != BY_FILLS:
            fill_by_trade(run, a, aggressor, stop["tick"], stop["qty"], stop["ts"])
            end_useless(run, a, stop["ts"])
        if a["stop_trigger"] == TRIGGER_TRADE:
            _trigger(run, a, stop["tick"])
    elif kind == STOP_FILL and a["by_order"] == BY_FILLS:
        side = np.int64(stop["side"])
        fill_by_execution(run, a, side, stop["tick"], stop["qty"], stop["arg"], stop["ts"])
        end_useless(run, a, stop["ts"])
    elif kind == STOP_BEST:
        ticks = i64_view(a["x_level_tick_addr"], a["x_levels"])
        old_bid = a["x_bid"]
        old_ask = a["x_ask"]
        bid = np.int64(stop["bid"])
        ask = np.int64(stop["ask"])
        a["x_bid"] = bid
        a["x_ask"] = ask
        if bid >= 0 and (old_bid < 0 or ticks[bid] > ticks[old_bid]):
            fill_by_crossing(run, a, 1, bid, stop["ts"])
        if ask >= 0 and (old_ask < 0 or ticks[ask] < ticks[old_ask]):
            fill_by_crossing(run, a, -1, ask, stop["ts"])
        queue_best(run, a, stop["ts"])
        end_useless(run, a, stop["ts"])
    elif kind == STOP_CLEAR:
        ticks = i64_view(a["x_level_tick_addr"], a["x_levels"])
        clear_book(i64_view(a["x_book_addr"], a["x_levels"] * 2), ticks, stop)
        a["queue_clear_ts"] = stop["ts"]
        if a["by_order"] != BY_LEVEL:
            queues_cleared(a, np.int64(stop["side"]), stop["tick"])
        a["x_bid"] = np.int64(stop["bid"])
        a["x_ask"] = np.int64(stop["ask"])
    if a["stop_trigger"] == TRIGGER_BEST and a["waiting_count"] > 0 and _ends_moment(a, stop["ts"]):
        _trigger_at_best(run, a, stop["ts"])


@helper
def _ends_moment(a, timestamp):
    """Whether the stop before `x_stop`, of that time, is the last of its moment."""
    if a["x_stop"] == a["x_stops"]:
        return True
    return stops_at(a["x_stops_addr"], a["x_stops"])[a["x_stop"]]["ts"] > timestamp


@helper
def _trigger_at_best(run, a, timestamp):
    """The best prices trigger waiting stops, first come first, in the book after all rows of the moment."""
    slot = first_at_best(a)
    if slot >= 0:
        group = groups_until(i64_view(a["x_ts_addr"], a["x_groups"]), a["x_group"], timestamp)
        end = np.int64(i32_view(a["x_end_addr"], a["x_groups"])[group - 1]) if group > 0 else np.int64(0)
        if end > a["x_row"]:
            _store_watching(run, a, a["x_row"], end, timestamp)
            a["x_row"] = end
    while slot >= 0:
        if arrive(run, a, ACTIVATE - slot) != 0:
            raise RuntimeError
        slot = first_at_best(a)


@helper
def _trigger(run, a, tick):
    """A trade at `tick` triggers waiting stops, first come first."""
    slot = first_at(a, tick)
    while slot >= 0:
        if arrive(run, a, ACTIVATE - slot) != 0:
            raise RuntimeError
        slot = first_at(a, tick)


@helper
def _store_watching(run, a, low, high, timestamp):
    """Put depth rows [low, high) into the book and tell the queue model of own orders at their levels."""
    book = i64_view(a["x_book_addr"], a["x_levels"] * 2)
    own = u8_view(a["x_own_addr"], a["x_levels"] * 2)
    code = i32_view(a["x_code_addr"], a["x_rows"])
    qty = i32_view(a["x_qty_addr"], a["x_rows"])
    overflow = i64_view(a["x_overflow_addr"], a["x_overflow_len"])
    for i in range(np.uint64(low), np.uint64(high)):
        index = np.uint64(code[i])
        lots = np.int64(qty[i])
        if lots < 0:
            lots = overflow[-lots - 1]
        if own[index] != 0:
            _tell_queues(run, a, np.int64(index), book[index], lots, timestamp, np.int64(i))
        book[index] = lots


@helper
def _tell_queues(run, a, book_index, previous, new, timestamp, row):
    if a["queue_model"] == EVIDENCE or a["queue_model"] == USER_MODEL:
        timestamp = _row_ts(a, row)
    orders = resting_at(a["resting_addr"], a["resting_room"])
    ranks = ranks_of(a, 1 - 2 * (book_index % 2))
    for i in range(len(ranks)):
        if orders[ranks[i]]["book_index"] == book_index:
            if a["by_order"] != BY_LEVEL:
                queue_row(a, np.int64(ranks[i]), previous, new, row)
            else:
                queue_depth(run, a, np.int64(ranks[i]), previous, new, timestamp)


@helper
def _row_ts(a, row):
    """Exchange time of a depth row: that of its group, by binary search."""
    ends = i32_view(a["x_end_addr"], a["x_groups"])
    low = a["x_group"]
    high = a["x_groups"] - 1
    while low < high:
        middle = (low + high) // 2
        if ends[middle] > row:
            high = middle
        else:
            low = middle + 1
    return i64_view(a["x_ts_addr"], a["x_groups"])[low]
