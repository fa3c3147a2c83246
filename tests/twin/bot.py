"""The twin's bot and its one loop: the earliest of all events next, one at a time.

Events of one time are taken by asset, and within an asset in the order LocalData, LocalOrder, ExchData, mark
prices, the end of orders whose time is up, ExchOrder. The face is the Bot's: same names, same return codes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.twin.account import TwinAccount
from tests.twin.book import ASK, BID
from tests.twin.bus import Bus
from tests.twin.exchange import Row, TwinExchange
from tests.twin.fees import ValueFees
from tests.twin.fills import Fifo, NoPartialFill, PartialFill, ProRata, round_half_away
from tests.twin.latency import Latency, TwinFurther, TwinLatency
from tests.twin.ledger import TwinLedger
from tests.twin.local import TwinLocal
from tests.twin.order_sides import OrderLocal, holds_orders, names_hit_orders, order_exchange
from tests.twin.orders import Request, Response, TwinFill, TwinOrder
from tests.twin.places import Places
from tests.twin.queues import RiskAverse
from tests.twin.risk import TwinLimits
from tests.twin.rules import Gate
from tests.twin.view import TwinDepth, fill_view, order_view, state_view
from truefill.core import events
from truefill.core.events import EVENT
from truefill.core.records import END_OF_DATA, MARKET_FEED, OK, ORDER_RESPONSE

LOCAL_DATA, LOCAL_ORDER, EXCH_DATA, EXCH_MARK, EXCH_TIME, EXCH_ORDER, LOCAL_POSITION = range(7)
MONEY = 7
FOREVER = events.NO_TIME
BOOK_KINDS = (
    *(events.DEPTH, events.DEPTH_SNAPSHOT, events.DEPTH_CLEAR, events.TRADE),
    *(events.ADD_ORDER, events.CANCEL_ORDER, events.MODIFY_ORDER, events.FILL),
    *(events.GAP_BEGIN, events.GAP_END, events.TRADING_STATUS),
)
ALL_ASSETS = -1


@dataclass(frozen=True)
class TwinAsset:
    """One market and how it is simulated."""

    events: NDArray[Any]
    tick_size: float
    lot_size: float
    latency: Latency = field(default_factory=TwinLatency)
    queue: RiskAverse = field(default_factory=RiskAverse)
    exchange: str | tuple[Any, ...] = "fifo"  # or a name and its parameters
    fees: ValueFees = field(default_factory=ValueFees)
    multiplier: float = 1.0
    risk: TwinLimits | None = None
    overtaking: bool = False  # messages may overtake each other
    location_ns: int = 0  # further from the exchange than where the events were recorded
    self_trade: str = "none"
    limits: Any = None  # VenueLimits
    inverse: bool = False  # the contract
    stop_trigger: str = "trade"
    marks: Sequence[tuple[int, float]] = ()  # exchange time and ticks, for the trigger "mark"


class _Side:
    """The rows of one view and how far they have been read."""

    def __init__(self, rows: list[Row], times: list[int]) -> None:
        self.rows, self.times, self.at = rows, times, 0

    def next_ts(self) -> int | None:
        return self.times[self.at] if self.at < len(self.rows) else None

    def take(self) -> Row:
        self.at += 1
        return self.rows[self.at - 1]


@dataclass
class _Feed:
    """Events that are on no tape."""

    events: list[Any]
    at: int = 0
    cleared: int = 0


class _Market:
    """Everything of one asset: two views, two sides, two buses."""

    def __init__(self, asset: TwinAsset, number: int) -> None:
        events_here = asset.events.copy()
        events_here["local_ts"] += asset.location_ns
        asset = replace(asset, events=events_here)
        self.asset = asset
        latency = TwinFurther(asset.latency.start(number), asset.location_ns)
        rows = [_row(asset, i) for i in range(len(asset.events))]
        flags = [int(ev) for ev in asset.events["ev"]]
        exch = [r for r, ev in zip(rows, flags, strict=True) if ev & events.EXCH]
        local = [r for r, ev in zip(rows, flags, strict=True) if ev & events.LOCAL]
        self.exch_view = _Side(exch, [r.exch_ts for r in exch])
        self.local_view = _Side(local, [r.local_ts for r in local])
        self.requests: Bus[Request] = Bus(asset.overtaking)
        self.responses: Bus[Response] = Bus(asset.overtaking)
        kinds = {
            "fifo": Fifo,
            "pro_rata": ProRata,
            "no_partial_fill": NoPartialFill,
            "partial_fill": PartialFill,
        }
        name, *values = (asset.exchange,) if isinstance(asset.exchange, str) else asset.exchange
        kind = kinds[name]
        if by_order := holds_orders(rows):
            kind = order_exchange(kind, names_hit_orders(rows))
        self.exch: TwinExchange = kind(asset.queue, asset.lot_size, latency, self.responses)
        self.exch.self_trade = asset.self_trade
        self.exch.stop_trigger = asset.stop_trigger
        self.exch.last_row_ts = max(self.exch_view.times, default=-1)
        if asset.limits is not None:
            self.exch.gate = Gate(
                asset.limits, asset.tick_size, asset.lot_size, asset.multiplier, inverse=asset.inverse
            )
        self.marks = [mark for mark in asset.marks if mark[0] <= self.exch.last_row_ts]
        if isinstance(self.exch, ProRata):
            self.exch.time_share, self.exch.min_lots = values
        ledger = TwinLedger(
            asset.tick_size, asset.lot_size, asset.multiplier, asset.fees, inverse=asset.inverse
        )
        local = OrderLocal if by_order else TwinLocal
        self.local = local(latency, ledger, self.requests, self.responses, risk=asset.risk)
        self.local.on_fault = self.exch.touched.add
        self.places = Places(self.exch, self.local)
        self.others: list[int] = []  # rows of other kinds that arrived
        self.positions: Bus[TwinFill] = Bus(asset.overtaking)
        if getattr(asset.latency, "position_ns", None) is not None:
            self.exch.positions = self.positions
            ledger.told_apart = True

    def next_ts(self, kind: int) -> int | None:
        if kind == EXCH_TIME:
            return self.exch.next_expiry()
        if kind == EXCH_MARK:
            return self.marks[0][0] if self.marks else None
        side = {LOCAL_DATA: self.local_view, EXCH_DATA: self.exch_view}.get(kind)
        if kind == LOCAL_POSITION:
            return self.positions.next_ts()
        bus = self.responses if kind == LOCAL_ORDER else self.requests
        return side.next_ts() if side is not None else bus.next_ts()


def _row(asset: TwinAsset, index: int) -> Row:
    event = asset.events[index]
    flags = int(event["ev"])
    side = BID if flags & events.BUY else ASK if flags & events.SELL else 0
    px, kind = float(event["px"]), flags & events.KIND_MASK
    whole_side = kind == events.DEPTH_CLEAR and (px == 0 or not math.isfinite(px))
    lots = round_half_away(float(event["qty"]) / asset.lot_size) if math.isfinite(event["qty"]) else 0
    tick = None if whole_side else round_half_away(px / asset.tick_size)
    order_id = int(event["order_id"])
    return Row(kind, side, int(event["exch_ts"]), int(event["local_ts"]), tick, lots, index, order_id)


class TwinBot:
    """Same methods and codes as the Bot. What it hands out are plain dictionaries and lists."""

    def __init__(
        self, assets: list[TwinAsset], compute_ns: int = 0, feeds: Sequence[NDArray[Any]] = ()
    ) -> None:
        self.compute_ns = compute_ns
        self.feeds = [_Feed(list(events)) for events in feeds]
        self.markets = [_Market(asset, number) for number, asset in enumerate(assets)]
        self.accounts: list[TwinAccount] = []  # whoever makes them adds them before the first step
        first = self._next()
        self.current_timestamp = 0 if first is None else first[0]

    # -- time -------------------------------------------------------------------------------------------

    def elapse(self, duration: int) -> int:
        """Let time pass."""
        return self._goto(self._after(duration))

    def wait_next_feed(self, include_order_resp: bool, timeout: int) -> int:
        """Until a row of any asset arrives here, or (on request) a response."""
        return self._goto(self._after(timeout), feed=True, any_response=include_order_resp)

    def wait_order_response(self, asset: int, order_id: int, timeout: int) -> int:
        """Until a response for that order arrives here."""
        return self._goto(self._after(timeout), waited=(asset, order_id))

    def _leaving(self) -> int:
        """When the strategy has done its computing: its requests leave then, and it can wake again."""
        return min(self.current_timestamp + self.compute_ns, FOREVER)

    def _after(self, duration: int) -> int:
        return min(self.current_timestamp + duration, FOREVER)

    def _next(self) -> tuple[int, int, int] | None:
        """(time, asset, kind) of the earliest event; ties go to the first asset, then the first kind."""
        due = [
            (ts, a, kind)
            for a, market in enumerate(self.markets)
            for kind in range(7)
            if (ts := market.next_ts(kind)) is not None
        ]
        for number, account in enumerate(self.accounts):  # after everything else of that time
            if (ts := account.next_ts()) is not None:
                due.append((ts, len(self.markets) + number, MONEY))
        due += [
            (int(feed.events[feed.at]["local_ts"]), len(self.markets) + number, LOCAL_DATA)
            for number, feed in enumerate(self.feeds)
            if feed.at < len(feed.events)
        ]
        return min(due, default=None)

    def _goto(
        self,
        stop: int,
        feed: bool = False,
        any_response: bool = False,
        waited: tuple[int, int] | None = None,
    ) -> int:
        result = OK
        busy = self._leaving()
        stop = min(stop + self.compute_ns, FOREVER)
        while True:
            event = self._next()
            if event is None:
                self._settle()
                return END_OF_DATA  # the clock stays where it was
            ts, a, kind = event
            if ts > busy:
                self.current_timestamp = max(busy, self.current_timestamp)
            if ts > stop:
                self.current_timestamp = stop
                self._settle()
                return result
            if kind == MONEY:
                self.accounts[a - len(self.markets)].happen(ts)
                continue
            if a >= len(self.markets):
                self.feeds[a - len(self.markets)].at += 1
                if feed:
                    stop, result = max(ts, busy), MARKET_FEED if ts > busy else max(result, MARKET_FEED)
                continue
            market = self.markets[a]
            if kind == LOCAL_DATA:
                row = market.local_view.take()
                market.local.process(row)
                if row.kind not in BOOK_KINDS:
                    market.others.append(row.index)
                if feed:
                    # the last to arrive names the wake; of what waited for a busy strategy, a response
                    late = self.compute_ns > 0 and ts <= busy
                    stop, result = max(ts, busy), max(result, MARKET_FEED) if late else MARKET_FEED
            elif kind == LOCAL_ORDER:
                responses = market.responses.receive(ts)
                for response in responses:
                    market.local.receive(response, ts)
                got = waited is not None and waited[0] == a
                if any_response or (got and any(r.order.order_id == waited[1] for r in responses)):
                    stop = max(ts, busy)
                    if feed:
                        result = ORDER_RESPONSE
            elif kind == EXCH_DATA:
                market.exch.process(market.exch_view.take())
                if market.exch_view.next_ts() != ts:
                    market.exch.after_moment(ts)
            elif kind == LOCAL_POSITION:
                for fill in market.positions.receive(ts):
                    market.local.ledger.fold(fill)
            elif kind == EXCH_TIME:
                market.exch.expire(ts)
            elif kind == EXCH_MARK:
                market.exch.on_mark(market.marks.pop(0)[1], ts)
            else:
                for request in market.requests.receive(ts):
                    market.exch.receive(request, ts)
            if kind in (EXCH_DATA, EXCH_TIME, EXCH_ORDER, EXCH_MARK):
                market.places.look(ts)

    def _settle(self) -> None:
        for market in self.markets:
            market.places.settle()

    # -- orders -----------------------------------------------------------------------------------------

    def submit_buy_order(
        self, asset: int, order_id: int, price: float, qty: float, tif: int, order_type: int, wait: bool
    ) -> int:
        """Send an order to buy."""
        return self._submit(asset, order_id, BID, price, qty, tif, order_type, wait)

    def submit_sell_order(
        self, asset: int, order_id: int, price: float, qty: float, tif: int, order_type: int, wait: bool
    ) -> int:
        """Send an order to sell."""
        return self._submit(asset, order_id, ASK, price, qty, tif, order_type, wait)

    def submit_order(
        self,
        asset: int,
        order_id: int,
        side: int,
        price: float,
        qty: float,
        tif: int,
        order_type: int,
        wait: bool,
        **more: Any,
    ) -> int:
        """Send an order of any type."""
        return self._submit(asset, order_id, side, price, qty, tif, order_type, wait, **more)

    def _submit(
        self,
        asset: int,
        order_id: int,
        side: int,
        price: float,
        qty: float,
        tif: int,
        order_type: int,
        wait: bool,
        trigger_price: float = 0.0,
        display_qty: float = 0.0,
        expire_ts: int = 0,
        reduce_only: bool = False,
        post_only_slide: bool = False,
    ) -> int:
        tick, lots = self._integers(asset, price, qty)
        trigger, display = self._integers(asset, trigger_price, display_qty)
        order = TwinOrder(order_id, side, tick, lots, order_type, tif)
        order.trigger_tick, order.display, order.expire_ts = trigger, display, expire_ts
        order.reduce_only, order.slide = reduce_only, post_only_slide
        code = self.markets[asset].local.submit(order, self._leaving())
        return self._wait(code, asset, order_id, wait)

    def modify(self, asset: int, order_id: int, price: float, qty: float, wait: bool) -> int:
        """Ask for another price and open quantity."""
        tick, lots = self._integers(asset, price, qty)
        code = self.markets[asset].local.modify(order_id, tick, lots, self._leaving())
        return self._wait(code, asset, order_id, wait)

    def cancel(self, asset: int, order_id: int, wait: bool) -> int:
        """Ask for an order to be cancelled."""
        code = self.markets[asset].local.cancel(order_id, self._leaving())
        return self._wait(code, asset, order_id, wait)

    def _wait(self, code: int, asset: int, order_id: int, wait: bool) -> int:
        return self._goto(FOREVER, waited=(asset, order_id)) if wait and code == OK else code

    def _integers(self, asset: int, price: float, qty: float) -> tuple[int, int]:
        market = self.markets[asset].asset
        return round_half_away(price / market.tick_size), round_half_away(qty / market.lot_size)

    def clear_inactive_orders(self, asset: int) -> None:
        """Forget orders that are over."""
        for market in self._of(asset):
            market.local.clear_inactive_orders()

    def clear_last_trades(self, asset: int) -> None:
        """Forget the trades that were seen."""
        for market in self._of(asset):
            market.local.trades.clear()

    def _of(self, asset: int) -> list[_Market]:
        return self.markets if asset == ALL_ASSETS else [self.markets[asset]]

    # -- what is known ----------------------------------------------------------------------------------

    @property
    def num_assets(self) -> int:
        """Number of assets."""
        return len(self.markets)

    def position(self, asset: int) -> float:
        """Quantity held."""
        ledger = self.markets[asset].local.ledger
        return ledger.position_lots * ledger.lot_size

    def state_values(self, asset: int) -> dict[str, Any]:
        """Running totals."""
        return state_view(self.markets[asset].local.ledger)

    def depth(self, asset: int) -> TwinDepth:
        """The local book."""
        market = self.markets[asset]
        return TwinDepth(
            market.local.book, market.asset.tick_size, market.asset.lot_size, market.local.in_gap
        )

    def orders(self, asset: int) -> list[dict[str, Any]]:
        """Own orders as known here."""
        market = self.markets[asset]
        tick_size, lot_size = market.asset.tick_size, market.asset.lot_size
        return [order_view(order, tick_size, lot_size, asset) for order in market.local.orders.values()]

    def queue_position(self, asset: int, order_id: int) -> float:
        """Quantity ahead of an own order, as far as it can be known."""
        return self.markets[asset].places.position(order_id) * self.markets[asset].asset.lot_size

    def fills(self, asset: int) -> list[dict[str, Any]]:
        """Executions that were reported here."""
        ledger = self.markets[asset].local.ledger
        return [fill_view(fill, ledger, asset) for fill in ledger.fills]

    def feed_latency(self, asset: int) -> tuple[int, int] | None:
        """(exchange, local) time of the last row that arrived."""
        return self.markets[asset].local.feed_latency

    def order_latency(self, asset: int) -> tuple[int, int, int] | None:
        """(request, exchange, response) time of the last answer that arrived."""
        return self.markets[asset].local.order_latency

    def last_trades(self, asset: int) -> NDArray[Any]:
        """Trades that arrived since they were last cleared."""
        market = self.markets[asset]
        return market.asset.events[np.array(market.local.trades, dtype=np.int64)]

    def last_events(self, number: int) -> NDArray[Any]:
        """Events of other kinds, of an asset's tape or of a feed, since they were last cleared."""
        if number < len(self.markets):
            market = self.markets[number]
            return market.asset.events[np.array(market.others, dtype=np.int64)]
        feed = self.feeds[number - len(self.markets)]
        return np.array(feed.events[feed.cleared : feed.at], EVENT)

    def clear_last_events(self, number: int) -> None:
        """Forget them."""
        if number < len(self.markets):
            self.markets[number].others.clear()
        else:
            feed = self.feeds[number - len(self.markets)]
            feed.cleared = feed.at

    @property
    def touched(self) -> set[str]:
        """Names of the faults of HftBacktest that this run has come to."""
        missed = any(m.exch.book.missed or m.local.book.missed for m in self.markets)
        return set().union(*(m.exch.touched for m in self.markets), {"G"} if missed else ())
