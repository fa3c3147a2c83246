"""Each queue model on random markets: truefill is HftBacktest 2.4.4, and is the twin with shared trades.

The random setups draw from all models; here each has its turn, and enough fills to show a wrong formula.
"""

from dataclasses import replace

import pytest

from tests.differential import faults, hft
from tests.differential.compare import first_difference
from tests.differential.driver import play
from tests.differential.engine import engine_bot
from tests.differential.models import QUEUES, Choice, Row
from tests.differential.setups import (
    FIFO,
    NO_PARTIAL_FILL,
    Setup,
    hft_bot,
    play_twin_for_hft,
    random_setup,
    twin_bot,
)
from tests.support.modes import INTERPRETED, runs

BUILT_IN = [row for row in QUEUES if row.name != "user's"]


def setup_of(seed: int, exchange: str, queue: Row, for_hft: bool) -> Setup:
    """A random setup, with this model in place of the drawn ones."""
    setup = random_setup(seed, exchange, for_hft)
    return replace(setup, markets=[replace(m, queue=Choice(queue)) for m in setup.markets])


@pytest.mark.parametrize("queue", [row for row in BUILT_IN if row.hft], ids=lambda row: row.name)
@pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed")
def test_as_hftbacktest(queue: Row) -> None:
    """Times and totals of all fills are HftBacktest's, up to the first of its faults."""
    fills = 0.0
    for seed in range(700, 700 + runs(12)):
        setup = setup_of(seed, NO_PARTIAL_FILL, queue, for_hft=True)
        _, clean, _ = play_twin_for_hft(setup)
        bot = hft_bot(setup)
        try:
            expected = play(bot, setup.script[:clean], setup.units, setup.ticks, faults.avoid)
        finally:
            bot.close()
        actual = play(engine_bot(setup), setup.script[:clean], setup.units, setup.ticks, faults.avoid)
        found = first_difference(expected, actual, faults.IGNORED)
        assert found is None, f"seed {seed}: hftbacktest != truefill at {found}"
        fills += expected[-1]["state0"]["num_trades"] if expected else 0
    assert fills > (0 if INTERPRETED else 10)


@pytest.mark.parametrize("queue", BUILT_IN, ids=lambda row: row.name)
def test_as_the_twin(queue: Row) -> None:
    """The same against the twin where own orders share a trade; quantities ahead are compared, too."""
    for seed in range(720, 720 + runs(8)):
        setup = setup_of(seed, FIFO, queue, for_hft=False)
        expected = play(twin_bot(setup), setup.script, setup.units, setup.ticks)
        actual = play(engine_bot(setup), setup.script, setup.units, setup.ticks)
        found = first_difference(expected, actual, set())
        assert found is None, f"seed {seed}: twin != engine at {found}"
