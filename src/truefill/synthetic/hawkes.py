"""Events that bring about events: a Hawkes process with a known branching ratio, made as the clusters that
it is.
"""

import math

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import ConfigError


def hawkes_times(
    rng: np.random.Generator, seconds: float, *, base_rate: float, branching: float, decay: float
) -> NDArray[np.int64]:
    """Make the times of a Hawkes process with an exponential kernel, from an empty past.

    Every event has a Poisson number of children, `branching` on average, each an exponential time later
    (Hawkes and Oakes, Journal of Applied Probability 11, 1974, 493-503).

    Parameters
    ----------
    rng : numpy.random.Generator
    seconds : float
        Length.
    base_rate : float
        Events that nothing has brought about, 1 / s.
    branching : float
        Children of each event, 0 to under 1.
    decay : float
        β: children come 1 / β seconds later on average, 1 / s.

    Returns
    -------
    ndarray
        int64[k], ns from the beginning, not decreasing.
    """
    for name, value in (("seconds", seconds), ("base_rate", base_rate), ("decay", decay)):
        if not (math.isfinite(value) and value > 0.0):
            raise ConfigError("a positive number", value, f"hawkes_times.{name}")
    if not 0.0 <= branching < 1.0:
        raise ConfigError("0 to under 1", branching, "hawkes_times.branching")
    born = rng.uniform(0.0, seconds, rng.poisson(base_rate * seconds))
    generations = [born]
    while len(born):
        children = rng.poisson(branching, len(born))
        born = np.repeat(born, children) + rng.exponential(1.0 / decay, int(children.sum()))
        born = born[born < seconds]
        generations.append(born)
    return np.sort((np.concatenate(generations) * 1e9).astype(np.int64))
