"""Where own orders stand in their queues now, as far as the strategy can know: only for runs that ask.

The exchange side runs ahead of what the strategy knows: by the time that the feed travels. So the exchange's
word about each place is kept with its exchange time, in a line for each order, and what the strategy reads is
the newest that is not newer than the feed that has arrived here, of a queue that an answer told of.

Without tracking none of this is compiled. With it, the exchange side is moved on in steps of one moment of
the market while own orders rest, and the places are read after each: its own code stays as it is, and what is
kept is the place after everything that happened at that moment.
"""

import math

import numpy as np

from truefill.backtest.arguments import BROKEN
from truefill.backtest.exchange_side import next_order_ts, own_orders
from truefill.backtest.executions import later, units
from truefill.backtest.local_side import settle_groups
from truefill.backtest.memory import grown
from truefill.backtest.order_table import find_order
from truefill.backtest.records import (
    QUEUE_PLACE,
    asset_at,
    metas_at,
    orders_at,
    places_at,
    resting_at,
    run_at,
)
from truefill.backtest.resting import ranks_of
from truefill.backtest.seams import QUEUE_POSITION, RUN_EXCHANGE
from truefill.backtest.table import asset_of
from truefill.core.address import caller, i64_view
from truefill.core.events import NO_TIME
from truefill.core.jit import Callback, helper
from truefill.core.records import NEW, PARTIALLY_FILLED

_ROW = QUEUE_PLACE.itemsize
_run_plainly = caller(RUN_EXCHANGE)


@helper
def _next_moment(a, horizon):
    """Where to stop next, so that the places can be read after each moment at which they may change."""
    if a["places_open"] != 0:  # a moment that was left half done, since it sent a watched message
        return min(horizon, a["places_open_ts"])
    stop = min(horizon, next_order_ts(a))
    if own_orders(a) > 0:
        if a["x_group"] < a["x_groups"]:
            stop = min(stop, i64_view(a["x_ts_addr"], a["x_groups"])[a["x_group"]])
        else:
            stop = min(stop, later(a["x_until"], 1))  # the next tape's first
    return stop


def _run_tracked(address, asset_address, horizon, watch, watched_id):
    """As `exchange_side.run_exchange_side`, and keep the places of own orders."""
    try:
        run = run_at(address)
        a = asset_at(asset_address)
        while True:
            stop = _next_moment(a, horizon)
            arrives = next_order_ts(a) == stop or a["places_open"] == 2
            arrival = _run_plainly(run["f_run_plainly"], (address, asset_address, stop, watch, watched_id))
            if run["error"] != 0:
                return arrival
            if arrival < NO_TIME:
                a["places_open"] = 2 if arrives else 1
                a["places_open_ts"] = stop
                return arrival
            a["places_open"] = 0
            if arrives:
                _forget_later(a, stop)
            _keep_places(a, stop)
            if stop >= horizon:
                return arrival
    except Exception:
        run_at(address)["error"] = BROKEN
        return np.int64(NO_TIME)


run_tracked = Callback(_run_tracked, RUN_EXCHANGE)


@helper
def _forget_later(a, timestamp):
    """Take back what is kept of times after this one, at which a request has arrived.

    Answers that come before they were sent (a clock that is behind, a negative latency) let a strategy act on
    what the exchange has yet to do, and its request can be there before that.
    """
    metas = metas_at(a["orders_meta_addr"], a["orders_room"])
    places = places_at(a["places_addr"], a["places_room"])
    orders = resting_at(a["resting_addr"], a["resting_room"])
    for side in (1, -1):
        ranks = ranks_of(a, side)
        for i in range(len(ranks)):
            slot = find_order(a, orders[ranks[i]]["order_id"])
            last = metas[slot]["place_last"] if slot >= 0 else 0
            if last == 0 or places[last - 1]["ts"] <= timestamp:
                continue
            kept, number = 0, metas[slot]["place_first"]
            while number > 0 and places[number - 1]["ts"] <= timestamp:
                kept, number = number, places[number - 1]["next"]
            metas[slot]["place_last"] = kept
            if kept > 0:
                places[kept - 1]["next"] = 0
            else:
                metas[slot]["place_first"] = 0


@helper
def _keep_places(a, timestamp):
    """Keep the place of each order that rests, where it is not the one that was kept last."""
    orders = resting_at(a["resting_addr"], a["resting_room"])
    for side in (1, -1):
        ranks = ranks_of(a, side)
        for i in range(len(ranks)):
            order = orders[ranks[i]]
            slot = find_order(a, order["order_id"])
            if slot >= 0:
                _keep(a, slot, timestamp, order["entry_ts"], order["front"])


@helper
def _keep(a, slot, timestamp, entry_ts, front):
    last = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]["place_last"]
    if last > 0:
        place = places_at(a["places_addr"], a["places_room"])[last - 1]
        if place["entry_ts"] == entry_ts and place["front"] == front:
            return
    number = _new_place(a)
    places = places_at(a["places_addr"], a["places_room"])
    places[number]["ts"] = timestamp
    places[number]["entry_ts"] = entry_ts
    places[number]["front"] = front
    places[number]["next"] = 0
    meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
    last = meta["place_last"]  # making room may have dropped what was there
    if last > 0:
        places[last - 1]["next"] = number + 1
    else:
        meta["place_first"] = number + 1
    meta["place_last"] = number + 1


@helper
def _new_place(a):
    """Number of a free row; when there is none, of those that nobody will ask for, or of new ones."""
    full = a["places_free"] == 0 and a["places_count"] == a["places_room"]
    if full and _collect(a) * 2 <= a["places_room"]:
        a["places_addr"], a["places_room"] = grown(a["places_addr"], a["places_room"], _ROW)
    if a["places_free"] > 0:
        number = a["places_free"] - 1
        a["places_free"] = places_at(a["places_addr"], a["places_room"])[number]["next"]
        return number
    number = a["places_count"]
    a["places_count"] = number + 1
    return number


@helper
def _collect(a):
    """Free the rows of orders that are gone and those that newer ones replaced. Returns how many are free."""
    places = places_at(a["places_addr"], a["places_room"])
    metas = metas_at(a["orders_meta_addr"], a["orders_room"])
    count = a["places_count"]
    for i in range(count):
        places[i]["used"] = 0
    for slot in range(a["orders_count"]):
        _come_forward(a, slot)
        number = metas[slot]["place_first"]
        while number > 0:
            places[number - 1]["used"] = 1
            number = places[number - 1]["next"]
    free = 0
    a["places_free"] = 0
    for i in range(count):
        if places[i]["used"] == 0:
            places[i]["next"] = a["places_free"]
            a["places_free"] = i + 1
            free += 1
    return free


@helper
def fed_until(a):
    """The newest exchange time among the feed events that have arrived here; -1: none has."""
    settle_groups(a)
    times = i64_view(a["l_exch_ts_addr"], a["l_groups"])
    for group in range(a["places_group"], a["l_group"]):
        if group == 0 and a["past_groups"] == 0:
            a["places_fed_ts"] = -1
        a["places_fed_ts"] = max(a["places_fed_ts"], times[group])
    a["places_group"] = a["l_group"]
    return a["places_fed_ts"] if a["past_groups"] + a["l_group"] > 0 else np.int64(-1)


@helper
def _come_forward(a, slot):
    """Let the newest place that can be known be the first in an order's line."""
    fed = fed_until(a)
    meta = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]
    told = orders_at(a["orders_addr"], a["orders_room"])[slot]["exch_timestamp"]
    places = places_at(a["places_addr"], a["places_room"])
    number = meta["place_first"]
    while number > 0:
        following = places[number - 1]["next"]
        if following == 0 or places[following - 1]["ts"] > fed or places[following - 1]["entry_ts"] > told:
            break
        number = following  # rows that are passed are found by the next collection
    meta["place_first"] = number


@helper
def _position(a, order_id):
    slot = find_order(a, order_id)
    if slot < 0:
        return math.nan
    order = orders_at(a["orders_addr"], a["orders_room"])[slot]
    if order["status"] != NEW and order["status"] != PARTIALLY_FILLED:
        return math.nan
    _come_forward(a, slot)
    number = metas_at(a["orders_meta_addr"], a["orders_room"])[slot]["place_first"]
    if number == 0:
        return math.nan
    places = places_at(a["places_addr"], a["places_room"])
    place = places[number - 1]
    told = order["exch_timestamp"]
    fed = a["places_fed_ts"]
    if a["l_group"] == 0 or place["ts"] > fed or place["entry_ts"] > told:
        return math.nan
    if told > fed:  # it may have joined another queue since, which the feed has not come to
        number = place["next"]
        while number > 0 and places[number - 1]["entry_ts"] <= told:
            if places[number - 1]["entry_ts"] > fed:
                return math.nan
            number = places[number - 1]["next"]
    return max(units(a, place["front"]), 0.0)


def _queue_position(address, number, order_id):
    """Quantity ahead of an own order, in units; NaN: not known. Below zero: a fault of the engine."""
    try:
        return float(_position(asset_of(run_at(address), number), order_id))
    except Exception:
        return float(BROKEN)


queue_position_entry = Callback(_queue_position, QUEUE_POSITION)
