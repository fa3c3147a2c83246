"""The book of `tape.verify`, which forgives nothing, and the places where its kernel counts.

This book is not the one that strategies see (`core.l2book`, where a newer price hides the levels that it
crosses): it keeps what the stream said, crossed levels included, so that what the stream never removed can
be found. A side is an array sorted by key, the best price last; the key of a bid is its price and that of an
ask minus its price, so that both sides run through the same code. Prices are the nearest floats of their
decimals: equal decimals are equal floats, and the order is theirs.

Six such arrays: the two sides, the two as they were before a snapshot came, the two of the snapshot alone.
"""

import numpy as np

from truefill.core.jit import inlined

BOOK, BEFORE, SNAP = 0, 2, 4  # first of each pair of arrays; bids, then asks
ARRAYS = 6

# `state` (int64): sizes of the arrays at its front.
ROW = ARRAYS  # local rows so far
OPEN, NOW = ARRAYS + 1, ARRAYS + 2  # whether a message (rows of one local time) is open, and its time
GROUPS = ARRAYS + 3  # messages
FIRST_TS, LAST_TS, LAST_EXCH, LAST_BOOK = ARRAYS + 4, ARRAYS + 5, ARRAYS + 6, ARRAYS + 7
IN_GAP = ARRAYS + 8
KNOWN = ARRAYS + 9  # 1: a snapshot came, so the book is whole
COPIED = ARRAYS + 10  # 1: BEFORE holds the book before this message's snapshot
SNAP_OPEN = ARRAYS + 11  # 1: this message has rows of a snapshot
COMPARING = ARRAYS + 12
SNAPSHOTS, COMPARED = ARRAYS + 13, ARRAYS + 14
MARKED = ARRAYS + 15  # bids, asks that are crossed by newer ones
CROSSED_SINCE, LOCKED_SINCE = ARRAYS + 17, ARRAYS + 18  # -1: it is not
CROSSED_NS, LOCKED_NS = ARRAYS + 19, ARRAYS + 20
SILENT_NS, SILENT_BOOK_NS = ARRAYS + 21, ARRAYS + 22
TRADES, DEPTHS, ORDERS = ARRAYS + 23, ARRAYS + 24, ARRAYS + 25
HAS_EXCH = ARRAYS + 26
STATE_SIZE = ARRAYS + 27

# `faults` (int64[FAULTS, 4]): how often, row and time of the first, and the worst in ns.
COUNT, FIRST_ROW, FIRST_AT, WORST = 0, 1, 2, 3
CROSSED, LOCKED = 0, 1  # messages after which the book is so; worst: longest
BACK_LOCAL, BACK_EXCH, EARLY = 2, 3, 4  # worst: by how much
BAD_PRICE, BAD_QTY, BAD_SIDE, EMPTY_TRADE, OFF_TICK = 5, 6, 7, 8, 9
OUTSIDE, BEYOND = 10, 11  # trades outside the best prices, and outside the whole book
STALE, STALE_BOOK = 12, 13  # worst: longest silence, also when it is short
GHOST = 14  # worst: longest
DIFFERS, MISSING, EXTRA, WRONG = 15, 16, 17, 18  # snapshots that differ, and in how many levels
FAULTS = 19


@inlined
def note(faults, what, row, ts, worst):
    """Count a fault."""
    if faults[what, COUNT] == 0:
        faults[what, FIRST_ROW] = row
        faults[what, FIRST_AT] = ts
    faults[what, COUNT] += 1
    faults[what, WORST] = max(faults[what, WORST], worst)


@inlined
def place_of(key, n, a, k):
    """Index of the first key of array `a` that is not below `k`."""
    low = 0
    high = n
    while low < high:
        middle = (low + high) // 2
        if key[a, middle] < k:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def end_mark(since, state, faults, a, i, ghost_ns, now):
    """End the time in which a level was crossed; a long one made it a ghost."""
    if since[a, i] >= 0:
        lasted = now - since[a, i]
        if lasted >= ghost_ns:
            note(faults, GHOST, state[ROW], since[a, i], lasted)
        since[a, i] = -1
        state[MARKED + a] -= 1


@inlined
def set_level(key, qty, stamp, since, state, faults, a, k, q, ghost_ns, now):
    """Set the quantity of a level; 0 removes it."""
    n = state[a]
    i = place_of(key, n, a, k)
    there = i < n and key[a, i] == k
    if there:
        if a < BEFORE:
            end_mark(since, state, faults, a, i, ghost_ns, now)
        if q > 0:
            qty[a, i] = q
            stamp[a, i] = state[ROW]
            return
        for j in range(i, n - 1):
            key[a, j] = key[a, j + 1]
            qty[a, j] = qty[a, j + 1]
            stamp[a, j] = stamp[a, j + 1]
            since[a, j] = since[a, j + 1]
        state[a] = n - 1
        return
    if q > 0:
        for j in range(n, i, -1):
            key[a, j] = key[a, j - 1]
            qty[a, j] = qty[a, j - 1]
            stamp[a, j] = stamp[a, j - 1]
            since[a, j] = since[a, j - 1]
        key[a, i] = k
        qty[a, i] = q
        stamp[a, i] = state[ROW]
        since[a, i] = -1
        state[a] = n + 1


@inlined
def clear(key, since, state, faults, side, px, ghost_ns, now):
    """Clear what a clear names (side 1 bid, -1 ask, 0 both): up to a price; 0 or no number: all."""
    for a in range(2):
        if (a == 0 and side < 0) or (a == 1 and side > 0):
            continue
        start = 0
        if side != 0 and np.isfinite(px) and px != 0:
            start = place_of(key, state[a], a, px if a == 0 else -px)
        for i in range(start, state[a]):
            end_mark(since, state, faults, a, i, ghost_ns, now)
        state[a] = start


@inlined
def copy_book(key, qty, state):
    """Keep the book as it is before a snapshot."""
    for a in range(2):
        n = state[a]
        state[BEFORE + a] = n
        state[SNAP + a] = 0
        for i in range(n):
            key[BEFORE + a, i] = key[a, i]
            qty[BEFORE + a, i] = qty[a, i]


@inlined
def compare_side(key, qty, state, lowest, a, found):
    """Compare the book before a snapshot with the snapshot, in the snapshot's range of prices."""
    n = state[BEFORE + a]
    m = state[SNAP + a]
    i = place_of(key, n, BEFORE + a, lowest[a])
    j = place_of(key, m, SNAP + a, lowest[a])
    while i < n or j < m:
        if j == m or (i < n and key[BEFORE + a, i] < key[SNAP + a, j]):
            found[1] += 1
            i += 1
        elif i == n or key[SNAP + a, j] < key[BEFORE + a, i]:
            found[0] += 1
            j += 1
        else:
            if qty[BEFORE + a, i] != qty[SNAP + a, j]:
                found[2] += 1
            i += 1
            j += 1


@inlined
def mark_ghosts(key, stamp, since, state, faults, ghost_ns, crossed):
    """Find the levels that newer ones cross; of two that cross each other the older is to blame."""
    now = state[NOW]
    i = state[0] - 1
    j = state[1] - 1
    if crossed:
        while i >= 0 and j >= 0 and key[0, i] + key[1, j] > 0:
            if stamp[0, i] < stamp[1, j]:
                if since[0, i] < 0:
                    since[0, i] = now
                    state[MARKED] += 1
                i -= 1
            else:
                if since[1, j] < 0:
                    since[1, j] = now
                    state[MARKED + 1] += 1
                j -= 1
    for a in range(2):  # what was crossed and is no more lies further out
        at = i if a == 0 else j
        left = state[MARKED + a] - (state[a] - 1 - at)
        while left > 0 and at >= 0:
            if since[a, at] >= 0:
                end_mark(since, state, faults, a, at, ghost_ns, now)
                left -= 1
            at -= 1
