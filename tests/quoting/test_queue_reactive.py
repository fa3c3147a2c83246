"""Rates of a queue by its size, from made queues whose rates are known."""

import math

import numpy as np
import pytest

from truefill.core.errors import ConfigError, DataError
from truefill.quoting import FitStatus, fit_queue_reactive
from truefill.quoting.queue_reactive import QUEUE_NOTHING
from truefill.synthetic import queue_spells

SIZES = np.arange(12)
LIMIT = 3.0 / (1.0 + 0.2 * SIZES)
CANCEL = 0.25 * SIZES
MARKET = np.where(SIZES < 6, 0.8, 0.4)


def made(seed: int, events: int = 20_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return queue_spells(np.random.default_rng(seed), events, limit=LIMIT, cancel=CANCEL, market=MARKET)


def test_rates_are_found_again() -> None:
    """Where queues have been for a while, rates are right; intervals hold them as often as they say."""
    held = total = 0
    for seed in range(30, 38):
        fit = fit_queue_reactive(*made(seed), largest=12)
        assert fit.status is FitStatus.OK and fit.events == 20_000
        rows = 1 + np.flatnonzero(fit.seconds[1:11] > 30.0)
        for found, band, truth in (
            (fit.limit, fit.limit_band, LIMIT),
            (fit.cancel, fit.cancel_band, CANCEL),
            (fit.market, fit.market_band, MARKET),
        ):
            assert np.abs(np.log(found[rows] / truth[rows])).mean() < 0.15
            held += int(((band[rows, 0] <= truth[rows]) & (truth[rows] <= band[rows, 1])).sum())
            total += len(rows)
    assert total > 200 and 0.92 * total <= held < total


def test_the_law_is_that_of_the_chain() -> None:
    """Birth-death ratios of the true rates, the law of the fit, and the time that was spent."""
    ratios = LIMIT[:-1] / (CANCEL + MARKET)[1:]
    truth = np.concatenate([[1.0], np.cumprod(ratios)])
    truth /= truth.sum()
    fit = fit_queue_reactive(*made(4, 40_000), largest=12)

    assert truth == pytest.approx(fit.law[:12], abs=0.01)
    assert truth == pytest.approx(fit.share[:12], abs=0.02)
    assert fit.distance < 0.02 and math.isnan(fit.law[12])


def test_statuses() -> None:
    """Few, one-sided, and a queue that does not forget: spells whose kinds were shuffled between sizes."""
    sizes, seconds, ended = made(5)
    few = fit_queue_reactive(sizes[:50], seconds[:50], ended[:50])
    no_market = fit_queue_reactive(sizes, seconds, np.where(ended == -2, QUEUE_NOTHING, ended))
    shuffled = fit_queue_reactive(sizes, seconds, np.random.default_rng(1).permutation(ended))

    assert few.status is FitStatus.FEW_EVENTS
    assert no_market.status is FitStatus.BOUNDARY and (no_market.market[:12] == 0.0).all()
    assert shuffled.status is FitStatus.POOR_FIT and shuffled.distance > 0.1
    nothing = fit_queue_reactive([], [], [])
    assert nothing.status is FitStatus.FEW_EVENTS and math.isnan(nothing.distance)


def test_queues_never_empty_have_a_law() -> None:
    """Best queues are never of size 0: the law begins where the queue does."""
    fit = fit_queue_reactive([1, 2, 1, 2], [1.0, 1.0, 1.0, 1.0], [1, -1, 1, -2], min_events=1)

    assert [0.0, 0.5, 0.5] == fit.law[:3].tolist() and math.isnan(fit.limit[0])
    assert fit.distance == 0.0


def test_bad_input() -> None:
    with pytest.raises(DataError, match="columns of one length"):
        fit_queue_reactive([1], [1.0, 2.0], [1])
    with pytest.raises(DataError, match="known kinds"):
        fit_queue_reactive([1], [1.0], [7])
    with pytest.raises(ConfigError, match="largest"):
        fit_queue_reactive([1], [1.0], [1], largest=0)
    with pytest.raises(ConfigError, match="something that ends"):
        queue_spells(np.random.default_rng(1), 5, limit=[1.0, 1.0], cancel=[0.0, 0.0], market=[0.0, 0.0])
