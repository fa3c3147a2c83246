"""Quotes where the two sides differ in rate and decay: closed form, and sharpened by iteration; compiled.

Method of quadratic Hamiltonians (Bergault, Evangelista, Guéant, Vieira, arXiv 1810.04383), for exponential
intensities. With H_s(p) = (A_s C_s / k_s) e^(-k_s p), the value is -a q² - b q near zero, and
δ_bid = c1_bid + a (2q + Δ) + b, δ_ask = c1_ask - a (2q - Δ) - b. Both A and k matter: a rate that is a tenth
higher on one side moves both quotes.
"""

import math

from truefill.core.jit import helper
from truefill.quoting.avellaneda_stoikov import mean_fill_premium
from truefill.quoting.glft import fill_discount

_ROUNDS = 30


@helper
def asymmetric_coefficients(  # type: ignore[no-untyped-def]
    sigma, bid_rate, bid_decay, ask_rate, ask_decay, gamma, xi, order_size, drift, sharpen
):
    """The value's bend a and tilt b, from which the quotes of all inventories follow.

    Parameters
    ----------
    sigma : float
        Unit / sqrt(s).
    bid_rate, ask_rate : float
        1 / s.
    bid_decay, ask_decay : float
        1 / unit.
    gamma, xi : float
        1 / (unit * quantity).
    order_size : float
        Quantity.
    drift : float
        Unit / s.
    sharpen : bool
        Expand around the quotes themselves instead of around zero, up to 30 times. Where that does not settle
        (an aversion so strong that one order is too much), the first expansion stands.

    Returns
    -------
    tuple of float
        a, unit / quantity; b, unit; rounds of sharpening that were taken, 0 when it did not settle.
    """
    bid_pull = bid_rate * fill_discount(bid_decay, xi, order_size)
    ask_pull = ask_rate * fill_discount(ask_decay, xi, order_size)
    risk = gamma * sigma * sigma / order_size
    bend = bid_pull * bid_decay + ask_pull * ask_decay
    a = 0.5 * math.sqrt(risk / bend)
    tilt = ask_pull - bid_pull + a * order_size * (bid_pull * bid_decay - ask_pull * ask_decay)
    b = -(tilt + drift / (2.0 * a * order_size)) / bend
    if not sharpen:
        return a, b, 0
    first_a, first_b = a, b
    for i in range(_ROUNDS):
        bid = bid_pull * math.exp(-bid_decay * (a * order_size + b))
        ask = ask_pull * math.exp(-ask_decay * (a * order_size - b))
        bend = bid * bid_decay + ask * ask_decay
        next_a = 0.5 * math.sqrt(risk / bend)
        next_b = b - (ask - bid + drift / (2.0 * a * order_size)) / bend
        moved = abs(next_a - a) * order_size + abs(next_b - b)
        a, b = next_a, next_b
        if not moved < 1.0e3 / (bid_decay + ask_decay):
            break
        if moved < 1.0e-12 / (bid_decay + ask_decay):
            return a, b, i + 1
    return first_a, first_b, 0


@helper
def asymmetric_depths(q, a, b, bid_decay, ask_decay, xi, order_size):  # type: ignore[no-untyped-def]
    """Distances of bid and ask from the mid, from `asymmetric_coefficients`.

    Parameters
    ----------
    q : float
        Inventory, quantity.
    a, b : float
        Unit / quantity, unit.
    bid_decay, ask_decay : float
        1 / unit.
    xi : float
        1 / (unit * quantity).
    order_size : float
        Quantity.

    Returns
    -------
    tuple of float
        Depth of the bid and of the ask, unit, before fees (add them to both).
    """
    bid = mean_fill_premium(bid_decay, xi, order_size) + a * (2.0 * q + order_size) + b
    ask = mean_fill_premium(ask_decay, xi, order_size) - a * (2.0 * q - order_size) - b
    return bid, ask
