"""HftBacktest's `LinearAssetRecord` and `InverseAssetRecord`: from records to the numbers of `Stats`.

A record is resampled as HftBacktest does it: windows that begin at multiples of the frequency, named after
their beginning, with the last state of each and the sum of what was traded in it. The metrics also see what
was there before the first window's end, and before each period: nothing is lost between two samples. Nothing
here changes the record: `stats` can be asked again with another frequency.
"""

import inspect
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import polars as pl

from truefill.analysis.valuation import Valuation
from truefill.compat.hftbacktest.stats.metrics import (
    FLOWS,
    SR,
    DailyNumberOfTrades,
    DailyTradingValue,
    MaxDrawdown,
    MaxPositionValue,
    Metric,
    Ret,
    ReturnOverMDD,
    ReturnOverTrade,
    Sortino,
)
from truefill.compat.hftbacktest.stats.stats import Stats
from truefill.core.contracts import INVERSE, LINEAR
from truefill.core.errors import InputError
from truefill.core.run_data import Floats

DEFAULT_METRICS: tuple[type[Metric], ...] = (
    SR,
    Sortino,
    Ret,
    MaxDrawdown,
    DailyNumberOfTrades,
    DailyTradingValue,
    ReturnOverMDD,
    ReturnOverTrade,
    MaxPositionValue,
)


class Record:
    """Records of one asset, and how they are looked at; each setting returns the object itself.

    Parameters
    ----------
    data : RECORD[n] or polars.DataFrame
        With ``timestamp, price, position, balance, fee``, and, where they were recorded, ``num_trades``,
        ``trading_volume``, ``trading_value`` (running totals).
    """

    DEFAULT_METRICS = DEFAULT_METRICS
    _kind = LINEAR

    def __init__(self, data: np.ndarray | pl.DataFrame) -> None:
        if not isinstance(data, np.ndarray | pl.DataFrame):
            raise InputError("an array of records or a polars DataFrame", type(data), type(self).__name__)
        self.df = pl.DataFrame(data) if isinstance(data, np.ndarray) else data
        missing = {"timestamp", "price", "position", "balance", "fee"} - set(self.df.columns)
        if missing or self.df.is_empty():
            lacking = "no record" if self.df.is_empty() else f"no {', '.join(sorted(missing))}"
            raise InputError(
                "records with timestamp, price, position, balance and fee", lacking, type(self).__name__
            )
        self._contract_size = 1.0
        self._time_unit = "ns"
        self._frequency: str | None = "10s"
        self._partition: str | None = None

    def contract_size(self, contract_size: float) -> Self:
        """Set the units of the underlying in one unit of quantity; 1 by default."""
        if not (np.isfinite(contract_size) and contract_size > 0):
            raise InputError("a positive contract size", contract_size, type(self).__name__)
        self._contract_size = contract_size
        return self

    def time_unit(self, time_unit: str) -> Self:
        """Set the unit of ``timestamp`` since 1970, as `polars.from_epoch` has it; ``"ns"`` by default."""
        self._time_unit = time_unit
        return self

    def resample(self, frequency: str | None) -> Self:
        """Set the length of a sample, as polars writes it (``"1s"``, ``"5m"``); ``"10s"`` by default."""
        self._frequency = frequency
        return self

    def monthly(self) -> Self:
        """Ask for one row of numbers for each month, and one for all."""
        self._partition = "1mo"
        return self

    def daily(self) -> Self:
        """Ask for one row of numbers for each day, and one for all."""
        self._partition = "1d"
        return self

    def hourly(self) -> Self:
        """Ask for one row of numbers for each hour, and one for all."""
        self._partition = "1h"
        return self

    def stats(self, metrics: Sequence[Metric | type[Metric]] | None = None, **kwargs: Any) -> Stats:
        """Compute metrics.

        Parameters
        ----------
        metrics : list of Metric or of classes of them, optional
            `DEFAULT_METRICS` by default. A class is made an object with those of `kwargs` that it takes.
        **kwargs
            ``book_size`` (capital), ``trading_days_per_year``, ...

        Raises
        ------
        InputError
            When time goes back in the record.
        """
        table = self._table()
        opening = table.clear()
        if self._frequency is not None:
            table, opening = _resampled(table, self._frequency)
        chosen = self.DEFAULT_METRICS if metrics is None else metrics
        parts = _periods(table, opening, self._partition) if self._partition else []
        parts.append(_joined(opening, table))
        rows = [_numbers(part, start, chosen, kwargs) for part, start in parts]
        return Stats(table, rows, kwargs)

    def _table(self) -> pl.DataFrame:
        """Put what the metrics read beside what was recorded."""
        df = self.df
        if not isinstance(df["timestamp"].dtype, pl.Datetime):
            df = df.with_columns(pl.from_epoch("timestamp", time_unit=self._time_unit))  # type: ignore[call-overload]
        if not df["timestamp"].is_sorted():
            raise InputError("records in the order of time", "a time that goes back", type(self).__name__)
        # A side of the book that is empty for a moment leaves the last known price in force.
        price = pl.col("price").cast(pl.Float64).fill_nan(None).forward_fill().fill_null(float("nan"))
        df = df.with_columns(price)
        contract = Valuation(self._kind, self._contract_size)
        px, position = _floats(df["price"]), _floats(df["position"])
        traded = np.abs(np.diff(position, prepend=position[0]))
        cash, flat = contract.cash(_floats(df["balance"])), position == 0.0
        found = {
            "num_trades_": _flow(df, "num_trades", (traded > 0.0).astype(np.int64)),
            "trading_volume_": _flow(df, "trading_volume", traded),
            "trading_value_": _flow(df, "trading_value", contract.amount(traded, px)),
            "equity_wo_fee": cash + np.where(flat, 0.0, contract.worth(position, px)),
            "position_value": np.where(flat, 0.0, contract.exposure(position, px)),
        }
        return df.with_columns(
            *(pl.Series(name, column) for name, column in found.items() if name not in df.columns)
        )


class LinearAssetRecord(Record):
    """Records of a contract that is settled in the currency of its price."""

    _kind = LINEAR


class InverseAssetRecord(Record):
    """Records of a contract that is settled in the currency it is on: value = quantity x size / price."""

    _kind = INVERSE


def _floats(column: pl.Series) -> Floats:
    values: Floats = column.cast(pl.Float64).to_numpy()
    return values


def _flow(df: pl.DataFrame, total: str, guess: np.ndarray) -> pl.Series | np.ndarray:
    """What each sample added to a running total; told from the position when that was not recorded."""
    return df[total].diff().fill_null(0) if total in df.columns else guess


def _resampled(df: pl.DataFrame, frequency: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make the windows' rows; and, when the first window has several samples, its first, one window back.

    That row is where equity starts: without it, what was earned inside of the first window would be lost.
    """
    columns = [name for name in df.columns if name != "timestamp"]
    windows = (
        df.set_sorted("timestamp")
        .group_by_dynamic("timestamp", every=frequency)
        .agg(*(pl.col(name).sum() if name in FLOWS else pl.col(name).last() for name in columns))
    )
    back = windows["timestamp"][:1].dt.offset_by(f"-{frequency}")
    several = len(df) > 1 and bool(
        (df["timestamp"].dt.truncate(frequency)[:2] == windows["timestamp"][0]).all()
    )
    opening = df.head(1).with_columns(back) if several else df.clear()
    return windows, opening.select(windows.columns)


def _periods(df: pl.DataFrame, opening: pl.DataFrame, every: str) -> list[tuple[pl.DataFrame, int]]:
    """Cut into periods; each begins with the last sample before it, so that they add up to the whole."""
    begins = df["timestamp"].dt.truncate(every)
    first = [0, *((begins != begins.shift(1)).fill_null(False).arg_true().to_list())]
    return [
        _joined(df.slice(begin - 1, 1) if begin else opening, df.slice(begin, end - begin))
        for begin, end in zip(first, [*first[1:], len(df)], strict=True)
    ]


def _joined(before: pl.DataFrame, part: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Put the sample before a part in front, without its flows; with the number of the part's own first."""
    nothing = (pl.lit(0).cast(part[name].dtype).alias(name) for name in FLOWS)
    return pl.concat([before.with_columns(*nothing), part]), len(before)


def _numbers(
    df: pl.DataFrame, start: int, metrics: Sequence[Metric | type[Metric]], kwargs: dict[str, Any]
) -> dict[str, Any]:
    context = {"start": df["timestamp"][start], "end": df["timestamp"][-1]}
    for metric in metrics:
        if isinstance(metric, type):
            known = inspect.signature(metric.__init__).parameters
            metric = metric(**{key: value for key, value in kwargs.items() if key in known})  # noqa: PLW2901
        context |= metric.compute(df, context)
    return context
