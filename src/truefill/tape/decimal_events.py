"""Between the two forms of an event: floats as in HftBacktest's files, and exact decimals."""

import numpy as np

from truefill.core.decimals import float_decimals, nearest_floats
from truefill.core.errors import DataError
from truefill.core.events import (
    ADD_ORDER,
    DECIMAL_EVENT,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EVENT,
    FILL,
    KIND_MASK,
    MODIFY_ORDER,
    TRADE,
)

_SHARED = [name for name in EVENT.names or () if name not in ("px", "qty")]


def market_rows(events: np.ndarray) -> np.ndarray:
    """Which events have a price and a quantity that must be exact: depth, trades, orders but cancels."""
    kind = events["ev"] & np.uint64(KIND_MASK)
    found = (kind == DEPTH) | (kind == DEPTH_SNAPSHOT) | (kind == TRADE)
    return np.asarray(found | (kind == ADD_ORDER) | (kind == MODIFY_ORDER) | (kind == FILL))


def decimal_events(events: np.ndarray, number: int) -> np.ndarray:
    """EVENT to DECIMAL_EVENT, each float by the shortest decimal that gives the same float.

    Parameters
    ----------
    events : EVENT[]
    number : int
        Running number of the first event, for errors.

    Raises
    ------
    DataError
        A price or quantity of the market is not finite.
    """
    out = np.zeros(len(events), DECIMAL_EVENT)
    for name in _SHARED:
        out[name] = events[name]
    market = market_rows(events)
    clear = events["ev"] & np.uint64(KIND_MASK) == DEPTH_CLEAR
    for name, used in (("px", market | clear), ("qty", market)):
        values = np.where(used, events[name], 0.0)
        finite = np.isfinite(values)
        if not finite.all():
            bad = np.flatnonzero(~finite & market)
            if len(bad):
                at = int(bad[0])
                place = f"event {number + at} at local time {int(events['local_ts'][at])}"
                raise DataError(f"a finite {name}", float(events[name][at]), place)
            values[~finite] = 0.0  # a clear up to no price at all clears everything
        out[name], out[f"{name}_exp"] = float_decimals(values)
    return out


def float_values(events: np.ndarray, name: str) -> np.ndarray:
    """`px` or `qty` of EVENT or DECIMAL_EVENT rows as the nearest floats."""
    if events.dtype == EVENT:
        return np.asarray(events[name])
    return nearest_floats(events[name], events[f"{name}_exp"])


def plain_events(rows: np.ndarray) -> np.ndarray:
    """EVENT rows of records that have an event's fields among others."""
    out = np.empty(len(rows), EVENT)
    for name in EVENT.names or ():
        out[name] = rows[name]
    return out
