import numpy as np
import pytest

from tests.tape.streams import random_events
from tests.tape.test_builder import event, events
from truefill.core.errors import TapeError
from truefill.core.events import SELL, TRADE
from truefill.synthetic import make_market
from truefill.tape import build_tape, check, resample
from truefill.tape.replay import book_before
from truefill.tape.resampling import thinned
from truefill.tape.stream import local_pieces

STEPS = {"symbol": "X.TEST", "tick_size": "0.01", "lot_size": "0.01"}


def book_at(tape, ts):
    group = int(np.searchsorted(tape.section("local.group_ts"), ts, side="right"))
    qty, _ = book_before(tape, "local", group)
    return {(int(tape.level_tick[i >> 1]), int(i & 1)): int(qty[i]) for i in np.flatnonzero(qty)}


def test_the_book_at_the_end_of_each_interval_is_the_book():
    tape = build_tape(make_market(10, seed=3), **STEPS)
    every = 100_000_000
    coarse = resample(tape, every)
    assert {f.severity for f in check(coarse)} <= {"info"}
    assert coarse.header.counts["depth"] < tape.header.counts["depth"]
    for ts in range(-(-tape.header.first_ts // every) * every, tape.header.last_ts, every):
        assert book_at(coarse, ts) == book_at(tape, ts - 1)
    assert coarse.trades["local_ts"].tolist() == tape.trades["local_ts"].tolist()
    assert coarse.trades["px"].tolist() == tape.trades["px"].tolist()


def test_the_last_quantity_of_a_level_and_levels_that_go_first():
    rows = events(
        event(px=100.0, local=1100),
        event(px=100.0, qty=2, local=1200),
        event(px=101.0, side=SELL, local=1300),
        event(TRADE, px=101.0, local=1350),
        event(px=100.0, qty=0, local=1400),
        event(px=100.0, qty=5, side=SELL, local=1500),
        event(px=99.0, local=2100),
    )
    made = np.concatenate(list(thinned(iter([rows]), 1000)))
    assert made[["local_ts", "px", "qty"]].tolist() == [
        (1350, 101.0, 1.0),
        (2000, 100.0, 0.0),
        (2000, 101.0, 1.0),
        (2000, 100.0, 5.0),
        (3000, 99.0, 1.0),
    ]


@pytest.mark.parametrize("seed", range(4))
def test_pieces_of_any_size_give_the_same_and_marks_end_intervals_early(seed):
    tape = build_tape(
        random_events(seed, 400, splits=False), symbol="X.TEST", tick_size="0.01", lot_size="0.25"
    )
    every = 7000
    made = [np.concatenate(list(thinned(local_pieces(tape, size), every))) for size in (1, 40, 10_000)]
    assert made[0].tobytes() == made[1].tobytes() == made[2].tobytes()
    coarse = resample(tape, every)
    marks = set(tape.local.stops["ts"].tolist())
    for ts in range(tape.header.first_ts // every * every + every, tape.header.last_ts, every):
        if ts not in marks:
            assert book_at(coarse, ts) == book_at(tape, ts - 1)


def test_what_cannot_be_resampled():
    tape = build_tape(events(event()), symbol="X.TEST")
    with pytest.raises(TapeError, match="interval of 1 ns or more"):
        resample(tape, 0)
    with pytest.raises(TapeError, match="existing folder"):
        resample(tape, 10, "nowhere/x.tape")
