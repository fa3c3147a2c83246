"""What goes into the matching engine and what comes out: two records, and the numbers in their fields.

Operations, kinds of reports, times in force and order types are those of the order-by-order book and of the
simulator (`order_book_commands`, `records`, `reasons`); here is only what an engine has besides.
"""

import numpy as np

from truefill.core.order_book_commands import CANCEL, MODIFY, NEW, REDUCE, REPLACE

# Operations beside NEW, CANCEL, MODIFY, REPLACE and REDUCE.
AMEND_TOTAL = 7  # MODIFY to a total that counts what is executed already: safe against fills in flight
OPERATIONS = {
    "new": NEW,
    "cancel": CANCEL,
    "modify": MODIFY,
    "replace": REPLACE,
    "reduce": REDUCE,
    "amend_total": AMEND_TOTAL,
}

# Flags of a message, beside records.REDUCE_ONLY and records.SLIDE.
CAPPED = 4  # a market order: `price` is how many ticks beyond the touch it may trade

# What a user sends: one command. 80 bytes, little-endian.
MESSAGE = np.dtype(
    [
        ("op", "u1"),
        ("side", "i1"),  # +1 buy, -1 sell
        ("order_type", "u1"),  # records.LIMIT, MARKET
        ("time_in_force", "u1"),  # records.GTC, GTX, FOK, IOC
        ("flags", "<u2"),
        ("self_trade", "u1"),  # core.self_trade: what happens when it would trade with its own account
        ("reserved", "u1"),
        ("symbol", "<i4"),  # number of the symbol, from 0
        ("account", "<i4"),  # number of the owner, from 0
        ("order_id", "<i8"),  # of a new order: any number that no resting order has
        ("price", "<i8"),  # ticks
        ("qty", "<i8"),  # lots
        ("ts", "<i8"),  # time of the message, ns: the engine has no clock of its own
        ("trigger", "<i8"),
        ("display", "<i8"),
        ("min_qty", "<i8"),
        ("expire_ts", "<i8"),
    ]
)

# What the engine answers. 64 bytes, little-endian: one cache line.
REPORT = np.dtype(
    [
        ("sequence", "<i8"),  # of this report, from 1 without gaps
        ("cause", "<i8"),  # of the message that caused it: 1 is the first that the engine ever took
        (
            "kind",
            "u1",
        ),  # order_book_commands: ACCEPTED, TRADE, CANCELLED, EXPIRED, MODIFIED, REDUCED, REJECTED
        ("side", "i1"),  # of `order_id`'s order
        ("reason", "u1"),  # reasons: why it was rejected or expired
        ("flags", "u1"),  # of a TRADE: MAKER_DONE, TAKER_DONE
        ("symbol", "<i4"),
        ("order_id", "<i8"),  # of a TRADE: the taker
        ("maker_id", "<i8"),  # of a TRADE; of a REJECTED: the operation that was refused
        ("price", "<i8"),
        ("qty", "<i8"),  # traded; left the book; open now (ACCEPTED, MODIFIED, REDUCED)
        ("account", "<i4"),
        ("maker_account", "<i4"),  # of a TRADE
    ]
)
MAKER_DONE = 1  # the resting order is filled
TAKER_DONE = 2

MESSAGE_WORDS = MESSAGE.itemsize // 8
REPORT_WORDS = REPORT.itemsize // 8

MAX_QTY = 1 << 40  # lots of one order: a level of eight million such orders still counts right
MAX_PRICE = 1 << 60
REACH = 1 << 30  # an order can rest so many ticks from the first price of its symbol

# Why the loop came back.
DONE, REPORTS_FULL, ORDERS_FULL, FAR_OFF = 0, 1, 2, 3
