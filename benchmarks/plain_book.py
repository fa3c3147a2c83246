"""A careful price-time book in plain Python, as a yardstick: a dictionary of levels and a heap a side.

Levels are insertion-ordered dictionaries from id to quantity, so that a cancel is one deletion.
"""

from heapq import heappop, heappush
from typing import Any

from truefill.core.order_book_commands import CANCEL, NEW
from truefill.core.records import IOC


def plain_book(rows: list[tuple[Any, ...]]) -> int:
    """Run (op, side, time in force, id, price, quantity) rows; returns the number of trades."""
    bids: dict[int, dict[int, int]] = {}
    asks: dict[int, dict[int, int]] = {}
    bid_heap: list[int] = []
    ask_heap: list[int] = []
    where: dict[int, tuple[int, int]] = {}
    reports: list[tuple[int, ...]] = []
    say = reports.append
    trades = 0
    for op, row_side, tif, order_id, price, row_qty in rows:
        side, qty = row_side, row_qty
        if op != NEW:
            place = where.pop(order_id, None)
            if place is None:
                say((op, order_id, 0))
                continue
            side, old = place
            levels = bids if side > 0 else asks
            level = levels[old]
            del level[order_id]
            if not level:
                del levels[old]
            say((op, order_id, old))
            if op == CANCEL:
                continue
        else:
            say((op, order_id, qty))
        if side > 0:
            heap, others = ask_heap, asks
        else:
            heap, others = bid_heap, bids
        while qty and heap:
            best = heap[0] if side > 0 else -heap[0]
            if (price - best) * side < 0:
                break
            queue = others.get(best)
            if queue is None:
                heappop(heap)
                continue
            while qty and queue:
                maker = next(iter(queue))
                there = queue[maker]
                trades += 1
                if there > qty:
                    say((9, order_id, maker, best, qty))
                    queue[maker] = there - qty
                    qty = 0
                else:
                    say((9, order_id, maker, best, there))
                    qty -= there
                    del queue[maker], where[maker]
            if not queue:
                del others[best]
        if qty and tif != IOC:
            levels = bids if side > 0 else asks
            level_ = levels.get(price)
            if level_ is None:
                levels[price] = {order_id: qty}
                heappush(bid_heap if side > 0 else ask_heap, -price if side > 0 else price)
            else:
                level_[order_id] = qty
            where[order_id] = (side, price)
        elif qty:
            say((8, order_id, qty))
    return trades
