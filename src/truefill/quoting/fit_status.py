"""How a calibration ended, and the few distributions that say whether it fits."""

import math
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class FitStatus(StrEnum):
    """Whether a fit can be quoted with: only `OK` can without a thought.

    `FEW_EVENTS`: too little to go by; take a longer window. `BOUNDARY`: the estimate is at the end of its
    range (no order ever went past the best price: no decay to see). `POOR_FIT`: an exponential does not
    describe the depths; the numbers are the best of a wrong family. `STALE`: nothing has happened for too
    long.
    """

    OK = "ok"
    FEW_EVENTS = "few_events"
    BOUNDARY = "boundary"
    POOR_FIT = "poor_fit"
    STALE = "stale"


def chi_square_tail(value: float, freedom: int) -> float:
    """Probability of a chi-square that is larger: the regularised upper incomplete gamma function."""
    a, x = 0.5 * freedom, 0.5 * value
    if x <= 0.0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1.0:  # the series of the lower one
        term = total = 1.0 / a
        n = a
        while abs(term) > 1e-16 * abs(total):
            n += 1.0
            term *= x / n
            total += term
        return max(0.0, 1.0 - front * total)
    b = x + 1.0 - a  # the continued fraction of the upper one (Lentz)
    c, d = 1e300, 1.0 / b
    h = d
    for i in range(1, 10_000):
        step = -i * (i - a)
        b += 2.0
        d = 1.0 / (step * d + b)
        c = b + step / c
        h *= d * c
        if abs(d * c - 1.0) < 1e-15:
            break
    return front * h


def kolmogorov_smirnov(uniform: NDArray[np.float64]) -> float:
    """Probability that so many uniform numbers are as far from uniform as these (Stephens' approximation)."""
    n = len(uniform)
    ordered = np.sort(uniform)
    ranks = np.arange(1, n + 1)
    distance = max(float((ranks / n - ordered).max()), float((ordered - (ranks - 1) / n).max()))
    t = distance * (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n))
    if t < 0.2:
        return 1.0
    terms = [2.0 * (-1) ** (j - 1) * math.exp(-2.0 * (j * t) ** 2) for j in range(1, 101)]
    return min(1.0, max(0.0, math.fsum(terms)))
