"""What an agent sees of a market and of itself, as numbers within bounds (`environment.MarketMakingEnv`)."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from truefill.core.records import BUY_SIDE, SELL_SIDE

_FAR = 1000.0  # distances in ticks are cut off there
_LARGE = 30.0  # logarithms of lots
_MOST = 10.0  # inventory in units of the largest one


class View:
    """Turns a bot into an observation.

    Parameters
    ----------
    levels : int
        Levels of the book that are seen, a side.
    tick, lot : float
        Units of price and quantity.
    max_position : float
        What the position is measured by, in units.

    Attributes
    ----------
    low, high : float32[]
        Bounds of an observation.
    """

    def __init__(self, levels: int, tick: float, lot: float, max_position: float) -> None:
        self.levels, self.tick, self.lot, self.max_position = levels, tick, lot, max_position
        level = [(-_FAR, _FAR), (0.0, _LARGE)]
        rest = [(-1.0, 1.0), (-_FAR, _FAR), (-_MOST, _MOST)]
        own = [(-_FAR, _FAR), (-_FAR, _FAR), (0.0, _LARGE), (0.0, _LARGE)]
        bounds = np.array([*level * (2 * levels), *rest, *own, (0.0, 1.0)], np.float32)
        self.low, self.high = bounds[:, 0], bounds[:, 1]

    def of(self, bot: Any, mid: float, quotes: Mapping[int, int], share: float) -> np.ndarray:
        """Observe.

        Parameters
        ----------
        bot : Bot
        mid : float
            What distances are measured from.
        quotes : mapping
            Ids of the own quotes, by side.
        share : float
            Of the episode that has passed.
        """
        depth = bot.depth(0)
        found = np.zeros(len(self.low), np.float64)
        count = 2 * self.levels
        totals = []
        for i, levels in enumerate((depth.bids(self.levels), depth.asks(self.levels))):
            part = found[i * count : (i + 1) * count]
            part[0 : 2 * len(levels) : 2] = (levels["price"] - mid) / self.tick
            part[1 : 2 * len(levels) : 2] = np.log1p(levels["qty"] / self.lot)
            totals.append(float(levels["qty"].sum()))
        rest = found[2 * count :]
        rest[0] = (totals[0] - totals[1]) / (sum(totals) or 1.0)
        rest[1] = (depth.best_ask - depth.best_bid) / self.tick
        rest[2] = bot.position(0) / self.max_position
        orders = bot.orders(0)
        for i, side in enumerate((BUY_SIDE, SELL_SIDE)):
            if quotes[side] in orders:
                order = orders.get(quotes[side])
                rest[3 + i] = (order.price - mid) / self.tick if order.leaves_qty > 0 else 0.0
                rest[5 + i] = math.log1p(order.leaves_qty / self.lot)
        rest[7] = share
        return np.clip(np.nan_to_num(found), self.low, self.high).astype(np.float32)
