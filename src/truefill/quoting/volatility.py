"""Volatility of the mid per square root of a second, from its path: eight estimators with one face.

Which one? Mids jump to and fro between ticks, and the plain sum of squares takes that for volatility: at 100
ms it is off by hundreds of per cent. `two_scale` is not; `realised_kernel` hardly. Against jumps
`med_realised`. A signature plot, `realised` over many intervals, shows where the noise ends.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truefill.core.errors import ConfigError, DataError
from truefill.quoting.fit_status import FitStatus
from truefill.quoting.parameters import positive

_NS = 1e-9
_NORMAL_95 = 1.959963984540054

Path = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class VolatilityFit:
    """An estimate with its error.

    Attributes
    ----------
    status : FitStatus
        `OK`, `FEW_EVENTS`, or `BOUNDARY` (the estimate is 0: a mid that never moved, or all noise).
    method : str
    sigma : float
        Units of the path / sqrt(s) (logarithms: returns). NaN without a path.
    band : tuple of float
        95 % interval, from the scatter of the estimate over parts of the window.
    points : int
        Of the path.
    seconds : float
        Length of the window.
    """

    status: FitStatus
    method: str
    sigma: float
    band: tuple[float, float]
    points: int
    seconds: float


def sample_path(times: ArrayLike, values: ArrayLike, *, every: float, start: int, end: int) -> Path:
    """Put a path on a regular grid: at each point the last value until then.

    Parameters
    ----------
    times : array_like
        int64[n], UTC ns, not decreasing.
    values : array_like
        float64[n]: mids, or their logarithms; a NaN is a time without one, and the last one stands.
    every : float
        Grid, s.
    start, end : int
        UTC ns; no value from `end` on is looked at.

    Returns
    -------
    ndarray
        float64[m]; begins where there is a value.
    """
    t, v = np.asarray(times, dtype=np.int64), np.asarray(values, dtype=np.float64)
    if t.shape != v.shape or t.ndim != 1:
        raise DataError("as many values as times", f"{v.shape}, {t.shape}", "sample_path")
    if (np.diff(t) < 0).any():
        raise DataError("times that do not decrease", "a step back", "sample_path")
    known = ~np.isnan(v)
    t, v = t[known], v[known]
    grid = np.arange(start, end, max(1, round(positive(every, "sample_path.every") / _NS)))
    at = np.searchsorted(t, grid, side="right") - 1
    path: Path = v[at[at >= 0]]
    return path


def without_holes(
    times: ArrayLike, values: ArrayLike, start: int, end: int, *, longest: float = 60.0
) -> tuple[NDArray[np.int64], Path, int]:
    """Take long spans without a value out of a path, their time and what it moved meanwhile.

    A move over an hour's gap is no volatility of the seconds around it. Short spans stay: there the last
    value stands.

    Parameters
    ----------
    times : array_like
        int64[n], UTC ns, not decreasing.
    values : array_like
        float64[n]; NaN: there is no value from then on.
    start, end : int
        UTC ns; of the path.
    longest : float
        s: longer spans are taken out.

    Returns
    -------
    tuple
        int64[n] times, float64[n] values, and the end, all moved together.
    """
    t, v = np.asarray(times, dtype=np.int64), np.array(values, dtype=np.float64)
    known = ~np.isnan(v)
    if known.all() or not known.any():
        return t, v, end
    edges = np.clip(np.append(t, end), start, end)
    turns = np.flatnonzero(np.diff(np.concatenate([[True], known, [True]]).astype(np.int8)))
    out = np.zeros(len(t), np.int64)
    total = 0
    for first, last in turns.reshape(-1, 2).tolist():  # rows first to last - 1 have no value
        length = int(edges[last] - edges[first])
        if length <= longest / _NS:
            continue
        if first > 0 and last < len(v):
            v[last:] -= v[last] - v[first - 1]
        out[last:] += length
        out[first:last] += np.clip(t[first:last], edges[first], None) - edges[first]
        total += length
    return t - out, v, end - total


def _dot(a: Path, b: Path) -> float:
    """Without BLAS, whose threads cost more than they give at this size."""
    return float(np.einsum("i,i->", a, b))


def realised(path: Path, every: float, *, stride: int = 1) -> float:
    """Variance a second by the sum of squares of every `stride`-th step, averaged over all beginnings."""
    steps = path[stride:] - path[:-stride]
    return _dot(steps, steps) / (len(steps) * stride * every)


def two_scale(path: Path, every: float, *, scale: int = 50) -> float:
    """Variance a second by two scales (Zhang, Mykland, Aït-Sahalia 2005): the slow one less the fast one's
    noise.
    """
    n = len(path) - 1
    scale = min(scale, max(2, n // 4))
    fast, slow = np.diff(path), path[scale:] - path[:-scale]
    kept = (n - scale + 1) / scale
    value = _dot(slow, slow) / scale - kept / n * _dot(fast, fast)
    return max(0.0, value / (1.0 - kept / n)) / (n * every)


def realised_kernel(path: Path, every: float, *, bandwidth: int = 40) -> float:
    """Variance a second by the realised kernel with Parzen weights (Barndorff-Nielsen and others 2008)."""
    steps = np.diff(path)
    n = len(steps)
    total = _dot(steps, steps)
    for h in range(1, min(bandwidth, n - 1) + 1):
        x = h / (bandwidth + 1)
        weight = 1.0 - 6.0 * x * x + 6.0 * x**3 if x <= 0.5 else 2.0 * (1.0 - x) ** 3
        total += 2.0 * weight * _dot(steps[h:], steps[:-h])
    return max(0.0, total) / (n * every)


def bipower(path: Path, every: float, *, stride: int = 1) -> float:
    """Variance a second by products of neighbouring steps: a single jump is small in it."""
    steps = np.abs(np.diff(path[::stride]))
    n = len(steps)
    return 0.5 * math.pi * _dot(steps[1:], steps[:-1]) * n / (n - 1) / (n * stride * every)


def med_realised(path: Path, every: float, *, stride: int = 1) -> float:
    """Variance a second by squared medians of three steps (Andersen, Dobrev, Schaumburg 2012): jumps drop
    out.
    """
    steps = np.abs(np.diff(path[::stride]))
    n = len(steps)
    middle = np.median(np.stack([steps[:-2], steps[1:-1], steps[2:]]), axis=0)
    factor = math.pi / (6.0 - 4.0 * math.sqrt(3.0) + math.pi)
    return factor * _dot(middle, middle) * n / (n - 2) / (n * stride * every)


def garman_klass(path: Path, every: float, *, bar: int = 600) -> float:
    """Variance a second from high, low, open and close of bars of `bar` steps (Garman, Klass 1980)."""
    bars = (len(path) - 1) // bar
    # A bar's first point is the last one of the bar before, so that nothing moves between bars.
    rows = np.stack([path[i * bar : (i + 1) * bar + 1] for i in range(bars)])
    spread = rows.max(axis=1) - rows.min(axis=1)
    body = rows[:, -1] - rows[:, 0]
    value = 0.5 * spread**2 - (2.0 * math.log(2.0) - 1.0) * body**2
    return max(0.0, float(value.mean())) / (bar * every)


def ewma(path: Path, every: float, *, half_life: float = 300.0, stride: int = 1) -> float:
    """Variance a second with weights that halve every `half_life` seconds back from the end."""
    steps = np.diff(path[::-1][::stride])  # from the end back
    weights = np.exp(-math.log(2.0) * np.arange(len(steps)) * stride * every / half_life)
    return float(weights @ steps**2 / weights.sum()) / (stride * every)


METHODS: dict[str, Callable[..., float]] = {
    "realised": realised,
    "two_scale": two_scale,
    "realised_kernel": realised_kernel,
    "bipower": bipower,
    "med_realised": med_realised,
    "garman_klass": garman_klass,
    "ewma": ewma,
}


def fit_volatility(
    path: ArrayLike,
    every: float,
    *,
    method: str = "two_scale",
    parts: int = 10,
    min_points: int = 100,
    **options: float,
) -> VolatilityFit:
    """Estimate the volatility of a regular path, with an interval.

    Parameters
    ----------
    path : array_like
        float64[n], from `sample_path`: mids in ticks or price, or logarithms of prices for returns.
    every : float
        Its grid, s.
    method : str
        One of `METHODS`; `options` are its own.
    parts : int
        The interval comes from the scatter of the estimate over so many parts.
    min_points : int
        Fewer are `FitStatus.FEW_EVENTS`.

    Returns
    -------
    VolatilityFit
    """
    if method not in METHODS:
        raise ConfigError("one of " + ", ".join(METHODS), repr(method), "fit_volatility.method")
    every = positive(every, "fit_volatility.every")
    x = np.asarray(path, dtype=np.float64)
    if x.ndim != 1 or not np.isfinite(x).all():
        raise DataError("one column of finite values", f"shape {x.shape}", "fit_volatility.path")
    n, nan = len(x), math.nan
    need = max(min_points, int(options.get("bar", 0)) * 2 + 1, int(options.get("stride", 1)) * 4 + 1)
    if n < need:
        return VolatilityFit(FitStatus.FEW_EVENTS, method, nan, (nan, nan), n, n * every)
    estimate = METHODS[method]
    variance = estimate(x, every, **options)
    if not variance > 0.0:
        return VolatilityFit(FitStatus.BOUNDARY, method, 0.0, (0.0, nan), n, n * every)
    length = (n - 1) // parts
    band = (nan, nan)
    enough = max(need // parts, 20, int(options.get("bar", 0)) + 1, 4 * int(options.get("stride", 1)))
    if length >= enough:
        own = [estimate(x[i * length : (i + 1) * length + 1], every, **options) for i in range(parts)]
        error = float(np.std(own, ddof=1)) / math.sqrt(parts) / variance  # of ln variance, about
        away = 0.5 * _NORMAL_95 * error
        band = (math.sqrt(variance) * math.exp(-away), math.sqrt(variance) * math.exp(away))
    return VolatilityFit(FitStatus.OK, method, math.sqrt(variance), band, n, n * every)
