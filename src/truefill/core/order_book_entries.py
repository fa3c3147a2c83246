"""What Python calls of an order book besides commands: look-ups, and work on the book as a whole."""

from truefill.core.jit import entry
from truefill.core.order_book_ids import find, index_add
from truefill.core.order_book_kernels import ahead, append, remove
from truefill.core.order_book_layout import (
    ASKS,
    AT_LEVELS,
    AT_ORDERS,
    BASE,
    BEST,
    BIDS,
    FREE,
    FRESH,
    LEVELS,
    LIVE,
    NEXT,
    TAG,
)
from truefill.core.order_book_levels import next_worse


@entry
def find_slot(words, links, order_id):  # type: ignore[no-untyped-def]
    """Slot of a resting order, or 0."""
    return find(words, links, order_id)


@entry
def ahead_of(words, links, slot):  # type: ignore[no-untyped-def]
    """Quantity and number of the orders in front of one in its level."""
    return ahead(words, links, slot)


@entry
def worse_place(words, side, place):  # type: ignore[no-untyped-def]
    """Next occupied place of a side, going away from the touch, or -1."""
    return next_worse(words, side, place)


@entry
def dump(words, links, out):  # type: ignore[no-untyped-def]
    """Write all orders, bids then asks, best level first, oldest order first.

    Parameters
    ----------
    out : ndarray of int64, shape (live orders, 5)
        Columns side (+1, -1), tick, id, quantity, tag.
    """
    n = 0
    for side in (BIDS, ASKS):
        place = words[BEST + side]
        while place >= 0:
            head = links[2 * (words[AT_LEVELS] + 2 * (side * words[LEVELS] + place)) + 2]
            slot = head
            while True:
                order = words[AT_ORDERS] + 4 * slot
                out[n, 0] = 1 - 2 * side
                out[n, 1] = words[BASE] + place
                out[n, 2] = words[order]
                out[n, 3] = words[order + 1]
                out[n, 4] = links[2 * order + TAG]
                n += 1
                slot = links[2 * order + NEXT]
                if slot == head:
                    break
            place = next_worse(words, side, place)
    return n


@entry
def move(words, links, to, to_links):  # type: ignore[no-untyped-def]
    """Copy a book into an empty one with another window or more room; slots stay the same."""
    to[FREE], to[FRESH], to[LIVE] = words[FREE], words[FRESH], words[LIVE]
    source, target = words[AT_ORDERS], to[AT_ORDERS]
    for k in range(4 * words[FRESH]):
        to[target + k] = words[source + k]
    for side in (BIDS, ASKS):
        place = words[BEST + side]
        while place >= 0:
            level = words[AT_LEVELS] + 2 * (side * words[LEVELS] + place)
            new_place = place + words[BASE] - to[BASE]
            to[to[AT_LEVELS] + 2 * (side * to[LEVELS] + new_place)] = words[level]
            head = links[2 * level + 2]
            slot = head
            while True:
                following = links[2 * (source + 4 * slot) + NEXT]
                append(to, to_links, slot, side, new_place)
                index_add(to, to_links, to[target + 4 * slot], slot)
                slot = following
                if slot == head:
                    break
            place = next_worse(words, side, place)


@entry
def clear_side(words, links, side):  # type: ignore[no-untyped-def]
    """Remove every order of a side (BIDS or ASKS)."""
    while words[BEST + side] >= 0:
        level = words[AT_LEVELS] + 2 * (side * words[LEVELS] + words[BEST + side])
        remove(words, links, links[2 * level + 2])
