"""A few numbers of a market, from its tape: what the demo's market maker needs to quote sensibly."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from truefill.core.errors import DataError

if TYPE_CHECKING:
    from truefill.tape import Tape

_SECOND = 1_000_000_000


@dataclass(frozen=True)
class MarketFacts:
    """Measured on a tape's local view.

    Attributes
    ----------
    mid : float
        Mid price at the end, in money.
    spread_ticks : float
        Mean spread.
    move_ticks : float
        Root mean square change of the mid from sample to sample.
    trade_qty : float
        Median quantity of a trade.
    """

    mid: float
    spread_ticks: float
    move_ticks: float
    trade_qty: float


def market_facts(tape: "Tape", every_ns: int = _SECOND) -> MarketFacts:
    """Sample the best prices every second, or so many ns, and take the median trade.

    Raises
    ------
    DataError
        If the tape never has both best prices, or no trades: there is no market to make.
    """
    view = tape.local
    both = np.flatnonzero((view.group_bid >= 0) & (view.group_ask >= 0))
    if not len(both) or not len(tape.trades):
        raise DataError("a market with bids, asks and trades", "none of some", tape.symbol)
    times = view.group_ts[both]
    grid = np.arange(times[0], times[-1] + 1, every_ns)
    rows = both[np.searchsorted(times, grid, side="right") - 1]
    bid, ask = tape.level_tick[view.group_bid[rows]], tape.level_tick[view.group_ask[rows]]
    mid = (bid + ask) / 2
    move = float(np.sqrt(np.mean(np.diff(mid) ** 2))) if len(mid) > 1 else 0.0
    return MarketFacts(
        mid=float(mid[-1]) * tape.tick_size,
        spread_ticks=float(np.mean(ask - bid)),
        move_ticks=move,
        trade_qty=float(np.median(tape.trades["qty"])),
    )
