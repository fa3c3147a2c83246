"""The paper's numbers (Avellaneda, Stoikov 2008, tables 1 to 3), and those that pages and tests share."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truefill.quoting import MarketModel, Unit, avellaneda_stoikov_depths, policy_grid

SIGMA, RATE, DECAY, HORIZON, STEPS, PATHS = 2.0, 140.0, 1.5, 1.0, 200, 1000
NODES = 60
MODEL = MarketModel.symmetric(Unit.PRICE, sigma=SIGMA, rate=RATE, decay=DECAY)
GLFT_MODEL = MarketModel.symmetric(Unit.TICK, sigma=0.3, rate=0.9, decay=0.3)


class Row(NamedTuple):
    """One published row, and the exact values of it."""

    gamma: float
    strategy: str
    spread: float
    profit: float
    sd: float
    inventory: float
    inventory_sd: float
    exact: tuple[float, float, float]  # mean, sd, sd of the inventory


TABLES = [
    Row(0.1, "inventory", 1.49, 65.0, 6.6, 0.08, 2.9, (64.8925, 6.5432, 2.9268)),
    Row(0.1, "symmetric", 1.49, 68.4, 12.7, 0.26, 8.4, (68.2228, 13.4558, 8.3994)),
    Row(0.01, "inventory", 1.35, 68.6, 8.7, 0.12, 5.1, (68.3996, 8.9606, 5.2125)),
    Row(0.01, "symmetric", 1.35, 68.8, 12.8, 0.09, 8.7, (68.6661, 13.6775, 8.7117)),
    Row(1.0, "inventory", 3.02, 31.4, 5.0, 0.02, 1.7, (31.4545, 4.8379, 1.6414)),
    Row(1.0, "symmetric", 3.02, 44.0, 11.0, 0.00, 5.1, (43.6853, 10.7332, 5.1714)),
]


def mean_spread(gamma: float) -> float:
    """Spread of the paper's quotes, averaged over its time steps."""
    dt = HORIZON / STEPS
    spreads = [
        sum(avellaneda_stoikov_depths(0.0, HORIZON - i * dt, SIGMA, DECAY, DECAY, gamma, 1.0))
        for i in range(STEPS)
    ]
    return float(np.mean(spreads))


def policy(
    gamma: float,
    strategy: str,
    *,
    steps: int = STEPS,
    nodes: int = NODES,
    floor: float = -math.inf,
    midpoint=False,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The paper's strategies as tables: quotes by inventory, or the same spread around the mid."""

    def inventory(tau: float, q: float) -> tuple[float, float]:
        bid, ask = avellaneda_stoikov_depths(q, tau, SIGMA, DECAY, DECAY, gamma, 1.0)
        return max(bid, floor), max(ask, floor)

    half = 0.5 * mean_spread(gamma)
    depths = inventory if strategy == "inventory" else lambda tau, q: (half, half)
    return policy_grid(depths, horizon=HORIZON, steps=steps, nodes=nodes, midpoint=midpoint)


def simulate(
    bid: NDArray[np.float64], ask: NDArray[np.float64], paths: int, rng: np.random.Generator, scheme: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Monte Carlo of a policy table in the paper's way: fills, then the mid's step. Profit and inventory."""
    steps, nodes = bid.shape
    dt = HORIZON / steps
    cash, mid = np.zeros(paths), np.zeros(paths)
    q = np.zeros(paths, dtype=np.int64)
    for k in range(steps):
        depths = bid[k][q + nodes // 2], ask[k][q + nodes // 2]
        for sign, depth in zip((1, -1), depths, strict=True):
            rate = RATE * np.exp(-DECAY * depth) * dt
            chance = np.minimum(1.0, rate) if scheme == "capped" else -np.expm1(-rate)
            hit = rng.random(paths) < chance
            cash -= np.where(hit, sign * (mid - sign * np.where(hit, depth, 0.0)), 0.0)
            q = q + sign * hit
        mid = mid + SIGMA * math.sqrt(dt) * rng.choice([-1.0, 1.0], paths)
    return cash + q * mid, q.astype(np.float64)
