"""What an event loop waits for: the next trade, the next timer, and when time itself has news."""

import numpy as np

from truefill.core.jit import helper
from truefill.strategy.events import BY_TIME, NEVER
from truefill.strategy.klines import next_bar_end


@helper
def wants_feed(wants, bars):
    """Whether each arrival of feed has to wake the loop. Bars by time are made when they end."""
    for k in range(wants.shape[1]):
        for kind in range(wants.shape[0]):
            if wants[kind, k]:
                return True
    wants_trades = False
    for i in range(len(bars)):
        wants_trades = wants_trades or bars[i].by != BY_TIME
    return wants_trades


@helper
def next_trade(bot, takes, taken):
    """Asset whose next trade that was not told yet arrived first, and when; -1: none. Ties by number."""
    asset = -1
    earliest = np.int64(NEVER)
    for k in range(len(takes)):
        if takes[k]:
            trades = bot.last_trades(k)
            if taken[k] < len(trades) and trades[taken[k]].local_ts < earliest:
                earliest = trades[taken[k]].local_ts
                asset = k
    return asset, earliest


@helper
def next_due(timers, now):
    """Number of the timer that was due first, by `now`; ties by number; -1: none."""
    first = -1
    for i in range(len(timers)):
        if timers[i].next_ts <= now and (first < 0 or timers[i].next_ts < timers[first].next_ts):
            first = i
    return first


@helper
def next_wake(timers, bars):
    """When time has something to tell by itself, ns; NEVER: it has not."""
    wake = next_bar_end(bars)
    for i in range(len(timers)):
        wake = min(wake, timers[i].next_ts)
    return wake


@helper
def set_next(timer, now):
    """After a timer was due: what it missed while the strategy was busy is not made up for."""
    timer.timestamp = timer.next_ts
    if timer.interval_ns > 0:
        timer.next_ts += timer.interval_ns * (1 + (now - timer.next_ts) // timer.interval_ns)
    else:
        timer.next_ts = NEVER
