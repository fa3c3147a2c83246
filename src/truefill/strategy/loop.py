"""The event loop: time moves from one moment to the next at which there is something to tell, and it is told.

`make_loop` closes one function over a strategy's callbacks. Compiled, callbacks that are not there cost
nothing: their branches are dropped before they are typed. Interpreted, the very same source runs.

The loop knows a bot only by its face. What comes at one moment comes in the order of `CALLBACKS`: bars,
trades and other events merged by the time they arrived (at equal times a bar that ends comes before the
trade, and the trade before the event), then books, executions, orders, timers; within each by number of
asset, and by time or order of sending.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from truefill.core.jit import helper
from truefill.core.records import END_OF_DATA, MARKET_FEED, OK, ORDER_RESPONSE
from truefill.strategy.best_prices import feed_times, read_best
from truefill.strategy.event_calls import copy_event, hears_anything, make_event_teller, next_event
from truefill.strategy.events import CALLBACKS, EVENT_CALLBACKS, NEVER, ORDER_CALLBACKS
from truefill.strategy.klines import add_trade, begin_bars, close_on_time, first_ended
from truefill.strategy.moments import next_due, next_trade, next_wake, set_next, wants_feed
from truefill.strategy.order_calls import ignore, make_order_teller, note

_ON_START, _ON_KLINE, _ON_TRADE = range(3)
_ON_BOOKL1, _ON_BOOKL2, _ON_FILL, _ON_TIMER, _ON_STOP = (
    CALLBACKS.index(name) for name in ("on_bookl1", "on_bookl2", "on_fill", "on_timer", "on_stop")
)
_ANYTHING = ORDER_RESPONSE


class Work(NamedTuple):
    """What a loop reads and writes besides the bot.

    Attributes
    ----------
    state : object
        The strategy's own.
    where : int64[4]
        Which callback is running (number in `CALLBACKS`), since when (ns), on which asset or other source
        of events, events so far.
    wants : bool[3, A]
        Whether trades, best prices, arrivals of feed of each asset are to be told.
    hears : bool[4, S]
        Whether index, mark price, funding, other events of each source (assets, then stand-alone feeds) are.
    quantities : int64[1]
        Whether a changed quantity at the best price is told as a changed best price.
    takes : bool[A]
        Whether the loop takes an asset's trades, to tell them or to make bars of them.
    bars : BARS[K]
    klines : KLINE[K]
    timers : TIMER[T]
    book : BOOKL1[A]
        Best prices as they were last told.
    feed : BOOKL2[A]
        Arrivals of feed as they were last told.
    event : FEED_EVENT[1]
        The event that is being told.
    trade : MARKET_TRADE[1]
        The trade that is being told.
    told : TOLD[A, N]
        N: orders that the largest table has room for. Arrays that would grow, and so be other ones in the
        course of the loop, have their references counted at each turn: twice the time of a turn.
    news : ORDER[N]
    codes : int64[N, 2]
    """

    state: Any
    where: np.ndarray
    wants: np.ndarray
    hears: np.ndarray
    quantities: np.ndarray
    takes: np.ndarray
    bars: np.ndarray
    klines: np.ndarray
    timers: np.ndarray
    book: np.ndarray
    feed: np.ndarray
    event: np.ndarray
    trade: np.ndarray
    told: np.ndarray
    news: np.ndarray
    codes: np.ndarray


def _nothing(bot, state):
    """Stand where a callback without an event is not there."""


@helper
def _may_have_answered(code, sources):
    """Whether answers may have come with a return code: one source's feed may hide another's answer."""
    return code == ORDER_RESPONSE or code == END_OF_DATA or (code == MARKET_FEED and sources > 1)


def make_loop(callbacks: dict[str, Callable[..., Any]], jit: Callable[..., Any]) -> Callable[..., int]:
    """Make the loop of a strategy.

    Parameters
    ----------
    callbacks : dict
        By name (`CALLBACKS`): functions ``(bot, state, event)``, or ``(bot, state)`` for `on_start` and
        `on_stop`; what `jit` has made of them.
    jit : callable
        Compiles a function, or gives it back.

    Returns
    -------
    callable
        ``loop(bot, work) -> int``: moves the bot to the end of its data, or until it is told to stop, and
        returns the code that ended it. Not compiled itself.
    """
    on_start = callbacks.get("on_start", jit(_nothing))
    on_stop = callbacks.get("on_stop", jit(_nothing))
    on_trade = callbacks.get("on_trade", jit(ignore))
    on_kline = callbacks.get("on_kline", jit(ignore))
    on_bookl1 = callbacks.get("on_bookl1", jit(ignore))
    on_bookl2 = callbacks.get("on_bookl2", jit(ignore))
    on_fill = callbacks.get("on_fill", jit(ignore))
    on_timer = callbacks.get("on_timer", jit(ignore))
    has_trade = "on_trade" in callbacks
    has_kline = "on_kline" in callbacks
    has_bookl1 = "on_bookl1" in callbacks
    has_bookl2 = "on_bookl2" in callbacks
    has_fill = "on_fill" in callbacks
    has_timer = "on_timer" in callbacks
    takes_trades = has_trade or has_kline
    has_clock = has_timer or has_kline
    has_events = any(name in callbacks for name in EVENT_CALLBACKS)
    takes_any = takes_trades or has_events
    has_orders = any(name in callbacks for name in ORDER_CALLBACKS)
    wants_answers = has_fill or has_orders
    tell_orders = make_order_teller(callbacks, jit)
    tell_event = make_event_teller(callbacks, jit)

    def loop(bot, work):
        state, where, wants, hears = work.state, work.where, work.wants, work.hears
        bars, klines, timers, book, feed = work.bars, work.klines, work.timers, work.book, work.feed
        news, codes, told = work.news, work.codes, work.told
        count = bot.num_assets
        taken = np.zeros(count, np.int64)
        given = np.zeros(hears.shape[1], np.int64)
        fills_told = np.zeros(count, np.int64)
        known = np.zeros((count, 3), np.int64)
        with_quantities = work.quantities[0] != 0
        each_arrival = wants_feed(wants, bars) or hears_anything(hears)
        now = bot.current_timestamp
        begin_bars(bars, klines, now)
        for k in range(count):
            if work.takes[k]:
                bot.clear_last_trades(k)
            fills_told[k] = len(bot.fills(k))
        note(where, _ON_START, now, -1)
        on_start(bot, state)
        called = True
        moved = True  # callbacks may have moved timers
        wake = np.int64(NEVER)
        code = OK
        while True:
            if has_orders:
                if called:  # callbacks may have sent something; those who hear of that may, in turn
                    asked = 1
                    while asked > 0:
                        asked = tell_orders(bot, state, where, now, told, news, codes, known, False)
            moved = moved or called
            called = False
            if code == END_OF_DATA:
                break

            if bot.current_timestamp == now:
                duration = np.int64(NEVER)
                if has_clock:
                    if moved or wake <= now:  # else nothing can have changed it
                        wake = next_wake(timers, bars)
                        moved = False
                    if wake < NEVER:
                        duration = wake - now
                if wants_answers:
                    code = bot.wait_next_feed(True, duration)
                elif each_arrival:
                    code = bot.wait_next_feed(False, duration)
                else:
                    code = bot.elapse(duration)
                if code > ORDER_RESPONSE:
                    break
            else:
                code = _ANYTHING  # a callback has moved time itself: what came meanwhile is told now
            now = bot.current_timestamp

            if takes_any:
                more = True
                while more:
                    asset, source, arrived = -1, -1, np.int64(NEVER)
                    if takes_trades:
                        asset, arrived = next_trade(bot, work.takes, taken)
                    if has_events:
                        source, came = next_event(bot, hears, given)
                        if came < arrived:
                            asset, arrived = -1, came
                        else:
                            source = -1  # the trade first
                    more = asset >= 0 or source >= 0
                    if has_kline:
                        until = arrived if more else now
                        number = first_ended(bars, until)
                        while number >= 0:
                            if close_on_time(bars[number], klines[number]):
                                note(where, _ON_KLINE, klines[number].timestamp, bars[number].asset)
                                on_kline(bot, state, klines[number])
                                called = True
                            klines[number].trades = 0
                            number = first_ended(bars, until)
                    if has_events:
                        if source >= 0:
                            number = given[source]
                            given[source] += 1
                            if tell_event(bot, state, where, hears, source, number, work.event[0]):
                                called = True
                    if takes_trades:
                        if asset >= 0:
                            trade = work.trade[0]
                            copy_event(trade, bot.last_trades(asset)[taken[asset]])
                            trade.asset = asset
                            taken[asset] += 1
                            if has_trade:
                                if wants[0, asset]:
                                    note(where, _ON_TRADE, trade.local_ts, asset)
                                    on_trade(bot, state, trade)
                                    called = True
                            if has_kline:
                                for i in range(len(bars)):
                                    if bars[i].asset == asset and add_trade(bars[i], klines[i], trade):
                                        note(where, _ON_KLINE, klines[i].timestamp, asset)
                                        on_kline(bot, state, klines[i])
                                        called = True
                                        klines[i].trades = 0
                for k in range(count):
                    if taken[k] > 0:
                        bot.clear_last_trades(k)
                        taken[k] = 0
                if has_events:
                    for k in range(len(given)):
                        if given[k] > 0:
                            bot.clear_last_events(k)
                            given[k] = 0

            if has_bookl1:
                if code != OK:
                    for k in range(count):
                        if wants[1, k] and read_best(bot, k, book[k], with_quantities):
                            exch_ts, local_ts = feed_times(bot, k)
                            book[k].timestamp = max(now, local_ts)
                            book[k].exch_ts = exch_ts
                            note(where, _ON_BOOKL1, book[k].timestamp, k)
                            on_bookl1(bot, state, book[k])
                            called = True
            if has_bookl2:
                if code != OK:
                    for k in range(count):
                        if wants[2, k]:
                            exch_ts, local_ts = feed_times(bot, k)
                            if local_ts != feed[k].timestamp:
                                feed[k].timestamp = local_ts
                                feed[k].exch_ts = exch_ts
                                note(where, _ON_BOOKL2, local_ts, k)
                                on_bookl2(bot, state, feed[k])
                                called = True

            answered = _may_have_answered(code, len(given))
            if has_fill:
                if answered:
                    for k in range(count):
                        fills = bot.fills(k, fills_told[k])
                        fills_told[k] += len(fills)
                        for i in range(len(fills)):
                            note(where, _ON_FILL, fills[i].local_ts, k)
                            on_fill(bot, state, fills[i])
                            called = True
            if has_orders:
                if answered:
                    heard = tell_orders(bot, state, where, now, told, news, codes, known, True)
                    called = called or heard > 0

            if has_timer:
                if code != END_OF_DATA:
                    number = next_due(timers, now)
                    while number >= 0:
                        set_next(timers[number], now)
                        note(where, _ON_TIMER, timers[number].timestamp, -1)
                        on_timer(bot, state, timers[number])
                        called = True
                        timers[number].next_ts = max(timers[number].next_ts, now + 1)  # once a moment
                        number = next_due(timers, now)
        note(where, _ON_STOP, bot.current_timestamp, -1)
        on_stop(bot, state)
        return code

    return loop
