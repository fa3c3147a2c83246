"""A tape of one best bid and one best ask that jump to given prices at given times."""

from collections.abc import Sequence

import numpy as np

from truefill.core.events import BUY, DEPTH_CLEAR, DEPTH_SNAPSHOT, EVENT, EXCH, LOCAL, SELL
from truefill.tape import Tape, build_tape

START = 1_723_075_200_000_000_000
STEP = 1_000_000_000
LATENCY = 1_000_000


def quotes_tape(
    quotes: Sequence[tuple[float, float]],
    *,
    tick_size: float,
    lot_size: float,
    qty: float = 1_000_000.0,
    symbol: str = "QUOTES.TEST",
    step_ns: int = STEP,
) -> Tape:
    """One (bid, ask) each `step_ns`, `qty` on both sides; each a fresh snapshot."""
    rows = np.zeros(3 * len(quotes), EVENT)
    for number, (bid, ask) in enumerate(quotes):
        part = rows[3 * number : 3 * number + 3]
        part["ev"] = [DEPTH_CLEAR, DEPTH_SNAPSHOT | BUY, DEPTH_SNAPSHOT | SELL]
        part["px"] = [0.0, bid, ask]
        part["qty"] = [0.0, qty, qty]
        part["exch_ts"] = START + number * step_ns
    rows["ev"] |= EXCH | LOCAL
    rows["local_ts"] = rows["exch_ts"] + LATENCY
    return build_tape(rows, symbol=symbol, tick_size=tick_size, lot_size=lot_size)
