"""The local side: the book and the trades as they arrived, own orders as they are known, the ledger."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.twin.account import is_venues
from tests.twin.book import ASK, BID, TwinBook
from tests.twin.bus import Bus
from tests.twin.exchange import Row
from tests.twin.latency import CANCEL, MODIFY, PLACE, Latency
from tests.twin.ledger import TwinLedger
from tests.twin.orders import Request, Response, TwinOrder
from tests.twin.risk import TwinLimits
from truefill.core import events
from truefill.core.records import (
    CANCELED,
    EXPIRED,
    FILLED,
    MARKET,
    NEW,
    NONE,
    OK,
    ORDER_ID_EXIST,
    ORDER_NOT_FOUND,
    ORDER_REQUEST_IN_PROCESS,
    PARTIALLY_FILLED,
    REJECTED,
    REPLACED,
    RISK_REFUSED,
)

KIND_OF_REQUEST = {NEW: PLACE, CANCELED: CANCEL, REPLACED: MODIFY}


@dataclass
class TwinLocal:
    """One asset as the strategy sees it."""

    latency: Latency
    ledger: TwinLedger
    requests: Bus[Request]
    responses: Bus[Response]
    book: TwinBook = field(default_factory=TwinBook)
    orders: dict[int, TwinOrder] = field(default_factory=dict)
    trades: list[int] = field(default_factory=list)  # indices of events
    feed_latency: tuple[int, int] | None = None
    order_latency: tuple[int, int, int] | None = None
    fed: dict[int, int] = field(default_factory=dict)  # by local time: exchange time of its last row
    sent: int = 0
    in_gap: bool = False
    risk: TwinLimits | None = None
    on_fault: Callable[[str], None] = lambda name: None

    def process(self, row: Row) -> None:
        """Apply one row of the feed."""
        if row.kind == events.DEPTH_CLEAR:
            for side in (BID, ASK):
                if row.side in (side, 0):
                    self.book.clear(side, None if row.side == 0 else row.tick)
        elif row.kind in (events.DEPTH, events.DEPTH_SNAPSHOT) and row.side and row.tick is not None:
            self.book.set(row.side, row.tick, row.lots)
        elif row.kind == events.TRADE:
            self.trades.append(row.index)
        if row.kind == events.GAP_BEGIN:
            self.in_gap = True
        elif row.kind in (events.GAP_END, events.DEPTH_SNAPSHOT):
            self.in_gap = False
        self.feed_latency = (row.exch_ts, row.local_ts)
        self.fed[row.local_ts] = row.exch_ts

    def submit(self, order: TwinOrder, now: int) -> int:
        """Send a new order."""
        if order.order_id in self.orders:
            return ORDER_ID_EXIST
        if code := self._held_back(order, order.price_tick, order.qty):
            return code
        self.orders[order.order_id] = order
        order.leaves = order.qty
        self._request(order, NEW, now)
        return OK

    def modify(self, order_id: int, price_tick: int, lots: int, now: int) -> int:
        """Ask for another price and open quantity; both show at once, until the exchange refuses."""
        code = self._busy(order_id)
        if code == OK:
            order = self.orders[order_id]
            if code := self._held_back(order, price_tick, lots):
                return code
            order.confirmed = (order.price_tick, order.qty)
            order.price_tick, order.qty = price_tick, lots
            self._request(order, REPLACED, now)
        return code

    def cancel(self, order_id: int, now: int) -> int:
        """Ask for an order to be cancelled."""
        code = self._busy(order_id)
        if code == OK:
            self._request(self.orders[order_id], CANCELED, now)
        return code

    def _held_back(self, order: TwinOrder, price_tick: int, lots: int) -> int:
        """The risk model's answer: 0, or a return code."""
        if self.risk is None:
            return OK
        if order.order_type == MARKET and order.order_id not in self.orders:
            best = self.book.best[-order.side]
        else:
            best = price_tick
        value = None if best is None else self.ledger.worth(best, lots)
        others = [o for o in self.orders.values() if o.open and o.order_id != order.order_id]
        orders = len(others) + (order.open or order.order_id not in self.orders)
        reason = self.risk.reason(order.side, lots, value, self.ledger.position_lots, others, orders)
        return RISK_REFUSED + reason if reason else OK

    def _busy(self, order_id: int) -> int:
        if order_id not in self.orders:
            return ORDER_NOT_FOUND
        return OK if self.orders[order_id].req == NONE else ORDER_REQUEST_IN_PROCESS

    def _request(self, order: TwinOrder, asked: int, now: int) -> None:
        self.sent += 1
        order.life = order.life or self.sent
        order.req, order.local_ts, order.request = asked, now, self.sent
        request = Request(self.sent, replace(order))
        latency = self.latency.of(KIND_OF_REQUEST[asked], now)
        if latency >= 0:
            self.requests.append(request, now + latency)
        else:
            refused = replace(order, req=REJECTED, reason=0)
            self.responses.append(Response(refused, (), request, True, 0), now - latency)

    def receive(self, response: Response, now: int) -> None:
        """Take in one response: its fills, its latency, what it says of the order."""
        for fill in response.fills:
            self.ledger.apply(replace(fill, local_ts=now))
        if response.request is not None and response.exch_ts > 0:
            self.order_latency = (response.request.order.local_ts, response.exch_ts, now)
        known = self.orders.get(response.order.order_id)
        if known is None and is_venues(response.order.order_id):
            known = replace(response.order, life=response.order.life, heard=0)
            self.orders[known.order_id] = known
        if response.rejected:
            if response.order.status == FILLED:
                self.on_fault("C")
            asked = response.request
            if known is not None and asked is not None and known.request == asked.number:
                known.reason = response.order.reason
                self._refused(known)
        elif known is not None and known.life == response.order.life:
            if response.number < known.heard:
                self._late(known, response)
            else:
                self.orders[known.order_id] = self._informed(known, response)
                self.orders[known.order_id].heard = response.number

    def _late(self, known: TwinOrder, response: Response) -> None:
        """Newer news of the order came first; an answer still ends the modify that was asked for."""
        asked = response.request
        if asked is not None and known.req == REPLACED and asked.number == known.request:
            known.price_tick, known.qty = response.order.price_tick, response.order.qty
            known.req = NONE

    def _informed(self, known: TwinOrder, response: Response) -> TwinOrder:
        """The order as the exchange has it; what goes on leaves a request under way, and what it asks for."""
        news = replace(
            response.order, local_ts=known.local_ts, request=known.request, confirmed=known.confirmed
        )
        if not response.fills:  # the last execution that was reported here
            news.exec_qty, news.exec_price_tick = known.exec_qty, known.exec_price_tick
            news.maker = known.maker
        asked = response.request
        if (asked is None or asked.number != known.request) and news.status in (NEW, PARTIALLY_FILLED):
            if known.req != NONE:
                self.on_fault("underway")
            news.req = NONE if known.req == NEW else known.req
            if known.req == REPLACED:
                news.price_tick, news.qty = known.price_tick, known.qty
        return news

    def _refused(self, order: TwinOrder) -> None:
        """The order's last request was refused: the order is as before."""
        if order.req == NEW:
            order.status = EXPIRED
        elif order.req == REPLACED:
            if order.confirmed != (order.price_tick, order.qty):
                self.on_fault("D")
            order.price_tick, order.qty = order.confirmed
        order.req = NONE

    def clear_inactive_orders(self) -> None:
        """Forget orders that are over."""
        over = (EXPIRED, FILLED, CANCELED)
        self.orders = {k: o for k, o in self.orders.items() if o.status not in over}
