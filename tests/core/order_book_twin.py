"""The slow, obvious twin of the order-by-order book: dictionaries and lists, and the rules in prose order."""

import hashlib

import numpy as np

from truefill.core import order_book_commands as c
from truefill.core.records import FOK, GTC, GTX, IOC


class TwinBook:
    """side -> tick -> list of [id, qty, tag] in order of arrival."""

    def __init__(self) -> None:
        self.sides: dict[int, dict[int, list[list[int]]]] = {1: {}, -1: {}}
        self.reports: list[list[int]] = []

    def best(self, side: int) -> int | None:
        levels = self.sides[side]
        return None if not levels else (max(levels) if side == 1 else min(levels))

    def where(self, order_id: int) -> tuple[int, int, int] | None:
        for side, levels in self.sides.items():
            for tick, queue in levels.items():
                for place, order in enumerate(queue):
                    if order[0] == order_id:
                        return side, tick, place
        return None

    def drop(self, side: int, tick: int, place: int) -> list[int]:
        queue = self.sides[side][tick]
        order = queue.pop(place)
        if not queue:
            del self.sides[side][tick]
        return order

    def matchable(self, side: int, limit: int) -> int:
        return sum(
            order[1]
            for tick, queue in self.sides[-side].items()
            if (limit - tick) * side >= 0
            for order in queue
        )

    def enter(self, i: int, order_id: int, side: int, limit: int, qty: int, tif: int, tag: int) -> None:
        if tif != FOK or self.matchable(side, limit) >= qty:
            while qty > 0:
                tick = self.best(-side)
                if tick is None or (limit - tick) * side < 0:
                    break
                maker = self.sides[-side][tick][0]
                traded = min(qty, maker[1])
                maker[1] -= traded
                qty -= traded
                self.reports.append([c.TRADE, i, side, order_id, tick, traded, maker[0], maker[1], maker[2]])
                if maker[1] == 0:
                    self.drop(-side, tick, 0)
        if qty > 0 and tif in (IOC, FOK):
            self.reports.append([c.EXPIRED, i, side, order_id, limit, qty, 0, 0, 0])
        elif qty > 0:
            self.sides[side].setdefault(limit, []).append([order_id, qty, tag])

    def command(self, i: int, row: list[int]) -> None:
        op, order_id, side, tick, qty, tif, tag = row

        def say(kind: int, side: int, tick: int, qty: int, reason: int = 0) -> None:
            self.reports.append([kind, i, side, order_id, tick, qty, reason, 0, 0])

        found = self.where(order_id)
        if op in (c.NEW, c.ADD):
            if qty <= 0:
                return say(c.REJECTED, side, tick, qty, c.BAD_QTY)
            if found:
                return say(c.REJECTED, side, tick, qty, c.DUPLICATE_ID)
            if op == c.ADD:
                self.sides[side].setdefault(tick, []).append([order_id, qty, tag])
                return say(c.ACCEPTED, side, tick, qty)
            if tif == GTX and self.matchable(side, tick) > 0:
                return say(c.REJECTED, side, tick, qty, c.WOULD_TAKE)
            say(c.ACCEPTED, side, tick, qty)
            return self.enter(i, order_id, side, tick, qty, tif, tag)
        if not found:
            return say(c.REJECTED, side, tick, qty, c.UNKNOWN_ORDER)
        side, old_tick, place = found
        order = self.sides[side][old_tick][place]
        if op != c.CANCEL and qty <= 0:
            return say(c.REJECTED, side, tick, qty, c.BAD_QTY)
        if op == c.CANCEL or (op == c.REDUCE and qty >= order[1]):
            return say(c.CANCELLED, side, old_tick, self.drop(side, old_tick, place)[1])
        if op == c.REDUCE:
            order[1] -= qty
            return say(c.REDUCED, side, old_tick, order[1])
        say(c.MODIFIED, side, tick, qty)
        if op in (c.MODIFY, c.AMEND) and tick == old_tick and qty <= order[1]:
            order[1] = qty
            return None
        tag = self.drop(side, old_tick, place)[2]
        if op == c.AMEND:
            self.sides[side].setdefault(tick, []).append([order_id, qty, tag])
            return None
        return self.enter(i, order_id, side, tick, qty, GTC, tag)

    def to_array(self) -> np.ndarray:
        rows = [
            [side, tick, *order]
            for side in (1, -1)
            for tick in sorted(self.sides[side], reverse=side == 1)
            for order in self.sides[side][tick]
        ]
        return np.array(rows, np.int64).reshape(-1, 5)

    def state_hash(self) -> str:
        return hashlib.blake2b(self.to_array().astype("<i8").tobytes(), digest_size=16).hexdigest()
