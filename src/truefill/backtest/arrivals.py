"""What reaches the exchange side besides the market: requests, triggers, and times at which orders end."""

import numpy as np

from truefill.backtest.executions import new_response, report, units
from truefill.backtest.models.contracts import trade_value
from truefill.backtest.models.latency import message_latency
from truefill.backtest.placing import end_useless, place
from truefill.backtest.records import CANCEL, FILL_REPORT, MODIFY, PLACE, REPORT, limits_at, resting_at
from truefill.backtest.resting import find_resting, new_resting, rank_position, remove_rank
from truefill.backtest.seams import account_refusal
from truefill.backtest.taking import best_opposite
from truefill.backtest.triggers import first_at, is_triggered_on_arrival, take_mark
from truefill.backtest.waiting import (
    add_waiting,
    expiry_of,
    free_resting,
    last_trade_tick,
    next_expiring,
    remove_waiting,
)
from truefill.core.address import i64_view
from truefill.core.events import NO_TIME
from truefill.core.jit import helper
from truefill.core.limits import LAST, order_refusal, passes_throttle
from truefill.core.order_rules import (
    has_limit,
    reducible,
    tip,
    type_once_triggered,
    waits_for_trigger,
)
from truefill.core.order_states import (
    ACCEPT,
    CANCEL as CANCELLED,
    EXPIRE,
    REFUSE_CANCEL,
    REFUSE_UPDATE,
    REJECT,
    TRIGGER,
)
from truefill.core.reasons import (
    DUPLICATE_ID,
    NO_REASON,
    NOTHING_TO_REDUCE,
    THROTTLED,
    TIME_UP,
    UNKNOWN_ORDER,
)
from truefill.core.records import GTD, REDUCE_ONLY


@helper
def handle_request(run, a, request):
    """Carry out one request at the exchange and send its answer."""
    kind = request["kind"]
    slot = find_resting(a, request["order_id"])
    reason = _refusal(run, a, request, slot)
    if reason != NO_REASON:
        _refuse(run, a, request, reason)
    elif kind == PLACE:
        _arrive(run, a, request)
    elif kind == CANCEL:
        order = resting_at(a["resting_addr"], a["resting_room"])[slot]
        _leave(a, slot)
        order["reason"] = NO_REASON
        report(run, a, CANCEL, CANCELLED, request["ts"], request["local_ts"], order, 0, 0, 0, 0)
        free_resting(a, slot)
    else:
        _modify(run, a, request, slot)
    end_useless(run, a, request["ts"])


@helper
def _refusal(run, a, request, slot):
    """Why a request is refused, or NO_REASON. `slot`: of the order of that id, -1 none."""
    kind = request["kind"]
    if a["limits_addr"] != 0:
        limits = limits_at(a["limits_addr"])
        counted = kind != CANCEL or limits["count_cancels"] != 0
        if counted and not passes_throttle(limits, request["ts"]):
            return THROTTLED
    if kind == PLACE and slot >= 0:
        return DUPLICATE_ID
    if kind != PLACE and slot < 0:
        return UNKNOWN_ORDER
    if kind == CANCEL:
        return NO_REASON
    order_type = np.int64(request["order_type"])
    if a["limits_addr"] != 0:
        tick = request["tick"] if has_limit(order_type) else np.int64(0)
        others = a["resting_live"] if kind == PLACE else np.int64(0)
        reason = order_refusal(
            limits_at(a["limits_addr"]),
            tick,
            request["qty"],
            _notional(a, request, tick),
            _reference(a),
            others,
        )
        if reason != NO_REASON:
            return reason
    reduces = kind == PLACE and not waits_for_trigger(order_type) and (request["flags"] & REDUCE_ONLY) != 0
    if reduces and reducible(np.int64(request["side"]), a["x_position"]) == 0:
        return NOTHING_TO_REDUCE
    if a["account_addr"] != 0:
        return account_refusal(run, a, slot)
    return NO_REASON


@helper
def _notional(a, request, tick):
    """Value of an order; -1: not known (a market order, and nobody on the other side)."""
    if tick == 0:
        tick = request["trigger"]
    if tick == 0:
        level = best_opposite(a, np.int64(request["side"]))
        if level < 0:
            return -1.0
        tick = i64_view(a["x_level_tick_addr"], a["x_levels"])[level]
    return trade_value(a, tick * a["tick_size"], units(a, request["qty"]))


@helper
def _reference(a):
    """Reference of the price band in ticks, 0: none yet."""
    limits = limits_at(a["limits_addr"])
    if limits["band_percent"] == 0.0:
        return 0.0
    if limits["band_reference"] == LAST:
        return float(last_trade_tick(a))
    if a["x_bid"] < 0 or a["x_ask"] < 0:
        return 0.0
    ticks = i64_view(a["x_level_tick_addr"], a["x_levels"])
    return (ticks[a["x_bid"]] + ticks[a["x_ask"]]) / 2.0


@helper
def _refuse(run, a, request, reason):
    """Answer a request that is not carried out."""
    kind = request["kind"]
    event = REJECT
    if kind == MODIFY:
        event = REFUSE_UPDATE
    elif kind == CANCEL:
        event = REFUSE_CANCEL
    latency = message_latency(run, a, REPORT, request["ts"])
    message = new_response(run, a, kind, event, request["ts"], max(latency, 0))
    message["exch_ts"] = request["ts"]
    message["local_ts"] = request["local_ts"]
    message["order_id"] = request["order_id"]
    message["executed"] = 0
    message["reason"] = reason


@helper
def _arrive(run, a, request):
    """A new order: it ends, waits for its trigger, or comes to the book."""
    slot = new_resting(a, request["order_id"])
    timestamp = request["ts"]
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    order["tick"] = request["tick"]
    order["qty"] = request["qty"]
    order["leaves"] = request["qty"]
    order["side"] = request["side"]
    order["tif"] = request["tif"]
    order["order_type"] = request["order_type"]
    order["flags"] = request["flags"]
    order["trigger"] = request["trigger"]
    order["display"] = request["display"]
    order["shown"] = tip(request["qty"], request["display"])
    order["expire_ts"] = expiry_of(a, request["tif"], request["expire_ts"])
    order["waits"] = 0
    order["reason"] = NO_REASON
    if order["tif"] == GTD and request["expire_ts"] <= timestamp:
        order["reason"] = TIME_UP
        report(run, a, PLACE, EXPIRE, timestamp, request["local_ts"], order, 0, 0, 0, 0)
        free_resting(a, slot)
        return
    if waits_for_trigger(order["order_type"]):
        # what is sent after the end of the data meets what there was at its end
        if not is_triggered_on_arrival(a, order, timestamp if run["ended"] == 0 else np.int64(NO_TIME)):
            add_waiting(a, slot)
            a["expiry_ts"] = min(a["expiry_ts"], order["expire_ts"])
            report(run, a, PLACE, ACCEPT, timestamp, request["local_ts"], order, 0, 0, 0, 0)
            return
        order["order_type"] = type_once_triggered(order["order_type"])
        report(run, a, FILL_REPORT, TRIGGER, timestamp, 0, order, 0, 0, 0, 0)
    place(run, a, slot, PLACE, timestamp, request["local_ts"])


@helper
def _leave(a, slot):
    """Take an order out of the ranks, or out of the waiting list; its record stays."""
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    if order["waits"] != 0:
        remove_waiting(a, slot)
    else:
        remove_rank(a, order["side"], rank_position(a, slot))


@helper
def _modify(run, a, request, slot):
    """A smaller quantity at the same price keeps its place; all else is a new order in the old one's name.

    A stop that waits just gets the new terms.
    """
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    waits = order["waits"] != 0
    if waits or (request["tick"] == order["tick"] and request["qty"] <= order["leaves"]):
        order["tick"] = request["tick"]
        order["qty"] = request["qty"]
        order["leaves"] = request["qty"]
        order["reason"] = NO_REASON
        order["shown"] = min(order["shown"], order["leaves"])
        if waits:
            order["shown"] = tip(order["leaves"], order["display"])
        report(run, a, MODIFY, ACCEPT, request["ts"], request["local_ts"], order, 0, 0, 0, 0)
        return
    _leave(a, slot)
    order["tick"] = request["tick"]
    order["qty"] = request["qty"]
    order["leaves"] = request["qty"]
    a["arrivals"] += 1
    order["arrival"] = a["arrivals"]
    place(run, a, slot, MODIFY, request["ts"], request["local_ts"])


@helper
def activate(run, a, slot, timestamp):
    """What happened at `timestamp` triggers the waiting stop in `slot`: it comes to the book."""
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    remove_waiting(a, slot)
    order["order_type"] = type_once_triggered(order["order_type"])
    order["reason"] = NO_REASON
    a["arrivals"] += 1
    order["arrival"] = a["arrivals"]
    report(run, a, FILL_REPORT, TRIGGER, timestamp, 0, order, 0, 0, 0, 0)
    place(run, a, slot, FILL_REPORT, timestamp, 0)
    end_useless(run, a, timestamp)


@helper
def mark_due(run, a):
    """The next mark price triggers waiting stops, first come first."""
    timestamp, price = take_mark(a)
    slot = first_at(a, price)
    while slot >= 0:
        activate(run, a, slot, timestamp)
        slot = first_at(a, price)


@helper
def expire_due(run, a):
    """End the orders whose time is up."""
    timestamp = a["expiry_ts"]
    slot = next_expiring(a, timestamp)
    while slot >= 0:
        order = resting_at(a["resting_addr"], a["resting_room"])[slot]
        _leave(a, slot)
        order["reason"] = TIME_UP
        report(run, a, FILL_REPORT, EXPIRE, timestamp, 0, order, 0, 0, 0, 0)
        free_resting(a, slot)
        slot = next_expiring(a, timestamp)
