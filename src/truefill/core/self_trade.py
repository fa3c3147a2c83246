"""Self-trade prevention: what happens when an arriving order meets a resting one of the same owner."""

import numpy as np

from truefill.core.jit import helper

ALLOW = 0  # own orders do not see each other
CANCEL_NEWEST = 1  # what is left of the arriving order goes
CANCEL_OLDEST = 2  # the resting order goes
CANCEL_BOTH = 3
DECREMENT = 4  # both lose the smaller of their open quantities, without a trade
MODE_NAMES = ("none", "newest", "oldest", "both", "decrement")


@helper
def cuts(mode, arriving, resting):
    """Lots that each of two orders of one owner loses instead of trading.

    Parameters
    ----------
    mode : int
        Not ALLOW.
    arriving, resting : int
        Their open lots, both positive.

    Returns
    -------
    (int, int)
        Of the arriving and of the resting order. A cut of all its lots cancels an order.
    """
    nothing = np.int64(0)
    if mode == CANCEL_NEWEST:
        return np.int64(arriving), nothing
    if mode == CANCEL_OLDEST:
        return nothing, np.int64(resting)
    if mode == CANCEL_BOTH:
        return np.int64(arriving), np.int64(resting)
    both = min(np.int64(arriving), np.int64(resting))
    return both, both
