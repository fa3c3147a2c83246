"""The drop-in face is HftBacktest 2.4.4, call by call: one strategy source, compiled by both packages.

The setups, and the places where a run comes to a fault of HftBacktest's, are those of tests/differential.
Interpreted, the twin stands in for HftBacktest, which cannot run so.
"""

import types
import warnings
from collections.abc import Callable
from typing import Any

import numba
import pytest

from tests.compat.runs import actions_of, backtest_of, difference, pages_of, run
from tests.compat.strategy import play
from tests.differential import faults, hft
from tests.differential.models import EXCHANGES, FEES, QUEUES
from tests.differential.setups import Setup, play_twin_for_hft, random_setup
from tests.differential.tally import Tally
from tests.support.modes import INTERPRETED, runs
from truefill.compat import hftbacktest as ours
from truefill.core.jit import compile_user

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed"),
]

THEIRS = sorted(name for name, row in EXCHANGES.items() if row.hft)
NAMES = [
    *(f"{n} assets" for n in (1, 2, 3)),
    *(f"book {book}" for book in hft.BOOKS),
    *(f"exchange {name}" for name in THEIRS),
    *("latency constant", "latency recorded"),
]


@pytest.fixture(scope="module")
def their_play() -> Any:
    """The strategy, compiled for HftBacktest."""
    return numba.njit(play)


@pytest.fixture(scope="module")
def our_play() -> Any:
    """The strategy, compiled for the drop-in face, with truefill's cache."""
    return compile_user(play)


def package() -> types.ModuleType:
    """HftBacktest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import hftbacktest
    return hftbacktest


def check(seed: int, their_play: Any, our_play: Any, tally: Tally) -> None:
    """Play one seed on both and compare, up to a fault of HftBacktest."""
    setup = random_setup(seed, THEIRS[seed % len(THEIRS)], for_hft=True)
    trace, clean, ended = play_twin_for_hft(setup)
    _, whole, _ = play_twin_for_hft(setup, faults.LOSING)
    actions = actions_of(setup, [step["action"] for step in trace[:clean]])
    if INTERPRETED:
        expected = pages_of(trace[:clean], len(setup.markets))
    else:
        expected = run(*_theirs(setup), setup, actions, their_play)
    hbt = backtest_of(ours, setup, [m.stream.events for m in setup.markets])
    actual = run(hbt, setup, actions, our_play)
    found = difference(expected, actual, clean, whole)
    assert found is None, f"seed {seed}: hftbacktest != drop-in face at {found}"
    fills = sum(len(hbt.bot.fills(a)) for a in range(len(setup.markets)))
    tally.add(setup.names, clean, len(setup.script), fills, ended)


def _theirs(setup: Setup) -> tuple[Any]:
    arrays = [m.stream.events.copy() for m in setup.markets]  # latency_offset writes into them
    _KEPT.append(arrays)  # they are read by address
    return (backtest_of(package(), setup, arrays),)


_KEPT: list[Any] = []


def test_random_runs(their_play: Any, our_play: Any, record_property: Callable[[str, object], None]) -> None:
    """Return codes, times, books, trades, orders and totals are equal on random events and actions."""
    tally = Tally("hftbacktest, drop-in face")
    for seed in range(20_000, 20_000 + runs(60)):
        check(seed, their_play, our_play, tally)
    record_property("proof", str(tally))
    if not INTERPRETED:
        tally.require(share=0.6, each=1, names=NAMES)


@pytest.mark.long
def test_many_random_runs(
    their_play: Any, our_play: Any, record_property: Callable[[str, object], None]
) -> None:
    """The same, 1,000 times, with every queue and fee model."""
    tally = Tally("hftbacktest, drop-in face")
    for seed in range(21_000, 22_000):
        check(seed, their_play, our_play, tally)
    record_property("proof", str(tally))
    models = [f"queue {row.name}" for row in QUEUES if row.hft] + [
        f"fees {row.name}" for row in FEES if row.hft
    ]
    tally.require(share=0.6, each=5, names=[*NAMES, *models])


@pytest.mark.compiled_only
def test_the_interpreted_face_is_the_compiled_one(our_play: Any) -> None:
    """The same calls on the Python objects of a backtest give the same, to the last bit."""
    for seed in range(20_200, 20_206):
        setup = random_setup(seed, THEIRS[seed % len(THEIRS)], for_hft=True)
        trace, clean, _ = play_twin_for_hft(setup)
        actions = actions_of(setup, [step["action"] for step in trace[:clean]])
        data = [m.stream.events for m in setup.markets]
        compiled = run(backtest_of(ours, setup, data), setup, actions, our_play)
        interpreted = run(backtest_of(ours, setup, data), setup, actions)
        for a, b in zip(compiled.all(), interpreted.all(), strict=True):
            assert a.tobytes() == b.tobytes(), f"seed {seed}"
