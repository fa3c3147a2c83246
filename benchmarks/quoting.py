"""A process that times calibration and exact quotes, beside scipy on the same numbers, on one processor.

    python -m benchmarks.quoting ORDERS BOOKS TRADES RUNS

* an intensity: `fit_lattice` on ORDERS market orders, and the same likelihood given to scipy's minimiser;
* exact quotes at a horizon of 600 s: `exact_quotes`, and scipy's dense matrix exponential of the same matrix;
* a day: rolling fits every ten minutes on a window of an hour, of BOOKS books and TRADES executions.

Both have to come to the same numbers. Without scipy its times are null. One line of JSON on stdout.
"""

import importlib.util
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

NS = 1_000_000_000
RATE, DECAY = 0.9, 0.3
SCIPY = importlib.util.find_spec("scipy") is not None


def main(arguments: list[str]) -> None:
    """Time all three."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    orders, books, trades, runs = map(int, arguments)
    values = {
        "intensity": _intensity(orders, runs),
        "exact": [_exact(limit, runs) for limit in (30, 100)],
        "day": _day(books, trades),
    }
    print(json.dumps(values), flush=True)


def _median(run: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """Median seconds, and what the last run gave; a first one is not timed."""
    result = run()
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), result


def _intensity(orders: int, runs: int) -> dict[str, Any]:
    from truefill.quoting import SideFlow, fit_lattice

    rng = np.random.default_rng(1)
    seconds = orders / (RATE * math.exp(-0.5 * DECAY))
    past = np.floor(rng.exponential(1.0 / DECAY, orders))
    times = np.sort(rng.integers(0, int(seconds * NS), orders))
    flow = SideFlow(times, 0.5 + past, np.zeros(1, np.int64), np.full(1, 0.5), 0, int(seconds * NS))
    own, fit = _median(lambda: fit_lattice(flow), runs)
    values: dict[str, Any] = {"orders": orders, "seconds": own, "scipy_seconds": None}
    if SCIPY:
        from scipy.optimize import minimize  # type: ignore[import-untyped]

        distances, exposure = flow.exposure()

        def cost(x: np.ndarray[Any, Any]) -> float:
            """Minus the log-likelihood of the depths given the book, and of their number."""
            rate, decay = np.exp(x)
            law = np.log(-np.expm1(-decay)) - decay * past
            mean = rate * float(exposure @ np.exp(-decay * distances))
            return float(mean - orders * np.log(mean) - law.sum())

        other, found = _median(lambda: minimize(cost, np.log([0.5, 1.0]), method="BFGS"), runs)
        rate, decay = np.exp(found.x)
        _agree("intensity", (fit.decay, float(decay)), (fit.rate, float(rate)), to=1e-3)
        values["scipy_seconds"] = other
    return values


def _exact(limit: int, runs: int) -> dict[str, Any]:
    from truefill.quoting import MarketModel, Risk, Unit, exact_quotes

    # Beyond some 200 rows the smallest components are rounding, and both ways take seconds.
    model = MarketModel.symmetric(Unit.TICK, sigma=0.3, rate=RATE, decay=DECAY)
    risk = Risk(unit=Unit.TICK, gamma=0.01, max_inventory=limit)
    own, table = _median(lambda: exact_quotes(model, risk, tau=600.0), runs)
    steady, _ = _median(lambda: exact_quotes(model, risk), runs)
    values: dict[str, Any] = {"rows": 2 * limit + 1, "seconds": own, "steady_seconds": steady}
    values["scipy_seconds"] = None
    if SCIPY:
        from scipy.linalg import expm  # type: ignore[import-untyped]

        q = np.arange(-limit, limit + 1.0)
        eta = RATE * (1.0 + 0.01 / DECAY) ** -(1.0 + DECAY / 0.01)
        matrix = np.diag(0.5 * DECAY * 0.01 * 0.3**2 * q**2)
        matrix -= eta * (np.eye(len(q), k=1) + np.eye(len(q), k=-1))
        ones = np.ones(len(q))
        other, v = _median(lambda: expm(-600.0 * matrix) @ ones, max(1, runs // 4))
        premium = math.log1p(0.01 / DECAY) / 0.01
        bid = premium + math.log(v[limit] / v[limit + 1]) / DECAY
        _agree("exact quotes", (float(table.at(0.0)[0]), bid), to=1e-8)
        values["scipy_seconds"] = other
    return values


def _day(books: int, trades: int) -> dict[str, Any]:
    from truefill.quoting import calibration_series

    rng = np.random.default_rng(2)
    day = 86_400 * NS
    when = np.linspace(0, day, books, endpoint=False).astype(np.int64)
    bid = 10_000.0 + rng.choice([-1, 0, 1], books, p=[0.02, 0.96, 0.02]).cumsum()
    at = np.sort(rng.integers(0, day, trades))
    side = rng.choice([-1, 1], trades)
    row = np.searchsorted(when, at) - 1
    past = np.floor(rng.exponential(1.0 / DECAY, trades))
    price = np.where(side > 0, bid[row] + 1.0 + past, bid[row] - past)
    ends = np.arange(3600, 86_401, 600, dtype=np.int64) * NS

    def run() -> Any:
        return calibration_series(ends, when, bid, bid + 1.0, at, side, price, window=3600.0)

    seconds, fits = _median(run, 1)
    bad = sum(str(fit.bid.status) != "ok" for fit in fits)
    return {"books": books, "trades": trades, "fits": len(fits), "not_ok": bad, "seconds": seconds}


def _agree(what: str, *pairs: tuple[float, float], to: float) -> None:
    for ours, theirs in pairs:
        if not abs(ours - theirs) <= to * abs(theirs):
            raise SystemExit(f"{what}: {ours!r} and {theirs!r} are not the same")


if __name__ == "__main__":
    main(sys.argv[1:])
