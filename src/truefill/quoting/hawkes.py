"""How much orders bring about orders: a Hawkes process with an exponential kernel, by maximum likelihood.

λ(t) = μ + n β Σ e^(-β (t - t_i)): of all orders a share n follows from others (the branching ratio), within
about 1/β seconds. Exact slopes and second derivatives make Newton's method; intervals are Wald's in the
logarithms of μ and β and in the logit of n.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truefill.core.errors import DataError
from truefill.quoting.fit_status import FitStatus, chi_square_tail, kolmogorov_smirnov
from truefill.quoting.hawkes_kernels import BEND, LIKELIHOOD, SLOPE, hawkes_gaps, hawkes_sums

_NS = 1e-9
_NORMAL_95 = 1.959963984540054
_ROUNDS = 100
_LAGS = 20
# β is looked for from 1 / span to so many times the events' rate.
_FASTEST = 1e4
_SURE = 11.345  # 1 % of a chi-square with three degrees of freedom

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HawkesFit:
    """A fitted process.

    Attributes
    ----------
    status : FitStatus
        `BOUNDARY`: no clustering that Poisson arrivals could not have shown, or a branching ratio of 1.
        `POOR_FIT`: rescaled gaps are not exponential, or go on depending on each other.
    base_rate, branching, decay : float
        μ, 1 / s; n; β, 1 / s. NaN where there is nothing to estimate from.
    base_rate_band, branching_band, decay_band : tuple of float
        95 % intervals.
    gain : float
        Log-likelihood over that of Poisson arrivals.
    events : int
    seconds : float
    fit_probability : float
        Of rescaled gaps so far from exponential (Kolmogorov-Smirnov).
    independence : float
        Of rescaled gaps that depend so much on those before (Ljung-Box, 20 lags).
    """

    status: FitStatus
    base_rate: float
    branching: float
    decay: float
    base_rate_band: tuple[float, float]
    branching_band: tuple[float, float]
    decay_band: tuple[float, float]
    gain: float
    events: int
    seconds: float
    fit_probability: float
    independence: float

    @property
    def mean_rate(self) -> float:
        """Events a second in the long run: μ / (1 - n)."""
        return self.base_rate / (1.0 - self.branching) if self.branching < 1.0 else math.inf


def fit_hawkes(
    times: ArrayLike, start: int, end: int, *, min_events: int = 100, poor_fit: float = 1e-3
) -> HawkesFit:
    """Fit a Hawkes process to events.

    Parameters
    ----------
    times : array_like
        int64[k], UTC ns, not decreasing, in the span. Cut gaps out first: `without_gaps`.
    start, end : int
        The span, UTC ns.
    min_events : int
        Fewer are `FitStatus.FEW_EVENTS`.
    poor_fit : float
        Probabilities under this are `FitStatus.POOR_FIT`.

    Returns
    -------
    HawkesFit
    """
    t = _seconds(times, start, end)
    length = (end - start) * _NS
    nan, none = math.nan, (math.nan, math.nan)
    if len(t) < min_events:
        return HawkesFit(FitStatus.FEW_EVENTS, nan, nan, nan, none, none, none, nan, len(t), length, nan, nan)
    poisson = len(t) * math.log(len(t) / length) - len(t)
    best = -math.inf
    at: Floats = np.zeros(3)
    for decay in np.geomspace(0.1 * len(t) / length, 100.0 * len(t) / length, 4):
        found, like = _climb(t, length, np.array([math.log(0.6 * len(t) / length), -0.4, math.log(decay)]))
        if like > best:
            best, at = like, found
    mu, branching, decay = _natural(at)
    gain = best - poisson
    _, _, bend = _likelihood(t, length, at)
    errors = _errors(bend)
    low, high = (_natural(at + sign * _NORMAL_95 * errors) for sign in (-1.0, 1.0))
    gaps = _rescaled(t, mu, branching, decay)
    probability = kolmogorov_smirnov(-np.expm1(-gaps))
    independence = ljung_box(gaps, _LAGS)
    status = FitStatus.OK
    if not 2.0 * gain > _SURE or branching > 0.999 or not np.isfinite(errors).all():
        status = FitStatus.BOUNDARY
    elif min(probability, independence) < poor_fit:
        status = FitStatus.POOR_FIT
    return HawkesFit(
        status,
        mu,
        branching,
        decay,
        (low[0], high[0]),
        (low[1], high[1]),
        (low[2], high[2]),
        gain,
        len(t),
        length,
        probability,
        independence,
    )


def hawkes_residuals(times: ArrayLike, start: int, end: int, fit: HawkesFit) -> Floats:
    """Give the time between events as the fitted process counts it: exponential with mean 1 if it fits.

    Parameters
    ----------
    times, start, end
        As `fit_hawkes` takes them.
    fit : HawkesFit

    Returns
    -------
    ndarray
        float64[k].
    """
    return _rescaled(_seconds(times, start, end), fit.base_rate, fit.branching, fit.decay)


def without_gaps(times: ArrayLike, gaps: ArrayLike) -> tuple[NDArray[np.int64], int]:
    """Cut spans out of time: what is after one comes right behind what is before it.

    Parameters
    ----------
    times : array_like
        int64[k], ns, not decreasing; those inside of a gap are left out.
    gaps : array_like
        int64[m, 2], begin and end, ns, in order and apart from each other.

    Returns
    -------
    tuple
        Times that are left, moved back by the gaps before them; and how long all gaps are, ns.
    """
    t = np.asarray(times, dtype=np.int64)
    spans = np.asarray(gaps, dtype=np.int64).reshape(-1, 2)
    if not len(spans):
        return t, 0
    lost = np.concatenate([[0], np.cumsum(spans[:, 1] - spans[:, 0])])
    before = np.searchsorted(spans[:, 0], t, side="right")
    inside = (before > 0) & (t < spans[np.maximum(before - 1, 0), 1])
    return (t - lost[before])[~inside], int(lost[-1])


def ljung_box(values: Floats, lags: int) -> float:
    """Probability of values that depend so much on those before them, if they are independent."""
    n = len(values)
    lags = min(lags, n - 2)
    x = values - values.mean()
    power = float(x @ x)
    if lags < 1 or power == 0.0:
        return math.nan
    found = [float(x[k:] @ x[:-k]) / power for k in range(1, lags + 1)]
    return chi_square_tail(n * (n + 2.0) * math.fsum(r * r / (n - k) for k, r in enumerate(found, 1)), lags)


def _seconds(times: ArrayLike, start: int, end: int) -> Floats:
    t = np.asarray(times, dtype=np.int64)
    if t.ndim != 1 or (np.diff(t) < 0).any():
        raise DataError("one column of times that do not decrease", "others", "fit_hawkes.times")
    if not start < end or (len(t) and not start <= t[0] <= t[-1] <= end):
        raise DataError("times in the span from start to end", f"{start} to {end}", "fit_hawkes")
    return np.asarray((t - start) * _NS, dtype=np.float64)


def _natural(x: Floats) -> tuple[float, float, float]:
    """μ, n and β of ln μ, logit n and ln β."""
    return math.exp(x[0]), 1.0 / (1.0 + math.exp(-x[1])), math.exp(x[2])


def _likelihood(t: Floats, length: float, x: Floats) -> tuple[float, Floats, Floats]:
    """Log-likelihood, slope and second derivatives in ln μ, logit n and ln β."""
    out = np.empty(10)
    mu, n, decay = _natural(x)
    hawkes_sums(t, length, mu, n, decay, out)
    slope = out[SLOPE:BEND]
    mm, mn, mb, nn, nb, bb = out[BEND:]
    bend = np.array([[mm, mn, mb], [mn, nn, nb], [mb, nb, bb]])
    scale = np.array([mu, n * (1.0 - n), decay])
    second = np.array([mu, n * (1.0 - n) * (1.0 - 2.0 * n), decay])
    return float(out[LIKELIHOOD]), slope * scale, bend * np.outer(scale, scale) + np.diag(slope * second)


def _climb(t: Floats, length: float, x: Floats) -> tuple[Floats, float]:
    """Newton's method with a damping that grows until a step goes up; within sensible bounds."""
    low = np.array([math.log(1e-6 / length), -12.0, math.log(1.0 / length)])
    high = np.array([math.log(10.0 * len(t) / length), 12.0, math.log(_FASTEST * len(t) / length)])
    like, slope, bend = _likelihood(t, length, x)
    damping = 1e-3
    for _ in range(_ROUNDS):
        # Down the eigenvectors: where the likelihood bends the wrong way, its size says how far to go.
        values, vectors = np.linalg.eigh(bend)
        sizes = np.maximum(np.abs(values), 1e-9) + damping * np.abs(values).max()
        step = np.clip(vectors @ ((vectors.T @ slope) / sizes), -2.0, 2.0)
        there = np.clip(x + step, low, high)
        higher, its_slope, its_bend = _likelihood(t, length, there)
        if higher > like:
            gained, x, like, slope, bend = higher - like, there, higher, its_slope, its_bend
            damping = max(damping * 0.1, 1e-12)
            if gained < 1e-10 * (1.0 + abs(like)):
                break
        else:
            damping *= 10.0
            if damping > 1e6:
                break
    return x, like


def _errors(bend: Floats) -> Floats:
    """Standard errors, from the second derivatives; infinite where the likelihood has no top."""
    values, vectors = np.linalg.eigh(-bend)
    if not values.min() > 1e-9:
        return np.full(3, math.inf)
    errors: Floats = np.sqrt((vectors**2 / values).sum(axis=1))
    return errors


def _rescaled(t: Floats, mu: float, branching: float, decay: float) -> Floats:
    out = np.empty(len(t))
    hawkes_gaps(t, mu, branching, decay, out)
    return out
