"""All that a market maker wants to know of a recording: intensities, volatility, clusters, queues, markouts.

Over the whole recording, and as it would have been known at many times (rolling): those fits see nothing of
what came later. Knows nothing of how it is shown.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from truefill.analysis.market_flow import MarketFlow, market_flow
from truefill.analysis.queue_flow import best_queue_spells
from truefill.core.errors import ConfigError
from truefill.core.gate import whole
from truefill.core.records import BUY_SIDE, SELL_SIDE
from truefill.quoting import (
    Calibration,
    HawkesFit,
    IntensityFit,
    Markouts,
    QueueFit,
    SideFlow,
    VolatilityFit,
    arrivals_probability,
    bootstrap_lattice,
    calibration_series,
    fit_hawkes,
    fit_intensity,
    fit_queue_reactive,
    fit_volatility,
    hawkes_residuals,
    markouts,
    merge_executions,
    rescaled_arrivals,
    sample_path,
    without_gaps,
    without_holes,
)
from truefill.quoting.fitting import INTENSITIES
from truefill.quoting.parameters import positive
from truefill.quoting.volatility import METHODS
from truefill.tape import Tape

Floats = NDArray[np.float64]
Progress = Callable[[float, float], None]

FINE = 0.1  # s: grid of the signature plot
# s: how far apart the steps of each estimator are; the others go by the grid itself.
STEPS = {"realised": 30.0, "bipower": 5.0, "med_realised": 5.0}
BAR = 60.0  # s: of Garman and Klass
_BINS = 40  # of the depth histogram, at most
_MOST_FITS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationSettings:
    """How to calibrate. Times are seconds.

    Parameters
    ----------
    window : float, optional
        Of rolling fits; by default an hour, or a quarter of a recording under four hours.
    step : float, optional
        Between rolling fits; by default a sixth of the window.
    intensity : str
        One of `truefill.quoting.fitting.INTENSITIES`.
    volatility : str
        One of `truefill.quoting.volatility.METHODS`.
    sample_every : float, optional
        Grid of the volatility's path; by default 1 s, or 0.1 s for windows under half an hour.
    horizon : float
        How long a virtual quote waits (``"waiting_times"``).
    min_events : int
        Market orders a side under which a fit is `few_events`.
    stale_after : float, optional
        Silence at the end after which a fit is `stale`; by default a quarter of the window.
    """

    window: float | None = None
    step: float | None = None
    intensity: str = "lattice"
    volatility: str = "two_scale"
    sample_every: float | None = None
    horizon: float = 10.0
    min_events: int = 20
    stale_after: float | None = None

    def __post_init__(self) -> None:
        for name, known in (("intensity", INTENSITIES), ("volatility", tuple(METHODS))):
            if getattr(self, name) not in known:
                raise ConfigError("one of " + ", ".join(known), repr(getattr(self, name)), name)
        for name in ("window", "step", "sample_every", "stale_after", "horizon"):
            value = getattr(self, name)
            if value is not None:
                positive(value, name)
        whole(self.min_events, "2 or more orders", 2, 1 << 62, ConfigError, "min_events")

    def of(self, seconds: float) -> "CalibrationSettings":
        """The same with every default made a number, for a recording of this length.

        Raises
        ------
        ConfigError
            The window is longer than the recording, the grid has too few points, or there were too many fits.
        """
        window = self.window or min(3600.0, max(seconds / 4.0, 10.0))
        step = self.step or window / 6.0
        every = self.sample_every or (1.0 if window >= 1800.0 else 0.1)
        if window > seconds:
            raise ConfigError(f"a window within the recording of {seconds:g} s", f"{window:g} s", "window")
        if every * 100 > window:
            raise ConfigError(
                "a window of at least 100 points of the volatility's grid (a longer window, or a finer grid)",
                f"{window:g} s in steps of {every:g} s",
                "window",
            )
        if (seconds - window) / step > _MOST_FITS:
            raise ConfigError(f"a step that makes at most {_MOST_FITS:,} fits", f"{step:g} s", "step")
        stale = self.stale_after or window / 4.0
        return replace(self, window=window, step=step, sample_every=every, stale_after=stale)


class DepthHistogram(NamedTuple):
    """How many ticks past the best price orders went, and the fitted law, in bins of a few ticks."""

    past: NDArray[np.int64]  # int64[m], ticks: where each bin begins
    width: int  # ticks of a bin
    seen: NDArray[np.int64]  # int64[m], orders
    expected: Floats  # float64[m]


@dataclass(frozen=True, slots=True, eq=False)
class SideCalibration:
    """One side over the whole recording.

    Attributes
    ----------
    flow : SideFlow
    fit : IntensityFit
        By the estimator that was asked for.
    others : tuple of IntensityFit
        By the other ones.
    rate_blocks, decay_blocks : tuple of float
        95 % intervals of A (1 / s) and k (1 / tick) by blocks of time drawn again: the second opinion.
    arrivals : float
        Probability of arrivals so unlike Poisson's at the fitted rate; small where orders come in clusters.
    gaps, cluster_gaps : ndarray
        float64[k]: times between orders as the fitted rate counts them, and as the Hawkes fit does.
    histogram : DepthHistogram
    clusters : HawkesFit
    queue : QueueFit
        At the best price.
    """

    flow: SideFlow
    fit: IntensityFit
    others: tuple[IntensityFit, ...]
    rate_blocks: tuple[float, float]
    decay_blocks: tuple[float, float]
    arrivals: float
    gaps: Floats
    cluster_gaps: Floats
    histogram: DepthHistogram
    clusters: HawkesFit
    queue: QueueFit


@dataclass(frozen=True, slots=True, eq=False)
class MarketCalibration:
    """A calibrated recording. Lengths in ticks.

    Attributes
    ----------
    market : MarketFlow
    settings : CalibrationSettings
        With every default made a number.
    bid, ask : SideCalibration
        Of orders that hit bids, and asks.
    volatility : tuple of VolatilityFit
        By all estimators, the one that was asked for first.
    signature : tuple of (float, float)
        Interval, s, and volatility by the plain sum of squares at it: noise where it is higher on the left.
    rolling : list of Calibration
        As it would have been known at the end of each window.
    adverse : Markouts
        Of everybody's fills, for the maker, ticks.
    """

    market: MarketFlow
    settings: CalibrationSettings
    bid: SideCalibration
    ask: SideCalibration
    volatility: tuple[VolatilityFit, ...]
    signature: tuple[tuple[float, float], ...]
    rolling: list[Calibration]
    adverse: Markouts


def calibrate_market(
    tape: Tape,
    settings: CalibrationSettings | None = None,
    *,
    seed: int = 1,
    progress: Progress | None = None,
) -> MarketCalibration:
    """Calibrate a recording.

    Parameters
    ----------
    tape : Tape
    settings : CalibrationSettings, optional
    seed : int
        Of the blocks that are drawn again.
    progress : callable, optional
        Called with the work done and the work in all.

    Returns
    -------
    MarketCalibration

    Raises
    ------
    DataError
        Nothing ever arrived.
    ConfigError
        Settings that do not fit the recording.
    """
    told = progress or (lambda done, total: None)
    market = market_flow(tape)
    chosen = (settings or CalibrationSettings()).of(market.seconds)
    told(1, 6)
    rolling = rolling_calibration(market, chosen)
    told(3, 6)
    rng = np.random.default_rng(seed)
    bid, ask = (_side(tape, market, taker, chosen, rng) for taker in (SELL_SIDE, BUY_SIDE))
    told(5, 6)
    fits, signature = _volatilities(market, chosen)
    adverse = markouts(
        market.trade_times, -market.trade_sides, market.trade_sizes, market.book_times, market.mids
    )
    told(6, 6)
    return MarketCalibration(market, chosen, bid, ask, fits, signature, rolling, adverse)


def rolling_calibration(market: MarketFlow, settings: CalibrationSettings) -> list[Calibration]:
    """Fit as time goes: each fit sees the window before its time, and nothing from that time on.

    Parameters
    ----------
    market : MarketFlow
    settings : CalibrationSettings
        With every default made a number (`CalibrationSettings.of`).
    """
    assert settings.window and settings.step and settings.sample_every
    first = market.start + round(settings.window * 1e9)
    at = np.arange(first, market.end + 1, max(1, round(settings.step * 1e9)))
    return calibration_series(
        at,
        market.book_times,
        market.bid_ticks,
        market.ask_ticks,
        market.trade_times,
        market.trade_sides,
        market.trade_ticks,
        market.trade_orders,
        window=settings.window,
        sample_every=settings.sample_every,
        method=settings.volatility,
        min_events=settings.min_events,
        stale_after=settings.stale_after,
        intensity=settings.intensity,
        horizon=settings.horizon,
    )


def side_flow(market: MarketFlow, taker: int) -> SideFlow:
    """One side's market orders and the distance of its best price, over the whole recording.

    Parameters
    ----------
    market : MarketFlow
    taker : int
        `SELL_SIDE`: orders that hit bids; `BUY_SIDE`: asks.
    """
    mine = market.trade_sides == taker
    # All of an order at the time of its first execution, measured from the mid before that.
    first = np.searchsorted(market.trade_orders, market.trade_orders[mine])
    when, ticks, sizes = market.trade_times[first], market.trade_ticks[mine], market.trade_sizes[mine]
    mid = market.mids
    row = np.searchsorted(market.book_times, when) - 1  # the book just before
    depth = taker * (ticks - np.append(mid, np.nan)[row])
    seen = (row >= 0) & ~np.isnan(depth)
    times, _, depths, _ = merge_executions(when[seen], np.full(seen.sum(), taker), depth[seen], sizes[seen])
    best = market.bid_ticks if taker == SELL_SIDE else market.ask_ticks
    return SideFlow(times, depths, market.book_times, taker * (best - mid), market.start, market.end)


def _side(
    tape: Tape, market: MarketFlow, taker: int, settings: CalibrationSettings, rng: np.random.Generator
) -> SideCalibration:
    flow = side_flow(market, taker)
    named = [settings.intensity, *(name for name in INTENSITIES if name != settings.intensity)]
    fit, *others = (
        fit_intensity(
            flow,
            name,
            horizon=settings.horizon,
            min_events=settings.min_events,
            stale_after=settings.stale_after or math.inf,
        )
        for name in named
    )
    none = (math.nan, math.nan)
    rate, decay = bootstrap_lattice(flow, rng) if fit.decay > 0.0 else (none, none)
    times, lost = without_gaps(flow.times, market.gaps)
    end = market.end - lost
    clusters = fit_hawkes(times, market.start, end)
    after = hawkes_residuals(times, market.start, end, clusters) if clusters.branching >= 0.0 else np.zeros(0)
    queue = fit_queue_reactive(*best_queue_spells(tape, 0 if taker == SELL_SIDE else 1, market.gaps))
    return SideCalibration(
        flow,
        fit,
        tuple(others),
        rate,
        decay,
        arrivals_probability(flow, fit),
        rescaled_arrivals(flow, fit),
        after,
        _histogram(flow, fit),
        clusters,
        queue,
    )


def _histogram(flow: SideFlow, fit: IntensityFit) -> DepthHistogram:
    _, past = flow.marks()
    reach = int(np.quantile(past, 0.995)) + 1 if len(past) else 0
    width = max(1, -(-reach // _BINS))
    edges = np.arange(0, reach + width, width)
    seen, _ = np.histogram(past, edges) if len(edges) > 1 else (np.zeros(0, np.int64), edges)
    law: Floats = np.full(len(seen), math.nan)
    if fit.decay > 0.0:
        law[:] = -len(past) * np.diff(np.exp(-fit.decay * edges))
    return DepthHistogram(edges[:-1], width, seen.astype(np.int64), law)


def _volatilities(
    market: MarketFlow, settings: CalibrationSettings
) -> tuple[tuple[VolatilityFit, ...], tuple[tuple[float, float], ...]]:
    assert settings.sample_every
    every = settings.sample_every
    times, mids, end = without_holes(market.book_times, market.mids, market.start, market.end)
    path = sample_path(times, mids, every=every, start=market.start, end=end)
    fits = []
    for method in (settings.volatility, *(name for name in METHODS if name != settings.volatility)):
        options: dict[str, Any] = {}
        if method in STEPS:
            options["stride"] = max(1, round(STEPS[method] / every))
        if method == "garman_klass":
            options["bar"] = max(2, round(BAR / every))
        fits.append(fit_volatility(path, every, method=method, **options))
    fine = sample_path(times, mids, every=FINE, start=market.start, end=end)
    signature = []
    for factor in (1, 2, 5, 10, 20, 50, 100, 200, 300, 600, 1200, 3000, 6000):
        found = fit_volatility(fine, FINE, method="realised", stride=factor)
        if len(fine) > 20 * factor and not math.isnan(found.sigma):
            signature.append((FINE * factor, found.sigma))
    return tuple(fits), tuple(signature)
