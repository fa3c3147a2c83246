"""What `bot.queue_position` says is what the twin's diary of all places says, whatever happens."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.differential.compare import first_difference
from tests.differential.driver import Trace, play
from tests.differential.engine import engine_bot
from tests.differential.models import EXCHANGES
from tests.differential.order_setups import random_order_setup
from tests.differential.setups import Setup, random_setup, twin_bot
from tests.support.modes import INTERPRETED, runs

BUILT_IN = sorted(name for name in EXCHANGES if "user" not in name)


def check(setup: Setup, seed: int) -> Trace:
    """Play one setup on both with tracking, which changes nothing for the twin."""
    terms = setup.script, setup.units, setup.ticks
    expected = play(twin_bot(setup), *terms, track=True)
    actual = play(engine_bot(setup, track_queues=True), *terms, track=True)
    found = first_difference(expected, actual, set())
    assert found is None, f"seed {seed}: twin != engine at {found}"
    return actual


def known_and_moved(trace: Trace) -> tuple[int, int]:
    """How many places were known, and how many of those were not those at entry."""
    known, moved = 0, 0
    for step in trace:
        for key, places in step.items():
            if key.startswith("places"):
                orders: Any = step["orders" + key.removeprefix("places")]
                real = {i: front for i, front in places.items() if not math.isnan(front)}
                known += len(real)
                moved += sum(front != orders[i]["queue_ahead"] for i, front in real.items())
    return known, moved


def check_many(make: Callable[[int], Setup], seeds: range) -> tuple[int, int]:
    """Play setups; how many places were known and had moved."""
    counts = [known_and_moved(check(make(seed), seed)) for seed in seeds]
    return sum(known for known, _ in counts), sum(moved for _, moved in counts)


@pytest.mark.parametrize("exchange", sorted(EXCHANGES))
def test_levels(exchange: str) -> None:
    """Every queue model, users' too; every exchange, latency, overtaking, stops, icebergs, self-trades."""
    known, moved = check_many(lambda seed: random_setup(seed, exchange), range(300, 300 + max(runs(16), 4)))
    assert known > (0 if INTERPRETED else 40) and (INTERPRETED or moved > 0)


@pytest.mark.parametrize("exchange", BUILT_IN)
def test_single_orders(exchange: str) -> None:
    """Exact places."""
    known, moved = check_many(lambda seed: random_order_setup(seed, exchange), range(300, 300 + runs(12)))
    assert known > (0 if INTERPRETED else 40) and (INTERPRETED or moved > 0)


def test_requests_that_come_before_what_the_exchange_has_done() -> None:
    """Answers that are here before they were sent: what was kept of later times is taken back."""
    check(random_setup(2084, "user's partial"), 2084)


@pytest.mark.long
@pytest.mark.parametrize("exchange", sorted(EXCHANGES))
def test_levels_many_times(exchange: str) -> None:
    """The same, 1,000 times."""
    assert check_many(lambda seed: random_setup(seed, exchange), range(2000, 3000))[1] > 0


@pytest.mark.long
@pytest.mark.parametrize("exchange", BUILT_IN)
def test_single_orders_many_times(exchange: str) -> None:
    """The same, 500 times."""
    assert check_many(lambda seed: random_order_setup(seed, exchange), range(2000, 2500))[1] > 0
