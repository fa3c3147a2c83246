"""A strategy through callbacks trades as the same strategy as a loop, in both styles and both modes."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.strategy.conftest import pace, random_assets
from tests.strategy.strategies import FUNCTIONS, INTERVAL, Quoter, loop, make_state
from truefill.backtest import Bot, Result, run
from truefill.strategy import Callbacks, Timer, run_events

CALLBACKS = Callbacks(**FUNCTIONS, timers=[Timer(INTERVAL)], klines=["500ms"], l1_quantities=False)


def lives(result: Result) -> tuple[Any, ...]:
    """Fills and orders without their order among equals: when finished orders leave the table differs."""
    assert result.error is None
    return result.fills.tolist(), sorted(result.orders.tolist()), result.states.tolist()


def test_on_made_data(make_bot: Callable[..., Bot]) -> None:
    """Same orders, fills and totals, to the last field."""
    expected = run(make_bot(), loop, INTERVAL, compiled=False)
    state = make_state()
    compiled = run_events(make_bot(), CALLBACKS, state)
    plain = run_events(make_bot(), CALLBACKS, make_state(), compiled=False)
    objects = run_events(make_bot(), Quoter())

    assert len(expected.fills) > 1
    assert lives(expected) == lives(compiled) == lives(plain) == lives(objects)
    assert expected.returned == compiled.returned.fills == objects.returned.fills
    assert state.trades >= state.klines > 0


@pytest.mark.slow
def test_on_random_streams() -> None:
    """The same on nasty streams with random latencies, queues, rules; compiled callbacks, and a class."""
    filled = 0
    for seed in range(16):
        assets, _ = random_assets(seed)
        fast = pace(assets)
        callbacks = Callbacks(**FUNCTIONS, timers=[fast], klines=[3 * fast], l1_quantities=False)
        compiled = run_events(Bot(assets), callbacks, make_state())
        plain = run_events(Bot(assets), callbacks, make_state(), compiled=False)

        assert lives(compiled) == lives(plain)
        assert compiled.run_hash == plain.run_hash
        filled += len(plain.fills)
    assert filled > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(16))
def test_a_loop_and_callbacks_on_random_streams(seed: int) -> None:
    """The hand-written loop against the callbacks, on the streams of the simulator's own proofs."""
    assets, _ = random_assets(1000 + seed)
    fast = pace(assets)
    expected = run(Bot(assets), loop, fast, compiled=False)
    actual = run_events(Bot(assets), Quoter(fast))

    assert lives(expected) == lives(actual)
