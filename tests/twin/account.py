"""The twin's accounts: exact fractions, everything computed anew from the list of what has happened.

A `TwinAccount` watches the exchange sides of its markets through their own methods: it hears of executions
where they are made, has a say where requests are refused, and sends the venue's orders itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from typing import Any

from tests.twin.book import ASK, BID
from tests.twin.holdings import Position, TwinHolding, TwinRules, UnknownRateError, fold
from tests.twin.latency import FILL
from tests.twin.orders import TwinFill, TwinOrder
from tests.twin.rules import is_market
from truefill.core import reasons
from truefill.core.records import CANCELED, EXPIRED, FIRST_LIQUIDATION_ID, IOC, MARKET, NEW

YEAR = 365 * 86_400 * 10**9


@dataclass
class Knowledge:
    """All that one side knows of the account."""

    entries: list[list[Any]]
    cash: dict[str, Fraction]
    marks: list[Fraction | None]
    here: bool


@dataclass(frozen=True)
class TwinPayment:
    """One payment."""

    kind: str
    number: int  # of the holding, -1: none
    currency: str
    amount: Fraction
    exch_ts: int
    local_ts: int


class TwinAccount:
    """One wallet."""

    def __init__(
        self,
        holdings: list[TwinHolding],
        balances: dict[str, float],
        currency: str,
        *,
        margin: TwinRules | None = None,
        rates: dict[str, float] | None = None,
        borrow: dict[str, float] | None = None,
        borrow_interval: int = 0,
        insurance: bool = False,
    ) -> None:
        self.holdings, self.currency, self.margin = holdings, currency, margin
        self.rates = {c: Fraction(str(r)) for c, r in (rates or {}).items()} | {currency: Fraction(1)}
        self.borrow, self.insurance = borrow or {}, insurance
        cash = {c: Fraction(str(v)) for c, v in balances.items()}
        self.exchange, self.here = (
            Knowledge([[] for _ in holdings], dict(cash), [None] * len(holdings), here)
            for here in (False, True)
        )
        self.payments: list[TwinPayment] = []
        self.heard = self.bankrupt = self.liquidations = 0
        rows = [ts for h in holdings for ts in h.market.exch_view.times]
        first, last = min(rows, default=0), max(rows, default=0)
        begin = borrow_interval and first // borrow_interval * borrow_interval
        interest = range(begin, last + 1, borrow_interval) if any(self.borrow.values()) else ()
        self.interval = borrow_interval
        self.due = sorted(
            [
                (ts, 0, k, Fraction(p))
                for k, h in enumerate(holdings)
                for ts, p, _ in h.marks or ()
                if ts <= last
            ]
            + [(ts, 1, k, Fraction(r)) for k, h in enumerate(holdings) for ts, r in h.funding if ts <= last]
            + [(ts, 2, 0, Fraction(0)) for ts in interest if ts > first],
            key=lambda event: event[:3],
        )
        self.mid_due: int | None = None
        self.pending: list[int | None] = [None] * len(holdings)
        for k, holding in enumerate(holdings):
            self._watch(k, holding)

    def _watch(self, k: int, holding: TwinHolding) -> None:
        exch = holding.market.exch
        execute, refusal, process = exch.execute, exch.refusal, exch.process

        def heard(*arguments: Any) -> TwinFill:
            fill: TwinFill = execute(*arguments)
            self.exchange.entries[k].append(fill)
            return fill

        def asked(order: TwinOrder, kind: int, mine: TwinOrder | None, ts: int) -> int:
            return refusal(order, kind, mine, ts) or (0 if kind == CANCELED else self.refusal(k, order, mine))

        def moved(row: Any) -> None:
            process(row)
            if holding.marks is None:
                bid, ask = exch.book.best[BID], exch.book.best[ASK]
                if bid is not None and ask is not None:
                    self.mid_due = row.exch_ts

        exch.execute, exch.refusal, exch.process = heard, asked, moved
        local = holding.market.local
        seen = local.process

        def arrived(row: Any) -> None:
            self._commit(k, row.local_ts)
            seen(row)
            self.pending[k] = row.local_ts

        local.process = arrived

    def _commit(self, k: int, ts: int | None) -> None:
        """Take in the mid as it stands once everything that arrived at an earlier time is in the book."""
        holding = self.holdings[k]
        if holding.marks is None and self.pending[k] is not None and self.pending[k] != ts:
            bid, ask = (holding.market.local.book.best[side] for side in (BID, ASK))
            if bid is not None and ask is not None:
                self.here.marks[k] = Fraction(bid + ask, 2) * holding.tick

    # -- money by the clock -----------------------------------------------------------------------------

    def next_ts(self) -> int | None:
        """When something happens to the money next."""
        times = [ts for ts in (self.mid_due, self.due[0][0] if self.due else None) if ts is not None]
        return min(times, default=None)

    def happen(self, ts: int) -> None:
        """Marks, then funding, then interest; then the venue looks at the margins."""
        changed = False
        for k, holding in enumerate(self.holdings):
            if holding.marks is None and self.mid_due == ts:
                bid, ask = (holding.market.exch.book.best[side] for side in (BID, ASK))
                if bid is not None and ask is not None:
                    mid = Fraction(bid + ask, 2) * holding.tick
                    changed |= mid != self.exchange.marks[k]
                    self.exchange.marks[k] = mid
        if self.mid_due == ts:
            self.mid_due = None
        while self.due and self.due[0][0] == ts:
            _, kind, k, number = self.due.pop(0)
            changed = True
            if kind == 0:
                self.exchange.marks[k] = number
            elif kind == 1:
                self._fund(k, number, ts)
            else:
                self._charge(ts)
        if changed and self.margin is not None:
            self._look(ts)

    def _fund(self, k: int, rate: Fraction, ts: int) -> None:
        holding, p = self.holdings[k], self._position(k, self.exchange)
        if p.lots and rate:
            amount = -(1 if p.lots > 0 else -1) * self._marked(k, p, self.exchange) * rate
            self.pay("funding", k, holding.settled, amount, ts)
            if holding.isolated:
                self.exchange.entries[k].append(amount)

    def _charge(self, ts: int) -> None:
        for currency in self.ordered():
            rate, debt = self.borrow.get(currency, 0.0), -self.balance(currency, self.exchange)
            if rate > 0 and debt > 0:
                amount = -debt * Fraction(rate) * Fraction(self.interval, YEAR)
                self.pay("interest", -1, currency, amount, ts)

    def ordered(self) -> list[str]:
        """Currencies in the run's order."""
        names = [h.settled for h in self.holdings] + [self.currency, *self.exchange.cash]
        return list(dict.fromkeys(names + [h.base for h in self.holdings if h.base]))

    def pay(self, kind: str, k: int, currency: str, amount: Fraction, ts: int) -> None:
        """Money comes or goes; news of it travels as that of a fill does."""
        latency = self.holdings[max(k, 0)].market.exch.latency
        last = self.payments[-1].local_ts if self.payments else 0
        arrival = max(ts + max(latency.of(FILL, ts), 0), last)
        self.payments.append(TwinPayment(kind, k, currency, amount, ts, arrival))
        self.exchange.cash[currency] = self.exchange.cash.get(currency, Fraction(0)) + amount

    # -- what there is ----------------------------------------------------------------------------------

    def _position(self, k: int, know: Knowledge) -> Position:
        return fold(self.holdings[k], know.entries[k])

    def _marked(self, k: int, p: Position, know: Knowledge) -> Fraction:
        mark = know.marks[k]
        return p.cost if mark is None else self.holdings[k].value(abs(p.lots), mark)

    def _profit(self, k: int, know: Knowledge) -> Fraction:
        p = self._position(k, know)
        if not p.lots or self.holdings[k].kind == "spot":
            return Fraction(0)
        return self.holdings[k].profit(1 if p.lots > 0 else -1, self._marked(k, p, know), p.cost)

    def balance(self, currency: str, know: Knowledge) -> Fraction:
        """Money, or coins, in one currency."""
        total = know.cash.get(currency, Fraction(0))
        for k, holding in enumerate(self.holdings):
            p = self._position(k, know)
            if holding.settled == currency:
                total += p.realized - p.fees
            if holding.base == currency:
                total += p.lots * holding.lot
        return total

    def worth(self, currency: str, amount: Fraction, know: Knowledge) -> Fraction:
        """In the account's currency."""
        if amount == 0:
            return amount
        if currency in self.rates:
            return amount * self.rates[currency]
        for k, holding in enumerate(self.holdings):
            if holding.base == currency:
                mark = know.marks[k]
                if mark is None:
                    raise UnknownRateError
                return amount * mark * self.rates[holding.settled]
        raise UnknownRateError

    def cash(self, know: Knowledge) -> Fraction:
        """All balances."""
        return sum((self.worth(c, self.balance(c, know), know) for c in self.ordered()), Fraction(0))

    def profits(self, know: Knowledge, isolated: bool) -> Fraction:
        """Unrealized."""
        return sum(
            (
                self.worth(h.settled, self._profit(k, know), know)
                for k, h in enumerate(self.holdings)
                if isolated or not h.isolated
            ),
            Fraction(0),
        )

    def set_aside(self, know: Knowledge) -> Fraction:
        """For isolated positions."""
        return sum(
            (
                self.worth(h.settled, self._position(k, know).margin, know)
                for k, h in enumerate(self.holdings)
            ),
            Fraction(0),
        )

    def cross_equity(self, know: Knowledge) -> Fraction:
        """What the positions that are not isolated share."""
        return self.cash(know) + self.profits(know, isolated=False) - self.set_aside(know)

    def maintenance(self, know: Knowledge, isolated: bool) -> Fraction:
        """Of the isolated positions, or of all others and of debts."""
        total = Fraction(0)
        for k, holding in enumerate(self.holdings):
            if holding.rules is not None and holding.kind != "spot" and holding.isolated == isolated:
                p = self._position(k, know)
                value = self._marked(k, p, know) if p.lots else Fraction(0)
                total += self.worth(holding.settled, holding.rules.maintenance(value), know)
        if self.margin is not None and self.margin.tiers and not isolated:
            debts = (max(-self.balance(c, know), Fraction(0)) for c in self.lendable())
            total += self.margin.tiers[0][1] * sum(
                (self.worth(c, d, know) for c, d in zip(self.lendable(), debts, strict=True)), Fraction(0)
            )
        return total

    def lendable(self) -> list[str]:
        """Currencies that spot assets trade."""
        return list(dict.fromkeys(c for h in self.holdings if h.kind == "spot" for c in (h.base, h.settled)))

    # -- orders -----------------------------------------------------------------------------------------

    def _open(self, k: int, know: Knowledge, without: TwinOrder | None) -> Iterator[TwinOrder]:
        market = self.holdings[k].market
        if know.here:
            yield from (o for o in market.local.orders.values() if o.open and not o.reduce_only)
            return
        for order in (*market.exch.orders.values(), *market.exch.waiting.values()):
            if order is not without and not order.reduce_only:
                yield order

    def _price(self, k: int, order: TwinOrder, know: Knowledge) -> Fraction | None:
        holding = self.holdings[k]
        if not is_market(order):
            return order.price_tick * holding.tick
        if order.order_type != MARKET:
            return order.trigger_tick * holding.tick
        side = holding.market.local if know.here else holding.market.exch
        best = side.book.best[-order.side]
        return know.marks[k] if best is None else best * holding.tick

    def _side_need(self, k: int, value: Fraction, orders: list[tuple[Fraction, Fraction]]) -> Fraction:
        """Margin if all these orders, of (value, loss), are filled on a position worth so much their way."""
        rules = self.holdings[k].rules
        assert rules is not None
        total = sum((v for v, _ in orders), Fraction(0))
        opens = total - max(-value, Fraction(0))
        if opens <= 0:
            return rules.rate * max(value, Fraction(0))
        loss = sum((lost for _, lost in orders), Fraction(0))
        return rules.rate * (value + total) + loss * opens / total

    def need(
        self, know: Knowledge, extra: tuple[int, TwinOrder] | None, without: TwinOrder | None
    ) -> Fraction:
        """Initial margin of everything."""
        total = Fraction(0)
        for k, holding in enumerate(self.holdings):
            if holding.kind == "spot" or holding.rules is None:
                continue
            p = self._position(k, know)
            value = self._marked(k, p, know) if p.lots else Fraction(0)
            signed = value if p.lots > 0 else -value
            sides: dict[int, list[tuple[Fraction, Fraction]]] = {1: [], -1: []}
            for order in self._with(k, know, extra, without):
                price = self._price(k, order, know)
                if price is not None and price > 0:
                    worth, mark = holding.value(order.leaves, price), know.marks[k]
                    lost = Fraction(0)
                    if mark is not None:
                        lost = max(
                            -holding.profit(order.side, holding.value(order.leaves, mark), worth), lost
                        )
                    sides[order.side].append((worth, lost))
            need = max(self._side_need(k, signed, sides[1]), self._side_need(k, -signed, sides[-1]))
            if holding.isolated:
                need = max(need - value * holding.rules.rate, Fraction(0))
            total += self.worth(holding.settled, need, know)
        if self.lendable() and self.margin is not None:
            for currency in self.lendable():
                left = self.balance(currency, know) - self.spending(currency, know, extra, without)
                owed = self.worth(currency, max(-left, Fraction(0)), know)
                total += owed * self.margin.rate / (1 - self.margin.rate)
        return total

    def _with(
        self, k: int, know: Knowledge, extra: tuple[int, TwinOrder] | None, without: TwinOrder | None
    ) -> list[TwinOrder]:
        more = [extra[1]] if extra is not None and extra[0] == k else []
        return [*self._open(k, know, without), *more]

    def spending(
        self, currency: str, know: Knowledge, extra: tuple[int, TwinOrder] | None, without: TwinOrder | None
    ) -> Fraction:
        """What open spot orders would take of a currency."""
        total = Fraction(0)
        for k, holding in enumerate(self.holdings):
            if holding.kind != "spot":
                continue
            for order in self._with(k, know, extra, without):
                price = self._price(k, order, know)
                if order.side > 0 and holding.settled == currency and price is not None:
                    total += holding.value(order.leaves, price) * (1 + holding.reserve)
                if order.side < 0 and holding.base == currency:
                    total += order.leaves * holding.lot
        return total

    def refusal(self, k: int, order: TwinOrder, mine: TwinOrder | None) -> int:
        """Why the account cannot carry an order, or 0."""
        if order.reduce_only:
            return 0
        know, holding, new = self.exchange, self.holdings[k], replace(order, leaves=order.qty)
        try:
            if self.margin is None:
                currency = holding.settled if order.side > 0 else holding.base
                spent = self.spending(currency, know, (k, new), mine)
                if spent <= self.balance(currency, know):
                    return 0
                if mine is not None and spent <= self.spending(currency, know, None, None):
                    return 0
                return reasons.INSUFFICIENT_BALANCE
            after = self.need(know, (k, new), mine)
            if after <= self.need(know, None, None) or after <= self.cross_equity(know):
                return 0
        except UnknownRateError:
            pass
        return reasons.INSUFFICIENT_MARGIN

    # -- liquidation ------------------------------------------------------------------------------------

    def _look(self, ts: int) -> None:
        know = self.exchange
        for k, holding in enumerate(self.holdings):
            p = self._position(k, know)
            if holding.isolated and holding.rules is not None and p.lots:
                equity = p.margin + self._profit(k, know)
                if equity <= holding.rules.maintenance(self._marked(k, p, know)):
                    self._liquidate_isolated(k, equity, ts)
        try:
            equity = self.cross_equity(know)
            if equity < 0:
                self.bankrupt = 1
            if self._exposure() > 0 and equity <= self.maintenance(know, isolated=False):
                self._liquidate_cross(ts)
        except UnknownRateError:
            pass

    def _to_close(self, k: int) -> int:
        holding, know = self.holdings[k], self.exchange
        if holding.kind != "spot":
            return self._position(k, know).lots
        coins = self.balance(holding.base, know)
        if coins < 0:
            return -ceil(-coins / holding.lot)
        return floor(coins / holding.lot) if self.balance(holding.settled, know) < 0 else 0

    def _closing_value(self, k: int) -> Fraction:
        holding, mark = self.holdings[k], self.exchange.marks[k]
        lots = abs(self._to_close(k))
        if holding.isolated or not lots:
            return Fraction(0)
        if mark is None:
            if holding.kind == "spot":
                return Fraction(0)
            return self.worth(holding.settled, self._position(k, self.exchange).cost, self.exchange)
        return self.worth(holding.settled, holding.value(lots, mark), self.exchange)

    def _exposure(self) -> Fraction:
        return sum((self._closing_value(k) for k in range(len(self.holdings))), Fraction(0))

    def _liquidate_isolated(self, k: int, equity: Fraction, ts: int) -> None:
        before = self._position(k, self.exchange)
        self._cancel_all(k, ts)
        fee = self._close(k, before.lots, equity, ts)
        after = self._position(k, self.exchange)
        gained = after.realized - before.realized - (after.fees - before.fees)
        left = before.margin + gained - fee
        if left < 0:
            self.bankrupt = 1
            if self.insurance:
                self.pay("insurance", k, self.holdings[k].settled, -left, ts)

    def _liquidate_cross(self, ts: int) -> None:
        crossed = [k for k, holding in enumerate(self.holdings) if not holding.isolated]
        for k in crossed:
            self._cancel_all(k, ts)
        for k in crossed:
            lots = self._to_close(k)
            if lots:
                share = self._closing_value(k) / self._exposure() if self._closing_value(k) else Fraction(0)
                rate = self.worth(self.holdings[k].settled, Fraction(1), self.exchange)
                self._close(k, lots, self.cross_equity(self.exchange) * share / rate, ts)
        left = self.cross_equity(self.exchange)
        if left < 0:
            self.bankrupt = 1
            if self.insurance:
                self.pay("insurance", -1, self.currency, -left, ts)

    def _cancel_all(self, k: int, ts: int) -> None:
        exch = self.holdings[k].market.exch
        for order in (*exch.own(BID), *exch.own(ASK), *exch.waiting.values()):
            exch.forget(order)
            exch.tell(replace(order, status=CANCELED, reason=reasons.LIQUIDATED, exch_ts=ts), ts)

    def _close(self, k: int, held: int, equity: Fraction, ts: int) -> Fraction:
        """Take from the book, then give up the rest at the bankruptcy price. Returns the fee."""
        holding = self.holdings[k]
        exch, rules = holding.market.exch, holding.rules
        assert rules is not None
        side, turn = -1 if held > 0 else 1, holding.liquidations
        holding.liquidations += 1
        self.liquidations += 1
        start = len(self.exchange.entries[k])
        order = self._venue_order(2**64 - 2 - 2 * turn, side, abs(held), ts)
        if exch.touch(-side) is not None:
            fills = exch.take(order, ts)
            order.status = EXPIRED if order.leaves else order.status
            order.reason = reasons.LIQUIDATED
            exch.tell(order, ts, fills)
        taken: list[TwinFill] = self.exchange.entries[k][start:]
        if order.leaves:
            mark = self.exchange.marks[k]
            if mark is None:
                p = fold(holding, self.exchange.entries[k][:start])
                size = abs(p.lots) * holding.lot * holding.size
                mark = size / p.cost if holding.kind == "inverse" else p.cost / size
            for fill in taken:
                price = fill.price_tick * holding.tick
                equity += holding.profit(
                    -side, holding.value(fill.lots, price), holding.value(fill.lots, mark)
                ) - Fraction(holding.market.local.ledger.fee_of(fill))
            rest = self._venue_order(2**64 - 1 - 2 * turn, side, order.leaves, ts)
            rest.price_tick = self._bankruptcy_tick(holding, -side, order.leaves, mark, equity)
            fill = exch.execute(rest, rest.leaves, rest.price_tick, False, ts)
            rest.reason = reasons.LIQUIDATED
            exch.tell(rest, ts, [fill])
        made = self.exchange.entries[k][start:]
        closed = sum((holding.value(f.lots, f.price_tick * holding.tick) for f in made), Fraction(0))
        fee = closed * rules.fee
        self.pay("liquidation fee", k, holding.settled, -fee, ts)
        return fee

    def _venue_order(self, order_id: int, side: int, lots: int, ts: int) -> TwinOrder:
        order = TwinOrder(order_id, side, 0, lots, MARKET, IOC, leaves=lots, status=NEW, entry_ts=ts)
        order.exch_ts = ts
        return order

    def _bankruptcy_tick(
        self, holding: TwinHolding, side: int, lots: int, mark: Fraction, equity: Fraction
    ) -> int:
        """The tick next to where nothing would be left, on the account's side of it."""
        size = holding.size * lots * holding.lot
        if holding.kind == "inverse":
            below = size / mark + side * equity
            price = size / below if below > 0 else 2 * mark
        else:
            price = mark - side * equity / size
        ticks = price / holding.tick
        return max(ceil(ticks) if side > 0 else floor(ticks), 1)

    # -- what the strategy knows ------------------------------------------------------------------------

    def view(self, now: int) -> dict[str, float]:
        """By the field names of ``core.records.ACCOUNT_STATE``, as far as they are compared."""
        know = self.here
        for k, holding in enumerate(self.holdings):
            known = [e for e in know.entries[k] if not isinstance(e, Fraction)]
            know.entries[k] += holding.market.local.ledger.fills[len(known) :]
            if holding.marks is None:
                self._commit(k, None)
            else:
                seen = [p for _, p, local_ts in holding.marks if local_ts <= now]
                know.marks[k] = Fraction(seen[-1]) if seen else None
        while self.heard < len(self.payments) and self.payments[self.heard].local_ts <= now:
            payment = self.payments[self.heard]
            self.heard += 1
            know.cash[payment.currency] = know.cash.get(payment.currency, Fraction(0)) + payment.amount
            if payment.kind == "funding" and self.holdings[payment.number].isolated:
                know.entries[payment.number].append(payment.amount)
        told: dict[str, Callable[[], Fraction]] = {
            "cash": lambda: self.cash(know),
            "unrealized": lambda: self.profits(know, isolated=True),
            "equity": lambda: self.cash(know) + self.profits(know, isolated=True),
        }
        if self.margin is not None:
            told["available"] = lambda: self.cross_equity(know) - self.need(know, None, None)
            told["initial_margin"] = lambda: self.need(know, None, None) + self.set_aside(know)
            told["maintenance_margin"] = lambda: (
                self.maintenance(know, isolated=False) + self.maintenance(know, isolated=True)
            )
        found = {}
        for name, compute in told.items():
            try:
                found[name] = float(compute())
            except UnknownRateError:
                found[name] = float("nan")
        return found


def is_venues(order_id: int) -> bool:
    """Whether an order is the venue's, of a liquidation."""
    return order_id >= FIRST_LIQUIDATION_ID
