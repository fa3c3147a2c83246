"""One ladder of the matching engine: which level a tick has, and which level comes next.

A level of the window is found by arithmetic, the next occupied one by three tiers of a bitmap, 64 places to
a word, whatever the distance. Far levels (`matching_far`) are looked at only where a ladder has any.
"""

import numpy as np

from truefill.core.bits import highest_bit, lowest_bit
from truefill.core.jit import helper, inlined
from truefill.core.matching_far import far_at, find_far, next_far
from truefill.core.matching_layout import BASE, FAR_COUNT, FAR_ROOT, LOW, NO_BEST, SYMBOL_WORDS

ONE, ALL, ALL_BUT_ONE = np.int64(1), np.int64(-1), np.int64(-2)
u = np.uint64  # an index that cannot be negative saves the test for it


@inlined
def tiers(ladder_number, place_bits):
    """Words where the three tiers of a ladder's bitmap begin. `ladder_number` is 4 * symbol + ladder."""
    first = ONE << (place_bits - 6)
    second = ONE << max(place_bits - 12, 0)
    begin = ladder_number * (first + second + 1)
    return begin, begin + first, begin + first + second


@inlined
def mark(bits, ladder_number, place_bits, place):
    """Note that a place of the window is occupied."""
    t0, t1, t2 = tiers(ladder_number, place_bits)
    at = t0 + (place >> 6)
    before = bits[u(at)]
    bits[u(at)] = before | (ONE << (place & 63))
    if before == 0:
        bits[u(t1 + (place >> 12))] |= ONE << ((place >> 6) & 63)
        bits[u(t2)] |= ONE << (place >> 12)


@inlined
def unmark(bits, ladder_number, place_bits, place):
    """Note that a place of the window is empty."""
    t0, t1, t2 = tiers(ladder_number, place_bits)
    at = t0 + (place >> 6)
    left = bits[u(at)] & ~(ONE << (place & 63))
    bits[u(at)] = left
    if left == 0:
        at = t1 + (place >> 12)
        left = bits[u(at)] & ~(ONE << ((place >> 6) & 63))
        bits[u(at)] = left
        if left == 0:
            bits[u(t2)] &= ~(ONE << (place >> 12))


@inlined
def place_below(bits, ladder_number, place_bits, place):
    """Nearest occupied place going down the ring from `place`, which comes last; -1 in an empty window."""
    t0, t1, t2 = tiers(ladder_number, place_bits)
    word = bits[u(t0 + (place >> 6))] & ~(ALL << (place & 63))
    if word != 0:
        return (place & ~63) | highest_bit(word)
    block = place >> 6
    word = bits[u(t1 + (block >> 6))] & ~(ALL << (block & 63))
    if word != 0:
        block = (block & ~63) | highest_bit(word)
    else:
        top = bits[u(t2)]
        if top == 0:
            return np.int64(-1)
        lower = top & ~(ALL << (block >> 6))
        group = highest_bit(lower if lower != 0 else top)
        block = (group << 6) | highest_bit(bits[u(t1 + group)])
    return (block << 6) | highest_bit(bits[u(t0 + block)])


@inlined
def place_above(bits, ladder_number, place_bits, place):
    """Nearest occupied place going up the ring from `place`, which comes last; -1 in an empty window."""
    t0, t1, t2 = tiers(ladder_number, place_bits)
    word = bits[u(t0 + (place >> 6))] & (ALL_BUT_ONE << (place & 63))
    if word != 0:
        return (place & ~63) | lowest_bit(word)
    block = place >> 6
    word = bits[u(t1 + (block >> 6))] & (ALL_BUT_ONE << (block & 63))
    if word != 0:
        block = (block & ~63) | lowest_bit(word)
    else:
        top = bits[u(t2)]
        if top == 0:
            return np.int64(-1)
        upper = top & (ALL_BUT_ONE << (block >> 6))
        group = lowest_bit(upper if upper != 0 else top)
        block = (group << 6) | lowest_bit(bits[u(t1 + group)])
    return (block << 6) | lowest_bit(bits[u(t0 + block)])


@helper
def next_tick(head, links, bits, symbols, ladder_number, place_bits, tick):
    """Tick of the next occupied level after `tick`, going away from the touch; plus or minus NO_BEST
    without one.

    `tick` may be any: NO_BEST of the other sign asks for the best level.
    """
    row = (ladder_number >> 2) * SYMBOL_WORDS
    ladder = ladder_number & 3
    low = symbols[row + LOW]
    window = ONE << place_bits
    rising = (ladder & 1) != 0
    nothing = np.int64(NO_BEST) if rising else -np.int64(NO_BEST)
    found = nothing
    if rising:
        if tick < low + window:
            start = max(tick, low - 1)
            place = place_above(bits, ladder_number, place_bits, start & (window - 1))
            if place >= 0:
                here = low + ((place - low) & (window - 1))
                if here > tick:
                    found = here
    elif tick >= low:
        start = min(tick, low + window)
        place = place_below(bits, ladder_number, place_bits, start & (window - 1))
        if place >= 0:
            here = low + ((place - low) & (window - 1))
            if here < tick:
                found = here
    if symbols[row + FAR_COUNT + ladder] > 0:
        here = next_far(head, links, symbols[row + FAR_ROOT + ladder], tick, rising)
        if here != tick and ((here < found) if rising else (here > found)):
            found = here
    return found


@inlined
def window_level(ladder_number, place_bits, tick):
    """Word of a tick's level in the window."""
    return 2 * ((ladder_number << place_bits) | (tick & ((ONE << place_bits) - 1)))


@inlined
def in_window(symbols, row, place_bits, tick):
    """Whether a tick is inside the window of its symbol."""
    return ((tick - symbols[u(row + LOW)]) >> place_bits) == 0


@helper
def level_of(head, links, symbols, ladder_number, place_bits, tick):
    """Word of a tick's level (-1 when there is none), and its number when it is a far one (else 0)."""
    row = (ladder_number >> 2) * SYMBOL_WORDS
    if in_window(symbols, row, place_bits, tick):
        return window_level(ladder_number, place_bits, tick), np.int64(0)
    node = find_far(head, links, symbols[row + FAR_ROOT + (ladder_number & 3)], tick)
    if node == 0:
        return np.int64(-1), node
    return far_at(head, node), node


@inlined
def price_of(symbols, row, tick):
    """Price, in ticks as the user counts them, of a tick as the engine does."""
    return symbols[u(row + BASE)] + tick
