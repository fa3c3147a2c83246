"""The book of `tape.verify`, which forgives nothing, and the places where its kernel counts.

This book is not the one that strategies see (`core.l2book`, where a newer price hides the levels that it
crosses): it keeps what the stream said, crossed levels included, so that what the stream never removed can
be found. A side is an array of keys in order, the best price last; the key of a bid is its price and that of
an ask minus its price, so that both sides run through the same code. Prices are the nearest floats of their
decimals: equal decimals are equal floats, and the order is theirs.

Beside each key stands the number of the slot that holds the rest of its level, so that a new level in a deep
book moves 12 bytes of each better one and not 32. Behind the last level stand the free slots.

Six such arrays: the two sides, the two as they were before a snapshot came, the two of the snapshot alone.
"""

from typing import NamedTuple

import numpy as np

from truefill.core.address import f64_view, i32_view, i64_view
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

# `faults` (int64[4 * FAULTS]): of each how often, row and time of the first, and the worst in ns.
COUNT, FIRST_ROW, FIRST_AT, WORST = 0, 1, 2, 3
CROSSED, LOCKED = 0, 1  # messages after which the book is so; worst: longest
BACK_LOCAL, BACK_EXCH, EARLY = 2, 3, 4  # worst: by how much
BAD_PRICE, BAD_QTY, BAD_SIDE, EMPTY_TRADE, OFF_TICK = 5, 6, 7, 8, 9
OUTSIDE, BEYOND = 10, 11  # trades outside the best prices, and outside the whole book
STALE, STALE_BOOK = 12, 13  # worst: longest silence, also when it is short
GHOST = 14  # worst: longest
DIFFERS, MISSING, EXTRA, WRONG = 15, 16, 17, 18  # snapshots that differ, and in how many levels
FAULTS = 19


class Kept(NamedTuple):
    """What the kernel keeps. Arrays of all six sides lie behind each other, `room` places for each."""

    room: int
    key: np.ndarray  # float64[ARRAYS * room], ascending in the first `state[a]` places of each
    slot: np.ndarray  # int32[ARRAYS * room], each number below `room` once a side
    qty: np.ndarray  # float64[ARRAYS * room], by slot, as the next two
    stamp: np.ndarray  # int64[ARRAYS * room], row that set the level last
    since: np.ndarray  # int64[ARRAYS * room], since when it is crossed by a newer one, -1 if it is not
    state: np.ndarray  # int64[STATE_SIZE]
    faults: np.ndarray  # int64[4 * FAULTS]
    lowest: np.ndarray  # float64[2], range of the open snapshot
    found: np.ndarray  # int64[3], scratch


@inlined
def kept_at(places):
    """Views of what lies at these addresses, `room` first.

    Views own nothing, so that handing them to a helper counts no references: those took half of the time.
    """
    room = places[0]
    size = ARRAYS * room
    return Kept(
        room,
        f64_view(places[1], size),
        i32_view(places[2], size),
        f64_view(places[3], size),
        i64_view(places[4], size),
        i64_view(places[5], size),
        i64_view(places[6], STATE_SIZE),
        i64_view(places[7], 4 * FAULTS),
        f64_view(places[8], 2),
        i64_view(places[9], 3),
    )


@inlined
def note(v, what, row, ts, worst):
    """Count a fault."""
    if v.faults[4 * what + COUNT] == 0:
        v.faults[4 * what + FIRST_ROW] = row
        v.faults[4 * what + FIRST_AT] = ts
    v.faults[4 * what + COUNT] += 1
    see_worst(v, what, worst)


@inlined
def see_worst(v, what, worst):
    """Remember how bad it was at most."""
    v.faults[4 * what + WORST] = max(v.faults[4 * what + WORST], worst)


@inlined
def place_of(v, n, a, k):
    """Index of the first key of array `a` that is not below `k`, without a branch to guess."""
    low = a * v.room
    first = low
    while n > 1:
        half = n >> 1
        low += half if v.key[low + half - 1] < k else 0
        n -= half
    if n == 1 and v.key[low] < k:
        low += 1
    return low - first


@inlined
def end_mark(v, a, i, ghost_ns, now):
    """End the time in which a level was crossed; a long one made it a ghost."""
    at = a * v.room + v.slot[a * v.room + i]
    if v.since[at] >= 0:
        lasted = now - v.since[at]
        if lasted >= ghost_ns:
            note(v, GHOST, v.state[ROW], v.since[at], lasted)
        v.since[at] = -1
        v.state[MARKED + a] -= 1


@inlined
def move_up(values, first, end):
    """Move the values from `first` up to, not including, `end` by one place up.

    Unsigned places cannot be counted from the end, so the compiler moves them as a block.
    """
    one = np.uint64(1)
    begin = np.uint64(first)
    at = np.uint64(end)
    while at > begin:
        values[at] = values[at - one]
        at -= one


@inlined
def move_down(values, first, end):
    """Move the values behind `first`, up to and including `end`, by one place down."""
    one = np.uint64(1)
    at = np.uint64(first)
    last = np.uint64(end)
    while at < last:
        values[at] = values[at + one]
        at += one


@inlined
def set_level(v, a, k, q, ghost_ns, now):
    """Set the quantity of a level; 0 removes it."""
    n = v.state[a]
    i = place_of(v, n, a, k)
    first = a * v.room
    if i < n and v.key[first + i] == k:
        if a < BEFORE:
            end_mark(v, a, i, ghost_ns, now)
        slot = v.slot[first + i]
        if q > 0:
            v.qty[first + slot] = q
            v.stamp[first + slot] = v.state[ROW]
            return
        move_down(v.key, first + i, first + n - 1)
        move_down(v.slot, first + i, first + n - 1)
        v.slot[first + n - 1] = slot
        v.state[a] = n - 1
    elif q > 0:
        slot = v.slot[first + n]
        move_up(v.key, first + i, first + n)
        move_up(v.slot, first + i, first + n)
        v.key[first + i] = k
        v.slot[first + i] = slot
        v.qty[first + slot] = q
        v.stamp[first + slot] = v.state[ROW]
        v.since[first + slot] = -1
        v.state[a] = n + 1


@inlined
def clear(v, side, px, ghost_ns, now):
    """Clear what a clear names (side 1 bid, -1 ask, 0 both): up to a price; 0 or no number: all."""
    for a in range(2):
        if (a == 0 and side < 0) or (a == 1 and side > 0):
            continue
        start = 0
        if side != 0 and np.isfinite(px) and px != 0:
            start = place_of(v, v.state[a], a, px if a == 0 else -px)
        for i in range(start, v.state[a]):
            end_mark(v, a, i, ghost_ns, now)
        v.state[a] = start


@inlined
def copy_book(v):
    """Keep the book as it is before a snapshot."""
    for a in range(2):
        n = v.state[a]
        v.state[BEFORE + a] = n
        v.state[SNAP + a] = 0
        here = a * v.room
        there = (BEFORE + a) * v.room
        for i in range(v.room):
            v.slot[there + i] = i
        for i in range(n):
            v.key[there + i] = v.key[here + i]
            v.qty[there + i] = v.qty[here + v.slot[here + i]]


@inlined
def compare_side(v, a):
    """Compare the book before a snapshot with the snapshot, in the snapshot's range of prices."""
    n = v.state[BEFORE + a]
    m = v.state[SNAP + a]
    before = (BEFORE + a) * v.room
    snap = (SNAP + a) * v.room
    i = place_of(v, n, BEFORE + a, v.lowest[a])
    j = place_of(v, m, SNAP + a, v.lowest[a])
    while i < n or j < m:
        if j == m or (i < n and v.key[before + i] < v.key[snap + j]):
            v.found[1] += 1
            i += 1
        elif i == n or v.key[snap + j] < v.key[before + i]:
            v.found[0] += 1
            j += 1
        else:
            if v.qty[before + v.slot[before + i]] != v.qty[snap + v.slot[snap + j]]:
                v.found[2] += 1
            i += 1
            j += 1


@inlined
def mark_ghosts(v, ghost_ns, crossed):
    """Find the levels that newer ones cross; of two that cross each other the older is to blame."""
    now = v.state[NOW]
    i = v.state[0] - 1
    j = v.state[1] - 1
    if crossed:
        while i >= 0 and j >= 0 and v.key[i] + v.key[v.room + j] > 0:
            bid = v.slot[i]
            ask = v.room + v.slot[v.room + j]
            if v.stamp[bid] < v.stamp[ask]:
                if v.since[bid] < 0:
                    v.since[bid] = now
                    v.state[MARKED] += 1
                i -= 1
            else:
                if v.since[ask] < 0:
                    v.since[ask] = now
                    v.state[MARKED + 1] += 1
                j -= 1
    for a in range(2):  # what was crossed and is no more lies further out
        at = i if a == 0 else j
        left = v.state[MARKED + a] - (v.state[a] - 1 - at)
        while left > 0 and at >= 0:
            if v.since[a * v.room + v.slot[a * v.room + at]] >= 0:
                end_mark(v, a, at, ghost_ns, now)
                left -= 1
            at -= 1
