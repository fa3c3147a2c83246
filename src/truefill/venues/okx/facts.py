"""OKX v5: addresses, names and limits. They move: each has been true at `DATE`.

Source: OKX docs-v5 and its changelog (2026-07), and the recording of 2022-05-13.
"""

DATE = "2026-07"
STREAM = "wss://ws.okx.com:8443/ws/v5/public"
BUSINESS_STREAM = "wss://ws.okx.com:8443/ws/v5/business"  # bars
DEMO_STREAM = "wss://wspap.okx.com:8443/ws/v5/public"
REST = "https://www.okx.com"
SNAPSHOT = "https://www.okx.com/api/v5/market/books?instId={symbol}&sz=400&source=0"
INSTRUMENTS = "/api/v5/public/instruments?instType={type}"
HEARTBEAT_S = 25  # cut after 30 s of silence
CHECKSUMS_END = "2026-06-23"  # from then on the checksum is always 0
SUBSCRIPTIONS_PER_HOUR = 480
CONNECTIONS_PER_SECOND = 3
ARGS_PER_REQUEST = 100  # 64 KiB a request
CHANNELS = {"depth": "books", "trades": "trades", "best": "bbo-tbt", "klines": "candle1m"}
MARK, FUNDING, INDEX = "mark-price", "funding-rate", "index-tickers"
