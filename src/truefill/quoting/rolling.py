"""Calibration as time goes: `RollingCalibration` is fed in time order, and `at(t)` knows only what was
before t.

Looking ahead is impossible by construction: rows go in one after the other, a step back is refused, and a
fit at t cuts everything from t on, even if it has been fed already.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truefill.core.errors import DataError
from truefill.core.gate import whole
from truefill.core.records import BUY_SIDE, SELL_SIDE
from truefill.quoting.fitting import fit_intensity
from truefill.quoting.flow import SideFlow
from truefill.quoting.intensity import IntensityFit
from truefill.quoting.parameters import finite, positive
from truefill.quoting.volatility import VolatilityFit, fit_volatility, sample_path, without_holes

_NS = 1e-9
_I64 = (-(1 << 63), (1 << 63) - 1)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was known at a time.

    Attributes
    ----------
    timestamp : int
        UTC ns; nothing from then on was looked at.
    bid, ask : IntensityFit
        Of the market orders that hit bids, and asks.
    volatility : VolatilityFit
        Of the mid, ticks / sqrt(s).
    """

    timestamp: int
    bid: IntensityFit
    ask: IntensityFit
    volatility: VolatilityFit


class _Rows:
    """A growing table of a time and a few numbers."""

    def __init__(self, columns: int) -> None:
        self.times: NDArray[np.int64] = np.empty(1024, np.int64)
        self.values: NDArray[np.float64] = np.empty((1024, columns))
        self.count = 0

    def add(self, ts: int, *values: float) -> None:
        if self.count == len(self.times):
            self.times = np.concatenate([self.times, np.empty_like(self.times)])
            self.values = np.concatenate([self.values, np.empty_like(self.values)])
        self.times[self.count] = ts
        self.values[self.count] = values
        self.count += 1

    def until(self, end: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        last = int(np.searchsorted(self.times[: self.count], end))
        return self.times[:last], self.values[:last]

    def drop_before(self, start: int) -> None:
        """Forget what no window can reach any more, but the row that was current at `start`."""
        first = max(0, int(np.searchsorted(self.times[: self.count], start, side="right")) - 1)
        if first > self.count // 2 and first > 512:
            kept = self.count - first
            self.times[:kept] = self.times[first : self.count]
            self.values[:kept] = self.values[first : self.count]
            self.count = kept


class RollingCalibration:
    """Intensities of both sides and volatility over a sliding window.

    Parameters
    ----------
    window : float
        s.
    sample_every : float
        Grid of the volatility's path, s.
    method : str
        Volatility estimator, one of `truefill.quoting.volatility.METHODS`.
    min_events : int
        Market orders a side under which a fit is `few_events`.
    stale_after : float, optional
        Seconds without an order after which a fit is `stale`; a quarter of the window if not given.
    intensity : str
        Intensity estimator, one of `truefill.quoting.fitting.INTENSITIES`.
    horizon : float
        How long a virtual quote waits, s; only for ``"waiting_times"``.
    """

    def __init__(
        self,
        window: float,
        *,
        sample_every: float = 1.0,
        method: str = "two_scale",
        min_events: int = 20,
        stale_after: float | None = None,
        intensity: str = "lattice",
        horizon: float = 10.0,
    ) -> None:
        self.window = positive(window, "RollingCalibration.window")
        self.sample_every = positive(sample_every, "RollingCalibration.sample_every")
        self.method = method
        self.min_events = min_events
        self.intensity = intensity
        self.horizon = positive(horizon, "RollingCalibration.horizon")
        self.stale_after = self.window / 4.0 if stale_after is None else positive(stale_after, "stale_after")
        self._books = _Rows(2)  # best bid and ask, ticks
        self._prints = {BUY_SIDE: _Rows(2), SELL_SIDE: _Rows(2)}  # price, ticks, and number of the order
        self._orders: dict[
            int, tuple[int, int]
        ] = {}  # the last one of each side: what it is known by, number
        self._last = _I64[0]
        self._first: int | None = None

    def _advance(self, ts: int) -> int:
        ts = whole(ts, "a time, UTC ns", *_I64, DataError, "RollingCalibration")
        if ts < self._last:
            raise DataError("times that do not decrease", f"{ts} after {self._last}", "RollingCalibration")
        self._last = ts
        if self._first is None:
            self._first = ts
        return ts

    def book(self, ts: int, best_bid_tick: float, best_ask_tick: float) -> None:
        """Tell that the best prices are these from `ts` on (NaN: there is no book, as in a gap)."""
        ts = self._advance(ts)
        bid, ask = float(best_bid_tick), float(best_ask_tick)
        if bid >= ask:
            raise DataError("a bid under the ask", f"{bid:g}, {ask:g}", "RollingCalibration.book")
        self._books.add(ts, bid, ask)
        self._books.drop_before(ts - round(2.0 * self.window / _NS))

    def execution(self, ts: int, side: int, price_tick: float, order: int | None = None) -> None:
        """Tell of a trade by a taker of this side (`BUY_SIDE` hits asks).

        Executions that follow each other with the same `order` are one order: any number that tells, such as
        the exchange's time. Without it, those of one `ts` are.
        """
        ts = self._advance(ts)
        price = finite(price_tick, "RollingCalibration.execution")
        if side not in self._prints:
            raise DataError(f"a side, {BUY_SIDE} or {SELL_SIDE}", side, "RollingCalibration.execution")
        known = ts if order is None else whole(order, "a whole number", *_I64, DataError, "execution.order")
        last, number = self._orders.get(side, (known, 0))
        self._orders[side] = known, number + (known != last)
        rows = self._prints[side]
        rows.add(ts, price, float(self._orders[side][1]))
        rows.drop_before(ts - round(2.0 * self.window / _NS))

    def at(self, ts: int) -> Calibration:
        """Fit the window that ends just before `ts`, UTC ns.

        Raises
        ------
        DataError
            For a window that has been forgotten: more than one window before the newest row.
        """
        ts = whole(ts, "a time, UTC ns", *_I64, DataError, "RollingCalibration.at")
        span = round(self.window / _NS)
        if ts < self._last - span:
            raise DataError("a time not long past", f"{ts}, newest {self._last}", "RollingCalibration.at")
        start = max(ts - span, ts - 1 if self._first is None else min(self._first, ts - 1))
        prints = {side: rows.until(ts) for side, rows in self._prints.items()}
        settings = _Settings(
            self.sample_every,
            self.method,
            self.min_events,
            self.stale_after,
            self.intensity,
            self.horizon,
        )
        return _calibrate(self._books.until(ts), prints, start, ts, settings)


class _Settings(NamedTuple):
    sample_every: float
    method: str
    min_events: int
    stale_after: float
    intensity: str
    horizon: float


_Columns = tuple[NDArray[np.int64], NDArray[np.float64]]


def _calibrate(
    books: _Columns, prints: dict[int, _Columns], start: int, end: int, settings: _Settings
) -> Calibration:
    """Fit what is in [start, end) of rows that all are before `end`."""
    times, best = books
    mid = best.mean(axis=1)
    fits = []
    for side, sign, column in ((SELL_SIDE, -1.0, 0), (BUY_SIDE, 1.0, 1)):
        when, price = _merged(*prints[side], sign)
        row = np.searchsorted(times, when) - 1  # the book just before
        known = row >= 0
        depth = sign * (price[known] - mid[row[known]])
        seen = ~np.isnan(depth)
        distance = sign * (best[:, column] - mid)
        flow = SideFlow(when[known][seen], depth[seen], times, distance, start, end).cut(start, end)
        fits.append(
            fit_intensity(
                flow,
                settings.intensity,
                horizon=settings.horizon,
                min_events=settings.min_events,
                stale_after=settings.stale_after,
            )
        )
    moved, steady, until = without_holes(times, mid, start, end)
    path = sample_path(moved, steady, every=settings.sample_every, start=start, end=until)
    volatility = fit_volatility(path, settings.sample_every, method=settings.method)
    return Calibration(end, fits[0], fits[1], volatility)


def _merged(times: NDArray[np.int64], rows: NDArray[np.float64], sign: float) -> _Columns:
    """Orders of executions: when each began, and the farthest price of those that are known."""
    if not len(times):
        return times, np.zeros(0)
    first = np.flatnonzero(np.append(True, np.diff(rows[:, 1]) != 0.0))
    return times[first], sign * np.maximum.reduceat(sign * rows[:, 0], first)


def calibration_series(
    at: ArrayLike,
    book_times: ArrayLike,
    best_bid_ticks: ArrayLike,
    best_ask_ticks: ArrayLike,
    execution_times: ArrayLike,
    execution_sides: ArrayLike,
    execution_ticks: ArrayLike,
    execution_orders: ArrayLike | None = None,
    *,
    window: float,
    sample_every: float = 1.0,
    method: str = "two_scale",
    min_events: int = 20,
    stale_after: float | None = None,
    intensity: str = "lattice",
    horizon: float = 10.0,
) -> list[Calibration]:
    """Give what `RollingCalibration` would have known at many times, from whole recordings.

    For each time only rows of the window before it are sliced out and looked at.

    Parameters
    ----------
    at : array_like
        int64[k], UTC ns.
    book_times, best_bid_ticks, best_ask_ticks : array_like
        int64[n], UTC ns, not decreasing, and float64[n]; NaN: there is no book from then on.
    execution_times, execution_sides, execution_ticks : array_like
        int64[m], UTC ns, not decreasing; the taker's side, `BUY_SIDE` or `SELL_SIDE`; float64[m].
    execution_orders : array_like, optional
        int64[m]: those of one side that follow each other with one number are one order, of which a fit sees
        what had arrived; without it, those of one time are.
    window, sample_every, method, min_events, stale_after, intensity, horizon
        As `RollingCalibration` takes them.

    Returns
    -------
    list of Calibration
    """
    seconds = positive(window, "calibration_series.window")
    settings = _Settings(
        positive(sample_every, "calibration_series.sample_every"),
        method,
        min_events,
        seconds / 4.0 if stale_after is None else positive(stale_after, "stale_after"),
        intensity,
        positive(horizon, "calibration_series.horizon"),
    )
    times = np.ascontiguousarray(book_times, dtype=np.int64)
    best = np.stack([np.asarray(x, dtype=np.float64) for x in (best_bid_ticks, best_ask_ticks)], axis=1)
    when = np.asarray(execution_times, dtype=np.int64)
    sides, ticks = np.asarray(execution_sides), np.asarray(execution_ticks, dtype=np.float64)
    if len(times) != len(best) or not len(when) == len(sides) == len(ticks):
        raise DataError("columns of one length", f"{len(times)}, {len(when)}", "calibration_series")
    if (np.diff(times) < 0).any() or (np.diff(when) < 0).any():
        raise DataError("times that do not decrease", "a step back", "calibration_series")
    if (best[:, 0] >= best[:, 1]).any() or not np.isfinite(ticks).all():
        raise DataError("bids under asks, prices that are numbers", "others", "calibration_series")
    if not np.isin(sides, (BUY_SIDE, SELL_SIDE)).all():
        raise DataError(f"sides {BUY_SIDE} and {SELL_SIDE}", "others", "calibration_series")
    numbers = when if execution_orders is None else np.asarray(execution_orders)
    if len(numbers) != len(when):
        raise DataError(f"{len(when)} numbers of orders", len(numbers), "calibration_series")
    prints = {}
    for side in (BUY_SIDE, SELL_SIDE):
        mine = sides == side
        number = np.cumsum(np.diff(numbers[mine], prepend=numbers[mine][:1]) != 0)
        prints[side] = (when[mine], np.stack([ticks[mine], number.astype(np.float64)], axis=1))
    firsts = [int(x[0]) for x in (times, when) if len(x)]
    span = round(seconds / _NS)
    found = []
    for ts in np.asarray(at, dtype=np.int64).tolist():
        start = min(max(ts - span, min(firsts, default=ts - 1)), ts - 1)
        low = max(0, int(np.searchsorted(times, start, side="right")) - 1)
        high = int(np.searchsorted(times, ts))
        recent = {}
        for side, (own, rows) in prints.items():
            a, b = np.searchsorted(own, [start, ts])
            recent[side] = (own[a:b], rows[a:b])
        found.append(_calibrate((times[low:high], best[low:high]), recent, start, ts, settings))
    return found
