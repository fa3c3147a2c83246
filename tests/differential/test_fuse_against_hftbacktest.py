"""Fusing against HftBacktest's FuseMarketDepth: the same book where it is right, and its faults by name."""

import random
from typing import Any

import numpy as np
import pytest

from tests.differential.hft import available
from tests.support.modes import runs
from tests.tape.fuse_twin import PlainBook
from truefill.core import events as ev
from truefill.core.events import EVENT
from truefill.tape import FuseMarketDepth

pytestmark = [
    pytest.mark.skipif(bool(available), reason=available or "it is there"),
    pytest.mark.compiled_only,  # its face is compiled
    pytest.mark.slow,
]
TICK, LOT = 0.5, 1.0


def hft(events: np.ndarray) -> np.ndarray:
    """What HftBacktest makes of events."""
    from hftbacktest.data import FuseMarketDepth as Theirs

    theirs = Theirs(TICK, LOT)
    for i in range(len(events)):
        theirs.process_event(events, i, True)
    out = theirs.fused_events.copy()
    theirs.close()
    return np.asarray(out.view(EVENT))


def ours(events: np.ndarray) -> np.ndarray:
    """The same rows, without what streams do not mention."""
    fused = FuseMarketDepth(TICK, LOT, complete=False)
    for event in events:
        fused.process_event(event)
    return fused.fused_events


def book_of(rows: np.ndarray) -> tuple[dict[int, int], dict[int, int]]:
    """The book of whoever reads the rows; a best price is a level to HftBacktest's reader."""
    book = PlainBook(TICK, LOT)
    best = rows["ev"] & np.uint64(ev.KIND_MASK) == ev.DEPTH_BBO
    rows = rows.copy()
    rows["ev"][best] ^= np.uint64(ev.DEPTH_BBO ^ ev.DEPTH)
    book.apply(rows)
    return book.sides


def in_time(rng: random.Random, rows: int) -> np.ndarray:
    """Best prices and levels of one market in the order of their times: nothing is outdated."""
    mid, ts, out = 100, 1_000, []
    for _ in range(rows):
        ts += rng.randint(1, 5)
        mid += rng.choice((0, 0, 0, 1, -1))
        best = rng.random() < 0.3
        if best:  # both sides of a best price come together, the one that makes room first
            pairs = [(ev.SELL, mid + 1), (ev.BUY, mid - 1)]
            for side, tick in pairs:
                row = (ev.DEPTH_BBO | side, ts, ts + 3, tick * TICK, float(rng.randint(1, 9)), 0, 0, 0.0)
                out.append(row)
        else:
            side = rng.choice((ev.BUY, ev.SELL))
            tick = mid + (-1 if side == ev.BUY else 1) * rng.randint(1, 7)
            lots = float(rng.choice((0, 1, 2, 3)))
            out.append((ev.DEPTH | side, ts, ts + 3, tick * TICK, lots, 0, 0, 0.0))
    return np.array(out, EVENT)


def test_the_same_book_when_nothing_is_late() -> None:
    for seed in range(runs(30)):
        events = in_time(random.Random(seed), 150)

        assert book_of(hft(events)) == book_of(ours(events)), seed


def row(kind: int, exch_ts: int, tick: int, lots: float) -> tuple[Any, ...]:
    """One row."""
    return (kind, exch_ts, exch_ts, tick * TICK, lots, 0, 0, 0.0)


@pytest.mark.parametrize(
    ("name", "rows", "right"),
    [
        (
            "the time of a removed level is forgotten",
            [
                row(ev.DEPTH | ev.BUY, 10, 100, 5),
                row(ev.DEPTH | ev.BUY, 10, 90, 5),
                row(ev.DEPTH | ev.BUY, 20, 90, 0),
                row(ev.DEPTH | ev.BUY, 15, 90, 3),
            ],
            {100: 5},
        ),
        (
            "what an earlier best price has told is forgotten",
            [
                row(ev.DEPTH_BBO | ev.BUY, 20, 90, 5),  # nothing above 90 at 20
                row(ev.DEPTH | ev.BUY, 25, 95, 4),
                row(ev.DEPTH | ev.BUY, 26, 95, 0),
                row(ev.DEPTH_BBO | ev.BUY, 30, 97, 4),
                row(ev.DEPTH | ev.BUY, 15, 93, 7),  # older than the first best price
            ],
            {90: 5, 97: 4},
        ),
        (
            "a clear does not look at times",
            [
                row(ev.DEPTH | ev.BUY, 10, 100, 5),
                row(ev.DEPTH | ev.BUY, 30, 99, 4),
                row(ev.DEPTH_CLEAR | ev.BUY, 20, 98, 0),
            ],
            {99: 4},
        ),
    ],
)
def test_its_faults_by_name(name: str, rows: list[tuple[Any, ...]], right: dict[int, int]) -> None:
    events = np.array(rows, EVENT)

    assert right == book_of(ours(events))[0], name
    assert right != book_of(hft(events))[0], name
