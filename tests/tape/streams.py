"""Random event streams with everything that goes wrong in real ones."""

import numpy as np

from truefill.core.events import (
    BUY,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EVENT,
    EXCH,
    GAP_BEGIN,
    GAP_END,
    LOCAL,
    SELL,
    TICKER_BID,
    TRADE,
    TRADING_STATUS,
)

KINDS = [DEPTH, TRADE, DEPTH_SNAPSHOT, DEPTH_CLEAR, TICKER_BID, GAP_BEGIN, GAP_END, TRADING_STATUS, 200]
SHARES = [0.66, 0.12, 0.08, 0.02, 0.05, 0.02, 0.02, 0.02, 0.01]


def random_events(seed: int, size: int, *, clock_behind: bool = False, splits: bool = True) -> np.ndarray:
    """EVENT rows: disorder, equal times, split rows, far prices, clears, gaps, trades off the levels."""
    random = np.random.default_rng(seed)
    e = np.zeros(size, EVENT)
    e["exch_ts"] = 1_000_000 + np.cumsum(random.integers(0, 3, size)) * 1000
    back = random.random(size) < 0.05
    e["exch_ts"][back] -= random.integers(0, 9, back.sum()) * 1000
    e["local_ts"] = np.maximum.accumulate(e["exch_ts"]) + random.integers(0, 3, size) * 1000
    if clock_behind:
        e["local_ts"] -= 7_777
    kind = random.choice(KINDS, size, p=SHARES)
    runs = random.random(size) < 0.5  # snapshots come in runs
    kind[1:] = np.where(runs[1:] & (kind[:-1] == DEPTH_SNAPSHOT), DEPTH_SNAPSHOT, kind[1:])
    side = random.choice([BUY, SELL], size)
    sideless = np.isin(kind, (TRADE, DEPTH_CLEAR)) & (random.random(size) < 0.1)
    side[sideless] = 0
    flags = np.full(size, EXCH | LOCAL)
    if splits:
        flags = random.choice([EXCH | LOCAL, EXCH, LOCAL], size, p=[0.9, 0.05, 0.05])
    e["ev"] = kind.astype(np.uint64) | side.astype(np.uint64) | flags.astype(np.uint64)
    ticks = 1000 + random.integers(-8, 8, size)
    far = random.random(size) < 0.02
    ticks[far] = random.integers(1, 100_000, far.sum())
    e["px"] = ticks / 20  # 0.05
    trade = kind == TRADE
    e["px"][trade] += 0.05 * random.integers(0, 2, trade.sum())
    e["px"] = np.round(e["px"], 2)
    e["px"][(kind == DEPTH_CLEAR) & (random.random(size) < 0.4)] = np.nan
    off_tick = (kind == DEPTH_CLEAR) & (random.random(size) < 0.3)
    e["px"][off_tick] += 0.013
    e["qty"] = np.where(random.random(size) < 0.3, 0, random.integers(1, 20, size)) * 0.25
    huge = random.random(size) < 0.01
    e["qty"][huge] = 1e12
    e["order_id"] = np.arange(size)
    e["ival"] = random.integers(-9, 9, size)
    return e
