"""The horizon loop and the row-merged twin do the same, step by step, whatever the events and orders."""

import pytest

from tests.differential.compare import first_difference
from tests.differential.driver import play
from tests.differential.engine import NOT_IN_TWIN, engine_bot
from tests.differential.setups import FIFO, NO_PARTIAL_FILL, random_setup, twin_bot


def check(seed: int, exchange: str) -> None:
    """Play one seed on both and compare everything."""
    setup = random_setup(seed, exchange)
    expected = play(twin_bot(setup), setup.script, setup.units, setup.ticks)
    actual = play(engine_bot(setup), setup.script, setup.units, setup.ticks)
    found = first_difference(expected, actual, NOT_IN_TWIN)
    assert found is None, f"seed {seed}, {exchange}: twin != engine at {found}"


@pytest.mark.parametrize("exchange", [FIFO, NO_PARTIAL_FILL])
def test_random_runs(exchange: str) -> None:
    """Codes, times, books, trades, every field of orders and fills, totals, latencies."""
    for seed in range(50):
        check(seed, exchange)


@pytest.mark.long
@pytest.mark.parametrize("exchange", [FIFO, NO_PARTIAL_FILL])
def test_many_random_runs(exchange: str) -> None:
    """The same, 1,000 times each."""
    for seed in range(1000, 2000):
        check(seed, exchange)
