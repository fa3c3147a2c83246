"""The queues at the best prices of a tape as spells: how long each size lasted, and what ended it.

From levels one sees quantities only: what came is a limit order, what went away a market order where trades
of that side and price arrived in between, else a cancellation. Sizes are in orders of mean size.
"""

import numpy as np
from numpy.typing import NDArray

from truefill.core.events import BUY, SELL
from truefill.quoting.queue_reactive import QUEUE_CANCEL, QUEUE_LIMIT, QUEUE_MARKET, QUEUE_NOTHING
from truefill.tape import Tape
from truefill.tape.best_levels import best_levels

Spells = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


def best_queue_spells(tape: Tape, side: int, gaps: NDArray[np.int64]) -> Spells:
    """Watch the queue at the best price of one side; a spell that the price's move ends is ended by nothing.

    Parameters
    ----------
    tape : Tape
    side : int
        0: bids, 1: asks.
    gaps : ndarray
        int64[g, 2], local ns, apart from each other: spells that touch one are left out.

    Returns
    -------
    tuple of ndarray
        int64[k] sizes, float64[k] seconds, int64[k] what ended them, for `fit_queue_reactive`.
    """
    when, tick, lots = [], [], []
    for levels in best_levels(tape, "local", 1):
        when.append(levels.ts)
        tick.append(levels.tick[:, side, 0])
        lots.append(levels.lots[:, side, 0])
    none = np.zeros(0, np.int64)
    ts, at, here = (np.concatenate(part) if part else none for part in (when, tick, lots))
    changed = np.flatnonzero(np.append(True, (np.diff(at) != 0) | (np.diff(here) != 0)))[: len(ts)]
    ts, at, here = ts[changed], at[changed], here[changed]
    if len(ts) < 2:
        return none, np.zeros(0), none
    traded = _traded(tape, side, ts, at)
    grew = np.diff(here)
    kind = np.where(grew > 0, QUEUE_LIMIT, np.where(traded, QUEUE_MARKET, QUEUE_CANCEL))
    kind[np.diff(at) != 0] = QUEUE_NOTHING
    there = here[:-1] > 0
    if len(gaps):
        ended = np.searchsorted(gaps[:, 1], ts[:-1], side="right")
        begun = np.searchsorted(gaps[:, 0], ts[1:])
        there &= ended == begun
    kind[here[1:] == 0] = QUEUE_NOTHING
    step = np.abs(grew[(kind != QUEUE_NOTHING) & there])
    mean = float(step.mean()) if len(step) else 1.0
    sizes = np.ceil(here[:-1] / mean).astype(np.int64)
    seconds = np.diff(ts) / 1e9
    return sizes[there], seconds[there], kind[there].astype(np.int64)


def _traded(tape: Tape, side: int, ts: NDArray[np.int64], tick: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether an execution at this price arrived after each row and until the next one."""
    trades = tape.trades
    mine = trades[(trades["ev"] & np.uint64(SELL if side == 0 else BUY)) != 0]
    row = np.searchsorted(ts, mine["local_ts"]) - 1
    inside = (row >= 0) & (row < len(ts) - 1)
    row = row[inside]
    same = np.abs(mine["px"][inside] / tape.tick_size - tick[row]) < 0.5
    found: NDArray[np.bool_] = np.zeros(len(ts) - 1, bool)
    found[row[same]] = True
    return found
