"""Independent Reserve: addresses, names and limits. They move: each has been true at `DATE`.

Source: the venue's own description of its WebSockets (github.com/independentreserve/websockets), and the
recording of 2022-04-03. It publishes no steps of prices and quantities there.
"""

DATE = "2023-07"
STREAM = "wss://websockets.independentreserve.com"
SNAPSHOT = (
    "https://api.independentreserve.com/Public/GetAllOrders"
    "?primaryCurrencyCode={base}&secondaryCurrencyCode={quote}"
)
