"""What a schedule does, on its two arrays; the same functions compiled and interpreted.

A schedule's marks are the places on its clock (time, or a count of what the market did) at which it is due.
All marks lie on one grid that is fixed when the schedule is first asked, so that no error adds up: mark
number k is ``base + k * step``.
"""

import numpy as np

from truefill.core.events import NO_TIME
from truefill.core.jit import helper
from truefill.core.records import MARKET_FEED, OK

TIME, DAILY, VOLUME, TRADES, BESTS, FEEDS = 0, 1, 2, 3, 4, 5
DAY_NS = 86_400_000_000_000
FOREVER = NO_TIME
# A sum of quantities may be a hair below the mark that it has reached.
_HAIR = 1e-14

SCHEDULE = np.dtype(
    [
        ("kind", "<i8"),
        ("asset", "<i8"),
        ("started", "<i8"),
        ("step_ns", "<i8"),  # TIME
        ("offset_ns", "<i8"),
        ("aligned", "<i8"),
        ("next_ts", "<i8"),  # TIME, DAILY: the next mark
        ("step", "<f8"),  # the others: units, or a number of events
        ("base", "<f8"),
        ("number", "<f8"),  # of the next mark
    ],
    align=True,
)


@helper
def next_time(clock, times, now):
    """First mark after `now`, ns."""
    if clock["kind"] == DAILY:
        midnight = now // DAY_NS * DAY_NS
        for i in range(len(times)):
            if midnight + times[i] > now:
                return midnight + times[i]
        return midnight + DAY_NS + times[0]
    step = clock["step_ns"]
    base = clock["offset_ns"]
    return base + ((now - base) // step + 1) * step


@helper
def count_of(clock, bot):
    """Where an event clock stands: what has arrived of what it counts."""
    activity = bot.activity(clock["asset"])
    kind = clock["kind"]
    if kind == VOLUME:
        return float(activity.volume)
    if kind == TRADES:
        return float(activity.trades)
    if kind == BESTS:
        return float(activity.best_changes)
    return float(activity.feed_events)


@helper
def _number_after(clock, count):
    """Number of the first mark that a count has not reached."""
    number = np.floor((count * (1.0 + _HAIR) - clock["base"]) / clock["step"]) + 1.0
    while _reached(clock, count, number):
        number += 1.0
    return number


@helper
def _reached(clock, count, number):
    mark = clock["base"] + number * clock["step"]
    return count >= mark * (1.0 - _HAIR)


@helper
def start(state, times, bot):
    """Begin to count, when a schedule is asked for the first time."""
    clock = state[0]
    if clock["started"] != 0:
        return
    clock["started"] = 1
    if clock["kind"] == TIME or clock["kind"] == DAILY:
        now = bot.current_timestamp
        if clock["aligned"] == 0:
            clock["offset_ns"] += now
        clock["next_ts"] = next_time(clock, times, now)
    else:
        clock["base"] = count_of(clock, bot)
        clock["number"] = 1.0


@helper
def due_now(state, times, bot):
    """Whether a mark has come since the schedule was last due; then the next one is the first to come."""
    start(state, times, bot)
    clock = state[0]
    if clock["kind"] == TIME or clock["kind"] == DAILY:
        now = bot.current_timestamp
        if now < clock["next_ts"]:
            return False
        clock["next_ts"] = next_time(clock, times, now)
        return True
    count = count_of(clock, bot)
    if not _reached(clock, count, clock["number"]):
        return False
    clock["number"] = _number_after(clock, count)
    return True


@helper
def wait_for(state, times, bot):
    """Let time pass until the schedule is due: 0, or the code with which the bot would not go on."""
    while not due_now(state, times, bot):
        clock = state[0]
        if clock["kind"] == TIME or clock["kind"] == DAILY:
            code = bot.elapse(clock["next_ts"] - bot.current_timestamp)
        else:
            code = bot.wait_next_feed(False, FOREVER)
        if code != OK and code != MARKET_FEED:
            return code
    return OK
