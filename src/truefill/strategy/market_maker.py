"""A market maker over a recording: fitted on its own clock, quoted on another, traded by a fill rule.

`run_maker` is the documented backtest of the Extended pipeline (`backtest.quote_replay`) from a tape to a
`RunData`, and what is to be said about it in words; `sensitivity` is the same under other fill rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from truefill.backtest.quote_replay import Replay, ReplaySettings, plain_settings, quote_replay
from truefill.core.run_data import RunData
from truefill.quoting import FitStatus
from truefill.strategy.maker_calibration import (
    CalibrationSettings,
    Known,
    calibrate_maker,
    maker_rows,
)
from truefill.strategy.maker_market import MakerMarket

_NS = 1_000_000_000
# Fill rules that are compared: price rule and convention.
RULES = {
    "mean of quote and crossing, touch (documented)": ("mean", "touch"),
    "own quote, touch": ("own", "touch"),
    "own quote, through": ("own", "through"),
}
LATENCIES = (0.0, 0.01, 0.1, 0.5)  # s
_MUCH = 0.5


@dataclass(frozen=True, eq=False)
class MakerRun:
    """One backtest of a market maker.

    Attributes
    ----------
    market : MakerMarket
    trading : ReplaySettings
    known : Known
    replay : Replay
    """

    market: MakerMarket
    trading: ReplaySettings
    known: Known
    replay: Replay

    @property
    def profit(self) -> float:
        """Money at the end, an open position at the last mid, less the capital."""
        books = self.market.books
        seen = np.flatnonzero(books.bid > np.iinfo(np.int64).min)
        mid = 0.0
        if len(seen):
            mid = 0.5 * float(books.bid[seen[-1]] + books.ask[seen[-1]]) * self.market.tick_size
        return self.replay.cash - self.trading.capital + self.replay.position * mid

    def notes(self) -> list[str]:
        """What one has to know about the result, as sentences."""
        return [*self._about_quotes(), *self._about_fits()]

    def _about_quotes(self) -> list[str]:
        counted, trading = self.replay.counters, self.trading
        found = [f"fill rule: {rule_words(trading)}"]
        watched = counted["watched_ns"]
        if watched:
            shares = [counted[f"{side}_quoted_ns"] / watched for side in ("bid", "ask")]
            found.append(
                f"there was a bid {shares[0]:.0%} and an ask {shares[1]:.0%} of the time with a book"
            )
        if trading.requote is None:
            found.append(
                "quotes were decided at calibrations only, as the original does: between the end of "
                f"their validity ({trading.validity:g} s) and the next calibration there were none"
            )
        for name, words in (
            (
                "at_max_spread",
                "the spread was at max_spread_bps in {share:.0%} of the decisions: a smaller "
                "risk_aversion_gamma or inventory_horizon_seconds, or a larger max_spread_bps",
            ),
            (
                "at_min_spread",
                "the spread was at its least (min_spread_bps, twice the maker fee) in {share:.0%} of the "
                "decisions: the model wanted less than the fees",
            ),
        ):
            share = counted[name] / max(1, counted["decisions"])
            if share > _MUCH:
                found.append(words.format(share=share))
        if trading.model == "as" and trading.quoting.gamma_mode == 0:
            skews = self._full_skews()
            if len(skews) and float(np.median(skews)) < 1.0:
                found.append(
                    f"at the inventory limit quotes move by {float(np.median(skews)):.2g} ticks: there is no "
                    "control of the inventory; a larger risk_aversion_gamma, or gamma_mode 'max_shift'"
                )
        return found

    def _full_skews(self) -> np.ndarray:
        usable = self.known.usable
        sigmas = [
            f.volatility.sigma / m
            for f, m, u in zip(self.known.fits, self.known.mids, usable, strict=True)
            if u
        ]
        mids = self.known.mids[usable] * self.market.tick_size
        quoting = self.trading.quoting
        return np.array([quoting.full_skew(m, s) for m, s in zip(mids, sigmas, strict=True)])

    def _about_fits(self) -> list[str]:
        fits = self.known.fits
        if not fits:
            return [
                "no calibration: the recording is shorter than the warm-up; a smaller warmup_period_seconds, "
                "or a longer recording"
            ]
        found = []
        bad = len(fits) - int(self.known.usable.sum())
        if bad:
            causes = dict.fromkeys(
                word
                for fit, usable in zip(fits, self.known.usable, strict=True)
                if not usable
                for word in _causes(fit)
            )
            found.append(
                f"{bad} of {len(fits)} calibrations could not be quoted with ({', '.join(causes)}): no "
                "quotes until the next; a longer calibration_window_seconds where there were few_events"
            )
        poor = sum(FitStatus.POOR_FIT in (f.bid.status, f.ask.status) for f in fits)
        if poor:
            found.append(f"depths were not exponential in {poor} of {len(fits)} calibrations (poor_fit)")
        return found

    def run_data(self, currency: str, meta: dict[str, Any] | None = None) -> RunData:
        """The run for the analysis and its report."""
        asset = self.replay.asset_run(self.market.books, self.market.symbol, currency)
        told = {
            "notes": self.notes(),
            "models": {
                "quotes": {"as": "Avellaneda-Stoikov in returns", "glft": "GLFT, asymmetric"}[
                    self.trading.model
                ],
                "fills": rule_words(self.trading),
            },
            "gaps": [
                [int(a), int(b)]
                for a, b in zip(self.market.segments[:-1, 1], self.market.segments[1:, 0], strict=True)
            ],
            "config": {"trading": plain_settings(self.trading)},
        }
        return RunData((asset,), told | (meta or {}))


def _causes(fit: Any) -> list[str]:
    named = (("bid", fit.bid.status), ("ask", fit.ask.status), ("volatility", fit.volatility.status))
    return [f"{name} {status}" for name, status in named if status is not FitStatus.OK]


def rule_words(trading: ReplaySettings) -> str:
    """The fill rule in words, as every number that depends on it is labelled."""
    price = (
        "the mean of the own quote and the farthest crossing price between two books (documented; better "
        "than the quote)"
        if trading.fill_rule == "mean"
        else "the own quote"
    )
    reach = (
        "trades at the quote or through it" if trading.convention == "touch" else "trades through the quote"
    )
    return f"at {price}; {reach}, no queue, latency {trading.latency * 1e3:g} ms"


def run_maker(
    market: MakerMarket,
    trading: ReplaySettings,
    calibration: CalibrationSettings | None = None,
    *,
    known: Known | None = None,
    inventory_sd: float | None = None,
) -> MakerRun:
    """Backtest a market maker.

    Parameters
    ----------
    market : MakerMarket
    trading : ReplaySettings
    calibration : CalibrationSettings, optional
    known : Known, optional
        Fits that have been made already (`calibrate_maker`); they hang on the market alone.
    inventory_sd : float, optional
        As in `maker_rows`.

    Returns
    -------
    MakerRun
    """
    known = known or calibrate_maker(market, calibration or CalibrationSettings())
    rows = maker_rows(known, trading, market.tick_size, inventory_sd)
    replay = quote_replay(market.books, market.executions, rows, trading, market.lot_size)
    return MakerRun(market, trading, known, replay)


def sensitivity(
    run: MakerRun,
    currency: str,
    latencies: Sequence[float] = LATENCIES,
    inventory_sd: float | None = None,
) -> list[dict[str, Any]]:
    """The same quotes under each fill rule and latency: rows for the report's table.

    Parameters
    ----------
    run : MakerRun
    currency : str
    latencies : sequence of float
        s.
    inventory_sd : float, optional
        As the run had it.
    """
    found = []
    for words, (price, convention) in RULES.items():
        for latency in latencies:
            trading = replace(run.trading, fill_rule=price, convention=convention, latency=latency)
            other = run_maker(run.market, trading, known=run.known, inventory_sd=inventory_sd)
            found.append(
                {
                    "rule": words,
                    "latency_ms": latency * 1e3,
                    "profit": other.profit,
                    "fills": len(other.replay.fills),
                    "currency": currency,
                }
            )
    return found
