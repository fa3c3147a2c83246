"""Where everything of an order-by-order book lies: one flat array, seen as int64 words and as int32 halves.

A book is a single int64 array, so that it costs one argument to pass, one copy to snapshot and one file to
keep. Kernels take two views of it: ``words`` (int64: header, quantities, ids) and ``links`` (int32: what
points to something). A fresh book is all zeros behind its header: slot 0 means "no order".

==========  ==================================================================================
region      one entry
==========  ==================================================================================
header      the named words below
levels      16 bytes for each side and tick: quantity i8, head slot i4, number of orders i4
orders      32 bytes for each slot: id i8, quantity i8, previous i4, next i4, level i4, tag i4
bitmaps     32 levels in a word, 32 words in a word above, up to a single word; one for each side
index       4 bytes for each place of an open-addressing table from id to slot
==========  ==================================================================================

The orders of a level are a ring: the head's `previous` is the tail, so a level stores only its head.
Levels are a dense window of ticks that starts at BASE. Nothing in here changes a book.
"""

from math import ceil

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.int64]
Links = NDArray[np.int32]

# Header words.
BASE = 0  # tick of the lowest level of the window
LEVELS = 1  # levels in the window, each side
ORDERS = 2  # order slots, not counting slot 0
MASK = 3  # places of the index, minus one
FREE = 4  # head of the list of given-back slots, 0 none
FRESH = 5  # lowest slot never used
LIVE = 6  # orders resting
BEST = 7  # and 8: best bid, best ask as places in the window; -1 none
PENDING = 9  # open quantity of the command in progress when the report array was full, 0 none
AT_LEVELS = 10  # word where the levels begin
AT_ORDERS = 11
AT_INDEX = 12  # link (half word) where the index begins
TIERS = 13  # tiers of the bitmap
AT_TIER = 14  # 14, 16, ...: word where a tier begins; 15, 17, ...: its words on each side
PENDING_SIDE = 28  # of the command in progress
PENDING_TAG = 29
HEADER = 32

# Inside an order, in halves counted from its first one.
PREVIOUS, NEXT, LEVEL, TAG = 4, 5, 6, 7

BIDS, ASKS = 0, 1  # sides of the book, as numbers of a region

MAX_LEVELS = 1 << 26  # 2.1 GB of (untouched) address space for both sides
MAX_ORDERS = 1 << 27


def allocate(base_tick: int, levels: int, orders: int) -> Words:
    """Make an empty book whose window begins at `base_tick`.

    Parameters
    ----------
    base_tick : int
        Price tick of the lowest level; may be negative.
    levels, orders : int
        Ticks in the window, and orders that can rest at once.

    Returns
    -------
    ndarray of int64
        Zeros behind a header: pages that are never used cost no memory.
    """
    places = 1 << max(3, (2 * orders - 1).bit_length())
    tiers = [ceil(levels / 32)]
    while tiers[-1] > 1:
        tiers.append(ceil(tiers[-1] / 32))
    at_orders = HEADER + 4 * levels
    at_tiers = at_orders + 4 * (orders + 1)
    at_index = at_tiers + 2 * sum(tiers)
    words = np.zeros(at_index + places // 2, np.int64)
    words[[BASE, LEVELS, ORDERS, MASK]] = base_tick, levels, orders, places - 1
    words[[FRESH, BEST, BEST + 1]] = 1, -1, -1
    words[[AT_LEVELS, AT_ORDERS, AT_INDEX]] = HEADER, at_orders, 2 * at_index
    words[TIERS] = len(tiers)
    at = at_tiers
    for t, size in enumerate(tiers):
        words[[AT_TIER + 2 * t, AT_TIER + 2 * t + 1]] = at, size
        at += 2 * size
    return words


def links_of(words: Words) -> Links:
    """View the same memory in halves."""
    return words.view(np.int32)
