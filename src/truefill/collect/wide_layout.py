"""The wide layout of the Extended pipeline: names, columns, and the state between two runs.

::

    data/{market}/orderbook_parts/part_{first ms:013}_{first seq:010}_{part:06}.parquet   25,000 books a file
    data/{market}/trades_parts/part_{first ms:013}_{part:06}.parquet                      50,000 trades a file
    data/{market}/state.json

A row of a book has the best levels of each side, from the best outward; where there are fewer, null. The
market's folder is its name in lower case, with ``_`` for ``-``.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from truefill.core.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = "1.0"
BOOK_ROWS = 25_000  # of a file
TRADE_ROWS = 50_000
LEVELS = 20
BOOKS, TRADES, STATE = "orderbook_parts", "trades_parts", "state.json"


class WideState(msgspec.Struct, kw_only=True):
    """Where a collection stands. Times in Unix milliseconds; a counter is the number of the open part."""

    market: str
    last_trade_id: int | None = None
    last_trade_timestamp: int | None = None
    last_orderbook_seq: int | None = None
    last_orderbook_timestamp: int | None = None
    trades_count: int = 0
    orderbook_updates_count: int = 0
    orderbook_part_counter: int = 0
    trades_part_counter: int = 0


def market_folder(market: str) -> str:
    """Name of a market's folder: ``btc_usd`` for ``BTC-USD``."""
    if not market or "/" in market or "\\" in market or market in (".", ".."):
        raise DataError("the name of a market, such as BTC-USD", repr(market), "market")
    return market.lower().replace("-", "_")


def book_columns(levels: int) -> list[str]:
    """Names of the columns of prices and quantities, in their order."""
    return [f"{name}_{i}" for i in range(levels) for name in ("bid_price", "bid_qty", "ask_price", "ask_qty")]


def book_schema(market: str, levels: int) -> "pa.Schema":
    """Columns of a file of books, with the file's metadata."""
    import pyarrow as pa

    head = [("timestamp_ms", pa.timestamp("ms")), ("market", pa.string()), ("seq", pa.int64())]
    columns = [(name, pa.float64()) for name in book_columns(levels)]
    return pa.schema([*head, *columns], _metadata(market, levels))


def trade_schema(market: str, levels: int) -> "pa.Schema":
    """Columns of a file of trades, with the file's metadata."""
    import pyarrow as pa

    columns = [("timestamp_ms", pa.timestamp("ms")), ("price", pa.float64()), ("quantity", pa.float64())]
    return pa.schema([*columns, ("is_buyer_maker", pa.bool_())], _metadata(market, levels))


def read_state(folder: Path) -> WideState | None:
    """The state in a market's folder, None if there is none.

    Raises
    ------
    DataError
        It is damaged.
    """
    file = folder / STATE
    try:
        return msgspec.json.decode(file.read_bytes(), type=WideState)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError("the state of a collection", error, file) from error


def _metadata(market: str, levels: int) -> dict[str, str]:
    return {"schema_version": SCHEMA_VERSION, "market": market, "max_levels": str(levels)}
