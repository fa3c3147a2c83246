"""Where a model would have quoted, at each fit of a recording, and how sure that is.

Only what was known at each time goes in. The bands are the quotes of parameters drawn from their errors
(ln A, ln k and ln σ normal): a quote is no surer than what it is made of.
"""

import math
from typing import NamedTuple

import numpy as np

from truefill.core.errors import ConfigError
from truefill.core.gate import whole
from truefill.quoting import (
    Calibration,
    ReturnQuoting,
    asymmetric_coefficients,
    asymmetric_depths,
    gamma_for_inventory_sd,
    glft_depths,
    market_model,
    return_quote,
)
from truefill.quoting.fit_status import FitStatus
from truefill.quoting.parameters import finite, positive
from truefill.strategy.maker_calibration import Known
from truefill.strategy.maker_market import MakerMarket

MODELS = ("as", "glft", "asymmetric")
_NORMAL_95 = 1.959963984540054
_MOST_STEPS = 10_000
_ON_TICK = 1e-6


class Quoting(NamedTuple):
    """What to quote with, beside what was fitted.

    Attributes
    ----------
    model : str
        One of `MODELS`: Avellaneda and Stoikov's in the Extended pipeline's form; GLFT's closed form, each
        side with its own A and κ; the closed form for sides that differ, sharpened.
    settings : ReturnQuoting
        Of ``"as"``; its `max_inventory` and tick are everybody's.
    order_size : float
        Quantity of a quote.
    inventory : float
        Quantity that is held.
    fee : float
        Maker fee, a share of the value; inside of the optimisation, but for ``"as"``, where it bounds.
    inventory_sd : float or None
        Standard deviation that the inventory shall have, quantity; None: a third of the limit. Not for
        ``"as"``.
    """

    model: str
    settings: ReturnQuoting
    order_size: float
    inventory: float = 0.0
    fee: float = 0.0
    inventory_sd: float | None = None


class QuotePoint(NamedTuple):
    """The quotes at one fit: prices, and full spreads (twice a distance) as shares of the mid; NaN: none.

    The bid's distance is taken from the reservation price for ``"as"``, from the mid for the other models.
    Bands are 95 % intervals.
    """

    fit: Calibration
    mid: float
    usable: bool
    bid: float
    ask: float
    reservation: float
    bid_spread: float
    ask_spread: float
    gamma: float
    bid_band: tuple[float, float]
    ask_band: tuple[float, float]
    spread_band: tuple[float, float]


class _Parameters(NamedTuple):
    sigma: float  # ticks / sqrt(s)
    bid_rate: float
    bid_decay: float  # 1 / tick
    ask_rate: float
    ask_decay: float


def quote_series(
    market: MakerMarket, known: Known, quoting: Quoting, *, draws: int = 100, seed: int = 1
) -> list[QuotePoint]:
    """Quote at each fit of a recording.

    Parameters
    ----------
    market : MakerMarket
    known : Known
        Fits, from `calibrate_maker`.
    quoting : Quoting
    draws : int
        Of parameters, for the bands; 0: no bands.
    seed : int

    Returns
    -------
    list of QuotePoint
        One for each fit; without quotes where the fit is not good enough to quote with.

    Raises
    ------
    ConfigError
        An unknown model; an inventory beyond the limit; an `inventory_sd` that no aversion reaches.
    """
    if quoting.model not in MODELS:
        raise ConfigError("one of " + ", ".join(MODELS), repr(quoting.model), "model")
    positive(quoting.order_size, "order_size")
    if abs(finite(quoting.inventory, "inventory")) > quoting.settings.max_inventory:
        limit = f"an inventory within the limit of {quoting.settings.max_inventory:g}"
        raise ConfigError(limit, f"{quoting.inventory:g}", "inventory")
    whole(draws, "0 to 100,000 draws", 0, 100_000, ConfigError, "draws")
    rng = np.random.default_rng(seed)
    flow = market.flow
    best = np.searchsorted(flow.book_times, [fit.timestamp for fit in known.fits]) - 1
    points = []
    for i, fit in enumerate(known.fits):
        ticks = float(known.mids[i])
        if not known.usable[i]:
            points.append(_none(fit, ticks * market.tick_size))
            continue
        book = float(flow.bid_ticks[best[i]]), float(flow.ask_ticks[best[i]])
        points.append(_point(fit, ticks, book, market.tick_size, quoting, draws, rng))
    return points


def _none(fit: Calibration, mid: float) -> QuotePoint:
    nan, none = math.nan, (math.nan, math.nan)
    return QuotePoint(fit, mid, False, nan, nan, nan, nan, nan, nan, none, none, none)


def _point(
    fit: Calibration,
    mid: float,
    book: tuple[float, float],
    tick: float,
    quoting: Quoting,
    draws: int,
    rng: np.random.Generator,
) -> QuotePoint:
    here = _Parameters(fit.volatility.sigma, fit.bid.rate, fit.bid.decay, fit.ask.rate, fit.ask.decay)
    gamma = 0.0
    if quoting.model != "as":
        gamma = _gamma(fit, mid, tick, quoting)
    bid, ask, reservation, used = _quotes(here, mid, tick, gamma, quoting)
    drawn = np.array(
        [_quotes(one, mid, tick, gamma, quoting)[:2] for one in _drawn(fit, here, draws, rng)]
    ).reshape(-1, 2)
    low, high = (math.nan, math.nan), (math.nan, math.nan)
    spread = (math.nan, math.nan)
    if len(drawn):
        low, high = (_interval(drawn[:, k] * tick) for k in (0, 1))
        spread = _interval((drawn[:, 1] - drawn[:, 0]) / mid)
    # Never through the book, and rounded away from the mid.
    bid_tick = math.floor(bid + _ON_TICK)
    ask_tick = math.ceil(ask - _ON_TICK)
    if math.isfinite(book[0]):
        bid_tick, ask_tick = min(bid_tick, math.ceil(book[1]) - 1), max(ask_tick, math.floor(book[0]) + 1)
    middle = reservation if quoting.model == "as" else mid
    return QuotePoint(
        fit,
        mid * tick,
        True,
        bid_tick * tick,
        ask_tick * tick,
        reservation * tick,
        2.0 * (middle - bid) / mid,
        2.0 * (ask - middle) / mid,
        used,
        low,
        high,
        spread,
    )


def _quotes(
    p: _Parameters, mid: float, tick: float, gamma: float, quoting: Quoting
) -> tuple[float, float, float, float]:
    """Bid, ask and reservation price in ticks, before rounding; and γ."""
    q, size = quoting.inventory, quoting.order_size
    if quoting.model == "as":
        made = return_quote(
            mid * tick, q, p.sigma / mid, p.bid_decay * mid, p.ask_decay * mid, quoting.settings
        )
        return made.raw_bid / tick, made.raw_ask / tick, made.reservation / tick, made.gamma
    fee = quoting.fee * mid
    if quoting.model == "glft":
        common = (gamma, gamma, size, 0.0, fee, 0.0)
        bid, _ = glft_depths(q, p.sigma, p.bid_rate, p.bid_decay, *common)
        _, ask = glft_depths(q, p.sigma, p.ask_rate, p.ask_decay, *common)
    else:
        a, b, _ = asymmetric_coefficients(
            p.sigma,
            p.bid_rate * math.exp(-p.bid_decay * fee),
            p.bid_decay,
            p.ask_rate * math.exp(-p.ask_decay * fee),
            p.ask_decay,
            gamma,
            gamma,
            size,
            0.0,
            True,
        )
        bid, ask = asymmetric_depths(q, a, b, p.bid_decay, p.ask_decay, gamma, size)
        bid, ask = bid + fee, ask + fee
    return mid - bid, mid + ask, mid + 0.5 * (ask - bid), gamma


def _gamma(fit: Calibration, mid: float, tick: float, quoting: Quoting) -> float:
    """γ, 1 / (tick * quantity), for the wanted spread of the inventory."""
    size = quoting.order_size
    steps = min(_MOST_STEPS, math.floor(quoting.settings.max_inventory / size + 1e-9))
    if steps < 1:
        raise ConfigError(
            "orders that fit into max_inventory (a smaller --notional, or a larger max_inventory)",
            f"{size:g} of {quoting.settings.max_inventory:g}",
            "order_size",
        )
    model = market_model(
        fit.bid, fit.ask, fit.volatility.sigma, fee=quoting.fee * mid, accept=tuple(FitStatus)
    )
    limit = steps * size
    wanted = limit / 3.0 if quoting.inventory_sd is None else quoting.inventory_sd
    return gamma_for_inventory_sd(model, wanted, order_size=size, max_inventory=limit).gamma


def _drawn(fit: Calibration, here: _Parameters, draws: int, rng: np.random.Generator) -> list[_Parameters]:
    low, high = fit.volatility.band
    sure = low > 0.0 and math.isfinite(high)
    errors = np.nan_to_num(
        [
            math.log(high / low) / (2.0 * _NORMAL_95) if sure else 0.0,
            fit.bid.log_rate_error,
            fit.bid.decay_error / here.bid_decay,
            fit.ask.log_rate_error,
            fit.ask.decay_error / here.ask_decay,
        ]
    )
    factors = np.exp(np.clip(rng.normal(0.0, 1.0, (draws, 5)) * errors, -5.0, 5.0))
    return [_Parameters(*row) for row in (factors * np.array(here)).tolist()]


def _interval(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
