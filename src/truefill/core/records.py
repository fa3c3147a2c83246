"""The records that a run leaves behind and a strategy reads: orders, fills, states.

All are plain structured dtypes. Quantities at this face are float64, as in HftBacktest; the fields that
end in ``_lots`` are exact integers of the instrument's lot, and sums are made over those.
"""

import numpy as np

BUY_SIDE = 1
SELL_SIDE = -1

# time in force
GTC, GTX, FOK, IOC = 0, 1, 2, 3
GTD = 4  # good till `expire_ts`
# order type
LIMIT, MARKET = 0, 1
STOP_MARKET, STOP_LIMIT, TAKE_PROFIT_MARKET, TAKE_PROFIT_LIMIT = 2, 3, 4, 5
# flags of an order
REDUCE_ONLY = 1  # never opens or turns a position
SLIDE = 2  # post-only: moves behind the touch instead of expiring
# status and request codes, HftBacktest's numbers
NONE, NEW, EXPIRED, FILLED, CANCELED, PARTIALLY_FILLED, REJECTED, REPLACED = 0, 1, 2, 3, 4, 5, 6, 7

# Return codes of the bot, HftBacktest's numbers.
OK = 0
END_OF_DATA = 1
MARKET_FEED = 2
ORDER_RESPONSE = 3
ORDER_ID_EXIST = 10
ORDER_REQUEST_IN_PROCESS = 11
ORDER_NOT_FOUND = 12
INVALID_ORDER_REQUEST = 13
INVALID_ORDER_STATUS = 14
INTERRUPTED = 18  # the run was told to stop
TOO_MANY_ORDERS = 20  # the order table is full: clear_inactive_orders makes room
MODEL_FAILED = 21  # a user's model raised; the run stops here and says where
RISK_REFUSED = 1000  # plus the reason: the risk model did not let the request leave

# What a strategy sees of an order (local side). `price`, `cancellable` are stored fields, kept in step.
ORDER = np.dtype(
    [
        ("order_id", "<u8"),
        ("price", "<f8"),
        ("price_tick", "<i8"),
        ("qty", "<f8"),  # as submitted or last modified
        ("leaves_qty", "<f8"),  # still open
        ("exec_qty", "<f8"),  # of the last execution
        ("exec_price", "<f8"),
        ("exec_price_tick", "<i8"),
        ("filled_qty", "<f8"),  # of all executions
        ("exch_timestamp", "<i8"),  # last change at the exchange, ns
        ("local_timestamp", "<i8"),  # last request from here, ns
        ("tick_size", "<f8"),
        ("queue_ahead", "<f8"),  # quantity ahead when it came to rest at the exchange
        ("side", "i1"),
        ("order_type", "u1"),
        ("time_in_force", "u1"),
        ("status", "u1"),
        ("req", "u1"),
        ("maker", "u1"),
        ("cancellable", "u1"),
        ("state", "u1"),  # core.order_states
        ("trigger_price", "<f8"),  # stops and take-profits; else 0
        ("trigger_price_tick", "<i8"),
        ("display_qty", "<f8"),  # iceberg: what it shows at a time; 0: all
        ("expire_ts", "<i8"),  # GTD: it ends then, exchange time, ns; else 0
        ("flags", "u1"),  # REDUCE_ONLY, SLIDE
        ("reason", "u1"),  # core.reasons: why the last news was what it was
        ("asset", "<i4"),  # its number; ids are an asset's own
    ],
    align=True,
)

# A level of the book that a strategy reads (`depth.bids`, `depth.asks`).
LEVEL = np.dtype(
    [
        ("price", "<f8"),
        ("price_tick", "<i8"),
        ("qty", "<f8"),
    ],
    align=True,
)

# One execution, for ever. Everything about money is a fold over these.
FILL = np.dtype(
    [
        ("trade_id", "<i8"),  # running number of the asset's executions, from 1
        ("order_id", "<u8"),
        ("exch_ts", "<i8"),  # execution at the exchange, ns
        ("local_ts", "<i8"),  # its report arrived here, ns
        ("entry_ts", "<i8"),  # the order came to rest (maker) or arrived (taker) at the exchange, ns
        ("price_tick", "<i8"),
        ("qty_lots", "<i8"),
        ("price", "<f8"),
        ("qty", "<f8"),
        ("fee", "<f8"),  # negative: a rebate
        ("queue_ahead", "<f8"),  # quantity ahead at entry (maker; taker: 0)
        ("bid", "<f8"),  # best prices of the exchange's book at the fill (NaN: none)
        ("ask", "<f8"),
        ("asset", "<i4"),
        ("side", "i1"),
        ("maker", "u1"),
        ("fee_currency", "<i2"),  # index into the run's list of currencies
    ],
    align=True,
)

# One order's whole life, written when it is cleared or the run ends.
ORDER_LOG = np.dtype(
    [
        ("order_id", "<u8"),
        ("asset", "<i4"),
        ("side", "i1"),
        ("order_type", "u1"),
        ("time_in_force", "u1"),
        ("status", "u1"),
        ("price_tick", "<i8"),
        ("price", "<f8"),
        ("qty", "<f8"),
        ("filled_qty", "<f8"),
        ("submit_ts", "<i8"),  # local, ns
        ("ack_ts", "<i8"),  # first answer arrived here, ns; 0: none
        ("end_ts", "<i8"),  # the news that ended it arrived here, ns; 0: still open
        ("modifies", "<i4"),
        ("cancels", "<i4"),
        ("reason", "u1"),  # core.reasons: of the last news; of a refused or expired order, why
    ],
    align=True,
)

# Running totals, HftBacktest's names.
STATE = np.dtype(
    [
        ("position", "<f8"),
        ("balance", "<f8"),  # money received minus money paid for what was traded, fees apart
        ("fee", "<f8"),
        ("num_trades", "<i8"),
        ("trading_volume", "<f8"),
        ("trading_value", "<f8"),
    ],
    align=True,
)

# A sample of one asset's state, HftBacktest's layout.
RECORD = np.dtype(
    [
        ("timestamp", "<i8"),
        ("price", "<f8"),  # mid
        ("position", "<f8"),
        ("balance", "<f8"),
        ("fee", "<f8"),
        ("num_trades", "<i8"),
        ("trading_volume", "<f8"),
        ("trading_value", "<f8"),
    ],
    align=True,
)

# Executions of a liquidation are FILL records with ids from here on: even below 2**64 against the book, odd
# ones at the bankruptcy price, for what the book could not take.
FIRST_LIQUIDATION_ID = (1 << 64) - (1 << 32)

# Kinds of payment.
FUNDING_PAYMENT, INTEREST, LIQUIDATION_FEE, INSURANCE = 1, 2, 3, 4
PAYMENT_NAMES = ("", "funding", "interest", "liquidation fee", "insurance")

# Money that an account received or paid without an order.
PAYMENT = np.dtype(
    [
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),  # its report arrives here, ns
        ("amount", "<f8"),  # negative: paid
        ("rate", "<f8"),  # funding: of the interval; interest: annual; liquidation fee: share of the value
        ("qty", "<f8"),  # funding: position; liquidation fee: what was closed; interest: the debt
        ("price", "<f8"),  # funding: mark; else NaN
        ("account", "<i4"),
        ("asset", "<i4"),  # interest: -1
        ("kind", "<i4"),
        ("currency", "<i4"),  # index into the run's list of currencies
    ],
    align=True,
)

# An account as the strategy knows it, in the account's currency.
ACCOUNT_STATE = np.dtype(
    [
        ("cash", "<f8"),  # all balances: deposits, realized profit, fees and payments
        ("unrealized", "<f8"),  # profit of open positions at the mark price
        ("equity", "<f8"),  # cash + unrealized
        ("initial_margin", "<f8"),  # taken up by positions and open orders
        ("maintenance_margin", "<f8"),
        ("available", "<f8"),  # for new orders
        ("funding", "<f8"),  # received less paid so far
        ("interest", "<f8"),
        ("liquidation_fees", "<f8"),
        ("insurance", "<f8"),  # losses beyond the account's own money that the venue took over
        ("liquidations", "<i8"),  # positions that the venue has closed
        ("bankrupt", "<i8"),  # 1: a loss went beyond the account's (or isolated position's) own money
    ],
    align=True,
)
