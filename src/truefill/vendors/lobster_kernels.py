"""LOBSTER's messages to events, held against its order-book file: the compiled part of `lobster`.

The book's levels are kept as two sorted rows of prices (best last) with their totals, beside the table of
open orders. After each message they are made equal to the levels that the order-book file shows.
"""

import numpy as np

from truefill.core.events import TRADE, TRADING_STATUS
from truefill.core.jit import entry, helper
from truefill.vendors import orders
from truefill.vendors.orders import ID, LIVE, PX, QTY, SIDE, apply, find, put

# Columns of a message.
TYPE, ORDER, SIZE, PRICE, DIRECTION = 0, 1, 2, 3, 4

# Types.
NEW, PARTIAL_CANCEL, DELETION, VISIBLE, HIDDEN, CROSS, HALT = 1, 2, 3, 4, 5, 6, 7

# State.
LEVELS_ASK, LEVELS_BID = 0, 1  # levels known, each side
WORST_ASK, WORST_BID = 2, 3  # worst prices shown after the last message
FULL_ASK, FULL_BID = 4, 5  # whether all levels of the file were in use then
STARTED = 6
INITIAL_ORDERS = 7  # made for levels that stood before the first message
TO_INITIAL = 8  # messages about orders that are in one of those
REVEALED = 9  # levels that came into sight with a quantity that no message explains
VANISHED = 10  # ... or with less than was known
MENDED = 11  # levels in sight before and after the message that it does not explain
STATE = 12

NO_PRICE = 9_999_999_999  # LOBSTER's price of a level that is not there, with a size of 0
_MADE_UP = np.int64(1) << 62  # ids of orders of our own making: this, price and side


@helper
def made_up_id(side, px):
    """Id of the one order that stands for all that is unknown of a level."""
    return _MADE_UP | (px << 1) | (1 if side < 0 else 0)


@helper
def _level(prices, state, side, px):
    """Place of a level, or where it would have to go, as -1 - place."""
    row = 0 if side < 0 else 1
    at = state[row]
    # Best last: of asks the lowest, of bids the highest.
    while at > 0 and (prices[row, at - 1] - px) * side > 0:
        at -= 1
    if at > 0 and prices[row, at - 1] == px:
        return at - 1
    return -1 - at


@helper
def change_level(prices, totals, state, side, px, by):
    """Add to a level's total; make it, or remove it at nothing."""
    row = 0 if side < 0 else 1
    at = _level(prices, state, side, px)
    if at < 0:
        at = -1 - at
        for k in range(state[row], at, -1):
            prices[row, k] = prices[row, k - 1]
            totals[row, k] = totals[row, k - 1]
        prices[row, at] = px
        totals[row, at] = 0
        state[row] += 1
    totals[row, at] += by
    if totals[row, at] <= 0:
        state[row] -= 1
        for k in range(at, state[row]):
            prices[row, k] = prices[row, k + 1]
            totals[row, k] = totals[row, k + 1]


@helper
def do(table, counters, prices, totals, state, op, side, order_id, px, qty, out, n, i):
    """Apply one op to orders and levels; the next free event."""
    at = find(table, order_id)
    if table[at, SIDE] != 0:
        change_level(prices, totals, state, table[at, SIDE], table[at, PX], -table[at, QTY])
    n = apply(table, counters, op, side, order_id, px, qty, out, n, i)
    at = find(table, order_id)
    if table[at, SIDE] != 0:
        change_level(prices, totals, state, table[at, SIDE], table[at, PX], table[at, QTY])
    return n


@helper
def _shrink(table, counters, prices, totals, state, side, px, by, out, n, i):
    """Take `by` off a level: of the order that stands for the unknown first, then of the newest."""
    while by > 0:
        newest = -1
        for at in range(len(table)):
            # Ids of our own making are above all others.
            here = table[at, SIDE] == side and table[at, PX] == px
            if here and (newest < 0 or table[at, ID] > table[newest, ID]):
                newest = at
        if newest < 0:
            return n
        qty = min(by, table[newest, QTY])
        order_id = table[newest, ID]
        n = do(table, counters, prices, totals, state, orders.REDUCE, side, order_id, px, qty, out, n, i)
        by -= qty
    return n


@helper
def _enlarge(table, counters, prices, totals, state, side, px, by, out, n, i):
    """Add `by` to a level, to the order that stands for the unknown."""
    order_id = made_up_id(side, px)
    at = find(table, order_id)
    qty = by if table[at, SIDE] == 0 else by + table[at, QTY]
    return do(table, counters, prices, totals, state, orders.SET, side, order_id, px, qty, out, n, i)


@helper
def _difference(state, side, px, grew):
    """Count a level that the message does not explain."""
    row = 0 if side < 0 else 1
    if not state[FULL_ASK + row] or (px - state[WORST_ASK + row]) * side >= 0:
        state[MENDED] += 1  # it was in sight
    elif grew:
        state[REVEALED] += 1
    else:
        state[VANISHED] += 1


@helper
def hold_against(table, counters, prices, totals, state, shown, side, out, n, i):
    """Make one side equal to the levels shown, from the best to the worst of them."""
    row = 0 if side < 0 else 1
    first = 0 if side < 0 else 2
    depth = len(shown) // 4
    levels = 0
    while levels < depth and shown[4 * levels + first + 1] > 0:
        levels += 1
    for k in range(levels):
        px, size = shown[4 * k + first], shown[4 * k + first + 1]
        # What is better than this level, and not shown, is gone.
        at = state[row] - 1 - k
        while at >= 0 and (prices[row, at] - px) * side > 0:
            gone, total = prices[row, at], totals[row, at]
            _difference(state, side, gone, False)
            n = _shrink(table, counters, prices, totals, state, side, gone, total, out, n, i)
            at = state[row] - 1 - k
        known = totals[row, at] if at >= 0 and prices[row, at] == px else 0
        if known < size:
            _difference(state, side, px, True)
            n = _enlarge(table, counters, prices, totals, state, side, px, size - known, out, n, i)
        elif known > size:
            _difference(state, side, px, False)
            n = _shrink(table, counters, prices, totals, state, side, px, known - size, out, n, i)
    if levels < depth:  # all there is
        while state[row] > levels:
            gone, total = prices[row, 0], totals[row, 0]
            _difference(state, side, gone, False)
            n = _shrink(table, counters, prices, totals, state, side, gone, total, out, n, i)
    state[FULL_ASK + row] = 1 if levels == depth else 0
    if levels > 0:
        state[WORST_ASK + row] = shown[4 * (levels - 1) + first]
    return n


@helper
def begin(table, counters, prices, totals, state, message, shown, out, n, i):
    """Enter the levels that stood before the first message: the first row without what it did."""
    for side in (-1, 1):
        first = 0 if side < 0 else 2
        row = 0 if side < 0 else 1
        for k in range(len(shown) // 4):
            px, size = shown[4 * k + first], shown[4 * k + first + 1]
            if size > 0:
                change_level(prices, totals, state, side, px, size)
    side, px = message[DIRECTION], message[PRICE]
    if message[TYPE] == NEW:
        change_level(prices, totals, state, side, px, -message[SIZE])
    elif message[TYPE] in (PARTIAL_CANCEL, DELETION, VISIBLE):
        change_level(prices, totals, state, side, px, message[SIZE])
    for side in (-1, 1):
        row = 0 if side < 0 else 1
        for k in range(state[row] - 1, -1, -1):
            px, size = prices[row, k], totals[row, k]
            n = apply(table, counters, orders.ADD, side, made_up_id(side, px), px, size, out, n, i)
            state[INITIAL_ORDERS] += 1
    return n


@entry
def read_messages(messages, book, start, table, counters, prices, totals, state, out):
    """Turn messages into events.

    Parameters
    ----------
    messages : ndarray of int64, shape (n, 5)
        Type, order id, size, price, direction.
    book : ndarray of int64, shape (n, 4 * levels)
        The order-book file's rows; no levels without one.
    start : int
        First message to read.
    table, counters : ndarray of int64
        Open orders, see `orders`. Small, because `_shrink` looks through all of it.
    prices, totals : ndarray of int64, shape (2, room)
        Levels: asks, bids; best last. Unused without a book file.
    state : ndarray of int64, shape (STATE,)
    out : ndarray of int64, shape (m, 6)
        As of `orders.rewrite`.

    Returns
    -------
    (int, int)
        The first message not read because `out` or `table` is full, and the number of events.
    """
    n = 0
    held = book.shape[1] > 0
    for i in range(start, len(messages)):
        if n + counters[LIVE] + 2 * book.shape[1] + 8 > len(out):
            return i, n
        if 2 * (counters[LIVE] + book.shape[1] + 8) > len(table):
            return i, n
        message = messages[i]
        kind, order_id, side = message[TYPE], message[ORDER], message[DIRECTION]
        qty, px = message[SIZE], message[PRICE]
        if held and state[STARTED] == 0:
            n = begin(table, counters, prices, totals, state, message, book[i], out, n, i)
            state[STARTED] = 1
        if kind == HIDDEN:
            n = put(out, n, TRADE, -side, px, qty, 0, i)
        elif kind == CROSS:
            n = put(out, n, TRADE, 0, px, qty, 0, i)
        elif kind == HALT:
            n = put(out, n, TRADING_STATUS, 0, 0, 0, 0, i)
        else:
            if kind != NEW and held and table[find(table, order_id), SIDE] == 0:
                unknown = made_up_id(side, px)
                if table[find(table, unknown), SIDE] != 0:
                    order_id = unknown
                    state[TO_INITIAL] += 1
                    if kind == DELETION:
                        kind = PARTIAL_CANCEL
            if kind == NEW:
                op = orders.ADD
            elif kind == PARTIAL_CANCEL:
                op = orders.REDUCE
            elif kind == DELETION:
                op = orders.DELETE
            else:
                op = orders.EXECUTE
            if held:
                n = do(table, counters, prices, totals, state, op, side, order_id, px, qty, out, n, i)
            else:
                n = apply(table, counters, op, side, order_id, px, qty, out, n, i)
        if held:
            n = hold_against(table, counters, prices, totals, state, book[i], -1, out, n, i)
            n = hold_against(table, counters, prices, totals, state, book[i], 1, out, n, i)
    return len(messages), n
