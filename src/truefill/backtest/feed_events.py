"""What reaches the strategy besides books and trades: rows of other kinds on tapes, and feeds on no tape.

Rows on a tape are read by a cursor of their own, only when the strategy asks: the hot paths know nothing of
them (that they wake `wait_next_feed` is the business of their groups, like all rows'). They are put together
in a log of the engine, so that a long tape's need not be in memory. Feeds on no tape are arrays; runs that
have some ask for their next event and let them arrive, by address.
"""

import numpy as np

from truefill.backtest.arguments import BROKEN
from truefill.backtest.memory import grown_copy
from truefill.backtest.records import (
    FEED,
    asset_at,
    custom_more_at,
    custom_rows_at,
    event_parts_at,
    exch_runs_at,
    feed_at,
    run_at,
    trades_at,
)
from truefill.backtest.seams import ON_RUN, TAKE_EVENTS
from truefill.core.address import i64_view
from truefill.core.events import EVENT, NO_TIME
from truefill.core.jit import Callback, entry, helper

ARRIVED, MORE = 1, 2  # bits of what `take_events` tells

_EVENT_ROW = EVENT.itemsize
_FEED_ROW = FEED.itemsize


@helper
def read_events(a):
    """Bring the log of rows of other kinds up to the feed that has arrived; how many it holds."""
    parts = event_parts_at(a["e_parts_addr"], a["e_parts"])
    while a["e_part"] < a["e_parts"]:
        part = parts[a["e_part"]]
        rows = custom_rows_at(part["rows_addr"], part["rows"])
        runs = exch_runs_at(part["runs_addr"], part["runs"])
        more = custom_more_at(part["more_addr"], part["more"])
        local_ts = i64_view(part["ts_addr"], part["groups"])
        exch_ts = i64_view(part["exch_ts_addr"], part["groups"])
        while a["e_row"] < part["rows"]:
            number = a["e_row"]
            row = rows[number]
            group = row["group"]
            arrival = local_ts[group] + part["offset"]
            if arrival > a["feed_ts"]:
                return a["events_count"]
            if a["events_count"] == a["events_room"]:
                a["events_addr"], a["events_room"] = grown_copy(
                    a, a["events_addr"], a["events_room"], _EVENT_ROW
                )
            event = trades_at(a["events_addr"], a["events_room"])[a["events_count"]]
            a["events_count"] += 1
            a["e_row"] = number + 1
            while a["e_run"] < part["runs"] and runs[a["e_run"]]["row"] <= number:
                a["e_run"] += 1
            happened = exch_ts[group]
            if a["e_run"] > 0:  # a run ends with its group
                run = runs[a["e_run"] - 1]
                if rows[run["row"]]["group"] == group:
                    happened = run["exch_ts"]
            event["ev"] = row["ev"]
            event["exch_ts"] = happened
            event["local_ts"] = arrival
            event["px"] = row["px"]
            event["qty"] = row["qty"]
            event["ival"] = row["ival"]
            event["order_id"] = 0
            event["fval"] = 0.0
            if a["e_more"] < part["more"] and more[a["e_more"]]["row"] == number:
                event["order_id"] = more[a["e_more"]]["order_id"]
                event["fval"] = more[a["e_more"]]["fval"]
                a["e_more"] += 1
        a["e_part"] += 1
        a["e_row"] = 0
        a["e_run"] = 0
        a["e_more"] = 0
    return a["events_count"]


@entry
def read_events_at(address):
    """`read_events` of the asset at `address`, for a strategy that is not compiled."""
    return read_events(asset_at(address))


@helper
def feed_of(run, number):
    """The `number`-th feed that is on no tape, which is there."""
    return feed_at(run["feeds_addr"] + number * _FEED_ROW)


def _next_event(address):
    """Arrival of the next event of all feeds that are on no tape, or NO_TIME."""
    try:
        run = run_at(address)
        earliest = np.int64(NO_TIME)
        for k in range(run["num_feeds"]):
            feed = feed_of(run, k)
            if feed["seen"] < feed["count"]:
                event = trades_at(feed["events_addr"], feed["count"])[feed["seen"]]
                earliest = min(earliest, event["local_ts"])
        return earliest
    except Exception:
        run_at(address)["error"] = BROKEN
        return np.int64(NO_TIME)


next_event_entry = Callback(_next_event, ON_RUN)


def _take_events(address, horizon):
    """Let events up to `horizon` arrive; whether one did at `horizon`, and whether there are more."""
    try:
        run = run_at(address)
        told = 0
        for k in range(run["num_feeds"]):
            feed = feed_of(run, k)
            events = trades_at(feed["events_addr"], feed["count"])
            number = feed["seen"]
            while number < feed["count"] and events[number]["local_ts"] <= horizon:
                number += 1
            if number > feed["seen"] and events[number - 1]["local_ts"] == horizon:
                told |= ARRIVED
            feed["seen"] = number
            if number < feed["count"]:
                told |= MORE
        return np.int64(told)
    except Exception:
        return BROKEN


take_events_entry = Callback(_take_events, TAKE_EVENTS)
