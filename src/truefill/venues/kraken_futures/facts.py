"""Kraken futures, WebSocket version 1: addresses, names and limits. They move: each has been true at `DATE`.

Source: the recording of 2021-07-22.
"""

DATE = "2021-07"
STREAM = "wss://futures.kraken.com/ws/v1"
INSTRUMENTS = "https://futures.kraken.com/derivatives/api/v3/instruments"
HEARTBEAT_S = 30
CHANNELS = {"depth": "book", "trades": "trade", "best": "ticker_lite", "marks": "ticker"}
