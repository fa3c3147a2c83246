"""The fill models: HftBacktest's two put right, truefill's ``fifo``, and that with shares by size."""

from dataclasses import dataclass, field
from fractions import Fraction

from tests.twin.book import TwinBook, better
from tests.twin.exchange import TwinExchange, expires_uncrossed
from tests.twin.orders import TwinFill, TwinOrder
from truefill.core.records import EXPIRED, FILLED, FOK, GTC, GTX, IOC, MARKET, NEW


def reaches(side: int, limit: int, price: int) -> bool:
    """Whether an order of ``side`` with this limit may trade at ``price``."""
    return not better(side, price, limit)


def excess_lots(order: TwinOrder, touched: set[str]) -> int:
    """What a trade at the order's price had left when it reached the order; the front becomes zero."""
    if abs(-order.queue.front % 1 - 0.5) < 1e-9:
        touched.add("half")  # rounds either way, by the rounding error of the front
    excess = round_half_away(-order.queue.front)
    if excess > 0:
        order.queue.front = 0.0
    return max(excess, 0)


def round_half_away(x: float) -> int:
    """Nearest integer, halves away from zero."""
    return int(abs(x) + 0.5) * (1 if x >= 0 else -1)


class NoPartialFill(TwinExchange):
    """Whole orders only: each fill takes all that is open, whatever the market's quantity."""

    def on_best_risen(self, side: int, best: int, ts: int) -> None:
        """Own orders of the other side that the best price reached are filled at their own price."""
        for order in self.own(-side):
            if reaches(side, best, order.price_tick):
                self._fill_resting(order, ts)

    def on_trade(self, side: int, tick: int, lots: int, ts: int) -> None:
        """A trade beyond an own order fills it; one at its price when its turn has come."""
        for order in self.own(-side):
            if better(-side, order.price_tick, tick):
                self._fill_resting(order, ts)
            elif order.price_tick == tick:
                self.queue_model.on_trade(order.queue, lots)
                lots_here = self.lots_of_turn(order, excess_lots(order, self.touched), lots)
                if lots_here > 0:
                    self._fill_resting(order, ts, lots_here)

    def lots_of_turn(self, order: TwinOrder, excess: int, traded: int) -> int:
        """What an order gets of the lots by which a trade went past its place."""
        return order.leaves if excess > 0 else 0

    def _fill_resting(self, order: TwinOrder, ts: int, lots: int | None = None) -> None:
        fill = self.execute(order, order.leaves if lots is None else lots, order.price_tick, True, ts)
        self.report(order, fill, ts)

    def arrive(self, order: TwinOrder, ts: int) -> list[TwinFill]:
        """All of it at the best opposite price, or none."""
        best = self.book.best[-order.side]
        if order.order_type == MARKET:
            if best is None:
                self.touched.add("F")
                order.status = EXPIRED
                return []
        elif best is None or not reaches(order.side, order.price_tick, best):
            order.status = EXPIRED if expires_uncrossed(order) else NEW
            return []
        elif order.time_in_force == GTX:
            order.status = EXPIRED
            return []
        assert best is not None
        return [self.execute(order, order.leaves, best, False, ts)]


class PartialFill(NoPartialFill):
    """HftBacktest's other model: parts at the own price, and takers get what the book shows (and leaves)."""

    def lots_of_turn(self, order: TwinOrder, excess: int, traded: int) -> int:
        """A part, if that is all that came this far; never more than the trade."""
        if excess > traded:
            self.touched.add("J")  # the front was estimated below zero
            excess = traded
        if excess == order.leaves:
            self.touched.add("B")
        if 0 < excess < order.leaves:
            self.touched.add("A")
        return min(excess, order.leaves)

    def arrive(self, order: TwinOrder, ts: int) -> list[TwinFill]:
        """Sweep what stands up to the limit, one fill for each level."""
        best = self.book.best[-order.side]
        market = order.order_type == MARKET
        if market and best is None:
            self.touched.add("F")
        if best is None or not (market or reaches(order.side, order.price_tick, best)):
            order.status = EXPIRED if expires_uncrossed(order) else NEW
            return []
        if not market and order.time_in_force == GTX:
            order.status = EXPIRED
            return []
        within = sorted(
            (
                (tick, lots)
                for tick, lots in self.book.levels[-order.side].items()
                if not better(-order.side, tick, best)
                and (market or reaches(order.side, order.price_tick, tick))
            ),
            key=lambda level: order.side * level[0],
        )
        if order.time_in_force == FOK and sum(q for _, q in within) < order.leaves:
            self.touched |= {"sweep"} if market else set()
            order.status = EXPIRED
            return []
        fills = []
        for tick, lots in within:
            if order.leaves > 0:
                self.touched |= {"sweep"} if abs(tick - best) > 90 else set()
                fills.append(self.execute(order, min(lots, order.leaves), tick, False, ts))
        if order.status != FILLED or len(fills) > 1:
            self.touched.add("A")
        if order.status != FILLED:
            self.touched |= {"rest"} if order.time_in_force == GTC and not market else set()
            order.status = EXPIRED if market or order.time_in_force == IOC else order.status
        return fills


@dataclass
class Fifo(TwinExchange):
    """Partial fills; own orders share a trade in time order; what own orders took is gone.

    ``effective`` is the feed's book less what own orders took since the feed last set each level.
    """

    effective: TwinBook = field(default_factory=TwinBook)

    def set_level(self, side: int, tick: int, lots: int) -> int:
        """The feed's word on a level makes good what was taken there."""
        before = self.effective.lots(side, tick)
        self.book.set(side, tick, lots)
        self.effective.levels[side][tick] = lots
        return before

    def on_clear(self, side: int, upto: int | None) -> None:
        """What the feed clears is gone with what was taken of it."""
        self.book.clear(side, upto)
        kept = self.book.levels[side]
        self.effective.levels[side] = {t: q for t, q in self.effective.levels[side].items() if t in kept}

    def front_lots(self, order: TwinOrder) -> int:
        """What stands ahead of an order that comes to rest now."""
        return self.effective.lots(order.side, order.price_tick)

    def ladder(self, side: int) -> list[tuple[int, int]]:
        """(tick, effective lots) of a side from the feed's best price outward, empty levels left out."""
        best = self.book.best[side]
        if best is None:
            return []
        left = self.effective.levels[side].items()
        levels = [(t, q) for t, q in left if q > 0 and not better(side, t, best)]
        return sorted(levels, key=lambda level: -side * level[0])

    def on_best_risen(self, side: int, best: int, ts: int) -> None:
        """Own orders of the other side are filled by what stands from the new best price to their own."""
        for order in self.own(-side):
            taken = 0
            for tick, lots in self.ladder(side):
                if reaches(side, tick, order.price_tick):
                    take = min(lots, order.leaves - taken)
                    self.effective.levels[side][tick] -= take
                    taken += take
            if taken > 0:
                fill = self.execute(order, taken, order.price_tick, True, ts)
                self.report(order, fill, ts)

    def on_trade(self, side: int, tick: int, lots: int, ts: int) -> None:
        """The trade's quantity is given out once, best price first, then by arrival."""
        used = 0
        for order in self.own(-side):
            if better(-side, order.price_tick, tick):
                self.queue_model.on_through(order.queue)
                lots_here = min(order.leaves, lots - used)
            elif order.price_tick == tick:
                self.queue_model.on_trade(order.queue, lots)
                lots_here = min(order.leaves, min(excess_lots(order, self.touched), lots) - used)
            else:
                continue
            if lots_here > 0:
                used += lots_here
                fill = self.execute(order, lots_here, order.price_tick, True, ts)
                self.report(order, fill, ts)

    def arrive(self, order: TwinOrder, ts: int) -> list[TwinFill]:
        """Sweep level by level to the limit; one fill for each level."""
        market = order.order_type == MARKET
        within = [
            (tick, lots)
            for tick, lots in self.ladder(-order.side)
            if market or reaches(order.side, order.price_tick, tick)
        ]
        if not within:
            order.status = EXPIRED if expires_uncrossed(order) else NEW
            return []
        if not market and order.time_in_force == GTX:
            order.status = EXPIRED
            return []
        if order.time_in_force == FOK and sum(q for _, q in within) < order.leaves:
            order.status = EXPIRED
            return []
        fills = []
        for tick, lots in within:
            take = min(lots, order.leaves)
            if take > 0:
                self.effective.levels[-order.side][tick] -= take
                fills.append(self.execute(order, take, tick, False, ts))
        if order.leaves > 0 and (market or order.time_in_force == IOC):
            order.status = EXPIRED
        return fills


@dataclass
class ProRata(Fifo):
    """As ``Fifo``; a trade at an own price is given out by time up to a share, the rest by size."""

    time_share: float = 0.0
    min_lots: int = 1

    def on_trade(self, side: int, tick: int, lots: int, ts: int) -> None:
        """First what the trade went through, then the level that it hit."""
        used = 0
        at_price = []
        for order in self.own(-side):
            if better(-side, order.price_tick, tick):
                self.queue_model.on_through(order.queue)
                lots_here = min(order.leaves, lots - used)
                if lots_here > 0:
                    used += lots_here
                    fill = self.execute(order, lots_here, order.price_tick, True, ts)
                    self.report(order, fill, ts)
            elif order.price_tick == tick:
                at_price.append(order)
        shares = self.shares(at_price, lots, used, self.effective.lots(-side, tick))
        for order, lots_here in zip(at_price, shares, strict=True):
            if lots_here > 0:
                fill = self.execute(order, lots_here, order.price_tick, True, ts)
                self.report(order, fill, ts)

    def shares(self, orders: list[TwinOrder], lots: int, used: int, market: int) -> list[int]:
        """Lots of a trade for each own order of its level, in the order of their arrival."""
        by_time = round_half_away(self.time_share * lots)
        got = []
        for order in orders:
            turn = 0
            if by_time:
                self.queue_model.on_trade(order.queue, by_time)
                turn = min(excess_lots(order, self.touched), by_time) - used
            got.append(max(0, min(order.leaves, turn)))
            used += got[-1]
        left = max(0, min(lots - by_time, lots - used))
        wants = [order.leaves - g for order, g in zip(orders, got, strict=True)]
        whole = market + sum(wants)
        by_size = [int(Fraction(left * want, whole)) if whole and left < whole else want for want in wants]
        if left == 0:
            by_size = [0] * len(wants)
        elif left < whole:
            by_size = [share if share >= self.min_lots else 0 for share in by_size]
        rest = max(0, left - sum(by_size) - market)
        for i, want in enumerate(wants):
            more = min(rest, want - by_size[i])
            by_size[i] += more
            rest -= more
        return [g + s for g, s in zip(got, by_size, strict=True)]
