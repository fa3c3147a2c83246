"""The rules of orders in the twin: what a venue refuses, what triggers, what two own orders do."""

from dataclasses import dataclass, field, replace
from typing import Any

from tests.twin.ledger import worth
from tests.twin.orders import TwinOrder
from truefill.core import reasons
from truefill.core.records import GTC, GTD, GTX, MARKET, STOP_LIMIT, STOP_MARKET, TAKE_PROFIT_MARKET

SLEEPERS = (2, 3, 4, 5)
NO_LIMIT = (MARKET, STOP_MARKET, TAKE_PROFIT_MARKET)


def is_market(order: TwinOrder) -> bool:
    """Whether the order has no limit price once it is at the book."""
    return order.order_type in NO_LIMIT


def expires_uncrossed(order: TwinOrder) -> bool:
    """Whether an order that finds nothing to take goes away instead of resting."""
    return is_market(order) or order.time_in_force not in (GTC, GTX, GTD)


def fires(order: TwinOrder, last: float | None) -> bool:
    """Whether a price, in ticks, triggers the order."""
    if last is None:
        return False
    distance = (last - order.trigger_tick) * order.side
    return distance >= 0 if order.order_type in (STOP_MARKET, STOP_LIMIT) else distance <= 0


@dataclass
class Gate:
    """A venue's limits, and the count of its throttle."""

    limits: Any  # VenueLimits: plain data
    tick_size: float
    lot_size: float
    multiplier: float
    inverse: bool = False
    counts: dict[int, int] = field(default_factory=dict)

    def full(self, ts: int, is_cancel: bool) -> bool:
        """Count a message; whether there are too many of them."""
        limits = self.limits
        if limits.messages is None or (is_cancel and not limits.count_cancels):
            return False
        interval = max((ts // limits.interval_ns, *self.counts))
        if self.counts.get(interval, 0) >= limits.messages:
            return True
        self.counts[interval] = self.counts.get(interval, 0) + 1
        return False

    def refusal(
        self, order: TwinOrder, market_price: int | None, reference: float | None, others: int
    ) -> int:
        """Why the order is not for this venue, or 0."""
        limits = self.limits
        priced = not is_market(order)
        steps = round((limits.tick_size or self.tick_size) / self.tick_size)
        if priced and order.price_tick % steps:
            return reasons.OFF_TICK
        if limits.lot_size is not None and order.qty % round(limits.lot_size / self.lot_size):
            return reasons.OFF_LOT
        if limits.max_qty is not None and order.qty > round(limits.max_qty / self.lot_size):
            return reasons.ABOVE_MAX_QTY
        price = order.price_tick if priced else order.trigger_tick or market_price
        if limits.min_notional is not None and price is not None:
            qty = order.qty * self.lot_size
            value = worth(price * self.tick_size, qty, self.multiplier, self.inverse)
            if value < limits.min_notional:
                return reasons.BELOW_MIN_NOTIONAL
        if limits.max_orders is not None and others >= limits.max_orders:
            return reasons.TOO_MANY_OPEN
        if limits.band_percent is not None and priced and reference:
            away = abs(order.price_tick - reference) / reference
            if away * 100 > limits.band_percent:
                return reasons.OUTSIDE_BAND
        return 0


def cut(mode: str, arriving: TwinOrder, resting: TwinOrder) -> tuple[bool, bool]:
    """Two orders of one owner meet; whether each of them ends. Open quantities change in place."""
    if mode == "decrement":
        smaller = min(arriving.leaves, resting.leaves)
        ends = (arriving.leaves == smaller, resting.leaves == smaller)
        for order, over in zip((arriving, resting), ends, strict=True):
            if not over:
                order.leaves -= smaller
                order.shown = min(order.shown, order.leaves)
        return ends
    return mode in ("newest", "both"), mode in ("oldest", "both")


def ended(order: TwinOrder, status: int, reason: int, ts: int) -> TwinOrder:
    """A copy of an order that is over."""
    return replace(order, status=status, reason=reason, exch_ts=ts)
