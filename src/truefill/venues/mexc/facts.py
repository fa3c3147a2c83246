"""MEXC spot, streams of version 3 in JSON: addresses and names. They move: each has been true at `DATE`.

Source: the example in HftBacktest 2.4.4's ``data/utils/mexc.py``, of 2025-01-12. MEXC has replaced these
streams by others in protocol buffers (``spot@public.aggre.depth.v3.api.pb``), which are not read here.
"""

DATE = "2025-01"
STREAM = "wss://wbs.mexc.com/ws"
SNAPSHOT = "https://api.mexc.com/api/v3/depth?symbol={symbol}&limit=5000"
LEVELS = 10  # of the book that is sent whole
HEARTBEAT_S = 20
