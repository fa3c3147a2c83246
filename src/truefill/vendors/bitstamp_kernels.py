"""Bitstamp's orders followed, and its executions matched in pairs: the compiled part of `bitstamp`."""

import numpy as np

from truefill.core.events import ADD_ORDER, CANCEL_ORDER, FILL, MODIFY_ORDER, TRADE
from truefill.core.jit import entry, helper
from truefill.vendors.orders import (
    BAD_QTY,
    DUPLICATE_ADDS,
    LIVE,
    OVERDRAWN,
    PX,
    QTY,
    SIDE,
    UNKNOWN_CANCELS,
    drop,
    find,
    insert,
    put,
)

# What a line says, column DO of a row. Then side, order id (of a trade its own), price, quantity left.
CREATED, CHANGED, DELETED, TRADED = 1, 2, 3, 4
DO, ROW_SIDE, ROW_ID, ROW_PX, ROW_QTY = 0, 1, 2, 3, 4
# ... and what `follow` adds: the event, its quantity, what was executed; then the partner of an execution.
EVENT_KIND, EVENT_QTY, EXECUTED, ROLE = 5, 6, 7, 8
TIME, LINE = 9, 10  # local, ns
PRICE_OF_PAIR = 11  # the maker's
ROW_COLUMNS = 12

UNPAIRED, MAKER, TAKER = 0, 1, 2

# Counters beside those of `orders`.
OLDER_ORDERS, PAIRS, UNPAIRED_EXECUTIONS, TRADES_WITHOUT_SIDE = 0, 1, 2, 3
PAIR_COUNTERS = 4


@entry
def follow(rows, table, counters, more):
    """Keep the open orders, and write in each row the event that it is and what was executed.

    Parameters
    ----------
    rows : ndarray of int64, shape (n, ROW_COLUMNS)
    table, counters : ndarray of int64
        Of `orders`; room for n more.
    more : ndarray of int64, shape (PAIR_COUNTERS,)
    """
    for i in range(len(rows)):
        row = rows[i]
        if row[DO] == TRADED:
            row[EVENT_KIND], row[EVENT_QTY] = TRADE, row[ROW_QTY]
            continue
        at = find(table, row[ROW_ID])
        known = table[at, SIDE] != 0
        left = row[ROW_QTY]
        if not known:
            if row[DO] == DELETED:
                counters[UNKNOWN_CANCELS] += 1
                continue
            if row[DO] == CHANGED:
                more[OLDER_ORDERS] += 1
            if left <= 0:
                counters[BAD_QTY] += 1
                continue
            insert(table, counters, at, row[ROW_ID], row[ROW_SIDE], row[ROW_PX], left)
            row[EVENT_KIND], row[EVENT_QTY] = ADD_ORDER, left
            continue
        before = table[at, QTY]
        if row[DO] == CREATED:
            counters[DUPLICATE_ADDS] += 1
        row[ROW_SIDE] = table[at, SIDE]
        if left > before and row[DO] != CREATED:
            counters[OVERDRAWN] += 1
        # Deleted with something left is cancelled; what went before without a message went with it.
        if row[DO] == DELETED and left > 0:
            row[ROW_PX] = table[at, PX]
            row[EVENT_KIND], row[EVENT_QTY] = CANCEL_ORDER, before
            drop(table, at)
            counters[LIVE] -= 1
            continue
        if row[DO] != CREATED and row[ROW_PX] == table[at, PX]:
            row[EXECUTED] = max(before - left, 0)
        if left <= 0:
            row[ROW_PX] = table[at, PX]
            row[EVENT_KIND], row[EVENT_QTY] = CANCEL_ORDER, before
            drop(table, at)
            counters[LIVE] -= 1
            continue
        table[at, PX] = row[ROW_PX]
        table[at, QTY] = left
        row[EVENT_KIND], row[EVENT_QTY] = MODIFY_ORDER, left


@helper
def _match(rows, i, j, slack):
    """Whether two executions are the two sides of one trade."""
    a, b = rows[i], rows[j]
    if abs(a[EXECUTED] - b[EXECUTED]) > slack or a[ROW_SIDE] != -b[ROW_SIDE] or b[ROLE] != UNPAIRED:
        return False
    return (a[ROW_PX] - b[ROW_PX]) * a[ROW_SIDE] >= 0


@entry
def pair(rows, most_ns, slack):
    """Match executions that are the two sides of one trade: the order with the lower id was there first.

    Both have the same quantity but for `slack`, opposite sides, and prices that meet, within `most_ns`.
    """
    for i in range(len(rows)):
        if rows[i, EXECUTED] == 0 or rows[i, ROLE] != UNPAIRED:
            continue
        j = i + 1
        while j < len(rows) and rows[j, TIME] - rows[i, TIME] <= most_ns:
            if rows[j, EXECUTED] != 0 and _match(rows, i, j, slack):
                first = i if rows[i, ROW_ID] < rows[j, ROW_ID] else j
                second = i + j - first
                rows[first, ROLE], rows[second, ROLE] = MAKER, TAKER
                rows[first, PRICE_OF_PAIR] = rows[first, ROW_PX]
                rows[second, PRICE_OF_PAIR] = rows[first, ROW_PX]
                break
            j += 1


@helper
def _taker_side(rows, i, most_ns):
    """Side of the taker in a trade that the venue reports: that of a pair of its price and quantity, or 0."""
    best = -1
    j = i - 1
    while j >= 0 and rows[i, TIME] - rows[j, TIME] <= most_ns:
        taker = rows[j, ROLE] == TAKER and rows[j, EVENT_KIND] != TRADE
        if taker and rows[j, EXECUTED] == rows[i, ROW_QTY] and rows[j, PRICE_OF_PAIR] == rows[i, ROW_PX]:
            best = j
            break
        j -= 1
    k = i + 1
    while k < len(rows) and rows[k, TIME] - rows[i, TIME] <= most_ns:
        taker = rows[k, ROLE] == TAKER and rows[k, EVENT_KIND] != TRADE
        if taker and rows[k, EXECUTED] == rows[i, ROW_QTY] and rows[k, PRICE_OF_PAIR] == rows[i, ROW_PX]:
            if best < 0 or rows[k, TIME] - rows[i, TIME] < rows[i, TIME] - rows[best, TIME]:
                best = k
            break
        k += 1
    return 0 if best < 0 else rows[best, ROW_SIDE]


@entry
def write_events(rows, start, end, make_trades, most_ns, more, out):
    """Write the events of ``rows[start:end]``; how many.

    Parameters
    ----------
    rows : ndarray of int64, shape (n, ROW_COLUMNS)
        Followed and paired; those around `start` to `end` are for looking at.
    make_trades : bool
        The source has no trades: make one of each pair.
    out : ndarray of int64, shape (3 * (end - start), 6)
        As of `orders.rewrite`.
    """
    n = 0
    for i in range(start, end):
        row = rows[i]
        kind, side, px = row[EVENT_KIND], row[ROW_SIDE], row[ROW_PX]
        if kind == 0:
            continue
        if kind == TRADE:
            taker = _taker_side(rows, i, most_ns)
            if taker == 0:
                more[TRADES_WITHOUT_SIDE] += 1
            n = put(out, n, TRADE, taker, px, row[EVENT_QTY], row[ROW_ID], i)
            continue
        if row[EXECUTED] > 0 and row[ROLE] != TAKER:
            if row[ROLE] == UNPAIRED:
                more[UNPAIRED_EXECUTIONS] += 1
            else:
                more[PAIRS] += 1
                if make_trades:
                    n = put(out, n, TRADE, -side, px, row[EXECUTED], 0, i)
            n = put(out, n, FILL, side, px, row[EXECUTED], row[ROW_ID], i)
        n = put(out, n, kind, side, px, row[EVENT_QTY], row[ROW_ID], i)
    return n


def new_rows(n: int) -> np.ndarray:
    """Make empty rows."""
    return np.zeros((n, ROW_COLUMNS), np.int64)
