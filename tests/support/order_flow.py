"""A made market, order by order, as rows of ADD, CANCEL, MODIFY, FILL and TRADE: random, queues known."""

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truefill.core import events as ev
from truefill.core.events import EVENT

TICK, LOT = 0.5, 1.0
START = 1_000_000_000
STEP_NS = 1_000_000
SIDES = {1: ev.BUY, -1: ev.SELL}


class OrderFlow:
    """Queues of (order id, lots) by side and tick, and the rows that made them.

    Parameters
    ----------
    seed : int
    behind : float
        Chance that a cancellation is of the younger half of its level, where there are two halves.
    """

    def __init__(self, seed: int, behind: float = 0.5) -> None:
        self.rng = random.Random(seed)
        self.behind = behind
        self.queues: dict[tuple[int, int], list[list[int]]] = {}
        self.rows: list[tuple[Any, ...]] = []
        self.ts = START
        self.next_id = 1
        for tick in range(6):
            for side in (1, -1):
                for _ in range(6):
                    self.add(side, 100 - tick if side > 0 else 101 + tick)

    def run(self, steps: int) -> "OrderFlow":
        """Live on for so many events."""
        for _ in range(steps):
            self.ts += self.rng.randint(1, 2 * STEP_NS)
            chance = self.rng.random()
            side = self.rng.choice((1, -1))
            if chance < 0.45:
                self.add(side, self.best(-side) - side * self.rng.choice((1, 1, 1, 2, 2, 3, 4)))
            elif chance < 0.75:
                self.cancel(side)
            elif chance < 0.82:
                self.modify(side)
            else:
                self.take(side, self.rng.randint(1, 8))
        return self

    def best(self, side: int) -> int:
        """Best tick of a side; one that is far away where it is empty."""
        ticks = [tick for (s, tick), queue in self.queues.items() if s == side and queue]
        return max(ticks, key=lambda t: side * t, default=100 - 8 * side)

    def row(self, kind: int, side: int, tick: int, lots: int, order_id: int) -> None:
        """Append a row of now."""
        flags = kind | SIDES[side] | ev.EXCH | ev.LOCAL
        self.rows.append((flags, self.ts, self.ts + 1, tick * TICK, lots * LOT, order_id, 0, 0.0))

    def add(self, side: int, tick: int) -> None:
        """One more order."""
        lots = self.rng.randint(1, 4)
        self.queues.setdefault((side, tick), []).append([self.next_id, lots])
        self.row(ev.ADD_ORDER, side, tick, lots, self.next_id)
        self.next_id += 1

    def _some(self, side: int) -> tuple[int, int] | None:
        ticks = [tick for (s, tick), queue in self.queues.items() if s == side and len(queue) > 1]
        if not ticks:
            return None
        tick = self.rng.choice(ticks)
        count = len(self.queues[side, tick])
        young = self.rng.random() < self.behind
        return tick, self.rng.randrange(count // 2, count) if young else self.rng.randrange(0, count // 2)

    def cancel(self, side: int) -> None:
        """One order less."""
        if found := self._some(side):
            tick, place = found
            order_id, lots = self.queues[side, tick].pop(place)
            self.row(ev.CANCEL_ORDER, side, tick, lots, order_id)

    def modify(self, side: int) -> None:
        """Smaller and in place, or larger and at the end."""
        if found := self._some(side):
            tick, place = found
            queue = self.queues[side, tick]
            order_id, lots = queue[place]
            new = self.rng.randint(1, 6)
            if new <= lots:
                queue[place][1] = new
            else:
                queue.append([queue.pop(place)[0], new])
            self.row(ev.MODIFY_ORDER, side, tick, new, order_id)

    def take(self, side: int, lots: int) -> None:
        """A market order of `side`: for each level a trade, then its fills, then what they leave."""
        while lots > 0 and (queue := self.queues.get((-side, self.best(-side)))):
            tick = self.best(-side)
            here = min(lots, sum(q for _, q in queue))
            lots -= here
            self.row(ev.TRADE, side, tick, here, 0)
            after = []
            while here > 0:
                order_id, resting = queue[0]
                part = min(here, resting)
                here -= part
                self.row(ev.FILL, -side, tick, part, order_id)
                after.append((order_id, resting - part))
                if part == resting:
                    queue.pop(0)
                else:
                    queue[0][1] -= part
            for order_id, left in after:
                kind = ev.MODIFY_ORDER if left else ev.CANCEL_ORDER
                self.row(kind, -side, tick, left, order_id)

    @property
    def events(self) -> NDArray[Any]:
        """All rows."""
        return np.array(self.rows, EVENT)
