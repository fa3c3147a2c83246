"""What an event loop tells of books: their best prices when they have changed, and when feed arrived."""

import numpy as np

from truefill.core.jit import helper


@helper
def read_best(bot, k, row, with_quantities):
    """Bring a BOOKL1 record up to date; whether it changed."""
    depth = bot.depth(k)
    bid_tick = depth.best_bid_tick
    ask_tick = depth.best_ask_tick
    changed = bid_tick != row.bid_tick or ask_tick != row.ask_tick
    if with_quantities:
        bid_qty = depth.best_bid_qty
        ask_qty = depth.best_ask_qty
        changed = changed or bid_qty != row.bid_qty or ask_qty != row.ask_qty
        if changed:
            row.bid_qty = bid_qty
            row.ask_qty = ask_qty
    elif changed:
        row.bid_qty = depth.best_bid_qty
        row.ask_qty = depth.best_ask_qty
    if changed:
        row.bid_tick = bid_tick
        row.ask_tick = ask_tick
        row.bid = depth.best_bid
        row.ask = depth.best_ask
    return changed


@helper
def feed_times(bot, k):
    """Times at the exchange and here of the last feed of an asset, ns; 0, 0: none yet."""
    latency = bot.feed_latency(k)
    if latency is None:
        return np.int64(0), np.int64(0)
    exch_ts, local_ts = latency
    return exch_ts, local_ts
