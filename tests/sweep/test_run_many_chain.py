"""Many runs at a time over a chain of tapes are its single runs, and those of the whole recording."""

import random
from pathlib import Path

import numpy as np
import pytest

from tests.backtest.strategies import quote_with_params
from tests.differential.pieces import pieces_of
from tests.differential.streams import normalise
from tests.sweep.test_run_many import SETS, Params
from truefill.backtest import Asset, Bot, ConstantLatency, chain, run
from truefill.sweep import run_many
from truefill.synthetic import make_market
from truefill.tape import Tape, build_tape

ABOUT = {"symbol": "DEMO-PERP.SYNTH", "tick_size": "0.01", "lot_size": "0.01"}


def asset_of(market: Tape | list[Path]) -> Asset:
    """With orders that take a few milliseconds."""
    return Asset(market, latency=ConstantLatency(5_000_000, 3_000_000))


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tape, list[Path]]:
    """Twenty seconds of a made market on one tape, and on four files."""
    rows = normalise(np.concatenate(list(make_market(20, seed=3))))
    seeds = (random.Random(seed) for seed in range(100))
    pieces = next(found for rng in seeds if len(found := pieces_of(rows, rng, 4)) == 4)
    folder = tmp_path_factory.mktemp("days")
    paths = [folder / f"{number}.tape" for number in range(4)]
    for piece, path in zip(pieces, paths, strict=True):
        build_tape(piece, path=path, **ABOUT)
    return build_tape(rows, **ABOUT), paths


@pytest.mark.parametrize("workers", [1, 3])
def test_trials_over_a_chain_are_the_runs_over_the_recording(
    days: tuple[Tape, list[Path]], workers: int
) -> None:
    """One chain is shared by all threads; each run goes from tape to tape for itself."""
    whole, paths = days
    sweep = run_many(asset_of(paths), quote_with_params, SETS, workers=workers)
    expected = [run(Bot([asset_of(whole)]), quote_with_params, params) for params in SETS]
    assert [trial.status for trial in sweep] == ["done"] * len(SETS)
    assert [trial.run_hash for trial in sweep] == [result.run_hash for result in expected]
    assert len({trial.run_hash for trial in sweep}) == len(SETS)
    assert min(len(trial.value.fills) for trial in sweep) > 0


def test_a_chain_beside_one_tape_and_made_anew_for_each_run(days: tuple[Tape, list[Path]]) -> None:
    """Two assets, one of them a chain; and a maker of bots, which opens the files itself."""
    whole, paths = days
    sets = [Params(0, 10), Params(2, 5)]
    one = run_many([asset_of(paths), asset_of(whole)], quote_with_params, sets, workers=2)
    two = run_many(lambda _: Bot([asset_of(paths), asset_of(paths)]), quote_with_params, sets, workers=2)
    assert [trial.run_hash for trial in one] == [trial.run_hash for trial in two]
    assert [trial.error for trial in one] == [None, None]


def test_times_are_read_once_not_by_each_run(
    days: tuple[Tape, list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether something is missing between two tapes is known from when the chain was made."""
    asset = asset_of(days[1])

    def looked(tape: Tape) -> int:
        raise AssertionError("looked for pauses again")

    monkeypatch.setattr(chain, "_longest_pause", looked)
    sweep = run_many(asset, quote_with_params, SETS[:2], workers=1)
    assert [trial.error for trial in sweep] == [None, None]
    assert sweep[0].value.run_data().meta["gaps"] == []
