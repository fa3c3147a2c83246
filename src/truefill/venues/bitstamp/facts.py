"""Bitstamp, WebSocket 2: addresses, names and limits. They move: each has been true at `DATE`.

Source: the recording of 2022-01-05; for single orders, messages that others show in public code.
"""

DATE = "2022-01"
ORDERS_DATE = "2026-09"
STREAM = "wss://ws.bitstamp.net"
SNAPSHOT = "https://www.bitstamp.net/api/v2/order_book/{symbol}"
SINGLE_ORDERS = "?group=2"  # price, quantity and id of each order
HEARTBEAT_S = 30  # the venue answers it; how often is the client's affair
INSTRUMENTS = "https://www.bitstamp.net/api/v2/trading-pairs-info/"
CHANNELS = {"depth": "diff_order_book", "trades": "live_trades"}
LIVE_ORDERS = "live_orders"  # order by order
