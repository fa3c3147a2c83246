"""Exact quotes: `exact_quotes`, for any A and k of the two sides, with fee, drift and adverse jump inside.

Without a horizon: Newton's method on the steady equation. With one: eigenvectors where both sides decay alike
(then the equation is linear in v = e^(kθ/Δ), a tridiagonal system), and an adaptive Runge-Kutta method where
they do not. A table of 61 rows without a horizon costs a tenth of a millisecond.
"""

import math

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import ConfigError
from truefill.quoting.asymmetric import asymmetric_coefficients
from truefill.quoting.avellaneda_stoikov import mean_fill_premium
from truefill.quoting.exact_kernels import solve_horizon, solve_steady
from truefill.quoting.glft import fill_discount
from truefill.quoting.parameters import MarketModel, Risk, not_negative, same_unit
from truefill.quoting.tables import QuoteTable, inventory_grid

_TOLERANCE = 1e-9
_MOST_STEPS = 5_000_000
# Below this share of the largest component, a component of an eigenvector is rounding.
_SEEN = 1e-8


def exact_quotes(
    model: MarketModel, risk: Risk, *, tau: float | None = None, terminal_penalty: float = 0.0
) -> QuoteTable:
    """Solve the market maker's equation exactly on the grid of inventories.

    Parameters
    ----------
    model : MarketModel
    risk : Risk
        Its `xi` says which problem: exponential utility (ξ = γ), or a running penalty (ξ = 0), or between.
    tau : float, optional
        Seconds to the horizon; without it, the quotes of the long run.
    terminal_penalty : float
        α: holding q at the horizon costs α q², unit / quantity. Only with `tau`.

    Returns
    -------
    QuoteTable
        Without a bid at the upper limit and an ask at the lower one.

    Raises
    ------
    ConfigError
        Units that differ; an aversion so strong that no finite quotes are found.

    References
    ----------
    Guéant, Lehalle, Fernandez-Tapia (arXiv 1105.3115), section 3; Guéant (arXiv 1605.01862), eq. 3.2.
    """
    unit = same_unit(model, risk)
    size, xi = risk.order_size, risk.fill_aversion
    outward = model.fee + 0.5 * model.jump
    problem = _problem(model, risk, outward)
    grid = inventory_grid(risk)
    bend = 0.5 * model.jump / size  # the jump's loss is -bend q^2, and half a jump at each depth
    growth = 0.0
    if tau is None:
        if terminal_penalty != 0.0:
            raise ConfigError(
                "a terminal penalty only with a horizon, tau=", terminal_penalty, "exact_quotes"
            )
        theta = _guess(problem, risk)
        growth, moved = solve_steady(problem, theta)
        if not (moved < 1e-6 and np.isfinite(theta).all()):
            raise _too_strong(risk)
    else:
        tau = not_negative(tau, "exact_quotes.tau")
        penalty = not_negative(terminal_penalty, "exact_quotes.terminal_penalty")
        theta = -(penalty + bend) * grid**2
        same = model.bid_decay == model.ask_decay
        solved = _by_eigenvectors(problem, theta, grid, tau) if same else None
        if solved is None:
            steps = solve_horizon(problem, theta, tau, _TOLERANCE, _MOST_STEPS)
            if steps > _MOST_STEPS or not np.isfinite(theta).all():
                raise _too_strong(risk)
        else:
            theta = solved
    bid = np.full(len(grid), math.inf)
    ask = np.full(len(grid), math.inf)
    inward = np.diff(theta) / size
    bid[:-1] = mean_fill_premium(model.bid_decay, xi, size) + outward - inward
    ask[1:] = mean_fill_premium(model.ask_decay, xi, size) + outward + inward
    return QuoteTable(unit, size, grid, bid, ask, theta + bend * grid**2, float(growth))


def _problem(model: MarketModel, risk: Risk, outward: float) -> NDArray[np.float64]:
    size, xi = risk.order_size, risk.fill_aversion

    def pull(rate: float, decay: float) -> float:
        return rate * math.exp(-decay * outward) * fill_discount(decay, xi, size)  # type: ignore[no-any-return]

    problem = [risk.gamma * model.sigma**2, model.drift, size]
    problem += [pull(model.bid_rate, model.bid_decay), model.bid_decay]
    problem += [pull(model.ask_rate, model.ask_decay), model.ask_decay]
    if not all(x > 0.0 for x in problem[2:]):
        raise ConfigError("fees that leave some fills", model.fee, "MarketModel.fee")
    return np.array(problem)


def _guess(problem: NDArray[np.float64], risk: Risk) -> NDArray[np.float64]:
    """The closed form near zero; where it is steep, the logarithmic slope that exact quotes have far out."""
    risk_term, drift, size, bid_pull, bid_decay, ask_pull, ask_decay = problem
    one = math.e  # the pulls have their discount already: undo that of ξ = 0
    a, b, _ = asymmetric_coefficients(
        1.0, bid_pull * one, bid_decay, ask_pull * one, ask_decay, risk_term, 0.0, size, drift, False
    )
    n = risk.steps
    middles = (np.arange(-n, n) + 0.5) * size
    slope = -(2.0 * a * middles + b)
    # A value that falls with inventory makes asks fill, one that rises bids: neither faster than risk can
    # pay.
    risk_there = 0.5 * risk_term * middles**2 / size
    fall = (np.log1p(risk_there * ask_decay / ask_pull) + 2.0) / ask_decay
    rise = (np.log1p(risk_there * bid_decay / bid_pull) + 2.0) / bid_decay
    slope = np.clip(slope, -fall, rise)
    theta = np.concatenate([[0.0], np.cumsum(slope * size)])
    guess: NDArray[np.float64] = theta - theta[n]
    return guess


def _by_eigenvectors(
    problem: NDArray[np.float64], theta: NDArray[np.float64], grid: NDArray[np.float64], tau: float
) -> NDArray[np.float64] | None:
    """Solve v' = M v, v = e^(kθ/Δ), made symmetric; None where float64 cannot tell the tails from
    rounding.
    """
    risk_term, drift, size, bid_pull, decay, ask_pull, _ = problem
    orders = np.rint(grid / size)
    tilt = 0.5 * orders * math.log(ask_pull / bid_pull)
    matrix = np.diag(decay / size * (0.5 * risk_term * grid**2 - drift * grid))
    side = np.full(len(grid) - 1, -math.sqrt(bid_pull * ask_pull))
    matrix += np.diag(side, 1) + np.diag(side, -1)
    values, vectors = np.linalg.eigh(matrix)
    start = decay / size * theta - tilt
    level = float(start.max())
    w = vectors @ (np.exp(-(values - values[0]) * tau) * (vectors.T @ np.exp(start - level)))
    if not w.min() > _SEEN * w.max():
        return None
    solved: NDArray[np.float64] = (np.log(w) + level + tilt - values[0] * tau) * size / decay
    return solved


def _too_strong(risk: Risk) -> ConfigError:
    return ConfigError(
        "an aversion and a limit that finite quotes can serve (a smaller gamma or max_inventory)",
        f"gamma {risk.gamma:g} to {risk.max_inventory:g} of {risk.order_size:g}",
        "exact_quotes",
    )
