"""How orders fared: how many came to what end, how much of them filled, how long it took, what it cost."""

from collections.abc import Callable

import numpy as np

from truefill.analysis.fills import HORIZONS, FillView, weighted_bps
from truefill.analysis.performance import divide
from truefill.core.records import CANCELED, EXPIRED, FILLED, REJECTED
from truefill.core.run_data import NS_PER_SECOND, AssetRun, Floats, Records

HORIZON_NAMES = {HORIZONS[0]: "100ms", HORIZONS[1]: "1s", HORIZONS[2]: "10s"}


def order_counts(orders: Records) -> dict[str, float]:
    """Count orders (ORDER_LOG) by what became of them.

    ``OrdersFilled`` are filled to the last lot; one that filled in part and was then cancelled counts as
    cancelled. ``OrdersModified`` had at least one modify request.
    """
    ends = {"Filled": FILLED, "Cancelled": CANCELED, "Expired": EXPIRED, "Rejected": REJECTED}
    counts = {f"Orders{name}": int(np.sum(orders["status"] == status)) for name, status in ends.items()}
    open_still = len(orders) - sum(counts.values())
    modified = int(np.sum(orders["modifies"] > 0))
    all_of_them = {
        "OrdersSubmitted": len(orders),
        **counts,
        "OrdersOpen": open_still,
        "OrdersModified": modified,
    }
    return {name: float(count) for name, count in all_of_them.items()}


def fill_ratios(orders: Records) -> dict[str, float]:
    """Compute the filled part of the submitted quantity, and the part of the orders with any fill.

    A modify may leave an order's quantity below what had filled before: such an order counts as asked for
    what it filled.
    """
    asked = np.maximum(orders["qty"], orders["filled_qty"]).sum()
    return {
        "FillRatio": divide(orders["filled_qty"].sum(), asked),
        "OrderFillRatio": divide(int(np.sum(orders["filled_qty"] > 0)), len(orders)),
    }


def times_to_fill(asset: AssetRun) -> Floats:
    """Seconds from an order's submission to the report of its first fill, for each order that has one.

    An order id may be used again once its order was cleared, so a fill belongs to the latest order of its id
    that was submitted before the report.
    """
    orders, fills = asset.orders, asset.reported
    ids = np.concatenate([orders["order_id"], fills["order_id"]])
    times = np.concatenate([orders["submit_ts"], fills["local_ts"]])
    is_fill = np.arange(len(ids)) >= len(orders)
    row = np.lexsort((is_fill, times, ids))
    latest = np.maximum.accumulate(np.where(is_fill[row], -1, np.arange(len(row))))
    owner = np.where(latest >= 0, row[np.maximum(latest, 0)], 0)
    owned = is_fill[row] & (latest >= 0) & (ids[owner] == ids[row])
    # Rows of one order are in time order, so the first time an owner appears is its first fill.
    _, first = np.unique(owner[owned], return_index=True)
    waited = times[row][owned][first] - times[owner[owned][first]]
    return np.asarray(waited / NS_PER_SECOND, np.float64)


def execution(assets: tuple[AssetRun, ...], fills: FillView) -> dict[str, float]:
    """Compute every metric of this file over some assets.

    Parameters
    ----------
    assets : tuple of AssetRun
    fills : FillView
        Their fills, with markouts at `HORIZONS`.

    Returns
    -------
    dict of str to float
        NaN where nothing is known. Markouts, edge and spread are weighted by value, in basis points.
    """
    orders = np.concatenate([a.orders for a in assets])
    waited = np.concatenate([times_to_fill(a) for a in assets])
    found = {
        **order_counts(orders),
        **fill_ratios(orders),
        "MakerShare": divide(fills.value[fills.maker].sum(), fills.value.sum()),
        "MeanTimeInQueue": _known(np.mean, fills.queue_time),
        "MedianTimeInQueue": _known(np.median, fills.queue_time),
        "MedianTimeToFill": _known(np.median, waited),
        "MeanSpreadAtFill": _known(np.mean, fills.spread_bps),
        "MeanSpreadTicksAtFill": _known(np.mean, fills.spread_ticks),
        "EdgeBps": weighted_bps(fills.edge, fills.mid_value),
        "Fees": float(fills.fee.sum()),
        "FeeBps": divide(fills.fee.sum(), fills.value.sum()) * 1e4,
    }
    for k, horizon in enumerate(HORIZONS):
        found[f"Markout{HORIZON_NAMES[horizon]}"] = weighted_bps(fills.markouts[:, k], fills.mid_value)
    return found


def _known(of: Callable[[Floats], np.floating], values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(of(known)) if len(known) else np.nan
