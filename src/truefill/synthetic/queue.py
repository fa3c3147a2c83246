"""One queue at a price that stays: orders come and go at rates that depend on how many there are.

The process is the queue-reactive model's with a fixed price (Huang, Lehalle, Rosenbaum, Journal of the
American Statistical Association 110, 2015, arXiv 1312.0563, model I): a birth-death chain whose law is known.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truefill.core.errors import ConfigError

_KINDS = np.array([1, -1, -2])  # limit order, cancellation, market order


def queue_spells(
    rng: np.random.Generator,
    events: int,
    *,
    limit: ArrayLike,
    cancel: ArrayLike,
    market: ArrayLike,
    size: int = 0,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Let one queue live for so many events.

    Parameters
    ----------
    rng : numpy.random.Generator
    events : int
        How many.
    limit, cancel, market : array_like
        float64[n]: rates at each queue size from 0, 1 / s; nothing leaves an empty queue, and nothing comes
        to one of n - 1.
    size : int
        Where it begins.

    Returns
    -------
    tuple of ndarray
        int64[events] queue sizes, float64[events] how long each lasted in s, int64[events] what ended it:
        1 a limit order, -1 a cancellation, -2 a market order.
    """
    rates = np.stack([np.asarray(x, dtype=np.float64) for x in (limit, cancel, market)], axis=1)
    if rates.ndim != 2 or len(rates) < 2 or not (np.isfinite(rates).all() and (rates >= 0.0).all()):
        raise ConfigError("three columns of rates, 0 or more", f"shape {rates.shape}", "queue_spells")
    rates = rates.copy()
    rates[0, 1:] = 0.0
    rates[-1, 0] = 0.0
    total = rates.sum(axis=1)
    if not (total > 0.0).all():
        raise ConfigError("something that ends each queue size", "a rate of 0 in all", "queue_spells")
    steps = np.cumsum(rates, axis=1) / total[:, None]
    draws, waits = rng.random(events), rng.exponential(1.0, events)
    sizes, ended = np.empty(events, np.int64), np.empty(events, np.int64)
    for i in range(events):
        sizes[i] = size
        what = int(np.searchsorted(steps[size], draws[i], side="right"))
        ended[i] = _KINDS[min(what, 2)]
        size += 1 if what == 0 else -1
    return sizes, waits / total[sizes], ended
