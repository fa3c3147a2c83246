"""Avellaneda and Stoikov's quotes (Quantitative Finance 8(3), 2008, 217-224), compiled.

All lengths in one unit, times in seconds; `MarketModel` and `Risk` carry and check the unit, these functions
trust. They are the expansion near the end of the horizon: far from it they skew too much (with the paper's
own numbers eight times, `docs/quoting.md`), which `truefill.quoting.glft` does not.
"""

import math

from truefill.core.jit import helper


@helper
def mean_fill_premium(decay, xi, order_size):  # type: ignore[no-untyped-def]
    """Depth that a quote wants beyond its reservation price: ln(1 + ξΔ/k) / (ξΔ), or 1/k for ξ = 0.

    Parameters
    ----------
    decay : float
        k, 1 / unit.
    xi : float
        1 / (unit * quantity).
    order_size : float
        Δ, quantity.

    Returns
    -------
    float
        Unit.
    """
    if xi == 0.0:
        return 1.0 / decay
    return math.log1p(xi * order_size / decay) / (xi * order_size)


@helper
def avellaneda_stoikov_reservation(mid, q, tau, sigma, gamma):  # type: ignore[no-untyped-def]
    """Price at which one more unit is worth nothing: mid - q γ σ² τ, between the reservation bid and ask.

    Parameters
    ----------
    mid : float
        Unit.
    q : float
        Inventory, quantity.
    tau : float
        Time to the horizon, s.
    sigma : float
        Unit / sqrt(s).
    gamma : float
        1 / (unit * quantity).

    Returns
    -------
    float
        Unit.
    """
    return mid - q * gamma * sigma * sigma * tau


@helper
def avellaneda_stoikov_depths(q, tau, sigma, bid_decay, ask_decay, gamma, order_size):  # type: ignore[no-untyped-def]
    """Optimal distances of bid and ask from the mid, `tau` seconds before the horizon.

    δ_bid = ln(1 + γΔ/k) / (γΔ) + (2q + Δ)/2 γσ²τ, δ_ask = the same with -(2q - Δ)/2. With Δ = 1 and equal
    decays the spread is γσ²τ + (2/γ) ln(1 + γ/k), whatever the inventory.

    Parameters
    ----------
    q : float
        Inventory, quantity.
    tau : float
        Time to the horizon, s.
    sigma : float
        Unit / sqrt(s).
    bid_decay, ask_decay : float
        1 / unit.
    gamma : float
        1 / (unit * quantity).
    order_size : float
        Δ, quantity.

    Returns
    -------
    tuple of float
        Depth of the bid and of the ask, unit. They may be negative: such a quote is through the mid.
    """
    skew = gamma * sigma * sigma * tau
    bid = mean_fill_premium(bid_decay, gamma, order_size) + (q + 0.5 * order_size) * skew
    ask = mean_fill_premium(ask_decay, gamma, order_size) - (q - 0.5 * order_size) * skew
    return bid, ask


@helper
def avellaneda_stoikov_steady_reservations(mid, q, max_inventory, gamma):  # type: ignore[no-untyped-def]
    """Reservation bid and ask without a horizon: the paper's section 2.4 with ω = γ²σ²(q_max + 1)²/2.

    With this ω the volatility cancels.

    Parameters
    ----------
    mid : float
        Unit.
    q, max_inventory : float
        Inventory and its limit, in orders of one; ``|q| <= max_inventory``.
    gamma : float
        1 / (unit * quantity).

    Returns
    -------
    tuple of float
        Reservation bid and ask, unit; at the limit the bid is -inf (or the ask inf): no quote.
    """
    room = (max_inventory + 1.0) ** 2 - q * q
    down = (-1.0 - 2.0 * q) / room
    up = (1.0 - 2.0 * q) / room
    bid = mid + math.log1p(down) / gamma if down > -1.0 else -math.inf
    ask = mid + math.log1p(up) / gamma
    if q <= -max_inventory:
        ask = math.inf
    if q >= max_inventory:
        bid = -math.inf
    return bid, ask
