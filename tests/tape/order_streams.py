"""Seeded random order-by-order streams: adds, cancels, modifications, executions, clears and snapshots.

Integers throughout (ticks, lots); `as_events` turns them into EVENT rows. With ``faults`` the stream does
what real ones do: cancels and modifies orders that nobody saw, adds one twice, leaves sides and prices out.
"""

import random
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from truefill.core.events import (
    ADD_ORDER,
    BUY,
    CANCEL_ORDER,
    DEPTH_CLEAR,
    EVENT,
    EXCH,
    FILL,
    LOCAL,
    MODIFY_ORDER,
    SELL,
    TRADE,
)

START_TS = 1_000_000_000
FLAG = {1: BUY, -1: SELL, 0: 0}


class Message(NamedTuple):
    """One event of the stream."""

    kind: int
    side: int  # 1 bid or buyer, -1 ask or seller, 0 not said
    tick: int  # 0: not said
    lots: int
    order_id: int
    exch_ts: int
    local_ts: int


@dataclass(frozen=True)
class OrderOptions:
    """What a stream contains."""

    messages: int = 300
    mid: int = 1000
    fills: bool = True  # executions name the resting order; False: only trades are published
    faults: bool = False
    clears: float = 0.01  # share of the steps
    crossing: float = 0.02  # share of the adds that stand beyond the opposite best
    max_step_ns: int = 20
    max_latency_ns: int = 1  # above 1 the local order differs from the exchange's


class _Flow:
    """Keeps the queues that the messages are about."""

    def __init__(self, rng: random.Random, options: OrderOptions) -> None:
        self.rng, self.o = rng, options
        self.ts = START_TS
        self.out: list[Message] = []
        self.orders: dict[int, list[int]] = {}  # id -> [side, tick, lots], in order of time
        self.next_id = 1

    def say(self, kind: int, side: int, tick: int, lots: int, order_id: int, step: bool = True) -> None:
        if step and self.rng.random() < 0.6:
            self.ts += self.rng.randint(1, self.o.max_step_ns)
        late = self.rng.random() < 0.3
        latency = self.rng.randint(1, self.o.max_latency_ns if late else min(5, self.o.max_latency_ns))
        self.out.append(Message(kind, side, tick, lots, order_id, self.ts, self.ts + latency))

    def best(self, side: int) -> int | None:
        ticks = [tick for s, tick, _ in self.orders.values() if s == side]
        return max(ticks, key=lambda t: t * side, default=None)

    def one(self) -> None:
        rng, kind = self.rng, self.rng.random()
        if kind < self.o.clears:
            self.clear()
        elif self.o.faults and kind < self.o.clears + 0.06:
            self.fault()
        elif kind < 0.42 or len(self.orders) < 6:
            self.add()
        elif kind < 0.6:
            order_id = rng.choice(list(self.orders))
            side, tick, _ = self.orders.pop(order_id)
            self.say(CANCEL_ORDER, side, tick, 0, order_id)
        elif kind < 0.8:
            self.modify()
        else:
            self.execute()

    def price(self, side: int) -> int:
        other = self.best(-side)
        if other is not None and self.rng.random() < self.o.crossing:
            return other + side * self.rng.randint(0, 1)
        tick = self.o.mid - side * self.rng.choice((-1, 0, 1, 1, 1, 2, 2, 3, 4, 9))
        if other is not None and (other - tick) * side <= 0:
            return other - side
        return tick

    def add(self) -> None:
        side, lots = self.rng.choice((1, -1)), self.rng.randint(1, 8)
        tick = self.price(side)
        self.orders[self.next_id] = [side, tick, lots]
        self.say(ADD_ORDER, side, tick, lots, self.next_id)
        self.next_id += 1

    def modify(self) -> None:
        order_id = self.rng.choice(list(self.orders))
        side, tick, lots = self.orders[order_id]
        how = self.rng.random()
        if how < 0.5 and lots > 1:
            self.orders[order_id][2] = lots = self.rng.randint(1, lots - 1)
        else:
            if how < 0.8:
                tick = self.price(side)
            else:
                lots += self.rng.randint(0, 4)
            del self.orders[order_id]
            self.orders[order_id] = [side, tick, lots]
        self.say(MODIFY_ORDER, side, tick, lots, order_id)

    def execute(self) -> None:
        """A taker meets the best queue of a side, front first, now and then two levels."""
        side = self.rng.choice((1, -1))  # of the resting orders
        left = self.rng.randint(1, 12)
        while left > 0 and (best := self.best(side)) is not None:
            queue = [i for i, (s, t, _) in self.orders.items() if s == side and t == best]
            order_id = queue[0]
            lots = self.orders[order_id][2]
            taken = min(lots, left)
            left -= taken
            self.say(TRADE, -side, best, taken, 0, step=False)
            if self.o.fills:
                self.say(FILL, side, best, taken, order_id, step=False)
            if taken == lots:
                del self.orders[order_id]
                self.say(CANCEL_ORDER, side, best, 0, order_id, step=False)
            else:
                self.orders[order_id][2] -= taken
                self.say(MODIFY_ORDER, side, best, lots - taken, order_id, step=False)
            if self.rng.random() < 0.2:
                break

    def clear(self) -> None:
        """All orders, or one side's, gone; most come back as they were, in their old order."""
        side = self.rng.choice((0, 0, 0, 1, -1))
        self.say(DEPTH_CLEAR, side, 0, 0, 0)
        gone = {i: o for i, o in self.orders.items() if side in (0, o[0])}
        self.orders = {i: o for i, o in self.orders.items() if i not in gone}
        for order_id, (s, tick, lots) in gone.items():
            chance = self.rng.random()
            if chance < 0.8:
                now = lots if chance < 0.6 else self.rng.randint(1, lots + 2)
                self.orders[order_id] = [s, tick, now]
                self.say(ADD_ORDER, s, tick, now, order_id, step=False)

    def fault(self) -> None:
        rng, side = self.rng, self.rng.choice((1, -1))
        tick, lots = self.price(side), rng.randint(1, 5)
        known = rng.choice(list(self.orders) or [0])
        match rng.randrange(9):
            case 0:
                self.say(CANCEL_ORDER, side, tick, lots, 900_000 + rng.randrange(9))
            case 1:
                self.say(FILL, rng.choice((side, 0)), rng.choice((tick, 0)), lots, 900_000)
            case 2:  # was there before the recording began
                self.orders[self.next_id] = [side, tick, lots]
                self.say(MODIFY_ORDER, side, tick, lots, self.next_id)
                self.next_id += 1
            case 3:
                self.say(MODIFY_ORDER, 0, 0, lots, 900_001)
            case 4:
                self.say(ADD_ORDER, side, tick, 0, 900_002)
            case 8 if known:  # the taker is named as well
                self.say(FILL, self.orders[known][0], tick, lots, known)
            case 5 if known:  # again, elsewhere
                del self.orders[known]
                self.orders[known] = [side, tick, lots]
                self.say(ADD_ORDER, side, tick, lots, known)
            case 6 if known:  # neither side nor price
                old = self.orders.pop(known)
                if lots > old[2]:
                    self.orders[known] = [*old[:2], lots]
                    self.orders = {
                        **{i: o for i, o in self.orders.items() if i != known},
                        known: self.orders[known],
                    }
                else:
                    self.orders[known] = [*old[:2], lots]
                self.say(MODIFY_ORDER, 0, 0, lots, known)
            case _ if known:
                del self.orders[known]
                self.say(MODIFY_ORDER, 0, 0, 0, known)


def random_orders(rng: random.Random, options: OrderOptions) -> list[Message]:
    """Make a stream."""
    flow = _Flow(rng, options)
    while len(flow.out) < options.messages:
        flow.one()
    return flow.out


def as_events(messages: list[Message], tick_size: float, lot_size: float) -> np.ndarray:
    """EVENT rows, all with both flags, in the order of the messages."""
    out = np.zeros(len(messages), EVENT)
    for row, m in zip(out, messages, strict=True):
        row["ev"] = m.kind | FLAG[m.side] | EXCH | LOCAL
        row["exch_ts"], row["local_ts"], row["order_id"] = m.exch_ts, m.local_ts, m.order_id
        row["px"] = round(m.tick * tick_size, 9)
        row["qty"] = round(m.lots * lot_size, 9)
    return out
