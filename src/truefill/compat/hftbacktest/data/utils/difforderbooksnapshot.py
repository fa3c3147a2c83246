"""HftBacktest's difference of book snapshots: what changed, what appeared, what went, and where to.

For venues that publish whole books of a few levels: a level that is not in the next one any more was either
deleted, or has left the window that is published.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truefill.compat.hftbacktest.replaced import missing
from truefill.core.errors import DataError
from truefill.core.run_data import Floats

UNCHANGED = 0
CHANGED = 1
INSERTED = 2
IN_THE_BOOK_DELETION = 0
OUT_OF_BOOK_DELETION_BELOW = 1
OUT_OF_BOOK_DELETION_ABOVE = 2

Ticks = NDArray[np.float64]


class DiffOrderBookSnapshot:
    """Compares each snapshot with the one before.

    Parameters
    ----------
    levels : int
        Most levels a side of a snapshot.
    tick_size, lot_size : float
        Prices and quantities are compared in these units.
    """

    def __init__(self, levels: int, tick_size: float, lot_size: float) -> None:
        if levels < 1:
            raise DataError("one level or more", levels, "DiffOrderBookSnapshot")
        for name, value in (("tick_size", tick_size), ("lot_size", lot_size)):
            if not (np.isfinite(value) and value > 0):
                raise DataError(f"a positive {name}", value, "DiffOrderBookSnapshot")
        self.num_levels = levels
        self.tick_size = tick_size
        self.lot_size = lot_size
        self._before: tuple[Floats, Floats] | None = None

    def snapshot(
        self, bid_px: ArrayLike, bid_qty: ArrayLike, ask_px: ArrayLike, ask_qty: ArrayLike
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Take the next snapshot.

        Parameters
        ----------
        bid_px, bid_qty, ask_px, ask_qty : float[n]
            Prices and quantities of each side, as many of one as of the other.

        Returns
        -------
        bids, asks : float64[n, 3]
            Price, quantity, and `UNCHANGED`, `CHANGED` or `INSERTED`; of the first snapshot all are
            `CHANGED`.
        deleted_bids, deleted_asks : float64[m, 2]
            Prices that are gone, and whether inside of the new book's prices (`IN_THE_BOOK_DELETION`), or
            below or above all of them (`OUT_OF_BOOK_DELETION_BELOW`, `..._ABOVE`).

        Raises
        ------
        DataError
            When a side has more levels than `levels`, or more prices than quantities or less.
        """
        bids, asks = self._side("bid", bid_px, bid_qty), self._side("ask", ask_px, ask_qty)
        before, self._before = self._before, (bids[:, :2], asks[:, :2])
        if before is None:
            return bids, asks, np.zeros((0, 2)), np.zeros((0, 2))
        return bids, asks, self._compare(before[0], bids), self._compare(before[1], asks)

    def _side(self, name: str, prices: ArrayLike, quantities: ArrayLike) -> Floats:
        px, qty = np.asarray(prices, np.float64), np.asarray(quantities, np.float64)
        if px.shape != qty.shape or px.ndim != 1 or len(px) > self.num_levels:
            raise DataError(
                f"as many {name} prices as quantities, at most {self.num_levels}",
                f"{px.shape} and {qty.shape}",
                "DiffOrderBookSnapshot",
            )
        return np.stack([px, qty, np.full(len(px), float(CHANGED))], axis=1)

    def _compare(self, before: Floats, now: Floats) -> Floats:
        """Mark the levels of `now`, and give those of `before` that are gone."""
        old, new = self._ticks(before), self._ticks(now)
        match = new[:, None] == old[None, :]
        known = match.any(axis=1)
        if len(old):
            first = match.argmax(axis=1)
            same = np.round(now[:, 1] / self.lot_size) == np.round(before[first, 1] / self.lot_size)
            now[known & same, 2] = UNCHANGED
        now[~known, 2] = INSERTED
        gone = old[~match.any(axis=0)]
        lowest, highest = (new.min(), new.max()) if len(new) else (np.inf, 0.0)
        where = np.select(
            [gone < lowest, gone > highest],
            [OUT_OF_BOOK_DELETION_BELOW, OUT_OF_BOOK_DELETION_ABOVE],
            IN_THE_BOOK_DELETION,
        )
        return np.stack([gone * self.tick_size, where.astype(np.float64)], axis=1)

    def _ticks(self, side: Floats) -> Ticks:
        ticks: Ticks = np.round(side[:, 0] / self.tick_size)
        return ticks


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
