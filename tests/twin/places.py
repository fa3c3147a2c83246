"""Where own orders stand in their queues, as the strategy may know it: a list of all places there ever were.

After each event at the exchange the place of each resting order is written down; of those of one time the
last counts, and an order that is gone at the end of a time has none at that time. What is written down of
later times than an event's is struck out by it.
"""

import math
from dataclasses import dataclass

from tests.twin.exchange import TwinExchange
from tests.twin.local import TwinLocal
from truefill.core.records import NEW, PARTIALLY_FILLED


@dataclass(frozen=True)
class Place:
    """One order's place at one time."""

    ts: int
    life: int
    entry_ts: int
    front: float


class Places:
    """The diary of one asset's places."""

    def __init__(self, exch: TwinExchange, local: TwinLocal) -> None:
        self.exch, self.local = exch, local
        self.diary: dict[int, list[Place]] = {}  # by the order's life
        self.moment: list[Place] = []  # as of the time that is not over

    def look(self, ts: int) -> None:
        """See where each order stands after an event at `ts`."""
        if any(place.ts != ts for place in self.moment):
            self.settle()
        orders = self.exch.orders.values()
        self.moment = [Place(ts, order.life, order.entry_ts, order.queue.front) for order in orders]

    def settle(self) -> None:
        """The time is over, or the strategy looks: what is seen is written down."""
        for place in self.moment:
            # The exchange's time goes back when a strategy acts on an answer that came before it was sent.
            before = [p for p in self.diary.get(place.life, []) if p.ts <= place.ts]
            self.diary[place.life] = [*before, place]
        self.moment = []

    def position(self, order_id: int) -> float:
        """Lots ahead, NaN when it cannot be known."""
        order = self.local.orders.get(order_id)
        if order is None or order.status not in (NEW, PARTIALLY_FILLED):
            return math.nan
        fed = max(self.local.fed.values(), default=-1)
        told = [p for p in self.diary.get(order.life, []) if p.entry_ts <= order.exch_ts]
        known = [p for p in told if p.ts <= fed]
        if not known or any(p.entry_ts > fed for p in told):
            return math.nan
        return max(known[-1].front, 0.0)
