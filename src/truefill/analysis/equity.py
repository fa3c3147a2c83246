"""Equity curves: what the fills so far and the last known price were worth, at a grid of times.

The fold over an asset's fills, in the order in which their reports arrived, gives position, balance and fee;
the best prices give the value of the open position:

    equity without fees = balance + worth(position, mid)        equity = equity without fees - fee + payments

Payments are what an account received less what it paid without an order: funding, interest, liquidation fees.

A side of the book that is empty for a moment leaves the last known mid in force. Before the first known
mid a flat account is worth its balance, an open position is not a number.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np

from truefill.analysis.payments import payments_held, payments_so_far
from truefill.analysis.rates import Rates, last_known, prices_at, times
from truefill.analysis.valuation import valuation
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
        Equity without fees and payments. Those in another currency than the curve's count as they were paid,
        and what its rate did to them since is in here.
    exposure : float64[N]
        Size of the open position in money, >= 0.
    payments : float64[N]
        Received less paid by an account without an order so far.
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
    payments: Floats

    @property
    def equity(self) -> Floats:
        """Equity after fees and payments."""
        return self.equity_gross - self.fee + self.payments

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


def fold(asset: AssetRun, ts: Ints, rates: Rates | None = None, into: str | None = None) -> Curve:
    """Fold an asset's fills and prices into its state at each of the times `ts` (int64, rising, ns).

    Parameters
    ----------
    asset : AssetRun
    ts : int64[N]
    rates : Rates, optional
        Of the run, where fees are in other currencies or the money is wanted in one.
    into : str, optional
        The currency of the curve; by default the one that the asset settles in.
    """
    rates = rates or Rates(RunData((asset,)))
    into = into or asset.currency
    fills, contract = asset.reported, valuation(asset)
    amount = contract.amount(fills["qty"], fills["price"])
    side = fills["side"].astype(np.int64)
    done = np.searchsorted(fills["local_ts"], ts, side="right")

    def so_far(flow: Floats | Ints) -> Floats:
        return np.concatenate([flow[:0], [0], np.cumsum(flow)]).astype(np.float64)[done]

    mid = prices_at(asset, ts)
    fees = so_far(rates.fees(asset, fills, into))
    held = _fees_held(asset, fills, ts, so_far, rates, into)
    paid = payments_so_far(asset.paid, asset.fee_currencies, ts, rates, into)
    paid_held = payments_held(asset.paid, asset.fee_currencies, ts, rates, into)
    return _valued(
        asset,
        ts=ts,
        mid=mid,
        position=lots_to_qty(so_far(side * fills["qty_lots"]), asset.lot_size),
        balance=so_far(-side * amount),
        fee=fees,
        num_trades=so_far(np.ones(len(fills))),
        volume=lots_to_qty(so_far(fills["qty_lots"]), asset.lot_size),
        value=so_far(times(amount, rates.at(fills["local_ts"], asset.currency, into))),
        drift=fees - held + (paid_held - paid),
        payments=paid,
        rate=rates.at(ts, asset.currency, into),
        currency=into,
    )


def _fees_held(
    asset: AssetRun, fills: Records, ts: Ints, so_far: Callable[[Floats], Floats], rates: Rates, into: str
) -> Floats:
    """What the fees paid so far are worth at each time: those in another currency go with its rate."""
    held: Floats = np.zeros(len(ts))
    for currency, paid in asset.fees_by_currency(fills):
        total_paid = so_far(np.where(paid, fills["fee"], 0.0))
        if currency == asset.base:
            rate = prices_at(asset, ts) * rates.at(ts, asset.currency, into)
        else:
            rate = rates.at(ts, currency, into)
        held = held + times(total_paid, rate)
    return held


def from_records(
    asset: AssetRun,
    records: Records | None = None,
    rates: Rates | None = None,
    into: str | None = None,
) -> Curve:
    """Take the samples that a strategy recorded (RECORD) as a curve, at exactly those times.

    In another currency than the asset's, what flowed between two samples counts at the rate of the second;
    fees that were taken from coins received count at the prices of their fills.
    """
    rates = rates or Rates(RunData((asset,)))
    into = into or asset.currency
    kept = asset.records if records is None else records
    ts = kept["timestamp"]
    rate = rates.at(ts, asset.currency, into)
    fee_rate = rates.at(ts, asset.fee_currency, into)
    fee = _flowed(kept["fee"], fee_rate)
    paid = payments_so_far(asset.paid, asset.fee_currencies, ts, rates, into)
    paid_held = payments_held(asset.paid, asset.fee_currencies, ts, rates, into)
    return _valued(
        asset,
        ts=ts,
        mid=last_known(kept["price"]),
        position=kept["position"].astype(np.float64),
        balance=kept["balance"].astype(np.float64),
        fee=fee,
        num_trades=kept["num_trades"].astype(np.float64),
        volume=kept["trading_volume"],
        value=_flowed(kept["trading_value"], rate),
        drift=fee - times(kept["fee"], fee_rate) + (paid_held - paid),
        payments=paid,
        rate=rate,
        currency=into,
    )


def _flowed(so_far: Floats, rate: Floats) -> Floats:
    """A sum over time in another currency, each increase at the rate of its sample."""
    if (rate == 1.0).all():
        return so_far.astype(np.float64)
    flowed: Floats = np.cumsum(times(np.diff(so_far, prepend=0.0), rate))
    return flowed


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
    run: RunData,
    interval_ns: int | None = None,
    max_points: int = PLOT_POINTS,
    *,
    rates: Rates | None = None,
    into: str | None = None,
) -> tuple[Curve, ...]:
    """Each asset's equity from fills and prices, all on one grid over the whole span of the run.

    Parameters
    ----------
    run : RunData
    interval_ns, max_points
        As in `equity_curve`.
    rates : Rates, optional
        Of the run that `run` is a part of.
    into : str, optional
        The currency of all curves; by default each is in its asset's.
    """
    rates = rates or Rates(run)
    span = run.span
    if span is None:
        return tuple(fold(asset, np.empty(0, np.int64), rates, into) for asset in run.assets)
    ts = grid(*span, interval_ns or round_interval(span[1] - span[0], max_points))
    return tuple(fold(asset, ts, rates, into) for asset in run.assets)


def total(curves: tuple[Curve, ...], run: RunData | None = None) -> Curve | None:
    """Add the curves of a run's assets on one grid, in the currency of its totals.

    With the `run`, its payments that are no asset's are in the total. None when the currencies differ and no
    `run` with rates is given.
    """
    added = _sum(curves, run)
    return added if added is None or run is None else with_own_payments(added, run)


def with_own_payments(curve: Curve, run: RunData) -> Curve:
    """Add the payments of a run that are no asset's (interest of a shared wallet) to its total."""
    if not len(run.payments):
        return curve
    about = (run.paid, run.payment_currencies, curve.ts, Rates(run), curve.currency)
    paid, held = payments_so_far(*about), payments_held(*about)
    return replace(curve, payments=curve.payments + paid, equity_gross=curve.equity_gross + (held - paid))


def _sum(curves: tuple[Curve, ...], run: RunData | None) -> Curve | None:
    if not curves:
        return None
    into = curves[0].currency if run is None else Rates(run).common()
    if into is None or any(c.currency != into for c in curves):
        if into is None or run is None:
            return None
        rates = Rates(run)
        curves = tuple(fold(asset, curves[0].ts, rates, into) for asset in run.assets)
    if len(curves) == 1:
        return curves[0]
    added = ("balance", "fee", "num_trades", "volume", "value", "equity_gross", "exposure", "payments")
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


def lots_to_qty(lots: Floats, lot_size: float) -> Floats:
    """Quantities of whole lots. Dividing by 1000 is exact where multiplying by 0.001 is not."""
    per_unit = round(1.0 / lot_size)
    return lots / per_unit if per_unit > 0 and lot_size == 1.0 / per_unit else lots * lot_size


def _valued(
    asset: AssetRun,
    *,
    ts: Ints,
    mid: Floats,
    position: Floats,
    drift: Floats,
    rate: Floats,
    currency: str,
    **columns: Floats,
) -> Curve:
    """Put a curve together; `drift`: fees as they were paid minus what they are worth now."""
    contract = valuation(asset)
    cash = contract.cash(columns["balance"])
    flat = position == 0.0
    worth = np.where(flat, 0.0, contract.worth(position, mid))
    columns["balance"] = times(cash, rate)
    return Curve(
        name=asset.symbol,
        currency=currency,
        ts=ts,
        mid=mid,
        position=position,
        equity_gross=times(cash + worth, rate) + drift,
        exposure=times(np.where(flat, 0.0, contract.exposure(position, mid)), rate),
        **columns,
    )
