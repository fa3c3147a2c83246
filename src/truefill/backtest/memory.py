"""Growing logs of the engine in C memory, and the map from order ids to slots.

A log doubles when it is full. A block that a strategy may still look at (fills) is kept until the bot
goes: the sum of all outgrown blocks is less than the block in use.
"""

import numpy as np

from truefill.core.address import i32_view, i64_view, reallocate, u64_view
from truefill.core.jit import helper

_FIRST_ROOM = 64


@helper
def grown(address, room, itemsize):
    """Double a log; what it held stays. Returns (address, room)."""
    new_room = room * 2 if room > 0 else _FIRST_ROOM
    new_address = reallocate(address, new_room * itemsize)
    if new_address == 0:
        raise MemoryError
    return new_address, new_room


@helper
def grown_copy(a, address, room, itemsize):
    """Double a log (rows of whole words) into a new block; the old one stays. Returns (address, room)."""
    new_room = room * 2 if room > 0 else _FIRST_ROOM
    new_address = reallocate(0, new_room * itemsize)
    if new_address == 0:
        raise MemoryError
    if room > 0:
        # word by word: a slice assignment compiles error messages, a second's worth of them
        words = room * itemsize // 8
        source = i64_view(address, words)
        target = i64_view(new_address, words)
        for i in range(words):
            target[i] = source[i]
        keep_block(a, address)
    return new_address, new_room


@helper
def keep_block(a, address):
    """Remember an outgrown block, to be freed with the bot."""
    count = a["kept_count"]
    a["kept_addr"] = reallocate(a["kept_addr"], (count + 1) * 8)
    i64_view(a["kept_addr"], count + 1)[count] = address
    a["kept_count"] = count + 1


@helper
def _home(order_id, mask):
    mixed = order_id ^ (order_id >> np.uint64(17)) ^ (order_id >> np.uint64(34))
    return np.int64(mixed & np.uint64(mask))


@helper
def map_find(keys_addr, slots_addr, mask, order_id):
    """Slot of an order id, or -1."""
    if slots_addr == 0:
        return np.int64(-1)
    keys = u64_view(keys_addr, mask + 1)
    slots = i32_view(slots_addr, mask + 1)
    i = _home(order_id, mask)
    while slots[i] >= 0:
        if keys[i] == order_id:
            return np.int64(slots[i])
        i = (i + 1) & mask
    return np.int64(-1)


@helper
def map_put(keys_addr, slots_addr, mask, order_id, slot):
    """Add an id that is not in the map, which has room."""
    keys = u64_view(keys_addr, mask + 1)
    slots = i32_view(slots_addr, mask + 1)
    i = _home(order_id, mask)
    while slots[i] >= 0:
        i = (i + 1) & mask
    keys[i] = order_id
    slots[i] = slot


@helper
def map_remove(keys_addr, slots_addr, mask, order_id):
    """Take an id out; entries behind it move up, so that no search is cut short."""
    keys = u64_view(keys_addr, mask + 1)
    slots = i32_view(slots_addr, mask + 1)
    i = _home(order_id, mask)
    while keys[i] != order_id or slots[i] < 0:
        if slots[i] < 0:
            return
        i = (i + 1) & mask
    hole = i
    i = (i + 1) & mask
    while slots[i] >= 0:
        home = _home(keys[i], mask)
        if ((i - home) & mask) >= ((i - hole) & mask):
            keys[hole] = keys[i]
            slots[hole] = slots[i]
            hole = i
        i = (i + 1) & mask
    slots[hole] = -1


@helper
def map_empty(keys_addr, slots_addr, entries):
    """Make an empty map with room for `entries` ids. Returns (keys, slots, mask)."""
    size = 64
    while size < entries * 2 + 2:
        size *= 2
    keys_addr = reallocate(keys_addr, size * 8)
    slots_addr = reallocate(slots_addr, size * 4)
    if keys_addr == 0 or slots_addr == 0:
        raise MemoryError
    slots = i32_view(slots_addr, size)
    for i in range(size):
        slots[i] = -1
    return keys_addr, slots_addr, size - 1
