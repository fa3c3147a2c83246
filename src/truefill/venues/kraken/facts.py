"""Kraken spot, WebSocket version 1: addresses, names and limits. They move: each has been true at `DATE`.

Source: the recording of 2021-04-17; version 1 has been superseded by version 2, which is not read here.
"""

DATE = "2021-04"
STREAM = "wss://ws.kraken.com"
INSTRUMENTS = "https://api.kraken.com/0/public/AssetPairs"
DEPTHS = (10, 25, 100, 500, 1000)
DEPTH = 1000
HEARTBEAT_S = 30
