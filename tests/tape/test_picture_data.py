"""The numbers of a tape's picture, against a walk through its rows."""

import random
from bisect import bisect_right
from typing import NamedTuple

import numpy as np
import pytest

from tests.core.l2book_twin import DictBook
from tests.tape.order_streams import OrderOptions, as_events, random_orders
from tests.tape.streams import random_events
from truefill.core.errors import TapeError
from truefill.core.events import (
    BUY,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EXCH,
    GAP_BEGIN,
    GAP_END,
    KIND_MASK,
    LOCAL,
    SELL,
    TRADE,
)
from truefill.tape import Tape, build_tape
from truefill.tape.picture_data import LEVELS, tape_picture_data
from truefill.tape.stream import local_pieces

BOOK = ("bid", "ask", "spread", "bid_qty", "ask_qty", "bid_depth", "ask_depth")
State = dict[str, float]


class Seen(NamedTuple):
    """A tape as it arrived: the book after each local time, and the rows."""

    times: list[int]
    states: list[State]
    rows: np.ndarray


def seen(tape: Tape) -> Seen:
    rows = np.concatenate(list(local_pieces(tape)))
    book, times, states = DictBook(), [], []
    for row in rows:
        kind = int(row["ev"]) & KIND_MASK
        bid, ask = bool(int(row["ev"]) & BUY), bool(int(row["ev"]) & SELL)
        tick = None if np.isnan(row["px"]) else round(row["px"] / tape.tick_size)
        if kind in (DEPTH, DEPTH_SNAPSHOT):
            book.set(bid, tick, round(row["qty"] / tape.lot_size))
        elif kind == DEPTH_CLEAR:
            if not ask:
                book.clear_bids(tick)
            if not bid:
                book.clear_asks(tick)
        state = {}
        if book.bid is not None:
            state |= {"bid": book.bid * tape.tick_size, "bid_qty": book.bids[book.bid] * tape.lot_size}
        if book.ask is not None:
            state |= {"ask": book.ask * tape.tick_size, "ask_qty": book.asks[book.ask] * tape.lot_size}
        # what a newer price of the other side has crossed is out of sight
        if book.bid is not None:
            best = sorted((p for p in book.bids if p <= book.bid), reverse=True)[:LEVELS]
            state["bid_depth"] = sum(book.bids[p] for p in best) * tape.lot_size
        if book.ask is not None:
            best = sorted(p for p in book.asks if p >= book.ask)[:LEVELS]
            state["ask_depth"] = sum(book.asks[p] for p in best) * tape.lot_size
        if book.bid is not None and book.ask is not None:
            state["spread"] = book.ask - book.bid
        if times and times[-1] == row["local_ts"]:
            states[-1] = state
        else:
            times.append(int(row["local_ts"]))
            states.append(state)
    return Seen(times, states, rows)


def check(tape: Tape, buckets: int) -> None:
    """Compare with what holds at every moment at which anything may begin to hold."""
    times, states, rows = seen(tape)
    spans = [(int(gap["begin_local"]), int(gap["end_local"])) for gap in tape.gaps]
    moments = sorted({*times, *(moment for span in spans for moment in span)})

    def state(moment: int) -> State:
        if any(begin <= moment < end for begin, end in spans):
            return {}
        return states[bisect_right(times, moment) - 1]

    found = tape_picture_data(tape, buckets)
    assert (found.edges[0], found.edges[-1]) == (times[0], times[-1] + 1)
    assert len(found.edges) == buckets + 1
    assert np.ptp(np.diff(found.edges)) <= 1
    for k in range(buckets):
        begin, end = int(found.edges[k]), int(found.edges[k + 1])
        inside = [state(m) for m in {begin, *(m for m in moments if begin <= m < end)}]
        for name in BOOK:
            values = [one[name] for one in inside if name in one]
            low, high, last = (part[k] for part in getattr(found, name))
            wanted = (min(values, default=np.nan), max(values, default=np.nan))
            assert (low, high) == pytest.approx(wanted, nan_ok=True, rel=1e-12), (k, name)
            assert last == pytest.approx(state(end - 1).get(name, np.nan), nan_ok=True, rel=1e-12), (k, name)
        here = rows[(rows["local_ts"] >= begin) & (rows["local_ts"] < end)]
        traded = here["px"][here["ev"] & np.uint64(KIND_MASK) == TRADE]
        assert (found.events[k], found.trades[k]) == (len(here), len(traded))
        prices = [traded.min(), traded.max(), traded[-1]] if len(traded) else [np.nan] * 3
        assert [part[k] for part in found.trade] == pytest.approx(prices, nan_ok=True)


@pytest.mark.parametrize(("buckets", "piece"), [(1, 1 << 13), (40, 1 << 13), (40, 3), (300, 7)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_numbers_are_those_of_a_walk_through_the_rows(seed, buckets, piece, monkeypatch):
    monkeypatch.setattr("truefill.tape.best_levels._GROUPS", piece)
    monkeypatch.setattr("truefill.tape.picture_data._TRADES", piece)
    tape = build_tape(random_events(seed, 400), symbol="X.TEST")
    assert len(tape.gaps) > 2
    check(tape, buckets)


def test_single_orders_have_a_picture_too():
    rows = as_events(random_orders(random.Random(5), OrderOptions(messages=200)), 0.5, 1)
    check(build_tape(rows, symbol="X.TEST", lot_size=1), 30)


def gap_rows() -> np.ndarray:
    """A book, a gap of which the end mark comes at the time at which the next gap begins, a later book."""
    rows = random_events(1, 8)[:8]
    both = EXCH | LOCAL
    kinds = [DEPTH | BUY, DEPTH | SELL, GAP_BEGIN, DEPTH | BUY, GAP_END, GAP_BEGIN, GAP_END, DEPTH | SELL]
    rows["ev"] = [kind | both for kind in kinds]
    rows["px"] = [10, 12, 0, 11, 0, 0, 0, 13]
    rows["qty"] = [1, 2, 0, 3, 0, 0, 0, 4]
    rows["local_ts"] = rows["exch_ts"] = [1000, 1000, 1010, 1020, 1030, 1030, 1040, 1099]
    return rows


def test_gaps_that_touch_are_one_and_the_book_is_known_again_at_its_end():
    found = tape_picture_data(build_tape(gap_rows(), symbol="X.TEST", tick_size="1", lot_size="1"), 10)
    assert found.edges.tolist() == list(range(1000, 1101, 10))
    assert found.gaps.tolist() == [[1010, 1040]]
    assert found.bid.last.tolist() == pytest.approx([10, *[np.nan] * 3, *[11] * 6], nan_ok=True)
    assert found.spread.low.tolist() == pytest.approx([2, *[np.nan] * 3, *[1] * 6], nan_ok=True)
    assert found.ask_qty.high.tolist() == pytest.approx([2, *[np.nan] * 3, *[2] * 6], nan_ok=True)
    assert found.events.tolist() == [2, 1, 1, 2, 1, 0, 0, 0, 0, 1]


def test_a_gap_without_an_end_lasts_to_the_end():
    rows = gap_rows()
    rows["ev"][4] = rows["ev"][6] = rows["ev"][0]
    found = tape_picture_data(build_tape(rows, symbol="X.TEST", tick_size="1", lot_size="1"), 10)
    assert found.gaps.tolist() == [[1010, 1100]]
    assert np.isnan(found.ask.high[1:]).all()


def test_nothing_arrived():
    rows = random_events(1, 50)
    rows["ev"] &= ~np.uint64(LOCAL)
    rows["ev"] |= np.uint64(EXCH)
    found = tape_picture_data(build_tape(rows, symbol="X.TEST"))
    assert len(found.edges) == len(found.events) == len(found.bid.low) == len(found.gaps) == 0


def test_one_moment_is_one_bucket():
    found = tape_picture_data(build_tape(gap_rows()[:2], symbol="X.TEST", tick_size="1", lot_size="1"))
    assert found.edges.tolist() == [1000, 1001]
    assert found.spread == ([2], [2], [2])


@pytest.mark.parametrize("buckets", [0, -1, 2.5, "many"])
def test_a_number_of_buckets_that_is_none(buckets):
    tape = build_tape(gap_rows(), symbol="X.TEST")
    with pytest.raises(TapeError, match="1 to 1,000,000 buckets"):
        tape_picture_data(tape, buckets)
