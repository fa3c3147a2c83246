"""All 24 statistics of Avellaneda and Stoikov's tables 1 to 3, against the oracle; Monte Carlo against
both."""

import functools
import math

import numpy as np
import pytest

from tests.quoting.paper import (
    DECAY,
    HORIZON,
    MODEL,
    NODES,
    PATHS,
    RATE,
    SIGMA,
    STEPS,
    TABLES,
    Row,
    mean_spread,
    policy,
    simulate,
)
from truefill.quoting import Outcome, oracle

pytestmark = pytest.mark.slow


@functools.cache
def _exact(row: Row, scheme: str = "capped") -> Outcome:
    return oracle(MODEL, *policy(row.gamma, row.strategy), horizon=HORIZON, scheme=scheme)


def _z_scores(row: Row, mean: float, sd: float, q: float, q_sd: float, paths: int) -> list[float]:
    exact = _exact(row)
    return [
        (mean - exact.mean) / (exact.sd / math.sqrt(paths)),
        (sd - exact.sd) / exact.sd_error(paths),
        q / (exact.inventory_sd / math.sqrt(paths)),
        (q_sd - exact.inventory_sd) / exact.inventory_sd_error(paths),
    ]


@pytest.mark.parametrize("row", TABLES, ids=lambda r: f"{r.gamma}-{r.strategy}")
def test_exact_values_of_the_tables(row: Row) -> None:
    exact = _exact(row)

    assert row.exact == pytest.approx((exact.mean, exact.sd, exact.inventory_sd), abs=6e-5)
    assert row.spread == pytest.approx(mean_spread(row.gamma), abs=0.015)
    assert 0.0 == pytest.approx(exact.inventory_mean, abs=1e-9)


def test_the_papers_statistics_are_draws_from_the_exact_law(record_property) -> None:  # type: ignore[no-untyped-def]
    """24 published numbers of 1,000 paths each: none more than three standard errors away, and all together
    no farther than 24 such numbers are."""
    scores = np.array(
        [_z_scores(r, r.profit, r.sd, r.inventory, r.inventory_sd, PATHS) for r in TABLES]
    ).ravel()

    assert 24 == len(scores)
    assert np.abs(scores).max() <= 3.0
    assert 12.0 < float(scores @ scores) < 36.4  # chi-square with 24 degrees of freedom, 2 % and 95 %
    record_property(
        "proof",
        f"24 published statistics: largest |z| {np.abs(scores).max():.2f}, sum z² {scores @ scores:.1f}",
    )


@pytest.mark.parametrize("row", TABLES, ids=lambda r: f"{r.gamma}-{r.strategy}")
def test_monte_carlo_agrees_with_the_oracle_and_with_the_paper(row: Row) -> None:
    n = 10_000
    profit, q = simulate(*policy(row.gamma, row.strategy), n, np.random.default_rng(5), "capped")

    own = _z_scores(row, profit.mean(), profit.std(), q.mean(), q.std(), n)
    assert np.abs(own).max() <= 4.0
    few_profit, few_q = profit[:PATHS], q[:PATHS]
    ours = _z_scores(row, few_profit.mean(), few_profit.std(), few_q.mean(), few_q.std(), PATHS)
    theirs = _z_scores(row, row.profit, row.sd, row.inventory, row.inventory_sd, PATHS)
    assert np.abs(np.subtract(ours, theirs)).max() <= 4.0 * math.sqrt(2.0)


def test_a_wrong_simulator_is_noticed() -> None:
    """The same comparison refuses the other fill scheme: it is worth twelve per cent."""
    profit, q = simulate(*policy(0.1, "inventory"), 10_000, np.random.default_rng(5), "exponential")

    assert np.abs(_z_scores(TABLES[0], profit.mean(), profit.std(), q.mean(), q.std(), 10_000)).max() > 50


@pytest.mark.parametrize(
    ("row", "exact"),
    [
        (TABLES[0], (57.172, 6.362, 2.995)),
        (TABLES[1], (60.985, 12.920, 8.065)),
        (TABLES[4], (28.240, 4.602, 1.701)),
    ],
)
def test_exponential_scheme(row: Row, exact: tuple[float, float, float]) -> None:
    """Fills with probability 1 - e^(-λ dt): labelled, and other numbers than the paper's."""
    outcome = _exact(row, "exponential")

    assert "exponential" == outcome.scheme
    assert exact == pytest.approx((outcome.mean, outcome.sd, outcome.inventory_sd), abs=6e-4)


def test_the_schemes_meet_in_continuous_time() -> None:
    """The ladder of time steps: 64.893 and 57.172 at 0.005 s, 64.083 and 63.254 at 0.0005 s, 63.992 at
    none."""
    fine = policy(0.1, "inventory", steps=2000, nodes=30)
    still = policy(0.1, "inventory", steps=2000, nodes=30, floor=-1.5, midpoint=True)

    assert oracle(MODEL, *fine, horizon=HORIZON, scheme="capped").mean == pytest.approx(64.083, abs=6e-4)
    assert oracle(MODEL, *fine, horizon=HORIZON, scheme="exponential").mean == pytest.approx(63.254, abs=6e-4)
    limit = oracle(MODEL, *still, horizon=HORIZON, scheme="continuous")
    assert (limit.mean, limit.sd, limit.inventory_sd) == pytest.approx((63.992, 7.286, 3.426), abs=6e-4)


def test_symmetric_quotes_have_a_closed_form() -> None:
    spread, dt = mean_spread(0.1), HORIZON / STEPS
    p = RATE * math.exp(-DECAY * spread / 2.0) * dt
    q_variance = 2.0 * p * (1.0 - p) * STEPS
    held = SIGMA**2 * dt * 2.0 * p * (1.0 - p) * STEPS * (STEPS + 1) / 2.0
    exact = _exact(TABLES[1])

    assert exact.mean == pytest.approx(STEPS * p * spread, rel=1e-9)
    assert exact.inventory_sd == pytest.approx(math.sqrt(q_variance), rel=1e-9)
    assert exact.sd == pytest.approx(math.sqrt((spread / 2.0) ** 2 * q_variance + held), rel=1e-9)
    assert exact.bid_fills == pytest.approx(STEPS * p, rel=1e-9)
    assert exact.law[0] < 1e-9  # the grid is wide enough
    assert 2 * NODES + 1 == len(exact.law)
