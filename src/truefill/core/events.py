"""The one event record: what was seen in a market, as every room of truefill passes it on.

An event is 64 bytes, little-endian, aligned, laid out as in HftBacktest 2.x so that its ``.npz`` files
are ours. Times are UTC nanoseconds. ``ev`` is flag bits in its upper half and one kind in its low 8 bits.

A row carries EXCH when its place in the file is its place in exchange-time order, LOCAL when it is its
place in local-time order, both when one place serves both; otherwise the event stands twice.

DECIMAL_EVENT is the same event before prices and quantities have become floats: each is an integer
mantissa and a power of ten, exactly as the venue wrote it.
"""

import numpy as np

# Flag bits of `ev`.
EXCH = 1 << 31  # the row belongs to the exchange's order of events
LOCAL = 1 << 30  # the row belongs to the local order of events
BUY = 1 << 29  # bid side of the book, or a buyer was the aggressor
SELL = 1 << 28  # ask side of the book, or a seller was the aggressor
KIND_MASK = 0xFF

# Kinds, in the low 8 bits of `ev`.
DEPTH = 1  # the new total quantity of one level; 0 removes it
TRADE = 2  # order_id: the venue's trade id; ival: its sequence number (0 where there is none)
# BUY or SELL: that side, from its best price to px inclusive (px 0 or not finite: all); neither: both sides.
DEPTH_CLEAR = 3
DEPTH_SNAPSHOT = 4  # one level of a snapshot; applied like DEPTH
DEPTH_BBO = 5  # best price of one side, from a stream of its own
ADD_ORDER = 10
CANCEL_ORDER = 11
MODIFY_ORDER = 12
FILL = 13
INDEX_PRICE = 100
MARK_PRICE = 101
FUNDING = 102  # px: rate; ival: next funding time
TICKER_BID = 103  # best bid of the venue's book ticker; ival: its update id
TICKER_ASK = 104
GAP_BEGIN = 110  # from here to the next snapshot the book is suspect
GAP_END = 111
TRADING_STATUS = 112  # ival: the venue's code

EVENT = np.dtype(
    [
        ("ev", "<u8"),
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),
        ("px", "<f8"),
        ("qty", "<f8"),
        ("order_id", "<u8"),
        ("ival", "<i8"),
        ("fval", "<f8"),
    ],
    align=True,
)

DECIMAL_EVENT = np.dtype(
    [
        ("ev", "<u8"),
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),
        ("px", "<i8"),  # price = px * 10 ** px_exp
        ("qty", "<i8"),  # quantity = qty * 10 ** qty_exp
        ("order_id", "<u8"),
        ("ival", "<i8"),
        ("fval", "<f8"),
        ("px_exp", "<i4"),
        ("qty_exp", "<i4"),
    ],
    align=True,
)

# What "no time", "no best bid" and "no best ask" look like.
NO_TIME = np.iinfo(np.int64).max
NO_BID_TICK = np.iinfo(np.int64).min
NO_ASK_TICK = np.iinfo(np.int64).max
