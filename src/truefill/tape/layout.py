"""What pass 1 of the builder leaves for pass 2, and the numbers both agree on."""

import numpy as np

from truefill.core.events import EVENT

BLOCK_ROWS = 1 << 16  # rows that are looked at, spilled and indexed at a time
MAX_ROWS = np.iinfo(np.int32).max  # of each view and each table: columns are int32

# One event, without what only some kinds need.
ROW = np.dtype(
    [
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),
        ("qty", "<i8"),  # depth: quantity in units of the block
        ("order_id", "<i8"),  # orders: the venue's id; behind `orders`: the place in the queue
        ("ref", "<i4"),  # depth, orders: id of the price, -1 none; other kinds: index of its AUX
        ("ev", "<u4"),
    ],
    align=True,
)

# What other kinds than depth and orders need besides: the whole event, its price and quantity as integers.
AUX = np.dtype(
    [
        *[(name, EVENT.fields[name][0]) for name in EVENT.names],  # type: ignore[index,union-attr]
        ("px_units", "<i8"),  # price = px_units * 10 ** px_exp
        ("qty_units", "<i8"),
        ("number", "<i8"),  # running number of the AUX rows
        ("px_exp", "<i4"),
        ("qty_exp", "<i4"),
    ],
    align=True,
)

# `state` of the scan (int64). An exponent that is not known yet is UNSET.
PX_EXP, PX_GCD, PX_MAX = 0, 1, 2  # unit of prices, their step and greatest magnitude in that unit
QTY_EXP, QTY_GCD, QTY_MAX = 3, 4, 5
TICK, LOT = 6, 7  # given steps in those units; 0: none given
MIN_LAG = 8  # least local_ts - exch_ts of the local rows
PRICES = 9  # distinct prices so far
AUX_ROWS = 10
EXCH_ROWS, LOCAL_ROWS = 11, 12
MIN_EXCH, MIN_LOCAL = 13, 14  # earliest times of the block
FAULT, FAULT_ROW = 15, 16
HAS_SNAPSHOT = 17
LAST_EXCH, BACK_EXCH, BACK_EXCH_ROW = 18, 19, 20  # time before, steps back, event number of the first
LAST_LOCAL, BACK_LOCAL, BACK_LOCAL_ROW = 21, 22, 23
BACK_EXCH_TS, BACK_LOCAL_TS = 24, 25
FIRST_EVENT = 26  # number of the block's first event
SCAN_SIZE = 27

UNSET = 1 << 40
LARGEST = 1 << 62  # no price or quantity, in steps of the data, may reach this

# Values of `state[FAULT]`.
NO_FAULT = 0
NO_VIEW_FLAG = 1
UNKNOWN_BITS = 2
BAD_KIND = 3
BAD_SIDE = 4
BAD_TIME = 5
NEGATIVE_QTY = 6
TOO_FINE = 7
OFF_TICK = 8
OFF_LOT = 9
