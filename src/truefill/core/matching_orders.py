"""One order of the matching engine: finding it by its id, linking it into a level, taking it out of one."""

import numpy as np

from truefill.core.jit import inlined
from truefill.core.matching_far import add_far, drop_far, far_at, find_far
from truefill.core.matching_ladder import (
    in_window,
    mark,
    next_tick,
    u,
    unmark,
    window_level,
)
from truefill.core.matching_layout import (
    ACCOUNT,
    ASKS,
    BEST,
    FALLING,
    FAR_COUNT,
    FAR_HITS,
    FAR_ROOT,
    FREE,
    LADDER,
    LIVE,
    LOW,
    NEXT,
    NO_BEST,
    PREVIOUS,
    RISING,
    SYMBOL_WORDS,
    TICK,
    WANTS_MOVE,
)

# ---- ids ----------------------------------------------------------------------------------------------


@inlined
def home(order_id, size):
    """Where an id's place in the index should be."""
    # Scattered, so that running ids make no long run of places: to take an id out means to look at the rest
    # of its
    # run. The products and their sum stay within 63 bits.
    mixed = (order_id & 0x7FFFFFFF) * 0x4F1BBCDD + ((order_id >> 31) & 0xFFFFFFFF) * 0x12D9A3B5
    return (mixed >> 22) & (size - 1)


@inlined
def find_slot(index, names, size, order_id):
    """Slot of a resting order, or 0."""
    at = home(order_id, size)
    slot = np.int64(index[u(at)])
    while slot != 0 and names[u(2 * slot)] != order_id:
        at = (at + 1) & (size - 1)
        slot = np.int64(index[u(at)])
    return slot


@inlined
def enter_id(index, size, order_id, slot):
    """Remember the slot of an id that is not there yet."""
    at = home(order_id, size)
    while index[u(at)] != 0:
        at = (at + 1) & (size - 1)
    index[u(at)] = slot


@inlined
def forget_id(index, names, size, order_id, slot):
    """Forget an id that is there."""
    hole = home(order_id, size)
    while index[u(hole)] != slot:
        hole = (hole + 1) & (size - 1)
    # Close the hole: an entry behind it moves in when its home does not lie between the hole and itself.
    at = (hole + 1) & (size - 1)
    other = np.int64(index[u(at)])
    while other != 0:
        wanted = home(names[u(2 * other)], size)
        if ((at - wanted) & (size - 1)) >= ((at - hole) & (size - 1)):
            index[u(hole)] = other
            hole = at
        at = (at + 1) & (size - 1)
        other = np.int64(index[u(at)])
    index[u(hole)] = 0


@inlined
def give_back(head, halves, slot):
    """Return a slot that no level holds any more."""
    halves[u(8 * slot + NEXT)] = head[FREE]
    head[FREE] = slot


# ---- levels -------------------------------------------------------------------------------------------


@inlined
def level_emptied(head, links, bits, symbols, ladder_number, place_bits, tick, node):
    """Forget a level that has no order any more; `node` is its number when it is a far one."""
    row = (ladder_number >> 2) * SYMBOL_WORDS
    ladder = ladder_number & 3
    if node == 0:
        unmark(bits, ladder_number, place_bits, tick & ((np.int64(1) << place_bits) - 1))
    else:
        drop_far(head, links, symbols, row + FAR_ROOT + ladder, node)
        symbols[row + FAR_COUNT + ladder] -= 1
    if symbols[u(row + BEST + ladder)] == tick:
        symbols[u(row + BEST + ladder)] = next_tick(
            head, links, bits, symbols, ladder_number, place_bits, tick
        )


@inlined
def far_visit(head, symbols, row):
    """Count a visit to a far level; many of them ask for the window to be moved."""
    symbols[row + FAR_HITS] += 1
    if symbols[row + FAR_HITS] >= (np.int64(1) << 10) + head[LIVE]:
        head[WANTS_MOVE] = 1 + row // SYMBOL_WORDS


@inlined
def unlink(head, words, links, bits, halves, orders, symbols, place_bits, slot):
    """Take an order out of its level; it keeps its slot and its id. Returns its open quantity."""
    half = 8 * slot
    ladder_number = np.int64(halves[u(half + LADDER)])
    tick = np.int64(halves[u(half + TICK)])
    before = np.int64(halves[u(half + PREVIOUS)])
    after = np.int64(halves[u(half + NEXT)])
    qty = orders[u(4 * slot)]
    row = (ladder_number >> 2) * SYMBOL_WORDS
    node = np.int64(0)
    if in_window(symbols, row, place_bits, tick):
        at = window_level(ladder_number, place_bits, tick)
    else:
        node = find_far(head, links, symbols[row + FAR_ROOT + (ladder_number & 3)], tick)
        at = far_at(head, node)
        far_visit(head, symbols, row)
    words[u(at + 1)] -= qty
    if before != 0:
        halves[u(8 * before + NEXT)] = after
    else:
        links[u(2 * at)] = after
    if after != 0:
        halves[u(8 * after + PREVIOUS)] = before
    else:
        links[u(2 * at + 1)] = before
    if before == 0 and after == 0:
        level_emptied(head, links, bits, symbols, ladder_number, place_bits, tick, node)
    return qty


@inlined
def link(head, words, links, bits, halves, orders, symbols, ladder_number, place_bits, slot, tick, qty):
    """Put an order at the end of the level of a tick. There must be room for a far level."""
    row = (ladder_number >> 2) * SYMBOL_WORDS
    ladder = ladder_number & 3
    half = 8 * slot
    node = np.int64(0)
    if not in_window(symbols, row, place_bits, tick) and (
        symbols[row + BEST] == -NO_BEST
        and symbols[row + BEST + ASKS] == NO_BEST
        and symbols[row + BEST + FALLING] == -NO_BEST
        and symbols[row + BEST + RISING] == NO_BEST
    ):
        symbols[row + LOW] = tick - (
            np.int64(1) << (place_bits - 1)
        )  # nothing rests: the window is free to go
    if in_window(symbols, row, place_bits, tick):
        at = window_level(ladder_number, place_bits, tick)
    else:
        node = find_far(head, links, symbols[row + FAR_ROOT + ladder], tick)
        if node == 0:
            node = add_far(head, words, links, symbols, row + FAR_ROOT + ladder, tick)
            symbols[row + FAR_COUNT + ladder] += 1
        at = far_at(head, node)
        far_visit(head, symbols, row)
    last = np.int64(links[u(2 * at + 1)])
    halves[u(half + PREVIOUS)] = last
    halves[u(half + NEXT)] = 0
    halves[u(half + TICK)] = tick
    halves[u(half + LADDER)] = ladder_number
    orders[u(4 * slot)] = qty
    words[u(at + 1)] += qty
    links[u(2 * at + 1)] = slot
    if last != 0:
        halves[u(8 * last + NEXT)] = slot
        return
    links[u(2 * at)] = slot
    if node == 0:
        mark(bits, ladder_number, place_bits, tick & ((np.int64(1) << place_bits) - 1))
    best = symbols[u(row + BEST + ladder)]
    if (tick > best) if (ladder & 1) == 0 else (tick < best):
        symbols[u(row + BEST + ladder)] = tick


@inlined
def account_of(halves, slot):
    """Who owns an order."""
    return np.int64(halves[u(8 * slot + ACCOUNT)])
