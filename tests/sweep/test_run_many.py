"""Many runs at a time are the same runs as one by one, and none can harm the others."""

import _thread
import threading
import time
import weakref
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.backtest.strategies import quote_with_params
from truefill.backtest import Asset, Bot, ConstantLatency, Result, run
from truefill.core.errors import ConfigError, InputError, StrategyError
from truefill.sweep import grid, metrics_of, run_many
from truefill.synthetic import make_market
from truefill.tape import Tape, build_tape


class Params(NamedTuple):
    """What `quote_with_params` is told."""

    distance: int
    lots: int


SETS = grid(Params(0, 10), distance=[0, 1, 2, 3], lots=[5, 10])


@pytest.fixture(scope="module")
def tape() -> Tape:
    """Twenty seconds of a made market."""
    return build_tape(make_market(20, seed=3), symbol="DEMO-PERP.SYNTH", venue="synthetic")


@pytest.fixture
def asset(tape: Tape) -> Asset:
    """It, with orders that take a few milliseconds."""
    return Asset(tape, latency=ConstantLatency(5_000_000, 3_000_000))


def fails_for_two(bot: Any, params: Any) -> int:
    """Raise for one of the parameter sets, in the middle of its run."""
    steps = 0
    while bot.elapse(100_000_000) == 0:
        steps += 1
        if params.distance == 2 and steps == 7:
            raise ValueError("two")
    return steps


def waits_for_ever(bot: Any, params: Any) -> int:
    """End at once, or only when told to."""
    steps = 0
    while params.distance > 0 and bot.elapse(1) == 0:
        steps += 1
    return steps


def count_fills(result: Result) -> int:
    """Reduce a run to one number."""
    return len(result.fills)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_trials_are_the_single_runs_in_the_order_given(asset: Asset, workers: int) -> None:
    """Same hashes, fills and order, whatever the number of threads."""
    alone = [run(Bot([asset]), quote_with_params, params) for params in SETS]
    sweep = run_many(asset, quote_with_params, SETS, workers=workers)

    assert [tuple(params) for params in SETS] == [tuple(trial.params) for trial in sweep]
    assert list(range(len(SETS))) == [trial.number for trial in sweep]
    assert [result.run_hash for result in alone] == [trial.run_hash for trial in sweep]
    assert len({trial.run_hash for trial in sweep}) == len(SETS)
    for one, trial in zip(alone, sweep, strict=True):
        assert np.array_equal(one.fills, trial.value.fills)
        assert one.returned == trial.value.returned
    assert not sweep.interrupted
    assert ["done"] * len(SETS) == [trial.status for trial in sweep]


def test_the_tape_is_shared_and_not_copied(asset: Asset) -> None:
    """The bots of all runs point to the very same columns."""
    sweep = run_many(asset, quote_with_params, SETS[:4], workers=2)
    columns = {int(trial.value.bot._table[0]["l_code_addr"]) for trial in sweep}

    assert {asset.tape.section("local.code").ctypes.data} == columns


def test_reduced_results_are_all_that_is_kept(asset: Asset) -> None:
    """With `reduce` no bot outlives its run, and the table has a column for each number."""
    bots: list[int] = []
    freed: list[int] = []

    def make(params: Params) -> Bot:
        bot = Bot([asset])
        bots.append(id(bot))
        weakref.finalize(bot, freed.append, 1)
        return bot

    sweep = run_many(make, quote_with_params, SETS, workers=2, reduce=count_fills)

    assert len(SETS) == len(bots) == len(freed)
    frame = sweep.frame()
    expected = ["number", "distance", "lots", "value", "status", "error", "run_hash", "seconds"]
    assert expected == frame.columns
    assert [trial.value for trial in sweep] == frame["value"].to_list()
    assert sum(frame["value"]) > 0


def test_metrics_make_a_table(asset: Asset) -> None:
    """`metrics_of` gives each metric a column."""
    frame = run_many(asset, quote_with_params, SETS[:3], reduce=metrics_of).frame()
    alone = run(Bot([asset]), quote_with_params, SETS[1])

    assert metrics_of(alone)["NumberOfTrades"] == frame["NumberOfTrades"][1]
    assert 3 == len(frame)


def test_one_that_raises_does_not_harm_the_others(asset: Asset) -> None:
    """Its trial has the error; what fails in `reduce` or in the making of a bot is told alike."""
    sets = grid(Params(0, 1), distance=[0, 1, 2, 3])
    sweep = run_many(asset, fails_for_two, sets, workers=2, reduce=count_fills)

    assert ["done", "done", "failed", "done"] == [trial.status for trial in sweep]
    assert isinstance(sweep[2].error, ValueError)
    assert "ValueError: two" == sweep.frame()["error"][2]
    assert [sweep[2]] == sweep.failed
    assert 3 == len(sweep.done)

    def fussy(result: Result) -> float:
        return 1.0 / (result.bot.current_timestamp * 0)

    def picky(params: Params) -> Bot:
        if params.distance == 1:
            raise ConfigError("another distance", 1)
        return Bot([asset])

    assert ["failed"] * 4 == [t.status for t in run_many(asset, quote_with_params, sets, reduce=fussy)]
    assert ["done", "failed", "done", "done"] == [t.status for t in run_many(picky, quote_with_params, sets)]


def test_ctrl_c_keeps_what_is_done_and_ends_at_once(asset: Asset) -> None:
    """Two runs end, two are in the middle, the others never begin."""
    run_many(asset, waits_for_ever, [Params(0, 1)])  # compiled before the clock runs
    sets = [Params(0, 1), Params(0, 2), Params(1, 1), Params(1, 2), Params(0, 3), Params(1, 3)]
    asked: list[float] = []

    def interrupt() -> None:
        asked.append(time.monotonic())
        _thread.interrupt_main()

    took = []
    for _ in range(3):  # machines are busy: once of three times
        threading.Timer(0.4, interrupt).start()
        sweep = run_many(asset, waits_for_ever, sets, workers=2, reduce=count_fills)
        took.append(time.monotonic() - asked[-1])
        assert sweep.interrupted
        wanted = ["done", "done", "interrupted", "interrupted", "not run", "not run"]
        assert wanted == [trial.status for trial in sweep]
        assert [0, 0, None, None, None, None] == [trial.value for trial in sweep]
    assert min(took) < 0.1


def test_progress_goes_from_nothing_to_all(asset: Asset) -> None:
    """The share never falls much and ends at one, the count at the number of runs."""
    seen: list[tuple[float, int]] = []
    run_many(asset, quote_with_params, SETS, progress=lambda share, done: seen.append((share, done)))

    assert (1.0, len(SETS)) == seen[-1]
    assert all(0.0 <= share <= 1.0 for share, _ in seen)


def test_what_cannot_be_run_is_said_before_anything_runs(asset: Asset) -> None:
    """Typed errors for arguments that cannot be meant."""
    with pytest.raises(InputError, match="at least one parameter set"):
        run_many(asset, quote_with_params, [])
    with pytest.raises(InputError, match="at least one worker"):
        run_many(asset, quote_with_params, SETS, workers=0)
    with pytest.raises(InputError, match="not None"):
        run_many(asset, quote_with_params, [None])
    with pytest.raises(ConfigError, match="Asset objects"):
        run_many([], quote_with_params, SETS)
    with pytest.raises(StrategyError, match=r"strategy\(bot, params\)"):
        run_many(asset, lambda bot: None, SETS)


def test_a_grid_keeps_the_types_of_its_base() -> None:
    """So that one compiled strategy serves all sets."""

    class Mixed(NamedTuple):
        spread: float
        levels: int
        on: bool

    base = Mixed(0.5, 3, True)
    assert [(1.0, 3, True), (2.0, 3, True)] == [tuple(p) for p in grid(base, spread=[1, 2])]
    assert [float] == [type(p.spread) for p in grid(base, spread=[1])]
    assert [int] == [type(p.levels) for p in grid(base, levels=[4.0])]
    for wrong in ({"levels": [1.5]}, {"on": [1]}, {"levels": [True]}, {"spread": ["a"]}, {"x": [1]}):
        with pytest.raises(InputError):
            grid(base, **wrong)
    with pytest.raises(InputError, match="at least one value"):
        grid(base, levels=[])
    with pytest.raises(InputError, match="named tuple"):
        grid((1, 2), levels=[1])
