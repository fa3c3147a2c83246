"""All the numbers of a run in one dictionary, per asset or for all of them together.

The names that HftBacktest has are HftBacktest's; `performance` tells where the definitions differ and why.
`CATALOGUE` says of each number what it is called, its unit and its meaning: tables and the report read it.
"""

from dataclasses import dataclass

import numpy as np

from truefill.analysis.equity import Curve, equity_curves, from_records, grid, total, with_own_payments
from truefill.analysis.execution import execution
from truefill.analysis.fills import fill_view, joined
from truefill.analysis.payments import payments_by_kind
from truefill.analysis.performance import Scale, divide, performance
from truefill.analysis.rates import Rates
from truefill.core.errors import InputError
from truefill.core.run_data import NS_PER_SECOND, RunData

# HftBacktest's default; a run that is too short for thirty such samples gets a finer one.
INTERVALS = tuple(10 * NS_PER_SECOND // 10**k for k in range(5))
ENOUGH_SAMPLES = 30

RESULT, RISK, ACTIVITY, QUALITY = "Result", "Risk", "Activity", "Execution quality"


@dataclass(frozen=True)
class Metric:
    """What a number is.

    Parameters
    ----------
    name : str
        Key in the dictionary of `metrics`.
    label : str
        As a table shows it.
    group : str
        Result, Risk, Activity or Execution quality.
    unit : str
        ``money`` and ``money/day`` (the run's currency), ``qty``, ``qty/day``, ``count``, ``count/day``,
        ``ratio``, ``share`` (of 1), ``s``, ``bps`` (1e-4), ``ticks``; ``scaled``: money, or a share of
        the book size; ``of value``: a share of the value traded, so small that tables show it in bps.
    meaning : str
        One sentence.
    """

    name: str
    label: str
    group: str
    unit: str
    meaning: str


def _catalogue() -> tuple[Metric, ...]:
    rows = (
        ("Return", "Net PnL", RESULT, "scaled", "Equity at the end minus at the start, after fees"),
        (
            "GrossPnL",
            "PnL before fees",
            RESULT,
            "money",
            "Net PnL with fees and an account's payments put back",
        ),
        ("Fees", "Fees", RESULT, "money", "Fees paid; negative: rebates received"),
        ("Funding", "Funding", RESULT, "money", "Funding received less paid"),
        ("Interest", "Interest", RESULT, "money", "Interest on debts; negative: paid"),
        ("LiquidationFees", "Liquidation fees", RESULT, "money", "What liquidations cost; negative: paid"),
        ("Insurance", "Insurance", RESULT, "money", "Losses that the venue's insurance fund took over"),
        (
            "SpreadPnL",
            "Earned against mid",
            RESULT,
            "money",
            "Sum over fills of side × (mid − price) × quantity",
        ),
        ("InventoryPnL", "Inventory", RESULT, "money", "PnL before fees minus what was earned against mid"),
        ("PnLPerTrade", "Net PnL per trade", RESULT, "money", "Net PnL over number of trades"),
        ("ReturnOverTrade", "Net PnL over value traded", RESULT, "of value", "Net PnL over trading value"),
        ("AnnualReturn", "Annual return", RESULT, "scaled", "Net PnL a day times trading days of a year"),
        ("SR", "Sharpe ratio", RISK, "ratio", "Annualised, of the changes of equity from sample to sample"),
        ("Sortino", "Sortino ratio", RISK, "ratio", "As Sharpe, over the root mean square of the losses"),
        ("MaxDrawdown", "Max drawdown", RISK, "scaled", "Deepest fall of equity below its highest so far"),
        ("ReturnOverMDD", "Return over drawdown", RISK, "ratio", "Net PnL over max drawdown"),
        ("MaxPositionValue", "Max position value", RISK, "money", "Largest open position, at the mid"),
        ("MeanPositionValue", "Mean position value", RISK, "money", "Mean open position, at the mid"),
        ("MedianPositionValue", "Median position value", RISK, "money", "Median open position, at the mid"),
        ("MaxLeverage", "Max leverage", RISK, "ratio", "Max position value over book size"),
        ("NumberOfTrades", "Trades", ACTIVITY, "count", "Executions"),
        ("DailyNumberOfTrades", "Trades a day", ACTIVITY, "count/day", "Executions over days"),
        ("TradingVolume", "Volume", ACTIVITY, "qty", "Quantity traded"),
        ("DailyTradingVolume", "Volume a day", ACTIVITY, "qty/day", "Quantity traded over days"),
        ("TradingValue", "Value traded", ACTIVITY, "money", "Sum of price × quantity × contract size"),
        ("DailyTradingValue", "Value traded a day", ACTIVITY, "money/day", "Value traded over days"),
        ("Turnover", "Turnover", ACTIVITY, "ratio", "Value traded over book size"),
        ("DailyTurnover", "Turnover a day", ACTIVITY, "ratio", "Turnover over days"),
        ("OrdersSubmitted", "Orders submitted", ACTIVITY, "count", "Orders sent"),
        ("OrdersFilled", "Orders filled", ACTIVITY, "count", "Orders filled to the last lot"),
        ("OrdersCancelled", "Orders cancelled", ACTIVITY, "count", "Orders cancelled, filled in part or not"),
        (
            "OrdersExpired",
            "Orders expired",
            ACTIVITY,
            "count",
            "IOC remainders, refused post-only orders, ...",
        ),
        ("OrdersRejected", "Orders rejected", ACTIVITY, "count", "Orders that the exchange refused"),
        ("OrdersModified", "Orders modified", ACTIVITY, "count", "Orders with at least one modify request"),
        ("OrdersOpen", "Orders open at the end", ACTIVITY, "count", "Orders that had not ended"),
        ("FillRatio", "Fill ratio, by quantity", QUALITY, "share", "Filled over submitted quantity"),
        (
            "OrderFillRatio",
            "Fill ratio, by orders",
            QUALITY,
            "share",
            "Orders with any fill over orders sent",
        ),
        ("MakerShare", "Maker share", QUALITY, "share", "Part of the value traded as maker"),
        (
            "MedianTimeInQueue",
            "Median time in queue",
            QUALITY,
            "s",
            "From rest to fill at the exchange, makers",
        ),
        ("MeanTimeInQueue", "Mean time in queue", QUALITY, "s", "From rest to fill at the exchange, makers"),
        ("MedianTimeToFill", "Median time to fill", QUALITY, "s", "From submission to the first fill report"),
        ("MeanSpreadAtFill", "Mean spread at fill", QUALITY, "bps", "Best ask minus best bid, over the mid"),
        ("MeanSpreadTicksAtFill", "Mean spread at fill", QUALITY, "ticks", "Best ask minus best bid"),
        ("EdgeBps", "Edge at fill", QUALITY, "bps", "Side × (mid − price), weighted by value"),
        (
            "Markout100ms",
            "Markout 100 ms",
            QUALITY,
            "bps",
            "Side × (mid 100 ms later − mid at the fill), by value",
        ),
        ("Markout1s", "Markout 1 s", QUALITY, "bps", "Side × (mid 1 s later − mid at the fill), by value"),
        ("Markout10s", "Markout 10 s", QUALITY, "bps", "Side × (mid 10 s later − mid at the fill), by value"),
        ("FeeBps", "Fee", QUALITY, "bps", "Fees over value traded; negative: rebates"),
    )
    return tuple(Metric(*row) for row in rows)


CATALOGUE = _catalogue()


def metrics(
    run: RunData,
    asset: int | None = None,
    *,
    book_size: float | None = None,
    interval_ns: int | None = None,
    trading_days_per_year: float = 252.0,
    records: bool = False,
) -> dict[str, float]:
    """Compute all metrics of one asset or of the whole run.

    Parameters
    ----------
    run : RunData
    asset : int, optional
        Which asset; all of them together by default.
    book_size : float, optional
        Capital in the currency of the numbers: ``Return``, ``AnnualReturn`` and ``MaxDrawdown`` become shares
        of it, and turnover and leverage are known.
    interval_ns : int, optional
        Spacing of the equity samples for the ratios. 10 s by default as in HftBacktest, finer when the run is
        too short for that. Sharpe and Sortino depend on it.
    trading_days_per_year : float
        252 as in HftBacktest; 365 for markets that never close.
    records : bool
        Take the samples that the strategy recorded instead of folding fills and prices.

    Returns
    -------
    dict of str to float
        By the names of `CATALOGUE`; NaN where a number does not exist.

    Raises
    ------
    InputError
        For an asset out of range, a book size or interval that is not positive.
    CurrencyError
        For assets in different currencies taken together without their rates (`RunData`).
    """
    if asset is not None and not 0 <= asset < len(run.assets):
        raise InputError(f"an asset number below {len(run.assets)}", asset, "metrics")
    if book_size is not None and not (np.isfinite(book_size) and book_size > 0):
        raise InputError("a positive book size", book_size, "metrics")
    assets = run.assets if asset is None else (run.assets[asset],)
    part = RunData(assets, run.meta, payments=run.payments[: None if asset is None else 0])
    rates = Rates(run)
    into = rates.needed() if asset is None else run.assets[asset].currency
    curve = total(_curves(part, interval_ns or sampling_interval(run), records, rates, into))
    if curve is None:
        raise InputError("a run with at least one asset", "none", "metrics")
    if asset is None:
        curve = with_own_payments(curve, run)
    fills = joined([fill_view(a, rates=rates, into=into) for a in assets])
    found = {
        **performance(curve, Scale(book_size, trading_days_per_year)),
        **execution(assets, fills),
        "SpreadPnL": float(np.nansum(fills.edge)),
    }
    money = found["Return"] * (book_size or 1.0)
    found["GrossPnL"] = money + found["Fees"]
    if run.has_payments:
        by_kind = payments_by_kind(run, asset, rates, into)
        found["GrossPnL"] -= sum(by_kind.values())
        found |= by_kind
    found["InventoryPnL"] = found["GrossPnL"] - found["SpreadPnL"]
    found["PnLPerTrade"] = divide(money, found["NumberOfTrades"])
    return {metric.name: found[metric.name] for metric in CATALOGUE if metric.name in found}


def sampling_interval(run: RunData) -> int:
    """Choose the spacing of equity samples, ns: 10 s, or what gives a short run thirty of them."""
    span = run.span
    length = int(span[1] - span[0]) if span else 0
    fitting: list[int] = [step for step in INTERVALS if length >= ENOUGH_SAMPLES * step]
    return fitting[0] if fitting else INTERVALS[-1]


def _curves(run: RunData, interval_ns: int, records: bool, rates: Rates, into: str) -> tuple[Curve, ...]:
    if not records:
        return equity_curves(run, interval_ns, rates=rates, into=into)
    kept = [from_records(asset, rates=rates, into=into) for asset in run.assets]
    times = [t for curve in kept if len(curve.ts) for t in (curve.ts[0], curve.ts[-1])]
    if not times:
        return tuple(kept)
    ts = grid(int(min(times)), int(max(times)), interval_ns)
    return tuple(curve.at(ts) for curve in kept)
