"""From order id to slot: open addressing, linear probing, deletion by shifting back (no tombstones)."""

from truefill.core.jit import inlined
from truefill.core.order_book_layout import AT_INDEX, AT_ORDERS, MASK


@inlined
def _home(words, order_id):  # type: ignore[no-untyped-def]
    # Running ids land side by side (one cache line serves sixteen); the shifts spread ids with a stride.
    return (order_id ^ (order_id >> 15) ^ (order_id >> 31)) & words[MASK]


@inlined
def find(words, links, order_id):  # type: ignore[no-untyped-def]
    """Slot of a resting order, or 0."""
    index, orders, mask = words[AT_INDEX], words[AT_ORDERS], words[MASK]
    at = _home(words, order_id)
    slot = links[index + at]
    while slot != 0 and words[orders + 4 * slot] != order_id:
        at = (at + 1) & mask
        slot = links[index + at]
    return slot


@inlined
def index_add(words, links, order_id, slot):  # type: ignore[no-untyped-def]
    """Enter an id that is not there yet."""
    index, mask = words[AT_INDEX], words[MASK]
    at = _home(words, order_id)
    while links[index + at] != 0:
        at = (at + 1) & mask
    links[index + at] = slot


@inlined
def index_drop(words, links, order_id, slot):  # type: ignore[no-untyped-def]
    """Take out an id that is there."""
    index, orders, mask = words[AT_INDEX], words[AT_ORDERS], words[MASK]
    hole = _home(words, order_id)
    while links[index + hole] != slot:
        hole = (hole + 1) & mask
    # Close the hole: an entry behind it moves in when its home does not lie between the hole and itself.
    at = (hole + 1) & mask
    while links[index + at] != 0:
        home = _home(words, words[orders + 4 * links[index + at]])
        if ((at - home) & mask) >= ((at - hole) & mask):
            links[index + hole] = links[index + at]
            hole = at
        at = (at + 1) & mask
    links[index + hole] = 0
