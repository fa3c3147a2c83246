"""Own orders as probes: what happened to them at the venue (or in a run) is the truth for a queue model."""

import numpy as np
from numpy.typing import NDArray

from truefill.backtest.queue_truth import PROBE
from truefill.core.errors import InputError
from truefill.core.events import NO_TIME
from truefill.core.records import FILL, GTC, GTX, LIMIT, ORDER_LOG


def own_order_probes(
    orders: NDArray[np.void], fills: NDArray[np.void], horizon_ns: int, asset: int = 0
) -> NDArray[np.void]:
    """Make probes of the orders of one asset that came to rest.

    An order's entry is that of its first fill's record; where it has no fill, half way between its
    submission and the first answer, which is as near as the local side can tell. It counts as filled by
    its first execution. A cancelled order is watched to the news of its end, a filled one for `horizon_ns`,
    so that a model that fills it later, or never, is told so.

    Left out are orders that took on arrival, that were modified (their place is not what it was), that were
    never answered, and those that may not rest.

    Parameters
    ----------
    orders : ORDER_LOG[]
        `Result.orders`, or the same from a live session.
    fills : FILL[]
        `Result.fills`.
    horizon_ns : int
        How long a filled order is watched from its entry, and an open one at most.
    asset : int
        Number of the asset.

    Returns
    -------
    PROBE[]
        By entry time; `ahead` is what the run believed (fills), else NaN.
    """
    if orders.dtype != ORDER_LOG or fills.dtype != FILL:
        raise InputError("arrays of ORDER_LOG and FILL", (orders.dtype, fills.dtype))
    if horizon_ns <= 0:
        raise InputError("a time above 0", horizon_ns, "own_order_probes(horizon_ns)")
    orders = orders[(orders["asset"] == asset) & (orders["modifies"] == 0) & (orders["order_type"] == LIMIT)]
    orders = orders[np.isin(orders["time_in_force"], (GTC, GTX))]
    fills = fills[fills["asset"] == asset]
    first: dict[int, np.void] = {}
    takers: set[int] = set()
    for fill in fills[np.argsort(fills["exch_ts"], kind="stable")]:
        first.setdefault(int(fill["order_id"]), fill)
        if not fill["maker"]:
            takers.add(int(fill["order_id"]))
    if len(set(orders["order_id"].tolist())) < len(orders):
        raise InputError("orders of one run whose ids were used once", "an id that was used again")
    probes = []
    for order in orders:
        order_id, found = int(order["order_id"]), first.get(int(order["order_id"]))
        if order_id in takers or (found is None and order["ack_ts"] == 0):
            continue
        if found is not None:
            entry, filled = int(found["entry_ts"]), int(found["exch_ts"])
            end, ahead = max(entry + horizon_ns, filled), float(found["queue_ahead"])
        else:
            entry, filled = (int(order["submit_ts"]) + int(order["ack_ts"])) // 2, NO_TIME
            end, ahead = entry + horizon_ns, float("nan")
            if order["end_ts"]:
                end = min(end, int(order["end_ts"]))
        if end > entry:
            probes.append((entry, end, filled, int(order["price_tick"]), ahead, int(order["side"])))
    made = np.array(probes, PROBE)
    return made[np.argsort(made["entry_ts"], kind="stable")]
