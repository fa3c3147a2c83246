"""How fast a queue grows and shrinks by its size: the rates of the queue-reactive model.

Limit orders, cancellations and market orders at a price come at rates that depend on the queue there
(Huang, Lehalle, Rosenbaum, Journal of the American Statistical Association 110, 2015, arXiv 1312.0563,
model I). Each rate is events over the time spent at that size; between two price changes the queue is a
birth-death chain, whose law the rates imply: far from the one that was seen, the model does not fit.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truefill.core.errors import ConfigError, DataError
from truefill.quoting.fit_status import FitStatus

QUEUE_LIMIT, QUEUE_CANCEL, QUEUE_MARKET, QUEUE_NOTHING = 1, -1, -2, 0
_KINDS = (QUEUE_LIMIT, QUEUE_CANCEL, QUEUE_MARKET, QUEUE_NOTHING)
_NORMAL_95 = 1.959963984540054

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class QueueFit:
    """Rates by queue size: row n of each column is for a queue of n orders' mean size, the last for more.

    Attributes
    ----------
    status : FitStatus
        `POOR_FIT`: the law that the rates imply is not the one that was seen. `BOUNDARY`: one of the three
        kinds never came.
    sizes : ndarray
        int64[m].
    limit, cancel, market : ndarray
        float64[m]: 1 / s; NaN at a size that was never there.
    limit_band, cancel_band, market_band : ndarray
        float64[m, 2]: 95 % intervals of Poisson counts (Byar).
    seconds : ndarray
        float64[m]: spent at each size.
    events : int
    share : ndarray
        float64[m]: of the time with a queue under the last row's.
    law : ndarray
        float64[m]: what the rates imply in the long run; NaN where they do not tell.
    distance : float
        Between the two: half the sum of absolute differences, 0 to 1; NaN without a law.
    """

    status: FitStatus
    sizes: NDArray[np.int64]
    limit: Floats
    cancel: Floats
    market: Floats
    limit_band: Floats
    cancel_band: Floats
    market_band: Floats
    seconds: Floats
    events: int
    share: Floats
    law: Floats
    distance: float


def fit_queue_reactive(
    sizes: ArrayLike,
    seconds: ArrayLike,
    ended: ArrayLike,
    *,
    largest: int = 20,
    min_events: int = 200,
    poor_fit: float = 0.1,
) -> QueueFit:
    """Estimate the rates from spells: how long a queue had a size, and what ended that.

    Parameters
    ----------
    sizes : array_like
        int64[k]: queue in orders of mean size, rounded up, 0 or more.
    seconds : array_like
        float64[k].
    ended : array_like
        int64[k]: `QUEUE_LIMIT`, `QUEUE_CANCEL`, `QUEUE_MARKET`, or `QUEUE_NOTHING` (the price moved, or the
        recording ended: the time counts all the same).
    largest : int
        Queues of this size and more are one row.
    min_events : int
        Fewer are `FitStatus.FEW_EVENTS`.
    poor_fit : float
        A distance of the two laws over this is `FitStatus.POOR_FIT`.

    Returns
    -------
    QueueFit
    """
    n, t = np.asarray(sizes, dtype=np.int64), np.asarray(seconds, dtype=np.float64)
    what = np.asarray(ended, dtype=np.int64)
    if not (n.ndim == 1 and n.shape == t.shape == what.shape):
        raise DataError("columns of one length", f"{n.shape}, {t.shape}, {what.shape}", "fit_queue_reactive")
    if not (np.isfinite(t).all() and (t >= 0.0).all() and (n >= 0).all() and np.isin(what, _KINDS).all()):
        raise DataError("sizes and times of 0 or more, known kinds", "others", "fit_queue_reactive")
    if largest < 1:
        raise ConfigError("a largest size of 1 or more", largest, "fit_queue_reactive.largest")
    row = np.minimum(n, largest)
    spent: Floats = np.zeros(largest + 1)
    np.add.at(spent, row, t)
    counts = [np.bincount(row[what == kind], minlength=largest + 1) for kind in _KINDS[:3]]
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = [np.where(spent > 0.0, count / spent, math.nan) for count in counts]
        bands = [_byar(count) / np.where(spent > 0.0, spent, math.nan)[:, None] for count in counts]
    # The last row is many sizes, of which nobody knows which one leaves it: the laws are of the others.
    share, law = np.full((2, largest + 1), math.nan)
    if spent[:-1].sum() > 0.0:
        share[:-1] = spent[:-1] / spent[:-1].sum()
    law[:-1] = _law(rates[0][:-1], (rates[1] + rates[2])[:-1], spent[:-1])
    distance = 0.5 * float(np.abs(share - law)[:-1].sum())
    events = int(sum(count.sum() for count in counts))
    status = FitStatus.OK
    if events < min_events:
        status = FitStatus.FEW_EVENTS
    elif any(count.sum() == 0 for count in counts):
        status = FitStatus.BOUNDARY
    elif not distance <= poor_fit:
        status = FitStatus.POOR_FIT
    return QueueFit(
        status=status,
        sizes=np.arange(largest + 1),
        limit=rates[0],
        cancel=rates[1],
        market=rates[2],
        limit_band=bands[0],
        cancel_band=bands[1],
        market_band=bands[2],
        seconds=spent,
        events=events,
        share=share,
        law=law,
        distance=distance,
    )


def _byar(count: NDArray[np.int64]) -> Floats:
    """95 % interval of a Poisson mean from one count (Byar's approximation; float64[m, 2])."""
    k: Floats = np.maximum(count, 1).astype(np.float64)
    low: Floats = np.where(count > 0, k * (1.0 - 1.0 / (9.0 * k) - _NORMAL_95 / (3.0 * np.sqrt(k))) ** 3, 0.0)
    k = np.asarray(count + 1.0)
    high = k * (1.0 - 1.0 / (9.0 * k) + _NORMAL_95 / (3.0 * np.sqrt(k))) ** 3
    band: Floats = np.stack([np.maximum(low, 0.0), high], axis=1)
    return band


def _law(birth: Floats, death: Floats, spent: Floats) -> Floats:
    """Law of the chain, π(n) = π(n - 1) birth(n - 1) / death(n), over the sizes that were there."""
    law = np.full(len(spent), math.nan)
    seen = np.flatnonzero(spent > 0.0)
    if len(seen):
        first, last = int(seen[0]), int(seen[-1])
        with np.errstate(divide="ignore", invalid="ignore"):
            weights = np.cumprod(np.append(1.0, birth[first:last] / death[first + 1 : last + 1]))
        if np.isfinite(weights).all():
            law[:] = 0.0
            law[first : last + 1] = weights / weights.sum()
    return law
