"""The gate that a request passes before it leaves: what the risk model is told, and what it says."""

import math

import numpy as np

from truefill.backtest.arguments import BROKEN
from truefill.backtest.executions import units
from truefill.backtest.models.contracts import trade_value
from truefill.backtest.models.risk import SIGNATURE
from truefill.backtest.models.user import fail
from truefill.backtest.order_table import is_over
from truefill.backtest.records import (
    PLACE,
    RISK_MODEL,
    USER_MODEL,
    asset_at,
    metas_at,
    orders_at,
    risk_request_at,
    run_at,
)
from truefill.backtest.seams import CHECK_RISK
from truefill.backtest.table import asset_address
from truefill.core.address import caller, i64_view
from truefill.core.jit import Callback, helper
from truefill.core.records import MARKET, RISK_REFUSED
from truefill.core.risk import limit_broken

_call = caller(SIGNATURE)


@helper
def _best_price(a, side):
    level = a["bid"] if side > 0 else a["ask"]
    if level < 0:
        return math.nan
    return i64_view(a["level_tick_addr"], a["levels"])[level] * a["tick_size"]


@helper
def _open_lots(a, slot):
    """What an order may still trade, as far as is known here; under a modify the larger of old and new."""
    meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
    if meta["modifying"] != 0:
        return max(meta["leaves"], meta["qty"])
    return meta["leaves"]


@helper
def _fill_in(run, a, request, kind, slot, order_id, side, tick, lots, order_type):
    """Write into `request` all that a risk model may look at. Returns open lots of the other orders."""
    orders = orders_at(a["orders_addr"], a["orders_room"])
    buys = np.int64(0)
    sells = np.int64(0)
    count = np.int64(0)
    replaced = np.int64(0)
    for i in range(a["orders_count"]):
        if not is_over(orders[i]["status"]):
            open_lots = _open_lots(a, i)
            if i == slot:
                replaced = open_lots
            elif orders[i]["side"] > 0:
                buys += open_lots
            else:
                sells += open_lots
            count += 1
    request["kind"] = kind
    request["side"] = side
    request["order_type"] = order_type
    request["order_id"] = order_id
    request["timestamp"] = run["now"]
    request["price"] = tick * a["tick_size"]
    if order_type == MARKET:
        request["price"] = _best_price(a, -side)
    request["qty"] = units(a, lots)
    request["replaced_qty"] = units(a, replaced)
    request["position"] = a["position"]
    request["open_buy_qty"] = units(a, buys)
    request["open_sell_qty"] = units(a, sells)
    request["open_orders"] = count
    request["best_bid"] = _best_price(a, 1)
    request["best_ask"] = _best_price(a, -1)
    request["value"] = trade_value(a, request["price"], request["qty"])
    return buys if side > 0 else sells


@helper
def risk_reason(run, a, kind, slot, order_id, side, tick, lots, order_type):
    """0, or the reason for which a request of `lots` at `tick` must not leave; `slot` -1: a new order."""
    request = risk_request_at(a["risk_request_addr"], 1)[0]
    others = _fill_in(run, a, request, kind, slot, order_id, side, tick, lots, order_type)
    if a["risk_model"] == USER_MODEL:
        if _call(a["risk_call"], (asset_address(run, a),)) != 0:
            fail(run, a, RISK_MODEL, kind, run["now"], 0.0, 0.0, 0.0, 0.0)
            return np.int64(0)
        return a["model_out_i"]
    return np.int64(
        limit_broken(
            side,
            lots,
            request["value"],
            a["position_lots"],
            others,
            request["open_orders"] + (1 if kind == PLACE else 0),
            a["risk_max_lots"],
            a["risk_max_position"],
            a["risk_max_value"],
            a["risk_max_orders"],
        )
    )


def _check_risk(address, asset_address, kind, slot, order_id, side, tick, lots, order_type):
    try:
        run = run_at(address)
        a = asset_at(asset_address)
        reason = risk_reason(run, a, kind, slot, order_id, side, tick, lots, order_type)
        if run["error"] != 0:
            return run["error"]
        if reason == 0:
            return np.int64(0)
        a["risk_refused"] += 1
        return RISK_REFUSED + reason
    except Exception:
        return np.int64(BROKEN)


check_risk = Callback(_check_risk, CHECK_RISK)
