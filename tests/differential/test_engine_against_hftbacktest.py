"""truefill with whole fills is HftBacktest 2.4.4, step by step, apart from the faults in ``faults.py``."""

import pytest

from tests.differential import faults, hft
from tests.differential.compare import first_difference
from tests.differential.driver import play
from tests.differential.engine import NOT_IN_TWIN, engine_bot
from tests.differential.setups import NO_PARTIAL_FILL, hft_bot, play_twin_for_hft, random_setup

pytestmark = pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed")


def check(seed: int) -> None:
    """Play one seed on both and compare; the twin only tells where a fault of HftBacktest ends it."""
    setup = random_setup(seed, NO_PARTIAL_FILL, for_hft=True)
    _, clean = play_twin_for_hft(setup)
    bot = hft_bot(setup)
    try:
        expected = play(bot, setup.script[:clean], setup.units, setup.ticks, faults.avoid)
    finally:
        bot.close()
    actual = play(engine_bot(setup), setup.script[:clean], setup.units, setup.ticks, faults.avoid)
    found = first_difference(expected, actual, faults.IGNORED | NOT_IN_TWIN)
    assert found is None, f"seed {seed}: hftbacktest != truefill at {found}"


def test_random_runs() -> None:
    """Return codes, times, books, trades, orders and totals are equal on random events and strategies."""
    for seed in range(30):
        check(seed)


@pytest.mark.long
def test_many_random_runs() -> None:
    """The same, 500 times."""
    for seed in range(5000, 5500):
        check(seed)
