"""The matching engine: messages a second on streams of orders, beside nanobook and a plain book in Python.

    python -m benchmarks.matching [--orders N] [--runs N] [--brief]

CPU time, reports written, all in one process; the best and the median run. The plain book must make the same
number of trades; nanobook does so on the benchmark's tapes, and where it does not the page says so.
"""

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from benchmarks.plain_book import plain_book
from benchmarks.report import table
from benchmarks.runner import ROOT, BenchmarkError
from truefill.core.matching import Engine, messages
from truefill.core.order_book_commands import CANCEL, NEW, TRADE
from truefill.core.records import IOC
from truefill.exchange.order_tape import read_order_tape
from truefill.synthetic.order_flow import SHAPES, order_flow

Say = Callable[[str], None]
_PEER_MESSAGES = 200_000  # what the slow ones are timed on
_TAPES = {name: f"orders_{name}_s23_n1000000.bin.xz" for name in ("normal", "flash-crash")}


def streams(orders: int) -> dict[str, NDArray[Any]]:
    """The streams: the benchmark's where they are, and ours."""
    folder = ROOT.parent / "shared" / "data" / "matching"
    found = {
        f"tape {name}": read_order_tape(folder / file).messages
        for name, file in _TAPES.items()
        if (folder / file).exists()
    }
    return {**found, **{f"made {shape}": order_flow(shape, orders, 23) for shape in SHAPES}}


def _timed(work: Callable[[], Any], runs: int) -> tuple[list[float], Any]:
    seconds, answer = [], None
    for _ in range(runs):
        begin = time.process_time()
        answer = work()
        seconds.append(time.process_time() - begin)
    return seconds, answer


def _ours(stream: NDArray[Any]) -> int:
    engine, trades = Engine(), 0
    for reports in engine.stream(stream):
        trades += np.count_nonzero(reports["kind"] == TRADE)
    return trades


def _unread(stream: NDArray[Any]) -> int:
    engine, reports = Engine(), 0
    for piece in engine.stream(stream):
        reports += len(piece)
    return reports


def _nanobook(rows: list[tuple[Any, ...]]) -> int:
    import nanobook

    exchange = nanobook.Exchange()
    submit, cancel, modify = exchange.submit_limit, exchange.cancel, exchange.modify
    ids: dict[int, int] = {}  # it numbers its orders itself
    trades = 0
    for op, side, tif, order_id, price, qty in rows:
        if op == NEW:
            answer = submit("buy" if side > 0 else "sell", price, qty, "ioc" if tif == IOC else "gtc")
            trades += len(answer.trades)
            ids[order_id] = answer.order_id
        elif op == CANCEL:
            cancel(ids.get(order_id, 0))
        else:
            changed = modify(ids.get(order_id, 0), price, qty)
            if changed.success:
                trades += len(changed.trades)
                ids[order_id] = changed.new_order_id
    return trades


def time_streams(orders: int, runs: int, say: Say) -> dict[str, dict[str, Any]]:
    """Time every stream; the whole of it for the engine, and its beginning for all."""
    has_nanobook = importlib.util.find_spec("nanobook") is not None
    _ours(order_flow("static", 1000, 1))  # compiled, or loaded
    results = {}
    for name, stream in streams(orders).items():
        part = stream[:_PEER_MESSAGES]
        rows = list(
            zip(
                *(part[f].tolist() for f in ("op", "side", "time_in_force", "order_id", "price", "qty")),
                strict=True,
            )
        )
        whole, reports = _timed(lambda stream=stream: _unread(stream), runs)
        ours, trades = _timed(lambda part=part: _ours(part), runs)
        plain, plain_trades = _timed(lambda rows=rows: plain_book(rows), min(runs, 3))
        if plain_trades != trades:
            raise BenchmarkError(f"{name}: the plain book made {plain_trades} trades, truefill {trades}")
        peers = {"plain": (plain, plain_trades)}
        if has_nanobook:
            peers["nanobook"] = _timed(lambda rows=rows: _nanobook(rows), min(runs, 3))
        results[name] = {
            "messages": len(stream),
            "reports": reports,
            "trades_of_part": trades,
            "ns_best": 1e9 * min(whole) / len(stream),
            "ns_median": 1e9 * statistics.median(whole) / len(stream),
            "part_ns": 1e9 * min(ours) / len(part),
            "nanobook_trades": peers["nanobook"][1] if has_nanobook else None,
            **{f"{peer}_ns": 1e9 * min(seconds) / len(part) for peer, (seconds, _) in peers.items()},
        }
        say(f"matching, {name}: {results[name]['ns_best']:.1f} ns a message")
    return results


def time_big_book(resting: int, runs: int) -> dict[str, float]:
    """Random cancels and new orders while a million rest, over 20,000 ticks a side."""
    rng = np.random.default_rng(1)
    side = rng.choice([-1, 1], resting)
    engine = Engine(orders=resting)
    ids = np.arange(1, resting + 1)
    for _ in engine.stream(
        messages(
            resting, side=side, order_id=ids, qty=5, price=50_000 - side * rng.integers(1, 20_000, resting)
        )
    ):
        pass
    pairs = 250_000
    next_id = resting + 1
    seconds = []
    for _ in range(runs):
        gone = rng.choice(resting, pairs, replace=False)
        both = messages(2 * pairs, qty=5)
        both["op"][::2] = CANCEL
        both["order_id"][::2] = ids[gone]
        both["side"][1::2] = rng.choice([-1, 1], pairs)
        both["price"][1::2] = 50_000 - both["side"][1::2] * rng.integers(1, 20_000, pairs)
        both["order_id"][1::2] = ids[gone] = next_id + np.arange(pairs)
        next_id += pairs
        begin = time.process_time()
        for _ in engine.stream(both):
            pass
        seconds.append(time.process_time() - begin)
    assert len(engine) == resting
    return {
        "resting": resting,
        "ns_best": 1e9 * min(seconds) / (2 * pairs),
        "ns_median": 1e9 * statistics.median(seconds) / (2 * pairs),
        "bytes_an_order": engine.memory / resting,
    }


def time_single_calls(calls: int, runs: int) -> dict[str, float]:
    """`engine.submit` and `engine.cancel` from Python, one by one."""
    engine = Engine()
    submit, cancel = engine.submit, engine.cancel

    def work() -> None:
        for k in range(calls // 2):
            submit(k, 1, 100 + (k & 63), 5)
            cancel(k)

    seconds, _ = _timed(work, runs)
    return {"ns_best": 1e9 * min(seconds) / calls, "ns_median": 1e9 * statistics.median(seconds) / calls}


@njit
def _chase(links: NDArray[np.int64], steps: int) -> int:  # pragma: no cover
    at = 0
    for _ in range(steps):
        at = links[at]
    return at


def memory_latency(megabytes: int = 64) -> float:
    """Nanoseconds of one dependent load from memory, so that another machine's figures can be compared."""
    count = megabytes << 17
    order = np.random.default_rng(2).permutation(count)
    links = np.empty(count, np.int64)
    links[order] = np.roll(order, -1)
    _chase(links, 10)
    begin = time.process_time()
    _chase(links, 2_000_000)
    return 1e9 * (time.process_time() - begin) / 2_000_000


def time_matching(orders: int, runs: int, say: Say) -> dict[str, Any]:
    """All of it."""
    results = {
        "streams": time_streams(orders, runs, say),
        "big_book": time_big_book(1_000_000, runs),
        "single": time_single_calls(200_000, runs),
        "memory_ns": memory_latency(),
    }
    say(f"matching: {results['big_book']['ns_best']:.0f} ns a message with a million orders")
    return results


def _beside_nanobook(result: dict[str, Any]) -> str:
    if "nanobook_ns" not in result:
        return "not installed"
    ratio = f"{result['nanobook_ns'] / result['part_ns']:.1f}"
    other = result["nanobook_trades"] - result["trades_of_part"]
    return f"{ratio} ({other:+,} trades)" if other else ratio


def section(results: dict[str, Any]) -> str:
    """The engine's section of the page."""
    text = (
        "Streams of orders through [`Engine`](matching.md), reports written, CPU time of one thread: the "
        "open matching-engine benchmark's where they are at hand (*tape*), and made ones. Ratios are of the "
        f"first {_PEER_MESSAGES:,} messages, given to all in the same run: nanobook (where it makes "
        "other trades, how many more), and a careful book in plain Python (dictionaries and heaps), which "
        "makes the same."
    )
    head = ["stream", "messages", "ns a message, best", "median", "M/s, best", "× nanobook", "× plain Python"]
    rows = [
        [
            name,
            f"{r['messages']:,}",
            f"{r['ns_best']:.1f}",
            f"{r['ns_median']:.1f}",
            f"{1e3 / r['ns_best']:.1f}",
            _beside_nanobook(r),
            f"{r['plain_ns'] / r['part_ns']:.1f}",
        ]
        for name, r in results["streams"].items()
    ]
    big, single = results["big_book"], results["single"]
    more = (
        f"With {big['resting']:,} orders resting over 20,000 ticks a side, random cancels and new orders "
        f"take {big['ns_best']:.0f} ns a message (median {big['ns_median']:.0f}), and an order "
        f"{big['bytes_an_order']:.0f} bytes. A single call from Python takes {single['ns_best']:.0f} ns "
        f"(median {single['ns_median']:.0f}). A load from memory that waits for the one before takes "
        f"{results['memory_ns']:.0f} ns on this machine."
    )
    return f"## The matching engine\n\n{text}\n\n{table(head, rows)}\n{more}\n"


def main() -> None:
    """Measure and print the section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matching", description=__doc__)
    parser.add_argument(
        "--orders", type=int, default=1_000_000, help="new orders of a made stream (1,000,000)"
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print what was measured, not the section")
    options = parser.parse_args()
    if options.json:
        print(json.dumps(time_matching(options.orders, options.runs, lambda text: None)))
    else:
        print(section(time_matching(options.orders, options.runs, print)))


if __name__ == "__main__":
    main()
