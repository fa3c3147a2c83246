"""Choose on one window, trade the next: a market maker's parameters, and what is left of the best of them.

Each fold has a training window and, after a purge in which nothing counts, a test window. Every candidate is
backtested on both; the one with the best Sharpe ratio in training is the one whose test result counts.
Each backtest begins flat and ends closed, so nothing of a training window is left in a test. Fits are rolling
and know their past only (`maker_calibration`), which is why they may be shared.

The kernel runs without the GIL: candidates go over all processors as threads, over one copy of the market.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from truefill.backtest.quote_replay import CalibrationRows, Replay, ReplaySettings, quote_replay
from truefill.core.errors import ConfigError
from truefill.core.events import NO_BID_TICK
from truefill.core.run_data import Floats, Ints
from truefill.quoting.parameters import not_negative, positive
from truefill.strategy.maker_calibration import Known, maker_rows
from truefill.strategy.maker_market import MakerMarket
from truefill.sweep.many import processors
from truefill.sweep.overfitting import (
    Overfitting,
    backtest_overfitting,
    deflated_sharpe,
    expected_best_sharpe,
    moments,
    sharpe,
)

_NS = 1_000_000_000
_SPLITS = (16, 14, 12, 10, 8, 6, 4, 2)


class Candidate(NamedTuple):
    """One point of the grid: what is shown of it, and what it is."""

    values: dict[str, Any]
    trading: ReplaySettings
    inventory_sd: float | None = None


class Fold(NamedTuple):
    """Windows, [begin, end) in UTC ns, and what came of them.

    `inside` and `outside` are float64[N]: each candidate's Sharpe ratio of a period in training and test.
    """

    train: tuple[int, int]
    test: tuple[int, int]
    chosen: int
    inside: Floats
    outside: Floats
    profit: float


@dataclass(frozen=True, eq=False)
class WalkForward:
    """The outcome.

    Attributes
    ----------
    candidates : tuple of Candidate
    folds : tuple of Fold
    periods : float64[T, N]
        Profit of each candidate in each period of all test windows.
    chosen : float64[T]
        Profit of what was chosen.
    best : int
        The candidate with the best ratio over all test windows: chosen with hindsight.
    period : float
        s.
    overfitting : Overfitting or None
        None where there are too few candidates or periods to say.
    """

    candidates: tuple[Candidate, ...]
    folds: tuple[Fold, ...]
    periods: Floats
    chosen: Floats
    best: int
    period: float
    overfitting: Overfitting | None = field(default=None)

    @property
    def ratios(self) -> Floats:
        """float64[N]: Sharpe ratio of a period, each candidate over all test windows."""
        return np.array([sharpe(column) for column in self.periods.T])

    @property
    def deflated(self) -> float:
        """Probability that the best candidate is better than the luck of so many; NaN: cannot be said."""
        ratios = self.ratios
        skew, kurtosis = moments(self.periods[:, self.best])
        return deflated_sharpe(
            float(ratios[self.best]),
            len(ratios),
            float(np.std(ratios, ddof=1)) if len(ratios) > 1 else 0.0,
            len(self.periods),
            skew,
            kurtosis,
        )

    def summary(self) -> dict[str, Any]:
        """Plain values: the best in-sample number, and beside it what it is worth."""
        ratios = self.ratios
        deviation = float(np.std(ratios, ddof=1)) if len(ratios) > 1 else 0.0
        found = self.overfitting
        return {
            "candidates": len(self.candidates),
            "folds": len(self.folds),
            "periods": len(self.periods),
            "period_s": self.period,
            "best_in_sample": {
                "values": self.candidates[self.best].values,
                "sharpe": float(ratios[self.best]),
                "profit": float(self.periods[:, self.best].sum()),
            },
            "expected_best_of_luck": expected_best_sharpe(len(ratios), deviation),
            "deflated_sharpe": self.deflated,
            "overfitting_probability": math.nan if found is None else found.probability,
            "overfitting_loss": math.nan if found is None else found.loss,
            "chosen_before": {"sharpe": sharpe(self.chosen), "profit": float(self.chosen.sum())},
        }


def folds_of(
    begin: int, end: int, train: float, test: float, purge: float
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Windows of training and test, ns, as many as fit; tests follow each other without overlap.

    Raises
    ------
    ConfigError
        Not even one fits.
    """
    learn, trade = (
        round(positive(x, f"walk_forward.{n}") * _NS) for x, n in ((train, "train"), (test, "test"))
    )
    gap = round(not_negative(purge, "walk_forward.purge") * _NS)
    found = []
    start = begin
    while start + learn + gap + trade <= end:
        middle = start + learn
        found.append(((start, middle), (middle + gap, middle + gap + trade)))
        start += trade
    if not found:
        raise ConfigError(
            f"a recording that a training and a test window fit in ({train + purge + test:g} s)",
            f"{(end - begin) / _NS:g} s with quotes",
            "walk_forward",
        )
    return found


def walk_forward(
    market: MakerMarket,
    known: Known,
    candidates: Sequence[Candidate],
    *,
    train: float,
    test: float,
    purge: float = 0.0,
    period: float = 60.0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> WalkForward:
    """Walk through a recording.

    Parameters
    ----------
    market : MakerMarket
    known : Known
        Its fits (`calibrate_maker`).
    candidates : sequence of Candidate
    train, test, purge : float
        Lengths of the windows and of the time between them, s.
    period : float
        Profits are compared by so many seconds.
    workers : int, optional
        Threads; as many as there are processors by default.
    progress : callable, optional
        Called with the backtests done and all.

    Raises
    ------
    ConfigError
        No candidates, windows that do not fit, a period that a window has not twice.
    """
    if not candidates:
        raise ConfigError("at least one candidate", "none", "walk_forward")
    step = round(positive(period, "walk_forward.period") * _NS)
    if step * 2 > round(min(train, test) * _NS):
        raise ConfigError("a period of at most half a window", f"{period:g} s", "walk_forward.period")
    first = int(market.books.allowed_from[0]) if len(market.books.ts) else 0
    windows = folds_of(first, market.flow.end, train, test, purge)
    rows = _shared_rows(market, known, candidates)
    parts = [tuple(_Part(market, *window, step) for window in pair) for pair in windows]
    jobs = [(f, w, c) for f in range(len(parts)) for w in (0, 1) for c in range(len(candidates))]
    results: dict[tuple[int, int, int], Floats] = {}

    def one(job: tuple[int, int, int]) -> Floats:
        fold, window, number = job
        return parts[fold][window].profits(candidates[number].trading, rows[number])

    with ThreadPoolExecutor(max_workers=workers or processors()) as pool:
        for done, (job, found) in enumerate(zip(jobs, pool.map(one, jobs), strict=True)):
            results[job] = found
            if progress is not None:
                progress(done + 1, len(jobs))
    folds, chosen, periods = [], [], []
    for number, (learn, trade) in enumerate(windows):
        inside, outside = (
            np.array([sharpe(results[number, w, c]) for c in range(len(candidates))]) for w in (0, 1)
        )
        best = int(np.argmax(inside))
        tested = np.column_stack([results[number, 1, c] for c in range(len(candidates))])
        folds.append(Fold(learn, trade, best, inside, outside, float(tested[:, best].sum())))
        chosen.append(tested[:, best])
        periods.append(tested)
    table = np.vstack(periods)
    ratios = np.array([sharpe(column) for column in table.T])
    return WalkForward(
        tuple(candidates),
        tuple(folds),
        table,
        np.concatenate(chosen),
        int(np.argmax(ratios)),
        period,
        _overfitting(table),
    )


def _overfitting(table: Floats) -> Overfitting | None:
    splits = next((s for s in _SPLITS if len(table) >= 4 * s), None)
    if splits is None or table.shape[1] < 2:
        return None
    return backtest_overfitting(table, splits)


def _shared_rows(market: MakerMarket, known: Known, candidates: Sequence[Candidate]) -> list[CalibrationRows]:
    """What each candidate quotes with; made once for those that differ in nothing that goes into it."""
    made: dict[Any, CalibrationRows] = {}
    found = []
    for candidate in candidates:
        t = candidate.trading
        key: tuple[Any, ...] = (t.model,)
        if t.model == "glft":
            key = (
                *("glft", candidate.inventory_sd, t.convention, t.maker_fee, t.notional, t.order_qty),
                *(t.capital, t.leverage, t.quoting.max_inventory),
            )
        if key not in made:
            made[key] = maker_rows(known, t, market.tick_size, candidate.inventory_sd)
        found.append(made[key])
    return found


class _Part:
    """A window of the market, and the mids at the ends of its periods."""

    def __init__(self, market: MakerMarket, begin: int, end: int, step: int) -> None:
        self.market = market.cut(begin, end)
        self.ends: Ints = np.arange(begin + step, end + 1, step, dtype=np.int64)
        books = self.market.books
        seen = np.flatnonzero(books.bid != NO_BID_TICK)
        at = np.searchsorted(books.ts[seen], self.ends, side="right") - 1
        middles = 0.5 * (books.bid[seen] + books.ask[seen]) * market.tick_size
        # Before the first book nothing is held, and the price plays no part.
        self.mids: Floats = np.append(middles, 0.0)[at] if len(seen) else np.zeros(len(self.ends))

    def profits(self, trading: ReplaySettings, rows: CalibrationRows) -> Floats:
        """Profit in each period, the last with the closing of the position."""
        m = self.market
        replay: Replay = quote_replay(m.books, m.executions, rows, trading, m.lot_size)
        fills = replay.fills
        side = fills["side"].astype(np.float64)
        cash = np.append(0.0, np.cumsum(-side * fills["qty"] * fills["price"] - fills["fee"]))
        held = np.append(0, np.cumsum(fills["side"] * fills["qty_lots"]))
        done = np.searchsorted(fills["exch_ts"], self.ends, side="right")
        done[-1:] = len(fills)
        worth = cash[done] + held[done] * m.lot_size * self.mids
        return np.diff(worth, prepend=0.0)
