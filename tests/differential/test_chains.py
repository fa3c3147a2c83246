"""A chain of pieces of a recording is the recording, step by step, with all that a strategy can see."""

import random
from collections.abc import Callable

import pytest

from tests.differential.compare import first_difference
from tests.differential.driver import play
from tests.differential.engine import engine_bot
from tests.differential.models import EXCHANGES, QUEUES
from tests.differential.order_setups import random_order_setup
from tests.differential.pieces import chain_builder
from tests.differential.setups import Setup, random_setup
from tests.support.modes import runs
from truefill.backtest.bot import Bot
from truefill.backtest.chain import tapes_of
from truefill.backtest.chain_records import chain_at
from truefill.backtest.result import collect

MODELS = sorted(EXCHANGES)


def switches(bot: Bot) -> int:
    """How often a side has gone over to its next tape."""
    chains = [chain_at(a["chain_addr"]) for a in bot._table if a["chain_addr"]]
    return sum(int(chain["x_tape"] + chain["l_tape"]) for chain in chains)


def check(setup: Setup, seed: int) -> tuple[int, int]:
    """Play a setup on the whole and on the pieces. Returns how often a side changed tapes, and fills."""
    track = seed % 3 == 0  # places of own orders in their queues
    whole = engine_bot(setup, track)
    expected = play(whole, setup.script, setup.units, setup.ticks, track=track)
    chain = engine_bot(setup, track, chain_builder(random.Random(seed), 6))
    actual = play(chain, setup.script, setup.units, setup.ticks, track=track)
    found = first_difference(expected, actual, set())
    tapes = [len(tapes_of(a.tape)) for a in chain.assets]
    assert found is None, f"seed {seed}: one tape != {tapes} tapes at {found}"
    one, many = collect(whole), collect(chain)
    assert one.run_hash == many.run_hash
    for a, b in zip(one.run_data().assets, many.run_data().assets, strict=True):
        assert a.price_ts.tolist() == b.price_ts.tolist()
        assert str(a.bid.tolist()) == str(b.bid.tolist())
        assert str(a.ask.tolist()) == str(b.ask.tolist())
    return switches(chain), len(one.fills)


def prove(setups: Callable[[int], Setup], seeds: range) -> None:
    """Check many seeds; chains must have been gone through, and orders filled."""
    changes = fills = 0
    for seed in seeds:
        found = check(setups(seed), seed)
        changes += found[0]
        fills += found[1]
    assert changes > len(seeds) // 4
    assert fills > len(seeds)


def of_levels(seed: int) -> Setup:
    """Any models, one to three assets."""
    return random_setup(seed, MODELS[seed % len(MODELS)])


def of_orders(seed: int) -> Setup:
    """Single orders, now and then beside levels."""
    return random_order_setup(seed, MODELS[seed % len(MODELS)])


def of_orders_by_level(seed: int) -> Setup:
    """Single orders with the queue models that know levels only."""
    return random_order_setup(seed, MODELS[seed % len(MODELS)], by_level=QUEUES)


def test_pieces_are_the_whole() -> None:
    """Levels, with every model; each asset cut elsewhere."""
    prove(of_levels, range(runs(80)))


def test_pieces_of_single_orders_are_the_whole() -> None:
    """Places in the queue are known across the cut."""
    prove(of_orders, range(runs(40)))


def test_pieces_of_single_orders_are_the_whole_for_models_of_levels() -> None:
    """The orders that a tape begins with are no news of its levels."""
    prove(of_orders_by_level, range(runs(20)))


@pytest.mark.long
def test_many_pieces_are_the_whole() -> None:
    """The same, 2,500 times."""
    prove(of_levels, range(1000, 2500))
    prove(of_orders, range(1000, 1500))
    prove(of_orders_by_level, range(1000, 1500))
