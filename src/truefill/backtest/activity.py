"""How much has happened in the market since the run began, as it arrived here: what event clocks count by."""

from typing import NamedTuple

import numpy as np

from truefill.backtest.executions import units
from truefill.backtest.local_side import settle_groups, trades_seen
from truefill.backtest.records import trades_at
from truefill.core.jit import helper


class Activity(NamedTuple):
    """Counts of what has arrived from the market since the run began; clearing trades changes nothing.

    Parameters
    ----------
    feed_events : int
        Moments at which feed arrived: each wakes `wait_next_feed` once.
    best_changes : int
        Of them, those after which a best price was another.
    trades : int
        Market trades.
    volume : float
        Their quantity, in units.
    """

    feed_events: int
    best_changes: int
    trades: int
    volume: float


@helper
def activity_of(a):
    """Feed events, changes of best prices, trades, and their volume in units, that have arrived."""
    settle_groups(a)
    seen = trades_seen(a)
    trades = trades_at(a["trades_addr"], a["trades_len"])
    for i in range(a["counted_trades"], seen):
        a["counted_lots"] += np.int64(round(trades[i]["qty"] / a["lot_size"]))
    a["counted_trades"] = seen
    return (
        a["past_groups"] + a["l_group"],
        a["past_bests"] + a["l_best"],
        a["past_trades"] + seen,
        units(a, a["counted_lots"]),
    )


@helper
def leave_tape(a):
    """Keep the counts of a tape that has wholly arrived, before the next one begins to count from 0."""
    activity_of(a)
    a["past_groups"] += a["l_groups"]
    a["past_bests"] += a["l_bests"]
    a["past_trades"] += a["trades_len"]
    a["counted_trades"] = 0
