"""What the checks of arguments cost: ``python -m benchmarks.gate``.

Each call is made with the checks, as a strategy makes it, and without them, straight at the engine. The two
take turns; the smallest of many rounds counts, since whatever else the machine does only adds.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from truefill.backtest import Asset, Bot
from truefill.backtest.bot_compiled import _call_cancel
from truefill.backtest.compiled_types import make_depth
from truefill.backtest.records import ASSET, run_at
from truefill.synthetic import make_market
from truefill.tape import build_tape

_ROW = ASSET.itemsize
ROUNDS = 7
COMPILED_CALLS, PYTHON_CALLS = 1_000_000, 10_000


@numba.njit
def depth_checked(bot: Any, n: int, assets: Any) -> int:
    """Best prices, the asset's number checked."""
    total = 0
    for i in range(n):
        total ^= bot.depth(assets[i & 1023]).best_bid_tick + i
    return total


@numba.njit
def depth_unchecked(bot: Any, n: int, assets: Any) -> int:
    """Best prices, the asset's number trusted."""
    total = 0
    for i in range(n):
        row = run_at(bot._address)["assets_addr"] + assets[i & 1023] * _ROW
        total ^= make_depth(row).best_bid_tick + i
    return total


@numba.njit
def cancel_checked(bot: Any, n: int, assets: Any) -> int:
    """A cancel of an order that is not there, everything checked."""
    total = 0
    for i in range(n):
        total += bot.cancel(0, i + 1)
    return total


@numba.njit
def cancel_unchecked(bot: Any, n: int, assets: Any) -> int:
    """The same, with what the strategy's side checks left out."""
    total = 0
    for i in range(n):
        total += _call_cancel(run_at(bot._address)["f_cancel"], (bot._address, 0, np.uint64(i + 1), 0))
    return total


def python_checked(bot: Bot, n: int, assets: Any) -> None:
    """From Python: a cancel of an order that is not there."""
    cancel = bot.cancel
    for i in range(n):
        cancel(0, i + 1)


def python_unchecked(bot: Bot, n: int, assets: Any) -> None:
    """The same, straight at the engine."""
    cancel, address = bot._call["cancel"], bot._p
    for i in range(n):
        cancel(address, 0, i + 1, 0)


PAIRS: dict[str, tuple[Callable[..., Any], Callable[..., Any], int]] = {
    "compiled, best bid": (depth_checked, depth_unchecked, COMPILED_CALLS),
    "compiled, cancel": (cancel_checked, cancel_unchecked, COMPILED_CALLS),
    "interpreted, cancel": (python_checked, python_unchecked, PYTHON_CALLS),
}


def main() -> None:
    """Print nanoseconds a call, with and without."""
    bot = Bot([Asset(build_tape(make_market(2, seed=1), symbol="GATE.TEST"))])
    bot.elapse(1_000_000_000)
    assets = np.zeros(1024, np.int64)  # read, so that the compiler cannot check once for all
    for name, (checked, unchecked, calls) in PAIRS.items():
        best = [float("inf"), float("inf")]
        for _ in range(ROUNDS):
            for k, function in enumerate((checked, unchecked)):
                start = time.perf_counter()
                function(bot, calls, assets)
                best[k] = min(best[k], time.perf_counter() - start)
        with_, without = (seconds / calls * 1e9 for seconds in best)
        sys.stdout.write(f"{name:22s} {with_:8.1f} ns with, {without:8.1f} ns without\n")


if __name__ == "__main__":
    main()
