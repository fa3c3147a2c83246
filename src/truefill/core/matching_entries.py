"""What Python calls of a matching engine besides messages: look-ups, and work on a book as a whole."""

import numpy as np

from truefill.core.address import i32_view, i64_view
from truefill.core.bits import lowest_bit
from truefill.core.jit import entry, helper
from truefill.core.matching_far import add_far, drop_far, far_at, find_far, next_far
from truefill.core.matching_ladder import level_of, mark, next_tick, tiers, unmark, window_level
from truefill.core.matching_layout import (
    ACCOUNT,
    ASKS,
    AT_BITS,
    AT_INDEX,
    AT_LEVELS,
    AT_NAMES,
    AT_ORDERS,
    AT_SYMBOLS,
    BASE,
    BEST,
    BIDS,
    BIT_WORDS,
    FAR_COUNT,
    FAR_HITS,
    FAR_LEVELS,
    FAR_LIVE,
    FAR_ROOT,
    HEADER,
    INDEX_SIZE,
    LEVEL_WORDS,
    LOW,
    NEXT,
    NO_BEST,
    PLACE_BITS,
    SLOTS,
    SYMBOL_WORDS,
    SYMBOLS,
    TICK,
    WANTS_MOVE,
)
from truefill.core.matching_orders import enter_id, find_slot

ORDER_COLUMNS = 5  # of `dump`: price, id, open quantity, executed quantity, account
LEVEL_COLUMNS = 3  # of `list_levels`: price, quantity, number of orders


@helper
def _views(head_address):
    head = i64_view(head_address, HEADER)
    words = i64_view(head[AT_LEVELS], head[LEVEL_WORDS])
    links = i32_view(head[AT_LEVELS], 2 * head[LEVEL_WORDS])
    bits = i64_view(head[AT_BITS], head[BIT_WORDS])
    symbols = i64_view(head[AT_SYMBOLS], SYMBOL_WORDS * head[SYMBOLS])
    return head, words, links, bits, symbols


@helper
def _order_views(head):
    slots = head[SLOTS]
    orders = i64_view(head[AT_ORDERS], 4 * slots)
    halves = i32_view(head[AT_ORDERS], 8 * slots)
    names = i64_view(head[AT_NAMES], 2 * slots)
    return orders, halves, names


@entry
def slot_of(head_address, order_id):
    """Slot of a resting order, or 0."""
    head = i64_view(head_address, HEADER)
    names = i64_view(head[AT_NAMES], 2 * head[SLOTS])
    size = head[INDEX_SIZE]
    return find_slot(i32_view(head[AT_INDEX], size), names, size, order_id)


@entry
def reindex(head_address, old_address, old_size):
    """Enter all ids of an old index into the new one, which is empty."""
    head = i64_view(head_address, HEADER)
    names = i64_view(head[AT_NAMES], 2 * head[SLOTS])
    old = i32_view(old_address, old_size)
    index = i32_view(head[AT_INDEX], head[INDEX_SIZE])
    for at in range(old_size):
        slot = np.int64(old[at])
        if slot != 0:
            enter_id(index, head[INDEX_SIZE], names[2 * slot], slot)
    return 0


@entry
def list_levels(head_address, ladder_number, out, most):
    """Write price, quantity and number of orders of at most `most` levels, best first; returns how many."""
    head, words, links, bits, symbols = _views(head_address)
    _, halves, _ = _order_views(head)
    row = (ladder_number >> 2) * SYMBOL_WORDS
    tick = symbols[row + BEST + (ladder_number & 3)]
    n = 0
    while n < most and -NO_BEST < tick < NO_BEST:
        level, _ = level_of(head, links, symbols, ladder_number, head[PLACE_BITS], tick)
        out[n, 0] = symbols[row + BASE] + tick
        out[n, 1] = words[level + 1]
        out[n, 2] = 0
        slot = np.int64(links[2 * level])
        while slot != 0:
            out[n, 2] += 1
            slot = np.int64(halves[8 * slot + NEXT])
        n += 1
        tick = next_tick(head, links, bits, symbols, ladder_number, head[PLACE_BITS], tick)
    return n


@entry
def dump(head_address, ladder_number, out):
    """Write the orders of a ladder, best level first, oldest first, as ORDER_COLUMNS; returns how many
    there are.

    Those that `out` has no room for are counted only.
    """
    head, _, links, bits, symbols = _views(head_address)
    orders, halves, names = _order_views(head)
    row = (ladder_number >> 2) * SYMBOL_WORDS
    tick = symbols[row + BEST + (ladder_number & 3)]
    n = 0
    while -NO_BEST < tick < NO_BEST:
        level, _ = level_of(head, links, symbols, ladder_number, head[PLACE_BITS], tick)
        slot = np.int64(links[2 * level])
        while slot != 0:
            if n < len(out):
                out[n, 0] = symbols[row + BASE] + np.int64(halves[8 * slot + TICK])
                out[n, 1] = names[2 * slot]
                out[n, 2] = orders[4 * slot]
                out[n, 3] = names[2 * slot + 1]
                out[n, 4] = halves[8 * slot + ACCOUNT]
            n += 1
            slot = np.int64(halves[8 * slot + NEXT])
        tick = next_tick(head, links, bits, symbols, ladder_number, head[PLACE_BITS], tick)
    return n


# ---- the window -----------------------------------------------------------------------------------------


@helper
def _count_outside(bits, ladder_number, place_bits, low, new_low):
    """Occupied levels of a window that a new one leaves out."""
    t0, t1, _ = tiers(ladder_number, place_bits)
    window = np.int64(1) << place_bits
    outside = 0
    for at in range(t0, t1):
        word = bits[at]
        while word != 0:
            place = ((at - t0) << 6) | lowest_bit(word)
            word ^= np.int64(1) << lowest_bit(word)
            tick = low + ((place - low) & (window - 1))
            if tick < new_low or tick >= new_low + window:
                outside += 1
    return outside


@helper
def _move_out(head, words, links, bits, symbols, ladder_number, low, new_low):
    """Make far levels of the levels that a new window leaves out."""
    place_bits = head[PLACE_BITS]
    row, ladder = (ladder_number >> 2) * SYMBOL_WORDS, ladder_number & 3
    t0, t1, _ = tiers(ladder_number, place_bits)
    window = np.int64(1) << place_bits
    for at in range(t0, t1):
        word = bits[at]
        while word != 0:
            place = ((at - t0) << 6) | lowest_bit(word)
            word ^= np.int64(1) << lowest_bit(word)
            tick = low + ((place - low) & (window - 1))
            if new_low <= tick < new_low + window:
                continue
            node = add_far(head, words, links, symbols, row + FAR_ROOT + ladder, tick)
            symbols[row + FAR_COUNT + ladder] += 1
            level = window_level(ladder_number, place_bits, tick)
            words[far_at(head, node)] = words[level]
            words[far_at(head, node) + 1] = words[level + 1]
            words[level] = 0
            words[level + 1] = 0
            unmark(bits, ladder_number, place_bits, place)


@helper
def _move_in(head, words, links, bits, symbols, ladder_number, new_low):
    """Put the far levels that a new window has room for into it."""
    place_bits = head[PLACE_BITS]
    row, ladder = (ladder_number >> 2) * SYMBOL_WORDS, ladder_number & 3
    window = np.int64(1) << place_bits
    before = new_low - 1
    while True:
        root = symbols[row + FAR_ROOT + ladder]
        tick = next_far(head, links, root, before, True)
        if tick == before or tick >= new_low + window:
            break
        node = find_far(head, links, root, tick)
        level = window_level(ladder_number, place_bits, tick)
        words[level] = words[far_at(head, node)]
        words[level + 1] = words[far_at(head, node) + 1]
        mark(bits, ladder_number, place_bits, tick & (window - 1))
        drop_far(head, links, symbols, row + FAR_ROOT + ladder, node)
        symbols[row + FAR_COUNT + ladder] -= 1
        before = tick


@entry
def follow_market(head_address):
    """Move the window that asks for it to its market, if it is not there; 1 when it moved.

    It is asked for after more visits to far levels than there are orders, so that the cost is shared among
    those visits; no order is touched.
    """
    head, words, links, bits, symbols = _views(head_address)
    symbol = head[WANTS_MOVE] - 1
    head[WANTS_MOVE] = 0
    row = symbol * SYMBOL_WORDS
    symbols[row + FAR_HITS] = 0
    window = np.int64(1) << head[PLACE_BITS]
    bid, ask, low = symbols[row + BEST + BIDS], symbols[row + BEST + ASKS], symbols[row + LOW]
    if bid == -NO_BEST and ask == NO_BEST:
        return 0
    if bid == -NO_BEST:
        touch = ask
    elif ask == NO_BEST:
        touch = bid
    else:
        touch = (bid + ask) >> 1
    if low + (window >> 2) <= touch < low + 3 * (window >> 2):
        return 0  # it is there: what is visited is far from the market
    new_low = touch - (window >> 1)
    outside = 0
    for ladder in range(4):
        outside += _count_outside(bits, 4 * symbol + ladder, head[PLACE_BITS], low, new_low)
    if outside > head[FAR_LEVELS] - head[FAR_LIVE]:
        return 0
    for ladder in range(4):
        _move_out(head, words, links, bits, symbols, 4 * symbol + ladder, low, new_low)
        _move_in(head, words, links, bits, symbols, 4 * symbol + ladder, new_low)
    symbols[row + LOW] = new_low
    return 1
