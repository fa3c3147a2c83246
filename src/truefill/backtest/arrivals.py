"""Requests that reach the exchange: place, modify, cancel."""

import numpy as np

from truefill.backtest.executions import new_response, report
from truefill.backtest.models.latency import message_latency
from truefill.backtest.models.queue import queue_new_order
from truefill.backtest.records import CANCEL, MODIFY, NO_PARTIAL_FILL, PLACE, REPORT, resting_at
from truefill.backtest.resting import (
    find_resting,
    free_resting,
    insert_rank,
    level_of_tick,
    new_resting,
    rank_position,
    remove_rank,
)
from truefill.backtest.taking import best_opposite, sweep, take_whole, visible
from truefill.core.address import i64_view
from truefill.core.jit import helper
from truefill.core.order_states import (
    ACCEPT,
    CANCEL as CANCELLED,
    EXPIRE,
    FILL_ALL,
    FILL_PART,
    REFUSE_CANCEL,
    REFUSE_UPDATE,
    REJECT,
)
from truefill.core.records import FOK, GTC, GTX, MARKET


@helper
def handle_request(run, a, request):
    """Carry out one request at the exchange and send its answer."""
    kind = request["kind"]
    slot = find_resting(a, request["order_id"])
    if kind == PLACE:
        if slot >= 0:
            _refuse(run, a, request, REJECT)
        else:
            _place(run, a, request, _new_order_of(a, request), PLACE)
    elif slot < 0:
        _refuse(run, a, request, REFUSE_CANCEL if kind == CANCEL else REFUSE_UPDATE)
    elif kind == CANCEL:
        order = resting_at(a["resting_addr"], a["resting_room"])[slot]
        remove_rank(a, order["side"], rank_position(a, slot))
        report(run, a, CANCEL, CANCELLED, request["ts"], request["local_ts"], order, 0, 0, 0, 0)
        free_resting(a, slot)
    else:
        _modify(run, a, request, slot)


@helper
def _new_order_of(a, request):
    """Make the exchange's record of an arriving order. Returns its slot."""
    slot = new_resting(a, request["order_id"])
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    order["tick"] = request["tick"]
    order["qty"] = request["qty"]
    order["leaves"] = request["qty"]
    order["side"] = request["side"]
    order["tif"] = request["tif"]
    return slot


@helper
def _refuse(run, a, request, event):
    """Answer a request for an order that is not there (or, placing, already is)."""
    latency = message_latency(run, a, REPORT, request["ts"])
    message = new_response(run, a, request["kind"], event, request["ts"], max(latency, 0))
    message["exch_ts"] = request["ts"]
    message["local_ts"] = request["local_ts"]
    message["order_id"] = request["order_id"]
    message["executed"] = 0


@helper
def _modify(run, a, request, slot):
    """A smaller quantity at the same price keeps its place; all else is a new order in the old one's name."""
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    if request["tick"] == order["tick"] and request["qty"] <= order["leaves"]:
        order["qty"] = request["qty"]
        order["leaves"] = request["qty"]
        report(run, a, MODIFY, ACCEPT, request["ts"], request["local_ts"], order, 0, 0, 0, 0)
        return
    remove_rank(a, order["side"], rank_position(a, slot))
    order["tick"] = request["tick"]
    order["qty"] = request["qty"]
    order["leaves"] = request["qty"]
    a["arrivals"] += 1
    order["arrival"] = a["arrivals"]
    _place(run, a, request, slot, MODIFY)


@helper
def _place(run, a, request, slot, kind):
    """Take, rest or expire the order in `slot`, which is in the pool and not yet in the ranks."""
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    timestamp = request["ts"]
    side = order["side"]
    is_market = request["order_type"] == MARKET
    tif = order["tif"]
    order["entry_ts"] = timestamp
    level = best_opposite(a, side)
    crosses = level >= 0
    if crosses and not is_market:
        crosses = side * (order["tick"] - i64_view(a["level_tick_addr"], a["levels"])[level]) >= 0

    last_lots = np.int64(0)
    last_tick = np.int64(0)
    if crosses and (is_market or tif != GTX):
        if a["exchange_model"] == NO_PARTIAL_FILL:
            last_lots, last_tick = take_whole(run, a, order, level, timestamp)
        elif (
            tif != FOK
            or visible(a, side, level, order["tick"], is_market, order["leaves"]) >= order["leaves"]
        ):
            last_lots, last_tick = sweep(run, a, order, level, is_market, timestamp)
    executed = 1 if last_lots > 0 else 0

    rests = order["leaves"] > 0 and not is_market and (tif == GTC or (tif == GTX and not crosses))
    if rests:
        _rest(run, a, slot, timestamp)
    if order["leaves"] == 0:
        event = FILL_ALL
    elif not rests:
        event = EXPIRE
    elif executed != 0:
        event = FILL_PART
    else:
        event = ACCEPT
    report(run, a, kind, event, timestamp, request["local_ts"], order, executed, 0, last_lots, last_tick)
    if not rests:
        free_resting(a, slot)


@helper
def _rest(run, a, slot, timestamp):
    """Put the order in the queue of its level."""
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    level = level_of_tick(a, order["tick"])
    level_lots = np.int64(0)
    order["book_index"] = -1
    if level >= 0:
        order["book_index"] = level * 2 + (1 - order["side"]) // 2
        level_lots = i64_view(a["x_book_addr"], a["levels"] * 2)[order["book_index"]]
    order["entry_row"] = a["x_row"]
    queue_new_order(run, a, slot, level_lots, timestamp)
    insert_rank(a, slot)
