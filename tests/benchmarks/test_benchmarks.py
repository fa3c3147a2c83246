"""The benchmark script runs through on a small market, and refuses packages that do not agree."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks.market import load_market
from benchmarks.order_market import Open, follow, load_order_market
from benchmarks.report import ORDER_WORKLOADS, quoting_section, readers_section
from benchmarks.runner import ROOT, BenchmarkError, Series, must_agree, time_quoting, time_readers
from benchmarks.workloads import CHECKS

from truefill.core.events import (
    ADD_ORDER,
    BUY,
    DEPTH,
    DEPTH_SNAPSHOT,
    EVENT,
    EXCH,
    FILL,
    KIND_MASK,
    MODIFY_ORDER,
)
from truefill.tape import Tape

HFT = importlib.util.find_spec("hftbacktest") is not None


@pytest.mark.slow
@pytest.mark.compiled_only
@pytest.mark.skipif(not HFT, reason="hftbacktest is not installed")
def test_both_packages_compute_the_same_and_a_page_is_written(tmp_path: Path) -> None:
    """Two workloads on some seconds of a synthetic market, in both packages."""
    page = tmp_path / "page.md"
    command = [
        sys.executable,
        "-m",
        "benchmarks",
        "--synthetic",
        "--brief",
        "--events",
        "5000",
        "--order-events",
        "5000",
        "--runs",
        "2",
    ]
    command += [
        "--workloads",
        "grid",
        "grid_dict",
        "every_event",
        "--sweep",
        "4",
        "--peers",
        "truefill",
        "roivector",
    ]
    command += ["--days", "4", "--assets", "2", "--reader-rows", "0", "--matching-orders", "0"]
    command += ["--messages", "3000"]
    command += ["--out", str(page), "--cache", str(tmp_path / "cache")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(page.with_suffix(".json").read_text())
    grid = results["workloads"]["grid"]
    assert [2, 2] == [len(times) for times in grid["seconds"].values()]
    assert grid["checks"]["requests"] > 20
    assert grid["checks"]["fills"] > 0
    text = page.read_text()
    assert "a synthetic market" in text
    assert "| 20-order grid |" in text
    assert [2, 2, 2] == [len(runs) for runs in results["sweep"]["cases"].values()]
    assert "4 parameter sets" in text
    assert {"every_feed", "quotes"} == set(results["callbacks"])
    assert all(case["steps"] > 0 for case in results["callbacks"].values())
    assert results["collecting"]["messages"] >= 3000
    assert "messages a second** of one processor" in text
    storage = results["storage"]
    assert storage["write"]["events"] == storage["read"]["events"] == storage["raw"]["events"] > 0
    chains = results["chains"]
    assert chains["chain"]["steps"] > chains["three"]["steps"] > 0
    assert chains["together"]["events"] == sum(run["events"] for run in chains["alone"])
    assert "2 assets side by side" in text

    orders = results["orders"]
    assert list(ORDER_WORKLOADS) == list(orders["workloads"])
    assert orders["market"]["full"]["count"] >= 5000
    for workload in orders["workloads"].values():
        assert [2, 2] == [len(times) for times in workload["seconds"].values()]
        assert workload["checks"]["steps"] > 100
    assert "## Single orders (L3)" in text
    assert "## HftBacktest's face" in text
    for workload in results["drop_in"].values():
        assert [2, 2] == [len(times) for times in workload["seconds"].values()]


@pytest.mark.slow
@pytest.mark.compiled_only
def test_a_repeated_market_returns_to_its_opening_book(tmp_path: Path) -> None:
    """The market is as long as asked for, and at the end of a repeat the book is the one it began with."""
    said: list[str] = []
    market = load_market(3000, tmp_path, None, said.append)
    assert market == load_market(3000, tmp_path, None, said.append)
    assert "found in" in said[-1]
    assert market.full.count >= 3000
    rows = np.load(market.full.events)
    rows = rows[rows["ev"] & np.uint64(EXCH) != 0]
    kind = rows["ev"] & np.uint64(KIND_MASK)
    books: list[dict[tuple[bool, float], float]] = []
    for chosen in (kind == DEPTH_SNAPSHOT, (kind == DEPTH_SNAPSHOT) | (kind == DEPTH)):
        book = {(bool(r["ev"] & np.uint64(BUY)), float(r["px"])): float(r["qty"]) for r in rows[chosen]}
        books.append({level: qty for level, qty in book.items() if qty > 0})
    assert books[0] == books[1]
    tape = Tape.open(market.full.tape)
    assert (tape.exch.group_bid < tape.exch.group_ask).all()


@pytest.mark.slow
@pytest.mark.compiled_only
def test_readers_of_vendors_files_are_timed() -> None:
    """Each format's made file is read whole, and has a line in the page."""
    found = time_readers(2000, 1, lambda text: None)
    assert all(case["events"] >= case["rows"] >= 100 for case in found)
    assert all(case["seconds"] > 0 < case["bytes"] for case in found)
    page = readers_section(found)
    assert all(f"| {case['title']} |" in page for case in found)
    assert "GDAX, updates" in page


def test_each_repeat_of_single_orders_is_whole(tmp_path: Path) -> None:
    """No order is unknown, none is left over, ids are new, and the book is never seen empty."""
    market = load_order_market(3000, tmp_path, None, lambda text: None)
    assert market.by_order
    assert market.repeats > 1
    assert market.full.count >= 3000
    rows = np.load(market.full.events)
    once = len(rows) // market.repeats
    assert market.repeats * once == len(rows)
    for name in ("exch_ts", "local_ts"):
        assert (np.diff(rows[name]) >= 0).all()
    seen: set[int] = set()
    for part in np.split(rows, market.repeats):
        resting: Open = {}
        assert follow(part, resting).all()
        assert not resting
        ids = set(part["order_id"][part["ev"] & np.uint64(KIND_MASK) == ADD_ORDER].tolist())
        assert not ids & seen
        seen |= ids
    tape = Tape.open(market.full.tape)
    assert tape.header.orders is not None
    for view in tape.header.orders.values():
        assert {name for name, count in view.items() if count} == {
            "most_open"
        }  # no fault, and none at the end
    assert (tape.exch.group_bid[:-1] < tape.exch.group_ask[:-1]).all()


def test_an_opening_book_keeps_the_order_of_its_queues() -> None:
    """A larger order goes to the back, a smaller one keeps its place; fills elsewhere are left out."""
    rows = np.zeros(6, EVENT)
    rows["ev"] = np.array([ADD_ORDER, ADD_ORDER, ADD_ORDER, MODIFY_ORDER, MODIFY_ORDER, FILL]) | BUY
    rows["order_id"] = [1, 2, 3, 1, 2, 3]
    rows["px"] = [10, 10, 10, 10, 10, 11]
    rows["qty"] = [5, 5, 5, 6, 4, 1]
    resting: Open = {}
    assert [True] * 5 + [False] == follow(rows, resting).tolist()
    assert [(2, (BUY, 10, 4)), (3, (BUY, 10, 5)), (1, (BUY, 10, 6))] == list(resting.items())


def test_runs_that_differ_are_refused() -> None:
    """Whole numbers must be equal, sums may differ by rounding."""
    expected = dict.fromkeys(CHECKS, 1e6)
    must_agree("grid", "a", expected, "b", expected | {"balance": 1e6 + 1e-6})
    for wrong in ({"fills": 1e6 + 1}, {"balance": 1e6 + 1}):
        with pytest.raises(BenchmarkError, match="expected the same"):
            must_agree("grid", "a", expected, "b", expected | wrong)


def test_ratios_are_taken_turn_by_turn() -> None:
    """A slow turn of the machine hits both packages, and leaves the ratio alone."""
    series = Series({"truefill": [1.0, 10.0, 1.0], "hashmap": [5.0, 50.0, 6.0]}, {})
    assert 5.0 == series.ratio("truefill", "hashmap")
    assert 6.0 == series.median("hashmap")


@pytest.mark.slow
@pytest.mark.compiled_only
def test_users_models_are_measured_against_the_built_in_ones(tmp_path: Path) -> None:
    """Each kind, and all together, with equal check sums; what it prints is a table of ratios."""
    command = [sys.executable, "-m", "benchmarks.user_models", "--synthetic", "--events", "5000"]
    command += ["--runs", "2", "--cache", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["latency", "queue", "fees", "exchange", "risk", "all"]
    assert all(line.endswith(" x") for line in lines[1:])


@pytest.mark.slow
@pytest.mark.compiled_only
def test_quoting_is_timed_and_agrees_with_scipy() -> None:
    """A small day; the section has its numbers, and stands without scipy, too."""
    timed = time_quoting(lambda text: None, 2000, 20_000, 20_000)
    text = quoting_section(timed)
    assert timed["day"]["fits"] == 139 and timed["day"]["not_ok"] == 0
    assert "intensity of 2,000 orders" in text and "201 inventories" in text
    timed["intensity"]["scipy_seconds"] = None
    assert "n/a" in quoting_section(timed) and quoting_section({}) == ""
