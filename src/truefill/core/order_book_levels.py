"""Which levels of an order book have orders: a bitmap in tiers, so that the next one is a few loads away.

A word holds 32 levels (so that it never looks negative), a word of the tier above 32 words, and so on up
to a single word: five tiers reach 33 million ticks. Sides are BIDS (0) and ASKS (1), places are ticks counted
from the base of the window.
"""

from truefill.core.jit import helper, inlined
from truefill.core.order_book_layout import AT_TIER, TIERS


@inlined
def _lowest_bit(word):  # type: ignore[no-untyped-def]
    n = 0
    if word & 0xFFFF == 0:
        n += 16
        word >>= 16
    if word & 0xFF == 0:
        n += 8
        word >>= 8
    if word & 0xF == 0:
        n += 4
        word >>= 4
    if word & 3 == 0:
        n += 2
        word >>= 2
    if word & 1 == 0:
        n += 1
    return n


@inlined
def _highest_bit(word):  # type: ignore[no-untyped-def]
    n = 0
    if word >> 16 != 0:
        n += 16
        word >>= 16
    if word >> 8 != 0:
        n += 8
        word >>= 8
    if word >> 4 != 0:
        n += 4
        word >>= 4
    if word >> 2 != 0:
        n += 2
        word >>= 2
    if word >> 1 != 0:
        n += 1
    return n


@helper
def mark(words, side, place):  # type: ignore[no-untyped-def]
    """Note that a level has orders."""
    for t in range(words[TIERS]):
        at = words[AT_TIER + 2 * t] + side * words[AT_TIER + 2 * t + 1] + (place >> 5)
        before = words[at]
        words[at] = before | (1 << (place & 31))
        if before != 0:
            return
        place >>= 5


@helper
def unmark(words, side, place):  # type: ignore[no-untyped-def]
    """Note that a level has no order any more."""
    for t in range(words[TIERS]):
        at = words[AT_TIER + 2 * t] + side * words[AT_TIER + 2 * t + 1] + (place >> 5)
        words[at] &= ~(1 << (place & 31))
        if words[at] != 0:
            return
        place >>= 5


@helper
def next_above(words, side, place):  # type: ignore[no-untyped-def]
    """Lowest occupied place above `place` (which may be -1), or -1."""
    if place < 0:  # place -1 has no word: look at place 0 itself, then above it
        if words[words[AT_TIER] + side * words[AT_TIER + 1]] & 1:
            return 0
        place = 0
    for t in range(words[TIERS]):
        at = words[AT_TIER + 2 * t] + side * words[AT_TIER + 2 * t + 1]
        rest = words[at + (place >> 5)] >> ((place & 31) + 1)
        if rest != 0:
            place += 1 + _lowest_bit(rest)
            for below in range(t - 1, -1, -1):
                at = words[AT_TIER + 2 * below] + side * words[AT_TIER + 2 * below + 1]
                place = (place << 5) + _lowest_bit(words[at + place])
            return place
        place >>= 5
    return -1


@helper
def next_below(words, side, place):  # type: ignore[no-untyped-def]
    """Highest occupied place below `place`, or -1."""
    for t in range(words[TIERS]):
        at = words[AT_TIER + 2 * t] + side * words[AT_TIER + 2 * t + 1]
        rest = words[at + (place >> 5)] & ((1 << (place & 31)) - 1)
        if rest != 0:
            place = (place & ~31) + _highest_bit(rest)
            for below in range(t - 1, -1, -1):
                at = words[AT_TIER + 2 * below] + side * words[AT_TIER + 2 * below + 1]
                place = (place << 5) + _highest_bit(words[at + place])
            return place
        place >>= 5
    return -1


@inlined
def next_worse(words, side, place):  # type: ignore[no-untyped-def]
    """Next occupied place of `side`, going away from the touch, or -1."""
    if side == 0:
        return next_below(words, side, place)
    return next_above(words, side, place)
