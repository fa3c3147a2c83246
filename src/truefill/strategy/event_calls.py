"""Callbacks for what is neither book nor trade: index, mark price, funding, and events of any other kind."""

from collections.abc import Callable
from typing import Any

import numpy as np

from truefill.core.events import FUNDING, INDEX_PRICE, KIND_MASK, MARK_PRICE
from truefill.core.jit import helper
from truefill.strategy.events import CALLBACKS, EVENT_CALLBACKS, NEVER
from truefill.strategy.order_calls import ignore, note

_INDEX, _MARK, _FUNDING, _OTHER = range(len(EVENT_CALLBACKS))  # rows of `Work.hears`
_FIRST = CALLBACKS.index(EVENT_CALLBACKS[0])


@helper
def _hears_source(hears, source):
    """Whether anything of a source is to be told."""
    return hears[_INDEX, source] or hears[_MARK, source] or hears[_FUNDING, source] or hears[_OTHER, source]


@helper
def hears_anything(hears):
    """Whether anything of any source is to be told."""
    found = False
    for source in range(hears.shape[1]):
        found = found or _hears_source(hears, source)
    return found


@helper
def next_event(bot, hears, given):
    """Source whose next event that was not given yet arrived first, and when; -1: none. Ties by number."""
    source = -1
    earliest = np.int64(NEVER)
    for k in range(len(given)):
        if _hears_source(hears, k):
            events = bot.last_events(k)
            if given[k] < len(events) and events[given[k]].local_ts < earliest:
                earliest = events[given[k]].local_ts
                source = k
    return source, earliest


@helper
def _kind_of(event):
    """Row of `Work.hears` for an event."""
    kind = np.int64(event.ev) & KIND_MASK
    if kind == INDEX_PRICE:
        return _INDEX
    if kind == MARK_PRICE:
        return _MARK
    if kind == FUNDING:
        return _FUNDING
    return _OTHER


@helper
def copy_event(row, event):
    """Fill a MARKET_TRADE or FEED_EVENT: the bot's own record may move while the callback runs."""
    row.ev = event.ev
    row.exch_ts = event.exch_ts
    row.local_ts = event.local_ts
    row.px = event.px
    row.qty = event.qty
    row.order_id = event.order_id
    row.ival = event.ival
    row.fval = event.fval


def make_event_teller(
    callbacks: dict[str, Callable[..., Any]], jit: Callable[..., Any]
) -> Callable[..., Any]:
    """Make the function that tells of one event.

    Parameters
    ----------
    callbacks : dict
        Of the strategy, by name.
    jit : callable
        Compiles a function, or gives it back.

    Returns
    -------
    callable
        ``tell(bot, state, where, hears, source, number, row) -> whether somebody was told``.
    """
    on_index, on_mark, on_funding, on_other = (callbacks.get(name, jit(ignore)) for name in EVENT_CALLBACKS)

    def tell(bot, state, where, hears, source, number, row):
        event = bot.last_events(source)[number]
        kind = _kind_of(event)
        if not hears[kind, source]:
            return False
        copy_event(row, event)
        row.source = source
        note(where, _FIRST + kind, row.local_ts, source)
        if kind == _INDEX:
            on_index(bot, state, row)
        elif kind == _MARK:
            on_mark(bot, state, row)
        elif kind == _FUNDING:
            on_funding(bot, state, row)
        else:
            on_other(bot, state, row)
        return True

    return jit(tell)  # type: ignore[no-any-return]
