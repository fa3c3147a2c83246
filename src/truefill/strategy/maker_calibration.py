"""What a quoting rule knows from each time on: fits over a rolling window, on their own clock, as its rows.

A fit at t looks at nothing from t on and at nothing of an earlier segment. A fit that is not good enough is a
row without quotes, and its status is kept; there is no default to fall back to.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from truefill.backtest import quote_replay_kernel as k
from truefill.backtest.quote_replay import CalibrationRows, ReplaySettings
from truefill.core.errors import ConfigError
from truefill.quoting import (
    Calibration,
    FitStatus,
    Risk,
    asymmetric_coefficients,
    calibration_series,
    gamma_for_inventory_sd,
    market_model,
)
from truefill.quoting.avellaneda_stoikov import mean_fill_premium
from truefill.quoting.parameters import not_negative, positive
from truefill.strategy.maker_market import MakerMarket

_NS = 1_000_000_000
# Depths that are not quite exponential are the rule in markets, and the fit is still the best of its kind.
ACCEPTED = (FitStatus.OK, FitStatus.POOR_FIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationSettings:
    """How the fits are made.

    Parameters
    ----------
    window : float
        s.
    every : float
        From one to the next, s; the first is at the end of each segment's warm-up.
    warmup : float
        s.
    sample_every : float
        Grid of the volatility's path, s.
    method : str
        Volatility estimator, of `truefill.quoting.volatility.METHODS`.
    min_events : int
        Market orders a side under which there are no quotes.
    accept : tuple of FitStatus
        Fits of intensities to quote with.
    """

    window: float = 3600.0
    every: float = 600.0
    warmup: float = 900.0
    sample_every: float = 1.0
    method: str = "two_scale"
    min_events: int = 20
    accept: tuple[FitStatus, ...] = ACCEPTED

    def __post_init__(self) -> None:
        for name in ("window", "every", "sample_every"):
            positive(getattr(self, name), f"CalibrationSettings.{name}")
        not_negative(self.warmup, "CalibrationSettings.warmup")


class Known(NamedTuple):
    """Fits, the mid at each (ticks), and whether one may quote with it."""

    fits: list[Calibration]
    mids: np.ndarray
    usable: np.ndarray


def calibrate_maker(market: MakerMarket, settings: CalibrationSettings) -> Known:
    """Fit all windows of a market, segment by segment."""
    flow = market.flow
    fits: list[Calibration] = []
    for begin, end in market.segments.tolist():
        first = begin + round(settings.warmup * _NS)
        if settings.warmup == 0.0:
            first = begin + round(settings.every * _NS)
        at = np.arange(first, end, round(settings.every * _NS), dtype=np.int64)
        if not len(at):
            continue
        rows = slice(*np.searchsorted(flow.book_times, [begin, end]).tolist())
        hits = slice(*np.searchsorted(flow.trade_times, [begin, end]).tolist())
        fits += calibration_series(
            at,
            flow.book_times[rows],
            flow.bid_ticks[rows],
            flow.ask_ticks[rows],
            flow.trade_times[hits],
            flow.trade_sides[hits],
            flow.trade_ticks[hits],
            execution_orders=flow.trade_orders[hits],
            window=settings.window,
            sample_every=settings.sample_every,
            method=settings.method,
            min_events=settings.min_events,
        )
    times = np.array([fit.timestamp for fit in fits], np.int64)
    # The last known mid before each: a side that is empty for a moment does not unmake it.
    seen = np.flatnonzero(np.isfinite(flow.bid_ticks))
    last = np.searchsorted(flow.book_times[seen], times) - 1
    mids = np.append(flow.mids[seen], np.nan)[last]
    usable = np.array([_usable(fit, settings.accept) for fit in fits], np.bool_) & (mids > 0.0)
    return Known(fits, mids, usable)


def _usable(fit: Calibration, accept: tuple[FitStatus, ...]) -> bool:
    sides = all(f.status in accept and f.rate > 0.0 and f.decay > 0.0 for f in (fit.bid, fit.ask))
    return sides and fit.volatility.status is FitStatus.OK and fit.volatility.sigma > 0.0


def maker_rows(
    known: Known, trading: ReplaySettings, tick_size: float, inventory_sd: float | None = None
) -> CalibrationRows:
    """Turn fits into what the quotes are made from.

    Parameters
    ----------
    known : Known
    trading : ReplaySettings
        Its model, order size, limits, fee and fill convention.
    tick_size : float
        Price.
    inventory_sd : float, optional
        Of GLFT's quotes: the standard deviation that the inventory shall have, quantity. A third of what
        limit and capital allow, if not given.

    Raises
    ------
    ConfigError
        An `inventory_sd` that no risk aversion reaches.
    """
    values = np.full((len(known.fits), k.CALIBRATION_COLUMNS), np.nan)
    for i, (fit, mid) in enumerate(zip(known.fits, known.mids.tolist(), strict=True)):
        if not known.usable[i]:
            continue
        values[i, k.C_SIGMA] = fit.volatility.sigma / mid
        values[i, k.C_BID_KAPPA], values[i, k.C_ASK_KAPPA] = fit.bid.decay * mid, fit.ask.decay * mid
        values[i, k.C_BID_DEPTH :] = 0.0
        if trading.model == "glft":
            values[i, k.C_BID_DEPTH :] = _linear(fit, mid, trading, tick_size, inventory_sd)
    times = np.array([fit.timestamp for fit in known.fits], np.int64)
    return CalibrationRows(times, known.usable, values)


def _linear(
    fit: Calibration, mid: float, trading: ReplaySettings, tick_size: float, inventory_sd: float | None
) -> tuple[float, float, float, float]:
    """Depths of bid and ask when flat, skew per quantity, and shift, ticks (`asymmetric`, sharpened)."""
    bid, ask = fit.bid, fit.ask
    if trading.convention == "through":
        bid, ask = bid.through(), ask.through()
    fee = trading.maker_fee * mid
    model = market_model(bid, ask, fit.volatility.sigma, fee=fee, accept=tuple(FitStatus))
    risk = _risk(model, mid * tick_size, trading, inventory_sd)
    thinned = [side.rate * math.exp(-side.decay * fee) for side in (bid, ask)]
    a, b, _ = asymmetric_coefficients(
        model.sigma,
        thinned[0],
        bid.decay,
        thinned[1],
        ask.decay,
        risk.gamma,
        risk.fill_aversion,
        risk.order_size,
        0.0,
        True,
    )
    flat = [
        mean_fill_premium(side.decay, risk.fill_aversion, risk.order_size) + fee + a * risk.order_size
        for side in (bid, ask)
    ]
    return flat[0], flat[1], 2.0 * a, b


def _risk(model: object, price: float, trading: ReplaySettings, inventory_sd: float | None) -> Risk:
    """An aversion for the wanted spread of the inventory, within what limit and money allow."""
    size = trading.order_qty if trading.order_qty is not None else (trading.notional or 0.0) / price
    most = min(trading.quoting.max_inventory, trading.capital * trading.leverage / price)
    steps = max(1, min(10_000, math.floor(most / size + 1e-9)))
    limit = steps * size
    wanted = limit / 3.0 if inventory_sd is None else inventory_sd
    try:
        return gamma_for_inventory_sd(model, wanted, order_size=size, max_inventory=limit)  # type: ignore[arg-type]
    except ConfigError as error:
        raise ConfigError(
            f"an inventory_sd that quotes of {size:g} can have: a third of the limit {limit:g}, say",
            error.got,
            "inventory_sd",
        ) from None
