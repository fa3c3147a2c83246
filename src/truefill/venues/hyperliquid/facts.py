"""Hyperliquid: addresses, names and limits. They move: each has been true at `DATE`.

Source: Hyperliquid's own documentation and hyperliquid-python-sdk 0.23 (2026-07), and the recording of
2025-01-26.
"""

DATE = "2026-07"
STREAM = "wss://api.hyperliquid.xyz/ws"
TESTNET_STREAM = "wss://api.hyperliquid-testnet.xyz/ws"
INSTRUMENTS = "https://api.hyperliquid.xyz/info"  # POST {"type":"meta"}
HEARTBEAT_S = 50  # closed after 60 s of silence
LEVELS = 20
CONNECTIONS = 10  # per address
SUBSCRIPTIONS = 1000
PERP_DECIMALS = 6  # decimal places of price and quantity together
SIGNIFICANT_FIGURES = 5  # of a price
FUNDING_S = 3600
CHANNELS = {
    "depth": "l2Book",
    "trades": "trades",
    "best": "bbo",
    "marks": "activeAssetCtx",
    "klines": "candle",
}
