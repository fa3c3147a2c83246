"""Kraken spot: addresses, names and limits. They move: each has been true at `DATE`.

Source: the recording of 2021-04-17 for version 1, which is maintained; docs.kraken.com for version 2, which
Kraken recommends.
"""

DATE = "2021-04"
DATE_2 = "2026-09"
STREAM = {"v1": "wss://ws.kraken.com", "v2": "wss://ws.kraken.com/v2"}
INSTRUMENTS = "https://api.kraken.com/0/public/AssetPairs"
DEPTHS = (10, 25, 100, 500, 1000)
DEPTH = 1000
HEARTBEAT_S = 30
CHANNELS: dict[str, dict[str, dict[str, str | int]]] = {
    "v1": {
        "depth": {"name": "book", "depth": DEPTH},
        "trades": {"name": "trade"},
        "best": {"name": "ticker"},
        "klines": {"name": "ohlc", "interval": 1},
    },
    "v2": {
        "depth": {"channel": "book", "depth": DEPTH},
        "trades": {"channel": "trade"},
        "best": {"channel": "ticker", "event_trigger": "bbo"},
        "klines": {"channel": "ohlc", "interval": 1},
    },
}
INSTRUMENT_CHANNEL = {"channel": "instrument"}  # version 2
