"""The micro-price (Stoikov, Quantitative Finance 18(12), 2018): the mid plus where it is expected to go.

A state is an imbalance bucket and a spread. From recorded best prices: how often each state becomes which,
with the mid unmoved or moved by so much; the expected moves, summed, are a table that is added to the mid.
The sample is mirrored, so that the table is odd in the imbalance. Buckets are fixed parts of 0 to 1, and not
quantiles of all data, which would look ahead.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truefill.core.errors import DataError
from truefill.core.gate import whole
from truefill.core.jit import helper

_TERMS = 6


def fit_micro_price(
    bid_ticks: ArrayLike,
    ask_ticks: ArrayLike,
    bid_qtys: ArrayLike,
    ask_qtys: ArrayLike,
    *,
    buckets: int = 10,
    max_spread: int = 4,
) -> NDArray[np.float64]:
    """Learn the table from best prices and their quantities, one row for each change.

    Parameters
    ----------
    bid_ticks, ask_ticks : array_like
        int64[n]; rows with a side missing must be left out.
    bid_qtys, ask_qtys : array_like
        float64[n], positive.
    buckets : int
        Parts of the imbalance.
    max_spread : int
        Widest spread with a state of its own, ticks; rows with a wider one are left out.

    Returns
    -------
    ndarray
        float64[max_spread, buckets]: what to add to the mid, ticks; 0 for states that were never left.
    """
    count = whole(buckets, "buckets, 2 or more", 2, 1000, DataError, "fit_micro_price")
    widest = whole(max_spread, "a spread of 1 tick or more", 1, 1000, DataError, "fit_micro_price")
    bid, ask = np.asarray(bid_ticks, dtype=np.int64), np.asarray(ask_ticks, dtype=np.int64)
    bid_qty, ask_qty = np.asarray(bid_qtys, dtype=np.float64), np.asarray(ask_qtys, dtype=np.float64)
    if not bid.shape == ask.shape == bid_qty.shape == ask_qty.shape or bid.ndim != 1:
        raise DataError("four columns of one length", f"{bid.shape}, {ask.shape}", "fit_micro_price")
    if (bid >= ask).any() or not (bid_qty > 0).all() or not (ask_qty > 0).all():
        raise DataError("bids under asks, positive quantities", "others", "fit_micro_price")
    spread = ask - bid
    share = bid_qty / (bid_qty + ask_qty)
    bucket = np.minimum((share * count).astype(np.int64), count - 1)
    mirror = np.minimum(((1.0 - share) * count).astype(np.int64), count - 1)
    inside = (spread[:-1] <= widest) & (spread[1:] <= widest)
    moves = 0.5 * np.diff(bid + ask)[inside]
    states = widest * count
    still: NDArray[np.float64] = np.zeros((states, states))
    moved: NDArray[np.float64] = np.zeros((states, states))
    gained = np.zeros(states)
    for part, sign in ((bucket, 1.0), (mirror, -1.0)):
        state = (spread - 1) * count + part
        here, there = state[:-1][inside], state[1:][inside]
        quiet = moves == 0.0
        np.add.at(still, (here[quiet], there[quiet]), 1.0)
        np.add.at(moved, (here[~quiet], there[~quiet]), 1.0)
        np.add.at(gained, here, sign * moves)
    left = still.sum(axis=1) + moved.sum(axis=1)
    rows = np.maximum(left, 1.0)[:, None]
    # A state from which the mid never moved has no expectation: it is given up, not guessed.
    alive = _reach_a_move(still, moved)
    still = np.where(alive[:, None] & alive, still / rows, 0.0)
    moved = np.where(alive[:, None], moved / rows, 0.0)
    first = np.linalg.solve(np.eye(states) - still, np.where(alive, gained / rows[:, 0], 0.0))
    again = np.linalg.solve(np.eye(states) - still, moved)
    table, term = first.copy(), first
    for _ in range(_TERMS - 1):
        term = again @ term
        table = table + term
    shaped: NDArray[np.float64] = np.ascontiguousarray(table.reshape(widest, count))
    return shaped


def _reach_a_move(still: NDArray[np.float64], moved: NDArray[np.float64]) -> NDArray[np.bool_]:
    """States from which the mid can move in the end, by way of others."""
    alive: NDArray[np.bool_] = moved.sum(axis=1) > 0.0
    for _ in range(len(still)):
        more: NDArray[np.bool_] = alive | ((still > 0.0) @ alive)
        if (more == alive).all():
            break
        alive = more
    return alive


@helper
def micro_price(table, bid_tick, ask_tick, bid_qty, ask_qty):  # type: ignore[no-untyped-def]
    """The mid and the table's correction, ticks; the mid alone for a spread beyond the table.

    Parameters
    ----------
    table : ndarray
        From `fit_micro_price`.
    bid_tick, ask_tick : int
    bid_qty, ask_qty : float

    Returns
    -------
    float
        Ticks.
    """
    mid = 0.5 * (bid_tick + ask_tick)
    row = ask_tick - bid_tick - 1
    total = bid_qty + ask_qty
    if row < 0 or row >= table.shape[0] or not total > 0.0:
        return mid
    column = min(math.floor(bid_qty / total * table.shape[1]), table.shape[1] - 1)
    return mid + table[row, column]
