"""The order-by-order book, compiled: rest, take, reduce, remove, and the questions one asks of it.

Every function takes the two views of one book (`order_book_layout`) and trusts its arguments: the gate is
`core.order_book`. Nothing allocates. Each operation costs a few cache lines whatever the length of the
level or the distance to the next one, except where it must touch many orders (a sweep, a clear, a dump)
and `ahead`, which walks the orders in front of one.

Sides are BIDS (0) and ASKS (1) here. Places are ticks counted from the base of the window; an `entry` is
a place plus the window's length on the ask side.
"""

from truefill.core.jit import helper, inlined
from truefill.core.order_book_ids import index_add, index_drop
from truefill.core.order_book_layout import (
    AT_LEVELS,
    AT_ORDERS,
    BASE,
    BEST,
    FREE,
    FRESH,
    LEVEL,
    LEVELS,
    LIVE,
    NEXT,
    ORDERS,
    PREVIOUS,
    TAG,
)
from truefill.core.order_book_levels import mark, next_worse, unmark

# ---- changing the book ------------------------------------------------------------------------------


@inlined
def inside(words, tick):  # type: ignore[no-untyped-def]
    """Tell whether the window has a level for `tick`."""
    return words[BASE] <= tick < words[BASE] + words[LEVELS]


@inlined
def full(words):  # type: ignore[no-untyped-def]
    """Tell whether no more order can rest."""
    return words[LIVE] >= words[ORDERS]


@helper
def rest(words, links, order_id, side, tick, qty, tag):  # type: ignore[no-untyped-def]
    """Put an order at the tail of its level. The book must not be `full`, and `tick` must be `inside`.

    Returns
    -------
    int
        Its slot, which is its own until the order leaves the book.
    """
    orders = words[AT_ORDERS]
    slot = words[FREE]
    if slot != 0:
        words[FREE] = links[2 * (orders + 4 * slot) + NEXT]
    else:
        slot = words[FRESH]
        words[FRESH] = slot + 1
    words[LIVE] += 1
    place = tick - words[BASE]
    order = orders + 4 * slot
    words[order] = order_id
    words[order + 1] = qty
    append(words, links, slot, side, place)
    links[2 * order + TAG] = tag
    level = words[AT_LEVELS] + 2 * (side * words[LEVELS] + place)
    words[level] += qty
    index_add(words, links, order_id, slot)
    return slot


@inlined
def append(words, links, slot, side, place):  # type: ignore[no-untyped-def]
    """Link a slot in as the tail of a level."""
    orders = words[AT_ORDERS]
    entry = side * words[LEVELS] + place
    level = words[AT_LEVELS] + 2 * entry
    half = 2 * (orders + 4 * slot)
    head = links[2 * level + 2]
    if head == 0:
        links[2 * level + 2] = slot
        links[half + PREVIOUS] = slot
        links[half + NEXT] = slot
        mark(words, side, place)
        best = words[BEST + side]
        if best < 0 or (side == 0 and place > best) or (side == 1 and place < best):
            words[BEST + side] = place
    else:
        first = 2 * (orders + 4 * head)
        tail = links[first + PREVIOUS]
        links[half + PREVIOUS] = tail
        links[half + NEXT] = head
        links[2 * (orders + 4 * tail) + NEXT] = slot
        links[first + PREVIOUS] = slot
    links[half + LEVEL] = entry
    links[2 * level + 3] += 1


@helper
def remove(words, links, slot):  # type: ignore[no-untyped-def]
    """Take an order out of the book.

    Returns
    -------
    int
        The quantity that was open.
    """
    orders = words[AT_ORDERS]
    order = orders + 4 * slot
    half = 2 * order
    entry = links[half + LEVEL]
    level = words[AT_LEVELS] + 2 * entry
    following = links[half + NEXT]
    if following == slot:
        side = 1 if entry >= words[LEVELS] else 0
        place = entry - side * words[LEVELS]
        links[2 * level + 2] = 0
        unmark(words, side, place)
        if words[BEST + side] == place:
            words[BEST + side] = next_worse(words, side, place)
    else:
        previous = links[half + PREVIOUS]
        links[2 * (orders + 4 * previous) + NEXT] = following
        links[2 * (orders + 4 * following) + PREVIOUS] = previous
        if links[2 * level + 2] == slot:
            links[2 * level + 2] = following
    qty = words[order + 1]
    words[level] -= qty
    links[2 * level + 3] -= 1
    index_drop(words, links, words[order], slot)
    links[half + NEXT] = words[FREE]
    words[FREE] = slot
    words[LIVE] -= 1
    return qty


@helper
def reduce_by(words, links, slot, qty):  # type: ignore[no-untyped-def]
    """Make an order smaller by less than its open quantity; it keeps its place."""
    order = words[AT_ORDERS] + 4 * slot
    words[order + 1] -= qty
    words[words[AT_LEVELS] + 2 * links[2 * order + LEVEL]] -= qty


@helper
def available(words, links, side, limit, enough):  # type: ignore[no-untyped-def]
    """Quantity that an incoming order of `side` could take up to `limit`; stops counting at `enough`."""
    other = 1 - side
    place = words[BEST + other]
    total = 0
    while place >= 0 and total < enough:
        tick = words[BASE] + place
        if (side == 0 and tick > limit) or (side == 1 and tick < limit):
            break
        total += words[words[AT_LEVELS] + 2 * (other * words[LEVELS] + place)]
        place = next_worse(words, other, place)
    return total


# ---- questions --------------------------------------------------------------------------------------


@inlined
def best_tick(words, side):  # type: ignore[no-untyped-def]
    """Best price tick of a side that has orders."""
    return words[BASE] + words[BEST + side]


@inlined
def level_qty(words, side, tick):  # type: ignore[no-untyped-def]
    """Quantity resting at a tick inside the window."""
    return words[words[AT_LEVELS] + 2 * (side * words[LEVELS] + tick - words[BASE])]


@inlined
def level_count(words, links, side, tick):  # type: ignore[no-untyped-def]
    """Orders resting at a tick inside the window."""
    return links[2 * (words[AT_LEVELS] + 2 * (side * words[LEVELS] + tick - words[BASE])) + 3]


@inlined
def order_qty(words, slot):  # type: ignore[no-untyped-def]
    """Open quantity of a resting order."""
    return words[words[AT_ORDERS] + 4 * slot + 1]


@inlined
def order_side(words, links, slot):  # type: ignore[no-untyped-def]
    """Side of a resting order."""
    return 1 if links[2 * (words[AT_ORDERS] + 4 * slot) + LEVEL] >= words[LEVELS] else 0


@inlined
def order_tick(words, links, slot):  # type: ignore[no-untyped-def]
    """Price tick of a resting order."""
    entry = links[2 * (words[AT_ORDERS] + 4 * slot) + LEVEL]
    return words[BASE] + (entry - words[LEVELS] if entry >= words[LEVELS] else entry)


@helper
def ahead(words, links, slot):  # type: ignore[no-untyped-def]
    """Quantity and number of the orders in front of an order in its level. Walks them."""
    orders = words[AT_ORDERS]
    level = words[AT_LEVELS] + 2 * links[2 * (orders + 4 * slot) + LEVEL]
    other = links[2 * level + 2]
    qty = 0
    count = 0
    while other != slot:
        qty += words[orders + 4 * other + 1]
        count += 1
        other = links[2 * (orders + 4 * other) + NEXT]
    return qty, count
