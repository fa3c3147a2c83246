"""What models of the user's cost: the grid with a built-in model, and with the same written by a user.

    python -m benchmarks.user_models [--events N] [--runs N]

The two take turns, in one process pinned to one processor; both have to end with the same check sums. Times
are processor time of the thread, the ratio is the median over the rounds of user's by built-in.
"""

import argparse
import math
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import truefill
from benchmarks import workloads
from benchmarks.market import load_market, recording_path
from benchmarks.peers import LATENCY_NS, MAKER_FEE, TAKER_FEE, params_for, read_market
from benchmarks.runner import ROOT, quiet_cpu
from truefill.core.jit import compile_user


def latency(kind: int, timestamp: int, params: Any) -> int:
    """`ConstantLatency`."""
    return int(params[1]) if kind >= 3 else int(params[0])


def fee(maker: int, side: int, price: float, qty: float, value: float, params: Any) -> float:
    """`TradingValueFees`."""
    return params[0] * value if maker != 0 else params[1] * value


def join(order: Any, level_qty: float, params: Any) -> None:
    """`LogProbQueue2`: at the end of the queue."""
    order["front"] = level_qty


def trade(order: Any, qty: float, params: Any) -> None:
    """`LogProbQueue2`: a trade takes from the front."""
    order["front"] -= qty
    order["traded"] += qty


def depth(order: Any, previous: float, new: float, params: Any) -> None:
    """`LogProbQueue2`: a cancellation was behind with a probability."""
    front = order["front"]
    change = previous - new - order["traded"]
    order["traded"] = 0.0
    if change < 0:
        order["front"] = min(front, new)
        return
    behind = previous - front
    b, f = max(behind, 0.0) * params[0], max(front, 0.0) * params[0]
    whole = math.log(1.0 + b + f)
    p = math.log(1.0 + b) / whole if whole > 0.0 else 1.0
    estimate = front - (1.0 - p) * change + min(behind - p * change, 0.0)
    order["front"] = max(min(estimate, new), 0.0)


def filled_by_trade(chance: Any, params: Any) -> int:
    """`FifoExchange`: what a trade gives."""
    return max(min(chance["leaves"], chance["reached"] - chance["given"]), 0)


def filled_by_book(chance: Any, params: Any) -> int:
    """`FifoExchange`: what a book that crosses the order gives."""
    return min(chance["leaves"], chance["opposite_qty"])


def risk(request: Any, params: Any) -> int:
    """`RiskLimits`: quantity and position."""
    if request["qty"] > params[1]:
        return 1
    others = request["open_buy_qty"] if request["side"] > 0 else request["open_sell_qty"]
    return 2 if request["side"] * request["position"] + others + request["qty"] > params[0] else 0


def pairs(lot_size: float) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Built-in and user's models by kind; the last kind has all of them."""
    limits = (1e9 * lot_size, 1e6 * lot_size)  # nothing is held back: the check itself is measured
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "latency": (
            {"latency": truefill.ConstantLatency(LATENCY_NS, LATENCY_NS)},
            {"latency": truefill.UserLatency(latency, (LATENCY_NS, LATENCY_NS))},
        ),
        "queue": (
            {"queue": truefill.LogProbQueue2()},
            {"queue": truefill.UserQueue(join, trade, depth, (lot_size,))},
        ),
        "fees": (
            {"fees": truefill.TradingValueFees(MAKER_FEE, TAKER_FEE)},
            {"fees": truefill.UserFees(fee, (MAKER_FEE, TAKER_FEE))},
        ),
        "exchange": (
            {"exchange": truefill.FifoExchange()},
            {"exchange": truefill.UserExchange(filled_by_trade, filled_by_book)},
        ),
        "risk": (
            {"risk": truefill.RiskLimits(max_position=limits[0], max_order_qty=limits[1])},
            {"risk": truefill.UserRisk(risk, limits)},
        ),
    }
    built_in, users = ({k: v for pair in found.values() for k, v in pair[which].items()} for which in (0, 1))
    return {**found, "all": (built_in, users)}


def main() -> int:
    """Measure and print a table; 0 when user's and built-in models agreed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.user_models", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=25)
    parser.add_argument("--synthetic", action="store_true")
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "benchmarks")
    options = parser.parse_args()
    recording = None if options.synthetic else recording_path()
    made = load_market(options.events, options.cache.absolute(), recording, lambda text: None)
    market = read_market(str(Path(made.full.tape).with_name("market.json")))
    tapes = {which: truefill.open_tape(market[which]["tape"]) for which in ("full", "short")}
    params = params_for(market)
    grid = compile_user(workloads.grid_truefill)
    base = pairs(tapes["full"].lot_size)["all"][0]

    def once(models: dict[str, Any], which: str = "full") -> tuple[float, tuple[float, ...]]:
        bot = truefill.Bot([truefill.Asset(tapes[which], **{**base, "risk": None, **models})])
        begin = time.thread_time()
        checks = tuple(float(c) for c in grid(bot, params))
        return time.thread_time() - begin, checks

    kinds = pairs(tapes["full"].lot_size)
    for both in kinds.values():
        for models in both:
            once(models, "short")  # compiles
    if (cpu := quiet_cpu()) != "any":
        os.sched_setaffinity(0, {int(cpu)})
    print(f"grid over {market['full']['count']:,} events, {options.runs} rounds")
    for kind, (built_in, users) in kinds.items():
        seconds: list[list[float]] = [[], []]
        for _ in range(options.runs):
            (first, expected), (second, actual) = once(built_in), once(users)
            if expected != actual:
                print(f"{kind}: expected the built-in model's {expected}, got {actual}", file=sys.stderr)
                return 1
            seconds[0].append(first)
            seconds[1].append(second)
        ratio = statistics.median(b / a for a, b in zip(*seconds, strict=True))
        low, high = (statistics.median(s) for s in seconds)
        print(f"{kind:10} built-in {low:.4f} s   user's {high:.4f} s   {ratio:.2f} x", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
