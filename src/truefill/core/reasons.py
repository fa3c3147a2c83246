"""Why an order or a request was refused, or an order ended: what a strategy reads as ``order.reason``."""

NO_REASON = 0
UNFILLED = 1  # market, IOC, FOK: no more to take
WOULD_TAKE = 2  # post-only
SELF_TRADE = 3
NOTHING_TO_REDUCE = 4  # reduce-only
TIME_UP = 5  # good till date
OFF_TICK = 6
OFF_LOT = 7
BELOW_MIN_NOTIONAL = 8
ABOVE_MAX_QTY = 9
TOO_MANY_OPEN = 10
OUTSIDE_BAND = 11
THROTTLED = 12
DUPLICATE_ID = 13
UNKNOWN_ORDER = 14  # to cancel or modify: gone, or never there
INSUFFICIENT_BALANCE = 15  # a cash account has not got what the order would spend
INSUFFICIENT_MARGIN = 16
LIQUIDATED = 17  # cancelled or closed by the venue
# The matching engine's own: the gate of a bot refuses such requests before they are sent.
BAD_MESSAGE = 18  # an operation, side, type or time in force that there is none of
BAD_QTY = 19
BAD_PRICE = 20  # absurd, or too far from the first price of its symbol to rest
UNKNOWN_SYMBOL = 21
UNKNOWN_ACCOUNT = 22
BOOK_FULL = 23  # no room for one more price level far from the market

REASON_NAMES = (
    "",
    "unfilled",
    "would_take",
    "self_trade",
    "nothing_to_reduce",
    "time_up",
    "off_tick",
    "off_lot",
    "below_min_notional",
    "above_max_qty",
    "too_many_open",
    "outside_band",
    "throttled",
    "duplicate_id",
    "unknown_order",
    "insufficient_balance",
    "insufficient_margin",
    "liquidated",
    "bad_message",
    "bad_qty",
    "bad_price",
    "unknown_symbol",
    "unknown_account",
    "book_full",
)
