"""HftBacktest's data tools: its results where it is right, each difference by name."""

import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.differential.streams import StreamOptions, random_stream
from tests.support.modes import runs
from truefill.compat.hftbacktest import data as ours
from truefill.compat.hftbacktest.data.utils import difforderbooksnapshot, feed_order_latency, migration2
from truefill.core.errors import DataError, TruefillError
from truefill.core.events import BUY, DEPTH, DEPTH_CLEAR, EVENT, EXCH, LOCAL, SELL, TRADE

MODULES = (
    "data",
    "data.utils.difforderbooksnapshot",
    "data.utils.feed_order_latency",
    "data.utils.migration2",
)


@pytest.fixture(scope="module")
def theirs() -> dict[str, Any]:
    """HftBacktest's modules, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [
            pytest.importorskip(f"hftbacktest.{name}", reason="hftbacktest is not installed on this Python")
            for name in MODULES
        ]
    return dict(zip(MODULES, found, strict=True))


def raw_rows(rng: random.Random, count: int) -> np.ndarray:
    """Rows as a converter has them: in some order, ties in both times, no EXCH nor LOCAL, one price NaN."""
    rows = np.zeros(count, EVENT)
    for n in range(count):
        kind, side = rng.choice((DEPTH, TRADE, DEPTH_CLEAR)), rng.choice((BUY, SELL))
        exch_ts = 1000 + 3 * n + rng.randint(-9, 9)
        local_ts = max(1005 + 3 * n, int(rows[max(n - 1, 0)]["local_ts"])) + rng.choice((0, 0, 1, 5))
        px = np.nan if kind == DEPTH_CLEAR else rng.randint(90, 110) / 2
        rows[n] = (kind | side, exch_ts, local_ts, px, rng.randint(0, 9), rng.randint(0, 3), n % 2, 0.0)
    return rows


def orders_of(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both orders, from stable sorts, with one place more that HftBacktest reads."""
    orders = (np.argsort(rows[name], kind="stable") for name in ("exch_ts", "local_ts"))
    exch, local = (np.append(order, 0) for order in orders)
    return exch, local


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_event_order_is_hftbacktests(theirs: dict[str, Any]) -> None:
    """Random rows: the same merge, row by row, and valid by either package's check."""
    rng = random.Random(1)
    for _ in range(runs(80)):
        rows = raw_rows(rng, rng.randint(1, 120))
        exch, local = orders_of(rows)
        actual = ours.correct_event_order(rows, exch[:-1], local[:-1])
        expected = theirs["data"].correct_event_order(rows.copy(), exch, local)
        assert actual.tobytes() == expected.tobytes()
        assert len(rows) <= len(actual) <= 2 * len(rows)
        ours.validate_event_order(actual)
        theirs["data"].validate_event_order(actual)
        for flag, order in ((EXCH, exch), (LOCAL, local)):
            kept = actual[(actual["ev"] & np.uint64(flag)) != 0]
            for name in ("exch_ts", "local_ts", "qty", "order_id", "ival"):
                assert (kept[name] == rows[name][order[:-1]]).all()


def test_event_order_of_little_and_of_nothing() -> None:
    """Q: small inputs are read to their end and no further (HftBacktest: past it, and a segfault)."""
    for count in (0, 1, 2, 3):
        rows = raw_rows(random.Random(2), count)
        rows["local_ts"] = rows["local_ts"][::-1]
        exch, local = orders_of(rows)
        made = ours.correct_event_order(rows, exch[:-1], local[:-1])
        assert len(made) >= count
        ours.validate_event_order(made)


def test_rows_of_equal_times_stay_apart() -> None:
    """Named difference: an order that is not stable may swap equal times (HftBacktest: AssertionError)."""
    rows = raw_rows(random.Random(3), 6)
    rows["exch_ts"], rows["local_ts"] = 100, 200
    made = ours.correct_event_order(rows, np.arange(6), np.arange(6)[::-1].copy())
    ours.validate_event_order(made)
    for flag in (EXCH, LOCAL):
        assert ((made["ev"] & np.uint64(flag)) != 0).sum() == 6


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_order_of_wrong_rows_is_refused(theirs: dict[str, Any]) -> None:
    """The check names the first row that is out of order; it is a ValueError as HftBacktest's."""
    rng = random.Random(4)
    for _ in range(runs(40)):
        events = random_stream(rng, StreamOptions(rows=60)).events
        ours.validate_event_order(events)
        a, b = sorted(rng.sample(range(len(events)), 2))
        events[[a, b]] = events[[b, a]]
        outcomes = []
        for package in (ours, theirs["data"]):
            try:
                outcomes.append(package.validate_event_order(events))
            except ValueError:
                outcomes.append("wrong")
        assert outcomes[0] == outcomes[1]


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_local_times_move_as_hftbacktests(theirs: dict[str, Any], capsys: Any) -> None:
    """In place, by the same time, when a latency is below zero; else not at all."""
    rng = random.Random(5)
    for _ in range(runs(40)):
        rows = raw_rows(rng, 50)
        rows["local_ts"] += rng.randint(-40, 30)
        base = rng.choice((0, 7, 1000))
        actual, expected = rows.copy(), rows.copy()
        assert ours.correct_local_timestamp(actual, base) is actual
        theirs["data"].correct_local_timestamp(expected, base)
        assert actual.tobytes() == expected.tobytes()


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_named_difference_times_of_today_stay_exact(theirs: dict[str, Any], capsys: Any) -> None:
    """HftBacktest adds a float: times of today move by steps of 256 ns."""
    rows = raw_rows(random.Random(6), 9)
    for name in ("exch_ts", "local_ts"):
        rows[name] += 1_700_000_000_123_456_789
    rows["local_ts"] -= 1_001
    actual, expected = rows.copy(), rows.copy()
    ours.correct_local_timestamp(actual, 500.0)
    theirs["data"].correct_local_timestamp(expected, 500.0)
    assert (actual["local_ts"] - actual["exch_ts"]).min() == 500
    assert (actual["local_ts"] != expected["local_ts"]).any()
    assert np.abs(actual["local_ts"] - expected["local_ts"]).max() <= 256


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_migration_of_version_1(theirs: dict[str, Any], tmp_path: Path, capsys: Any) -> None:
    """Kinds, sides, one-sided rows: equal to the byte where a float has the time; a file is written."""
    rng = np.random.default_rng(7)
    old = np.zeros((200, 6))
    old[:, 0] = rng.integers(1, 5, 200)
    old[:, 1] = np.where(rng.random(200) < 0.2, -1, np.sort(rng.integers(1, 10**6, 200)))
    old[:, 2] = np.where(rng.random(200) < 0.2, -1, np.sort(rng.integers(1, 10**6, 200)))
    old[:, 3] = rng.integers(-1, 2, 200)
    old[:, 4:] = rng.integers(1, 100, (200, 2)) / 4
    np.savez(tmp_path / "v1.npz", data=old)
    for factor in (1000, 1, 2.5):
        expected = theirs["data.utils.migration2"].convert(str(tmp_path / "v1.npz"), None, factor)
        actual = migration2.convert(str(tmp_path / "v1.npz"), tmp_path / "v2.npz", factor)
        assert actual.tobytes() == expected.tobytes()
        assert np.load(tmp_path / "v2.npz")["data"].tobytes() == actual.tobytes()


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_named_difference_migrated_times_stay_exact(theirs: dict[str, Any], tmp_path: Path) -> None:
    """Microseconds times 1000 in whole numbers (HftBacktest: in float64, off by up to 256 ns)."""
    old = np.array([[1, 1_700_000_000_123_457.0, 1_700_000_000_123_559.0, 1, 5.0, 1.0]])
    np.savez(tmp_path / "v1.npz", data=old)
    actual = migration2.convert(tmp_path / "v1.npz")
    assert actual["exch_ts"][0] == 1_700_000_000_123_457_000
    expected = theirs["data.utils.migration2"].convert(str(tmp_path / "v1.npz"))
    assert 0 < abs(int(expected["exch_ts"][0]) - 1_700_000_000_123_457_000) <= 256


def random_book(rng: random.Random, levels: int) -> tuple[np.ndarray, ...]:
    """Both sides of a book of `levels` levels, tick 0.5, lot 0.01."""
    bids = sorted(rng.sample(range(90, 90 + 2 * levels), levels), reverse=True)
    asks = sorted(rng.sample(range(120, 120 + 2 * levels), levels))
    sides = []
    for ticks in (bids, asks):
        sides += [np.array(ticks) * 0.5, np.array([rng.randint(1, 3) * 0.01 for _ in ticks])]
    return tuple(sides)


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_difference_of_snapshots(theirs: dict[str, Any]) -> None:
    """Random books: what changed, appeared and went, as HftBacktest tells it."""
    rng = random.Random(8)
    for _ in range(runs(16)):
        levels = rng.randint(1, 8)
        actual = difforderbooksnapshot.DiffOrderBookSnapshot(levels, 0.5, 0.01)
        expected = theirs["data.utils.difforderbooksnapshot"].DiffOrderBookSnapshot(levels, 0.5, 0.01)
        for _ in range(12):
            sides = random_book(rng, levels)
            for mine, other in zip(actual.snapshot(*sides), expected.snapshot(*sides), strict=True):
                assert mine.tolist() == other.tolist()


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_named_difference_a_shorter_snapshot_has_its_own_levels_only(theirs: dict[str, Any]) -> None:
    """HftBacktest gives `levels` rows whatever was published: the rest is left over from before."""
    both = (
        difforderbooksnapshot.DiffOrderBookSnapshot(3, 0.5, 0.01),
        theirs["data.utils.difforderbooksnapshot"].DiffOrderBookSnapshot(3, 0.5, 0.01),
    )
    full = (np.array([9.0, 8.5, 8.0]), np.ones(3), np.array([9.5, 10.0, 10.5]), np.ones(3))
    short = (np.array([8.5]), np.ones(1), np.array([9.5, 10.0]), np.ones(2))
    results = []
    for diff in both:
        diff.snapshot(*full)
        diff.snapshot(*full)
        results.append(diff.snapshot(*short))
    bids, asks, gone_bids, gone_asks = results[0]
    assert bids.tolist() == [[8.5, 1.0, difforderbooksnapshot.UNCHANGED]]
    assert len(asks) == 2
    above, below = (
        difforderbooksnapshot.OUT_OF_BOOK_DELETION_ABOVE,
        difforderbooksnapshot.OUT_OF_BOOK_DELETION_BELOW,
    )
    assert gone_bids.tolist() == [[9.0, above], [8.0, below]] == results[1][2].tolist()
    assert gone_asks.tolist() == [[10.5, above]]
    assert len(results[1][0]) == 3


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_order_latency_of_a_file(theirs: dict[str, Any], tmp_path: Path) -> None:
    """The function behind it is compared elsewhere; here: a file in, a file out, HftBacktest's defaults."""
    events = random_stream(random.Random(9), StreamOptions(rows=300)).events
    np.savez(tmp_path / "feed.npz", data=events)
    settings = (2, 5, 3, 1, 20)
    expected = theirs["data.utils.feed_order_latency"].generate_order_latency(
        str(tmp_path / "feed.npz"), None, *settings
    )
    actual = feed_order_latency.generate_order_latency(
        str(tmp_path / "feed.npz"), str(tmp_path / "latency.npz"), *settings
    )
    assert len(actual) > 10
    assert actual.tobytes() == expected.tobytes() == np.load(tmp_path / "latency.npz")["data"].tobytes()
    assert actual.dtype == feed_order_latency.order_latency_dtype


@pytest.mark.parametrize(
    "call",
    [
        lambda path: ours.correct_local_timestamp(np.zeros(3), 0),
        lambda path: ours.correct_local_timestamp(raw_rows(random.Random(1), 3), np.nan),
        lambda path: ours.correct_event_order(raw_rows(random.Random(1), 3), np.arange(2), np.arange(3)),
        lambda path: ours.correct_event_order(
            raw_rows(random.Random(1), 3), np.array([0, 1, 7]), np.arange(3)
        ),
        lambda path: ours.correct_event_order(
            raw_rows(random.Random(1), 9), np.arange(9)[::-1], np.arange(9)
        ),
        lambda path: migration2.convert(path / "nothing.npz"),
        lambda path: migration2.convert(Path(__file__)),
        lambda path: difforderbooksnapshot.DiffOrderBookSnapshot(0, 0.5, 1.0),
        lambda path: difforderbooksnapshot.DiffOrderBookSnapshot(5, 0.0, 1.0),
        lambda path: difforderbooksnapshot.DiffOrderBookSnapshot(1, 1.0, 1.0).snapshot(
            [1, 2], [1, 2], [], []
        ),
        lambda path: difforderbooksnapshot.DiffOrderBookSnapshot(2, 1.0, 1.0).snapshot([1, 2], [1], [], []),
        lambda path: feed_order_latency.generate_order_latency(path / "nothing.npz"),
    ],
)
def test_bad_input_is_a_typed_error(call: Any, tmp_path: Path) -> None:
    with pytest.raises(TruefillError, match="expected"):
        call(tmp_path)
    assert issubclass(DataError, ValueError)
