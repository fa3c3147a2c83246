"""Books, snapshots and data from files: HftBacktest's, level by level, driven from Python on both sides."""

import itertools
import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.differential import hft
from tests.differential.streams import Stream, StreamOptions, random_stream
from truefill.compat import hftbacktest as ours
from truefill.core import events as ev

pytestmark = [
    pytest.mark.slow,
    pytest.mark.compiled_only,
    pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed"),
]

# No clears up to a price, and no empty sides: there HftBacktest's best prices are wrong.
OPTIONS = StreamOptions(rows=400, partial_clears=False, empty_books=False, max_latency_ns=4)
_KEPT: list[Any] = []


@pytest.fixture(scope="module")
def theirs() -> Any:
    """HftBacktest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import hftbacktest
    return hftbacktest


def _stream(seed: int) -> Stream:
    return random_stream(random.Random(seed), OPTIONS)


def _asset(package: Any, stream: Stream, data: Any, reach: int = 3) -> Any:
    _KEPT.append(data)  # HftBacktest reads it by address
    asset = package.BacktestAsset().data(data).tick_size(stream.tick_size).lot_size(stream.lot_size)
    low, high = ((stream.mid_tick + side * reach) * stream.tick_size for side in (-1, 1))
    return asset.parallel_load(False).roi_lb(low).roi_ub(high).last_trades_capacity(5)


def _book(depth: Any, stream: Stream) -> list[Any]:
    """Best prices, the levels about the middle, and all that the kind of book has besides."""
    ticks = range(stream.mid_tick - 12, stream.mid_tick + 13)
    found = [depth.best_bid_tick, depth.best_ask_tick, depth.best_bid, depth.best_ask]
    found += [depth.bid_qty_at_tick(t) for t in ticks] + [depth.ask_qty_at_tick(t) for t in ticks]
    if hasattr(depth, "snapshot"):
        levels = depth.snapshot()
        found += [tuple(row) for row in levels.tolist()]
        depth.snapshot_free(levels)
    else:
        found += [depth.roi_lb_tick, depth.roi_ub_tick, *depth.bid_depth, *depth.ask_depth]
    return found


def _walk(hbt: Any, stream: Stream, steps: int = 12) -> list[Any]:
    seen = []
    for _ in range(steps):
        code = hbt.elapse(400)
        seen.append((code, hbt.current_timestamp, *_book(hbt.depth(0), stream)))
    hbt.close()
    return seen


def _compare(expected: list[Any], actual: list[Any]) -> None:
    for n, (a, b) in enumerate(zip(expected, actual, strict=True)):
        assert len(a) == len(b), n
        for x, y in zip(a, b, strict=True):
            assert np.allclose(np.array(x, float), np.array(y, float), rtol=1e-12, equal_nan=True), n


@pytest.mark.parametrize("book", ["HashMapMarketDepthBacktest", "ROIVectorMarketDepthBacktest"])
@pytest.mark.parametrize("seed", range(3))
def test_books_are_theirs(theirs: Any, book: str, seed: int) -> None:
    """Snapshots and dense arrays, of a range of interest that is narrower than the market, too."""
    stream = _stream(seed)
    both = [
        _walk(getattr(package, book)([_asset(package, stream, stream.events.copy())]), stream)
        for package in (theirs, ours)
    ]
    _compare(*both)


def test_an_initial_snapshot_is_the_book_before_the_first_event(theirs: Any) -> None:
    """Both sides have it; it wakes nobody, and is no feed."""
    stream = _stream(7)
    snapshot = np.zeros(4, ev.EVENT)
    for row, side, ticks in zip(snapshot, (ev.BUY, ev.BUY, ev.SELL, ev.SELL), (-7, -9, 8, 9), strict=True):
        row["ev"] = ev.DEPTH_SNAPSHOT | side | ev.EXCH | ev.LOCAL
        row["px"], row["qty"] = (stream.mid_tick + ticks) * stream.tick_size, 3 * stream.lot_size
    both = []
    for package in (theirs, ours):
        asset = _asset(package, stream, stream.events.copy()).initial_snapshot(snapshot)
        hbt = package.HashMapMarketDepthBacktest([asset])
        seen: list[Any] = [(0, 0, *_book(hbt.depth(0), stream))]
        assert hbt.feed_latency(0) is None
        seen.append((hbt.wait_next_feed(False, 10**9), hbt.current_timestamp, *hbt.feed_latency(0)))
        both.append(seen + _walk(hbt, stream))
    _compare(*both)


def test_files_follow_each_other(theirs: Any, tmp_path: Path) -> None:
    """A list of a ``.npz``, a ``.npy`` and an array is one market."""
    events = _stream(8).events
    cut = [0, 120, 260, len(events)]
    parts = [events[a:b].copy() for a, b in itertools.pairwise(cut)]
    np.savez_compressed(tmp_path / "a.npz", data=parts[0])
    np.save(tmp_path / "b.npy", parts[1])
    data = [str(tmp_path / "a.npz"), str(tmp_path / "b.npy"), parts[2]]
    stream = _stream(8)
    both = [
        _walk(package.HashMapMarketDepthBacktest([_asset(package, stream, data)]), stream)
        for package in (theirs, ours)
    ]
    _compare(*both)


def test_prices_off_the_tick_and_quantities_off_the_lot_are_read_as_theirs(theirs: Any) -> None:
    """Prices are rounded to the tick; a level below half a lot is none."""
    stream = _stream(9)
    rng = np.random.default_rng(1)
    events: NDArray[Any] = stream.events.copy()
    depth = np.isin(events["ev"] & 0xFF, (ev.DEPTH, ev.DEPTH_SNAPSHOT))
    events["px"][depth] += rng.uniform(-0.3, 0.3, depth.sum()) * stream.tick_size
    events["qty"][depth] += np.round(rng.uniform(-0.4, 0.4, depth.sum()), 3) * stream.lot_size
    events["qty"][depth & (stream.events["qty"] == 0)] = 0.25 * stream.lot_size
    both = [
        _walk(package.HashMapMarketDepthBacktest([_asset(package, stream, events.copy())]), stream)
        for package in (theirs, ours)
    ]
    for seen in both:  # dust of theirs is kept at levels that are not the best
        for n, row in enumerate(seen):
            seen[n] = row[:6]
    _compare(*both)
