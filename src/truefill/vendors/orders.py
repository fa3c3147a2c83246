"""The orders of a feed that are open now, and the events that the feed's messages make of them.

Venues say "5 of order 7 are gone"; an event says what is left of it. So a reader has to know its open
orders, and no more than that: no levels, no queues. They lie in one table with open addressing; the ops
below are the common language of all sources.
"""

import numpy as np

from truefill.core.events import ADD_ORDER, CANCEL_ORDER, DEPTH_CLEAR, FILL, MODIFY_ORDER, TRADE
from truefill.core.jit import entry, helper

# Ops: what a source says. Sides are +1 bid, -1 ask; of a trade the aggressor's; 0 unknown.
ADD = 1  # a new order
SET = 2  # an order, new or not
MODIFY = 3  # new price and quantity of a known order
REDUCE = 4  # so much less of it
DELETE = 5  # all of it gone
FILLED = 6  # so much of it traded; what takes it out of the book comes later
EXECUTE = 7  # so much of it traded, and is gone: a trade, a fill and what is left
TRADED = 8  # a trade that names no resting order
CLEAR = 9  # no order is left

# Columns of the table of open orders. Side 0: nothing there.
ID, PX, QTY, SIDE = 0, 1, 2, 3
TABLE_COLUMNS = 4

# Counters.
LIVE = 0  # orders open now
DUPLICATE_ADDS = 1
UNKNOWN_CANCELS = 2
UNKNOWN_MODIFIES = 3
UNKNOWN_FILLS = 4
OVERDRAWN = 5  # more was taken off an order than it had
BAD_QTY = 6  # an order of quantity 0 or less
MOST_LIVE = 7
COUNTERS = 8

MOST_EVENTS = 3  # of one op


@helper
def find(table, order_id):
    """Row of an open order, or of the free place where it would go."""
    mask = len(table) - 1
    at = (order_id ^ (order_id >> 15) ^ (order_id >> 31)) & mask
    while table[at, SIDE] != 0 and table[at, ID] != order_id:
        at = (at + 1) & mask
    return at


@helper
def drop(table, hole):
    """Empty a row, and close the hole: what was pushed past it moves back."""
    mask = len(table) - 1
    table[hole, SIDE] = 0
    at = (hole + 1) & mask
    while table[at, SIDE] != 0:
        order_id = table[at, ID]
        home = (order_id ^ (order_id >> 15) ^ (order_id >> 31)) & mask
        if ((at - home) & mask) >= ((at - hole) & mask):
            for column in range(TABLE_COLUMNS):
                table[hole, column] = table[at, column]
            table[at, SIDE] = 0
            hole = at
        at = (at + 1) & mask


@helper
def put(out, n, kind, side, px, qty, order_id, source):
    """Write one event; the next free row."""
    out[n, 0] = kind
    out[n, 1] = side
    out[n, 2] = px
    out[n, 3] = qty
    out[n, 4] = order_id
    out[n, 5] = source
    return n + 1


@helper
def insert(table, counters, at, order_id, side, px, qty):
    """Enter an order at the free row `at`."""
    table[at, ID] = order_id
    table[at, PX] = px
    table[at, QTY] = qty
    table[at, SIDE] = side
    counters[LIVE] += 1
    counters[MOST_LIVE] = max(counters[MOST_LIVE], counters[LIVE])


@helper
def remove(table, counters, at, out, n, source):
    """Cancel all of the order in row `at`; the next free event."""
    n = put(out, n, CANCEL_ORDER, table[at, SIDE], table[at, PX], table[at, QTY], table[at, ID], source)
    drop(table, at)
    counters[LIVE] -= 1
    return n


@helper
def reduce(table, counters, at, qty, out, n, source):
    """Take `qty` off the order in row `at`; the next free event."""
    left = table[at, QTY] - qty
    if left < 0:
        counters[OVERDRAWN] += 1
    if left <= 0:
        return remove(table, counters, at, out, n, source)
    table[at, QTY] = left
    return put(out, n, MODIFY_ORDER, table[at, SIDE], table[at, PX], left, table[at, ID], source)


@helper
def apply(table, counters, op, side, order_id, px, qty, out, n, source):
    """Do one op; the next free event."""
    if op == TRADED:
        return put(out, n, TRADE, side, px, qty, order_id, source)
    if op == CLEAR:
        for i in range(len(table)):
            table[i, SIDE] = 0
        counters[LIVE] = 0
        return put(out, n, DEPTH_CLEAR, 0, 0, 0, 0, source)
    at = find(table, order_id)
    known = table[at, SIDE] != 0
    if op == ADD or op == SET or op == MODIFY:
        if op == ADD and known:
            counters[DUPLICATE_ADDS] += 1
        if op == MODIFY and not known:
            counters[UNKNOWN_MODIFIES] += 1
        if qty <= 0:
            counters[BAD_QTY] += 1
            return remove(table, counters, at, out, n, source) if known else n
        if known and side != 0 and table[at, SIDE] != side:  # it changed sides: another order
            n = remove(table, counters, at, out, n, source)
            at = find(table, order_id)
            known = False
        if known:
            table[at, PX] = px
            table[at, QTY] = qty
            return put(out, n, MODIFY_ORDER, table[at, SIDE], px, qty, order_id, source)
        if side == 0:
            counters[BAD_QTY] += 1
            return n
        insert(table, counters, at, order_id, side, px, qty)
        return put(out, n, ADD_ORDER, side, px, qty, order_id, source)
    if op == FILLED or op == EXECUTE:
        if not known:
            counters[UNKNOWN_FILLS] += 1
        resting = table[at, SIDE] if known else side
        if op == EXECUTE:
            n = put(out, n, TRADE, -resting, px, qty, 0, source)
        n = put(out, n, FILL, resting, px, qty, order_id, source)
        if op == FILLED or not known:
            return n
        return reduce(table, counters, at, qty, out, n, source)
    if not known:
        counters[UNKNOWN_CANCELS] += 1
        return n
    if op == REDUCE:
        return reduce(table, counters, at, qty, out, n, source)
    return remove(table, counters, at, out, n, source)


@entry
def rewrite(ops, table, counters, out):
    """Turn ops into events.

    Parameters
    ----------
    ops : ndarray of int64, shape (n, 5)
        Op, side, order id, price, quantity.
    table : ndarray of int64, shape (2**k, TABLE_COLUMNS)
        Open orders; has room for n more.
    counters : ndarray of int64, shape (COUNTERS,)
    out : ndarray of int64, shape (MOST_EVENTS * n, 6)
        Kind, side, price, quantity, order id, and the row in `ops`.

    Returns
    -------
    int
        Number of events.
    """
    n = 0
    for i in range(len(ops)):
        n = apply(table, counters, ops[i, 0], ops[i, 1], ops[i, 2], ops[i, 3], ops[i, 4], out, n, i)
    return n


@entry
def move_all(old, new):
    """Enter the orders of one table in another, empty one."""
    for i in range(len(old)):
        if old[i, SIDE] != 0:
            at = find(new, old[i, ID])
            for column in range(TABLE_COLUMNS):
                new[at, column] = old[i, column]


def new_table(size: int = 1024) -> np.ndarray:
    """Make an empty table of open orders; `size` is a power of two."""
    return np.zeros((size, TABLE_COLUMNS), np.int64)
