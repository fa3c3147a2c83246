"""Guéant, Lehalle and Fernandez-Tapia's quotes in closed form, compiled: no horizon, with ξ and order size.

Guéant, "Optimal market making", Applied Mathematical Finance 24(2), 2017 (arXiv 1605.01862), eq. 4.6 and
4.7; the fill-linked jump is section 5.2 of Guéant, Lehalle, Fernandez-Tapia, Mathematics and Financial
Economics 7, 2013 (arXiv 1105.3115). All lengths in one unit, which `MarketModel` and `Risk` carry and check;
here they are trusted.

The expansion is for small inventories. Where the position goes far, take the exact table (`exact_quotes`).
"""

import math

from truefill.core.jit import helper
from truefill.quoting.avellaneda_stoikov import mean_fill_premium


@helper
def fill_discount(decay, xi, order_size):  # type: ignore[no-untyped-def]
    """C = (1 + ξΔ/k)^-(1 + k/(ξΔ)), or 1/e for ξ = 0: share of the rate that is left at the best depth.

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
        Without unit.
    """
    x = xi * order_size / decay
    if x == 0.0:
        return math.exp(-1.0)
    return math.exp(-(1.0 + 1.0 / x) * math.log1p(x))


@helper
def glft_coefficients(sigma, rate, decay, gamma, xi, order_size):  # type: ignore[no-untyped-def]
    """Half-spread without inventory risk, and skew: what a strategy computes once and then quotes with.

    Quotes are ``mid - skew * q -+ (premium + order_size * skew / 2)``.

    Parameters
    ----------
    sigma : float
        Unit / sqrt(s).
    rate : float
        A, 1 / s, of one side.
    decay : float
        k, 1 / unit.
    gamma, xi : float
        1 / (unit * quantity); ξ = γ: exponential utility; ξ = 0: a running penalty on the inventory.
    order_size : float
        Δ, quantity.

    Returns
    -------
    tuple of float
        c1, unit, and the skew σ c2, unit / quantity, with c2 = sqrt(γ / (2 A Δ k C)).
    """
    premium = mean_fill_premium(decay, xi, order_size)
    discount = fill_discount(decay, xi, order_size)
    skew = sigma * math.sqrt(gamma / (2.0 * rate * order_size * decay * discount))
    return premium, skew


@helper
def glft_depths(q, sigma, rate, decay, gamma, xi, order_size, drift, cost, jump):  # type: ignore[no-untyped-def]
    """Distances of bid and ask from the mid: closed form, with drift, fee and fill-linked jump.

    A fee moves both quotes out by itself and thins the fills that pay for it: the rate becomes A e^(-k fee).
    A jump of the mid against each fill adds half of itself to both sides and skews by e^(k jump / 4) more.

    Parameters
    ----------
    q : float
        Inventory, quantity.
    sigma, rate, decay, gamma, xi, order_size : float
        As `glft_coefficients` takes them.
    drift : float
        Of the mid, unit / s.
    cost : float
        Fee of a fill, unit; negative: a rebate.
    jump : float
        Of the mid against a fill, unit.

    Returns
    -------
    tuple of float
        Depth of the bid and of the ask, unit.
    """
    outward = cost + 0.5 * jump
    premium, skew = glft_coefficients(sigma, rate * math.exp(-decay * outward), decay, gamma, xi, order_size)
    ahead = drift / (gamma * sigma * sigma) * skew if drift != 0.0 else 0.0
    bid = premium + outward + (q + 0.5 * order_size) * skew - ahead
    ask = premium + outward - (q - 0.5 * order_size) * skew + ahead
    return bid, ask


@helper
def glft_inventory_sd(decay, skew, order_size):  # type: ignore[no-untyped-def]
    """Standard deviation of the inventory under linear quotes: sqrt(Δ / (2 k skew)).

    Exact for quotes that are linear in the inventory, by detailed balance: it is a discrete normal law.

    Parameters
    ----------
    decay : float
        k, 1 / unit.
    skew : float
        Unit / quantity.
    order_size : float
        Δ, quantity.

    Returns
    -------
    float
        Quantity.
    """
    return math.sqrt(order_size / (2.0 * decay * skew))
