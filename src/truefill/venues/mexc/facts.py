"""MEXC spot: addresses, names and limits. They move: each has been true at `DATE`.

Source: MEXC's documentation of its WebSocket streams and github.com/mexcdevelop/websocket-proto. Streams of
version 3 in JSON ended on 2025-08-04: what is read of them is as in the example in HftBacktest 2.4.4's
``data/utils/mexc.py``, of 2025-01-12.
"""

DATE = "2026-09"
JSON_DATE = "2025-01"
STREAM = "wss://wbs-api.mexc.com/ws"
CHANNELS = {
    "depth": "spot@public.aggre.depth.v3.api.pb@100ms@{symbol}",
    "trades": "spot@public.aggre.deals.v3.api.pb@100ms@{symbol}",
    "best": "spot@public.aggre.bookTicker.v3.api.pb@100ms@{symbol}",
    "klines": "spot@public.kline.v3.api.pb@{symbol}@Min1",
}
SUBSCRIPTIONS = 30  # a connection
SNAPSHOT = "https://api.mexc.com/api/v3/depth?symbol={symbol}&limit=5000"
INSTRUMENTS = "https://api.mexc.com/api/v3/exchangeInfo"
HEARTBEAT_S = 20  # without data it is cut after a minute
LIFETIME_S = 86_400
