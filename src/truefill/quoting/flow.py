"""One side's market orders, and how far its best price was from the mid all the while: what intensities come
from.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truefill.core.errors import DataError

_NS = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class SideFlow:
    """Market orders that hit one side of the book, in a span of time.

    Parameters
    ----------
    times : ndarray
        int64[n]: when each market order came, UTC ns, not decreasing. All executions of one order are one
        row: `merge_executions`.
    depths : ndarray
        float64[n]: from the mid just before to the farthest price that it reached, ticks.
    best_times : ndarray
        int64[m]: when the side's best price or the mid changed, UTC ns, not decreasing.
    best_distances : ndarray
        float64[m]: from the mid to the side's best price from then on, ticks; NaN while there is no book (a
        gap).
    start, end : int
        The span, UTC ns; the distance at `start` is that of the last change until then.
    """

    times: NDArray[np.int64]
    depths: NDArray[np.float64]
    best_times: NDArray[np.int64]
    best_distances: NDArray[np.float64]
    start: int
    end: int

    def __post_init__(self) -> None:
        for name, kind in (
            ("times", np.int64),
            ("depths", np.float64),
            ("best_times", np.int64),
            ("best_distances", np.float64),
        ):
            object.__setattr__(self, name, _column(getattr(self, name), kind, f"SideFlow.{name}"))
        for name, other in (("times", "depths"), ("best_times", "best_distances")):
            first, second = getattr(self, name), getattr(self, other)
            if len(first) != len(second):
                raise DataError(f"as many {other} as {name}", f"{len(second)}, {len(first)}", "SideFlow")
            late = np.flatnonzero(np.diff(first) < 0)
            if len(late):
                raise DataError("times that do not decrease", f"row {late[0] + 1}", f"SideFlow.{name}")
        if not np.isfinite(self.depths).all() or np.isinf(self.best_distances).any():
            raise DataError("depths that are numbers", "NaN or infinity", "SideFlow")
        if not self.start < self.end:
            raise DataError("a start before the end", f"{self.start}, {self.end}", "SideFlow")

    def cut(self, start: int, end: int) -> "SideFlow":
        """What happened from `start` to before `end`, ns; nothing from `end` on can get in."""
        first, last = np.searchsorted(self.times, [start, end])
        known = max(0, int(np.searchsorted(self.best_times, start, side="right")) - 1)
        until = int(np.searchsorted(self.best_times, end))
        return SideFlow(
            self.times[first:last],
            self.depths[first:last],
            self.best_times[known:until],
            self.best_distances[known:until],
            max(start, self.start),
            min(end, self.end),
        )

    def exposure(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Distances of the best price, ticks, and for how long each was seen, s; without gaps."""
        edges = np.clip(np.append(self.best_times, self.end), self.start, self.end)
        seconds = np.diff(edges) * _NS
        seen = (seconds > 0.0) & ~np.isnan(self.best_distances)
        return self.best_distances[seen], seconds[seen]

    def marks(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Rows of orders in the span, and how many ticks past the best price each reached (0: only the
        best).
        """
        inside = np.flatnonzero((self.times >= self.start) & (self.times < self.end))
        # The book just before: an order at the time of a change saw what was there until then.
        at = np.searchsorted(self.best_times, self.times[inside]) - 1
        inside, at = inside[at >= 0], at[at >= 0]
        past = self.depths[inside] - self.best_distances[at]
        known = ~np.isnan(past)
        return inside[known], np.maximum(0.0, np.rint(past[known]))


def merge_executions(
    times: ArrayLike, sides: ArrayLike, depths: ArrayLike, sizes: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Make market orders of executions: rows of one time and side become one, the farthest, with all its
    size.

    A sweep over five levels that counts as five orders leaves k as it is and makes A three or four times too
    large.

    Parameters
    ----------
    times : array_like
        int64[n], UTC ns, not decreasing.
    sides : array_like
        int64[n], of the taker.
    depths, sizes : array_like
        float64[n]: ticks from the mid before; quantity.

    Returns
    -------
    tuple of ndarray
        Times, sides, depths and sizes of the orders.
    """
    t, s = np.asarray(times, dtype=np.int64), np.asarray(sides, dtype=np.int64)
    d, q = np.asarray(depths, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    if not len(t) == len(s) == len(d) == len(q):
        raise DataError(
            "columns of one length", f"{len(t)}, {len(s)}, {len(d)}, {len(q)}", "merge_executions"
        )
    if (np.diff(t) < 0).any():
        raise DataError("times that do not decrease", "a step back", "merge_executions")
    if len(t) == 0:
        return t, s, d, q
    order = np.lexsort((s, t))
    t, s, d, q = t[order], s[order], d[order], q[order]
    first = np.flatnonzero(np.concatenate([[True], (np.diff(t) != 0) | (np.diff(s) != 0)]))
    return t[first], s[first], np.maximum.reduceat(d, first), np.add.reduceat(q, first)


def _column(values: ArrayLike, kind: type, where: str) -> NDArray[Any]:
    column: NDArray[Any] = np.ascontiguousarray(values, dtype=kind)
    if column.ndim != 1:
        raise DataError("one column", f"shape {column.shape}", where)
    return column
