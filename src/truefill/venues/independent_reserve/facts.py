"""Independent Reserve: addresses, names and limits. They move: each has been true at `DATE`.

Source: the venue's own description of its WebSockets (github.com/independentreserve/websockets), and the
recording of 2022-04-03. It publishes no steps of prices and quantities, but least quantities.
"""

DATE = "2023-07"
STREAM = "wss://websockets.independentreserve.com"
INSTRUMENTS = "https://api.independentreserve.com/Public/GetOrderMinimumVolumes"
CURRENCIES = "https://api.independentreserve.com/Public/GetValidSecondaryCurrencyCodes"
SNAPSHOT = (
    "https://api.independentreserve.com/Public/GetAllOrders"
    "?primaryCurrencyCode={base}&secondaryCurrencyCode={quote}"
)
CHANNELS = {"depth": "orderbook", "trades": "ticker"}
