"""The exchange sides of a run with accounts: in rounds, from one moment of money to the next.

Without accounts each asset's exchange side runs alone to the horizon. An account couples its assets: whether
an order is taken, and when a position is liquidated, depends on all of them. So all sides go together, to the
earliest of the next request, the next order that ends by itself and the next change of a mark, rate or
payment, and so on to the horizon. Of one moment, first come the market and the requests of each asset, by
asset number (those of one asset in the usual order), then the money.
"""

import numpy as np

from truefill.backtest.account_payments import next_money_ts, take_money_events
from truefill.backtest.account_state import account_of, fold_fills
from truefill.backtest.arguments import BROKEN
from truefill.backtest.exchange_side import first_watched, next_exchange_ts, next_order_ts, own_orders
from truefill.backtest.liquidation import liquidate_if_due
from truefill.backtest.records import run_at
from truefill.backtest.seams import (
    RUN_ROUNDS,
    WAIT_FEED_OR_RESPONSE,
    WAIT_ORDER,
    run_exchange,
)
from truefill.backtest.table import asset_of
from truefill.core.events import NO_TIME
from truefill.core.jit import Callback, helper

_NOTHING, _ORDER, _ANY = 0, 1, 2


@helper
def run_rounds(run, horizon, wait, wait_asset, wait_id):
    """Run all exchange sides and accounts up to `horizon`, or to the arrival of what is waited for.

    Returns the moment that was reached.
    """
    watch = _NOTHING
    if wait == WAIT_ORDER:
        watch = _ORDER
    elif wait == WAIT_FEED_OR_RESPONSE:
        watch = _ANY
    count = run["num_assets"]
    horizon = min(horizon, _first_arrival(run, watch, wait_asset, wait_id))
    while run["error"] == 0:
        moment = _next_moment(run, watch)
        if moment > horizon or moment == NO_TIME:
            break
        _run_sides(run, moment - 1)
        for k in range(count):
            a = asset_of(run, k)
            if own_orders(a) > 0 or next_order_ts(a) <= moment:
                run_exchange(run, a, moment, _NOTHING, np.uint64(0))
        if run["error"] != 0:
            return horizon
        for n in range(run["num_accounts"]):
            acc = account_of(run, n)
            if next_money_ts(acc) <= moment:
                fold_fills(run, acc, False)
                take_money_events(run, acc, moment)
                liquidate_if_due(run, acc, moment)
        if watch != _NOTHING:
            horizon = min(horizon, _first_arrival(run, watch, wait_asset, wait_id))
    if run["error"] == 0:
        _run_sides(run, horizon)
    for n in range(run["num_accounts"]):  # before the messages that report them may change their order
        fold_fills(run, account_of(run, n), False)
    return horizon


@helper
def _run_sides(run, horizon):
    """Let the market go on where own orders rest; there is no request by then."""
    for k in range(run["num_assets"]):
        a = asset_of(run, k)
        if own_orders(a) > 0:
            run_exchange(run, a, horizon, _NOTHING, np.uint64(0))


@helper
def _next_moment(run, watch):
    """When something can happen that depends on several assets, or sends a message that is waited for."""
    earliest = np.int64(NO_TIME)
    for n in range(run["num_accounts"]):
        earliest = min(earliest, next_money_ts(account_of(run, n)))
    for k in range(run["num_assets"]):
        a = asset_of(run, k)
        earliest = min(earliest, next_order_ts(a) if watch == _NOTHING else next_exchange_ts(a))
    return earliest


@helper
def _first_arrival(run, watch, wait_asset, wait_id):
    """When the first message arrives that is waited for, of those under way; NO_TIME: none."""
    if watch == _NOTHING:
        return np.int64(NO_TIME)
    if watch == _ORDER:
        a = asset_of(run, wait_asset)
        return first_watched(a, a["responses_head"], watch, wait_id)
    earliest = np.int64(NO_TIME)
    for k in range(run["num_assets"]):
        a = asset_of(run, k)
        earliest = min(earliest, first_watched(a, a["responses_head"], watch, wait_id))
    return earliest


def _run_rounds(address, horizon, wait, wait_asset, wait_id):
    try:
        return np.int64(run_rounds(run_at(address), horizon, wait, wait_asset, wait_id))
    except Exception:
        run_at(address)["error"] = BROKEN
        return np.int64(horizon)


run_rounds_entry = Callback(_run_rounds, RUN_ROUNDS)
