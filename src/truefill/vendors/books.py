"""Sources that give the whole best levels again and again: their first book, and then what changed.

A stream of best bids and asks is such a source, of one level.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError
from truefill.core.events import BUY, DECIMAL_EVENT, DEPTH_CLEAR, EXCH, LOCAL, SELL
from truefill.vendors import books_kernels as k
from truefill.vendors.reader import ReaderCounters

_SIDES = np.array([SELL, 0, BUY], np.uint64)


class Books:
    """Keeps the latest book of a source, and makes events of each new one.

    The first book is a clear and a snapshot. Of each later one the events are the levels whose quantity is
    another: a level that it does not show is deleted, also when it is only beyond the levels of the source.

    Parameters
    ----------
    counters : ReaderCounters
        Its `rows` and `events` are kept up to date.
    levels : int
        The most levels of a side.
    px_exp, qty_exp : int
        Prices and quantities are integers times 10 to these powers.
    """

    def __init__(self, counters: ReaderCounters, levels: int, px_exp: int, qty_exp: int) -> None:
        self.counters = counters
        self.px_exp = px_exp
        self.qty_exp = qty_exp
        self._px = np.zeros((2, levels), np.int64)
        self._qty = np.zeros((2, levels), np.int64)
        self._state = np.zeros(k.STATE, np.int64)

    def restart(self) -> None:
        """Forget the book: the next one is a clear and a snapshot again."""
        self._state[:] = 0

    def events(
        self,
        exch_ts: NDArray[np.int64],
        local_ts: NDArray[np.int64],
        px: NDArray[np.int64],
        qty: NDArray[np.int64],
        place: Callable[[int], str],
    ) -> tuple[np.ndarray, NDArray[np.int64]]:
        """Events of some books, and the row that each comes from.

        Parameters
        ----------
        exch_ts, local_ts : int64[n]
            ns.
        px, qty : int64[n, 2, levels]
            Bids, then asks, each from the best outward. A quantity of 0 or less: there is no such level.
        place : callable
            Names the source's place of a row, for errors.

        Returns
        -------
        DECIMAL_EVENT[m], int64[m]

        Raises
        ------
        DataError
            Levels of a side that do not lead from the best price outward, or one price twice.
        """
        n, _, levels = px.shape
        out = np.empty((n * (4 * levels + 1), k.COLUMNS), np.int64)
        fault = np.full(3, -1, np.int64)
        count = int(
            k.changes(
                np.ascontiguousarray(px),
                np.ascontiguousarray(qty),
                self._px,
                self._qty,
                self._state,
                out,
                fault,
            )
        )
        if fault[0] >= 0:
            row, side, level = fault.tolist()
            name = ("bids", "asks")[side]
            order = ("fall", "rise")[side]
            found = f"level {level} at {px[row, side, level]} after {px[row, side, level - 1]}"
            raise DataError(f"{name} whose prices {order}", found, place(row))
        made = out[:count]
        rows = np.zeros(count, DECIMAL_EVENT)
        rows["ev"] = made[:, k.KIND].astype(np.uint64) | _SIDES[made[:, k.SIDE] + 1] | np.uint64(EXCH | LOCAL)
        rows["px"] = made[:, k.PX]
        rows["qty"] = made[:, k.QTY]
        rows["exch_ts"] = exch_ts[made[:, k.ROW]]
        rows["local_ts"] = local_ts[made[:, k.ROW]]
        clear = made[:, k.KIND] == DEPTH_CLEAR
        rows["px_exp"] = np.where(clear, 0, self.px_exp)
        rows["qty_exp"] = np.where(clear, 0, self.qty_exp)
        self.counters.rows += n
        self.counters.events += count
        return rows, made[:, k.ROW].copy()
