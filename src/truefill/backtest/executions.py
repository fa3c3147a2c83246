"""Executions and messages: what leaves the exchange side.

An execution becomes one FILL record in the asset's log, stamped with the exchange's time; a message to
the local side says how many executions it reports. The local side stamps them when the message arrives.
"""

import math

import numpy as np

from truefill.backtest.memory import grown, grown_copy
from truefill.backtest.models.contracts import trade_value
from truefill.backtest.models.fees import fee_of
from truefill.backtest.models.latency import message_latency
from truefill.backtest.overtaking import claim_fills, place_by_time
from truefill.backtest.records import FILL_REPORT, REPORT, RESPONSE, fills_at, responses_at
from truefill.backtest.seams import tell_position
from truefill.core.address import i64_view
from truefill.core.events import NO_TIME
from truefill.core.jit import helper
from truefill.core.records import FILL

_FILL_ROW = FILL.itemsize
_RESPONSE_ROW = RESPONSE.itemsize


@helper
def later(timestamp, duration):
    """The sum of both, at most NO_TIME."""
    if duration > 0 and timestamp > NO_TIME - duration:
        return np.int64(NO_TIME)
    return timestamp + duration


@helper
def units(a, lots):
    """A quantity in units of the instrument: the float nearest to lots x lot size."""
    if a["lots_per_unit"] > 0.0:
        return lots / a["lots_per_unit"]
    return lots * a["lot_size"]


@helper
def _price_of_level(a, level):
    if level < 0:
        return math.nan
    return i64_view(a["x_level_tick_addr"], a["x_levels"])[level] * a["tick_size"]


@helper
def execute(run, a, order_id, side, maker, tick, lots, timestamp, entry_ts, ahead):
    """Write one execution into the log."""
    if a["fills_count"] == a["fills_room"]:
        a["fills_addr"], a["fills_room"] = grown_copy(a, a["fills_addr"], a["fills_room"], _FILL_ROW)
    fill = fills_at(a["fills_addr"], a["fills_room"])[a["fills_count"]]
    a["fills_count"] += 1
    a["trade_id"] += 1
    a["x_position"] += side * lots
    price = tick * a["tick_size"]
    qty = units(a, lots)
    fill["trade_id"] = a["trade_id"]
    fill["order_id"] = order_id
    fill["exch_ts"] = timestamp
    fill["local_ts"] = NO_TIME
    fill["entry_ts"] = entry_ts
    fill["price_tick"] = tick
    fill["qty_lots"] = lots
    fill["price"] = price
    fill["qty"] = qty
    value = trade_value(a, price, qty)
    fee = fee_of(run, a, maker, side, price, qty, value, timestamp)
    fill["fee"] = fee
    fill["fee_currency"] = a["fee_currency"]
    if a["received_currency"] >= 0 and side > 0:
        fill["fee"] = fee / price
        fill["fee_currency"] = a["received_currency"]
    fill["queue_ahead"] = units(a, ahead)
    fill["bid"] = _price_of_level(a, a["x_bid"])
    fill["ask"] = _price_of_level(a, a["x_ask"])
    fill["asset"] = a["number"]
    fill["side"] = side
    fill["maker"] = maker
    if a["position_reports"] != 0:
        tell_position(run, a, side * lots, value, fee, timestamp)


@helper
def new_response(run, a, kind, event, timestamp, latency):
    """Append a message that leaves at `timestamp`. Returns its record.

    None overtakes an earlier one, unless the asset's latency model lets it.
    """
    if a["responses_count"] == a["responses_room"]:
        a["responses_addr"], a["responses_room"] = grown(
            a["responses_addr"], a["responses_room"], _RESPONSE_ROW
        )
    rows = responses_at(a["responses_addr"], a["responses_room"])
    at = a["responses_count"]
    arrival = later(timestamp, latency)
    if a["overtaking"] != 0:
        at = place_by_time(rows, a["responses_head"], at, arrival)
        a["sent"] += 1
        rows[at]["number"] = a["sent"]
        rows[at]["fills_from"] = a["fills_count"]
    elif a["responses_head"] < at:
        arrival = max(arrival, a["responses_last_ts"])  # nothing overtakes what is still under way
    a["responses_last_ts"] = arrival
    message = rows[at]
    a["responses_count"] += 1
    message["ts"] = arrival
    message["kind"] = kind
    message["event"] = event
    message["fills"] = a["fills_count"]
    message["reason"] = 0
    return message


@helper
def report(run, a, kind, event, timestamp, request_ts, order, executed, maker, exec_lots, exec_tick):
    """Send the local side news of an order as it stands at the exchange.

    `order` is a RESTING record; `kind` the request it answers, or FILL_REPORT; `event` what happened to
    it (core.order_states). The last execution's lots and tick go along when `executed`.
    """
    latency_kind = FILL_REPORT if kind == FILL_REPORT else REPORT
    latency = message_latency(run, a, latency_kind, timestamp)
    message = new_response(run, a, kind, event, timestamp, max(latency, 0))
    if a["overtaking"] != 0:
        claim_fills(a, message, order["order_id"])
    message["exch_ts"] = timestamp
    message["local_ts"] = request_ts
    message["order_id"] = order["order_id"]
    message["tick"] = order["tick"]
    message["qty"] = order["qty"]
    message["leaves"] = order["leaves"]
    message["filled"] = order["filled"]
    message["exec_qty"] = exec_lots
    message["exec_tick"] = exec_tick
    message["ahead"] = order["ahead"]
    message["side"] = order["side"]
    message["tif"] = order["tif"]
    message["order_type"] = 0
    message["maker"] = maker
    message["executed"] = executed
    message["reason"] = order["reason"]
