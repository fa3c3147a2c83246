"""The engine's own memory: maps against a dictionary, logs that grow and stay readable."""

import random

import numpy as np
import pytest

from truefill.backtest.memory import grown, map_empty, map_find, map_put, map_remove
from truefill.core.address import free, i64_view


@pytest.mark.parametrize("seed", range(20))
def test_the_map_does_what_a_dictionary_does(seed: int) -> None:
    """Random puts and removals, with ids that collide: every look-up agrees."""
    rng = random.Random(seed)
    keys, slots, mask = map_empty(0, 0, 100)
    ids = [np.uint64(rng.choice((1, mask + 1, 1 << 20, 1 << 50)) * rng.randrange(200)) for _ in range(90)]
    twin: dict[np.uint64, int] = {}
    for step in range(600):
        order_id = rng.choice(ids)
        if order_id in twin:
            map_remove(keys, slots, mask, order_id)
            del twin[order_id]
        elif len(twin) < 60:
            map_put(keys, slots, mask, order_id, step)
            twin[order_id] = step
        probe = rng.choice(ids)
        assert map_find(keys, slots, mask, probe) == twin.get(probe, -1)
    map_remove(keys, slots, mask, np.uint64(1 << 63))  # not in there: nothing happens
    for order_id in ids:
        assert map_find(keys, slots, mask, order_id) == twin.get(order_id, -1)
    free(keys)
    free(slots)


def test_a_log_keeps_what_it_held_when_it_grows() -> None:
    """Doubling moves the rows along."""
    address, room = grown(0, 0, 8)
    i64_view(address, room)[:] = np.arange(room)
    bigger, more = grown(address, room, 8)

    assert more == 2 * room
    assert i64_view(bigger, more)[:room].tolist() == list(range(room))
    free(bigger)
