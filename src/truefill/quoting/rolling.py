"""Calibration as time goes: `RollingCalibration` is fed in time order, and `at(t)` knows only what was
before t.

Looking ahead is impossible by construction: rows go in one after the other, a step back is refused, and a
fit at t cuts everything from t on, even if it has been fed already.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError
from truefill.core.gate import whole
from truefill.core.records import BUY_SIDE, SELL_SIDE
from truefill.quoting.flow import SideFlow
from truefill.quoting.intensity import IntensityFit, fit_lattice
from truefill.quoting.parameters import finite, positive
from truefill.quoting.volatility import VolatilityFit, fit_volatility, sample_path

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
    """

    def __init__(
        self,
        window: float,
        *,
        sample_every: float = 1.0,
        method: str = "two_scale",
        min_events: int = 20,
        stale_after: float | None = None,
    ) -> None:
        self.window = positive(window, "RollingCalibration.window")
        self.sample_every = positive(sample_every, "RollingCalibration.sample_every")
        self.method = method
        self.min_events = min_events
        self.stale_after = self.window / 4.0 if stale_after is None else positive(stale_after, "stale_after")
        self._books = _Rows(2)  # best bid and ask, ticks
        self._orders = {BUY_SIDE: _Rows(1), SELL_SIDE: _Rows(1)}
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

    def execution(self, ts: int, side: int, price_tick: float) -> None:
        """Tell of a trade by a taker of this side (`BUY_SIDE` hits asks); those of one time are one order."""
        ts = self._advance(ts)
        price = finite(price_tick, "RollingCalibration.execution")
        if side not in self._orders:
            raise DataError(f"a side, {BUY_SIDE} or {SELL_SIDE}", side, "RollingCalibration.execution")
        rows = self._orders[side]
        if rows.count and rows.times[rows.count - 1] == ts:
            before = rows.values[rows.count - 1, 0]
            rows.values[rows.count - 1, 0] = max(before, price) if side == BUY_SIDE else min(before, price)
            return
        rows.add(ts, price)
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
        times, best = self._books.until(ts)
        mid = best.mean(axis=1)
        fits = []
        for side, sign, column in ((SELL_SIDE, -1.0, 0), (BUY_SIDE, 1.0, 1)):
            when, price = self._orders[side].until(ts)
            row = np.searchsorted(times, when) - 1  # the book just before
            known = row >= 0
            depth = sign * (price[known, 0] - mid[row[known]])
            seen = ~np.isnan(depth)
            flow = SideFlow(
                when[known][seen], depth[seen], times, sign * (best[:, column] - mid), start, ts
            ).cut(start, ts)
            fits.append(fit_lattice(flow, min_events=self.min_events, stale_after=self.stale_after))
        path = sample_path(times, mid, every=self.sample_every, start=start, end=ts)
        volatility = fit_volatility(path, self.sample_every, method=self.method)
        return Calibration(ts, fits[0], fits[1], volatility)
