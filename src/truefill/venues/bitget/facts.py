"""Bitget: addresses, names and limits. They move: each has been true at `DATE`.

Source: NexusTrader exchange/bitget and ccxt pro/bitget.py (2026-07), and the recording of 2022-04-07
(version 1).
"""

from truefill.venues.venue import Venue

DATE = "2026-07"
STREAM = {
    "v1": "wss://ws.bitget.com/{market}/v1/stream",  # spot or mix; of 2022
    "v2": "wss://ws.bitget.com/v2/ws/public",
    "v3": "wss://ws.bitget.com/v3/ws/public",  # the unified account's
}
DEMO_STREAM = "wss://wspap.bitget.com/v2/ws/public"
INSTRUMENT_TYPE = {
    "v1": {
        Venue.BITGET_SPOT: "SP",
        Venue.BITGET_USDT: "MC",
        Venue.BITGET_USDC: "MC",
        Venue.BITGET_COIN: "MC",
    },
    "v2": {
        Venue.BITGET_SPOT: "SPOT",
        Venue.BITGET_USDT: "USDT-FUTURES",
        Venue.BITGET_USDC: "USDC-FUTURES",
        Venue.BITGET_COIN: "COIN-FUTURES",
    },
    "v3": {
        Venue.BITGET_SPOT: "spot",
        Venue.BITGET_USDT: "usdt-futures",
        Venue.BITGET_USDC: "usdc-futures",
        Venue.BITGET_COIN: "coin-futures",
    },
}
INSTRUMENTS = {
    Venue.BITGET_SPOT: "https://api.bitget.com/api/v2/spot/public/symbols",
    Venue.BITGET_USDT: "https://api.bitget.com/api/v2/mix/market/contracts?productType=USDT-FUTURES",
    Venue.BITGET_USDC: "https://api.bitget.com/api/v2/mix/market/contracts?productType=USDC-FUTURES",
    Venue.BITGET_COIN: "https://api.bitget.com/api/v2/mix/market/contracts?productType=COIN-FUTURES",
}
HEARTBEAT_S = 30
ARGS_PER_REQUEST = 50
_CHANNELS = {"depth": "books", "trades": "trade", "best": "ticker", "marks": "ticker", "klines": "candle1m"}
CHANNELS = {
    "v1": _CHANNELS,
    "v2": _CHANNELS,
    "v3": _CHANNELS | {"trades": "publicTrade", "klines": "kline"},
}
