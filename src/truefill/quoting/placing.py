"""From depths to prices that can be sent: whole ticks, post-only, never a price that is not one; compiled."""

import math

from truefill.core.events import NO_ASK_TICK, NO_BID_TICK
from truefill.core.jit import helper

# What `place_quotes` says beside the prices: bits.
PLACED = 0
NO_BID = 1  # the depth is infinite (the limit of the inventory) or no number: no bid
NO_ASK = 2
BID_HELD_BACK = 4  # the bid would have met the best ask and stands one tick under it
ASK_HELD_BACK = 8

# A price this close to a tick, in ticks, is on it.
_ON_TICK = 1e-6
_FARTHEST = 2.0**62  # ticks; farther is no price


@helper
def place_quotes(  # type: ignore[no-untyped-def]
    mid_tick, bid_depth_ticks, ask_depth_ticks, best_bid_tick, best_ask_tick, post_only
):
    """Whole ticks of both quotes: the bid rounded down, the ask up.

    Parameters
    ----------
    mid_tick : float
        What the depths are measured from (mid, micro-price), ticks.
    bid_depth_ticks, ask_depth_ticks : float
        Ticks; may be negative; infinite or NaN means no quote.
    best_bid_tick, best_ask_tick : int
        The book's best prices; `NO_BID_TICK` and `NO_ASK_TICK` for an empty side.
    post_only : bool
        Hold a quote that would take back to one tick from the other side's best price. False: let it take.

    Returns
    -------
    tuple of (int, int, int)
        Tick of the bid (`NO_BID_TICK`: none), of the ask (`NO_ASK_TICK`: none), and a status: `PLACED`, or
        the sum of `NO_BID`, `NO_ASK`, `BID_HELD_BACK`, `ASK_HELD_BACK`. The bid is always under the ask.
    """
    status = PLACED
    bid = NO_BID_TICK
    ask = NO_ASK_TICK
    wanted = mid_tick - bid_depth_ticks
    if abs(wanted) < _FARTHEST:
        bid = math.floor(wanted + _ON_TICK)
        if post_only and bid >= best_ask_tick:
            bid = best_ask_tick - 1
            status |= BID_HELD_BACK
    else:
        status |= NO_BID
    wanted = mid_tick + ask_depth_ticks
    if abs(wanted) < _FARTHEST:
        ask = math.ceil(wanted - _ON_TICK)
        if post_only and ask <= best_bid_tick:
            ask = best_bid_tick + 1
            status |= ASK_HELD_BACK
    else:
        status |= NO_ASK
    # Depths so negative that the quotes would trade with each other: the one that is farther out gives way.
    if status & NO_BID == 0 and status & NO_ASK == 0 and bid >= ask:
        if bid_depth_ticks < ask_depth_ticks:
            bid = ask - 1
        else:
            ask = bid + 1
    return bid, ask, status
