"""Against the published examples, a slow twin, and trials of which one knows whether they have skill."""

import itertools
import math

import numpy as np
import pytest

from truefill.core.errors import InputError
from truefill.sweep.overfitting import (
    backtest_overfitting,
    deflated_sharpe,
    expected_best_sharpe,
    moments,
    probabilistic_sharpe,
    sharpe,
)


def test_the_papers_example_of_a_deflated_sharpe_ratio() -> None:
    """Bailey, López de Prado 2014: 2.5 a year in 1,250 days, the best of 100, variance of the ratios 1/2."""
    days = 250
    ratio, deviation = 2.5 / math.sqrt(days), math.sqrt(0.5 / days)
    assert expected_best_sharpe(100, deviation) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(ratio, 100, deviation, 1250, -3.0, 10.0) == pytest.approx(0.9004, abs=5e-5)
    # with 46 trials it would pass at 95 %
    assert deflated_sharpe(ratio, 46, deviation, 1250, -3.0, 10.0) == pytest.approx(0.9505, abs=5e-5)


def test_a_probabilistic_ratio_is_the_normal_law_of_its_error() -> None:
    """Without skew and fat tails it is the error of a mean over a deviation."""
    z = 0.458 * math.sqrt(23) / math.sqrt(1 + 0.5 * 0.458**2)
    assert probabilistic_sharpe(0.458, 0.0, 24) == pytest.approx(0.5 * (1 + math.erf(z / math.sqrt(2))))
    assert probabilistic_sharpe(0.1, 0.1, 100) == 0.5
    assert math.isnan(probabilistic_sharpe(0.1, 0.0, 1))
    # negative skew and fat tails make it less sure
    assert probabilistic_sharpe(0.2, 0.0, 60, -2.0, 9.0) < probabilistic_sharpe(0.2, 0.0, 60)


def test_the_expected_best_is_what_trials_without_skill_show() -> None:
    rng = np.random.default_rng(4)
    best = rng.normal(size=(20_000, 50)).max(axis=1).mean()
    assert expected_best_sharpe(50, 1.0) == pytest.approx(best, rel=0.02)  # an approximation
    assert expected_best_sharpe(1, 1.0) == 0.0


def slow_probability(x: np.ndarray, splits: int) -> float:
    """CSCV as it is written: one combination after the other."""
    blocks = np.array_split(x, splits)
    low = 0
    ways = list(itertools.combinations(range(splits), splits // 2))
    for way in ways:
        own = np.concatenate([blocks[i] for i in way])
        other = np.concatenate([blocks[i] for i in range(splits) if i not in way])
        best = int(np.argmax(own.mean(axis=0) / own.std(axis=0)))
        ratios = other.mean(axis=0) / other.std(axis=0)
        rank = 1 + int((ratios < ratios[best]).sum())
        low += math.log(rank / (x.shape[1] + 1) / (1 - rank / (x.shape[1] + 1))) <= 0.0
    return low / len(ways)


def test_cross_validation_is_its_slow_twin() -> None:
    rng = np.random.default_rng(7)
    for splits, trials in ((4, 3), (6, 10), (8, 5)):
        x = rng.normal(rng.normal(0, 0.1, trials), 1.0, (splits * 12, trials))
        found = backtest_overfitting(x, splits)
        assert slow_probability(x, splits) == pytest.approx(found.probability, abs=1e-12)
        assert math.comb(splits, splits // 2) == found.combinations


def test_skill_is_told_from_luck() -> None:
    rng = np.random.default_rng(11)
    luck = [backtest_overfitting(rng.normal(size=(320, 20)), 10).probability for _ in range(40)]
    assert np.mean(luck) == pytest.approx(0.5, abs=0.12)
    skilled = rng.normal(size=(320, 20))
    skilled[:, 3] += 0.5
    found = backtest_overfitting(skilled, 10)
    assert found.probability == 0.0
    assert found.loss == 0.0


def test_trials_that_never_traded_are_worth_nothing() -> None:
    x = np.zeros((64, 3))
    x[:, 1] = np.random.default_rng(1).normal(-1.0, 0.1, 64)
    found = backtest_overfitting(x, 8)
    assert 0.0 == found.loss  # the idle ones are the best: they lose nothing
    assert 0.0 == sharpe(np.zeros(5))
    assert math.isnan(sharpe([1.0]))
    assert (0.0, 3.0) == moments(np.zeros(4))
    assert moments(np.random.default_rng(2).normal(size=200_000)) == pytest.approx((0, 3), abs=0.05)


@pytest.mark.parametrize(
    ("shape", "splits", "words"),
    [((64, 3), 7, "even"), ((64, 1), 8, "two trials"), ((10, 3), 8, "16 periods"), ((64, 3), 40, "2 to 20")],
)
def test_too_little_is_refused(shape: tuple[int, int], splits: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        backtest_overfitting(np.zeros(shape), splits)
