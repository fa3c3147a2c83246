"""An order-by-order book as lists of orders: what an order tape's rows have to come from."""

from dataclasses import dataclass, field

from tests.tape.order_streams import Message
from truefill.core.events import ADD_ORDER, CANCEL_ORDER, DEPTH_CLEAR, FILL, MODIFY_ORDER

Level = tuple[int, int]  # side, tick


@dataclass
class QueuedOrder:
    """One order in a queue. `own` ones are not the market's and count for nobody."""

    order_id: int
    side: int
    tick: int
    lots: int
    own: bool = False


@dataclass
class QueueBook:
    """Queues, front first. Orders that a clear removed are remembered with who stood before them."""

    queues: dict[Level, list[QueuedOrder]] = field(default_factory=dict)
    orders: dict[int, QueuedOrder] = field(default_factory=dict)
    gone: dict[int, tuple[QueuedOrder, int]] = field(default_factory=dict)
    ranks: dict[int, int] = field(default_factory=dict)  # order id -> running number of its place
    clears: int = 0
    arrivals: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def queue(self, side: int, tick: int) -> list[QueuedOrder]:
        """The queue of a price."""
        return self.queues.setdefault((side, tick), [])

    def lots(self, side: int, tick: int) -> int:
        """Quantity of the market's orders at a price."""
        return sum(o.lots for o in self.queue(side, tick) if not o.own)

    def levels(self) -> dict[Level, int]:
        """All prices with a quantity."""
        return {level: lots for level in self.queues if (lots := self.lots(*level))}

    def ahead(self, order: QueuedOrder) -> int:
        """The market's quantity in front of an order."""
        queue = self.queue(order.side, order.tick)
        return sum(o.lots for o in queue[: queue.index(order)] if not o.own)

    def count(self, name: str) -> None:
        """Note a fault of the stream."""
        self.counts[name] = self.counts.get(name, 0) + 1

    def append(self, order: QueuedOrder) -> None:
        """Put an order at the end of its queue."""
        self.arrivals += 1
        self.orders[order.order_id] = order
        self.ranks[order.order_id] = self.arrivals
        self.queue(order.side, order.tick).append(order)

    def remove(self, order: QueuedOrder) -> None:
        """Take an order out."""
        self.queue(order.side, order.tick).remove(order)
        del self.orders[order.order_id]

    def add(self, m: Message) -> None:
        """A new order, or one that a clear removed: that one takes its place again, if it may."""
        order = QueuedOrder(m.order_id, m.side, m.tick, m.lots)
        old, clear = self.gone.pop(m.order_id, (None, 0))
        back = old is not None and clear + 8 >= self.clears and (old.side, old.tick) == (m.side, m.tick)
        if not back or old is None or m.lots > old.lots:
            self.append(order)
            return
        rank = self.ranks[m.order_id]
        queue = self.queue(m.side, m.tick)
        at = next((i for i, o in enumerate(queue) if self.ranks[o.order_id] > rank), len(queue))
        queue.insert(at, order)
        self.orders[m.order_id] = order
        self.count("back_in_place")

    def apply(self, m: Message) -> None:
        """Carry out one message."""
        if m.kind == DEPTH_CLEAR:
            self.clears += 1
            for order in list(self.orders.values()):
                upto = m.tick if m.side and m.tick else None
                if m.side in (0, order.side) and (upto is None or order.side * (order.tick - upto) >= 0):
                    self.gone[order.order_id] = (order, self.clears)
                    self.remove(order)
            return
        order = self.orders.get(m.order_id)
        if m.kind == FILL:
            if order is None:
                self.count("unknown_fill")
            elif m.tick and m.tick != order.tick:
                self.count("fill_elsewhere")
        elif m.kind == ADD_ORDER and m.lots == 0:
            self.count("empty_add")
        elif m.kind == CANCEL_ORDER or (m.kind == MODIFY_ORDER and order and m.lots == 0):
            self.gone.pop(m.order_id, None)
            if order is None:
                self.count("unknown_cancel")
            else:
                self.remove(order)
        elif order is not None:
            if m.kind == ADD_ORDER:
                self.count("duplicate_add")
            side, tick = m.side or order.side, m.tick or order.tick
            if side != order.side:
                self.count("other_side")
            if (side, tick) == (order.side, order.tick) and m.lots <= order.lots:
                order.lots = m.lots
            else:
                self.remove(order)
                self.append(QueuedOrder(m.order_id, side, tick, m.lots))
        elif m.kind in (ADD_ORDER, MODIFY_ORDER):
            if m.kind == MODIFY_ORDER:
                self.count("unknown_modify")
            if m.side and m.tick and m.lots:
                self.add(m)
