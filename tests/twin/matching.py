"""The slow, obvious twin of the matching engine: lists of orders, and the rules in the order of the prose."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from truefill.core import matching_types as t, order_book_commands as c, reasons as r
from truefill.core.records import FOK, GTX, IOC, LIMIT, MARKET

NEWEST, OLDEST, BOTH, DECREMENT = 1, 2, 3, 4
Report = tuple[int, ...]
FIELDS = (
    "cause",
    "kind",
    "side",
    "reason",
    "flags",
    "symbol",
    "order_id",
    "maker_id",
    "price",
    "qty",
    "account",
    "maker_account",
)


@dataclass
class Order:
    """A resting order."""

    order_id: int
    account: int
    symbol: int
    side: int
    price: int
    qty: int
    done: int = 0


class TwinEngine:
    """symbol and side -> price -> orders in the order of their arrival."""

    def __init__(self, symbols: int = 1) -> None:
        self.books: list[dict[int, dict[int, list[Order]]]] = [{1: {}, -1: {}} for _ in range(symbols)]
        self.base: list[int | None] = [None] * symbols
        self.orders: dict[int, Order] = {}
        self.causes = 0
        self.reports: list[Report] = []

    # ---- the book ----------------------------------------------------------------------------------------

    def best(self, symbol: int, side: int) -> int | None:
        levels = self.books[symbol][side]
        return None if not levels else max(levels) if side == 1 else min(levels)

    def rest(self, order: Order) -> None:
        self.books[order.symbol][order.side].setdefault(order.price, []).append(order)
        self.orders[order.order_id] = order

    def remove(self, order: Order) -> None:
        levels = self.books[order.symbol][order.side]
        levels[order.price].remove(order)
        if not levels[order.price]:
            del levels[order.price]
        del self.orders[order.order_id]

    def crosses(self, symbol: int, side: int, limit: float) -> bool:
        touch = self.best(symbol, -side)
        return touch is not None and side * (limit - touch) >= 0

    def takeable(self, symbol: int, side: int, limit: float, message: dict[str, int] | None = None) -> int:
        """What it could take; with self-trade prevention, what lies before the first order of its account."""
        levels = self.books[symbol][-side]
        total = 0
        for price in sorted(levels, reverse=side < 0):
            for o in levels[price] if side * (limit - price) >= 0 else ():
                if message and message["self_trade"] and o.account == message["account"]:
                    return total
                total += o.qty
        return total

    # ---- reports -----------------------------------------------------------------------------------------

    def say(
        self,
        kind: int,
        side: int,
        symbol: int,
        order_id: int,
        price: int,
        qty: int,
        account: int,
        **more: int,
    ) -> None:
        got = {"reason": 0, "flags": 0, "maker_id": 0, "maker_account": 0, **more}
        self.reports.append(
            (
                self.causes,
                kind,
                side,
                got["reason"],
                got["flags"],
                symbol,
                order_id,
                got["maker_id"],
                price,
                qty,
                account,
                got["maker_account"],
            )
        )

    # ---- commands ----------------------------------------------------------------------------------------

    def take(self, message: Any) -> None:
        self.causes += 1
        m = {name: int(message[name]) for name in t.MESSAGE.names or ()}
        if m["op"] == c.NEW:
            self.new(m)
        else:
            self.amend(m)

    def refuse(self, m: dict[str, int], side: int, symbol: int, reason: int) -> None:
        self.say(
            c.REJECTED,
            side,
            symbol if 0 <= symbol < len(self.books) else 0,
            m["order_id"],
            m["price"],
            m["qty"],
            m["account"],
            reason=reason,
            maker_id=m["op"],
        )

    def new(self, m: dict[str, int]) -> None:
        side = 1 if m["side"] >= 0 else -1
        symbol, price, qty = m["symbol"], m["price"], m["qty"]
        tif = m["time_in_force"]
        rests = m["order_type"] == LIMIT and tif <= GTX
        for reason, wrong in (
            (
                r.BAD_MESSAGE,
                m["side"] not in (1, -1) or m["order_type"] > MARKET or tif > IOC or m["self_trade"] > 4,
            ),
            (r.UNKNOWN_SYMBOL, not 0 <= symbol < len(self.books)),
            (r.UNKNOWN_ACCOUNT, m["account"] < 0),
            (r.BAD_QTY, not 0 < qty <= t.MAX_QTY),
            (r.BAD_PRICE, abs(price) > t.MAX_PRICE),
            (r.DUPLICATE_ID, m["order_id"] in self.orders),
        ):
            if wrong:
                return self.refuse(m, side, symbol, reason)
        limit: float = price
        if m["order_type"] == LIMIT:
            if self.base[symbol] is None:
                self.base[symbol] = price
            if rests and abs(price - (self.base[symbol] or 0)) >= t.REACH:
                return self.refuse(m, side, symbol, r.BAD_PRICE)
        else:
            limit = side * float("inf")
            touch = self.best(symbol, -side)
            if m["flags"] & t.CAPPED and touch is not None:
                limit = touch + side * max(price, 0)
        if rests and tif == GTX and self.crosses(symbol, side, limit):
            return self.refuse(m, side, symbol, r.WOULD_TAKE)
        self.say(c.ACCEPTED, side, symbol, m["order_id"], price, qty, m["account"])
        order = Order(m["order_id"], m["account"], symbol, side, price, qty)
        why = r.UNFILLED
        if tif != FOK or self.takeable(symbol, side, limit, m) >= qty:
            self.trade(order, limit, m["self_trade"])
        elif self.takeable(symbol, side, limit, m) < self.takeable(symbol, side, limit):
            why = r.SELF_TRADE
        if order.qty and rests:
            self.rest(order)
        elif order.qty:
            self.say(c.EXPIRED, side, symbol, order.order_id, price, order.qty, order.account, reason=why)

    def prevent(self, mode: int, order: Order, maker: Order) -> None:
        """Self-trade prevention: newest, oldest, both, decrement (1 to 4)."""
        loss = min(order.qty, maker.qty)
        cut = {NEWEST: order.qty, OLDEST: 0, BOTH: order.qty, DECREMENT: loss}[mode]
        maker_cut = {NEWEST: 0, OLDEST: maker.qty, BOTH: maker.qty, DECREMENT: loss}[mode]
        for one, lost, gone in ((maker, maker_cut, c.CANCELLED), (order, cut, c.EXPIRED)):
            one.qty -= lost
            if lost:
                kind, qty = (c.REDUCED, one.qty) if one.qty else (gone, lost)
                self.say(
                    kind, one.side, one.symbol, one.order_id, one.price, qty, one.account, reason=r.SELF_TRADE
                )
        if not maker.qty:
            self.remove(maker)

    def trade(self, order: Order, limit: float, self_trade: int) -> None:
        while order.qty and self.crosses(order.symbol, order.side, limit):
            price = self.best(order.symbol, -order.side)
            assert price is not None
            maker = self.books[order.symbol][-order.side][price][0]
            if self_trade and maker.account == order.account:
                self.prevent(self_trade, order, maker)
                continue
            qty = min(order.qty, maker.qty)
            for one in (order, maker):
                one.qty -= qty
                one.done += qty
            flags = t.MAKER_DONE * (maker.qty == 0) | t.TAKER_DONE * (order.qty == 0)
            self.say(
                c.TRADE,
                order.side,
                order.symbol,
                order.order_id,
                price,
                qty,
                order.account,
                flags=flags,
                maker_id=maker.order_id,
                maker_account=maker.account,
            )
            if not maker.qty:
                self.remove(maker)

    def amend(self, m: dict[str, int]) -> None:
        op, price, qty = m["op"], m["price"], m["qty"]
        order = self.orders.get(m["order_id"])
        if order is None or order.account != m["account"]:
            return self.refuse(m, -1 if m["side"] < 0 else 1, m["symbol"], r.UNKNOWN_ORDER)
        side, symbol = order.side, order.symbol
        if op == c.CANCEL:
            qty = order.qty
        elif op not in (c.MODIFY, c.REPLACE, c.REDUCE, t.AMEND_TOTAL) or m["self_trade"] > 4:
            return self.refuse(m, side, symbol, r.BAD_MESSAGE)
        elif not 0 < qty <= t.MAX_QTY:
            return self.refuse(m, side, symbol, r.BAD_QTY)
        elif op != c.REDUCE:
            base = self.base[symbol]
            assert base is not None
            if abs(price) > t.MAX_PRICE or abs(price - base) >= t.REACH:
                return self.refuse(m, side, symbol, r.BAD_PRICE)
            if m["time_in_force"] == GTX and self.crosses(symbol, side, price):
                return self.refuse(m, side, symbol, r.WOULD_TAKE)
        left = {c.CANCEL: 0, c.REDUCE: order.qty - qty, t.AMEND_TOTAL: qty - order.done}.get(op, qty)
        if left <= 0:
            self.remove(order)
            self.say(c.CANCELLED, side, symbol, order.order_id, order.price, order.qty, order.account)
            return None
        if op == c.REDUCE:
            price = order.price
        kind = c.REDUCED if op == c.REDUCE else c.MODIFIED
        self.say(kind, side, symbol, order.order_id, price, left, order.account)
        if op != c.REPLACE and price == order.price and left <= order.qty:
            order.qty = left
            return None
        self.remove(order)
        order.price, order.qty = price, left
        self.trade(order, price, m["self_trade"])
        if order.qty:
            self.rest(order)
        return None

    # ---- comparing ---------------------------------------------------------------------------------------

    def state_hash(self) -> str:
        """What `Engine.state_hash` is, from these lists."""
        digest = hashlib.blake2b(digest_size=16)
        for book in self.books:
            for side in (1, -1):
                for price in sorted(book[side], reverse=side == 1):
                    for o in book[side][price]:
                        row = np.array([o.price, o.order_id, o.qty, o.done, o.account], "<i8")
                        digest.update(row.tobytes())
                digest.update(b"|")
            digest.update(b"||")  # nothing sleeps
        return digest.hexdigest()


def rows(reports: Any) -> list[Report]:
    """Reports of the engine as the twin has them."""
    return [tuple(int(report[name]) for name in FIELDS) for report in reports]
