"""What callbacks are told: the records of events, and of what an event loop keeps between them.

Plain structured dtypes, so that compiled and interpreted callbacks read the same fields. Fills and orders are
the bot's own records (`core.records.FILL`, `core.records.ORDER`). Each says which asset it is of.
"""

import numpy as np

from truefill.core.events import EVENT, NO_TIME

# The best prices of a book and their quantities.
BOOKL1 = np.dtype(
    [
        ("timestamp", "<i8"),  # when the strategy got it, ns
        ("exch_ts", "<i8"),  # of the last feed event of the asset
        ("asset", "<i8"),
        ("bid", "<f8"),  # NaN: none
        ("ask", "<f8"),
        ("bid_qty", "<f8"),  # 0: none
        ("ask_qty", "<f8"),
        ("bid_tick", "<i8"),  # the smallest int64: none
        ("ask_tick", "<i8"),  # the largest int64: none
    ],
    align=True,
)

# Feed of an asset has arrived; the book itself is `bot.depth(asset)`.
BOOKL2 = np.dtype([("timestamp", "<i8"), ("exch_ts", "<i8"), ("asset", "<i8")], align=True)

# A trade of the market: all fields of the bot's record, and which asset it is of.
MARKET_TRADE = np.dtype(
    [
        *((name, EVENT[name]) for name in EVENT.names or ()),
        ("asset", "<i8"),
    ],
    align=True,
)

# An event that changes no book and is no trade: all fields of the bot's record, and where it came from.
FEED_EVENT = np.dtype(
    [
        *((name, EVENT[name]) for name in EVENT.names or ()),
        ("source", "<i8"),  # an asset's number; from num_assets on, a stand-alone feed's
    ],
    align=True,
)

# A bar made of trades.
KLINE = np.dtype(
    [
        ("timestamp", "<i8"),  # when it closed, ns
        ("number", "<i8"),  # of its series, in the order of subscription
        ("asset", "<i8"),
        ("start_ts", "<i8"),  # by interval: it holds start_ts <= t < end_ts; else of its first trade
        ("end_ts", "<i8"),  # else of its last trade
        ("open", "<f8"),
        ("high", "<f8"),
        ("low", "<f8"),
        ("close", "<f8"),
        ("volume", "<f8"),
        ("buy_volume", "<f8"),  # of buyers who took
        ("value", "<f8"),  # sum of price times quantity
        ("trades", "<i8"),  # 0: none arrived, and the prices are the last close
    ],
    align=True,
)

# A timer. Its callback may write `next_ts` and `interval_ns`: that is how it is moved, or stopped.
TIMER = np.dtype(
    [
        ("timestamp", "<i8"),  # when it was due, ns
        ("number", "<i8"),
        ("next_ts", "<i8"),  # NO_TIME: never
        ("interval_ns", "<i8"),  # 0: once
    ],
    align=True,
)

# A series of bars: what it is, and how far the next bar has come.
BARS = np.dtype(
    [
        ("by", "<i8"),  # BY_TIME, BY_TRADES, BY_VOLUME
        ("asset", "<i8"),
        ("interval", "<i8"),  # ns, or trades
        ("volume", "<f8"),
        ("empty", "<i8"),  # BY_TIME: whether bars without trades are given
        ("end_ts", "<i8"),  # BY_TIME: of the bar under way; else NO_TIME
        ("begun", "<i8"),  # whether there was a trade yet
    ],
    align=True,
)
BY_TIME, BY_TRADES, BY_VOLUME = 0, 1, 2

# What a loop knows of an order that it has told about.
TOLD = np.dtype(
    [
        ("order_id", "<u8"),
        ("state", "<i8"),
        ("filled_qty", "<f8"),
        ("qty", "<f8"),
        ("price_tick", "<i8"),
        ("exch_ts", "<i8"),
    ],
    align=True,
)

# Callbacks, in the order in which they come at one moment. Their numbers stand in `Work.where`.
CALLBACKS = (
    "on_start",
    "on_kline",
    "on_trade",
    "on_index_price",
    "on_mark_price",
    "on_funding_rate",
    "on_event",
    "on_bookl1",
    "on_bookl2",
    "on_fill",
    "on_pending_order",
    "on_accepted_order",
    "on_triggered_order",
    "on_partially_filled_order",
    "on_filled_order",
    "on_canceling_order",
    "on_canceled_order",
    "on_expired_order",
    "on_failed_order",
    "on_cancel_failed_order",
    "on_modify_failed_order",
    "on_timer",
    "on_stop",
)
ORDER_CALLBACKS = tuple(name for name in CALLBACKS if name.endswith("_order"))
MARKET_CALLBACKS = ("on_trade", "on_bookl1", "on_bookl2")
EVENT_CALLBACKS = ("on_index_price", "on_mark_price", "on_funding_rate", "on_event")
LONELY = ("on_start", "on_stop")  # those that are told of no event
NEVER = NO_TIME
