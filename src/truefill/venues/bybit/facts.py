"""Bybit v5: addresses, names and limits. They move: each has been true at `DATE`.

Source: bybit-exchange/docs docs/v5 (2026-07), and the recording of 2026-08-09.
"""

from truefill.venues.venue import Venue

DATE = "2026-07"
CATEGORY = {
    Venue.BYBIT_SPOT: "spot",
    Venue.BYBIT_LINEAR: "linear",
    Venue.BYBIT_INVERSE: "inverse",
    Venue.BYBIT_OPTION: "option",
}
STREAM = "wss://stream.bybit.com/v5/public/{category}"
TESTNET_STREAM = "wss://stream-testnet.bybit.com/v5/public/{category}"
REST = "https://api.bybit.com"
INSTRUMENTS = "/v5/market/instruments-info?category={category}&limit=1000"
DEPTHS = (1, 50, 200, 1000)  # levels a side, pushed each 10, 20, 100, 200 ms; options: 25, 100
DEPTH = {
    Venue.BYBIT_SPOT: 200,
    Venue.BYBIT_LINEAR: 200,
    Venue.BYBIT_INVERSE: 200,
    Venue.BYBIT_OPTION: 100,
}
HEARTBEAT_S = 20
ARGS_PER_REQUEST = 10  # spot; other categories have no limit but 21,000 characters
CONNECTIONS = (500, 300)  # per seconds and address
CHANNELS = {
    "depth": "orderbook.{depth}.",
    "trades": "publicTrade.",
    "best": "orderbook.1.",
    "marks": "tickers.",
    "klines": "kline.1.",
}
OPTION_BEST = "tickers."
