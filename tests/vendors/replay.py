"""Replay of a reader's events into core's order-by-order book, in whole units of the events' decimals."""

from collections.abc import Iterable

import numpy as np

from truefill.core import order_book_commands as c
from truefill.core.events import (
    ADD_ORDER,
    BUY,
    CANCEL_ORDER,
    DECIMAL_EVENT,
    DEPTH_CLEAR,
    FILL,
    KIND_MASK,
    MODIFY_ORDER,
    SELL,
    TRADE,
)
from truefill.core.order_book import OrderBook

NAMES = {
    ADD_ORDER: "add",
    CANCEL_ORDER: "cancel",
    MODIFY_ORDER: "modify",
    FILL: "fill",
    TRADE: "trade",
    DEPTH_CLEAR: "clear",
}


def kinds(rows: np.ndarray) -> np.ndarray:
    """Kind of each event."""
    return (rows["ev"] & np.uint64(KIND_MASK)).astype(np.int64)


def sides(rows: np.ndarray) -> np.ndarray:
    """+1, -1 or 0 of each event."""
    buy = (rows["ev"] & np.uint64(BUY) != 0).astype(np.int64)
    sell = (rows["ev"] & np.uint64(SELL) != 0).astype(np.int64)
    return buy - sell


def plain(rows: np.ndarray) -> list[tuple[str, int, int, int, int]]:
    """Kind, side, order id, price and quantity in units of the decimals: what a test can be written in."""
    return [
        (NAMES.get(kind, str(kind)), side, order_id, px, qty)
        for kind, side, order_id, px, qty in zip(
            kinds(rows).tolist(),
            sides(rows).tolist(),
            rows["order_id"].tolist(),
            rows["px"].tolist(),
            rows["qty"].tolist(),
            strict=True,
        )
    ]


def counts(rows: np.ndarray) -> dict[str, int]:
    """Number of events of each kind."""
    values, numbers = np.unique(kinds(rows), return_counts=True)
    return {NAMES.get(kind, str(kind)): n for kind, n in zip(values.tolist(), numbers.tolist(), strict=True)}


def commands(rows: np.ndarray, tick: int) -> np.ndarray:
    """Book events as commands of core's book; `tick` units of the events' prices are one tick."""
    assert rows.dtype == DECIMAL_EVENT
    kind = kinds(rows)
    rows, kind = (
        rows[np.isin(kind, (ADD_ORDER, CANCEL_ORDER, MODIFY_ORDER))],
        kind[np.isin(kind, (ADD_ORDER, CANCEL_ORDER, MODIFY_ORDER))],
    )
    assert (rows["px"] % tick == 0).all()
    out = np.zeros((len(rows), c.COMMAND_COLUMNS), np.int64)
    out[:, c.OP] = np.select([kind == ADD_ORDER, kind == CANCEL_ORDER], [c.ADD, c.CANCEL], c.AMEND)
    out[:, c.ORDER_ID] = rows["order_id"].astype(np.int64)
    out[:, c.SIDE] = np.where(sides(rows) >= 0, 1, -1)
    out[:, c.TICK] = rows["px"] // tick
    out[:, c.QTY] = rows["qty"]
    return out


def replay(book: OrderBook, rows: np.ndarray, tick: int) -> int:
    """Apply events to a book; how many of them it refused."""
    reports = book.execute(commands(rows, tick))
    return int((reports[:, c.KIND] == c.REJECTED).sum())


def levels(book: OrderBook, side: int, most: int) -> list[tuple[int, int]]:
    """Tick and quantity of the best levels."""
    return [(tick, qty) for (tick, qty, _), _ in zip(book.levels(side), range(most), strict=False)]


def joined(chunks: Iterable[np.ndarray]) -> np.ndarray:
    """All chunks in one."""
    return np.concatenate(list(chunks))
