"""Result, risk and activity of one equity curve, with HftBacktest's definitions and names.

Where HftBacktest is right these are its numbers to the last digits (``tests/analysis/test_metrics.py``
compares the two). Where it is not, this is what differs:

* samples a day come from the real mean spacing of the samples, not from the first interval alone;
* position value counts the contract size;
* a missing price leaves the last one in force instead of removing the change from one sample to the next;
* a run too short or too still for a ratio has no such ratio (NaN): no error and no warning;
* trades that happened before the first sample count.

Each function takes a `Curve`; money is in its currency. With a `book_size` (capital, same currency) a result
is divided by it.
"""

from dataclasses import dataclass

import numpy as np

from truefill.analysis.equity import Curve
from truefill.core.run_data import Floats


@dataclass(frozen=True)
class Scale:
    """What makes numbers comparable: capital, and the days of a year.

    Parameters
    ----------
    book_size : float or None
        Capital; None leaves results in money.
    trading_days_per_year : float
        252 as HftBacktest's default; markets that never close have 365.
    """

    book_size: float | None = None
    trading_days_per_year: float = 252.0


def performance(curve: Curve, scale: Scale | None = None) -> dict[str, float]:
    """Compute every metric of this file.

    Parameters
    ----------
    curve : Curve
    scale : Scale, optional

    Returns
    -------
    dict of str to float
        By HftBacktest's names; NaN where a metric does not exist for this curve. ``Turnover``,
        ``DailyTurnover`` and ``MaxLeverage`` need a book size.
    """
    scale = scale or Scale()
    book = scale.book_size if scale.book_size is not None else 1.0
    known = curve.equity[np.isfinite(curve.equity)]
    gained = known[-1] - known[0] if len(known) else np.nan
    drawdown = max_drawdown(known)
    days = curve.days
    count, volume, value = (c[-1] if len(c) else 0.0 for c in (curve.num_trades, curve.volume, curve.value))
    exposure = curve.exposure[np.isfinite(curve.exposure)]
    largest = exposure.max() if len(exposure) else np.nan

    found = {
        "Return": gained / book,
        "AnnualReturn": divide(gained / book, days) * scale.trading_days_per_year,
        "SR": sharpe(curve, scale),
        "Sortino": sortino(curve, scale),
        "MaxDrawdown": drawdown / book,
        "ReturnOverMDD": divide(gained, drawdown),
        "ReturnOverTrade": divide(gained, value),
        "NumberOfTrades": count,
        "DailyNumberOfTrades": divide(count, days),
        "TradingVolume": volume,
        "DailyTradingVolume": divide(volume, days),
        "TradingValue": value,
        "DailyTradingValue": divide(value, days),
        "MaxPositionValue": largest,
        "MeanPositionValue": exposure.mean() if len(exposure) else np.nan,
        "MedianPositionValue": np.median(exposure) if len(exposure) else np.nan,
    }
    if scale.book_size is not None:
        found |= {
            "Turnover": value / book,
            "DailyTurnover": divide(value / book, days),
            "MaxLeverage": largest / book,
        }
    return {name: float(number) for name, number in found.items()}


def changes(curve: Curve) -> Floats:
    """List the changes of equity from sample to sample, those that are known."""
    step = np.diff(curve.equity)
    known: Floats = step[np.isfinite(step)]
    return known


def samples_per_day(curve: Curve) -> float:
    """Count samples a day at the curve's mean spacing."""
    return divide(len(curve.ts) - 1, curve.days)


def sharpe(curve: Curve, scale: Scale) -> float:
    """Mean change over its standard deviation (sample), times sqrt(samples a year); no benchmark."""
    step = changes(curve)
    if len(step) < 2:
        return np.nan
    return divide(step.mean(), step.std(ddof=1)) * _root_of_year(curve, scale)


def sortino(curve: Curve, scale: Scale) -> float:
    """Mean change over the root mean square of losses (gains are 0), times sqrt(samples a year)."""
    step = changes(curve)
    if len(step) < 1:
        return np.nan
    return divide(step.mean(), np.sqrt(np.mean(np.minimum(0.0, step) ** 2))) * _root_of_year(curve, scale)


def max_drawdown(equity: Floats) -> float:
    """Deepest fall of a finite equity below its highest value so far, as a positive number."""
    return float(abs(np.min(equity - np.maximum.accumulate(equity)))) if len(equity) else np.nan


def divide(left: float, right: float) -> float:
    """``left / right`` as IEEE has it: infinite or NaN for a zero `right`, without a warning."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.divide(left, right))


def _root_of_year(curve: Curve, scale: Scale) -> float:
    return float(np.sqrt(samples_per_day(curve) * scale.trading_days_per_year))
