"""Both sides on a stream of single orders: queues of order objects, the own ones among the market's."""

from collections.abc import Iterable
from typing import Any

from tests.tape.order_streams import Message
from tests.tape.order_twin import QueueBook, QueuedOrder
from tests.twin.book import TwinBook, better
from tests.twin.exchange import Row, TwinExchange
from tests.twin.fills import Fifo, PartialFill, ProRata
from tests.twin.local import TwinLocal
from tests.twin.orders import TwinOrder
from tests.twin.queues import ExactQueue
from truefill.core import events

Level = tuple[int, int]  # side, tick


def holds_orders(rows: Iterable[Row]) -> bool:
    """Whether a stream is of single orders."""
    return any(events.ADD_ORDER <= row.kind <= events.FILL for row in rows)


def names_hit_orders(rows: Iterable[Row]) -> bool:
    """Whether its executions name the resting order."""
    return any(row.kind == events.FILL for row in rows)


def message(row: Row) -> Message:
    """A row as the queue book takes it."""
    return Message(row.kind, row.side, row.tick or 0, row.lots, row.order_id, row.exch_ts, row.local_ts)


def level_changes(book: QueueBook, row: Row) -> list[tuple[Level, int]]:
    """Apply a row; the levels that changed with their new quantities, in the order in which a tape has them.

    An order that takes another place leaves the old one: towards the touch first, else last.
    """
    old = book.orders.get(row.order_id)
    was = None if old is None else (old.side, old.tick, old.lots)
    book.apply(message(row))
    new = book.orders.get(row.order_id)
    now = None if new is None else (new.side, new.tick, new.lots)
    if was == now and old is new:
        return []
    if was is None or now is None or old is new:
        level = (was or now or (0, 0))[:2]
        return [(level, book.lots(*level))]
    left, joined = was[:2], now[:2]
    if left == joined:  # for a moment it stands in both places
        return [(left, book.lots(*left) + was[2]), (left, book.lots(*left))]
    changes = [(joined, book.lots(*joined)), (left, book.lots(*left))]
    closer = left[0] != joined[0] or better(joined[0], joined[1], left[1])
    return changes[::-1] if closer else changes


def grows_crossed(book: TwinBook, changes: list[tuple[Level, int]]) -> bool:
    """Whether an order grew at a price that was crossed: news of that price here, not for HftBacktest."""
    if len(changes) != 2 or changes[0][0] != changes[1][0]:
        return False
    side, tick = changes[0][0]
    best = book.best[side]
    return best is None or better(side, tick, best)


class OrderLocal(TwinLocal):
    """The local book follows the orders."""

    def __init__(self, *args: Any, **models: Any) -> None:
        super().__init__(*args, **models)
        self.queues = QueueBook()

    def process(self, row: Row) -> None:
        """Apply one row."""
        if row.kind == events.DEPTH_CLEAR:
            self.queues.apply(message(row))
        elif events.ADD_ORDER <= row.kind <= events.MODIFY_ORDER:
            changes = level_changes(self.queues, row)
            if grows_crossed(self.book, changes):
                self.on_fault("crossed modify")
            for (side, tick), lots in changes:
                if 0 < lots < self.book.lots(side, tick):  # no news of a price
                    self.book.levels[side][tick] = lots
                else:
                    self.book.set(side, tick, lots)
        super().process(row)


class OrderExchange:
    """Mixed into a fill model: what orders do to it."""

    by_fills: bool

    def __init__(self: Any, *args: Any) -> None:
        super().__init__(*args)
        self.queues = QueueBook()
        self.places: dict[tuple[int, int], QueuedOrder] = {}  # own orders by id and arrival
        self.exact = isinstance(self.queue_model, ExactQueue)
        self.by_fills = self.by_fills and not isinstance(self, ProRata)

    def receive(self: Any, request: Any, ts: int) -> None:
        """A request may bring an own order into a queue."""
        super().receive(request, ts)  # type: ignore[misc]
        self.sync()

    def sync(self: Any) -> None:
        """Let the queues have the own orders that rest now, and no others."""
        live = {(o.order_id, o.arrival): o for o in self.orders.values()}
        for key in [key for key in self.places if key not in live]:
            place = self.places.pop(key)
            self.queues.queue(place.side, place.tick).remove(place)
        for key in sorted(live.keys() - self.places.keys(), key=lambda key: key[1]):
            order = live[key]
            self.queues.arrivals += 1
            place = QueuedOrder(-self.queues.arrivals, order.side, order.price_tick, order.leaves, own=True)
            self.queues.ranks[place.order_id] = self.queues.arrivals
            self.places[key] = place
            self.queues.queue(order.side, order.price_tick).append(place)

    def process(self: Any, row: Row) -> None:
        """Apply one row of the feed."""
        self.sync()
        if events.ADD_ORDER <= row.kind <= events.MODIFY_ORDER:
            self.on_order(row)
        elif row.kind == events.FILL:
            self.on_fill(row)
        elif row.kind == events.DEPTH_CLEAR:
            self.queues.apply(message(row))
            super().process(row)  # type: ignore[misc]
            self.touched |= {"clear"} if self.orders else set()
            for order in self.orders.values():
                inside = (
                    not row.side or row.tick is None or not better(order.side, row.tick, order.price_tick)
                )
                if self.exact and row.side in (order.side, 0) and inside:
                    order.queue.front = order.queue.traded = 0
        elif row.kind != events.TRADE or not (self.exact and self.by_fills):
            super().process(row)  # type: ignore[misc]
        elif row.tick is not None:  # fills are told apart from trades, which trigger stops all the same
            self.on_last_trade(row.tick, row.exch_ts)

    def modify(self: Any, resting: TwinOrder, asked: TwinOrder, request: Any, ts: int) -> None:
        """HftBacktest rests an order across the best opposite price, and fills it at the next chance."""
        best = self.book.best[-resting.side]
        if best is not None and not better(resting.side, best, asked.price_tick):
            self.touched.add("marketable modify")
        super().modify(resting, asked, request, ts)  # type: ignore[misc]

    def behind(self: Any, hit: QueuedOrder | None) -> set[int]:
        """Ids of the own orders that stand behind one of the market's."""
        if hit is None:
            return set()
        queue = self.queues.queue(hit.side, hit.tick)
        after = queue[queue.index(hit) + 1 :]
        return {order_id for (order_id, _), place in self.places.items() if any(place is o for o in after)}

    def on_order(self: Any, row: Row) -> None:
        """Set the levels that an order changes, and tell the own orders that stand behind it."""
        before = self.queues.orders.get(row.order_id)
        left = self.behind(before)
        old_level = (before.side, before.tick) if before else None
        changes = level_changes(self.queues, row)
        self.touched |= {"crossed modify"} if grows_crossed(self.book, changes) else set()
        back = self.behind(self.queues.orders.get(row.order_id)) if before is None else set()
        for number, ((side, tick), lots) in enumerate(changes):
            # A larger quantity at the same price: the first row is about the new place, behind all.
            joins = len(changes) == 2 and (
                (side, tick) != old_level or (changes[0][0] == changes[1][0] and number == 0)
            )
            self.set_row(side, tick, lots, row.exch_ts, set() if joins else left | back)

    def set_row(self: Any, side: int, tick: int, lots: int, ts: int, behind: set[int]) -> None:
        """As ``on_depth``, but only own orders that stand behind the changed one come forward."""
        if not self.exact:
            self.on_depth(side, tick, lots, ts)
            return
        best_before = self.book.best[side]
        before = self.set_level(side, tick, lots)
        for order in self.own(side):
            if order.price_tick == tick and order.order_id in behind:
                self.queue_model.on_row(order.queue, before, lots)
        best = self.book.best[side]
        if best is not None and (best_before is None or better(side, best, best_before)):
            self.on_best_risen(side, best, ts)
            self.end_useless(ts)
        self.sync()

    def set_level(self: Any, side: int, tick: int, lots: int) -> int:
        """An order that leaves others behind is no news of a price, also where the book was crossed."""
        if not 0 < lots < self.book.lots(side, tick):
            before: int = super().set_level(side, tick, lots)  # type: ignore[misc]
            return before
        kept = self.effective if isinstance(self, Fifo) else self.book
        before = kept.lots(side, tick)
        self.book.levels[side][tick] = kept.levels[side][tick] = lots
        return before

    def on_fill(self: Any, row: Row) -> None:
        """Own orders at a better price than the one that was hit, or before it in its queue, are filled."""
        if not (self.exact and self.by_fills):
            return
        hit = self.queues.orders.get(row.order_id)
        side = hit.side if hit else row.side
        tick = row.tick or (hit.tick if hit else None)
        if hit and hit.tick != tick:  # it was the taker itself
            hit = None
        if not side or not tick:
            return
        after = self.behind(hit)
        used = 0
        for order in self.own(side):
            first = hit is not None and order.price_tick == tick and order.order_id not in after
            if not (better(side, order.price_tick, tick) or first):
                continue
            lots = self.open_lots(order, tip=order.price_tick == tick)
            if isinstance(self, Fifo) or (isinstance(self, PartialFill) and order.price_tick == tick):
                lots = min(lots, row.lots - used)
            if lots > 0:
                used += lots if isinstance(self, Fifo) else 0
                self.inside(order)
                self.fill_resting(order, lots, row.exch_ts)
        self.end_useless(row.exch_ts)

    def inside(self: Any, order: TwinOrder) -> None:
        """HftBacktest looks only at prices up to the market's best one."""
        best = self.book.best[order.side]
        if best is None or better(order.side, order.price_tick, best):
            self.touched.add("inside")


def order_exchange(kind: type[TwinExchange], by_fills: bool) -> type[TwinExchange]:
    """A fill model that follows orders."""
    return type(f"Order{kind.__name__}", (OrderExchange, kind), {"by_fills": by_fills})
