"""On single orders the engine is the twin, whose queues hold every order, and HftBacktest 2.4.4's L3."""

from collections.abc import Callable

import pytest

from tests.differential import faults, hft
from tests.differential.compare import first_difference
from tests.differential.driver import play
from tests.differential.engine import engine_bot
from tests.differential.models import EXCHANGES
from tests.differential.order_setups import random_order_setup
from tests.differential.setups import NO_PARTIAL_FILL, Setup, hft_bot, play_twin_for_hft, twin_bot
from tests.differential.tally import Tally
from tests.support.modes import INTERPRETED, runs

# A user's exchange model is asked about trades: its twin on single orders would be another one.
BUILT_IN = sorted(name for name in EXCHANGES if "user" not in name)


def fills_of(setup: Setup, step: dict) -> int:
    """Executions of a run, by its last step."""
    return sum(len(step[f"fills{a}"]) for a in range(len(setup.markets)))


def check_twin(seed: int, exchange: str, tally: Tally) -> None:
    """Play one seed on engine and twin and compare everything."""
    setup = random_order_setup(seed, exchange)
    expected = play(twin_bot(setup), setup.script, setup.units, setup.ticks)
    actual = play(engine_bot(setup), setup.script, setup.units, setup.ticks)
    found = first_difference(expected, actual, set())
    assert found is None, f"seed {seed}, {exchange}: twin != engine at {found}"
    tally.add(setup.names, len(actual), len(setup.script), fills_of(setup, actual[-1]), ())


def check_hft(seed: int, tally: Tally) -> None:
    """Play one seed on all three and compare, up to a fault of HftBacktest."""
    setup = random_order_setup(seed, NO_PARTIAL_FILL, for_hft=True)
    twin, clean, ended = play_twin_for_hft(setup)
    script = setup.script[:clean]
    bot = hft_bot(setup)
    try:
        expected = play(bot, script, setup.units, setup.ticks, faults.avoid)
    finally:
        bot.close()
    found = first_difference(expected, twin[:clean], faults.IGNORED)
    assert found is None, f"seed {seed}: hftbacktest != twin at {found}"
    actual = play(engine_bot(setup), script, setup.units, setup.ticks, faults.avoid)
    found = first_difference(expected, actual, faults.IGNORED)
    assert found is None, f"seed {seed}: hftbacktest != truefill at {found}"
    tally.add(setup.names, clean, len(setup.script), fills_of(setup, actual[-1]) if actual else 0, ended)


@pytest.mark.parametrize("exchange", BUILT_IN)
def test_engine_is_the_twin(exchange: str, record_property: Callable[[str, object], None]) -> None:
    """Codes, times, books, trades, every field of orders and fills, totals."""
    tally = Tally(f"the twin on single orders ({exchange})")
    for seed in range(runs(40)):
        check_twin(seed, exchange, tally)
    record_property("proof", str(tally))
    assert tally.fills > runs(100)


@pytest.mark.long
@pytest.mark.parametrize("exchange", BUILT_IN)
def test_engine_is_the_twin_many_times(exchange: str, record_property: Callable[[str, object], None]) -> None:
    """The same, 1,000 times."""
    tally = Tally(f"the twin on single orders ({exchange})")
    for seed in range(1000, 2000):
        check_twin(seed, exchange, tally)
    record_property("proof", str(tally))


@pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed")
def test_engine_is_hftbacktest(record_property: Callable[[str, object], None]) -> None:
    """Codes, times, books, trades, orders and totals, with its L3 queue and its NoPartialFillExchange."""
    tally = Tally("hftbacktest on single orders")
    for seed in range(runs(60)):
        check_hft(seed, tally)
    record_property("proof", str(tally))
    assert tally.fills > runs(50)
    assert tally.steps > (0.2 if INTERPRETED else 0.4) * tally.steps_played


@pytest.mark.long
@pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed")
def test_engine_is_hftbacktest_many_times(record_property: Callable[[str, object], None]) -> None:
    """The same, 1,000 times."""
    tally = Tally("hftbacktest on single orders")
    for seed in range(1000, 2000):
        check_hft(seed, tally)
    record_property("proof", str(tally))
