"""A process that times a market maker's day at the Extended feed's rate: calibration, backtest, walk-forward.

    python -m benchmarks.market_making [BOOKS] [TRADES] [CANDIDATES] [WORKERS]

864,000 books (one each 100 ms) and a million trades by default, made: a mid that walks, orders that reach an
exponential depth past the best price. Fitted each 10 minutes on a window of an hour, and traded with the
documented clocks and with requoting each second. Beside the walk-forward a control: as much pure arithmetic
on one thread and on WORKERS, which tells what so many processors can do at best at this moment.
"""

import json
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.sweeping import control_scaling
from truefill.analysis.market_flow import MarketFlow
from truefill.backtest.quote_replay import Books, Executions, ReplaySettings
from truefill.core.records import BUY_SIDE, SELL_SIDE
from truefill.quoting import return_quoting
from truefill.strategy.maker_calibration import CalibrationSettings, Known, calibrate_maker
from truefill.strategy.maker_market import MakerMarket
from truefill.strategy.market_maker import run_maker
from truefill.sweep import Candidate, walk_forward

START = 1_764_547_200_000_000_000  # 2025-12-01 00:00:00 UTC
DAY = 86_400_000_000_000
TICK, LOT, MID = 0.1, 0.001, 28_000


def made_day(books: int, trades: int, seed: int = 1) -> MakerMarket:
    """A day of a made market of so many books and trades."""
    rng = np.random.default_rng(seed)
    ts = START + np.arange(books, dtype=np.int64) * (DAY // books)
    steps = rng.choice(np.array([-1, 0, 1]), books, p=[0.05, 0.9, 0.05])
    bid = MID + np.cumsum(steps)
    ask = bid + rng.integers(1, 4, books)
    when = np.sort(rng.integers(START, START + DAY, trades))
    side = rng.choice(np.array([BUY_SIDE, SELL_SIDE]), trades)
    at = np.maximum(np.searchsorted(ts, when) - 1, 0)
    past = rng.geometric(0.3, trades) - 1
    tick = np.where(side == BUY_SIDE, ask[at] + past, bid[at] - past)
    sizes = rng.integers(1, 2000, trades)
    changed = np.append(True, (np.diff(bid) != 0) | (np.diff(ask) != 0))
    flow = MarketFlow(
        symbol="MADE-PERP.EXTENDED",
        tick_size=TICK,
        start=START,
        end=START + DAY,
        book_times=ts[changed],
        bid_ticks=bid[changed].astype(np.float64),
        ask_ticks=ask[changed].astype(np.float64),
        trade_times=when,
        trade_sides=side,
        trade_ticks=tick.astype(np.float64),
        trade_sizes=sizes * LOT,
        trade_orders=np.arange(trades),
        gaps=np.zeros((0, 2), np.int64),
        sideless=0,
    )
    quiet = np.full(books, START + 900_000_000_000)
    return MakerMarket(
        flow,
        Books(ts, bid, ask, quiet),
        Executions(when, side, tick.astype(np.float64), sizes),
        np.array([[START, START + DAY]]),
        LOT,
    )


def settings(gamma: float = 10.0, **changed: Any) -> ReplaySettings:
    """The shipped configuration of the pipeline, more or less."""
    quoting = return_quoting(tick_size=TICK, max_inventory=10.0, gamma=gamma, horizon=14_400.0)
    return replace(ReplaySettings(quoting=quoting, cooldown=0.0), **changed)


def timed(work: Any) -> tuple[float, float, Any]:
    """Seconds, seconds of processor time, and what came of it."""
    begin, used = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - begin, time.process_time() - used, found


def walk(market: MakerMarket, known: Known, candidates: int, workers: int) -> Any:
    """A grid over γ, trained on six hours, traded for two."""
    grid = [
        Candidate({"gamma": float(g)}, settings(float(g), fill_rule="own"))
        for g in np.geomspace(0.1, 100.0, candidates)
    ]
    return walk_forward(market, known, grid, train=21_600.0, test=7_200.0, purge=600.0, workers=workers)


def main(arguments: list[str]) -> None:
    """Run all; one line of JSON on stdout."""
    books, trades, candidates, workers = (
        *(int(a) for a in arguments),
        *(864_000, 1_000_000, 200, 2)[len(arguments) :],
    )
    market = made_day(books, trades)
    warm = made_day(20_000, 20_000)
    fitting = CalibrationSettings()
    for model in ("as", "glft"):
        run_maker(warm, settings(model=model), fitting)  # compiles
    values: dict[str, Any] = {"books": books, "trades": trades}
    values["calibrate_s"], values["calibrate_cpu_s"], known = timed(lambda: calibrate_maker(market, fitting))
    values["calibrations"] = len(known.fits)
    for name, changed in (
        ("documented clocks", {"requote": None}),
        ("requoted each second", {"requote": 1.0}),
        ("GLFT, each second", {"requote": 1.0, "model": "glft"}),
    ):
        seconds, cpu, run = timed(lambda c=changed: run_maker(market, settings(**c), known=known))
        values[name] = {
            "seconds": seconds,
            "cpu_s": cpu,
            "fills": len(run.replay.fills),
            "orders": len(run.replay.orders),
        }
    traded = values["requoted each second"]
    values["day_s"] = values["calibrate_s"] + traded["seconds"]
    values["day_cpu_s"] = values["calibrate_cpu_s"] + traded["cpu_s"]
    if candidates:
        one, _, first = timed(lambda: walk(market, known, candidates, 1))
        many, _, second = timed(lambda: walk(market, known, candidates, workers))
        if first.periods.tolist() != second.periods.tolist():
            raise SystemExit("the walk-forward depends on its threads")
        values["walk_forward"] = {
            "candidates": candidates,
            "folds": len(first.folds),
            "one_thread_s": one,
            "seconds": many,
            "workers": workers,
            "scaling": one / many,
            "control_scaling": control_scaling(workers),
        }
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
