"""truefill with HftBacktest's rules is HftBacktest 2.4.4, step by step, but for the faults in ``faults.py``.

The twin plays along: it knows where a run comes to a fault, and has to be equal to both.
"""

from collections.abc import Callable

import pytest

from tests.differential import faults, hft
from tests.differential.compare import first_difference
from tests.differential.driver import play
from tests.differential.engine import engine_bot
from tests.differential.models import EXCHANGES, FEES, LATENCIES, QUEUES
from tests.differential.setups import hft_bot, play_twin_for_hft, random_setup
from tests.differential.tally import Tally
from tests.support.modes import INTERPRETED, runs

pytestmark = pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed")

THEIRS = sorted(name for name, row in EXCHANGES.items() if row.hft)
NAMES = [
    *(f"{n} assets" for n in (1, 2, 3)),
    *(f"book {book}" for book in hft.BOOKS),
    *("linear", "inverse"),
    *(f"exchange {name}" for name in THEIRS),
    *(f"queue {row.name}" for row in QUEUES if row.hft),
    *(f"fees {row.name}" for row in FEES if row.hft),
    *(f"latency {row.name}" for row in LATENCIES if row.hft),
]


def check(seed: int, tally: Tally) -> None:
    """Play one seed on all three and compare, up to a fault of HftBacktest."""
    setup = random_setup(seed, THEIRS[seed % len(THEIRS)], for_hft=True)
    twin, clean, ended = play_twin_for_hft(setup)
    _, whole, _ = play_twin_for_hft(setup, faults.LOSING)
    script = setup.script[:clean]
    bot = hft_bot(setup)
    try:
        expected = play(bot, script, setup.units, setup.ticks, faults.avoid)
    finally:
        bot.close()
    found = first_difference(expected, twin[:clean], faults.IGNORED | faults.TOTALS)
    found = found or first_difference(expected[:whole], twin[:whole], faults.IGNORED)
    assert found is None, f"seed {seed}: hftbacktest != twin at {found}"
    actual = play(engine_bot(setup), script, setup.units, setup.ticks, faults.avoid)
    found = first_difference(expected, actual, faults.IGNORED | faults.TOTALS)
    found = found or first_difference(expected[:whole], actual[:whole], faults.IGNORED)
    assert found is None, f"seed {seed}: hftbacktest != truefill at {found}"
    fills = sum(len(actual[-1][f"fills{a}"]) for a in range(len(setup.markets))) if actual else 0
    tally.add(setup.names, clean, len(setup.script), fills, ended)


def test_random_runs(record_property: Callable[[str, object], None]) -> None:
    """Return codes, times, books, trades, orders and totals are equal on random events and strategies."""
    tally = Tally("hftbacktest")
    for seed in range(runs(100)):
        check(seed, tally)
    record_property("proof", str(tally))
    if not INTERPRETED:
        tally.require(share=0.65, each=1, names=NAMES)


@pytest.mark.long
def test_many_random_runs(record_property: Callable[[str, object], None]) -> None:
    """The same, 2,000 times."""
    tally = Tally("hftbacktest")
    for seed in range(1000, 3000):
        check(seed, tally)
    record_property("proof", str(tally))
    tally.require(share=0.65, each=20, names=NAMES)
