"""Ops to events against a dictionary: the table of open orders, and every rule of what an op becomes."""

import numpy as np
import pytest

from tests.vendors.replay import NAMES
from truefill.vendors import orders as o


class Twin:
    """Order id -> [side, price, quantity], and the rules in prose order."""

    def __init__(self) -> None:
        self.open: dict[int, list[int]] = {}
        self.out: list[tuple[str, int, int, int, int]] = []
        self.counts = dict.fromkeys(range(o.COUNTERS), 0)

    def say(self, kind: str, side: int, px: int, qty: int, order_id: int) -> None:
        self.out.append((kind, side, px, qty, order_id))

    def gone(self, order_id: int) -> None:
        side, px, qty = self.open.pop(order_id)
        self.say("cancel", side, px, qty, order_id)

    def less(self, order_id: int, by: int) -> None:
        side, px, qty = self.open[order_id]
        self.counts[o.OVERDRAWN] += by > qty
        if by >= qty:
            return self.gone(order_id)
        self.open[order_id][2] = qty - by
        return self.say("modify", side, px, qty - by, order_id)

    def op(self, op: int, side: int, order_id: int, px: int, qty: int) -> None:
        known = order_id in self.open
        if op == o.TRADED:
            self.say("trade", side, px, qty, order_id)
        elif op == o.CLEAR:
            self.open.clear()
            self.say("clear", 0, 0, 0, 0)
        elif op in (o.ADD, o.SET, o.MODIFY):
            self.counts[o.DUPLICATE_ADDS] += op == o.ADD and known
            self.counts[o.UNKNOWN_MODIFIES] += op == o.MODIFY and not known
            if qty <= 0:
                self.counts[o.BAD_QTY] += 1
                if known:
                    self.gone(order_id)
                return
            if known and side != 0 and self.open[order_id][0] != side:
                self.gone(order_id)
                known = False
            if known:
                self.open[order_id][1:] = px, qty
                self.say("modify", self.open[order_id][0], px, qty, order_id)
            elif side == 0:
                self.counts[o.BAD_QTY] += 1
            else:
                self.open[order_id] = [side, px, qty]
                self.say("add", side, px, qty, order_id)
        elif op in (o.FILLED, o.EXECUTE):
            self.counts[o.UNKNOWN_FILLS] += not known
            resting = self.open[order_id][0] if known else side
            if op == o.EXECUTE:
                self.say("trade", -resting, px, qty, 0)
            self.say("fill", resting, px, qty, order_id)
            if op == o.EXECUTE and known:
                self.less(order_id, qty)
        elif not known:
            self.counts[o.UNKNOWN_CANCELS] += 1
        elif op == o.REDUCE:
            self.less(order_id, qty)
        else:
            self.gone(order_id)
        self.counts[o.MOST_LIVE] = max(self.counts[o.MOST_LIVE], len(self.open))
        self.counts[o.LIVE] = len(self.open)


@pytest.mark.parametrize("seed", range(6))
def test_random_ops_equal_the_twin(seed: int) -> None:
    """Few ids, some of which share a home in the table; ids of 64 bits; a move to a larger table."""
    rng = np.random.default_rng(seed)
    n = 1500
    ids = rng.choice([1, 16, 1 << 20, (1 << 62) + 1, -(1 << 63) + 7], n) * rng.integers(1, 40, n)
    ops = np.stack(
        [
            rng.choice(range(1, 10), n, p=[0.3, 0.15, 0.1, 0.12, 0.1, 0.08, 0.08, 0.065, 0.005]),
            rng.choice([1, -1, 0], n, p=[0.48, 0.48, 0.04]),
            ids,
            rng.integers(95, 105, n),
            rng.integers(-1, 30, n),
        ],
        axis=1,
    ).astype(np.int64)
    twin = Twin()
    table, counters = o.new_table(1024), np.zeros(o.COUNTERS, np.int64)
    for start in range(0, n, 100):
        block = ops[start : start + 100]
        out = np.zeros((o.MOST_EVENTS * len(block), 6), np.int64)
        events = int(o.rewrite(block, table, counters, out))
        twin.out.clear()
        for row in block.tolist():
            twin.op(*row)
        assert [(NAMES[row[0]], *row[1:5]) for row in out[:events].tolist()] == twin.out
        assert counters.tolist() == list(twin.counts.values())
        if start == 700:
            bigger = o.new_table(4096)
            o.move_all(table, bigger)
            table = bigger
    left = {row[o.ID]: [row[o.SIDE], row[o.PX], row[o.QTY]] for row in table.tolist() if row[o.SIDE]}
    assert left == twin.open
    assert len(left) > 5


def test_a_clear_forgets_all() -> None:
    ops = np.array([[o.ADD, 1, 7, 100, 5], [o.CLEAR, 0, 0, 0, 0], [o.DELETE, 1, 7, 100, 5]])
    counters, out = np.zeros(o.COUNTERS, np.int64), np.zeros((9, 6), np.int64)

    assert o.rewrite(ops, o.new_table(16), counters, out) == 2
    assert (counters[o.LIVE], counters[o.UNKNOWN_CANCELS]) == (0, 1)
