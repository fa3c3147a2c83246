"""The records inside a tape that compiled code reads: stops, custom rows, gaps.

A stop is a place in a view where a reader may have to do more than store quantities. Everything between
two stops is depth rows only.
"""

import numpy as np

# Kinds of stops.
STOP_TRADE = 1  # exchange view only
STOP_BEST = 2  # exchange view only: the depth row `row - 1`, already applied, changed a best price
STOP_CLEAR = 3
STOP_GAP_BEGIN = 4
STOP_GAP_END = 5
STOP_STATUS = 6
STOP_SNAPSHOT = 7  # the first row of a snapshot follows
STOP_FILL = 8  # exchange view of an order-by-order tape only: a resting order was hit; the book shrinks later

STOP = np.dtype(
    [
        ("ts", "<i8"),  # time in this view, ns
        ("qty", "<i8"),  # trade, fill: lots; best: 0; other kinds: the row's time in the other view, ns
        ("tick", "<i8"),  # trade, fill: its price; clear: up to this price, NO_BID_TICK: everything; else 0
        ("row", "<i4"),  # the depth rows below this index come before the stop
        # trade: index into `trades`, -1: never seen locally; status: the code; snapshot: its rows;
        # fill: place of the order that was hit, -1: not known
        ("arg", "<i4"),
        ("bid", "<i4"),  # best levels after the stop, -1: none
        ("ask", "<i4"),
        ("kind", "u1"),
        ("side", "i1"),  # 1 buy or bid, -1 sell or ask, 0 none or both
    ],
    align=True,
)

# A change of a best price in the local view. (In the exchange view every one of them is a stop.)
BEST = np.dtype(
    [
        ("ts", "<i8"),  # local time of the group after which it holds, ns
        ("bid", "<i4"),  # best levels, -1: none
        ("ask", "<i4"),
    ],
    align=True,
)

# A row that is neither depth nor trade (tickers, mark price, funding, a user's own kinds), as a tape stores
# it: its local time is that of its group of the local view.
CUSTOM_ROW = np.dtype(
    [
        ("px", "<f8"),
        ("qty", "<f8"),
        ("ival", "<i8"),
        ("group", "<i4"),
        ("ev", "<u4"),
    ],
    align=True,
)

# What only some of these rows have besides.
CUSTOM_MORE = np.dtype([("order_id", "<u8"), ("fval", "<f8"), ("row", "<i4")], align=True)

# A span in which the book is suspect; an end that never came is NO_TIME.
GAP = np.dtype(
    [
        ("begin_exch", "<i8"),
        ("begin_local", "<i8"),
        ("end_exch", "<i8"),
        ("end_local", "<i8"),
    ],
    align=True,
)

# Exchange time of the local depth (or custom) rows from `row` up to the next run or the end of the group,
# for groups whose rows do not all share the group's exchange time.
EXCH_RUN = np.dtype([("exch_ts", "<i8"), ("row", "<i4")], align=True)
