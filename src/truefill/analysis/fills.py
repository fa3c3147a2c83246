"""Each fill with what the market did around it: half-spread earned, time in queue, markouts.

    edge       = side * (mid at the fill - price)              what the price was better than the mid
    markout(h) = side * (mid h later - mid at the fill)        what the mid did afterwards (> 0: for us)
    realised spread(h) = edge + markout(h)

The mid at the fill is the exchange's at that moment. "h later" is h after the report arrived, on the local
price samples. A markout is unknown (NaN) when the samples end before, when the mid at the fill is unknown,
and when the samples are further apart than h: a stale price says nothing about 100 ms.

Where a venue sends its book in batches (Binance futures: each 100 ms) the mid at a fill is older than the
trade that filled. Edge is then too high and markout too low by the same amount; their sum is right.
"""

from dataclasses import dataclass, fields

import numpy as np

from truefill.analysis.rates import Rates, last_known
from truefill.analysis.valuation import valuation
from truefill.core.run_data import NS_PER_SECOND, AssetRun, Floats, Ints, Records, RunData

ENOUGH_BLOCKS = 5
# Horizons of the named metrics, and of the curve in the report, ns.
HORIZONS = (NS_PER_SECOND // 10, NS_PER_SECOND, 10 * NS_PER_SECOND)
CURVE_HORIZONS = tuple(int(s * NS_PER_SECOND) for s in (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 120, 300))


@dataclass(frozen=True, eq=False)
class FillView:
    """Fills in the order of their reports, one row each; money in one currency.

    Parameters
    ----------
    exch_ts, local_ts : int64[F]
        Execution, and its report here, ns.
    side : float64[F]
        1 bought, -1 sold.
    maker : bool[F]
    price, qty, fee : float64[F]
    value : float64[F]
        Money that changed hands.
    mid_value : float64[F]
        The same at the mid of that moment; NaN when unknown.
    spread_ticks, spread_bps : float64[F]
        Best ask minus best bid at the fill, in ticks and in 1e-4 of the mid.
    edge : float64[F]
        Money earned against the mid.
    queue_time : float64[F]
        Seconds from entry to execution; NaN for takers.
    markouts : float64[F, H]
        Money, for each of the horizons.
    """

    exch_ts: Ints
    local_ts: Ints
    side: Floats
    maker: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    price: Floats
    qty: Floats
    fee: Floats
    value: Floats
    mid_value: Floats
    spread_ticks: Floats
    spread_bps: Floats
    edge: Floats
    queue_time: Floats
    markouts: Floats


def fill_view(
    asset: AssetRun,
    horizons: tuple[int, ...] = HORIZONS,
    rates: Rates | None = None,
    into: str | None = None,
) -> FillView:
    """Look at each reported fill of an asset, with markouts at `horizons` (ns).

    Money is in the currency `into` (by default the one that the asset settles in), at the rate of the report.
    """
    fills = asset.reported
    rates = rates or Rates(RunData((asset,)))
    into = into or asset.currency
    rate = rates.at(fills["local_ts"], asset.currency, into)
    contract = valuation(asset)
    side = fills["side"].astype(np.float64)
    mid = (fills["bid"] + fills["ask"]) / 2.0
    spread = fills["ask"] - fills["bid"]
    held = side * fills["qty"]
    at_mid = contract.worth(held, mid)
    return FillView(
        exch_ts=fills["exch_ts"],
        local_ts=fills["local_ts"],
        side=side,
        maker=fills["maker"].astype(np.bool_),
        price=fills["price"],
        qty=fills["qty"],
        fee=rates.fees(asset, fills, into),
        value=contract.amount(fills["qty"], fills["price"]) * rate,
        mid_value=contract.amount(fills["qty"], mid) * rate,
        spread_ticks=spread / asset.tick_size,
        spread_bps=spread / np.where(mid > 0, mid, np.nan) * 1e4,
        edge=(at_mid - contract.worth(held, fills["price"])) * rate,
        queue_time=np.where(
            fills["maker"] == 1, (fills["exch_ts"] - fills["entry_ts"]) / NS_PER_SECOND, np.nan
        ),
        markouts=np.stack(
            [(contract.worth(held, later) - at_mid) * rate for later in _mids_later(asset, fills, horizons)],
            axis=-1,
        ),
    )


def joined(views: list[FillView]) -> FillView:
    """Put the fills of several assets in one view, by the time of their reports."""
    order = np.argsort(np.concatenate([v.local_ts for v in views]), kind="stable")
    return FillView(*(np.concatenate([getattr(v, f.name) for v in views])[order] for f in fields(FillView)))


def weighted_bps(money: Floats, value: Floats) -> float:
    """Sum of money over sum of value where both are known, in 1e-4; NaN where nothing is."""
    known = np.isfinite(money) & np.isfinite(value)
    weight = value[known].sum()
    return float(money[known].sum() / weight * 1e4) if weight > 0 else np.nan


def standard_error_bps(money: Floats, value: Floats, ts: Ints, block_ns: int) -> float:
    """Estimate the standard error of `weighted_bps`, fills of one block of time counted as one observation.

    Fills that are closer than the horizon look at the same price move; counted one by one they would
    claim a precision that is not there. Blocks of the horizon's length (at least a second) repair most of
    it; of fewer than `ENOUGH_BLOCKS` nothing can be said (NaN).
    """
    known = np.isfinite(money) & np.isfinite(value)
    if known.sum() < 2:
        return np.nan
    money, value, ts = money[known], value[known], ts[known]
    mean = money.sum() / value.sum()
    _, block = np.unique(ts // max(block_ns, NS_PER_SECOND), return_inverse=True)
    off = np.bincount(block, weights=money - mean * value)
    count = len(off)
    if count < ENOUGH_BLOCKS:
        return np.nan
    return float(np.sqrt(count / (count - 1) * np.sum(off**2)) / value.sum() * 1e4)


def price_spacing(asset: AssetRun) -> int:
    """Spacing of the price samples, ns; 0 when each change is there.

    When the asset does not say: the most frequent step if nine in ten steps are that one, else 0.
    """
    if asset.price_interval_ns is not None:
        return asset.price_interval_ns
    steps = np.diff(asset.mids[0])
    if len(steps) < 2:
        return 0
    values, counts = np.unique(steps, return_counts=True)
    return int(values[counts.argmax()]) if counts.max() >= 0.9 * len(steps) else 0


def _mids_later(asset: AssetRun, fills: Records, horizons: tuple[int, ...]) -> list[Floats]:
    times, mids = asset.mids
    known = np.concatenate([[np.nan], last_known(mids)])
    end = times[-1] if len(times) else np.iinfo(np.int64).min
    spacing = price_spacing(asset)
    later = []
    for horizon in horizons:
        ts = fills["local_ts"] + horizon
        seen = known[np.searchsorted(times, ts, side="right")]
        later.append(np.where((ts <= end) & (horizon >= spacing), seen, np.nan))
    return later
