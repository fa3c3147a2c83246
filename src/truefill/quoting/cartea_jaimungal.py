"""Cartea and Jaimungal's market maker: running and terminal penalty, and a short-term alpha.

She maximises E[X_T + Q_T (S_T - α Q_T) - φ ∫ Q² dt] (Cartea, Jaimungal, Penalva, "Algorithmic and
High-Frequency Trading", 2015, chapter 10). That is the general equation with ξ = 0 and γσ² = 2φ, so
`exact_quotes` solves it; this file says it in the book's letters. Market orders that move the mid by ε add ε
to each side's depth.
"""

import math
from dataclasses import replace

from truefill.core.jit import helper
from truefill.quoting.exact import exact_quotes
from truefill.quoting.parameters import MarketModel, Risk, not_negative, positive
from truefill.quoting.tables import QuoteTable


def cartea_jaimungal(
    model: MarketModel,
    *,
    running_penalty: float,
    terminal_penalty: float = 0.0,
    tau: float | None = None,
    max_inventory: float = 30.0,
    order_size: float = 1.0,
    market_order_impact: float = 0.0,
) -> QuoteTable:
    """Exact quotes under a penalty on the inventory.

    Parameters
    ----------
    model : MarketModel
        Its volatility plays no part: this market maker fears inventory itself.
    running_penalty : float
        φ, unit / (quantity * s).
    terminal_penalty : float
        α, unit / quantity; only with `tau`.
    tau : float, optional
        Seconds to the horizon; without it, the quotes of the long run.
    max_inventory, order_size : float
        Quantity.
    market_order_impact : float
        ε: how far a market order moves the mid, unit; added to each depth. (`MarketModel.jump` instead solves
        with the jump inside, for a jump at each own fill.)

    Returns
    -------
    QuoteTable
        In the model's unit.
    """
    phi = positive(running_penalty, "cartea_jaimungal.running_penalty")
    impact = not_negative(market_order_impact, "cartea_jaimungal.market_order_impact")
    risk = Risk(
        unit=model.unit,
        gamma=2.0 * phi / model.sigma**2,
        xi=0.0,
        order_size=order_size,
        max_inventory=max_inventory,
    )
    table = exact_quotes(model, risk, tau=tau, terminal_penalty=terminal_penalty)
    return replace(table, bid_depth=table.bid_depth + impact, ask_depth=table.ask_depth + impact)


@helper
def alpha_shift(alpha, reversion, holding):  # type: ignore[no-untyped-def]
    """How far a short-term alpha moves both quotes: the drift that is expected while an order is held.

    Add it to the price that the depths are measured from. To first order in α, for
    dα = -ζα dt + noise: α (1 - e^(-ζ h)) / ζ.

    Parameters
    ----------
    alpha : float
        Drift of the mid now, unit / s.
    reversion : float
        ζ, 1 / s; 0: the drift stays.
    holding : float
        h, s.

    Returns
    -------
    float
        Unit.
    """
    if reversion == 0.0:
        return alpha * holding
    return -alpha * math.expm1(-reversion * holding) / reversion


@helper
def alpha_step(alpha, reversion, dt, buys, sells, kick):  # type: ignore[no-untyped-def]
    """Alpha after `dt` seconds with market orders in it: decays, and each buy (sell) kicks it up (down).

    Parameters
    ----------
    alpha : float
        Unit / s.
    reversion : float
        ζ, 1 / s.
    dt : float
        s.
    buys, sells : float
        Market orders since, taken to arrive at the end.
    kick : float
        ε, unit / s, of one market order.

    Returns
    -------
    float
        Unit / s.
    """
    return alpha * math.exp(-reversion * dt) + kick * (buys - sells)
