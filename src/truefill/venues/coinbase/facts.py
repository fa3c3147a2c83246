"""Coinbase, Advanced Trade: addresses, names and limits. They move: each has been true at `DATE`.

Source: the recording of 2026-08-09.
"""

DATE = "2026-08"
STREAM = "wss://advanced-trade-ws.coinbase.com"
INSTRUMENTS = "https://api.coinbase.com/api/v3/brokerage/market/products"
CHANNELS = {"depth": "level2", "trades": "market_trades", "best": "ticker", "klines": "candles"}
HEARTBEATS = "heartbeats"
