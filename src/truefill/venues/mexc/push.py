"""MEXC's messages in protocol buffers: one wrapper, and in it one of several bodies.

Numbers of fields as of github.com/mexcdevelop/websocket-proto (2026). Prices and quantities are text there,
too, and stay as they were written.
"""

from typing import NamedTuple

from truefill.venues.protobuf import fields

LIMIT_DEPTH, KLINE, DEPTH, DEALS, BEST = 303, 308, 313, 314, 315  # the wrapper's field that has the body
_CHANNEL, _SYMBOL, _CREATED, _SENT = 1, 3, 5, 6


class Push(NamedTuple):
    """The wrapper."""

    channel: str
    symbol: str
    time: int  # when it was sent, ms
    kind: int  # number of the body's field; 0: none
    body: bytes


class Levels(NamedTuple):
    """Levels, new totals or all there are, and the versions that they cover."""

    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]
    first: str
    last: str


class Deal(NamedTuple):
    """A trade."""

    px: str
    qty: str
    side: int  # 1: the taker buys, 2: sells
    time: int  # ms
    trade_id: str  # "" before MEXC sent any


class Bar(NamedTuple):
    """A bar."""

    interval: str  # Min1
    start: int  # s
    end: int  # s
    open: str
    high: str
    low: str
    close: str
    volume: str


def read_push(message: bytes) -> Push:
    """Read a wrapper.

    Raises
    ------
    ValueError
        It is none; so does every function here.
    """
    channel = symbol = ""
    created = sent = kind = 0
    body = b""
    for number, value in fields(message):
        if number == _CHANNEL:
            channel = _text(value)
        elif number == _SYMBOL:
            symbol = _text(value)
        elif number == _CREATED:
            created = _integer(value)
        elif number == _SENT:
            sent = _integer(value)
        elif number > _SENT and isinstance(value, bytes):
            kind, body = number, value
    return Push(channel, symbol, sent or created, kind, body)


def read_levels(body: bytes) -> Levels:
    """Read differences (with a first and a last version), or the best levels (with one version)."""
    sides: dict[int, list[tuple[str, str]]] = {1: [], 2: []}
    texts = {4: "", 5: ""}
    for number, value in fields(body):
        if number in sides:
            pair = _texts(_bytes(value))
            sides[number].append((pair.get(1, ""), pair.get(2, "")))
        elif number in texts and isinstance(value, bytes):  # 5 of the best levels is a time
            texts[number] = _text(value)
    return Levels(sides[2], sides[1], texts[4], texts[5])


def read_deals(body: bytes) -> list[Deal]:
    """Read trades."""
    deals = []
    for number, value in fields(body):
        if number == 1:
            texts, integers = {1: "", 2: "", 5: ""}, {3: 0, 4: 0}
            for key, item in fields(_bytes(value)):
                if key in texts:
                    texts[key] = _text(item)
                elif key in integers:
                    integers[key] = _integer(item)
            deals.append(Deal(texts[1], texts[2], integers[3], integers[4], texts[5]))
    return deals


def read_best(body: bytes) -> tuple[str, str, str, str]:
    """Read the best prices: bid, its quantity, ask, its quantity."""
    texts = _texts(body)
    return texts.get(1, ""), texts.get(2, ""), texts.get(3, ""), texts.get(4, "")


def read_bar(body: bytes) -> Bar:
    """Read a bar."""
    integers = {2: 0, 9: 0}
    texts: dict[int, str] = {}
    for number, value in fields(body):
        if number in integers:
            integers[number] = _integer(value)
        elif isinstance(value, bytes):
            texts[number] = _text(value)
    interval, first, last, high, low, volume = (texts.get(n, "") for n in (1, 3, 4, 5, 6, 7))
    return Bar(interval, integers[2], integers[9], first, high, low, last, volume)


def _texts(body: bytes) -> dict[int, str]:
    return {number: _text(value) for number, value in fields(body) if isinstance(value, bytes)}


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError(f"a message inside, got the number {value}")
    return value


def _text(value: int | bytes) -> str:
    return _bytes(value).decode()


def _integer(value: int | bytes) -> int:
    if isinstance(value, bytes) or value >= 1 << 63:
        raise ValueError("a number above zero")
    return value
