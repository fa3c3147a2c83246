"""Quotes as a table over the inventory: what exact solutions are, and what any policy can be made into."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import ConfigError
from truefill.core.jit import helper
from truefill.quoting.exact_kernels import steady_law
from truefill.quoting.parameters import MarketModel, Risk, Unit, same_unit


@helper
def table_depths(q, bid_depths, ask_depths, order_size):  # type: ignore[no-untyped-def]
    """Depths of a table at the inventory `q`: at the nearest row; beyond the table, at its end.

    Parameters
    ----------
    q : float
        Inventory, quantity.
    bid_depths, ask_depths : ndarray
        float64[2n + 1] from -q_max to q_max, unit; inf: no quote.
    order_size : float
        Quantity from row to row.

    Returns
    -------
    tuple of float
        Depth of the bid and of the ask, unit. Without a bid at and above q_max, without an ask at and below
        -q_max.
    """
    last = len(bid_depths) - 1
    steps = min(max(q / order_size, -1.0 * last), 1.0 * last)
    row = math.floor(steps + 0.5) + last // 2
    row = min(max(row, 0), last)
    return bid_depths[row], ask_depths[row]


@dataclass(frozen=True, slots=True)
class Implied:
    """What quotes would do in the market that they were made for, in the long run.

    Attributes
    ----------
    unit : Unit
        Of `half_spread`, `skew` and `edge`.
    half_spread : float
        Half the distance of the two quotes at inventory 0, unit.
    skew : float
        How far one order held moves the middle of the quotes, at inventory 0, unit / quantity.
    fills_per_hour : float
        Of both sides, if the quotes always stand.
    inventory_sd : float
        Standard deviation of the inventory, quantity.
    edge : float
        Mean distance of a fill from the mid, unit.
    """

    unit: Unit
    half_spread: float
    skew: float
    fills_per_hour: float
    inventory_sd: float
    edge: float


@dataclass(frozen=True, slots=True, eq=False)
class QuoteTable:
    """Depths of both quotes at each inventory.

    Attributes
    ----------
    unit : Unit
        Of the depths.
    order_size : float
        Quantity from row to row.
    inventory, bid_depth, ask_depth : ndarray
        float64[2n + 1]: quantity; distance from the mid, unit; inf: no quote there.
    value : ndarray
        float64[2n + 1]: what the inventory is worth beyond its value at the mid, unit * quantity; of a steady
        solution relative to inventory 0. All 0 where nobody computed it.
    growth : float
        Of a steady solution: growth of the certainty equivalent (or of the penalised mean), unit * quantity
        / s.
    """

    unit: Unit
    order_size: float
    inventory: NDArray[np.float64]
    bid_depth: NDArray[np.float64]
    ask_depth: NDArray[np.float64]
    value: NDArray[np.float64]
    growth: float = 0.0

    def at(self, q: float) -> tuple[float, float]:
        """Depth of the bid and of the ask at the inventory `q` (the nearest row), unit."""
        bid, ask = table_depths(q, self.bid_depth, self.ask_depth, self.order_size)
        return float(bid), float(ask)

    def rates(self, model: MarketModel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Fills a second of bid and ask at each inventory; 0 where there is no quote."""
        if self.unit is not model.unit:
            raise ConfigError(f"a MarketModel per {self.unit}", f"one per {model.unit}", "QuoteTable")
        return (
            model.bid_rate * np.exp(-model.bid_decay * self.bid_depth),
            model.ask_rate * np.exp(-model.ask_decay * self.ask_depth),
        )

    def inventory_law(self, model: MarketModel) -> NDArray[np.float64]:
        """Share of time spent at each inventory in the long run."""
        bid, ask = self.rates(model)
        if not (np.all(bid[:-1] > 0.0) and np.all(ask[1:] > 0.0)):
            raise ConfigError("fills at every inventory", "quotes that are never filled", "QuoteTable")
        law = np.empty(len(bid))
        steady_law(bid, ask, law)
        return law

    def implied(self, model: MarketModel) -> Implied:
        """Tell what these quotes mean: half-spread, skew, fills an hour, spread of the inventory."""
        bid, ask = self.rates(model)
        law = self.inventory_law(model)
        mean = float(law @ self.inventory)
        n = len(law) // 2
        around = slice(max(n - 1, 1), min(n + 2, len(law) - 1))  # rows next to 0 that have both quotes
        centre = 0.5 * (self.ask_depth[around] - self.bid_depth[around])
        skew = (
            float(centre[0] - centre[-1]) / ((len(centre) - 1) * self.order_size) if len(centre) > 1 else 0.0
        )
        both = float(law @ (bid + ask))
        edges = np.where(bid > 0, bid * np.where(np.isinf(self.bid_depth), 0.0, self.bid_depth), 0.0)
        edges += np.where(ask > 0, ask * np.where(np.isinf(self.ask_depth), 0.0, self.ask_depth), 0.0)
        return Implied(
            unit=self.unit,
            half_spread=float(0.5 * (self.bid_depth[n] + self.ask_depth[n])),
            skew=skew,
            fills_per_hour=3600.0 * both,
            inventory_sd=math.sqrt(max(0.0, float(law @ self.inventory**2) - mean * mean)),
            edge=float(law @ edges) / both,
        )


def inventory_grid(risk: Risk) -> NDArray[np.float64]:
    """Inventories from -max_inventory to max_inventory in steps of order_size, quantity."""
    return np.arange(-risk.steps, risk.steps + 1, dtype=np.float64) * risk.order_size


def tabulate(model: MarketModel, risk: Risk, depths: Callable[[float], tuple[float, float]]) -> QuoteTable:
    """Make a table of any quotes that depend on the inventory.

    Parameters
    ----------
    model : MarketModel
        Only its unit is looked at: `depths` has to be in it.
    risk : Risk
        Gives inventories: order size and limit.
    depths : callable
        ``depths(q) -> (bid_depth, ask_depth)``.

    Returns
    -------
    QuoteTable
        Without a bid at the upper limit and an ask at the lower one.
    """
    unit = same_unit(model, risk)
    grid = inventory_grid(risk)
    both = np.array([depths(float(q)) for q in grid], dtype=np.float64)
    if both.shape != (len(grid), 2) or np.isnan(both).any():
        raise ConfigError("two depths that are numbers at each inventory", "NaN or another shape", "tabulate")
    bid, ask = both[:, 0].copy(), both[:, 1].copy()
    bid[-1] = ask[0] = math.inf
    return QuoteTable(unit, risk.order_size, grid, bid, ask, np.zeros(len(grid)))
