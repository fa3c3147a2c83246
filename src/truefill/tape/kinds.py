"""Names of the kinds of events, as a tape's header counts them."""

import numpy as np

from truefill.core import events

KIND_NAMES = {
    events.DEPTH: "depth",
    events.TRADE: "trade",
    events.DEPTH_CLEAR: "depth_clear",
    events.DEPTH_SNAPSHOT: "depth_snapshot",
    events.DEPTH_BBO: "depth_bbo",
    events.ADD_ORDER: "add_order",
    events.CANCEL_ORDER: "cancel_order",
    events.MODIFY_ORDER: "modify_order",
    events.FILL: "fill",
    events.INDEX_PRICE: "index_price",
    events.MARK_PRICE: "mark_price",
    events.FUNDING: "funding",
    events.TICKER_BID: "ticker_bid",
    events.TICKER_ASK: "ticker_ask",
    events.GAP_BEGIN: "gap_begin",
    events.GAP_END: "gap_end",
    events.TRADING_STATUS: "trading_status",
}


def count_kinds(counts: np.ndarray) -> dict[str, int]:
    """Turn int64[256], the number of events of each kind, into a table by name."""
    return {KIND_NAMES.get(int(k), f"kind_{k}"): int(counts[k]) for k in np.flatnonzero(counts)}
