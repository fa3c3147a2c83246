"""What Binance sends about a market, as one typed record.

Every message is decoded by one pass into one flat record that has the fields of all of them; absent ones
keep their defaults. The messages carry no common tag (spot's bookTicker has no type at all), and one
letter means different things in them: ``b`` and ``a`` are the levels of a depthUpdate and the prices of a
bookTicker, so they stay raw JSON until it is known which.

Numbers stay text here: prices and quantities become decimals in batches (`truefill.venues.rows`).
"""

import re
from itertools import chain
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from truefill.core.errors import DataError
from truefill.venues.levels import ReadPairs, read_levels as read_numbers

NOTHING = Raw(b"")

Id = Annotated[int, Meta(ge=-1, le=(1 << 63) - 1)]
Time = Annotated[int, Meta(ge=0, le=9_000_000_000_000_000)]  # in nanoseconds it still fits an int64


class MarketMessage(Struct, gc=False):
    """The fields of depthUpdate, trade, aggTrade, bookTicker, markPriceUpdate, indexPriceUpdate and depth."""

    # what, when
    event: str = msgspec.field(default="", name="e")
    event_time: Time = msgspec.field(default=0, name="E")
    time: Time = msgspec.field(default=0, name="T")  # matching engine; markPriceUpdate: next funding
    symbol: str = msgspec.field(default="", name="s")
    pair: str = msgspec.field(default="", name="ps")  # COIN-M only
    # depthUpdate
    first_id: Id = msgspec.field(default=0, name="U")
    last_id: Id = msgspec.field(default=0, name="u")  # bookTicker: its only id
    previous_id: Id = msgspec.field(default=-1, name="pu")
    bids: Raw = msgspec.field(default=NOTHING, name="b")  # bookTicker: best bid
    asks: Raw = msgspec.field(default=NOTHING, name="a")  # bookTicker: best ask; aggTrade: its id
    # bookTicker
    bid_qty: str = msgspec.field(default="", name="B")
    ask_qty: str = msgspec.field(default="", name="A")
    # trade, aggTrade
    trade_id: Id = msgspec.field(default=-1, name="t")
    first_trade: Id | str = msgspec.field(default=-1, name="f")  # a number, but a price in other streams
    last_trade: Id | str = msgspec.field(default=-1, name="l")
    price: str = msgspec.field(default="", name="p")  # markPriceUpdate: mark; indexPriceUpdate: index
    qty: str = msgspec.field(default="", name="q")
    buyer_made: bool | None = msgspec.field(default=None, name="m")  # the buyer's order was the resting one
    origin: str = msgspec.field(default="", name="X")
    # markPriceUpdate, indexPriceUpdate
    index: str | int = msgspec.field(default="", name="i")  # indexPriceUpdate: the pair
    funding_rate: str = msgspec.field(default="", name="r")


class Envelope(MarketMessage, gc=False):
    """A whole line: a combined-stream wrapper, a bare message, a REST snapshot, an answer to a request."""

    stream: str = ""
    data: MarketMessage | None = None
    # REST depth
    snapshot_id: Id = msgspec.field(default=-1, name="lastUpdateId")
    snapshot_bids: Raw = msgspec.field(default=NOTHING, name="bids")
    snapshot_asks: Raw = msgspec.field(default=NOTHING, name="asks")
    snapshot_symbol: str = msgspec.field(default="", name="symbol")
    # {"result":null,"id":1}; {"id":1,"error":{...}}; {"code":-1003,"msg":"..."}
    request_id: Raw = msgspec.field(default=NOTHING, name="id")
    result: Raw = msgspec.field(default=NOTHING)
    error: Raw = msgspec.field(default=NOTHING)
    code: int | str = 0
    reason: str = msgspec.field(default="", name="msg")


decode_envelope = msgspec.json.Decoder(Envelope).decode
_decode_levels = msgspec.json.Decoder(list[tuple[str, str]]).decode
_NUMBERS = re.compile(rb'[\[\]",0-9.eE+-]*').fullmatch
_decode_text = msgspec.json.Decoder(str).decode
_SHOWN = 120  # characters of a message in an error


def nanoseconds(time: int) -> int:
    """Turn a venue's time into ns: it is in ms, or in us where the stream was asked for them."""
    return time * 1_000_000 if time < 9_000_000_000_000 else time * 1000


def read_levels(text: Raw, place: int) -> list[tuple[str, str]]:
    """Decode the levels of a message; `place` is named in the error."""
    try:
        return _decode_levels(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        got = f"{shown(bytes(text))} ({error})"
        raise DataError('levels as [["price","quantity"],...]', got, place) from None


def read_pairs(text: Raw, place: int) -> ReadPairs:
    """Decode the levels of a message, and their numbers, of which no price is 0 and no quantity below.

    Raises
    ------
    DataError
        They are no levels; `place` is named.
    ValueError
        A number is none, or one that no market has.
    """
    pairs = read_levels(text, place)
    if not pairs:
        return ReadPairs(pairs, (), ())
    if (
        _NUMBERS(text) is None
    ):  # float would take 1_000, inf and blanks as well; read_numbers says what is wrong
        numbers = [number for px, qty, _ in read_numbers(pairs) for number in (px, qty)]
    else:
        numbers = list(map(float, chain.from_iterable(pairs)))
    prices, quantities = numbers[0::2], numbers[1::2]
    if not 0.0 < min(prices) <= max(prices) < 1e300 or not 0.0 <= min(quantities) <= max(quantities) < 1e300:
        read_numbers(pairs)  # says what is wrong
    return ReadPairs(pairs, prices, quantities)


def read_text(text: Raw, place: int) -> str:
    """Decode a price; `place` is named in the error."""
    try:
        return _decode_text(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise DataError("a price as text", shown(bytes(text)), place) from None


def shown(message: bytes) -> str:
    """Return the beginning of a message, for an error."""
    text = message.decode(errors="replace")
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
