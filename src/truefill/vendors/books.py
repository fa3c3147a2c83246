"""Sources that give the whole best levels again and again: their first book, and then what changed.

A stream of best bids and asks is such a source, of one level.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError
from truefill.core.events import BUY, DECIMAL_EVENT, DEPTH_CLEAR, EXCH, LOCAL, SELL
from truefill.vendors import books_kernels as k
from truefill.vendors.decimals import Decimals, whole
from truefill.vendors.reader import ReaderCounters
from truefill.vendors.table_kernels import NO_NUMBER

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
        The most levels of a side so far; books with more make room.
    px_exp, qty_exp : int
        Prices and quantities are integers times 10 to these powers (`exact_events`: smaller ones when
        a number wants it).
    """

    def __init__(self, counters: ReaderCounters, levels: int, px_exp: int = 0, qty_exp: int = 0) -> None:
        self.counters = counters
        self.px_exp = px_exp
        self.qty_exp = qty_exp
        self._px: NDArray[np.int64] = np.zeros((2, levels), np.int64)
        self._qty: NDArray[np.int64] = np.zeros((2, levels), np.int64)
        self._state = np.zeros(k.STATE, np.int64)

    def restart(self) -> None:
        """Forget the book: the next one is a clear and a snapshot again."""
        self._state[:] = 0

    def exact_events(
        self,
        exch_ts: NDArray[np.int64],
        local_ts: NDArray[np.int64],
        px: Decimals,
        qty: Decimals,
        place: Callable[[int], str],
    ) -> tuple[np.ndarray, NDArray[np.int64]]:
        """Give `events` of numbers that have powers of ten of their own, each shaped (n, 2, levels).

        What is missing, or has a quantity of 0 or less, is no level.

        Raises
        ------
        DataError
            As `events`; or the numbers, all in the finest unit so far, do not fit into 63 bits.
        """
        missing = (px.mantissa == NO_NUMBER) | (qty.mantissa == NO_NUMBER)
        shape = px.mantissa.shape
        of_row = shape[1] * shape[2]

        def of_number(at: int) -> str:
            return place(at // of_row)

        values = []
        for name, numbers, now, kept in (
            ("price", px, self.px_exp, self._px),
            ("quantity", qty, self.qty_exp, self._qty),
        ):
            flat = Decimals(np.where(missing, NO_NUMBER, numbers.mantissa).ravel(), numbers.exponent.ravel())
            finest = flat.finest()
            exponent = now if finest is None else min(now, finest)
            if exponent < now:
                # What the book held has to fit, too.
                held = Decimals(kept.ravel(), np.full(kept.size, now, np.int32))
                kept[:] = whole(held, exponent, name, lambda _: place(0)).reshape(kept.shape)
            values.append(whole(flat, exponent, name, of_number).reshape(shape))
            if name == "price":
                self.px_exp = exponent
            else:
                self.qty_exp = exponent
        return self.events(exch_ts, local_ts, values[0], values[1], place)

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
        if levels > self._px.shape[1]:
            room = ((0, 0), (0, levels - self._px.shape[1]))
            self._px, self._qty = np.pad(self._px, room), np.pad(self._qty, room)
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
