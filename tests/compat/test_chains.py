"""A list of files through the drop-in face is a chain of tapes, and HftBacktest's own list of files."""

import random
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from tests.compat.runs import actions_of, backtest_of, difference, pages_of, run
from tests.compat.strategy import play
from tests.compat.test_against_hftbacktest import THEIRS, package
from tests.differential import faults, hft
from tests.differential.market import LOT, TICK, Market, book
from tests.differential.pieces import pieces_of
from tests.differential.setups import play_twin_for_hft, random_setup
from tests.support.modes import INTERPRETED, runs
from truefill.backtest.chain import Chain, tapes_of
from truefill.compat import hftbacktest as ours
from truefill.compat.hftbacktest.following import make_market
from truefill.compat.hftbacktest.grid import Grid
from truefill.core import events as ev
from truefill.core.jit import compile_user
from truefill.tape import Tape, build_tape

GRID = Grid(TICK, LOT)

# -- against HftBacktest -------------------------------------------------------------------------------------


def saved(parts: list[np.ndarray], folder: Path) -> list[str]:
    """Files of the parts; of arrays in a list HftBacktest can wait for ever."""
    folder.mkdir(exist_ok=True)
    names = [str(folder / f"{number}.npy") for number in range(len(parts))]
    for name, part in zip(names, parts, strict=True):
        np.save(name, part)
    return names


@pytest.mark.slow
@pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed")
def test_random_runs(tmp_path: Path) -> None:
    """Both books, one to three assets in one to four pieces: all that can be seen is the same."""
    their_play, our_play = numba.njit(play), compile_user(play)
    chains = steps = fills = 0
    for seed in range(30_000, 30_000 + runs(40)):
        setup = random_setup(seed, THEIRS[seed % len(THEIRS)], for_hft=True)
        trace, clean, _ = play_twin_for_hft(setup)
        _, whole, _ = play_twin_for_hft(setup, faults.LOSING)
        actions = actions_of(setup, [step["action"] for step in trace[:clean]])
        rng = random.Random(seed)
        pieces = [pieces_of(market.stream.events, rng, 4) for market in setup.markets]
        files: list[Any] = [saved(parts, tmp_path / str(a)) for a, parts in enumerate(pieces)]
        if INTERPRETED:
            expected = pages_of(trace[:clean], len(setup.markets))
        else:
            expected = run(backtest_of(package(), setup, files), setup, actions, their_play)
        hbt = backtest_of(ours, setup, files)
        actual = run(hbt, setup, actions, our_play)
        found = difference(expected, actual, clean, whole)
        assert found is None, f"seed {seed}: hftbacktest != drop-in face at {found}"
        for asset, parts in zip(hbt.bot.assets, pieces, strict=True):
            assert len(tapes_of(asset.tape)) == len(parts)
            chains += len(parts) > 1
        steps += clean
        fills += sum(len(hbt.bot.fills(a)) for a in range(len(setup.markets)))
    assert chains > runs(40) // 4
    assert steps > 10 * runs(40)
    assert fills > runs(40)


# -- dense books ---------------------------------------------------------------------------------------------


def two_days() -> tuple[np.ndarray, np.ndarray]:
    """A book; and a day that goes on with it, names other prices and takes some of the old ones away."""
    first = book().bid(97, 5).quiet(100)
    second = Market()
    second.ts = first.ts + 100_000
    second.bid(97, 0).bid(98, 7).ask(104, 3).quiet(100).bid(96, 2).quiet(1000)
    return first.events, second.events


def dense(data: Any, step_ns: int) -> list[tuple[Any, ...]]:
    """The dense arrays at each step; the interpreted face."""
    asset = ours.BacktestAsset().data(data).tick_size(TICK).lot_size(LOT)
    hbt = ours.ROIVectorMarketDepthBacktest([asset.roi_lb(90 * TICK).roi_ub(110 * TICK)])
    seen = []
    while hbt.elapse(step_ns) == 0:
        depth = hbt.depth(0)
        seen.append((depth.best_bid_tick, *depth.bid_depth.tolist(), *depth.ask_depth.tolist()))
    return seen


@pytest.mark.parametrize("step_ns", [50, 100_900])
def test_dense_arrays_start_over_in_the_next_tape(step_ns: int) -> None:
    """Read at every step, and for the first time in the second tape."""
    first, second = two_days()
    assert isinstance(make_market([first, second], GRID), Chain)
    of_chain, of_one = dense([first, second], step_ns), dense(np.concatenate([first, second]), step_ns)
    assert of_chain == of_one
    assert len(set(of_chain)) > (0 if step_ns > 1000 else 4)


# -- when it is a chain, and when one tape -------------------------------------------------------------------


def test_tapes_that_follow_each_other_are_taken_as_they_are(tmp_path: Path) -> None:
    """Nothing is built again; under other names, and with an initial book, one tape is."""
    about = {"symbol": "HAND.TEST", "tick_size": str(TICK), "lot_size": str(LOT)}
    tapes = [build_tape(day, path=tmp_path / f"{n}.tape", **about) for n, day in enumerate(two_days())]
    market = make_market(list(tapes), GRID)
    assert isinstance(market, Chain)
    assert [a is b for a, b in zip(market.tapes, tapes, strict=True)] == [True, True]
    other = build_tape(two_days()[1], **{**about, "symbol": "OTHER.TEST"})
    assert isinstance(make_market([tapes[0], other], GRID), Chain)  # both under one name
    assert dense([str(tmp_path / "0.tape"), str(tmp_path / "1.tape")], 50) == dense([tapes[0], other], 50)


def test_a_finer_lot_in_a_later_file_is_that_of_all() -> None:
    """The tapes of a chain count in one lot."""
    first, second = two_days()
    second = second.copy()
    second["qty"][second["qty"] == 7 * LOT] = 7.25 * LOT
    market = make_market([first, second], GRID)
    assert isinstance(market, Chain)
    assert market.lot_size == pytest.approx(LOT / 100)
    assert dense([first, second], 50) == dense(np.concatenate([first, second]), 50)


def with_order_kinds(rows: np.ndarray) -> np.ndarray:
    """Depth rows as orders that arrive."""
    rows = rows[rows["ev"] & np.uint64(ev.KIND_MASK) == ev.DEPTH]
    rows["ev"] = (rows["ev"] & ~np.uint64(0xFF)) | np.uint64(ev.ADD_ORDER)
    rows["order_id"] = np.arange(len(rows)) + 1
    rows["qty"] = np.maximum(rows["qty"], LOT)
    return rows


def joined_lists() -> dict[str, list[Any]]:
    """Lists of which no chain can be that is the same."""
    first, second = two_days()
    late = second.copy()
    late["exch_ts"] -= 200_000  # happened before the end of the first, arrived after it
    snapshot = second.copy()
    snapshot["ev"][0] = (snapshot["ev"][0] & ~np.uint64(0xFF)) | np.uint64(ev.DEPTH_SNAPSHOT)
    return {
        "one side overlaps": [first, late],
        "a snapshot that clears nothing": [first, snapshot],
        "an empty one": [first, second[:0], second],
        "single orders": [with_order_kinds(first), with_order_kinds(second)],
    }


@pytest.mark.parametrize("name", joined_lists())
def test_what_cannot_be_a_chain_is_joined(name: str) -> None:
    """One tape of all."""
    data = joined_lists()[name]
    market = make_market(data, GRID)
    assert isinstance(market, Tape)
    assert market.header.events == sum(len(part) for part in data)
