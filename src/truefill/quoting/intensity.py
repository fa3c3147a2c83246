"""How often a quote is filled by its distance: A e^(-k distance), from recorded market orders, with error
bars.

Three estimators of one side, all of the *touch* convention (a quote at δ is filled by every order that
reaches δ or farther; it is alone there, and first). *Through* (only orders that go past δ) has the same k
and A e^(-k tick).

* `fit_lattice`, the one to take: prices are on a lattice, so how far orders go past the best price is
  geometric; A follows from the time that the best price spent at each distance.
* `fit_waiting_times`: virtual quotes, how long until each is filled, those that never are counted in.
* `fit_regression`: a line through the logarithms of tail rates. It is what is usually documented, and has
  about three times the error; here for comparison.
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truefill.core.errors import ConfigError
from truefill.quoting.fit_status import FitStatus, chi_square_tail, kolmogorov_smirnov
from truefill.quoting.flow import SideFlow
from truefill.quoting.parameters import MarketModel, Unit, positive

_CONVENTIONS = ("touch", "through")
_NS = 1e-9
# Counts are compared in windows so long; with fewer of them their spread says nothing.
_WINDOW_S = 30.0
_FEWEST_WINDOWS = 20
_NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class IntensityFit:
    """Intensity of one side. Lengths in ticks.

    Attributes
    ----------
    status : FitStatus
    method, convention : str
        ``"lattice"``, ``"waiting_times"`` or ``"regression"``; ``"touch"`` or ``"through"``.
    rate, decay : float
        A, 1 / s, and k, 1 / tick. NaN where there is nothing to estimate from.
    log_rate_error, decay_error : float
        Standard errors of ln A and of k.
    rate_band, decay_band : tuple of float
        95 % intervals.
    events : int
        Market orders, or fills.
    seconds : float
        Time with a book.
    dispersion : float
        Variance over mean of the orders in windows of 30 s, at least 1: what clustering does to the error of
        A. 1 where there are fewer than 20 windows.
    fit_probability : float
        Of depths so far from the fitted law (chi-square); NaN where nothing was compared.
    """

    status: FitStatus
    method: str
    convention: str
    rate: float
    decay: float
    log_rate_error: float
    decay_error: float
    rate_band: tuple[float, float]
    decay_band: tuple[float, float]
    events: int
    seconds: float
    dispersion: float
    fit_probability: float

    def through(self) -> "IntensityFit":
        """The same for quotes that only orders going past them fill: A e^(-k tick)."""
        if self.convention == "through":
            return self
        less = math.exp(-self.decay)
        low, high = self.rate_band
        return replace(self, convention="through", rate=self.rate * less, rate_band=(low * less, high * less))


def fit_lattice(
    flow: SideFlow, *, min_events: int = 20, poor_fit: float = 1e-3, stale_after: float = math.inf
) -> IntensityFit:
    """Estimate A and k by maximum likelihood on the price lattice, given the book.

    k = ln(1 + 1 / mean x) with x the ticks an order went past the best price, A = n / ∫ e^(-k l(t)) dt with
    l the best price's distance. The error of A has the counts' dispersion in it, because orders come in
    clusters: with Poisson errors a 95 % interval covers 57 % at a branching ratio of 0.6.

    Parameters
    ----------
    flow : SideFlow
    min_events : int
        Fewer orders are `FitStatus.FEW_EVENTS`.
    poor_fit : float
        A chi-square probability under this is `FitStatus.POOR_FIT`.
    stale_after : float
        More seconds than this without an order before the end are `FitStatus.STALE`.

    Returns
    -------
    IntensityFit
    """
    rows, past = flow.marks()
    distances, seconds = flow.exposure()
    n, total = len(past), float(seconds.sum())
    if n == 0 or total <= 0.0:
        return no_fit("lattice", n, total)
    mean = float(past.mean())
    dispersion = _dispersion(flow, rows)
    if mean == 0.0:
        # Nothing went past the best price. The rate of quotes there is known, the decay only from below.
        return replace(no_fit("lattice", n, total), status=FitStatus.BOUNDARY, dispersion=dispersion)
    decay = math.log1p(1.0 / mean)
    p = -math.expm1(-decay)
    decay_error = p / math.sqrt((1.0 - p) * n)
    weights = seconds * np.exp(-decay * distances)
    rate = n / float(weights.sum())
    # without BLAS, whose threads cost more than they give at this size
    centre = float(np.einsum("i,i->", weights, distances) / weights.sum())
    log_rate_error = math.sqrt(dispersion / n + (centre * decay_error) ** 2)
    probability = _depths_probability(past, p)
    silence = (flow.end - int(flow.times[rows[-1]])) * _NS
    status = FitStatus.OK
    if n < min_events:
        status = FitStatus.FEW_EVENTS
    elif silence > stale_after:
        status = FitStatus.STALE
    elif probability < poor_fit:
        status = FitStatus.POOR_FIT
    return _fit(
        status, "lattice", rate, decay, log_rate_error, decay_error, n, total, dispersion, probability
    )


def fit_waiting_times(
    depths: ArrayLike, fills: ArrayLike, seconds: ArrayLike, *, min_events: int = 20, poor_fit: float = 1e-3
) -> IntensityFit:
    """Estimate A and k from virtual quotes: fills over waiting time, the time of unfilled ones included.

    A Poisson regression of fills on depth with the waiting time as exposure.

    Parameters
    ----------
    depths : array_like
        float64[m]: distances of the quotes, ticks; at least two different ones.
    fills : array_like
        float64[m]: how many were filled.
    seconds : array_like
        float64[m]: how long they waited, filled or not.
    min_events, poor_fit
        As `fit_lattice` takes them.

    Returns
    -------
    IntensityFit
    """
    d, n, t = (np.asarray(x, dtype=np.float64) for x in (depths, fills, seconds))
    if not (d.ndim == 1 and d.shape == n.shape == t.shape and len(np.unique(d)) >= 2):
        raise ConfigError(
            "depths, fills and seconds of one length, two depths at least", d.shape, "fit_waiting_times"
        )
    if not (np.isfinite(d).all() and (n >= 0).all() and (t > 0).all() and np.isfinite(t).all()):
        raise ConfigError(
            "finite depths, fills of 0 or more, positive seconds", "others", "fit_waiting_times"
        )
    events = int(n.sum())
    if np.count_nonzero(n) < 2:
        return no_fit("waiting_times", events, float(t.sum()))
    seen = n > 0
    slope, start = np.polyfit(d[seen], np.log(n[seen] / t[seen]), 1, w=np.sqrt(n[seen]))
    beta = np.array([start, slope])
    design = np.stack([np.ones_like(d), d], axis=1)
    for _ in range(100):
        mean = t * np.exp(np.clip(design @ beta, -700.0, 700.0))
        information = design.T @ (design * mean[:, None])
        step = np.linalg.solve(information, design.T @ (n - mean))
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-12:
            break
    mean = t * np.exp(design @ beta)
    covariance = np.linalg.inv(design.T @ (design * mean[:, None]))
    pearson = float(((n - mean) ** 2 / mean).sum())
    freedom = len(d) - 2
    probability = chi_square_tail(pearson, freedom) if freedom else math.nan
    dispersion = max(1.0, pearson / freedom) if freedom else 1.0
    status = FitStatus.OK
    if events < min_events:
        status = FitStatus.FEW_EVENTS
    elif beta[1] >= 0.0:
        status = FitStatus.BOUNDARY
    elif probability < poor_fit:
        status = FitStatus.POOR_FIT
    errors = np.sqrt(np.diag(covariance) * dispersion)
    return _fit(
        status,
        "waiting_times",
        math.exp(beta[0]),
        -float(beta[1]),
        float(errors[0]),
        float(errors[1]),
        events,
        float(t.sum()),
        dispersion,
        probability,
    )


def virtual_waiting_times(
    flow: SideFlow, depths: ArrayLike, *, every: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Post virtual quotes at distances from the mid (pegged to it), anew `every` seconds, and time their
    fills.

    Parameters
    ----------
    flow : SideFlow
    depths : array_like
        float64[m], ticks. On the lattice of prices: between two of them a quote waits for orders that reach
        the farther one, and its rate seems too low.
    every : float
        s: a quote that is not filled by then is taken away, and its time counts.

    Returns
    -------
    tuple of ndarray
        Depths, fills and seconds, for `fit_waiting_times`.
    """
    period = round(positive(every, "virtual_waiting_times.every") / _NS)
    d = np.asarray(depths, dtype=np.float64)
    starts = np.arange(flow.start, flow.end - period + 1, period)
    fills, seconds = np.zeros(len(d)), np.zeros(len(d))
    for j, depth in enumerate(d):
        reached = np.append(flow.times[flow.depths >= depth], np.iinfo(np.int64).max)
        waited = reached[np.searchsorted(reached, starts)] - starts
        fills[j] = np.count_nonzero(waited < period)
        seconds[j] = np.minimum(waited, period).sum() * _NS
    seen = seconds > 0.0
    return d[seen], fills[seen], seconds[seen]


def fit_regression(flow: SideFlow, *, weighted: bool = False, min_events: int = 20) -> IntensityFit:
    """Fit a line to the logarithm of how many orders a second reach each depth or farther.

    Parameters
    ----------
    flow : SideFlow
    weighted : bool
        Weigh each depth with its orders; without, the rarest depths count as much as the most frequent.
    min_events : int
        As in `fit_lattice`.

    Returns
    -------
    IntensityFit
        Its errors are those of the line, and too small: tail counts are not independent.
    """
    rows, _ = flow.marks()
    _, seconds = flow.exposure()
    total, n = float(seconds.sum()), len(rows)
    reached, counts = np.unique(flow.depths[rows], return_counts=True)
    if len(reached) < 3 or total <= 0.0:
        return no_fit("regression", n, total)
    tail = counts[::-1].cumsum()[::-1]
    weights = np.sqrt(tail) if weighted else np.ones(len(tail))
    (slope, start), covariance = np.polyfit(reached, np.log(tail / total), 1, w=weights, cov=True)
    status = FitStatus.OK if n >= min_events else FitStatus.FEW_EVENTS
    if slope >= 0.0:
        status = FitStatus.BOUNDARY
    errors = np.sqrt(np.diag(covariance))
    return _fit(
        status,
        "regression",
        math.exp(start),
        -float(slope),
        float(errors[1]),
        float(errors[0]),
        n,
        total,
        1.0,
        math.nan,
    )


def arrivals_probability(flow: SideFlow, fit: IntensityFit) -> float:
    """Probability of arrivals so unlike those of the fitted rate: times rescaled by it, Kolmogorov-Smirnov.

    Small where orders come in clusters, which no constant A can show; the error of A knows of it by the
    dispersion.
    """
    gaps = rescaled_arrivals(flow, fit)
    return kolmogorov_smirnov(-np.expm1(-gaps)) if len(gaps) else math.nan


def rescaled_arrivals(flow: SideFlow, fit: IntensityFit) -> NDArray[np.float64]:
    """Give the time between orders as the fitted rate counts it: exponential with mean 1 if it fits.

    Parameters
    ----------
    flow : SideFlow
    fit : IntensityFit

    Returns
    -------
    ndarray
        float64[k], one less than there are orders; empty where there is no fit.
    """
    if not (fit.rate > 0.0 and fit.decay > 0.0):
        return np.zeros(0)
    rows, _ = flow.marks()
    edges = np.clip(np.append(flow.best_times, flow.end), flow.start, flow.end)
    rates = fit.rate * np.exp(-fit.decay * np.nan_to_num(flow.best_distances, nan=math.inf))
    passed = np.concatenate([[0.0], np.cumsum(rates * np.diff(edges) * _NS)])
    return np.diff(np.interp(flow.times[rows], edges, passed))


def bootstrap_lattice(
    flow: SideFlow, rng: np.random.Generator, *, blocks: int = 200, repeats: int = 500
) -> tuple[tuple[float, float], tuple[float, float]]:
    """95 % intervals of A and k from blocks of time drawn with replacement: whatever the clustering.

    Parameters
    ----------
    flow : SideFlow
    rng : numpy.random.Generator
    blocks : int
        How many the span is cut into; they should be longer than clusters are.
    repeats : int

    Returns
    -------
    tuple of (low, high)
        Of A, 1 / s, and of k, 1 / tick.
    """
    rows, past = flow.marks()
    edges = np.linspace(flow.start, flow.end, blocks + 1).astype(np.int64)
    where = np.clip(np.searchsorted(edges, flow.times[rows], side="right") - 1, 0, blocks - 1)
    count = np.bincount(where, minlength=blocks)
    ticks = np.bincount(where, weights=past, minlength=blocks)
    exposures = [flow.cut(int(a), int(b)).exposure() for a, b in pairwise(edges)]
    levels = np.unique(np.concatenate([d for d, _ in exposures]))
    table = np.zeros((blocks, len(levels)))
    for b, (distances, seconds) in enumerate(exposures):
        np.add.at(table[b], np.searchsorted(levels, distances), seconds)
    drawn = rng.multinomial(blocks, np.full(blocks, 1.0 / blocks), size=repeats).astype(np.float64)
    n, x = drawn @ count, drawn @ ticks
    usable = (n > 0) & (x > 0)
    decay = np.log1p(n[usable] / x[usable])
    rate = n[usable] / (drawn[usable] @ table * np.exp(-decay[:, None] * levels)).sum(axis=1)
    if not usable.any():
        return (math.nan, math.nan), (math.nan, math.nan)
    low, high = np.quantile(rate, [0.025, 0.975])
    soft, hard = np.quantile(decay, [0.025, 0.975])
    return (float(low), float(high)), (float(soft), float(hard))


def market_model(
    bid: IntensityFit,
    ask: IntensityFit,
    sigma: float,
    *,
    fee: float = 0.0,
    jump: float = 0.0,
    accept: tuple[FitStatus, ...] = (FitStatus.OK,),
) -> MarketModel:
    """Put two fits and a volatility together, in ticks; refuse what was not fitted well.

    Parameters
    ----------
    bid, ask : IntensityFit
        Of one convention.
    sigma : float
        Ticks / sqrt(s).
    fee, jump : float
        Ticks.
    accept : tuple of FitStatus
        What is good enough.

    Raises
    ------
    ConfigError
        When a side's status is another, and says what to change.
    """
    if bid.convention != ask.convention:
        raise ConfigError("fits of one convention", f"{bid.convention}, {ask.convention}", "market_model")
    for side, fit in (("bid", bid), ("ask", ask)):
        if fit.status not in accept or not (fit.rate > 0.0 and fit.decay > 0.0):
            raise ConfigError(
                f"a fit of the {side} side that is "
                + " or ".join(accept)
                + ": a longer window, or another period",
                f"{fit.status} from {fit.events} orders in {fit.seconds:g} s",
                "market_model",
            )
    return MarketModel(
        unit=Unit.TICK,
        sigma=sigma,
        bid_rate=bid.rate,
        bid_decay=bid.decay,
        ask_rate=ask.rate,
        ask_decay=ask.decay,
        fee=fee,
        jump=jump,
    )


def _dispersion(flow: SideFlow, rows: NDArray[np.int64]) -> float:
    windows = int((flow.end - flow.start) * _NS / _WINDOW_S)
    if windows < _FEWEST_WINDOWS:
        return 1.0
    where = ((flow.times[rows] - flow.start) * _NS / _WINDOW_S).astype(np.int64)
    counts = np.bincount(where, minlength=windows)[:windows]
    return max(1.0, float(counts.var(ddof=1)) / max(float(counts.mean()), 1e-12))


def _depths_probability(past: NDArray[np.float64], p: float) -> float:
    """Chi-square of the depths against the geometric law; cells of fewer than 5 expected are one."""
    n = len(past)
    expected, observed = [], []
    most = int(past.max())
    counts = np.bincount(past.astype(np.int64), minlength=most + 1)
    left, seen = float(n), 0
    for x in range(most + 1):
        cell = n * p * (1.0 - p) ** x
        if cell < 5.0 or left - cell < 5.0:
            break
        expected.append(cell)
        observed.append(int(counts[x]))
        left -= cell
        seen += int(counts[x])
    expected.append(left)
    observed.append(n - seen)
    freedom = len(expected) - 2
    if freedom < 1:
        return math.nan
    e, o = np.array(expected), np.array(observed)
    return chi_square_tail(float(((o - e) ** 2 / e).sum()), freedom)


def no_fit(method: str, events: int, seconds: float) -> IntensityFit:
    """Give the fit of nothing: no numbers, `FitStatus.FEW_EVENTS`."""
    nan = math.nan
    return IntensityFit(
        FitStatus.FEW_EVENTS,
        method,
        "touch",
        nan,
        nan,
        nan,
        nan,
        (nan, nan),
        (nan, nan),
        events,
        seconds,
        1.0,
        nan,
    )


def _fit(
    status: FitStatus,
    method: str,
    rate: float,
    decay: float,
    log_rate_error: float,
    decay_error: float,
    events: int,
    seconds: float,
    dispersion: float,
    probability: float,
) -> IntensityFit:
    away, wide = _NORMAL_95 * log_rate_error, _NORMAL_95 * decay_error
    return IntensityFit(
        status,
        method,
        "touch",
        rate,
        decay,
        log_rate_error,
        decay_error,
        (rate * math.exp(-away), rate * math.exp(away)),
        (max(0.0, decay - wide), decay + wide),
        events,
        seconds,
        dispersion,
        probability,
    )
