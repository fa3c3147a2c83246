"""How much of a best result is the choosing: deflated Sharpe ratio, probability of backtest overfitting.

Sources: D. H. Bailey, M. López de Prado, "The Sharpe ratio efficient frontier", Journal of Risk 15(2), 2012
(PSR), and "The deflated Sharpe ratio", Journal of Portfolio Management 40(5), 2014 (DSR, eq. 1 and 2); D. H.
Bailey, J. M. Borwein, M. López de Prado, Q. J. Zhu, "The probability of backtest overfitting", Journal of
Computational Finance 20(4), 2017 (CSCV). Sharpe ratios here are those of one period, not of a year.
"""

import itertools
import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truefill.core.errors import InputError

_EULER = 0.5772156649015329
_NORMAL = NormalDist()
_MOST_SPLITS = 20


def sharpe(profits: ArrayLike) -> float:
    """Mean over standard deviation of some profits; 0 where there never was one, NaN for fewer than 2."""
    x = np.asarray(profits, dtype=np.float64)
    if len(x) < 2:
        return math.nan
    sd = float(x.std(ddof=1))
    mean = float(x.mean())
    return mean / sd if sd > 0.0 else 0.0 if mean == 0.0 else math.copysign(math.inf, mean)


def probabilistic_sharpe(
    ratio: float, benchmark: float, periods: int, skewness: float = 0.0, kurtosis: float = 3.0
) -> float:
    """Probability that the true Sharpe ratio is over a benchmark.

    Parameters
    ----------
    ratio, benchmark : float
        Of one period.
    periods : int
        That the ratio was measured in.
    skewness, kurtosis : float
        Of the profits; a normal law has 0 and 3.
    """
    spread = 1.0 - skewness * ratio + 0.25 * (kurtosis - 1.0) * ratio * ratio
    if periods < 2 or not spread > 0.0 or not math.isfinite(ratio):
        return math.nan
    return _NORMAL.cdf((ratio - benchmark) * math.sqrt(periods - 1.0) / math.sqrt(spread))


def expected_best_sharpe(trials: int, deviation: float) -> float:
    """The largest Sharpe ratio that so many trials without any skill are expected to show.

    Parameters
    ----------
    trials : int
        Independent ones.
    deviation : float
        Standard deviation of the trials' ratios, of one period.
    """
    if trials < 2:
        return 0.0
    first, second = (_NORMAL.inv_cdf(1.0 - 1.0 / (trials * factor)) for factor in (1.0, math.e))
    return deviation * ((1.0 - _EULER) * first + _EULER * second)


def deflated_sharpe(
    ratio: float,
    trials: int,
    deviation: float,
    periods: int,
    skewness: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """Probability that the best of several trials is better than luck: PSR against the expected best.

    Parameters
    ----------
    ratio : float
        Of the best trial, one period.
    trials : int
    deviation : float
        Standard deviation of all trials' ratios, of one period.
    periods : int
    skewness, kurtosis : float
        Of the best trial's profits.
    """
    best = expected_best_sharpe(trials, deviation)
    return probabilistic_sharpe(ratio, best, periods, skewness, kurtosis)


def moments(profits: ArrayLike) -> tuple[float, float]:
    """Skewness and kurtosis (3 for a normal law); 0 and 3 where nothing varies."""
    x = np.asarray(profits, dtype=np.float64)
    centred = x - x.mean() if len(x) else x
    variance = float((centred**2).mean()) if len(x) else 0.0
    if variance <= 0.0:
        return 0.0, 3.0
    return float((centred**3).mean()) / variance**1.5, float((centred**4).mean()) / variance**2


class Overfitting(NamedTuple):
    """What combinatorially symmetric cross-validation says.

    Attributes
    ----------
    probability : float
        That the best of the one half is under the median of the other. 0.5 and more: choosing says nothing.
    loss : float
        Share of the halves in which the chosen one lost money in the other.
    slope : float
        Of the chosen ones' ratio in the other half against that in their own; below 1 is decay.
    combinations : int
    """

    probability: float
    loss: float
    slope: float
    combinations: int


def backtest_overfitting(profits: ArrayLike, splits: int = 16) -> Overfitting:
    """Probability of backtest overfitting (CSCV), by Sharpe ratios.

    The periods are cut in `splits` blocks; for each way to take half of them the best trial there is ranked
    in the other half.

    Parameters
    ----------
    profits : array_like
        float64[T, N]: of N trials in the same T periods.
    splits : int
        Even, 2 to 20.

    Returns
    -------
    Overfitting
    """
    x = np.asarray(profits, dtype=np.float64)
    if splits % 2 or not 2 <= splits <= _MOST_SPLITS:
        raise InputError(f"an even number of splits, 2 to {_MOST_SPLITS}", splits, "backtest_overfitting")
    if x.ndim != 2 or x.shape[1] < 2 or len(x) < 2 * splits or not np.isfinite(x).all():
        raise InputError(
            f"at least two trials and {2 * splits} periods, all numbers",
            f"shape {x.shape}",
            "backtest_overfitting",
        )
    length = len(x) // splits
    blocks = x[: length * splits].reshape(splits, length, x.shape[1])
    sums, squares = blocks.sum(axis=1), (blocks**2).sum(axis=1)
    chosen = list(itertools.combinations(range(splits), splits // 2))
    picks = np.zeros((len(chosen), splits))
    picks[np.arange(len(chosen))[:, None], np.array(chosen)] = 1.0
    inside = _ratios(picks @ sums, picks @ squares, length * splits // 2)
    outside = _ratios((1.0 - picks) @ sums, (1.0 - picks) @ squares, length * splits // 2)
    best = inside.argmax(axis=1)
    rows = np.arange(len(chosen))
    theirs = outside[rows, best]
    # Rank from 1; trials that are alike share the middle of theirs.
    under = (outside < theirs[:, None]).sum(axis=1)
    alike = (outside == theirs[:, None]).sum(axis=1)
    rank = under + 0.5 * (alike + 1.0)
    relative = rank / (x.shape[1] + 1.0)
    own = inside[rows, best]
    slope = math.nan
    if own.std() > 0.0:
        slope = float(np.polyfit(own, theirs, 1)[0])
    return Overfitting(float((relative <= 0.5).mean()), float((theirs < 0.0).mean()), slope, len(chosen))


def _ratios(sums: NDArray[np.float64], squares: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Sharpe ratios from sums and sums of squares; 0 for those that never did anything."""
    mean = sums / count
    variance = np.maximum(squares / count - mean**2, 0.0)
    idle = variance <= 1e-24 * np.maximum(mean**2, 1e-300)
    ratios: NDArray[np.float64] = np.where(idle, 0.0, mean / np.sqrt(np.where(idle, 1.0, variance)))
    return ratios
