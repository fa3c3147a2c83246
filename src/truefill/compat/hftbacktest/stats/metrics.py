"""HftBacktest's metrics: its classes, names and defaults over the numbers of `truefill.analysis`.

A metric reads the table of a record (`records`), so that metrics of your own work as with HftBacktest. The
definitions, and where HftBacktest's are not followed, are those of `truefill.analysis.performance`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from truefill.analysis.equity import Curve
from truefill.analysis.performance import Scale, performance
from truefill.analysis.rates import last_known
from truefill.compat.hftbacktest.replaced import missing
from truefill.core.run_data import Floats

# What a sample adds to a total since the one before; all other columns are states.
FLOWS = ("num_trades_", "trading_volume_", "trading_value_")
DAYS_PER_YEAR = 252.0


class Metric(ABC):
    """One or more numbers of a record. Derive from it for a metric of your own."""

    @abstractmethod
    def compute(self, df: pl.DataFrame, context: dict[str, Any]) -> Mapping[str, Any]:
        """Compute the metric.

        Parameters
        ----------
        df : polars.DataFrame
            Samples, oldest first: ``timestamp, price, position, balance, fee`` and whatever else was
            recorded, ``equity_wo_fee``, ``position_value`` (both money), and per sample ``num_trades_``,
            ``trading_volume_``, ``trading_value_``.
        context : dict
            ``start``, ``end``, and what the metrics before this one gave.

        Returns
        -------
        mapping of str to number
            By name.
        """


def curve_of(df: pl.DataFrame) -> Curve:
    """Make the curve of a record's table, as `truefill.analysis` computes with it."""

    def column(name: str) -> Floats:
        values: Floats = df[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return values

    num_trades, volume, value = (np.cumsum(column(name)) for name in FLOWS)
    return Curve(
        "record",
        "",
        df["timestamp"].dt.cast_time_unit("ns").to_physical().to_numpy(),
        last_known(column("price")),
        column("position"),
        column("balance") if "balance" in df.columns else np.full(len(df), np.nan),
        column("fee"),
        num_trades,
        volume,
        value,
        column("equity_wo_fee"),
        column("position_value"),
        np.zeros(len(df)),
    )


class _Known(Metric):
    """A metric of `truefill.analysis.performance`."""

    key: str

    def __init__(
        self,
        name: str | None = None,
        book_size: float | None = None,
        trading_days_per_year: float = DAYS_PER_YEAR,
    ) -> None:
        self.name = self.key if name is None else name
        self.book_size = book_size
        self.trading_days_per_year = trading_days_per_year

    def compute(self, df: pl.DataFrame, context: dict[str, Any]) -> Mapping[str, Any]:
        """Compute the metric, see `Metric.compute`."""
        scale = Scale(self.book_size, self.trading_days_per_year)
        return {self.name: performance(curve_of(df), scale)[self.key]}


class _Named(_Known):
    """One that only its name can be chosen of."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)


class _Annualised(_Known):
    """One that is scaled to a year."""

    def __init__(self, name: str | None = None, trading_days_per_year: float = DAYS_PER_YEAR) -> None:
        super().__init__(name, None, trading_days_per_year)


class _OfBook(_Known):
    """One that is money, or a share of the capital `book_size` when that is given."""

    def __init__(self, name: str | None = None, book_size: float | None = None) -> None:
        super().__init__(name, book_size)


class Ret(_OfBook):
    """Equity at the end minus at the start, after fees."""

    key = "Return"


class AnnualRet(Ret):
    """`Ret` a day times the trading days of a year."""

    key = "AnnualReturn"

    def __init__(
        self,
        name: str | None = None,
        book_size: float | None = None,
        trading_days_per_year: float = DAYS_PER_YEAR,
    ) -> None:
        super().__init__(name, book_size)
        self.trading_days_per_year = trading_days_per_year


class SR(_Annualised):
    """Sharpe ratio of the changes from sample to sample, so it depends on their spacing; no benchmark."""

    key = "SR"


class Sortino(_Annualised):
    """As `SR`, over the root mean square of the losses."""

    key = "Sortino"


class ReturnOverMDD(_Named):
    """Return over the largest drawdown."""

    key = "ReturnOverMDD"


class ReturnOverTrade(_Named):
    """Return over the value traded."""

    key = "ReturnOverTrade"


class MaxDrawdown(_OfBook):
    """Deepest fall of equity below its highest so far, as a positive number."""

    key = "MaxDrawdown"


class NumberOfTrades(_Named):
    """Number of executions."""

    key = "NumberOfTrades"

    def compute(self, df: pl.DataFrame, context: dict[str, Any]) -> Mapping[str, Any]:
        """Compute the metric, see `Metric.compute`."""
        return {self.name: int(df["num_trades_"].sum())}


class DailyNumberOfTrades(_Named):
    """Executions a day."""

    key = "DailyNumberOfTrades"


class TradingVolume(_Named):
    """Quantity traded."""

    key = "TradingVolume"


class DailyTradingVolume(_Named):
    """Quantity traded a day."""

    key = "DailyTradingVolume"


class TradingValue(_OfBook):
    """Value traded; with a `book_size` turnover, a share of it, and named so."""

    def __init__(self, name: str | None = None, book_size: float | None = None) -> None:
        self.key = "TradingValue" if book_size is None else "Turnover"
        super().__init__(name, book_size)


class DailyTradingValue(_OfBook):
    """Value traded a day; with a `book_size` daily turnover, a share of it, and named so."""

    def __init__(self, name: str | None = None, book_size: float | None = None) -> None:
        self.key = "DailyTradingValue" if book_size is None else "DailyTurnover"
        super().__init__(name, book_size)


class MaxPositionValue(_Named):
    """Largest open position, in money."""

    key = "MaxPositionValue"


class MeanPositionValue(_Named):
    """Mean open position, in money."""

    key = "MeanPositionValue"


class MedianPositionValue(_Named):
    """Median open position, in money."""

    key = "MedianPositionValue"


class MaxLeverage(_OfBook):
    """Largest open position over the capital `book_size`; not a number without capital."""

    key = "MaxLeverage"

    def compute(self, df: pl.DataFrame, context: dict[str, Any]) -> Mapping[str, Any]:
        """Compute the metric, see `Metric.compute`."""
        if self.book_size is None or not self.book_size > 0:
            return {self.name: float("nan")}
        return super().compute(df, context)


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
