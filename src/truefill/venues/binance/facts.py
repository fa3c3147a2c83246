"""Binance: addresses, names and limits. They move: each has been true at `DATE`.

Source: binance/binance-spot-api-docs and developers.binance.com (2026-07). USD-M has been routed since
2026-04-23: a stream that is asked for on the wrong route is acknowledged and stays silent.
"""

from truefill.venues.venue import Venue

DATE = "2026-07"
STREAM = {
    Venue.BINANCE_SPOT: "wss://stream.binance.com:9443/stream",
    Venue.BINANCE_USDM: "wss://fstream.binance.com/public/stream",
    Venue.BINANCE_COINM: "wss://dstream.binance.com/stream",
}
MARKET_STREAM = "wss://fstream.binance.com/market/stream"  # USD-M: mark prices, bars, aggTrade
SNAPSHOT = {
    Venue.BINANCE_SPOT: "https://api.binance.com/api/v3/depth?symbol={symbol}&limit=5000",
    Venue.BINANCE_USDM: "https://fapi.binance.com/fapi/v1/depth?symbol={symbol}&limit=1000",
    Venue.BINANCE_COINM: "https://dapi.binance.com/dapi/v1/depth?symbol={symbol}&limit=1000",
}
INSTRUMENTS = {
    Venue.BINANCE_SPOT: "https://api.binance.com/api/v3/exchangeInfo",
    Venue.BINANCE_USDM: "https://fapi.binance.com/fapi/v1/exchangeInfo",
    Venue.BINANCE_COINM: "https://dapi.binance.com/dapi/v1/exchangeInfo",
}
SNAPSHOT_WEIGHT = {Venue.BINANCE_SPOT: 250, Venue.BINANCE_USDM: 20, Venue.BINANCE_COINM: 20}
WEIGHT_PER_MINUTE = {Venue.BINANCE_SPOT: 6000, Venue.BINANCE_USDM: 2400, Venue.BINANCE_COINM: 2400}
MESSAGES_PER_SECOND = {Venue.BINANCE_SPOT: 5, Venue.BINANCE_USDM: 10, Venue.BINANCE_COINM: 10}  # inbound
LIFETIME_S = 86_400
DEPTH = {
    Venue.BINANCE_SPOT: "@depth@100ms",
    Venue.BINANCE_USDM: "@depth@0ms",
    Venue.BINANCE_COINM: "@depth@0ms",
}
TRADES, BEST, MARKS, KLINES = "@trade", "@bookTicker", "@markPrice@1s", "@kline_1m"
STREAMS_PER_REQUEST = 100
