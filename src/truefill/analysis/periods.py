"""Result, risk and activity hour by hour, day by day, month by month (UTC).

Each period starts with the last sample before it, so that nothing is lost between two periods: returns,
trades and volumes of the periods add up to those of the run. (HftBacktest's ``daily()`` and ``monthly()``
start with the first sample inside, and lose what was earned in between.)
"""

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from truefill.analysis.equity import Curve, equity_curves, total, with_own_payments
from truefill.analysis.metrics import sampling_interval
from truefill.analysis.performance import Scale, performance
from truefill.analysis.rates import Rates
from truefill.core.errors import InputError
from truefill.core.run_data import Ints, RunData

if TYPE_CHECKING:
    import polars as pl

PERIODS = {"hour": "h", "day": "D", "month": "M"}


def period_frame(
    run: RunData,
    every: str = "day",
    asset: int | None = None,
    *,
    book_size: float | None = None,
    interval_ns: int | None = None,
    trading_days_per_year: float = 252.0,
) -> "pl.DataFrame":
    """Compute `performance` for each period of a run.

    Parameters
    ----------
    run : RunData
    every : str
        ``"hour"``, ``"day"`` or ``"month"``, of the UTC calendar.
    asset : int, optional
        Which asset; all of them together by default.
    book_size, interval_ns, trading_days_per_year
        As in `truefill.analysis.metrics.metrics`.

    Returns
    -------
    polars.DataFrame
        One row a period: ``period`` (its start, UTC), then a column for each metric. The annual numbers of a
        period take it for the whole year, as everywhere.
    """
    import polars as pl

    if every not in PERIODS:
        raise InputError(" or ".join(PERIODS), every, "period")
    if asset is not None and not 0 <= asset < len(run.assets):
        raise InputError(f"an asset number below {len(run.assets)}", asset, "period")
    part = run if asset is None else RunData((run.assets[asset],), run.meta)
    rates = Rates(run)
    into = rates.needed() if asset is None else run.assets[asset].currency
    curve = total(equity_curves(part, interval_ns or sampling_interval(run), rates=rates, into=into))
    if curve is None:
        raise InputError("a run with at least one asset", "none", "period")
    if asset is None:
        curve = with_own_payments(curve, run)
    scale = Scale(book_size, trading_days_per_year)
    starts = period_starts(curve.ts, every)
    rows = [performance(_part(curve, int(a), int(b)), scale) for a, b in pairwise(starts)]
    columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
    periods = pl.Series("period", starts[:-1], dtype=pl.Int64).cast(pl.Datetime("ns", "UTC"))
    return pl.DataFrame({"period": periods} | columns)


def period_starts(ts: Ints, every: str) -> Ints:
    """Find the start of each period that `ts` touches, and the end of the last, ns."""
    if not len(ts):
        return np.zeros(1, np.int64)
    unit = PERIODS[every]
    touched = np.array([ts[0], max(ts[0], ts[-1] - 1)])  # a sample at midnight closes its day
    ends = touched.astype("datetime64[ns]").astype(f"datetime64[{unit}]")
    starts = np.arange(ends[0], ends[1] + 2)
    return starts.astype("datetime64[ns]").astype(np.int64)


def _part(curve: Curve, begin: int, end: int) -> Curve:
    first = max(0, int(np.searchsorted(curve.ts, begin, side="right")) - 1)
    last = int(np.searchsorted(curve.ts, end, side="right"))
    # A sample at the very end of a period closes it; the next one opens with the same.
    names = [name for name, value in vars(curve).items() if isinstance(value, np.ndarray)]
    cut = replace(curve, **{name: getattr(curve, name)[first:last] for name in names})
    if begin <= curve.ts[0]:
        return cut
    flows = ("num_trades", "volume", "value")
    return replace(cut, **{name: getattr(cut, name) - getattr(cut, name)[0] for name in flows})
