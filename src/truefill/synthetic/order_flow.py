"""Seeded streams of orders for the matching engine: a market whose middle stands, swings, or crashes.

Half of the messages are new orders (15 % of them immediate or cancel), the others cancels and modifies of
orders that live a while; depth is power-law, sizes are uniform from 1 to 100. The shapes are those that the
open matching-engine benchmark names; the numbers are drawn here.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from truefill.core.matching import messages
from truefill.core.order_book_commands import CANCEL, NEW, REPLACE
from truefill.core.records import IOC

SHAPES = ("static", "swing", "crash")
_START = 30_000  # ticks
_LIFETIME = 5_500.0  # of an order, in new orders; so many rest at a time


def order_flow(shape: str, new_orders: int, seed: int) -> NDArray[Any]:
    """Make about two messages for each of `new_orders`."""
    rng = np.random.default_rng([seed, SHAPES.index(shape)])
    n = new_orders
    when = np.arange(n, dtype=float)
    phase = when / n
    path = {
        "static": np.zeros(n),
        "swing": 0.25 * np.sin(8 * np.pi * phase),
        "crash": -0.4 * np.exp(-(((phase - 0.5) / 0.05) ** 2)),
    }[shape]
    noise = 0.0 if shape == "static" else 3e-5
    middle = _START * np.exp(path + noise * np.cumsum(rng.standard_normal(n)))
    side = rng.choice([-1, 1], n)
    depth = np.floor(rng.random(n) ** (-1 / 1.23)).clip(1, 5_000)  # a density that falls with the power 2.23
    takes = rng.random(n) < 0.15
    price = np.round(middle - side * np.where(takes, 2 - depth, depth)).astype(np.int64)
    life = rng.exponential(_LIFETIME, n)
    leaves = when + life
    amends = ~takes & (rng.random(n) < 0.2)
    amended = when + life * rng.random(n)
    new = messages(
        n, op=NEW, side=side, order_id=np.arange(1, n + 1), price=price, qty=rng.integers(1, 101, n)
    )
    new["time_in_force"] = np.where(takes, IOC, 0)
    cancel = new[~takes].copy()
    cancel["op"] = CANCEL
    amend = new[amends].copy()
    amend["op"] = REPLACE
    amend["price"] += rng.integers(-3, 4, len(amend))
    amend["qty"] = rng.integers(1, 101, len(amend))
    stream = np.concatenate([new, cancel, amend])
    stream["time_in_force"][n:] = 0
    at = np.concatenate([when, leaves[~takes], amended[amends]])
    order = np.argsort(at, kind="stable")
    ordered: NDArray[Any] = stream[order[at[order] < n]]
    return ordered
