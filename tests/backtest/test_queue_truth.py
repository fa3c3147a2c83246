"""Probes in an order-by-order stream, held against lists of orders in which the probes stand."""

from typing import Any

import numpy as np
import pytest

from tests.support.order_flow import LOT, START, STEP_NS, TICK, OrderFlow
from truefill.backtest.queue_truth import OrderStream
from truefill.core import events as ev
from truefill.core.errors import InputError
from truefill.core.events import EVENT, NO_TIME
from truefill.tape import build_tape


class Queues:
    """The stream again, with lists: probes stand in them as (None, number)."""

    def __init__(self, events: Any, probes: Any) -> None:
        self.levels: dict[tuple[int, int], list[tuple[Any, Any]]] = {}
        self.at: dict[int, tuple[int, int]] = {}
        self.fills: dict[int, int] = {}
        waiting = list(range(len(probes)))
        for row in events:
            while waiting and probes[waiting[0]]["entry_ts"] < row["exch_ts"]:
                p = probes[waiting[0]]
                key = int(p["side"]), int(p["tick"])
                assert sum(q for o, q in self.levels.get(key, []) if o is not None) == p["ahead"]
                self.levels.setdefault(key, []).append((None, waiting.pop(0)))
            self.take(row)

    def take(self, row: Any) -> None:
        kind, order = int(row["ev"]) & ev.KIND_MASK, int(row["order_id"])
        side = 1 if int(row["ev"]) & ev.BUY else -1
        key, lots = (side, round(row["px"] / TICK)), round(row["qty"] / LOT)
        if kind == ev.TRADE:
            for (s, tick), queue in self.levels.items():
                if s == -side and s * (tick - key[1]) >= 0:
                    first = next((i for i, (o, _) in enumerate(queue) if o is not None), len(queue))
                    self.fill(queue, first if tick == key[1] else len(queue), row)
            return
        if kind == ev.FILL:
            place = [o for o, _ in self.levels[key]].index(order)
            for (s, tick), queue in self.levels.items():
                if s == side and side * (tick - key[1]) > 0:
                    self.fill(queue, len(queue), row)
            self.fill(self.levels[key], place, row)
            return
        old = self.at.pop(order, None)
        if old is not None:
            queue = self.levels[old]
            place = [o for o, _ in queue].index(order)
            if kind == ev.MODIFY_ORDER and old == key and lots <= queue[place][1]:
                queue[place] = order, lots
                self.at[order] = key
                return
            queue.pop(place)
        if kind != ev.CANCEL_ORDER:
            self.levels.setdefault(key, []).append((order, lots))
            self.at[order] = key
            for (s, tick), queue in self.levels.items():
                if s == -side and side * (key[1] - tick) >= 0:
                    self.fill(queue, len(queue), row)

    def fill(self, queue: list[tuple[Any, Any]], before: int, row: Any) -> None:
        for entry in [e for e in queue[:before] if e[0] is None]:
            queue.remove(entry)
            self.fills[entry[1]] = int(row["exch_ts"])


@pytest.mark.parametrize("seed", range(4))
def test_probes_are_filled_when_their_turn_in_the_lists_has_come(seed: int) -> None:
    flow = OrderFlow(seed).run(1_500)
    probes = OrderStream(flow.events, TICK, LOT).probes(7 * STEP_NS, 10**12, (-1, 0, 1, 3))
    expected = Queues(flow.events, probes).fills
    assert len(expected) > 50
    assert len(expected) < len(probes)
    assert [expected.get(i, NO_TIME) for i in range(len(probes))] == probes["fill_ts"].tolist()


def test_a_probe_is_watched_to_its_end_only() -> None:
    stream = OrderStream(OrderFlow(1).run(1_500).events, TICK, LOT)
    long, short = (stream.probes(7 * STEP_NS, horizon) for horizon in (10**12, 30 * STEP_NS))
    in_time = long["fill_ts"] <= short["end_ts"]
    assert 10 < in_time.sum() < (long["fill_ts"] < NO_TIME).sum()
    assert (short["fill_ts"] == np.where(in_time, long["fill_ts"], NO_TIME)).all()


def test_the_levels_are_the_sums_of_the_lists() -> None:
    flow = OrderFlow(3).run(800)
    rows = OrderStream(flow.events, TICK, LOT).level_events()
    book: dict[tuple[int, int], float] = {}
    for row in rows[(rows["ev"] & ev.KIND_MASK) == ev.DEPTH]:
        book[1 if row["ev"] & ev.BUY else -1, round(row["px"] / TICK)] = row["qty"]
    sums = {key: sum(q for _, q in queue) for key, queue in flow.queues.items()}
    assert {k: q for k, q in book.items() if q} == {k: q for k, q in sums.items() if q}
    traded = (flow.events["ev"] & ev.KIND_MASK) == ev.TRADE
    assert (rows[(rows["ev"] & ev.KIND_MASK) == ev.TRADE] == flow.events[traded]).all()
    assert build_tape(rows, symbol="FLOW.TEST").header.counts["trade"] == traded.sum()


def test_a_clear_ends_what_is_known() -> None:
    flow = OrderFlow(5).run(300)
    cleared_at = flow.ts + 1
    clear = np.array(
        [(ev.DEPTH_CLEAR | ev.EXCH | ev.LOCAL, cleared_at, cleared_at + 1, 0, 0, 0, 0, 0)], EVENT
    )
    later = OrderFlow(6)
    later.ts = cleared_at + 1
    again = later.run(300).events
    again["exch_ts"] += cleared_at + 1 - START
    events = np.concatenate([flow.events, clear, again[again["exch_ts"] > cleared_at + STEP_NS]])
    probes = OrderStream(events, TICK, LOT).probes(5 * STEP_NS, 10**12, end_ts=cleared_at)
    open_ones = probes["fill_ts"] == NO_TIME
    assert open_ones.any()
    assert (probes["end_ts"][open_ones] == cleared_at).all()


def test_an_execution_elsewhere_than_the_order_rests_tells_nothing() -> None:
    """CME reports a fill for the side that takes as well: an order on its way from another price."""
    flow = OrderFlow(1)
    flow.ts += STEP_NS
    flow.row(ev.FILL, 1, 101, 1, flow.queues[1, 97][0][0])
    flow.ts += STEP_NS
    flow.row(ev.CANCEL_ORDER, 1, 97, 1, flow.queues[1, 97][0][0])
    probes = OrderStream(flow.events, TICK, LOT).probes(STEP_NS // 2, 10**9, start_ts=START)
    assert len(probes) > 0
    assert (probes["fill_ts"] == NO_TIME).all()


def test_a_hidden_order_waits_for_those_that_are_shown() -> None:
    """Sold at 100 to nobody in the book: a bid at 101 would have come first, one at 100 behind 5 not."""
    flow = OrderFlow(1)
    flow.queues.clear()
    flow.rows.clear()
    for tick, lots in ((100, 5), (99, 5)):
        flow.row(ev.ADD_ORDER, 1, tick, lots, tick)
    flow.row(ev.ADD_ORDER, -1, 103, 5, 103)
    flow.row(ev.ADD_ORDER, 1, 101, 1, 101)
    flow.ts += STEP_NS
    flow.row(ev.CANCEL_ORDER, 1, 101, 1, 101)
    flow.ts += 10 * STEP_NS
    hidden_at = flow.ts
    flow.row(ev.TRADE, -1, 100, 7, 0)
    flow.ts += STEP_NS
    flow.row(ev.CANCEL_ORDER, 1, 99, 5, 99)
    stream = OrderStream(flow.events, TICK, LOT)
    at = hidden_at - STEP_NS
    probes = stream.probes(STEP_NS, 10**9, (-1, 0, 1), start_ts=at, end_ts=at + 1)
    fills = {int(p["tick"]): int(p["fill_ts"]) for p in probes if p["side"] > 0}
    assert fills == {101: hidden_at, 100: NO_TIME, 99: NO_TIME}


def test_what_cannot_be_followed_is_refused() -> None:
    events = OrderFlow(1).run(10).events
    with pytest.raises(InputError, match="EVENT"):
        OrderStream(events["px"], TICK, LOT)
    with pytest.raises(InputError, match="rows about orders"):
        OrderStream(events[:0], TICK, LOT)
    with pytest.raises(InputError, match="exchange times"):
        OrderStream(events[::-1].copy(), TICK, LOT)
    with pytest.raises(InputError, match="times above 0"):
        OrderStream(events, TICK, LOT).probes(0, 5)
