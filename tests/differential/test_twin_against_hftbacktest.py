"""The twin with whole fills is HftBacktest 2.4.4, step by step, apart from the faults in ``faults.py``."""

import pytest

from tests.differential import faults, hft
from tests.differential.compare import first_difference
from tests.differential.driver import play
from tests.differential.setups import NO_PARTIAL_FILL, hft_bot, play_twin_for_hft, random_setup

pytestmark = [
    pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed"),
    pytest.mark.compiled_only,  # neither side is our compiled code: once is enough
]


def compared_steps(seed: int) -> tuple[int, int]:
    """Play one seed on both; steps compared and steps played."""
    setup = random_setup(seed, NO_PARTIAL_FILL, for_hft=True)
    expected, clean = play_twin_for_hft(setup)
    bot = hft_bot(setup)
    try:
        actual = play(bot, setup.script[:clean], setup.units, setup.ticks, faults.avoid)
    finally:
        bot.close()
    found = first_difference(expected[:clean], actual, faults.IGNORED)
    assert found is None, f"seed {seed}: twin != hftbacktest at {found}"
    return clean, len(expected)


def test_random_runs() -> None:
    """Return codes, times, books, trades, orders and totals are equal on random events and strategies."""
    steps = [compared_steps(seed) for seed in range(100)]
    assert sum(c for c, _ in steps) > 0.8 * sum(n for _, n in steps)


@pytest.mark.long
def test_many_random_runs() -> None:
    """The same, 2,000 times."""
    for seed in range(1000, 3000):
        compared_steps(seed)
