"""Hawkes fits of made processes: parameters, intervals, statuses, and the sums against their plain form."""

import math

import numpy as np
import pytest

from tests.support.modes import INTERPRETED
from truefill.core.errors import ConfigError, DataError
from truefill.quoting import FitStatus, fit_hawkes, hawkes_residuals, without_gaps
from truefill.quoting.fit_status import kolmogorov_smirnov
from truefill.quoting.hawkes import ljung_box
from truefill.quoting.hawkes_kernels import hawkes_gaps, hawkes_sums
from truefill.synthetic import hawkes_times

NS = 1_000_000_000
TRUTH = {"base_rate": 0.4, "branching": 0.6, "decay": 2.0}


def plain_likelihood(t: np.ndarray, length: float, mu: float, n: float, decay: float) -> float:
    """The double sum."""
    total = -mu * length - n * sum(1.0 - math.exp(-decay * (length - x)) for x in t)
    for i, x in enumerate(t):
        total += math.log(mu + n * decay * sum(math.exp(-decay * (x - y)) for y in t[:i]))
    return total


def test_sums_are_those_of_the_double_sum() -> None:
    """The likelihood to rounding, its derivatives as differences say; the gaps add up to the compensator."""
    rng = np.random.default_rng(5)
    t = np.sort(rng.uniform(0.0, 30.0, 40))
    t[7] = t[6]  # two at one time
    at = np.array([0.7, 0.5, 1.3])
    out = np.empty(10)
    hawkes_sums(t, 30.0, *at, out)
    assert plain_likelihood(t, 30.0, *at) == pytest.approx(out[0], rel=1e-12)

    step = 1e-4
    for k in range(3):
        away = step * np.eye(3)[k]
        high, low = (plain_likelihood(t, 30.0, *(at + s * away)) for s in (1.0, -1.0))
        assert (high - low) / (2 * step) == pytest.approx(out[1 + k], rel=1e-5)
    bend = {(0, 0): 4, (0, 1): 5, (0, 2): 6, (1, 1): 7, (1, 2): 8, (2, 2): 9}
    for (i, j), place in bend.items():
        away = step * np.eye(3)[j]
        slopes = []
        for sign in (1.0, -1.0):
            other = np.empty(10)
            hawkes_sums(t, 30.0, *(at + sign * away), other)
            slopes.append(other[1 + i])
        assert (slopes[0] - slopes[1]) / (2 * step) == pytest.approx(out[place], rel=1e-5)

    gaps = np.empty(len(t))
    hawkes_gaps(t, *at, gaps)
    compensator = at[0] * t[-1] + at[1] * sum(1.0 - math.exp(-at[2] * (t[-1] - x)) for x in t)
    assert compensator == pytest.approx(gaps.sum(), rel=1e-12)


def test_a_made_process_is_found_again(record_property) -> None:  # type: ignore[no-untyped-def]
    """Processes of 900 s: little bias, and the intervals hold the truth about as often as they say."""
    rng = np.random.default_rng(7)
    runs = 8 if INTERPRETED else 40
    found, held = [], np.zeros(3)
    for _ in range(runs):
        fit = fit_hawkes(hawkes_times(rng, 900.0, **TRUTH), 0, 900 * NS)
        found.append([fit.base_rate, fit.branching, fit.decay])
        bands = (fit.base_rate_band, fit.branching_band, fit.decay_band)
        held += [low < truth < high for (low, high), truth in zip(bands, TRUTH.values(), strict=True)]
        assert fit.status in (FitStatus.OK, FitStatus.POOR_FIT)
    mean = np.mean(found, axis=0)

    assert list(TRUTH.values()) == pytest.approx(mean, rel=0.1)
    assert (held >= 0.85 * runs).all()
    record_property("proof", f"mu 0.4, n 0.6, beta 2: mean {np.round(mean, 3)}; bands held {held} of {runs}")


def test_residuals_are_exponential_where_the_process_fits_and_only_there() -> None:
    """Rescaled by the fit, gaps are exponential; taken as Poisson they are not."""
    rng = np.random.default_rng(11)
    times = hawkes_times(rng, 1200.0, **TRUTH)
    fit = fit_hawkes(times, 0, 1200 * NS)
    gaps = hawkes_residuals(times, 0, 1200 * NS, fit)

    assert fit.status is FitStatus.OK and fit.mean_rate == pytest.approx(len(times) / 1200.0, rel=0.1)
    assert gaps.mean() == pytest.approx(1.0, abs=0.05)
    assert kolmogorov_smirnov(-np.expm1(-gaps)) == fit.fit_probability > 0.05
    poisson = np.diff(times) / np.diff(times).mean()
    assert kolmogorov_smirnov(-np.expm1(-poisson)) < 1e-6 and ljung_box(poisson, 20) < 1e-3


def test_statuses() -> None:
    """Poisson arrivals are no clusters; two speeds of clusters are not one; few are few."""
    rng = np.random.default_rng(13)
    poisson = np.sort(rng.integers(0, 600 * NS, 600))
    two = np.sort(
        np.concatenate(
            [
                hawkes_times(rng, 600.0, base_rate=0.5, branching=0.7, decay=200.0),
                hawkes_times(rng, 600.0, base_rate=0.5, branching=0.8, decay=0.05),
            ]
        )
    )

    assert fit_hawkes(poisson, 0, 600 * NS).status is FitStatus.BOUNDARY
    assert fit_hawkes(two, 0, 600 * NS).status is FitStatus.POOR_FIT
    few = fit_hawkes(poisson[:50], 0, 600 * NS)
    assert few.status is FitStatus.FEW_EVENTS and math.isnan(few.branching)
    same = fit_hawkes(np.full(200, 5 * NS), 0, 600 * NS)  # all at one time
    assert same.status is not FitStatus.OK


def test_gaps_are_cut_out() -> None:
    """Times in a gap go, those behind it move; without gaps nothing changes."""
    times = np.array([1, 4, 5, 6, 9, 12], np.int64)

    left, lost = without_gaps(times, [[4, 6], [10, 11]])
    assert ([1, 4, 7, 9], 3) == (left.tolist(), lost)
    assert (times.tolist(), 0) == (without_gaps(times, [])[0].tolist(), without_gaps(times, [])[1])


def test_bad_input() -> None:
    with pytest.raises(DataError, match="times that do not decrease"):
        fit_hawkes([2, 1], 0, 5)
    with pytest.raises(DataError, match="times in the span"):
        fit_hawkes([2, 9], 0, 5)
    with pytest.raises(ConfigError, match="0 to under 1"):
        hawkes_times(np.random.default_rng(1), 10.0, base_rate=1.0, branching=1.0, decay=1.0)
    with pytest.raises(ConfigError, match="a positive number"):
        hawkes_times(np.random.default_rng(1), 10.0, base_rate=-1.0, branching=0.5, decay=1.0)
