"""Kraken's spot market data, version 2: typed messages and how they read. There is no recording of it.

Numbers are JSON numbers and may lose the zeros at their end, so a checksum needs the places of price and
quantity: they come over the channel ``instrument``, which is subscribed first; without them nothing is
compared.
"""

import msgspec
from msgspec import Raw, Struct

from truefill.venues.numbers import NOTHING, Id, iso_time, number

MINUTE = 60_000_000_000


class Message(Struct, gc=False):
    """A message of market data, an answer, or what version 1 says apart from market data."""

    channel: str = ""
    type: str = ""
    data: Raw = NOTHING
    # answers
    method: str = ""
    success: bool | None = None
    error: str = ""
    # version 1
    event: str = ""
    status: str = ""
    error_message: str = msgspec.field(default="", name="errorMessage")


class Level(Struct, gc=False):
    """A level of a book."""

    price: Raw
    qty: Raw


class Book(Struct, gc=False):
    """A snapshot or a change."""

    symbol: str
    bids: list[Level]
    asks: list[Level]
    checksum: int
    timestamp: str = ""  # older snapshots have none


class Trade(Struct, gc=False):
    """A trade; the side is the taker's."""

    symbol: str
    side: str
    price: Raw
    qty: Raw
    trade_id: Id
    timestamp: str


class Ticker(Struct, gc=False):
    """Best prices, and more."""

    symbol: str
    bid: Raw
    bid_qty: Raw
    ask: Raw
    ask_qty: Raw
    timestamp: str = ""


class Bar(Struct, gc=False):
    """A bar."""

    symbol: str
    open: Raw
    high: Raw
    low: Raw
    close: Raw
    volume: Raw
    interval_begin: str
    interval: int  # minutes


class Pair(Struct, gc=False):
    """Steps of an instrument."""

    symbol: str
    price_precision: int
    qty_precision: int


class Instruments(Struct, gc=False):
    """Those of all."""

    pairs: list[Pair]


decode_message = msgspec.json.Decoder(Message).decode
read_books = msgspec.json.Decoder(list[Book]).decode
read_trades = msgspec.json.Decoder(list[Trade]).decode
read_tickers = msgspec.json.Decoder(list[Ticker]).decode
read_bars = msgspec.json.Decoder(list[Bar]).decode
read_instruments = msgspec.json.Decoder(Instruments).decode


def pairs(levels: list[Level]) -> list[tuple[str, str]]:
    """Prices and quantities as they were written."""
    return [(number(level.price), number(level.qty)) for level in levels]


def time_or(text: str, otherwise: int) -> int:
    """A time in ns, or another where there is none."""
    return iso_time(text) if text else otherwise
