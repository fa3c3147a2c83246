"""The engine: the entries that a bot calls, each through its address in the RUN record.

One heavy entry, `advance`, moves time; `requests` puts orders on their way; the others read state. Every
entry catches everything and returns a status: an exception that left a callback would look like success.
Status codes below zero are arguments that no exchange would understand; the bot raises them as BotError.
"""

import math

import numpy as np

from truefill.backtest.account_orders import account_refusal_entry
from truefill.backtest.account_rounds import run_rounds_entry
from truefill.backtest.account_view import read_account_entry
from truefill.backtest.arguments import BROKEN
from truefill.backtest.arrivals import activate, expire_due, handle_request, mark_due
from truefill.backtest.chain_kernels import gather_trades, next_tape_entry
from truefill.backtest.computing import GO_ON
from truefill.backtest.exchange_side import (
    first_watched,
    handle_stop,
    next_exchange_ts,
    next_order_ts,
    own_orders,
    run_exchange_side,
)
from truefill.backtest.executions import later
from truefill.backtest.feed_events import ARRIVED, MORE, next_event_entry, take_events_entry
from truefill.backtest.fill_pro_rata import share_out
from truefill.backtest.fill_user import fill_by_user
from truefill.backtest.local_side import (
    level_lots,
    next_feed_ts,
    next_response_ts,
    run_local,
    set_position,
    sync_book,
)
from truefill.backtest.memory import grown
from truefill.backtest.order_table import clear_inactive
from truefill.backtest.position_reports import hear_positions_entry, tell_position_entry
from truefill.backtest.records import (
    RECORD_ROW,
    asset_at,
    records_at,
    requests_at,
    run_at,
    stops_at,
)
from truefill.backtest.requests import cancel, modify, submit
from truefill.backtest.risk import check_risk
from truefill.backtest.seams import (
    ACTIVATE,
    ADVANCE,
    ARRIVE,
    COMPUTE,
    EXCHANGE_SIDE,
    EXPIRE_DUE,
    LEVEL,
    LOCAL_SIDE,
    MARK_DUE,
    MEET,
    ON_ASSET,
    ON_RUN,
    RUN_EXCHANGE,
    WAIT_FEED,
    WAIT_FEED_OR_RESPONSE,
    WAIT_ORDER,
    hear_positions,
    next_event,
    next_tape,
    run_exchange,
    run_rounds,
    take_events,
)
from truefill.backtest.table import asset_of
from truefill.core.address import caller, i64_view
from truefill.core.events import NO_TIME
from truefill.core.jit import Callback, helper
from truefill.core.records import END_OF_DATA, INTERRUPTED, MARKET_FEED, OK, ORDER_RESPONSE

_call_compute = caller(COMPUTE)
_WATCH_NOTHING, _WATCH_ORDER, _WATCH_ANY = 0, 1, 2


@helper
def advance_to(run, stop, wait, wait_asset, wait_id):
    """Run every side up to `stop`, or to the first thing that is waited for. Returns HftBacktest's code."""
    if run["stop"] != 0:
        return INTERRUPTED
    if run["error"] != 0:
        return run["error"]
    if run["compute_ns"] > 0:
        code = _call_compute(run["f_compute"], (asset_of(run, 0)["run_addr"], wait, wait_asset, wait_id))
        if code != GO_ON:
            return code
        stop = later(stop, run["compute_ns"])
    run["steps"] += 1
    count = run["num_assets"]
    horizon = stop
    wants_feed = wait == WAIT_FEED or wait == WAIT_FEED_OR_RESPONSE
    if wants_feed:
        for k in range(count):
            horizon = min(horizon, next_feed_ts(asset_of(run, k)))
        horizon = min(horizon, next_event(run))
    if run["num_accounts"] > 0:
        horizon = run_rounds(run, horizon, wait, wait_asset, wait_id)
        if run["error"] != 0:
            return run["error"]
    elif wait == WAIT_ORDER:
        horizon = _horizon_of_order(run, asset_of(run, wait_asset), horizon, wait_id)
    elif wait == WAIT_FEED_OR_RESPONSE:
        horizon = _horizon_of_any_response(run, horizon)

    for k in range(count):
        a = asset_of(run, k)
        if own_orders(a) > 0 or next_order_ts(a) <= horizon:  # else nothing happens there: spare the call
            run_exchange(run, a, horizon, _WATCH_NOTHING, np.uint64(0))
            if run["error"] != 0:
                return run["error"]
    result = OK
    more = False
    for k in range(count):
        a = asset_of(run, k)
        while horizon > a["l_until"]:
            next_tape(run, a, LOCAL_SIDE)
        feed, answered = run_local(a, horizon, wants_feed)
        if a["positions_count"] > 0:
            hear_positions(run, a, horizon)
            set_position(a)
        if feed:
            result = MARKET_FEED
        if answered and wait == WAIT_FEED_OR_RESPONSE:
            result = ORDER_RESPONSE
        more = more or _has_more(run, a, horizon)
    told = take_events(run, horizon)
    if wants_feed and told & ARRIVED != 0:
        result = MARKET_FEED
    more = more or told & MORE != 0
    if not more:
        run["ended"] = 1
        return END_OF_DATA
    run["now"] = horizon
    return result


@helper
def _horizon_of_order(run, a, horizon, wait_id):
    """When the first answer about an order arrives, if by `horizon`."""
    arrival = first_watched(a, a["responses_head"], _WATCH_ORDER, wait_id)
    if arrival >= NO_TIME or a["overtaking"] != 0:
        return _horizon_here(run, a, min(horizon, arrival), _WATCH_ORDER, wait_id)
    return min(horizon, arrival)


@helper
def _horizon_here(run, a, horizon, watch, watched_id):
    """When the first watched message of one asset arrives that is sent from now on, if by `horizon`."""
    arrival = run_exchange(run, a, horizon, watch, watched_id)
    if a["overtaking"] != 0:
        while arrival < NO_TIME:  # one that is sent later may arrive earlier
            horizon = min(horizon, arrival)
            arrival = run_exchange(run, a, horizon, watch, watched_id)
    return min(horizon, arrival)


@helper
def _horizon_of_any_response(run, horizon):
    """When the first answer about any order arrives, if by `horizon`.

    The assets' exchange sides take turns, the one with the earliest next event first, so that none runs
    past the moment at which another one's answer wakes the strategy.
    """
    count = run["num_assets"]
    for k in range(count):
        horizon = min(horizon, next_response_ts(asset_of(run, k)))
    if count == 1:
        return _horizon_here(run, asset_of(run, 0), horizon, _WATCH_ANY, np.uint64(0))
    while run["error"] == 0:
        first = 0
        earliest = np.int64(NO_TIME)
        for k in range(count):
            ts = next_exchange_ts(asset_of(run, k))
            if ts < earliest:
                earliest = ts
                first = k
        if earliest > horizon or earliest == NO_TIME:
            break
        arrival = run_exchange(run, asset_of(run, first), earliest, _WATCH_ANY, np.uint64(0))
        horizon = min(horizon, arrival)
    return horizon


@helper
def _has_more(run, a, horizon):
    """Whether anything of this asset is still to come after `horizon`."""
    if a["feed_ts"] < a["l_last_ts"] or a["responses_head"] < a["responses_count"]:
        return True
    if a["positions_count"] > 0:
        return True
    if next_order_ts(a) < NO_TIME:
        return True
    return run["ended"] == 0 and a["x_last_ts"] > horizon


def _advance(address, stop, wait, wait_asset, wait_id):
    try:
        run = run_at(address)
        return np.int64(advance_to(run, stop, wait, wait_asset, wait_id))
    except Exception:
        return BROKEN


advance = Callback(_advance, ADVANCE)


def _run_exchange(address, asset_address, horizon, watch, watched_id):
    try:
        run = run_at(address)
        a = asset_at(asset_address)
        arrival = np.int64(NO_TIME)
        while True:
            # what is sent after the end of the data meets the book of the last tape
            stays = a["x_until"] == NO_TIME or (run["ended"] == 0 and a["x_until"] >= horizon)
            if stays or run["ended"] == 0:
                arrival = run_exchange_side(run, a, min(horizon, a["x_until"]), watch, watched_id)
            if stays or arrival < NO_TIME or run["error"] != 0:
                return np.int64(arrival)
            next_tape(run, a, EXCHANGE_SIDE)
    except Exception:
        run_at(address)["error"] = BROKEN
        return np.int64(NO_TIME)


run_exchange_entry = Callback(_run_exchange, RUN_EXCHANGE)


def _arrive(address, asset_address, number):
    try:
        a = asset_at(asset_address)
        run = run_at(address)
        if number >= 0:
            handle_request(run, a, requests_at(a["requests_addr"], a["requests_room"])[number])
        elif number == EXPIRE_DUE:
            expire_due(run, a)
        elif number == MARK_DUE:
            mark_due(run, a)
        else:
            cause = stops_at(a["x_stops_addr"], a["x_stops"])[a["x_stop"] - 1]
            activate(run, a, ACTIVATE - number, cause["ts"])
        return OK
    except Exception:
        return BROKEN


arrive_entry = Callback(_arrive, ARRIVE)


def _meet(address, asset_address, number):
    try:
        a = asset_at(asset_address)
        handle_stop(run_at(address), a, stops_at(a["x_stops_addr"], a["x_stops"])[number])
        return OK
    except Exception:
        return BROKEN


meet_entry = Callback(_meet, MEET)


def _clear_inactive(address, number):
    try:
        clear_inactive(asset_of(run_at(address), number))
        return OK
    except Exception:
        return BROKEN


clear_inactive_entry = Callback(_clear_inactive, ON_ASSET)


def _sync_book(address, number):
    try:
        sync_book(asset_of(run_at(address), number))
        return OK
    except Exception:
        return BROKEN


sync_book_entry = Callback(_sync_book, ON_ASSET)


def _level_lots(address, number, tick, book_side):
    try:
        a = asset_of(run_at(address), number)
        sync_book(a)
        return level_lots(a, tick, book_side)
    except Exception:
        return BROKEN


level_lots_entry = Callback(_level_lots, LEVEL)


def _record(address):
    """Append a sample of every asset's state."""
    try:
        run = run_at(address)
        for k in range(run["num_assets"]):
            a = asset_of(run, k)
            if a["records_count"] == a["records_room"]:
                a["records_addr"], a["records_room"] = grown(a["records_addr"], a["records_room"], RECORD_ROW)
            row = records_at(a["records_addr"], a["records_room"])[a["records_count"]]
            a["records_count"] += 1
            row["timestamp"] = run["now"]
            row["price"] = mid_price(a)
            row["position"] = a["position"]
            row["balance"] = a["balance"]
            row["fee"] = a["fee"]
            row["num_trades"] = a["num_trades"]
            row["trading_volume"] = a["trading_volume"]
            row["trading_value"] = a["trading_value"]
        return OK
    except Exception:
        return BROKEN


record = Callback(_record, ON_RUN)

# Every entry, by the name of its address in RUN.
ENTRIES = {
    "advance": advance,
    "run_exchange": run_exchange_entry,
    "arrive": arrive_entry,
    "meet": meet_entry,
    "submit": submit,
    "modify": modify,
    "cancel": cancel,
    "clear_inactive": clear_inactive_entry,
    "sync_book": sync_book_entry,
    "level_lots": level_lots_entry,
    "record": record,
}
# Compiled only for runs in which an asset has the model that they are for.
RARE_ENTRIES = {
    "check_risk": check_risk,
    "fill_by_user": fill_by_user,
    "share_out": share_out,
    "tell_position": tell_position_entry,
    "hear_positions": hear_positions_entry,
    "run_rounds": run_rounds_entry,
    "account_refusal": account_refusal_entry,
    "read_account": read_account_entry,
    "next_event": next_event_entry,
    "take_events": take_events_entry,
    "next_tape": next_tape_entry,
    "gather_trades": gather_trades,
}


@helper
def mid_price(a):
    """Mean of the best prices that have arrived, NaN when a side is empty."""
    if a["bid"] < 0 or a["ask"] < 0:
        return math.nan
    ticks = i64_view(a["level_tick_addr"], a["levels"])
    return (ticks[a["bid"]] * a["tick_size"] + ticks[a["ask"]] * a["tick_size"]) / 2.0
