"""What wakes stops: with every choice of it the engine does what the twin does, on a tape and on a chain."""

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.differential.compare import first_difference
from tests.differential.driver import play
from tests.differential.engine import engine_bot
from tests.differential.models import EXCHANGES
from tests.differential.order_setups import random_order_setup
from tests.differential.pieces import chain_builder
from tests.differential.scripts import ScriptOptions, random_script
from tests.differential.setups import Market, Setup, random_setup, twin_bot
from tests.support.modes import runs
from truefill.core.events import EXCH

MODELS = sorted(EXCHANGES)
BUILT_IN = [name for name in MODELS if "user" not in name]  # the twin of a user's exchange knows levels only


def setup_of(seed: int) -> Setup:
    """A setup with many stops, of levels or of single orders; venues look at best prices or at marks."""
    if seed % 4 == 0:
        setup = random_order_setup(seed, BUILT_IN[seed // 4 % len(BUILT_IN)])
    else:
        setup = random_setup(seed, MODELS[seed % len(MODELS)])
    rng = random.Random(seed)
    markets = [
        replace(market, stop_trigger="best")
        if rng.random() < 0.5
        else replace(market, stop_trigger="mark", marks=random_marks(rng, market))
        for market in setup.markets
    ]
    options = ScriptOptions(actions=rng.choice((40, 120)), beyond=0.9)
    script = random_script(rng, [m.stream.mid_tick for m in markets], options)
    return replace(setup, markets=markets, script=script)


def random_marks(rng: random.Random, market: Market) -> tuple[tuple[int, float], ...]:
    """Mark prices about the mid, some between two ticks, some in the moment of a row, some after the last."""
    events = market.stream.events
    times = events["exch_ts"][events["ev"] & np.uint64(EXCH) != 0]
    first, last = (int(times.min()), int(times.max())) if len(times) else (1, 2)
    found = {rng.randint(first, last + 5) for _ in range(rng.choice((1, 20, 200)))}
    found |= {int(rng.choice(times)) for _ in range(20) if len(times)}
    mid = market.stream.mid_tick
    return tuple((ts, mid + rng.randint(-6, 6) / 2) for ts in sorted(found))


def check(seed: int) -> int:
    """Play a setup on both, then on pieces of its tapes. Returns how many orders have been triggered."""
    setup, track = setup_of(seed), seed % 3 == 0
    terms = setup.script, setup.units, setup.ticks
    twin = twin_bot(setup)
    expected = play(twin, *terms, track=track)
    actual = play(engine_bot(setup, track), *terms, track=track)
    found = first_difference(expected, actual, set())
    assert found is None, f"seed {seed}: twin != engine at {found}"
    chain = engine_bot(setup, track, chain_builder(random.Random(seed), 4))
    found = first_difference(actual, play(chain, *terms, track=track), set())
    assert found is None, f"seed {seed}: one tape != its pieces at {found}"
    return sum(market.exch.woken for market in twin.markets)


def prove(seeds: range, record_property: Callable[[str, object], None]) -> None:
    """Check many seeds."""
    woken = sum(check(seed) for seed in seeds)
    record_property("proof", f"stops by best price and mark: {len(seeds)} runs, {woken} triggered")
    assert woken > 2 * len(seeds)


@pytest.mark.slow
def test_stops_by_best_price_and_by_mark(record_property: Callable[[str, object], None]) -> None:
    """All that a strategy can see, after each action."""
    prove(range(runs(40)), record_property)


@pytest.mark.long
def test_many_stops_by_best_price_and_by_mark(record_property: Callable[[str, object], None]) -> None:
    """The same, 600 times."""
    prove(range(1000, 1600), record_property)
