"""Best prices of a crossed book: what to add to its levels so that the same ones are best again.

A level that a newer price of the other side crossed is best no more, even when that price has gone since
(`core.l2book`). Which levels those are is in the order of what happened, and not in the levels: where a book
that is put together from its levels has other best prices, an order of one lot that comes and goes at a
crossed level says again what the price that has gone had said.
"""

import numpy as np

from truefill.core.events import (
    ADD_ORDER,
    BUY,
    CANCEL_ORDER,
    DEPTH,
    EVENT,
    KIND_MASK,
    SELL,
)
from truefill.core.l2book import TOP_ASK, TOP_BID, new_book, set_level
from truefill.tape.snapshots import in_units
from truefill.tape.tape import Tape

_PROBE_ID = 1 << 62


def settling(tape: Tape, rows: np.ndarray, top: np.ndarray) -> np.ndarray:
    """Rows behind those of a book (levels, or orders one by one) after which `top` are the best levels.

    None, as a rule: only a book with crossed levels needs some, and one that was crossed from both sides at
    once may get none that do it.
    """
    ticks = np.rint(rows["px"] / tape.tick_size).astype(np.int64)
    codes = 2 * np.searchsorted(tape.level_tick, ticks) + (rows["ev"] & np.uint64(SELL) != 0)
    lots = np.rint(rows["qty"] / tape.lot_size).astype(np.int64)
    for order in ((), (1,), (0,), (1, 0), (0, 1)):
        qty, now = new_book(len(tape.level_tick))
        for code, more in zip(codes.tolist(), lots.tolist(), strict=True):
            set_level(qty, now, code, qty[code] + more)
        added = [_probe(qty, now, side, top) for side in order]
        if now[TOP_BID] == top[TOP_BID] and now[TOP_ASK] == top[TOP_ASK]:
            return _rows(tape, [code for code in added if code is not None], rows)
    return np.zeros(0, EVENT)


def _probe(qty: np.ndarray, now: np.ndarray, side: int, top: np.ndarray) -> int | None:
    """Let an order of the other side come and go at the crossed level of `side` nearest to its best."""
    held = np.flatnonzero(qty[side::2] > 0)
    best = int(top[side])
    crossed = held if best < 0 else held[held < best] if side else held[held > best]
    if not len(crossed):
        return None
    level = int(crossed[-1] if side else crossed[0])
    code = 2 * level + 1 - side
    before = int(qty[code])
    set_level(qty, now, code, before + 1)
    set_level(qty, now, code, before)
    return code


def _rows(tape: Tape, codes: list[int], book: np.ndarray) -> np.ndarray:
    """Rows of orders of one lot that come and go: levels or orders, as the book's rows are."""
    out = np.zeros(2 * len(codes), EVENT)
    by_order = bool(len(book)) and int(book["ev"][0]) & KIND_MASK == ADD_ORDER
    for n, code in enumerate(codes):
        both = out[2 * n : 2 * n + 2]
        side = SELL if code & 1 else BUY
        both["px"] = in_units(tape.level_tick[code >> 1 : (code >> 1) + 1], tape.header.tick_size)
        if by_order:
            both["ev"] = ADD_ORDER | side, CANCEL_ORDER | side
            both["order_id"] = _PROBE_ID + n
            both["qty"] = tape.lot_size, 0.0
        else:
            there = book["qty"][(book["px"] == both["px"][0]) & (book["ev"] & np.uint64(side) != 0)].sum()
            both["ev"] = DEPTH | side
            both["qty"] = there + tape.lot_size, there
    return out
