"""Equity curves: what the fills so far and the last known price were worth, at a grid of times.

The fold over an asset's fills, in the order in which their reports arrived, gives position, balance and fee;
the best prices give the value of the open position:

    equity without fees = balance + worth(position, mid)        equity = equity without fees - fee

A side of the book that is empty for a moment leaves the last known mid in force. Before the first known
mid a flat account is worth its balance, an open position is not a number.
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from truefill.analysis.valuation import Valuation, valuation
from truefill.core.errors import InputError
from truefill.core.run_data import NS_PER_DAY, AssetRun, Floats, Ints, Records, RunData

PLOT_POINTS = 5_000


@dataclass(frozen=True, eq=False)
class Curve:
    """State of an account at each of the times `ts`; all columns have its length.

    Parameters
    ----------
    name : str
        Symbol, or "total".
    currency : str
        Currency of all the money here.
    ts : int64[N]
        Times, ns, rising.
    mid, position : float64[N]
        Last known mid price and signed quantity; NaN in a total.
    balance, fee : float64[N]
        Money received minus paid (of an inverse contract the opposite of the state's balance: what the
        fills so far add to the equity), and fees paid so far (negative: rebates).
    num_trades, volume, value : float64[N]
        Executions so far, their quantity and their money.
    equity_gross : float64[N]
        Equity without fees.
    exposure : float64[N]
        Size of the open position in money, >= 0.
    """

    name: str
    currency: str
    ts: Ints
    mid: Floats
    position: Floats
    balance: Floats
    fee: Floats
    num_trades: Floats
    volume: Floats
    value: Floats
    equity_gross: Floats
    exposure: Floats

    @property
    def equity(self) -> Floats:
        """Equity after fees."""
        return self.equity_gross - self.fee

    @property
    def drawdown(self) -> Floats:
        """Equity minus its highest value so far: <= 0."""
        equity = self.equity
        return equity - np.fmax.accumulate(equity) if len(equity) else equity

    @property
    def days(self) -> float:
        """Length of the span, days."""
        return float(self.ts[-1] - self.ts[0]) / NS_PER_DAY if len(self.ts) else 0.0

    def at(self, ts: Ints) -> "Curve":
        """Look up the state at other times: that of the last sample at or before each.

        Before the first sample nothing has happened yet: zero, and no price.
        """
        index = np.searchsorted(self.ts, ts, side="right") - 1
        before = index < 0

        def taken(column: Floats, unknown: float) -> Floats:
            if not len(column):
                return np.full(len(ts), unknown)
            return np.where(before, unknown, column[np.maximum(index, 0)])

        return Curve(
            self.name,
            self.currency,
            ts,
            taken(self.mid, np.nan),
            *(taken(getattr(self, f.name), 0.0) for f in fields(self)[4:]),
        )

    def every(self, interval_ns: int) -> "Curve":
        """Resample on an even grid that starts with its first sample and ends with its last."""
        return self.at(grid(int(self.ts[0]), int(self.ts[-1]), interval_ns)) if len(self.ts) else self


def fold(asset: AssetRun, ts: Ints) -> Curve:
    """Fold an asset's fills and prices into its state at each of the times `ts` (int64, rising, ns)."""
    fills = asset.reported
    amount = valuation(asset).amount(fills["qty"], fills["price"])
    side = fills["side"].astype(np.int64)
    done = np.searchsorted(fills["local_ts"], ts, side="right")

    def so_far(flow: Floats | Ints) -> Floats:
        return np.concatenate([flow[:0], [0], np.cumsum(flow)]).astype(np.float64)[done]

    return _valued(
        asset,
        valuation(asset),
        ts=ts,
        mid=prices_at(asset, ts),
        position=lots_to_qty(so_far(side * fills["qty_lots"]), asset.lot_size),
        balance=so_far(-side * amount),
        fee=so_far(fills["fee"]),
        num_trades=so_far(np.ones(len(fills))),
        volume=lots_to_qty(so_far(fills["qty_lots"]), asset.lot_size),
        value=so_far(amount),
    )


def from_records(asset: AssetRun, records: Records | None = None) -> Curve:
    """Take the samples that a strategy recorded (RECORD) as a curve, at exactly those times."""
    kept = asset.records if records is None else records
    columns = ("position", "balance", "fee", "num_trades")
    return _valued(
        asset,
        valuation(asset),
        ts=kept["timestamp"],
        mid=last_known(kept["price"]),
        volume=kept["trading_volume"],
        value=kept["trading_value"],
        **{name: kept[name].astype(np.float64) for name in columns},
    )


def equity_curve(asset: AssetRun, interval_ns: int | None = None, max_points: int = PLOT_POINTS) -> Curve:
    """Compute an asset's equity from its fills and prices, on an even grid.

    Parameters
    ----------
    asset : AssetRun
    interval_ns : int, optional
        Spacing of the grid; by default the smallest round one that needs at most `max_points`.
    max_points : int
        See `interval_ns`.
    """
    return equity_curves(RunData((asset,)), interval_ns, max_points)[0]


def equity_curves(
    run: RunData, interval_ns: int | None = None, max_points: int = PLOT_POINTS
) -> tuple[Curve, ...]:
    """Each asset's equity from fills and prices, all on one grid over the whole span of the run."""
    span = run.span
    if span is None:
        return tuple(fold(asset, np.empty(0, np.int64)) for asset in run.assets)
    ts = grid(*span, interval_ns or round_interval(span[1] - span[0], max_points))
    return tuple(fold(asset, ts) for asset in run.assets)


def total(curves: tuple[Curve, ...]) -> Curve | None:
    """Add curves on one grid; None when their currencies differ, since no rate is known here."""
    if not curves or len({c.currency for c in curves}) > 1:
        return None
    if len(curves) == 1:
        return curves[0]
    added = ("balance", "fee", "num_trades", "volume", "value", "equity_gross", "exposure")
    sums = {name: np.sum([getattr(c, name) for c in curves], axis=0) for name in added}
    nothing = np.full(len(curves[0].ts), np.nan)
    return replace(curves[0], name="total", mid=nothing, position=nothing, **sums)


def grid(start: int, end: int, interval_ns: int) -> Ints:
    """Make times from `start` to `end` inclusive, `interval_ns` apart; the last step may be shorter."""
    if interval_ns <= 0:
        raise InputError("a positive sampling interval (ns)", interval_ns)
    times = np.arange(start, end + 1, interval_ns, dtype=np.int64)
    return times if times[-1] == end else np.append(times, end)


def round_interval(span_ns: int, max_points: int = PLOT_POINTS) -> int:
    """Smallest of 1 ms, 2 ms, 5 ms, 10 ms, ... of which `max_points` cover the span."""
    decade = 1_000_000
    while True:
        for step in (decade, 2 * decade, 5 * decade):
            if span_ns <= step * (max_points - 2):
                return step
        decade *= 10


def prices_at(asset: AssetRun, ts: Ints) -> Floats:
    """Last known mid price at or before each time; NaN before the first."""
    times, mids = asset.mids
    index = np.searchsorted(times, ts, side="right")
    return np.concatenate([[np.nan], last_known(mids)])[index]


def last_known(values: Floats) -> Floats:
    """Each number that is not finite replaced by the last finite one before it (NaN where there is none)."""
    if not len(values):
        return values
    known = np.isfinite(values)
    index = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return np.where(index >= 0, values[np.maximum(index, 0)], np.nan)


def lots_to_qty(lots: Floats, lot_size: float) -> Floats:
    """Quantities of whole lots. Dividing by 1000 is exact where multiplying by 0.001 is not."""
    per_unit = round(1.0 / lot_size)
    return lots / per_unit if per_unit > 0 and lot_size == 1.0 / per_unit else lots * lot_size


def _valued(
    asset: AssetRun, contract: Valuation, *, ts: Ints, mid: Floats, position: Floats, **columns: Floats
) -> Curve:
    columns["balance"] = cash = contract.cash(columns["balance"])
    flat = position == 0.0
    worth = np.where(flat, 0.0, contract.worth(position, mid))
    return Curve(
        name=asset.symbol,
        currency=asset.currency,
        ts=ts,
        mid=mid,
        position=position,
        equity_gross=cash + worth,
        exposure=np.where(flat, 0.0, contract.exposure(position, mid)),
        **columns,
    )
