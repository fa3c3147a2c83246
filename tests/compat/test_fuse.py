"""The drop-in `FuseMarketDepth`: the book of HftBacktest's after each event, from streams in order.

Out of order the two differ: HftBacktest forgets when a level was removed (`tests/tape/test_fuse.py`). The
rows are not compared but what they make: HftBacktest's removals carry no EXCH and LOCAL, and come after.
"""

import ctypes
import random
from typing import Any

import numpy as np
import pytest

from tests.differential import hft
from tests.support.modes import runs
from truefill.compat.hftbacktest.data import FuseMarketDepth
from truefill.core.errors import DataError
from truefill.core.events import BUY, DEPTH, DEPTH_BBO, EVENT, EXCH, LOCAL, SELL

TICK, LOT = 0.5, 1.0


def streams(rng: random.Random) -> np.ndarray:
    """Best prices and levels around a mid that moves; later rows are newer."""
    rows, mid, ts = [], 100, 1000
    for _ in range(rng.randint(1, 60)):
        mid += rng.choice((-1, 0, 0, 1))
        ts += rng.randint(1, 5)
        side, best = rng.choice((BUY, SELL)), rng.random() < 0.5
        off = 1 if best else rng.randint(1, 5)
        tick = mid - off if side == BUY else mid + off
        kind = DEPTH_BBO if best else DEPTH
        qty = float(rng.randint(1 if best else 0, 5))
        rows.append((kind | side | EXCH | LOCAL, ts, ts + 10, tick * TICK, qty, 0, 0, 0.0))
    return np.array(rows, EVENT)


def book_of(events: np.ndarray) -> dict[tuple[int, float], float]:
    """The levels that a stream of depth rows leaves."""
    levels: dict[tuple[int, float], float] = {}
    for row in events:
        levels[int(row["ev"]) & (BUY | SELL), float(row["px"])] = float(row["qty"])
    return {key: qty for key, qty in levels.items() if qty > 0}


def their_events(rows: np.ndarray, count: int) -> np.ndarray:
    """HftBacktest's fused events of the first `count` rows."""
    from hftbacktest import binding

    fusing = binding.fusemarketdepth_new(TICK, LOT)
    for row in range(count):
        assert binding.fusemarketdepth_process_event(fusing, rows.ctypes.data + EVENT.itemsize * row, True)
    length = ctypes.c_uint64(0)
    address = binding.fusemarketdepth_fused_events(fusing, ctypes.byref(length))
    events = np.frombuffer(ctypes.string_at(address, EVENT.itemsize * length.value), EVENT).copy()
    binding.fusemarketdepth_free(fusing)
    return events


@pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed")
def test_the_same_book_after_each_event() -> None:
    """Random streams in order, looked at here and there."""
    rng = random.Random(1)
    for _ in range(runs(40)):
        rows = streams(rng)
        fusing = FuseMarketDepth(TICK, LOT)
        for number in range(len(rows)):
            fusing.process_event(rows, number, True)
            if rng.random() < 0.2 or number == len(rows) - 1:
                expected = book_of(their_events(rows, number + 1))
                assert book_of(fusing.fused_events) == expected, (number, rows[: number + 1])
        fusing.close()


def test_bad_input_is_a_typed_error() -> None:
    fusing = FuseMarketDepth(TICK, LOT)
    bad: list[Any] = [(np.zeros(3), 0), (np.zeros(1, EVENT), 1), (np.zeros(1, EVENT), -1)]
    for rows, index in bad:
        with pytest.raises(DataError):
            fusing.process_event(rows, index, True)
