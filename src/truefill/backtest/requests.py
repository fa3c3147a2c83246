"""The strategy's requests: what is checked here, and how they set out for the exchange."""

import math

import numpy as np

from truefill.backtest.arguments import (
    BAD_ASSET,
    BAD_DISPLAY,
    BAD_EXPIRY,
    BAD_FLAGS,
    BAD_ORDER_TYPE,
    BAD_PRICE,
    BAD_QTY,
    BAD_SIDE,
    BAD_TIME_IN_FORCE,
    BAD_TRIGGER,
    BROKEN,
    QTY_OFF_LOT,
)
from truefill.backtest.executions import later, new_response, units
from truefill.backtest.memory import grown
from truefill.backtest.models.latency import message_latency
from truefill.backtest.order_table import add_order, apply_event, find_order, order_changed
from truefill.backtest.overtaking import place_by_time
from truefill.backtest.records import (
    CANCEL,
    MODIFY,
    NO_RISK_MODEL,
    PLACE,
    REQUEST_ROW,
    metas_at,
    orders_at,
    requests_at,
    run_at,
)
from truefill.backtest.seams import (
    ADVANCE,
    CANCEL_ORDER,
    MODIFY_ORDER,
    ON_RUN,
    SUBMIT,
    WAIT_ORDER,
    check_risk,
)
from truefill.backtest.table import asset_of
from truefill.core.address import caller
from truefill.core.events import NO_TIME
from truefill.core.jit import Callback, helper
from truefill.core.order_rules import has_limit, may_rest, waits_for_trigger
from truefill.core.order_states import (
    REFUSE_CANCEL,
    REFUSE_UPDATE,
    REJECT,
    REQUEST_CANCEL,
    REQUEST_UPDATE,
)
from truefill.core.records import (
    GTD,
    LIMIT,
    NONE,
    OK,
    ORDER_ID_EXIST,
    ORDER_NOT_FOUND,
    ORDER_REQUEST_IN_PROCESS,
    SLIDE,
    TAKE_PROFIT_LIMIT,
    TOO_MANY_ORDERS,
)

# a quantity counts as whole lots when it is this near to them
_LOT_TOLERANCE = 1e-6
_call_advance = caller(ADVANCE)
_call_on_run = caller(ON_RUN)


@helper
def _send(run, a, kind, order_id, order, lots):
    """Put a request on its way; a negative latency sends back a refusal instead."""
    if run["f_charge"] != 0:
        _call_on_run(run["f_charge"], (a["run_addr"],))
    now = later(run["now"], run["compute_ns"])
    order["local_timestamp"] = now
    latency = message_latency(run, a, kind, now)
    if latency < 0:
        event = REJECT
        if kind == MODIFY:
            event = REFUSE_UPDATE
        elif kind == CANCEL:
            event = REFUSE_CANCEL
        message = new_response(run, a, kind, event, now, -latency)
        message["exch_ts"] = 0
        message["local_ts"] = now
        message["order_id"] = order_id
        message["executed"] = 0
        return
    if a["requests_count"] == a["requests_room"]:
        _make_room(a)
    rows = requests_at(a["requests_addr"], a["requests_room"])
    at = a["requests_count"]
    arrival = later(now, latency)
    if a["overtaking"] != 0:
        at = place_by_time(rows, a["requests_head"], at, arrival)
    elif a["requests_head"] < at:
        arrival = max(arrival, a["requests_last_ts"])  # nothing overtakes what is still under way
    request = rows[at]
    a["requests_count"] += 1
    a["requests_last_ts"] = arrival
    request["ts"] = arrival
    request["local_ts"] = now
    request["order_id"] = order_id
    request["kind"] = kind
    request["tick"] = order["price_tick"]
    request["qty"] = lots
    request["side"] = order["side"]
    request["tif"] = order["time_in_force"]
    request["order_type"] = order["order_type"]
    request["trigger"] = order["trigger_price_tick"]
    request["display"] = _lots(a, order["display_qty"]) if order["display_qty"] > 0.0 else np.int64(0)
    request["expire_ts"] = order["expire_ts"]
    request["flags"] = order["flags"]


@helper
def _make_room(a):
    """Room for one more request: by moving those in flight to the start, or by growing."""
    head = a["requests_head"]
    count = a["requests_count"] - head
    if head > count:
        rows = requests_at(a["requests_addr"], a["requests_room"])
        for i in range(count):
            rows[i] = rows[head + i]
        a["requests_head"] = 0
        a["requests_count"] = count
    else:
        a["requests_addr"], a["requests_room"] = grown(a["requests_addr"], a["requests_room"], REQUEST_ROW)


@helper
def _lots(a, qty):
    """Whole lots of a quantity, or an error code."""
    if not math.isfinite(qty) or qty <= 0.0:
        return np.int64(BAD_QTY)
    exact = qty * a["lots_per_unit"] if a["lots_per_unit"] > 0.0 else qty / a["lot_size"]
    if exact >= 4e18:
        return np.int64(BAD_QTY)
    lots = math.floor(exact + 0.5)
    whole = np.int64(lots)
    if abs(exact - lots) > _LOT_TOLERANCE + exact * 1e-12 or whole < 1 or whole % a["order_lots"] != 0:
        return np.int64(QTY_OFF_LOT)
    return whole


@helper
def _tick(a, price):
    """Nearest tick of a price, halves away from zero (HftBacktest rounds, so do we); -1: no price."""
    if not math.isfinite(price) or price <= 0.0:
        return np.int64(-1)
    exact = price / a["tick_size"]
    if exact >= 4e18:
        return np.int64(-1)
    return np.int64(math.floor(exact + 0.5))


@helper
def _bad_terms(a, side, lots, tif, order_type, trigger, display_qty, expire_ts, flags):
    """What is wrong with the parts of an order that go beyond HftBacktest's, or 0."""
    limited = has_limit(order_type)
    if side != 1 and side != -1:
        return BAD_SIDE
    if waits_for_trigger(order_type) != (trigger != 0.0) or (trigger != 0.0 and _tick(a, trigger) < 1):
        return BAD_TRIGGER
    if display_qty != 0.0:
        display = _lots(a, display_qty)
        if not limited or display < 0 or display > lots or not may_rest(tif):
            return BAD_DISPLAY
    if (tif == GTD) != (expire_ts != 0) or expire_ts < 0:
        return BAD_EXPIRY
    if (flags & SLIDE) != 0 and not (limited and may_rest(tif)):
        return BAD_FLAGS
    return 0


def _submit(
    address,
    number,
    side,
    order_id,
    price,
    qty,
    tif,
    order_type,
    wait,
    trigger,
    display_qty,
    expire_ts,
    flags,
):
    try:
        run = run_at(address)
        if number < 0 or number >= run["num_assets"]:
            return BAD_ASSET
        a = asset_of(run, number)
        if order_type < LIMIT or order_type > TAKE_PROFIT_LIMIT:
            return BAD_ORDER_TYPE
        if tif < 0 or tif > GTD:
            return BAD_TIME_IN_FORCE
        tick = _tick(a, price)
        if tick < 0:
            if has_limit(order_type):
                return BAD_PRICE
            tick = np.int64(0)
        lots = _lots(a, qty)
        if lots < 0:
            return lots
        bad = _bad_terms(a, side, lots, tif, order_type, trigger, display_qty, expire_ts, flags)
        if bad != 0:
            return bad
        if find_order(a, order_id) >= 0:
            return ORDER_ID_EXIST
        if a["risk_model"] != NO_RISK_MODEL:
            code = check_risk(run, a, PLACE, -1, order_id, side, tick, lots, order_type)
            if code != 0:
                return code
        slot = add_order(a, order_id)
        if slot < 0:
            return TOO_MANY_ORDERS
        order = orders_at(a["orders_addr"], a["orders_room"])[slot]
        meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
        order["price_tick"] = tick
        order["price"] = tick * a["tick_size"]
        order["qty"] = units(a, lots)
        order["leaves_qty"] = order["qty"]
        order["side"] = side
        order["order_type"] = order_type
        order["time_in_force"] = tif
        order["local_timestamp"] = run["now"]
        if trigger != 0.0:
            order["trigger_price_tick"] = _tick(a, trigger)
            order["trigger_price"] = order["trigger_price_tick"] * a["tick_size"]
        order["display_qty"] = display_qty
        order["expire_ts"] = expire_ts
        order["flags"] = flags
        meta["qty"] = lots
        meta["leaves"] = lots
        meta["submit_ts"] = run["now"]
        a["submits"] += 1
        _send(run, a, PLACE, order_id, order, lots)
        if wait != 0:
            return _call_advance(run["f_advance"], (address, NO_TIME, WAIT_ORDER, number, order_id))
        return OK
    except Exception:
        return BROKEN


submit = Callback(_submit, SUBMIT)


@helper
def _request_slot(run, number, order_id):
    """(asset row is valid, code): the slot of an order that can be asked something, or why not."""
    a = asset_of(run, number)
    slot = find_order(a, order_id)
    if slot < 0:
        return -ORDER_NOT_FOUND
    if orders_at(a["orders_addr"], a["orders_room"])[slot]["req"] != NONE:
        return -ORDER_REQUEST_IN_PROCESS
    return slot


def _modify(address, number, order_id, price, qty, wait):
    try:
        run = run_at(address)
        if number < 0 or number >= run["num_assets"]:
            return BAD_ASSET
        a = asset_of(run, number)
        tick = _tick(a, price)
        if tick < 0:
            return BAD_PRICE
        lots = _lots(a, qty)
        if lots < 0:
            return lots
        slot = _request_slot(run, number, order_id)
        if slot < 0:
            return -slot
        order = orders_at(a["orders_addr"], a["orders_room"])[slot]
        if a["risk_model"] != NO_RISK_MODEL:
            code = check_risk(run, a, MODIFY, slot, order_id, np.int64(order["side"]), tick, lots, LIMIT)
            if code != 0:
                return code
        meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
        meta["old_tick"] = order["price_tick"]
        meta["old_qty"] = meta["qty"]
        meta["modifying"] = 1
        meta["modifies"] += 1
        meta["qty"] = lots
        order["price_tick"] = tick
        order["price"] = tick * a["tick_size"]
        order["qty"] = units(a, lots)
        order["local_timestamp"] = run["now"]
        order_changed(a, slot)  # of a finished one the state stays
        a["modifies"] += 1
        apply_event(a, slot, REQUEST_UPDATE)
        _send(run, a, MODIFY, order_id, order, lots)
        if wait != 0:
            return _call_advance(run["f_advance"], (address, NO_TIME, WAIT_ORDER, number, order_id))
        return OK
    except Exception:
        return BROKEN


modify = Callback(_modify, MODIFY_ORDER)


def _cancel(address, number, order_id, wait):
    try:
        run = run_at(address)
        if number < 0 or number >= run["num_assets"]:
            return BAD_ASSET
        a = asset_of(run, number)
        slot = _request_slot(run, number, order_id)
        if slot < 0:
            return -slot
        order = orders_at(a["orders_addr"], a["orders_room"])[slot]
        meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
        meta["cancels"] += 1
        order["local_timestamp"] = run["now"]
        a["cancels"] += 1
        apply_event(a, slot, REQUEST_CANCEL)
        _send(run, a, CANCEL, order_id, order, meta["leaves"])
        if wait != 0:
            return _call_advance(run["f_advance"], (address, NO_TIME, WAIT_ORDER, number, order_id))
        return OK
    except Exception:
        return BROKEN


cancel = Callback(_cancel, CANCEL_ORDER)
