"""The oracle: exact profit and inventory of any policy on (time, inventory), without Monte Carlo.

Mean, standard deviation, kurtosis and certainty equivalent of the profit and the law of the inventory at the
horizon, by dynamic programming, in well under a second. Everything else is tested against it: closed forms,
solvers, simulators.

How fills come is part of the question, and worth 12 % with the paper's numbers. `scheme` names it:

* ``"capped"``: in each step with probability min(1, λ dt), the two sides independently; the published tables;
* ``"exponential"``: the same with 1 - e^(-λ dt);
* ``"continuous"``: as Poisson events in continuous time, the quotes standing still within a step.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truefill.core.errors import ConfigError
from truefill.core.gate import whole
from truefill.quoting.oracle_kernels import (
    MOMENTS,
    carry_back_in_steps,
    carry_back_in_time,
    carry_law_in_steps,
    carry_law_in_time,
)
from truefill.quoting.parameters import MarketModel, not_negative, positive

SCHEMES = ("capped", "exponential", "continuous")
MOVES = ("binary", "normal")
# In continuous time the work goes by the fastest rate: this many are some ten seconds.
_MOST_FILLS = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Exact statistics of a policy.

    Attributes
    ----------
    scheme : str
        How fills come: see the module.
    mean, sd, kurtosis : float
        Of the profit until the horizon, unit * quantity (kurtosis: 3 for a normal).
    certainty_equivalent : float
        -ln E e^(-γ profit) / γ, unit * quantity; the mean for γ = 0.
    inventory : ndarray
        float64[nodes]: quantity.
    law : ndarray
        float64[nodes]: probabilities of them at the horizon.
    bid_fills, ask_fills : float
        Mean number of fills.
    """

    scheme: str
    mean: float
    sd: float
    kurtosis: float
    certainty_equivalent: float
    inventory: NDArray[np.float64]
    law: NDArray[np.float64]
    bid_fills: float
    ask_fills: float

    @property
    def inventory_mean(self) -> float:
        """Mean of the inventory at the horizon, quantity."""
        return float(self.law @ self.inventory)

    @property
    def inventory_sd(self) -> float:
        """Standard deviation of the inventory at the horizon, quantity."""
        return math.sqrt(max(0.0, float(self.law @ self.inventory**2) - self.inventory_mean**2))

    @property
    def inventory_kurtosis(self) -> float:
        """Kurtosis of the inventory at the horizon (3 for a normal)."""
        centred = self.inventory - self.inventory_mean
        return float(self.law @ centred**4) / float(self.law @ centred**2) ** 2

    def sd_error(self, paths: int) -> float:
        """Standard error of the profit's sample standard deviation over so many paths."""
        return self.sd * math.sqrt((self.kurtosis - 1.0) / (4.0 * paths))

    def inventory_sd_error(self, paths: int) -> float:
        """Standard error of the inventory's sample standard deviation over so many paths."""
        return self.inventory_sd * math.sqrt((self.inventory_kurtosis - 1.0) / (4.0 * paths))


def policy_grid(
    depths: Callable[[float, float], tuple[float, float]],
    *,
    horizon: float,
    steps: int,
    nodes: int,
    order_size: float = 1.0,
    midpoint: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tabulate a policy over time and inventory.

    Parameters
    ----------
    depths : callable
        ``depths(tau, q) -> (bid_depth, ask_depth)`` with the seconds that are left and the inventory.
    horizon : float
        s.
    steps : int
        Steps of equal length.
    nodes : int
        Inventories from 0 to the limit, 0 not counted: the grid has 2 * nodes + 1.
    order_size : float
        Quantity.
    midpoint : bool
        Ask for the middle of each step instead of its beginning; best for ``"continuous"``.

    Returns
    -------
    tuple of ndarray
        float64[steps, 2 * nodes + 1] for bid and ask, without a bid at the upper limit and an ask at the
        lower.
    """
    dt = positive(horizon, "policy_grid.horizon") / steps
    grid = np.arange(-nodes, nodes + 1) * order_size
    left = horizon - (np.arange(steps) + (0.5 if midpoint else 0.0)) * dt
    both = np.array([[depths(float(tau), float(q)) for q in grid] for tau in left], dtype=np.float64)
    bid, ask = both[..., 0].copy(), both[..., 1].copy()
    bid[:, -1] = ask[:, 0] = math.inf
    return bid, ask


def oracle(
    model: MarketModel,
    bid_depth: ArrayLike,
    ask_depth: ArrayLike,
    *,
    horizon: float,
    scheme: str,
    moves: str = "binary",
    order_size: float = 1.0,
    gamma: float = 0.0,
    start: float = 0.0,
    steps: int | None = None,
) -> Outcome:
    """Evaluate a policy exactly.

    Parameters
    ----------
    model : MarketModel
        Of the same unit as the depths. Its fee and jump count, its drift too.
    bid_depth, ask_depth : array_like
        float64[steps, 2n + 1]: distances from the mid in each step at each inventory, unit; or one row for
        all steps. inf: no quote; there is none that would leave the grid.
    horizon : float
        s.
    scheme : str
        ``"capped"``, ``"exponential"`` or ``"continuous"``.
    moves : str
        The mid's move in one step: ``"binary"``, ± σ sqrt(dt), as in the paper, or ``"normal"``.
        In continuous time always a Brownian motion.
    order_size : float
        Quantity of each fill.
    gamma : float
        Of the certainty equivalent, 1 / (unit * quantity).
    start : float
        Inventory now, quantity.
    steps : int, optional
        Needed where one row stands for all steps.

    Returns
    -------
    Outcome
    """
    if scheme not in SCHEMES:
        raise ConfigError("one of " + ", ".join(SCHEMES), repr(scheme), "oracle.scheme")
    if moves not in MOVES:
        raise ConfigError("one of " + ", ".join(MOVES), repr(moves), "oracle.moves")
    horizon = positive(horizon, "oracle.horizon")
    size = positive(order_size, "oracle.order_size")
    gamma = not_negative(gamma, "oracle.gamma")
    bid, ask = _two_grids(bid_depth, ask_depth, steps)
    count, nodes = bid.shape
    grid = np.arange(-(nodes // 2), nodes // 2 + 1, dtype=np.float64) * size
    at = int(np.argmin(np.abs(grid - start)))
    if abs(grid[at] - start) > 1e-9 * size:
        raise ConfigError(
            f"a start on the grid, a multiple of {size:g} to {grid[-1]:g}", start, "oracle.start"
        )
    dt = horizon / count
    # A fill moves the mid against what is held after it.
    bid_gain = size * (np.where(np.isinf(bid), 0.0, bid) - model.fee) - model.jump * (grid + size)
    ask_gain = size * (np.where(np.isinf(ask), 0.0, ask) - model.fee) + model.jump * (grid - size)
    with np.errstate(over="ignore"):
        bid_rate = model.bid_rate * np.exp(-model.bid_decay * bid)
        ask_rate = model.ask_rate * np.exp(-model.ask_decay * ask)
    moments = np.zeros((nodes, MOMENTS))
    moments[:, 0] = 1.0
    disutility = np.zeros(nodes)
    law = np.zeros(nodes)
    law[at] = 1.0
    if scheme == "continuous":
        fastest = max(float(bid_rate.max()), float(ask_rate.max()))
        if not fastest * horizon <= _MOST_FILLS:
            raise ConfigError(
                f"depths with at most {_MOST_FILLS:g} fills until the horizon (a floor under the depths)",
                f"{fastest * horizon:g}",
                "oracle",
            )
        risk = (model.sigma * grid) ** 2
        centre = carry_back_in_time(
            bid_gain,
            ask_gain,
            bid_rate,
            ask_rate,
            dt,
            risk,
            model.drift * grid,
            gamma,
            at,
            moments,
            disutility,
        )
        if math.isnan(centre):
            raise ConfigError("a gamma, or a grid, whose utilities a float can hold", gamma, "oracle.gamma")
        fills = carry_law_in_time(bid_rate, ask_rate, dt, law)
    else:
        price, growth = _one_move(model, grid, dt, moves, gamma)
        if scheme == "capped":
            bid_prob, ask_prob = np.minimum(1.0, bid_rate * dt), np.minimum(1.0, ask_rate * dt)
        else:
            bid_prob, ask_prob = -np.expm1(-bid_rate * dt), -np.expm1(-ask_rate * dt)
        both = (
            2.0 * model.jump * size
        )  # two fills in one step: their jumps cancel, which the gains do not know
        centre = carry_back_in_steps(
            bid_gain, ask_gain, bid_prob, ask_prob, both, price, growth, gamma, at, moments, disutility
        )
        fills = carry_law_in_steps(bid_prob, ask_prob, law)
    first, second, third, fourth = (float(x) for x in moments[at, 1:])
    variance = second - first**2
    spread = fourth - 4.0 * first * third + 6.0 * first**2 * second - 3.0 * first**4
    mean = centre + first
    return Outcome(
        scheme=scheme,
        mean=mean,
        sd=math.sqrt(max(0.0, variance)),
        kurtosis=spread / variance**2 if variance > 0.0 else math.nan,
        certainty_equivalent=-float(disutility[at]) / gamma if gamma else mean,
        inventory=grid,
        law=law,
        bid_fills=float(fills[0]),
        ask_fills=float(fills[1]),
    )


def _two_grids(
    bid_depth: ArrayLike, ask_depth: ArrayLike, steps: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    grids = []
    for depth in (bid_depth, ask_depth):
        grid = np.asarray(depth, dtype=np.float64)
        if grid.ndim == 1 and steps is not None:
            count = whole(steps, "steps, 1 or more", 1, 1 << 40, ConfigError, "oracle.steps")
            grid = np.broadcast_to(grid, (count, len(grid)))
        grids.append(grid)
    bid, ask = grids
    if (
        bid.ndim != 2
        or bid.shape != ask.shape
        or bid.shape[0] < 1
        or bid.shape[1] < 3
        or bid.shape[1] % 2 == 0
    ):
        raise ConfigError(
            "two depths of one shape, (steps, 2n + 1), or (2n + 1,) with steps=",
            f"{bid.shape}, {ask.shape}",
            "oracle",
        )
    if np.isnan(bid).any() or np.isnan(ask).any() or np.isneginf(bid).any() or np.isneginf(ask).any():
        raise ConfigError("depths that are numbers, inf for no quote", "NaN or -inf", "oracle")
    if not (np.isposinf(bid[:, -1]).all() and np.isposinf(ask[:, 0]).all()):
        raise ConfigError(
            "no bid (inf) at the upper limit, no ask at the lower one", "a quote there", "oracle"
        )
    return np.ascontiguousarray(bid), np.ascontiguousarray(ask)


def _one_move(
    model: MarketModel, grid: NDArray[np.float64], dt: float, moves: str, gamma: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Moments of inventory times the mid's move in one step, and ln of the mean of e^(-γ of it)."""
    mean, sd = model.drift * dt, model.sigma * math.sqrt(dt)
    fourth = sd**4 if moves == "binary" else 3.0 * sd**4
    move = [1.0, mean, mean**2 + sd**2, mean**3 + 3 * mean * sd**2, mean**4 + 6 * mean**2 * sd**2 + fourth]
    price = grid[:, None] ** np.arange(MOMENTS) * np.array(move)
    loss = np.abs(gamma * grid * sd)
    if moves == "binary":  # ln cosh without overflow
        growth = loss + np.log1p(np.exp(-2.0 * loss)) - math.log(2.0)
    else:
        growth = 0.5 * loss**2
    return np.ascontiguousarray(price), growth - gamma * grid * mean
