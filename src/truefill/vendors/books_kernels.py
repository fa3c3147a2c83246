"""From one book to the next: the compiled part of `books`."""

from truefill.core.events import DEPTH, DEPTH_CLEAR, DEPTH_SNAPSHOT
from truefill.core.jit import entry, helper

# Columns of what comes out.
KIND, SIDE, PX, QTY, ROW = 0, 1, 2, 3, 4
COLUMNS = 5

# State.
BIDS, ASKS = 0, 1  # levels of the book that is kept
STARTED = 2
STATE = 3


@helper
def _put(out, n, kind, side, px, qty, row):
    out[n, KIND] = kind
    out[n, SIDE] = side
    out[n, PX] = px
    out[n, QTY] = qty
    out[n, ROW] = row
    return n + 1


@helper
def _change(px, qty, row, place, old_px, old_qty, state, out, n):
    """Events of one side, as two sorted lists are merged. `place` is 0 for bids, 1 for asks."""
    side = 1 if place == 0 else -1
    kind = DEPTH if state[STARTED] else DEPTH_SNAPSHOT
    old, olds = 0, state[place]
    for level in range(px.shape[2]):
        if qty[row, place, level] <= 0:
            continue
        price, quantity = px[row, place, level], qty[row, place, level]
        while old < olds and (old_px[place, old] - price) * side > 0:
            n = _put(out, n, DEPTH, side, old_px[place, old], 0, row)
            old += 1
        if old < olds and old_px[place, old] == price:
            if old_qty[place, old] != quantity:
                n = _put(out, n, kind, side, price, quantity, row)
            old += 1
        else:
            n = _put(out, n, kind, side, price, quantity, row)
    while old < olds:
        n = _put(out, n, DEPTH, side, old_px[place, old], 0, row)
        old += 1
    return n


@helper
def _keep(px, qty, row, place, old_px, old_qty, state):
    n = 0
    for level in range(px.shape[2]):
        if qty[row, place, level] > 0:
            old_px[place, n] = px[row, place, level]
            old_qty[place, n] = qty[row, place, level]
            n += 1
    state[place] = n


@helper
def _unsorted(px, qty, row, place):
    """The first level that is not further out than the one before it; -1 when all are."""
    side = 1 if place == 0 else -1
    before = -1
    for level in range(px.shape[2]):
        if qty[row, place, level] > 0:
            if before >= 0 and (px[row, place, before] - px[row, place, level]) * side <= 0:
                return level
            before = level
    return -1


@entry
def changes(px, qty, old_px, old_qty, state, out, fault):
    """Events that lead from each book to the next.

    Parameters
    ----------
    px, qty : ndarray of int64, shape (n, 2, levels)
        Books: bids, asks, from the best outward; a quantity of 0 or less is no level.
    old_px, old_qty : ndarray of int64, shape (2, levels)
        The book before; changed.
    state : ndarray of int64, shape (STATE,)
        Changed.
    out : ndarray of int64, shape (n * (4 * levels + 1), COLUMNS)
    fault : ndarray of int64, shape (3,)
        Row, side and level of the first price out of order; untouched when all are in order.

    Returns
    -------
    int
        Number of events.
    """
    n = 0
    for row in range(len(px)):
        for place in range(2):
            level = _unsorted(px, qty, row, place)
            if level >= 0:
                fault[0] = row
                fault[1] = place
                fault[2] = level
                return n
        if not state[STARTED]:
            n = _put(out, n, DEPTH_CLEAR, 0, 0, 0, row)
        for place in range(2):
            n = _change(px, qty, row, place, old_px, old_qty, state, out, n)
            _keep(px, qty, row, place, old_px, old_qty, state)
        state[STARTED] = 1
    return n
