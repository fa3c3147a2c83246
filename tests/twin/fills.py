"""The fill models: HftBacktest's two put right, truefill's ``fifo``, and that with shares by size."""

from dataclasses import dataclass, field
from fractions import Fraction

from tests.twin.book import TwinBook, better
from tests.twin.exchange import TwinExchange, reaches
from tests.twin.orders import TwinFill, TwinOrder
from tests.twin.rules import is_market
from truefill.core import reasons
from truefill.core.records import FOK, GTC


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
            if not better(side, order.price_tick, best):
                self._fill_resting(order, ts)

    def on_trade(self, side: int, tick: int, lots: int, ts: int) -> None:
        """A trade beyond an own order fills it; one at its price when its turn has come."""
        for order in self.own(-side):
            if better(-side, order.price_tick, tick):
                self._fill_resting(order, ts)
            elif order.price_tick == tick:
                self.queue_model.on_trade(order.queue, lots)
                lots_here = self.lots_of_turn(order, excess_lots(order, self.touched), lots)
                self._fill_resting(order, ts, lots_here)

    def lots_of_turn(self, order: TwinOrder, excess: int, traded: int) -> int:
        """What an order gets of the lots by which a trade went past its place."""
        return self.open_lots(order, tip=True) if excess > 0 else 0

    def _fill_resting(self, order: TwinOrder, ts: int, lots: int | None = None) -> None:
        lots = self.open_lots(order) if lots is None else lots
        if lots > 0:
            self.fill_resting(order, lots, ts)

    def take(self, order: TwinOrder, ts: int) -> list[TwinFill]:
        """All of it at the best opposite price; own orders there or nearer are met first."""
        best = self.book.best[-order.side]
        crosses = best is not None and reaches(order, best)
        for other in self.own_met(order):
            if best is None or not crosses or not better(-order.side, best, other.price_tick):
                self.meet_own(order, other, ts)
                if order.reason:
                    return []
        return [self.execute(order, self.open_lots(order), best, False, ts)] if crosses and best else []


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
        return min(excess, self.open_lots(order, tip=True))

    def market_ladder(self, side: int) -> list[tuple[int, int]]:
        """(tick, lots) of a side from the best price outward."""
        best = self.book.best[side]
        if best is None:
            return []
        levels = [(t, q) for t, q in self.book.levels[side].items() if not better(side, t, best)]
        return sorted(levels, key=lambda level: -side * level[0])

    def use_up(self, side: int, tick: int, lots: int) -> None:
        """The book stays as it was."""

    def take(self, order: TwinOrder, ts: int) -> list[TwinFill]:
        """What stands up to the limit, one fill for each level; see ``sweep``."""
        fills = sweep(self, order, ts)
        best, market = self.book.best[-order.side], is_market(order)
        if best is not None and reaches(order, best):
            far = any(abs(fill.price_tick - best) > 90 for fill in fills)
            unlike = market and (far or (order.time_in_force == FOK and order.leaves))
            self.touched |= {"sweep"} if unlike else set()
            self.touched |= {"A"} if order.leaves or len(fills) > 1 else set()
            rests = order.leaves and order.time_in_force == GTC and not market
            self.touched |= {"rest"} if rests else set()
        return fills


def sweep(exchange: "PartialFill | Fifo", order: TwinOrder, ts: int) -> list[TwinFill]:
    """Take level by level; own orders opposite are met behind what is in front of them."""
    own = exchange.own_met(order)
    levels = [(t, q) for t, q in exchange.market_ladder(-order.side) if reaches(order, t)]
    meetings = _meetings(order, levels, own)
    if order.time_in_force == FOK:
        total = 0
        for _, lots, other in meetings:
            if other is not None and exchange.self_trade != "oldest":
                break
            total += lots
        if min(total, exchange.open_lots(order)) < order.leaves:
            blocked = own and exchange.self_trade != "oldest"
            order.reason = reasons.SELF_TRADE if blocked else reasons.UNFILLED
            return []
    fills = []
    for tick, lots, other in meetings:
        take = min(lots, exchange.open_lots(order))
        if exchange.open_lots(order) == 0:
            break
        if other is not None:
            exchange.meet_own(order, other, ts)
            if order.reason:
                break
        elif take > 0:
            exchange.use_up(-order.side, tick, take)
            fills.append(exchange.execute(order, take, tick, False, ts))
    return fills


def _meetings(
    order: TwinOrder, levels: list[tuple[int, int]], own: list[TwinOrder]
) -> list[tuple[int, int, TwinOrder | None]]:
    """What an arriving order comes to, in its order: (tick, lots of the market, None) or (tick, 0, own)."""
    market = dict(levels)
    found: list[tuple[int, int, TwinOrder | None]] = []
    for tick in sorted({*market, *(o.price_tick for o in own)}, key=lambda t: t * order.side):
        left, passed = market.get(tick, 0), 0
        for other in (o for o in own if o.price_tick == tick):
            before = min(left, round_half_away(max(other.queue.front, 0.0)) - passed)
            if before > 0:
                found.append((tick, before, None))
                left, passed = left - before, passed + before
            found.append((tick, 0, other))
        if left > 0:
            found.append((tick, left, None))
    return found


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

    def market_ladder(self, side: int) -> list[tuple[int, int]]:
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
            wants, taken = self.open_lots(order), 0
            for tick, lots in self.market_ladder(side):
                if not better(side, order.price_tick, tick):
                    take = min(lots, wants - taken)
                    self.effective.levels[side][tick] -= take
                    taken += take
            if taken > 0:
                self.fill_resting(order, taken, ts)

    def on_trade(self, side: int, tick: int, lots: int, ts: int) -> None:
        """The trade's quantity is given out once, best price first, then by arrival."""
        used = 0
        for order in self.own(-side):
            if better(-side, order.price_tick, tick):
                self.queue_model.on_through(order.queue)
                lots_here = min(self.open_lots(order), lots - used)
            elif order.price_tick == tick:
                self.queue_model.on_trade(order.queue, lots)
                turn = min(excess_lots(order, self.touched), lots) - used
                lots_here = min(self.open_lots(order, tip=True), turn)
            else:
                continue
            if lots_here > 0:
                used += lots_here
                self.fill_resting(order, lots_here, ts)

    def touch(self, side: int) -> int | None:
        """Best price at which something is left."""
        ladder = self.market_ladder(side)
        return ladder[0][0] if ladder else None

    def use_up(self, side: int, tick: int, lots: int) -> None:
        """What is taken is gone until the feed sets the level again."""
        self.effective.levels[side][tick] -= lots

    def take(self, order: TwinOrder, ts: int) -> list[TwinFill]:
        """Level by level to the limit; one fill for each level."""
        return sweep(self, order, ts)


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
                lots_here = min(self.open_lots(order), lots - used)
                if lots_here > 0:
                    used += lots_here
                    self.fill_resting(order, lots_here, ts)
            elif order.price_tick == tick:
                at_price.append(order)
        shares = self.shares(at_price, lots, used, self.effective.lots(-side, tick))
        for order, share in zip(at_price, shares, strict=True):
            lots_here = min(share, self.open_lots(order))
            if lots_here > 0:
                self.fill_resting(order, lots_here, ts)

    def shares(self, orders: list[TwinOrder], lots: int, used: int, market: int) -> list[int]:
        """Lots of a trade for each own order of its level, in the order of their arrival."""
        by_time = round_half_away(self.time_share * lots)
        got = []
        for order in orders:
            turn = 0
            if by_time:
                self.queue_model.on_trade(order.queue, by_time)
                turn = min(excess_lots(order, self.touched), by_time) - used
            got.append(max(0, min(self.open_lots(order, tip=True), turn)))
            used += got[-1]
        left = max(0, min(lots - by_time, lots - used))
        wants = [self.open_lots(order, tip=True) - g for order, g in zip(orders, got, strict=True)]
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
