"""Damaged messages: whatever comes, it is rows or a DataError."""

import random

import pytest

from tests.venues import messages as m
from truefill.core.errors import DataError
from truefill.venues import Symbol, parse_symbol
from truefill.venues.binance import MarketDataCodec

SYMBOLS = {"spot": parse_symbol("BTCUSDT.BINANCE"), "usdm": parse_symbol("BTCUSDT-PERP.BINANCE")}
STREAMS = {
    "spot": [
        m.spot_ticker(3, "99.1", "1", "101", "2"),
        m.spot_depth(5, 9, 10, [("99.10", "1"), ("98", "0.00")], [("101", "1")]),
        m.spot_snapshot(7, [("99.1", "2")], [("101", "4")]),
        m.spot_trade(1, 12, "100", "1", True),
        m.spot_depth(10, 19, 20, [("98", "1")], []),
    ],
    "usdm": [
        m.usdm_depth(5, 9, 4, 10, [("99", "1")], [("101", "1")]),
        m.usdm_snapshot(9, 13, [("99", "5")], [("101", "3")]),
        m.usdm_ticker(10, 14, "99.5", "5", "101", "1"),
        m.usdm_trade(1, 12, "100", "1", True),
        m.agg_trade(2, 4, 15, "100", "1"),
        m.usdm_depth(20, 29, 19, 20, [("98", "1")], []),
        b'{"result":null,"id":1}',
    ],
}
BYTES = [
    b"0",
    b"9" * 25,
    b"-",
    b".",
    b"e",
    b"null",
    b"true",
    b'"',
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b"\x00",
    b"\xff",
]


def damaged(message: bytes, generator: random.Random) -> bytes:
    """Change a byte, cut, double a part, or put a value in the place of another."""
    i, j = sorted(generator.randrange(len(message) + 1) for _ in range(2))
    return generator.choice(
        [
            message[:i] + generator.choice(BYTES) + message[i + 1 :],
            message[:i],
            message[:j] + message[i:],
            message[:i] + message[j:],
            message.replace(b'"1"', generator.choice(BYTES), 1),
            message.replace(b"170", generator.choice(BYTES), 1),
        ]
    )


@pytest.mark.parametrize("fuse", [False, True])
@pytest.mark.parametrize("market", SYMBOLS)
def test_damaged_messages(market: str, fuse: bool) -> None:
    """No other error leaves the codec, and after one it can go on."""
    symbol: Symbol = SYMBOLS[market]
    generator = random.Random(31)
    refused = 0
    for _ in range(1000):
        codec = MarketDataCodec(symbol, fuse_tickers=fuse)
        for place, message in enumerate(STREAMS[market]):
            sent = damaged(message, generator) if generator.random() < 0.4 else message
            try:
                codec.add(sent, (m.T0 + place) * 10**6, place)
                codec.take()
            except DataError as error:
                assert isinstance(error.where, int)
                refused += 1
        try:
            codec.end()
            codec.take()
        except DataError:
            refused += 1
    assert refused > 100
