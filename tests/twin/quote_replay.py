"""The slow, obvious twin of `quote_replay`: one event after the other, objects, exact fractions."""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from truefill.backtest.quote_replay import Books, CalibrationRows, Executions, ReplaySettings
from truefill.core.events import NO_BID_TICK
from truefill.core.records import SELL_SIDE
from truefill.quoting.placing import place_quotes
from truefill.quoting.return_space import return_quote

NS = 1_000_000_000


@dataclass
class Quote:
    number: int
    tick: int
    lots: int
    arrives: int
    until: int


@dataclass
class Side:
    sign: int  # 1 bid, -1 ask
    standing: Quote | None = None
    coming: Quote | None = None  # of 0 lots: a cancel
    cool_until: int = -(2**62)
    crossing: list[tuple[int, int, int]] = field(default_factory=list)  # time, price, lots

    def beyond(self, price: float) -> float:
        assert self.standing is not None
        return self.sign * (self.standing.tick - price)


class Twin:
    def __init__(self, settings: ReplaySettings, lot: float) -> None:
        self.s, self.n, self.lot = settings, settings.numbers(lot), lot
        self.sides = [Side(1), Side(-1)]
        self.position, self.cash, self.fees = 0, Fraction(0), 0.0
        self.fills: list[tuple[int, int, Fraction, int, int]] = []
        self.sent: list[list[Any]] = []  # side, tick, lots, submitted
        self.book: tuple[int, int] | None = None
        self.dirty = False

    def fill(self, ts: int, side: Side, price: Fraction, lots: int, maker: bool) -> None:
        self.fills.append((ts, side.sign, price, lots, int(maker)))
        self.position += side.sign * lots
        self.cash -= side.sign * lots * price
        rate = self.n.maker_fee if maker else self.n.taker_fee
        self.fees += rate * abs(int(2 * price)) * lots * self.n.unit
        self.dirty = True
        if side.standing is not None:
            side.standing.lots -= lots
            if side.standing.lots == 0 or self.s.cooldown > 0:
                side.standing = None
        if self.s.cooldown > 0:
            side.cool_until = ts + round(self.s.cooldown * NS)
            side.coming = None

    def settle(self, side: Side) -> None:
        crossing, side.crossing = side.crossing, []
        if side.standing is None or not crossing:
            return
        lots = min(side.standing.lots, sum(c[2] for c in crossing))
        if lots == 0:
            return
        tick = side.standing.tick
        far = min(c[1] * side.sign for c in crossing) * side.sign
        price = Fraction(tick + far, 2) if self.s.fill_rule == "mean" else Fraction(tick)
        first = next(c for c in crossing)
        self.fill(first[0], side, price, lots, True)

    def room(self, side: Side, tick: int) -> int:
        assert self.book is not None
        mid2 = sum(self.book)
        position = side.sign * self.position
        room = self.n.max_lots - position
        equity = self.n.capital - self.fees + (int(2 * self.cash) + self.position * mid2) * self.n.unit
        price2 = 2.0 * abs(tick) * self.n.unit
        if price2 > 0:
            room = min(room, math.floor(max(0.0, equity) * self.n.leverage / price2 + 1e-9) - position)
        return max(0, room)

    def arrive(self, side: Side) -> None:
        coming, side.coming, side.standing = side.coming, None, None
        assert coming is not None
        assert self.book is not None
        if coming.lots == 0:
            return
        lots = min(coming.lots, self.room(side, coming.tick))
        opposite = self.book[1] if side.sign == 1 else self.book[0]
        takes = side.sign * (coming.tick - opposite) >= 0
        if lots == 0 or (takes and self.s.post_only):
            return
        coming.lots = lots
        side.standing = coming
        if takes:
            self.fill(coming.arrives, side, Fraction(opposite), lots, False)

    def arrivals_before(self, side: Side, ts: int) -> None:
        if self.book is not None and side.coming is not None and side.coming.arrives < ts:
            self.settle(side)
            if side.coming is not None:
                self.arrive(side)

    def send(self, side: Side, ts: int, tick: int, lots: int) -> None:
        stands = side.standing
        until = ts + self.n.validity_ns
        if lots == 0 and stands is None:
            return
        if stands is not None and (stands.tick, stands.lots) == (tick, lots):
            stands.until = until
            return
        if lots:
            self.sent.append([side.sign, tick, lots, ts])
        side.coming = Quote(len(self.sent), tick, lots, ts + self.n.latency_ns, until + self.n.latency_ns)

    def decide(self, row: Any) -> tuple[int, int]:
        assert self.book is not None
        mid, q = sum(self.book) / 2, self.position * self.lot
        quoting = self.s.quoting
        if self.s.model == "as":
            made = return_quote(mid * self.n.tick_size, q, row[0], row[1], row[2], quoting)
            depths = mid - made.raw_bid / self.n.tick_size, made.raw_ask / self.n.tick_size - mid
        else:
            skew = row[5] * q + row[6]
            both = row[3] + row[4]
            kept = min(quoting.max_spread * mid, max(quoting.min_spread * mid, both))
            depths = row[3] + skew + (kept - both) / 2, row[4] - skew + (kept - both) / 2
        bid, ask, _ = place_quotes(mid, *depths, *self.book, self.s.post_only)
        return bid, ask


def twin(
    books: Books, trades: Executions, known: CalibrationRows, settings: ReplaySettings, lot: float
) -> Twin:
    t = Twin(settings, lot)
    events = [(int(ts), 0, j) for j, ts in enumerate(trades.ts)]
    events += [(int(ts), 1, i) for i, ts in enumerate(books.ts)]
    current, next_quote, last = -1, -(2**62), 0
    last_book = None
    for ts, kind, number in sorted(events):
        if len(books.ts) == 0 or ts > books.ts[-1]:
            break
        if kind == 0:
            side = t.sides[0] if trades.side[number] == SELL_SIDE else t.sides[1]
            t.arrivals_before(side, ts)
            stands = side.standing
            if stands is None or ts > stands.until:
                continue
            beyond = side.beyond(float(trades.tick[number]))
            if beyond > 0 or (beyond == 0 and settings.convention == "touch"):
                side.crossing.append((ts, round(trades.tick[number]), int(trades.lots[number])))
            continue
        usable = bool(books.bid[number] != NO_BID_TICK)
        bid, ask = int(books.bid[number]), int(books.ask[number])
        for side in t.sides:
            t.arrivals_before(side, ts)
            if usable and side.standing is not None and ts <= side.standing.until:
                opposite = ask if side.sign == 1 else bid
                if side.beyond(opposite) >= 0:
                    side.crossing.append((ts, opposite, side.standing.lots))
            t.settle(side)
            if side.standing is not None and ts > side.standing.until:
                side.standing = None
        last = ts
        if not usable:
            t.book = None
            for side in t.sides:
                side.standing = side.coming = None
            continue
        t.book = last_book = (bid, ask)
        fresh = False
        while current + 1 < len(known.ts) and known.ts[current + 1] <= ts:
            current, fresh = current + 1, True
        quiet = ts < books.allowed_from[number] or current < 0 or not known.usable[current]
        due = fresh or quiet
        if settings.requote is not None:
            due = due or ts >= next_quote or t.dirty
        busy = any(side.coming is not None for side in t.sides)
        if not due or (busy and not quiet):
            continue
        t.dirty = False
        if quiet:
            for side in t.sides:
                side.coming = None
                t.send(side, ts, 0, 0)
        else:
            ticks = t.decide(known.values[current])
            lots = t.n.order_lots
            if settings.notional is not None:
                lots = math.floor(settings.notional / (sum(t.book) / 2 * t.n.tick_size) / lot + 1e-9)
            for side, tick in zip(t.sides, ticks, strict=True):
                wanted = 0 if ts < side.cool_until else min(lots, t.room(side, tick))
                t.send(side, ts, tick, wanted)
            next_quote = ts + max(0, t.n.requote_ns)
        if t.n.latency_ns == 0:
            for side in t.sides:
                if side.coming is not None:
                    t.arrive(side)
    if settings.close and t.position != 0 and last_book is not None:
        side = t.sides[1] if t.position > 0 else t.sides[0]
        best = last_book[0] if t.position > 0 else last_book[1]
        side.standing = None
        t.fill(last, side, Fraction(best), abs(t.position), False)
    return t
