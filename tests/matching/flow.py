"""Random orders for the matching engine: crowded prices, jumps, far outliers, and nonsense."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from truefill.core.matching import messages
from truefill.core.matching_types import AMEND_TOTAL, CAPPED
from truefill.core.order_book_commands import CANCEL, MODIFY, NEW, REDUCE, REPLACE


def random_messages(
    seed: int, count: int, symbols: int = 1, spread: int = 6, jump: float = 0.01, nonsense: float = 0.02
) -> NDArray[Any]:
    """Messages around a middle that jumps now and then by more than a small window is wide."""
    rng = np.random.default_rng(seed)
    ops = rng.choice(
        [NEW, CANCEL, MODIFY, REPLACE, REDUCE, AMEND_TOTAL], count, p=[0.55, 0.15, 0.12, 0.06, 0.06, 0.06]
    )
    middle = 10_000 + np.cumsum(np.where(rng.random(count) < jump, rng.integers(-400, 401, count), 0))
    side = rng.choice([-1, 1], count)
    far = np.where(rng.random(count) < 0.03, rng.integers(0, 5000, count), 0)
    price = middle - side * (rng.integers(-spread // 2, spread, count) + far)
    order_id = np.arange(1, count + 1)
    old = np.maximum(order_id - rng.geometric(0.1, count), 1)
    array = messages(
        count,
        op=ops,
        side=side,
        order_type=(rng.random(count) < 0.05).astype(np.int64),
        time_in_force=rng.choice([0, 0, 0, 0, 1, 2, 3], count),
        symbol=rng.integers(0, symbols, count),
        account=rng.choice([0, 0, 0, 0, 0, 1], count),
        order_id=np.where((ops == NEW) & (rng.random(count) > 0.03), order_id, old),
        price=price,
        qty=rng.integers(1, 20, count),
    )
    array["self_trade"] = np.where(rng.random(count) < 0.4, rng.integers(1, 5, count), 0)
    capped = (array["order_type"] == 1) & (rng.random(count) < 0.5)
    array["flags"] = np.where(capped, CAPPED, 0)
    array["price"] = np.where(capped, rng.integers(0, 5, count), array["price"])
    for name in (
        "op",
        "side",
        "order_type",
        "time_in_force",
        "self_trade",
        "symbol",
        "account",
        "order_id",
        "price",
        "qty",
    ):
        rows = rng.random(count) < nonsense / 9
        if array[name].dtype.itemsize == 1:
            wild = rng.integers(0, 100, count)
        else:
            wild = rng.choice([-1, 0, 1 << 30, -(1 << 31), (1 << 31) - 1], count)
            if array[name].dtype.itemsize == 8:
                wild = rng.choice([0, -1, 1 << 41, 1 << 61, -(1 << 63), (1 << 63) - 1], count)
        array[name][rows] = wild[rows]
    return array
