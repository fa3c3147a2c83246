"""Coinbase Exchange: addresses, names and limits. They move: each has been true at `DATE`.

Source: the recording of 2021-04-17, when its host was ``ws-feed.pro.coinbase.com``.
"""

DATE = "2021-04"
STREAM = "wss://ws-feed.exchange.coinbase.com"
INSTRUMENTS = "https://api.exchange.coinbase.com/products"
CHANNELS = {"depth": "level2", "trades": "matches", "best": "ticker"}
HEARTBEATS = "heartbeat"
