"""A chain of tapes is HftBacktest with a list of data: the same at each step, on made markets and real ones.

The made streams are cut at random, each side at times of its own. The real recording is of two files that
follow each other, cut by arrival as its recorder did; or of one, cut in three.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.differential import faults, hft
from tests.differential.compare import difference, first_difference
from tests.differential.diary import Diary
from tests.differential.driver import play
from tests.differential.engine import EngineBot, engine_bot
from tests.differential.hft import HftBot
from tests.differential.makers import grid_maker, imbalance_quoter
from tests.differential.models import EXCHANGES
from tests.differential.pieces import pieces_of
from tests.differential.setups import hft_bot, play_twin_for_hft, random_setup
from tests.differential.test_chains import switches
from tests.support.modes import runs
from tests.support.shared import shared_data
from truefill.backtest.asset import Asset
from truefill.backtest.models.exchanges import NoPartialFillExchange
from truefill.backtest.models.fees import TradingValueFees
from truefill.backtest.models.latency import ConstantLatency
from truefill.backtest.models.queue import LogProbQueue2
from truefill.backtest.result import collect
from truefill.collect.recording import convert
from truefill.tape import Tape, build_tape
from truefill.tape.events import tape_events

MS = 1_000_000
THEIRS = sorted(name for name, row in EXCHANGES.items() if row.hft)
pytestmark = pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed")


def saved(parts: Sequence[np.ndarray], folder: Path) -> list[str]:
    """Files of the parts: of arrays in a list, HftBacktest waits for ever (``arrays`` in ``faults.py``)."""
    folder.mkdir(exist_ok=True)
    names = [str(folder / f"{number}.npy") for number in range(len(parts))]
    for name, part in zip(names, parts, strict=True):
        np.save(name, part)
    return names


def check(seed: int, folder: Path) -> tuple[int, int, int]:
    """Play one seed on pieces in both packages. Returns steps compared, changes of tapes, fills."""
    setup = random_setup(seed, THEIRS[seed % len(THEIRS)], for_hft=True)
    rng = random.Random(seed)
    pieces = [pieces_of(market.stream.events, rng, 5) for market in setup.markets]
    _, clean, _ = play_twin_for_hft(setup)
    _, whole, _ = play_twin_for_hft(setup, faults.LOSING)
    script = setup.script[:clean]
    theirs = hft_bot(setup, [saved(parts, folder / str(a)) for a, parts in enumerate(pieces)])
    try:
        expected = play(theirs, script, setup.units, setup.ticks, faults.avoid)
    finally:
        theirs.close()
    following = iter(pieces)
    ours = engine_bot(setup, build=lambda _, **about: [build_tape(part, **about) for part in next(following)])
    actual = play(ours, script, setup.units, setup.ticks, faults.avoid)
    found = first_difference(expected, actual, faults.IGNORED | faults.TOTALS)
    found = found or first_difference(expected[:whole], actual[:whole], faults.IGNORED)
    counts = [len(parts) for parts in pieces]
    assert found is None, (
        f"seed {seed}: hftbacktest on {counts} arrays != truefill on as many tapes at {found}"
    )
    return clean, switches(ours), len(collect(ours).fills)


def prove(seeds: range, folder: Path, record_property: Callable[[str, object], None]) -> None:
    """Check many seeds; tapes must have been changed on the way, and orders filled."""
    steps, changes, fills = np.sum([check(seed, folder) for seed in seeds], axis=0)
    record_property("proof", f"chains: {steps:,} steps, {changes} changes of a side's tape, {fills} fills")
    assert steps > 10 * len(seeds)
    assert changes > len(seeds) // 4
    assert fills > len(seeds)


def test_chains_are_lists_of_data(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """One to three assets, each in one to five pieces."""
    prove(range(runs(60)), tmp_path, record_property)


@pytest.mark.long
def test_many_chains_are_lists_of_data(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The same, 1,000 times."""
    prove(range(1000, 2000), tmp_path, record_property)


def truefill_bot(tapes: Any) -> EngineBot:
    """A real instrument in truefill."""
    asset = Asset(
        tapes,
        latency=ConstantLatency(5 * MS, 5 * MS),
        queue=LogProbQueue2(),
        exchange=NoPartialFillExchange(),
        fees=TradingValueFees(-0.00005, 0.0004),
    )
    return EngineBot([asset])


def hftbacktest_bot(files: list[str], tape: Tape) -> HftBot:
    """The same in HftBacktest."""
    import hftbacktest

    asset = hftbacktest.BacktestAsset().data(files).parallel_load(False).linear_asset(1.0)
    asset = asset.tick_size(tape.tick_size).lot_size(tape.lot_size).log_prob_queue_model2()
    asset = asset.constant_order_latency(5 * MS, 5 * MS).no_partial_fill_exchange()
    return HftBot([asset.trading_value_fee_model(-0.00005, 0.0004)], [])


def trade(bot: Any, tape: Tape, begin: int, steps: int) -> Diary:
    """Make a market from a moment on, with a grid; then for as long with quotes that modify."""
    qty = 10 * tape.lot_size
    bot.elapse(0)
    assert bot.elapse(begin - bot.current_timestamp) == 0
    grid = grid_maker(bot, tape.tick_size, qty, spacing=15, levels=10, step_ns=200 * MS)
    quotes: Iterator[None] = imbalance_quoter(bot, tape.tick_size, qty, reach=20, shift=5.0, step_ns=50 * MS)
    return Diary(bot, chain(islice(grid, steps), islice(quotes, steps)))


def same(actual: Diary, expected: Diary, ignored: set[str]) -> None:
    """Each step, and each fill."""
    assert len(actual.steps) == len(expected.steps) > 300
    for number, (a, e) in enumerate(zip(actual.steps, expected.steps, strict=True)):
        found = difference(a, e, ignored, scale=float(e["state"]["trading_value"]))
        assert found is None, f"step {number}, {a['now']}: {found}"
    assert actual.fills == expected.fills
    assert len(actual.fills) > 10


def recorded(names: Sequence[str], folder: Path, **about: Any) -> list[Tape]:
    """A tape of each file."""
    tapes = []
    for name in names:
        source, out = shared_data(f"raw/binance_usdm/{name}.gz"), folder / f"{name}.tape"
        convert([source], venue="binance-usdm", symbol="BTCUSDT", out=out, **about)
        tapes.append(Tape.open(out))
    return tapes


@pytest.mark.needs_shared
@pytest.mark.slow
@pytest.mark.compiled_only
def test_two_files_of_a_recorder(tmp_path: Path) -> None:
    """Across midnight, where the recorder began a new file without a snapshot."""
    tapes = recorded(["btcusdt_20240718", "btcusdt_20240719"], tmp_path)
    midnight = int(tapes[1].section("local.group_ts")[0])
    begin, steps = midnight - 40_000 * MS, 400
    theirs = hftbacktest_bot(saved([tape_events(tape) for tape in tapes], tmp_path), tapes[0])
    expected = trade(theirs, tapes[0], begin, steps)
    theirs.close()
    ours = truefill_bot(tapes)
    actual = trade(ours, tapes[0], begin, steps)
    assert switches(ours) == 2
    same(actual, expected, faults.IGNORED)


@pytest.mark.needs_shared
@pytest.mark.slow
@pytest.mark.compiled_only
def test_three_pieces_of_a_recording(tmp_path: Path) -> None:
    """The recording whole and in pieces, in both packages: the same to the last digit in ours."""
    (tape,) = recorded(["btcusdt_20240718"], tmp_path)
    rows = tape_events(tape)
    begin = int(rows["local_ts"].min()) + 5_000 * MS
    pieces = next(found for seed in range(100) if len(found := pieces_of(rows, random.Random(seed), 3)) == 3)
    about = {"symbol": tape.symbol, "tick_size": tape.tick_size, "lot_size": tape.lot_size}
    whole, ours = truefill_bot(tape), truefill_bot([build_tape(part, **about) for part in pieces])
    one, many = (trade(bot, tape, begin, 1_600) for bot in (whole, ours))
    assert switches(ours) == 4
    same(many, one, set())
    assert collect(whole).run_hash == collect(ours).run_hash
    theirs = hftbacktest_bot(saved(pieces, tmp_path), tape)
    expected = trade(theirs, tape, begin, 1_600)
    theirs.close()
    same(many, expected, faults.IGNORED)
