"""The exchange side without fill rules: the feed's book, own resting orders, requests and their answers.

The two models of ``fills.py`` inherit from this and say what a trade, a risen best price and an arriving
order do.
"""

from dataclasses import dataclass, field, replace

from tests.twin.book import ASK, BID, TwinBook, better
from tests.twin.bus import Bus
from tests.twin.latency import FILL, POSITION, RESPONSE, Latency
from tests.twin.orders import Request, Response, TwinFill, TwinOrder
from tests.twin.queues import QueuePosition, RiskAverse
from tests.twin.rules import SLEEPERS, Gate, cut, ended, expires_uncrossed, fires, is_market
from truefill.core import events, reasons
from truefill.core.records import (
    CANCELED,
    EXPIRED,
    FILLED,
    GTD,
    GTX,
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
    sent: int = 0
    cleared_at: int = -1  # time of the last clear
    self_trade: str = "none"
    gate: Gate | None = None
    last_row_ts: int = -1  # of the data
    position: int = 0  # of all executions, lots
    last_trade: int | None = None  # tick
    stop_trigger: str = "trade"
    mark: float | None = None  # in ticks
    woken: int = 0  # orders that have been triggered
    positions: Bus[TwinFill] | None = None  # reports of the position as messages of their own
    waiting: dict[int, TwinOrder] = field(default_factory=dict)  # stops that sleep
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
        elif row.kind == events.TRADE and row.tick is not None:
            if row.side:
                self.on_trade(row.side, row.tick, row.lots, row.exch_ts)
                self.end_useless(row.exch_ts)
            self.on_last_trade(row.tick, row.exch_ts)

    def on_last_trade(self, tick: int, ts: int) -> None:
        """There was a trade."""
        self.last_trade = tick
        if self.stop_trigger == "trade":
            self.wake(ts)

    def after_moment(self, ts: int) -> None:
        """All rows of one time have been applied."""
        if self.stop_trigger == "best":
            self.wake(ts)

    def on_mark(self, mark: float, ts: int) -> None:
        """The mark price has changed."""
        self.mark = mark
        if self.stop_trigger == "mark":
            self.wake(ts)

    def reference(self, order: TwinOrder) -> float | None:
        """What an order's trigger is compared with."""
        if self.stop_trigger == "best":
            return self.book.best[-order.side]
        return self.last_trade if self.stop_trigger == "trade" else self.mark

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
            self.end_useless(ts)
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
        order = replace(request.order, req=NONE, reason=0)
        mine = self.orders.get(order.order_id) or self.waiting.get(order.order_id)
        reason = self.refusal(order, asked, mine, ts)
        if reason:
            refused = replace(order, req=REJECTED, reason=reason)
            self.send(Response(refused, (), request, True, ts), ts)
        elif asked == NEW:
            self.take_in(order, request, ts)
        elif asked == CANCELED:
            assert mine is not None
            self.forget(mine)
            mine.status, mine.reason = CANCELED, 0
            self.answer(mine, request, ts)
        else:
            assert mine is not None
            self.modify(mine, order, request, ts)
        self.end_useless(ts)

    def refusal(self, order: TwinOrder, asked: int, mine: TwinOrder | None, ts: int) -> int:
        """Why a request is refused, or 0."""
        if self.gate is not None and self.gate.full(ts, asked == CANCELED):
            return reasons.THROTTLED
        if (asked == NEW) == (mine is not None):
            return reasons.DUPLICATE_ID if asked == NEW else reasons.UNKNOWN_ORDER
        if asked == CANCELED:
            return 0
        if self.gate is not None:
            others = len(self.orders) + len(self.waiting) if asked == NEW else 0
            touch = self.touch(-order.side)
            if why := self.gate.refusal(order, touch, self.band_reference(), others):
                return why
        useless = order.reduce_only and order.side * self.position >= 0
        if asked == NEW and order.order_type not in SLEEPERS and useless:
            return reasons.NOTHING_TO_REDUCE
        return 0

    def band_reference(self) -> float | None:
        """What the price band is measured from, ticks."""
        assert self.gate is not None
        if self.gate.limits.band_reference == "last":
            return self.last_trade
        bid, ask = self.book.best[BID], self.book.best[ASK]
        return None if bid is None or ask is None else (bid + ask) / 2

    def take_in(self, order: TwinOrder, request: Request, ts: int) -> None:
        """A new order: it ends, sleeps, or comes to the book."""
        order.shown = min(order.display, order.leaves)
        if order.time_in_force == GTD and order.expire_ts <= ts:
            self.answer(ended(order, EXPIRED, reasons.TIME_UP, ts), request, ts)
        elif order.order_type not in SLEEPERS:
            self.place(order, request, ts)
        elif fires(order, self.reference(order)):
            self.woken += 1
            self.tell(replace(order, status=NEW), ts)
            self.place(order, request, ts)
        else:
            order.status = NEW
            self.waiting[order.order_id] = order
            self.answer(order, request, ts)

    def forget(self, order: TwinOrder) -> None:
        """An order is no longer here."""
        self.orders.pop(order.order_id, None)
        self.waiting.pop(order.order_id, None)

    def modify(self, mine: TwinOrder, asked: TwinOrder, request: Request, ts: int) -> None:
        """A smaller quantity at the same price keeps the queue position; all else is a new arrival."""
        sleeps = mine.order_id in self.waiting
        if not sleeps and (asked.price_tick != mine.price_tick or asked.qty > mine.leaves):
            self.forget(mine)
            if mine.leaves != asked.qty:
                self.touched.add("D")
            arriving = replace(mine, price_tick=asked.price_tick, qty=asked.qty, leaves=asked.qty)
            self.place(arriving, request, ts)
            return
        if mine.status == PARTIALLY_FILLED:
            self.touched.add("status")
        mine.price_tick = asked.price_tick
        mine.qty = mine.leaves = asked.qty
        mine.shown = min(mine.display if sleeps else mine.shown, mine.leaves)
        mine.status, mine.reason = NEW, 0
        self.answer(mine, request, ts)

    def place(self, order: TwinOrder, request: Request | None, ts: int) -> None:
        """An order comes to the book."""
        order.entry_ts = ts
        fills = self.arrive(order, ts)
        if order.status in (NEW, PARTIALLY_FILLED):
            self.join(order, ts)
            self.orders[order.order_id] = order
        if request is not None:
            self.answer(order, request, ts, fills)
        elif fills or order.status == EXPIRED:
            self.tell(order, ts, fills)

    def join(self, order: TwinOrder, ts: int) -> None:
        """An order goes to the end of the queue of its price."""
        self.arrivals += 1
        order.arrival = self.arrivals
        order.entry_ts = ts
        order.shown = min(order.display, order.leaves)
        alone = ts != self.cleared_at and self.is_alone(order)
        order.queue_ahead = float(self.queue_model.at_entry(self.front_lots(order), alone))
        order.queue = QueuePosition(order.queue_ahead)

    def arrive(self, order: TwinOrder, ts: int) -> list[TwinFill]:
        """Take what the order takes on arrival; leave in ``order.status`` what becomes of it."""
        order.reason = 0
        fills: list[TwinFill] = []
        touch = self.touch(-order.side)
        crosses = touch is not None and reaches(order, touch)
        if is_market(order) and touch is None:
            self.touched.add("F")
        own = self.own_met(order)
        if self.open_lots(order) == 0:
            order.reason = reasons.NOTHING_TO_REDUCE
        elif not is_market(order) and (order.time_in_force == GTX or order.slide):
            if crosses or own:
                self.avoid(order, [t for t in (touch, *(o.price_tick for o in own)) if t is not None])
        elif crosses or own:
            fills = self.take(order, ts)
            if not order.reason and order.leaves and self.open_lots(order) == 0:
                order.reason = reasons.NOTHING_TO_REDUCE
        if order.leaves and not order.reason and expires_uncrossed(order):
            order.reason = reasons.UNFILLED
        if order.leaves:
            order.status = EXPIRED if order.reason else PARTIALLY_FILLED if fills else NEW
        return fills

    def avoid(self, order: TwinOrder, touches: list[int]) -> None:
        """A post-only order would take: it slides, or ends."""
        nearest = min(touches, key=lambda t: t * order.side)
        if order.slide and nearest - order.side > 0:
            order.price_tick = nearest - order.side
        else:
            order.reason = reasons.WOULD_TAKE

    def own_met(self, order: TwinOrder) -> list[TwinOrder]:
        """Own orders opposite that an arriving one may not trade with, nearest first."""
        if self.self_trade == "none":
            return []
        return [o for o in self.own(-order.side) if reaches(order, o.price_tick)]

    def meet_own(self, order: TwinOrder, other: TwinOrder, ts: int) -> None:
        """Self-trade prevention."""
        before = other.leaves
        arriving_ends, resting_ends = cut(self.self_trade, order, other)
        if resting_ends:
            self.forget(other)
            self.tell(ended(other, CANCELED, reasons.SELF_TRADE, ts), ts)
        elif other.leaves != before:
            other.reason = reasons.SELF_TRADE
            self.tell(other, ts)
        if arriving_ends:
            order.reason = reasons.SELF_TRADE

    def touch(self, side: int) -> int | None:
        """Best price that can be taken from a side of the market."""
        return self.book.best[side]

    def take(self, order: TwinOrder, ts: int) -> list[TwinFill]:
        """What a crossing order gets; a reason that it leaves in the order ends it."""
        raise NotImplementedError

    # -- time, triggers ---------------------------------------------------------------------------------

    def next_expiry(self) -> int | None:
        """When the next order ends by itself, if within the data."""
        due = [
            o.expire_ts
            for o in (*self.orders.values(), *self.waiting.values())
            if o.time_in_force == GTD and o.expire_ts <= self.last_row_ts
        ]
        return min(due, default=None)

    def expire(self, ts: int) -> None:
        """Orders end whose time is up: bids, asks, sleeping ones."""
        for order in (*self.own(BID), *self.own(ASK), *self.waiting.values()):
            if order.time_in_force == GTD and order.expire_ts == ts:
                self.forget(order)
                self.tell(ended(order, EXPIRED, reasons.TIME_UP, ts), ts)

    def wake(self, ts: int) -> None:
        """Sleeping orders that are triggered come to the book, first come first."""
        for order in [o for o in self.waiting.values() if fires(o, self.reference(o))]:
            self.forget(order)
            self.woken += 1
            order.reason = 0
            self.tell(order, ts)
            self.place(order, None, ts)
            self.end_useless(ts)

    def end_useless(self, ts: int) -> None:
        """Reduce-only orders end when there is nothing to reduce."""
        for order in (*self.own(BID), *self.own(ASK)):
            if order.reduce_only and self.open_lots(order) == 0:
                self.forget(order)
                self.tell(ended(order, EXPIRED, reasons.NOTHING_TO_REDUCE, ts), ts)

    def open_lots(self, order: TwinOrder, tip: bool = False) -> int:
        """What an order may trade now: an iceberg's tip, reduce-only at most the position."""
        lots = order.shown if tip and order.display else order.leaves
        return min(lots, max(0, -order.side * self.position)) if order.reduce_only else lots

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

    def fill_resting(self, order: TwinOrder, lots: int, ts: int) -> None:
        """Fill a resting order at its price and send news; an iceberg shows its next tip."""
        fill = self.execute(order, lots, order.price_tick, True, ts)
        order.reason = 0
        order.shown -= lots
        if order.status == FILLED:
            self.forget(order)
        elif order.display and order.shown <= 0:
            self.join(order, ts)
        self.tell(order, ts, [fill])

    def tell(self, order: TwinOrder, ts: int, fills: list[TwinFill] | None = None) -> None:
        """Send news that nobody asked for."""
        order.exch_ts = ts
        self.send(Response(replace(order), tuple(fills or ()), None, False, ts), ts)

    def send(self, response: Response, ts: int) -> None:
        """Put a response on its way."""
        kind = FILL if response.request is None else RESPONSE
        self.sent += 1
        response = replace(response, number=self.sent)
        self.responses.append(response, ts + max(self.latency.of(kind, ts), 0))

    def execute(self, order: TwinOrder, lots: int, price_tick: int, maker: bool, ts: int) -> TwinFill:
        """Make the fill record and bring the order up to date."""
        self.trade_ids += 1
        self.position += order.side * lots
        order.exec_qty = lots
        order.exec_price_tick = price_tick
        order.leaves -= lots
        order.filled += lots
        order.maker = maker
        order.status = FILLED if order.leaves == 0 else PARTIALLY_FILLED
        order.exch_ts = ts
        fill = TwinFill(
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
        if self.positions is not None:
            self.positions.append(fill, ts + max(self.latency.of(POSITION, ts), 0))
        return fill

    def own(self, side: int) -> list[TwinOrder]:
        """Own resting orders of one side, best price first, then by arrival."""
        mine = [o for o in self.orders.values() if o.side == side]
        return sorted(mine, key=lambda o: (-side * o.price_tick, o.arrival))


def reaches(order: TwinOrder, price: int) -> bool:
    """Whether an arriving order may trade at ``price``."""
    return is_market(order) or not better(order.side, price, order.price_tick)
