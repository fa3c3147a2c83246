"""Levels outside of the window: a zip tree of far levels for each ladder.

A zip tree (Tarjan, Levy and Timmel, 2019, arXiv 1806.06726, listing 4) is a binary search tree whose shape
follows from its keys alone, because a key's rank is drawn from its hash: the same orders make the same tree
in whatever order they came, and every operation takes a number of steps that grows with the logarithm of
the number of far levels.

A far level is named by its number from 1; `at` is the word of the levels where its first two words lie,
which are those of any level.
"""

import numpy as np

from truefill.core.bits import lowest_bit
from truefill.core.jit import helper, inlined
from truefill.core.matching_layout import FAR_AT, FAR_FREE, FAR_FRESH, FAR_LEVELS, FAR_LIVE

_TICK, _RANK, _LEFT, _RIGHT = 4, 5, 6, 7  # halves of a far level
_ODD = np.int64(0x4F1BBCDD)  # makes neighbouring ticks unlike; the product stays within 62 bits


@inlined
def far_at(head, node):
    """Word of a far level."""
    return head[FAR_AT] + 4 * node


@inlined
def _half(head, node):
    return 2 * (head[FAR_AT] + 4 * node)


@inlined
def has_room(head):
    """Whether one more far level can be made."""
    return head[FAR_FREE] != 0 or head[FAR_FRESH] <= head[FAR_LEVELS]


@helper
def find_far(head, links, root, tick):
    """Number of the far level of a tick, 0 when there is none."""
    node = np.int64(root)
    while node != 0:
        half = _half(head, node)
        here = links[half + _TICK]
        if here == tick:
            break
        node = np.int64(links[half + _LEFT] if tick < here else links[half + _RIGHT])
    return node


@helper
def next_far(head, links, root, tick, rising):
    """Tick of the nearest far level above (`rising`) or below `tick`, else `tick` itself."""
    node = np.int64(root)
    found = np.int64(tick)
    while node != 0:
        half = _half(head, node)
        here = np.int64(links[half + _TICK])
        if rising:
            if here > tick:
                found = here
                node = np.int64(links[half + _LEFT])
            else:
                node = np.int64(links[half + _RIGHT])
        elif here < tick:
            found = here
            node = np.int64(links[half + _RIGHT])
        else:
            node = np.int64(links[half + _LEFT])
    return found


@helper
def add_far(head, words, links, symbols, at_root, tick):
    """Make an empty far level for a tick that has none; returns its number. There must be room."""
    new = head[FAR_FREE]
    if new != 0:
        head[FAR_FREE] = links[_half(head, new) + _LEFT]
    else:
        new = head[FAR_FRESH]
        head[FAR_FRESH] = new + 1
    head[FAR_LIVE] += 1
    mixed = (np.int64(tick) & 0x7FFFFFFF) * _ODD
    rank = lowest_bit((mixed >> 24) | (np.int64(1) << 40))
    own = _half(head, new)
    words[far_at(head, new)] = 0
    words[far_at(head, new) + 1] = 0
    links[own + _TICK] = tick
    links[own + _RANK] = rank
    links[own + _LEFT] = 0
    links[own + _RIGHT] = 0

    node, before = symbols[at_root], np.int64(0)
    while node != 0:
        half = _half(head, node)
        if not (rank < links[half + _RANK] or (rank == links[half + _RANK] and tick > links[half + _TICK])):
            break
        before = node
        node = np.int64(links[half + _LEFT] if tick < links[half + _TICK] else links[half + _RIGHT])
    if before == 0:
        symbols[at_root] = new
    elif tick < links[_half(head, before) + _TICK]:
        links[_half(head, before) + _LEFT] = new
    else:
        links[_half(head, before) + _RIGHT] = new
    if node == 0:
        return new
    # Unzip what is below the new level: smaller ticks to its left, larger ones to its right.
    if tick < links[_half(head, node) + _TICK]:
        links[own + _RIGHT] = node
    else:
        links[own + _LEFT] = node
    before = new
    while node != 0:
        fix = before
        if links[_half(head, node) + _TICK] < tick:
            while node != 0 and links[_half(head, node) + _TICK] < tick:
                before = node
                node = np.int64(links[_half(head, node) + _RIGHT])
        else:
            while node != 0 and links[_half(head, node) + _TICK] > tick:
                before = node
                node = np.int64(links[_half(head, node) + _LEFT])
        fix_tick, before_tick = links[_half(head, fix) + _TICK], links[_half(head, before) + _TICK]
        if fix_tick > tick or (fix == new and before_tick > tick):
            links[_half(head, fix) + _LEFT] = node
        else:
            links[_half(head, fix) + _RIGHT] = node
    return new


@helper
def drop_far(head, links, symbols, at_root, gone):
    """Take a far level out of its tree."""
    own = _half(head, gone)
    tick = links[own + _TICK]
    node, before = symbols[at_root], np.int64(0)
    while node != gone:
        before = node
        half = _half(head, node)
        node = np.int64(links[half + _LEFT] if tick < links[half + _TICK] else links[half + _RIGHT])
    left, right = np.int64(links[own + _LEFT]), np.int64(links[own + _RIGHT])
    if left == 0:
        top = right
    elif right == 0 or links[_half(head, left) + _RANK] >= links[_half(head, right) + _RANK]:
        top = left
    else:
        top = right
    if before == 0:
        symbols[at_root] = top
    elif tick < links[_half(head, before) + _TICK]:
        links[_half(head, before) + _LEFT] = top
    else:
        links[_half(head, before) + _RIGHT] = top
    # Zip the two sides together, higher ranks on top.
    while left != 0 and right != 0:
        if links[_half(head, left) + _RANK] >= links[_half(head, right) + _RANK]:
            while left != 0 and links[_half(head, left) + _RANK] >= links[_half(head, right) + _RANK]:
                before = left
                left = np.int64(links[_half(head, left) + _RIGHT])
            links[_half(head, before) + _RIGHT] = right
        else:
            while right != 0 and links[_half(head, left) + _RANK] < links[_half(head, right) + _RANK]:
                before = right
                right = np.int64(links[_half(head, right) + _LEFT])
            links[_half(head, before) + _LEFT] = left
    links[own + _LEFT] = head[FAR_FREE]
    head[FAR_FREE] = gone
    head[FAR_LIVE] -= 1
