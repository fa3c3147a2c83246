"""Models of the user's that do what a built-in one does, so that there is something to compare them with."""

from typing import Any

import numpy as np


def latency_by_kind(kind: int, timestamp: int, params: Any) -> int:
    """One constant for each kind of message."""
    return np.int64(params[kind])


def fee_by_value(maker: int, side: int, price: float, qty: float, value: float, params: Any) -> float:
    """A share of the traded value."""
    return params[0] * value if maker != 0 else params[1] * value


def keep_limits(request: Any, params: Any) -> int:
    """RiskLimits as a user would write it; quantities are compared in whole lots."""
    lot = params[4]
    lots = round(request["qty"] / lot)
    if lots > params[1]:
        return 1
    others = request["open_buy_qty"] if request["side"] > 0 else request["open_sell_qty"]
    if request["side"] * round(request["position"] / lot) + lots + round(others / lot) > params[0]:
        return 2
    if params[2] < np.inf and not request["value"] <= params[2]:
        return 3
    new = 1 if request["kind"] == 0 else 0
    if request["open_orders"] + new > params[3]:
        return 4
    return 0


def join(order: Any, level_qty: float, params: Any) -> None:
    """Come to rest behind all that is there."""
    order["front"] = level_qty


def trade(order: Any, qty: float, params: Any) -> None:
    """A trade takes from the front."""
    order["front"] -= qty


def shrink(order: Any, previous: float, new: float, params: Any) -> None:
    """Every cancellation was behind, until the level is smaller than what is ahead."""
    order["front"] = min(order["front"], new)


def fifo_trade(chance: Any, params: Any) -> int:
    """FifoExchange as a user would write it: a trade."""
    return max(min(chance["leaves"], chance["reached"] - chance["given"]), 0)


def fifo_cross(chance: Any, params: Any) -> int:
    """FifoExchange as a user would write it: the book crosses the order."""
    return min(chance["leaves"], chance["opposite_qty"])


def partial_trade(chance: Any, params: Any) -> int:
    """PartialFillExchange as a user would write it: a trade."""
    if chance["through"] > 0:
        return chance["leaves"]
    return min(chance["leaves"], chance["reached"])


def partial_cross(chance: Any, params: Any) -> int:
    """PartialFillExchange as a user would write it: the book crosses the order."""
    return chance["leaves"]
