"""The horizon loop and the row-merged twin do the same, step by step, whatever the events and orders."""

from collections.abc import Callable

import pytest

from tests.differential.compare import first_difference
from tests.differential.driver import play
from tests.differential.engine import engine_bot
from tests.differential.models import EXCHANGES, FEES, LATENCIES, QUEUES
from tests.differential.setups import random_setup, twin_bot
from tests.differential.tally import Tally
from tests.support.modes import runs

NAMES = [
    *(f"{n} assets" for n in (1, 2, 3)),
    *(f"queue {row.name}" for row in QUEUES),
    *(f"fees {row.name}" for row in FEES),
    *(f"latency {row.name}" for row in LATENCIES),
]


def check(seed: int, exchange: str, tally: Tally) -> None:
    """Play one seed on both and compare everything."""
    setup = random_setup(seed, exchange)
    expected = play(twin_bot(setup), setup.script, setup.units, setup.ticks)
    actual = play(engine_bot(setup), setup.script, setup.units, setup.ticks)
    found = first_difference(expected, actual, set())
    assert found is None, f"seed {seed}, {exchange}: twin != engine at {found}"
    fills = sum(len(actual[-1][f"fills{a}"]) for a in range(len(setup.markets)))
    tally.add(setup.names, len(actual), len(setup.script), fills, ())


@pytest.mark.parametrize("exchange", sorted(EXCHANGES))
def test_random_runs(exchange: str, record_property: Callable[[str, object], None]) -> None:
    """Codes, times, books, trades, every field of orders and fills, totals, latencies."""
    tally = Tally(f"the twin ({exchange})")
    for seed in range(runs(50)):
        check(seed, exchange, tally)
    record_property("proof", str(tally))


@pytest.mark.long
@pytest.mark.parametrize("exchange", sorted(EXCHANGES))
def test_many_random_runs(exchange: str, record_property: Callable[[str, object], None]) -> None:
    """The same, 1,000 times each."""
    tally = Tally(f"the twin ({exchange})")
    for seed in range(1000, 2000):
        check(seed, exchange, tally)
    record_property("proof", str(tally))
    tally.require(share=0.99, each=10, names=NAMES)
