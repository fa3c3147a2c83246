"""The L2 book: one quantity a level and side, and the best levels.

A level is an index that grows with the price: the rank of the price among a tape's prices, or the tick
minus a base. `qty` is one int64 array, quantity of a level at ``level * 2 + side`` (side 0 bid, 1 ask),
so a depth row is one store. `top` keeps the best levels and how many levels of a side hold something.

The rule for best prices is HftBacktest's, so that its users see the same book:

* A bid set at or above the best ask moves the best ask up to the first ask strictly above that bid. The
  asks that were crossed stay in the book (the feed will delete them) but are best no more. Asks mirror it.
* Deleting the best level makes the next level outward the best.
* A clear removes the levels at its price or better, crossed ones too; the best is then the next outward.

Two differences, both in favour of the data: HftBacktest's clear skips one level, and its outward scan
ends at a bound that it forgets whenever a side runs empty, so it can miss levels that are in the book.
"""

import numpy as np

from truefill.core.jit import inlined

BID, ASK = 0, 1
NO_LEVEL = -1

# What stands where in `top`.
TOP_BID = 0  # best bid level, or NO_LEVEL
TOP_ASK = 1
BID_LEVELS = 2  # bid levels that hold something, crossed ones included
ASK_LEVELS = 3
TOP_SIZE = 4


def new_book(levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Make an empty book: `qty` int64[2 * levels] and `top` int64[4]."""
    qty = np.zeros(2 * levels, np.int64)
    top = np.zeros(TOP_SIZE, np.int64)
    top[TOP_BID] = NO_LEVEL
    top[TOP_ASK] = NO_LEVEL
    return qty, top


@inlined
def next_bid(qty, top, below):
    """Highest bid level strictly below level `below`, or NO_LEVEL."""
    if top[BID_LEVELS] > 0:  # without this, a feed of best prices only would scan the whole range each time
        level = below - 1
        while level >= 0:
            if qty[2 * level] > 0:
                return level
            level -= 1
    return NO_LEVEL


@inlined
def next_ask(qty, top, above):
    """Lowest ask level strictly above level `above`, or NO_LEVEL."""
    if top[ASK_LEVELS] > 0:
        levels = len(qty) // 2
        level = above + 1
        while level < levels:
            if qty[2 * level + 1] > 0:
                return level
            level += 1
    return NO_LEVEL


@inlined
def set_bid(qty, top, level, lots):
    """Set the quantity of a bid level; True when a best level changed."""
    before = qty[2 * level]
    qty[2 * level] = lots
    if lots > 0:
        if before == 0:
            top[BID_LEVELS] += 1
        if level > top[TOP_BID]:  # NO_LEVEL is below every level
            top[TOP_BID] = level
            ask = top[TOP_ASK]
            if ask != NO_LEVEL and level >= ask:
                top[TOP_ASK] = next_ask(qty, top, level)
            return True
        return False
    if before > 0:
        top[BID_LEVELS] -= 1
        if level == top[TOP_BID]:
            top[TOP_BID] = next_bid(qty, top, level)
            return True
    return False


@inlined
def set_ask(qty, top, level, lots):
    """Set the quantity of an ask level; True when a best level changed."""
    before = qty[2 * level + 1]
    qty[2 * level + 1] = lots
    if lots > 0:
        if before == 0:
            top[ASK_LEVELS] += 1
        ask = top[TOP_ASK]
        if ask == NO_LEVEL or level < ask:
            top[TOP_ASK] = level
            bid = top[TOP_BID]
            if bid != NO_LEVEL and level <= bid:
                top[TOP_BID] = next_bid(qty, top, level)
            return True
        return False
    if before > 0:
        top[ASK_LEVELS] -= 1
        if level == top[TOP_ASK]:
            top[TOP_ASK] = next_ask(qty, top, level)
            return True
    return False


@inlined
def set_level(qty, top, code, lots):
    """Set the quantity at book index `code`; True when a best level changed."""
    if code & 1:
        return set_ask(qty, top, code >> 1, lots)
    return set_bid(qty, top, code >> 1, lots)


@inlined
def clear_bids(qty, top, upto):
    """Remove the bids from the best down to level `upto` inclusive; True when the best changed."""
    for level in range(upto, len(qty) // 2):
        if qty[2 * level] > 0:
            qty[2 * level] = 0
            top[BID_LEVELS] -= 1
    best = top[TOP_BID]
    if best == NO_LEVEL or best < upto:
        return False
    top[TOP_BID] = next_bid(qty, top, upto)
    return True


@inlined
def clear_asks(qty, top, upto):
    """Remove the asks from the best up to level `upto` inclusive; True when the best changed."""
    for level in range(min(upto + 1, len(qty) // 2)):
        if qty[2 * level + 1] > 0:
            qty[2 * level + 1] = 0
            top[ASK_LEVELS] -= 1
    best = top[TOP_ASK]
    if best == NO_LEVEL or best > upto:
        return False
    top[TOP_ASK] = next_ask(qty, top, upto)
    return True


@inlined
def clear_side(qty, top, side):
    """Remove everything of side BID or ASK, crossed levels included; True when the best changed."""
    for level in range(len(qty) // 2):
        qty[2 * level + side] = 0
    changed = top[side] != NO_LEVEL
    top[side] = NO_LEVEL
    top[BID_LEVELS + side] = 0
    return changed


@inlined
def first_level_from(level_tick, tick):
    """Lowest level whose tick is `tick` or higher; ``len(level_tick)`` when there is none."""
    low = 0
    high = len(level_tick)
    while low < high:
        middle = (low + high) // 2
        if level_tick[middle] < tick:
            low = middle + 1
        else:
            high = middle
    return low
