"""Order callbacks: each piece of news (`order_news`) to the function that it is for."""

from collections.abc import Callable
from typing import Any

import numpy as np

from truefill.core.jit import helper
from truefill.strategy.events import CALLBACKS, ORDER_CALLBACKS
from truefill.strategy.order_news import (
    FINISHED,
    all_endings_told,
    find_news,
    first_changed,
)

(
    _PENDING,
    _ACCEPTED,
    _TRIGGERED,
    _PART,
    _FILLED,
    _CANCELING,
    _CANCELED,
    _EXPIRED,
    _FAILED,
    _CANCEL_FAILED,
    _MODIFY_FAILED,
) = (CALLBACKS.index(name) for name in ORDER_CALLBACKS)


def ignore(bot, state, event):
    """Stand where a callback is not there."""


@helper
def note(where, callback, timestamp, asset):
    """Remember what is going to be called: an error is told with it."""
    where[0] = callback
    where[1] = timestamp
    where[2] = asset
    where[3] += 1


def make_order_teller(
    callbacks: dict[str, Callable[..., Any]], jit: Callable[..., Any]
) -> Callable[..., Any]:
    """Make the function that tells of orders.

    Parameters
    ----------
    callbacks : dict
        Of the strategy, by name.
    jit : callable
        Compiles a function, or gives it back.

    Returns
    -------
    callable
        ``tell(bot, state, work arrays..., clears) -> told how many``; with `clears` it also clears finished
        orders that were told of.
    """
    on_pending = callbacks.get("on_pending_order", jit(ignore))
    on_accepted = callbacks.get("on_accepted_order", jit(ignore))
    on_triggered = callbacks.get("on_triggered_order", jit(ignore))
    on_part = callbacks.get("on_partially_filled_order", jit(ignore))
    on_filled = callbacks.get("on_filled_order", jit(ignore))
    on_canceling = callbacks.get("on_canceling_order", jit(ignore))
    on_canceled = callbacks.get("on_canceled_order", jit(ignore))
    on_expired = callbacks.get("on_expired_order", jit(ignore))
    on_failed = callbacks.get("on_failed_order", jit(ignore))
    on_cancel_failed = callbacks.get("on_cancel_failed_order", jit(ignore))
    on_modify_failed = callbacks.get("on_modify_failed_order", jit(ignore))
    heard = np.array([name in callbacks for name in CALLBACKS])

    def tell(bot, state, where, now, told, news, codes, known, clears):
        called = 0
        for k in range(len(known)):
            orders = bot.orders(k)
            first = first_changed(orders, known, k)
            if first >= 0:
                found = find_news(orders, first, told[k], known, k, news, codes)
                for i in range(found):
                    order = news[i]
                    for j in range(2):
                        code = codes[i, j]
                        if code < 0 or not heard[code]:
                            continue
                        note(where, code, now, k)
                        called += 1
                        if code == _PENDING:
                            on_pending(bot, state, order)
                        elif code == _ACCEPTED:
                            on_accepted(bot, state, order)
                        elif code == _PART:
                            on_part(bot, state, order)
                        elif code == _FILLED:
                            on_filled(bot, state, order)
                        elif code == _CANCELED:
                            on_canceled(bot, state, order)
                        elif code == _CANCELING:
                            on_canceling(bot, state, order)
                        elif code == _EXPIRED:
                            on_expired(bot, state, order)
                        elif code == _FAILED:
                            on_failed(bot, state, order)
                        elif code == _TRIGGERED:
                            on_triggered(bot, state, order)
                        elif code == _CANCEL_FAILED:
                            on_cancel_failed(bot, state, order)
                        elif code == _MODIFY_FAILED:
                            on_modify_failed(bot, state, order)
            if clears and known[k, FINISHED] != 0 and all_endings_told(orders, told[k], known, k):
                bot.clear_inactive_orders(k)
                known[k, FINISHED] = 0
        return called

    return jit(tell)  # type: ignore[no-any-return]
