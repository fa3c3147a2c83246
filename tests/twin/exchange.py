"""The exchange side without fill rules: the feed's book, own resting orders, requests and their answers.

The two models of ``fills.py`` inherit from this and say what a trade, a risen best price and an arriving
order do.
"""

from dataclasses import dataclass, field, replace

from tests.twin.book import ASK, BID, TwinBook, better
from tests.twin.bus import Bus
from tests.twin.latency import FILL, RESPONSE, Latency
from tests.twin.orders import Request, Response, TwinFill, TwinOrder
from tests.twin.queues import QueuePosition, RiskAverse
from truefill.core import events
from truefill.core.records import (
    CANCELED,
    FILLED,
    GTC,
    GTX,
    MARKET,
    NEW,
    NONE,
    PARTIALLY_FILLED,
    REJECTED,
)


@dataclass(frozen=True)
class Row:
    """One event in integers. ``tick`` None: a clear of the whole side. ``side`` 0: none given."""

    kind: int
    side: int
    exch_ts: int
    local_ts: int
    tick: int | None
    lots: int
    index: int  # of the event it was made from
    order_id: int = 0


@dataclass
class TwinExchange:
    """One asset at the exchange."""

    queue_model: RiskAverse
    lot_size: float
    latency: Latency
    responses: Bus[Response]
    book: TwinBook = field(default_factory=TwinBook)
    orders: dict[int, TwinOrder] = field(default_factory=dict)
    arrivals: int = 0
    trade_ids: int = 0
    cleared_at: int = -1  # time of the last clear
    touched: set[str] = field(default_factory=set)  # faults of HftBacktest that would have shown here

    # -- the feed ---------------------------------------------------------------------------------------

    def process(self, row: Row) -> None:
        """Apply one row of the feed."""
        self.queue_model.now = row.exch_ts
        if row.kind == events.DEPTH_CLEAR:
            self.cleared_at = row.exch_ts
            for side in (BID, ASK):
                if row.side in (side, 0):
                    self.on_clear(side, None if row.side == 0 else row.tick)
        elif row.kind in (events.DEPTH, events.DEPTH_SNAPSHOT) and row.side and row.tick is not None:
            self.on_depth(row.side, row.tick, row.lots, row.exch_ts)
        elif row.kind == events.TRADE and row.side and row.tick is not None:
            self.on_trade(row.side, row.tick, row.lots, row.exch_ts)

    def on_clear(self, side: int, upto: int | None) -> None:
        """Clears touch neither own orders nor their queue positions."""
        self.book.clear(side, upto)

    def on_depth(self, side: int, tick: int, lots: int, ts: int) -> None:
        """Set a level, move queue positions there, and fill what a risen best price runs into."""
        best_before = self.book.best[side]
        both_before = self.book.best[BID], self.book.best[ASK]
        before = self.set_level(side, tick, lots)
        for order in self.own(side):
            if order.price_tick == tick:
                faulty = self.queue_model.on_depth(order.queue, before, lots, self.lot_size)
                self.touched |= {"J"} if faulty else set()
        best = self.book.best[side]
        if best is not None and (best_before is None or better(side, best, best_before)):
            self.on_best_risen(side, best, ts)
        if both_before != (self.book.best[BID], self.book.best[ASK]) and ts != self.cleared_at:
            for order in self.own(BID) + self.own(ASK):
                if self.is_alone(order):
                    self.queue_model.on_alone(order.queue)

    def is_alone(self, order: TwinOrder) -> bool:
        """Whether the feed's best price of its side is worse than the order's."""
        best = self.book.best[order.side]
        return best is None or better(order.side, order.price_tick, best)

    def set_level(self, side: int, tick: int, lots: int) -> int:
        """Give a level its new quantity, return the one before."""
        return self.book.set(side, tick, lots)

    def on_best_risen(self, side: int, best: int, ts: int) -> None:
        """The best price of a side improved."""
        raise NotImplementedError

    def on_trade(self, side: int, tick: int, lots: int, ts: int) -> None:
        """A trade that a buyer (BID) or a seller (ASK) started."""
        raise NotImplementedError

    # -- requests ---------------------------------------------------------------------------------------

    def receive(self, request: Request, ts: int) -> None:
        """Answer one request."""
        asked = request.order.req
        order = replace(request.order, req=NONE)
        if asked == NEW:
            self.place(order, request, ts)
            return
        resting = self.orders.get(order.order_id)
        if resting is None:
            self.send(Response(replace(order, req=REJECTED), (), request, True, ts), ts)
        elif asked == CANCELED:
            del self.orders[order.order_id]
            resting.status = CANCELED
            self.answer(resting, request, ts)
        else:
            self.modify(resting, order, request, ts)

    def modify(self, resting: TwinOrder, asked: TwinOrder, request: Request, ts: int) -> None:
        """A smaller quantity at the same price keeps the queue position; all else is a new arrival."""
        if asked.price_tick != resting.price_tick or asked.qty > resting.leaves:
            del self.orders[resting.order_id]
            if resting.leaves != asked.qty:
                self.touched.add("D")
            arriving = replace(resting, price_tick=asked.price_tick, qty=asked.qty, leaves=asked.qty)
            self.place(arriving, request, ts)
            return
        if resting.status == PARTIALLY_FILLED:
            self.touched.add("status")
        resting.qty = resting.leaves = asked.qty
        resting.status = NEW
        self.answer(resting, request, ts)

    def place(self, order: TwinOrder, request: Request, ts: int) -> None:
        """An order arrives."""
        order.entry_ts = ts
        fills = self.arrive(order, ts)
        if order.status in (NEW, PARTIALLY_FILLED):
            self.arrivals += 1
            order.arrival = self.arrivals
            alone = ts != self.cleared_at and self.is_alone(order)
            order.queue_ahead = float(self.queue_model.at_entry(self.front_lots(order), alone))
            order.queue = QueuePosition(order.queue_ahead)
            self.orders[order.order_id] = order
        self.answer(order, request, ts, fills)

    def arrive(self, order: TwinOrder, ts: int) -> list[TwinFill]:
        """Take what the order takes on arrival; leave in ``order.status`` what becomes of it."""
        raise NotImplementedError

    def front_lots(self, order: TwinOrder) -> int:
        """What stands ahead of an order that comes to rest now."""
        return self.book.lots(order.side, order.price_tick)

    # -- answers ----------------------------------------------------------------------------------------

    def answer(
        self, order: TwinOrder, request: Request, ts: int, fills: list[TwinFill] | None = None
    ) -> None:
        """Send what became of a request."""
        order.exch_ts = ts
        self.send(Response(replace(order), tuple(fills or ()), request, False, ts), ts)

    def report(self, order: TwinOrder, fill: TwinFill, ts: int) -> None:
        """Send a fill that nobody asked about, and forget a filled order."""
        if order.status == FILLED:
            del self.orders[order.order_id]
        self.send(Response(replace(order), (fill,), None, False, ts), ts)

    def send(self, response: Response, ts: int) -> None:
        """Put a response on its way."""
        kind = FILL if response.request is None else RESPONSE
        self.responses.append(response, ts + max(self.latency.of(kind, ts), 0))

    def execute(self, order: TwinOrder, lots: int, price_tick: int, maker: bool, ts: int) -> TwinFill:
        """Make the fill record and bring the order up to date."""
        self.trade_ids += 1
        order.exec_qty = lots
        order.exec_price_tick = price_tick
        order.leaves -= lots
        order.filled += lots
        order.maker = maker
        order.status = FILLED if order.leaves == 0 else PARTIALLY_FILLED
        order.exch_ts = ts
        return TwinFill(
            trade_id=self.trade_ids,
            order_id=order.order_id,
            side=order.side,
            maker=maker,
            price_tick=price_tick,
            lots=lots,
            exch_ts=ts,
            entry_ts=order.entry_ts,
            queue_ahead=order.queue_ahead if maker else 0.0,
            bid=self.book.best[BID],
            ask=self.book.best[ASK],
        )

    def own(self, side: int) -> list[TwinOrder]:
        """Own resting orders of one side, best price first, then by arrival."""
        mine = [o for o in self.orders.values() if o.side == side]
        return sorted(mine, key=lambda o: (-side * o.price_tick, o.arrival))


def expires_uncrossed(order: TwinOrder) -> bool:
    """Whether an order that finds nothing to take goes away instead of resting."""
    return order.order_type == MARKET or order.time_in_force not in (GTC, GTX)
