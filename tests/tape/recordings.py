"""Real Binance recordings as events, read in the plainest way: no checks of sequence numbers, no gaps.

The real codec is in `truefill.venues`, which knows nothing of tapes; these tests need only plausible rows.
"""

import functools
import gzip
import json
from itertools import islice

import numpy as np

from tests.support.shared import shared_data
from truefill.core.decimals import parse_decimals
from truefill.core.events import (
    BUY,
    DECIMAL_EVENT,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EXCH,
    LOCAL,
    SELL,
    TICKER_ASK,
    TICKER_BID,
    TRADE,
)

BOTH = EXCH | LOCAL


@functools.cache
def recording(rel: str, lines: int | None = None, tickers: bool = True) -> np.ndarray:
    """Events (DECIMAL_EVENT) of the first `lines` lines of a recording below ``shared/data``."""
    heads: list[tuple[int, int, int, int]] = []  # ev, exch_ts, local_ts, trade id
    prices: list[str] = []
    quantities: list[str] = []

    def add(ev: int, exch_ms: int, local: int, px: str, qty: str, order_id: int = 0) -> None:
        heads.append((ev | BOTH, exch_ms * 1_000_000, local, order_id))
        prices.append(px)
        quantities.append(qty)

    exch_ms = last_update = 0
    with gzip.open(shared_data(rel)) as file:
        for line in islice(file, lines):
            time, _, text = line.partition(b" ")
            local = int(time) * (1000 if len(time) == 16 else 1)
            message = json.loads(text)
            m = message.get("data", message)
            exch_ms = m.get("T", m.get("E", exch_ms)) or exch_ms
            if "lastUpdateId" in m:
                for side, levels in ((BUY, m["bids"]), (SELL, m["asks"])):
                    add(DEPTH_CLEAR | side, exch_ms, local, "0", "0")
                    for px, qty in levels:
                        add(DEPTH_SNAPSHOT | side, exch_ms, local, px, qty)
                last_update = m["lastUpdateId"]
            elif m.get("e") == "depthUpdate" and m["u"] > last_update:  # else the snapshot has it already
                for side, levels in ((BUY, m["b"]), (SELL, m["a"])):
                    for px, qty in levels:
                        add(DEPTH | side, exch_ms, local, px, qty)
            elif m.get("e") == "trade":
                add(TRADE | (SELL if m["m"] else BUY), exch_ms, local, m["p"], m["q"], m["t"])
            elif "B" in m and tickers:
                add(TICKER_BID | BUY, exch_ms, local, m["b"], m["B"])
                add(TICKER_ASK | SELL, exch_ms, local, m["a"], m["A"])
    events = np.zeros(len(heads), DECIMAL_EVENT)
    events["ev"], events["exch_ts"], events["local_ts"], events["order_id"] = np.array(heads, np.uint64).T
    events["px"], events["px_exp"] = parse_decimals(prices)
    events["qty"], events["qty_exp"] = parse_decimals(quantities)
    events.flags.writeable = False
    return events
