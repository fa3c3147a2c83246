"""A risk aversion from something that one knows: how far the inventory may go, or how far quotes may move."""

import math
from collections.abc import Callable

from truefill.core.errors import ConfigError
from truefill.quoting.asymmetric import asymmetric_coefficients
from truefill.quoting.parameters import MarketModel, Risk, positive

_LOWEST, _HIGHEST = -60.0, 60.0  # powers of e
_HALVINGS = 200


def gamma_for_inventory_sd(
    model: MarketModel,
    sd: float,
    *,
    order_size: float = 1.0,
    max_inventory: float = 30.0,
    xi: float | None = None,
) -> Risk:
    """Choose γ by the standard deviation that the inventory shall have in the long run.

    Under linear quotes the inventory is a discrete normal with variance Δ / (2a (k_bid + k_ask)), 2a being
    the skew (Δ / (2 k skew) where the sides are alike), by detailed balance. A limit nearer than three
    deviations cuts it.

    Parameters
    ----------
    model : MarketModel
    sd : float
        Quantity.
    order_size, max_inventory : float
        Quantity.
    xi : float, optional
        As in `Risk`.

    Returns
    -------
    Risk
        In the model's unit.
    """
    sd = positive(sd, "gamma_for_inventory_sd.sd")

    def too_wide(gamma: float) -> bool:
        a = _bend(model, gamma, order_size, xi)
        return order_size / (2.0 * a * (model.bid_decay + model.ask_decay)) > sd * sd

    return _risk(model, too_wide, order_size, max_inventory, xi, f"an inventory sd of {sd:g}")


def gamma_for_skew(
    model: MarketModel,
    skew: float,
    *,
    order_size: float = 1.0,
    max_inventory: float = 30.0,
    xi: float | None = None,
) -> Risk:
    """Choose γ by how far the quotes' middle shall have moved when the inventory is at its limit.

    Parameters
    ----------
    model : MarketModel
    skew : float
        At `max_inventory`, unit.
    order_size, max_inventory : float
        Quantity.
    xi : float, optional
        As in `Risk`.

    Returns
    -------
    Risk
        In the model's unit; of the closed form (GLFT).
    """
    skew = positive(skew, "gamma_for_skew.skew")

    def too_little(gamma: float) -> bool:
        return 2.0 * _bend(model, gamma, order_size, xi) * max_inventory < skew

    return _risk(model, too_little, order_size, max_inventory, xi, f"a skew of {skew:g}")


def gamma_for_horizon_skew(
    model: MarketModel,
    skew: float,
    *,
    horizon: float,
    order_size: float = 1.0,
    max_inventory: float = 30.0,
) -> Risk:
    """Choose γ for Avellaneda and Stoikov's quotes by their skew at the limit: skew / (σ² T q_max).

    Parameters
    ----------
    model : MarketModel
    skew : float
        At `max_inventory`, `horizon` seconds before the end, unit.
    horizon : float
        T, s.
    order_size, max_inventory : float
        Quantity.

    Returns
    -------
    Risk
        In the model's unit.
    """
    skew = positive(skew, "gamma_for_horizon_skew.skew")
    horizon = positive(horizon, "gamma_for_horizon_skew.horizon")
    gamma = skew / (
        model.sigma**2 * horizon * positive(max_inventory, "gamma_for_horizon_skew.max_inventory")
    )
    return Risk(unit=model.unit, gamma=gamma, order_size=order_size, max_inventory=max_inventory)


def _bend(model: MarketModel, gamma: float, order_size: float, xi: float | None) -> float:
    outward = model.fee + 0.5 * model.jump
    a, _, _ = asymmetric_coefficients(
        model.sigma,
        model.bid_rate * math.exp(-model.bid_decay * outward),
        model.bid_decay,
        model.ask_rate * math.exp(-model.ask_decay * outward),
        model.ask_decay,
        gamma,
        gamma if xi is None else xi,
        order_size,
        model.drift,
        False,
    )
    return float(a)


def _risk(
    model: MarketModel,
    too_small: Callable[[float], bool],
    order_size: float,
    max_inventory: float,
    xi: float | None,
    wanted: str,
) -> Risk:
    """Halve the logarithm of γ, in what it does a monotone function, until it is the one."""
    order_size = positive(order_size, "order_size")
    scale = max(model.bid_decay, model.ask_decay) / order_size
    low, high = _LOWEST, _HIGHEST
    if not too_small(scale * math.exp(low)) or too_small(scale * math.exp(high)):
        raise ConfigError("something that a risk aversion can reach", wanted, "gamma")
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if too_small(scale * math.exp(middle)) else (low, middle)
    return Risk(
        unit=model.unit,
        gamma=scale * math.exp(high),
        order_size=order_size,
        max_inventory=max_inventory,
        xi=xi,
    )
