"""Avellaneda and Stoikov's quotes in return space, in the form of the Extended pipeline; compiled.

With v = γσ²T, each side has its own full spread D = v + (2/γ) ln(1 + γ/κ), which is halved when it is placed:
bid = r - mid D_bid / 2. The horizon T is a constant. Two ways to count inventory:

* `RATIO` (the pipeline's): the skew is v times q / q_max, while v in the spread is charged as if one order
  were q_max. The γ of the skew is γ_absolute q_max, that of the logarithm is γ_absolute.
* `ABSOLUTE`: q in quantity, Δ the size of an order: r = mid (1 - v q), D = v Δ + (2/(γΔ)) ln(1 + γΔ/κ). This
  is Avellaneda and Stoikov's formula.

With its documented defaults (γ 0.1, T 1800 s, ratio) the pipeline's quotes hardly react to inventory: 0.018
basis points at the limit. `ReturnQuoting.full_skew` says so before a run.
"""

import math
from typing import NamedTuple

from truefill.core.errors import ConfigError
from truefill.core.jit import helper
from truefill.quoting.parameters import finite, not_negative, positive

CONSTANT, INVENTORY_SCALED, MAX_SHIFT = 0, 1, 2
RATIO, ABSOLUTE = 0, 1

_MODES = {"constant": CONSTANT, "inventory_scaled": INVENTORY_SCALED, "max_shift": MAX_SHIFT}
_INVENTORIES = {"ratio": RATIO, "absolute": ABSOLUTE}
_GAMMA_FLOOR, _GAMMA_CAP = 1e-6, 1e6
# A price this close to a tick, in ticks, is on it: float64 has not more to say about 2794.57 / 0.01.
_ON_TICK = 1e-6


class ReturnQuoting(NamedTuple):
    """Settings of the quotes, all plain numbers, for compiled strategies too: `return_quoting` makes and
    checks it.

    Attributes
    ----------
    gamma : float
        Risk aversion, 1 / return (and 1 / quantity, with `ABSOLUTE`).
    gamma_mode : int
        `CONSTANT`; `INVENTORY_SCALED`: 0 when flat, the largest at the limit; `MAX_SHIFT`: from
        `max_shift_ticks`.
    gamma_min, gamma_max : float
        Bounds of the other two modes' γ (and of `CONSTANT`).
    max_shift_ticks : float
        Skew at the limit, ticks.
    horizon : float
        T, s.
    min_spread, max_spread : float
        Bounds of each side's full spread, returns.
    tick_size : float
        Price.
    max_inventory, order_size : float
        Quantity.
    inventory : int
        `RATIO` or `ABSOLUTE`.
    min_volatility, max_volatility : float
        Bounds of σ, return / sqrt(s).
    """

    gamma: float
    gamma_mode: int
    gamma_min: float
    gamma_max: float
    max_shift_ticks: float
    horizon: float
    min_spread: float
    max_spread: float
    tick_size: float
    max_inventory: float
    order_size: float
    inventory: int
    min_volatility: float
    max_volatility: float

    def full_skew(self, mid: float, sigma: float) -> float:
        """How far the middle of the quotes is moved at the inventory limit, ticks."""
        gamma, _ = return_gamma(mid, self.max_inventory, sigma, self)
        ratio = 1.0 if self.inventory == RATIO else self.max_inventory
        return float(gamma * sigma * sigma * self.horizon * ratio * mid / self.tick_size)


class ReturnQuote(NamedTuple):
    """One pair of quotes: prices before and after rounding to ticks, and what went into them.

    Attributes
    ----------
    bid, ask : float
        Price, on the tick, rounded away from the mid.
    raw_bid, raw_ask : float
        Price before rounding.
    reservation : float
        Price.
    bid_spread, ask_spread : float
        Full spread of each side, returns; half of it is placed.
    gamma : float
        The γ that was used.
    """

    bid: float
    ask: float
    raw_bid: float
    raw_ask: float
    reservation: float
    bid_spread: float
    ask_spread: float
    gamma: float


def return_quoting(
    *,
    tick_size: float,
    max_inventory: float,
    gamma: float = 0.1,
    gamma_mode: str = "constant",
    gamma_min: float = _GAMMA_FLOOR,
    gamma_max: float = _GAMMA_CAP,
    max_shift_ticks: float = 100.0,
    horizon: float = 1800.0,
    maker_fee_bps: float = 1.5,
    min_spread_bps: float = 0.0,
    max_spread_bps: float = 200.0,
    order_size: float | None = None,
    inventory: str = "ratio",
    min_volatility: float = 0.0,
    max_volatility: float = 0.02,
) -> ReturnQuoting:
    """Check the settings and put them in plain numbers.

    Parameters
    ----------
    tick_size : float
        Price.
    max_inventory : float
        Quantity.
    gamma : float
        Risk aversion, 1 / return.
    gamma_mode : str
        ``"constant"``, ``"inventory_scaled"`` or ``"max_shift"``.
    gamma_min, gamma_max : float
        Bounds of γ.
    max_shift_ticks : float
        Skew at the limit for the two modes that go by it, ticks.
    horizon : float
        T, s.
    maker_fee_bps, min_spread_bps, max_spread_bps : float
        Basis points. No spread is under ``max(min_spread_bps, 2 * maker_fee_bps)``.
    order_size : float, optional
        Quantity of a quote; needed with ``inventory="absolute"``.
    inventory : str
        ``"ratio"``: the skew goes by q / max_inventory; ``"absolute"``: by q.
    min_volatility, max_volatility : float
        Bounds of σ, return / sqrt(s).

    Raises
    ------
    ConfigError
        A value out of range, or two that contradict each other: bounds that cross, fees over the largest
        spread.
    """
    where = "return_quoting."
    if gamma_mode not in _MODES:
        raise ConfigError("one of " + ", ".join(_MODES), repr(gamma_mode), where + "gamma_mode")
    if inventory not in _INVENTORIES:
        raise ConfigError("one of " + ", ".join(_INVENTORIES), repr(inventory), where + "inventory")
    if inventory == "absolute" and order_size is None:
        raise ConfigError("order_size with absolute inventory", "none", where + "order_size")
    lowest = max(
        not_negative(min_spread_bps, where + "min_spread_bps"),
        2.0 * finite(maker_fee_bps, where + "maker_fee_bps"),
    )
    highest = positive(max_spread_bps, where + "max_spread_bps")
    if lowest > highest:
        raise ConfigError(
            "a max_spread_bps that holds min_spread_bps and twice maker_fee_bps",
            f"{highest:g} under {lowest:g}",
            where + "max_spread_bps",
        )
    if not_negative(gamma_min, where + "gamma_min") > positive(gamma_max, where + "gamma_max"):
        raise ConfigError("gamma_min <= gamma_max", f"{gamma_min:g} over {gamma_max:g}", where + "gamma_min")
    if not_negative(min_volatility, where + "min_volatility") > positive(
        max_volatility, where + "max_volatility"
    ):
        raise ConfigError(
            "min_volatility <= max_volatility", f"{min_volatility:g} over {max_volatility:g}", where[:-1]
        )
    return ReturnQuoting(
        gamma=positive(gamma, where + "gamma"),
        gamma_mode=_MODES[gamma_mode],
        gamma_min=max(float(gamma_min), _GAMMA_FLOOR),
        gamma_max=min(float(gamma_max), _GAMMA_CAP),
        max_shift_ticks=not_negative(max_shift_ticks, where + "max_shift_ticks"),
        horizon=positive(horizon, where + "horizon"),
        min_spread=lowest * 1e-4,
        max_spread=highest * 1e-4,
        tick_size=positive(tick_size, where + "tick_size"),
        max_inventory=positive(max_inventory, where + "max_inventory"),
        order_size=1.0 if order_size is None else positive(order_size, where + "order_size"),
        inventory=_INVENTORIES[inventory],
        min_volatility=float(min_volatility),
        max_volatility=float(max_volatility),
    )


@helper
def return_gamma(mid, q, sigma, settings):  # type: ignore[no-untyped-def]
    """The γ of the settings' mode at the inventory `q`, and the share of the limit that q is (-1 to 1).

    Parameters
    ----------
    mid : float
        Price.
    q : float
        Inventory, quantity.
    sigma : float
        Return / sqrt(s).
    settings : ReturnQuoting

    Returns
    -------
    tuple of float
        γ in 1 / return (and 1 / quantity, with `ABSOLUTE`), and q / max_inventory.
    """
    rho = min(1.0, max(-1.0, q / settings.max_inventory))
    gamma = settings.gamma
    if settings.gamma_mode != CONSTANT:
        variance = max(sigma * sigma * settings.horizon, 1.0e-300)
        gamma = settings.max_shift_ticks * settings.tick_size / mid / variance
        if settings.inventory == ABSOLUTE:
            gamma /= settings.max_inventory
        if settings.gamma_mode == INVENTORY_SCALED:
            gamma *= abs(rho)
    gamma = min(settings.gamma_max, max(settings.gamma_min, gamma))
    return min(_GAMMA_CAP, max(_GAMMA_FLOOR, gamma)), rho


@helper
def return_quote(mid, q, sigma, bid_kappa, ask_kappa, settings):  # type: ignore[no-untyped-def]
    """Bid and ask in return space.

    Parameters
    ----------
    mid : float
        Price.
    q : float
        Inventory, quantity.
    sigma : float
        Volatility, return / sqrt(s); bounded by the settings.
    bid_kappa, ask_kappa : float
        Decay of the fill rate, 1 / return (k in 1 / price times the mid).
    settings : ReturnQuoting

    Returns
    -------
    ReturnQuote
        Where an input is no usable number (NaN, a decay of 0), the bid is -inf and the ask inf: no quote.
    """
    inf = math.inf
    if not (mid > 0.0 and abs(q) < inf and sigma >= 0.0 and bid_kappa > 0.0 and ask_kappa > 0.0):
        return ReturnQuote(-inf, inf, -inf, inf, mid, inf, inf, 0.0)
    sigma = min(settings.max_volatility, max(settings.min_volatility, sigma))
    gamma, rho = return_gamma(mid, q, sigma, settings)
    size = 1.0 if settings.inventory == RATIO else settings.order_size
    held = rho if settings.inventory == RATIO else q
    risk = gamma * sigma * sigma * settings.horizon
    reservation = mid * (1.0 - held * risk)
    bid_spread = risk * size + 2.0 / (gamma * size) * math.log1p(gamma * size / bid_kappa)
    ask_spread = risk * size + 2.0 / (gamma * size) * math.log1p(gamma * size / ask_kappa)
    bid_spread = min(settings.max_spread, max(settings.min_spread, bid_spread))
    ask_spread = min(settings.max_spread, max(settings.min_spread, ask_spread))
    raw_bid = reservation - 0.5 * mid * bid_spread
    raw_ask = reservation + 0.5 * mid * ask_spread
    bid = math.floor(raw_bid / settings.tick_size + _ON_TICK) * settings.tick_size
    ask = math.ceil(raw_ask / settings.tick_size - _ON_TICK) * settings.tick_size
    return ReturnQuote(bid, ask, raw_bid, raw_ask, reservation, bid_spread, ask_spread, gamma)
