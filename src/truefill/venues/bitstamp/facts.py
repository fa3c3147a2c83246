"""Bitstamp, WebSocket 2: addresses, names and limits. They move: each has been true at `DATE`.

Source: the recording of 2022-01-05.
"""

DATE = "2022-01"
STREAM = "wss://ws.bitstamp.net"
SNAPSHOT = "https://www.bitstamp.net/api/v2/order_book/{symbol}"
HEARTBEAT_S = 30  # the venue answers it; how often is the client's affair
INSTRUMENTS = "https://www.bitstamp.net/api/v2/trading-pairs-info/"
