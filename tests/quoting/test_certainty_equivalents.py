"""Solver, oracle and closed forms in one table: what each way of quoting is worth in the paper's market."""

import math

import pytest

from tests.quoting.paper import DECAY, HORIZON, MODEL, RATE, SIGMA, policy
from truefill.quoting import Outcome, Risk, exact_quotes, glft_depths, oracle, policy_grid, tabulate

pytestmark = pytest.mark.slow


def _worth(gamma: float, bid, ask, steps: int | None = None) -> Outcome:  # type: ignore[no-untyped-def]
    return oracle(MODEL, bid, ask, horizon=HORIZON, scheme="continuous", gamma=gamma, steps=steps)


def _three(outcome: Outcome) -> tuple[float, float, float]:
    return outcome.mean, outcome.sd, outcome.certainty_equivalent


@pytest.mark.parametrize(
    ("gamma", "nodes", "numbers"),
    [
        (0.1, 30, (63.99, 7.29, 61.40)),
        (1.0, 10, (30.64, 4.80, 21.44)),
        (0.01, 30, (68.31, 10.35, 67.78)),
    ],
)
def test_avellaneda_stoikov(gamma: float, nodes: int, numbers: tuple[float, float, float]) -> None:
    table = policy(gamma, "inventory", steps=1000, nodes=nodes, floor=-1.5, midpoint=True)

    assert numbers == pytest.approx(_three(_worth(gamma, *table)), abs=0.011)


@pytest.mark.parametrize(
    ("gamma", "nodes", "numbers"),
    [
        (0.1, 30, (68.22, 15.29, 36.07)),
        (1.0, 10, (43.54, 10.91, -148.0)),
        (0.01, 80, (68.66, 15.79, 67.41)),
    ],
)
def test_symmetric(gamma: float, nodes: int, numbers: tuple[float, float, float]) -> None:
    half = gamma * SIGMA**2 * HORIZON / 4 + math.log(1 + gamma / DECAY) / gamma  # averaged over the time
    table = policy_grid(lambda tau, q: (half, half), horizon=HORIZON, steps=10, nodes=nodes)
    mean, sd, worth = _three(_worth(gamma, *table))

    assert numbers[:2] == pytest.approx((mean, sd), abs=0.021)
    assert worth == pytest.approx(numbers[2], rel=0.01)


@pytest.mark.parametrize(
    ("gamma", "nodes", "closed", "exact", "value"),
    [
        (0.1, 30, (67.40, 8.25, 64.07), (67.54, 8.35, 64.1335), 64.13349),
        (1.0, 10, (62.13, 6.32, 45.11), (62.18, 6.33, 45.200), 45.19967),
        (0.01, 80, (68.34, 10.57, 67.78), (68.48, 11.28, 67.846), 67.84569),
    ],
)
def test_glft_and_the_exact_solution(  # type: ignore[no-untyped-def]
    gamma, nodes, closed, exact, value
) -> None:
    """The oracle, which knows nothing of the equation, gives the exact quotes the worth that the solver
    says."""
    risk = Risk(unit=MODEL.unit, gamma=gamma, max_inventory=nodes)
    table = tabulate(
        MODEL, risk, lambda q: glft_depths(q, SIGMA, RATE, DECAY, gamma, gamma, 1.0, 0.0, 0.0, 0.0)
    )
    steps = 10 if nodes == 80 else 50
    solved = [exact_quotes(MODEL, risk, tau=HORIZON * (1 - (i + 0.5) / steps)) for i in range(steps)]
    outcome = _worth(gamma, [t.bid_depth for t in solved], [t.ask_depth for t in solved])

    assert closed == pytest.approx(_three(_worth(gamma, table.bid_depth, table.ask_depth, 10)), abs=0.011)
    assert exact == pytest.approx(_three(outcome), abs=0.011)
    start = exact_quotes(MODEL, risk, tau=HORIZON)
    assert value == pytest.approx(start.value[nodes], abs=1e-5)
    assert outcome.certainty_equivalent == pytest.approx(value, abs=5e-3)  # quotes stand still for 20 ms
    assert outcome.certainty_equivalent < start.value[nodes]  # ... which cannot be better
