"""Market orders with a known intensity: Poisson or in clusters, at a best price that moves; noisy mids."""

import numpy as np
from numpy.typing import NDArray

from truefill.quoting import SideFlow

RATE, DECAY = 0.9, 0.3
NS = 1_000_000_000


def made_flow(
    rng: np.random.Generator, seconds: float, *, branching: float = 0.0, best_at: float | None = None
) -> SideFlow:
    """One side, ticks: orders that reach δ come A e^(-k δ) times a second; best price 0.5 to 2 ticks from
    the mid.

    With `branching`, each order has so many children on average, a second later on average, and the mean rate
    stays.
    """
    changes = np.sort(rng.uniform(0.0, seconds, int(seconds / 2)))
    changes[0] = 0.0
    distance = 0.5 * rng.integers(1, 5, len(changes))
    if best_at is not None:
        distance[:] = best_at
    born = rng.uniform(0.0, seconds, rng.poisson((1.0 - branching) * RATE * seconds))
    all_times = [born]
    while len(born):
        children = rng.poisson(branching, len(born))
        born = np.repeat(born, children) + rng.exponential(1.0, children.sum())
        born = born[born < seconds]
        all_times.append(born)
    times = np.sort(np.concatenate(all_times))
    reach = rng.exponential(1.0 / DECAY, len(times))  # beyond the mid
    best = distance[np.searchsorted(changes, times) - 1]
    hit = reach >= best
    past = np.floor(reach[hit] - best[hit])
    return SideFlow(
        (times[hit] * NS).astype(np.int64),
        best[hit] + past,
        (changes * NS).astype(np.int64),
        distance,
        0,
        round(seconds * NS),
    )


def noisy_mid(
    rng: np.random.Generator, *, seconds: float = 3600.0, noise: float = 0.5
) -> NDArray[np.float64]:
    """A walk with 0.5 ticks / sqrt(s), seen every 0.1 s with noise on a grid of half ticks."""
    n = round(seconds / 0.1)
    walk = np.concatenate([[0.0], rng.normal(0.0, 0.5 * np.sqrt(0.1), n).cumsum()])
    seen = walk + rng.normal(0.0, 1.0, n + 1) * noise
    return np.round(2.0 * seen) / 2.0 if noise else seen
