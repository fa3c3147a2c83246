"""Extended: addresses, names and limits. They move: each has been true at `DATE`.

Source: api.docs.extended.exchange and x10xchange/python_sdk (2026-09), and the messages captured on
2026-09-26. A User-Agent header is mandatory, on REST and WebSocket.
"""

DATE = "2026-09"
STREAM = "wss://api.starknet.extended.exchange/stream.extended.exchange/v2/rpc"
STREAM_V1 = "wss://api.starknet.extended.exchange/stream.extended.exchange/v1"  # one stream a connection
INSTRUMENTS = "https://api.starknet.extended.exchange/api/v1/info/markets"
REQUESTS_PER_MINUTE = 1000
SERVER_PING_S = 15
SCOPES: dict[str, list[tuple[str, dict[str, str]]]] = {
    "depth": [("orderbooks", {"depth": "full"})],
    "trades": [("trades", {})],
    "best": [("orderbooks", {"depth": "1"})],
    "marks": [("prices", {"type": "mark"}), ("prices", {"type": "index"}), ("funding-rates", {})],
    "klines": [("candles", {"type": "trades", "interval": "PT1M"})],
}
