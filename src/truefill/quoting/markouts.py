"""Adverse selection: where the mid goes after a fill, and how much of it to put into the quotes."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truefill.core.errors import DataError
from truefill.quoting.fit_status import FitStatus

_NS = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Markouts:
    """Mean moves of the mid after fills, in the maker's favour (negative: against).

    Attributes
    ----------
    status : FitStatus
    horizons : ndarray
        float64[m], s.
    mean, error : ndarray
        float64[m]: weighted by size, and its standard error over blocks of time; units of the mid.
    fills : ndarray
        int64[m]: fills whose horizon is inside of the data.
    jump : float
        How far the mid moves against a fill in the end: for `MarketModel.jump`; not below 0.
    jump_error : float
    """

    status: FitStatus
    horizons: NDArray[np.float64]
    mean: NDArray[np.float64]
    error: NDArray[np.float64]
    fills: NDArray[np.int64]
    jump: float
    jump_error: float


def markouts(
    fill_times: ArrayLike,
    fill_sides: ArrayLike,
    sizes: ArrayLike,
    mid_times: ArrayLike,
    mids: ArrayLike,
    horizons: ArrayLike = (0.1, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0),
    *,
    block: float = 60.0,
    min_fills: int = 20,
) -> Markouts:
    """Measure side * (mid a horizon later - mid at the fill), weighted by size.

    Parameters
    ----------
    fill_times : array_like
        int64[n], UTC ns.
    fill_sides : array_like
        n of +1 (the maker bought) or -1.
    sizes : array_like
        float64[n].
    mid_times, mids : array_like
        int64[m], UTC ns, not decreasing, and float64[m].
    horizons : array_like
        s.
    block : float
        Fills of one block of so many seconds count as one for the error, because they come together.
    min_fills : int
        Fewer at a horizon, or fewer than 5 blocks, are not used for the jump; with none left: `FEW_EVENTS`.

    Returns
    -------
    Markouts
    """
    t, s = np.asarray(fill_times, dtype=np.int64), np.asarray(fill_sides, dtype=np.float64)
    q, when = np.asarray(sizes, dtype=np.float64), np.asarray(mid_times, dtype=np.int64)
    mid, h = np.asarray(mids, dtype=np.float64), np.asarray(horizons, dtype=np.float64)
    if not len(t) == len(s) == len(q) or len(when) != len(mid):
        raise DataError(
            "columns of one length", f"{len(t)}, {len(s)}, {len(q)}; {len(when)}, {len(mid)}", "markouts"
        )
    if (np.diff(when) < 0).any() or not np.isin(s, (-1.0, 1.0)).all() or not (q > 0).all():
        raise DataError("mids in time order, sides +1 or -1, positive sizes", "others", "markouts")
    mean, error, fills = np.full(len(h), math.nan), np.full(len(h), math.nan), np.zeros(len(h), np.int64)
    blocks = np.zeros(len(h), np.int64)
    before = np.searchsorted(when, t) - 1  # the mid just before the fill
    for i, horizon in enumerate(h):
        later = t + round(horizon / _NS)
        after = np.searchsorted(when, later, side="right") - 1
        inside = (before >= 0) & (later <= (when[-1] if len(when) else 0))
        move = s[inside] * (mid[after[inside]] - mid[before[inside]])
        known = ~np.isnan(move)
        move, weight = move[known], q[inside][known]
        fills[i] = len(move)
        if not len(move):
            continue
        mean[i] = weight @ move / weight.sum()
        label = (t[inside][known] // round(block / _NS)).astype(np.int64)
        _, row = np.unique(label, return_inverse=True)
        blocks[i] = row.max() + 1
        if blocks[i] > 1:
            parts = np.bincount(row, weights=weight * (move - mean[i]))
            error[i] = math.sqrt(float(parts @ parts) * blocks[i] / (blocks[i] - 1)) / weight.sum()
    usable = np.flatnonzero((fills >= min_fills) & (blocks >= 5))
    if not len(usable):
        return Markouts(FitStatus.FEW_EVENTS, h, mean, error, fills, math.nan, math.nan)
    # Far horizons are noisy. Take the nearest one that no farther one contradicts.
    last = int(usable[-1])
    for i in usable[::-1]:
        farther = usable[usable > i]
        if (np.abs(mean[farther] - mean[i]) <= 2.0 * np.hypot(error[farther], error[i])).all():
            last = int(i)
        else:
            break
    status = FitStatus.OK if mean[last] <= 0.0 else FitStatus.BOUNDARY
    return Markouts(status, h, mean, error, fills, max(0.0, -float(mean[last])), float(error[last]))
