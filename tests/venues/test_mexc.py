"""MEXC's codec on the lines that HftBacktest's own converter shows as an example (2025-01-12), shortened
to three levels; and on messages in protocol buffers as they are described, for there is no recording of them.
"""

import json
from base64 import b64encode

import pytest

from tests.support.sessions import RowsBook, kinds
from tests.venues.makers.mexc import Mexc, field, varint
from truefill.core import events as ev
from truefill.core.errors import ConfigError, DataError
from truefill.venues import Venue, venue_symbol
from truefill.venues.mexc import MexcCodec
from truefill.venues.protobuf import fields
from truefill.venues.wants import Fetch

T = 1736411507002  # ms
BIDS = [("186.69", "46.87"), ("186.68", "451.23"), ("186.67", "561.54")]
ASKS = [("186.70", "340.03"), ("186.71", "357.15"), ("186.72", "259.61")]


def line(kind: str, version: int, ms: int, **sides: list[tuple[str, str]]) -> bytes:
    name = f"spot@public.{kind}.depth.v3.api"
    data: dict[str, object] = {"e": name, "r": str(version)}
    data |= {side: [{"p": px, "v": qty} for px, qty in levels] for side, levels in sides.items()}
    return json.dumps({"c": f"{name}@SOLUSDT", "d": data, "s": "SOLUSDT", "t": 1736682893806 + ms}).encode()


def test_example() -> None:
    """The first whole levels begin the book, equal ones change nothing, others replace their range of
    prices.
    """
    codec, book = MexcCodec(venue_symbol(Venue.MEXC_SPOT, "SOLUSDT")), RowsBook()
    messages = [
        line("limit", 4474505330, 0, bids=BIDS, asks=ASKS),
        line("increase", 4474505331, 255, asks=[("187.57", "0.00")]),
        line("increase", 4474505332, 365, asks=[("187.26", "0.22")]),
        line("limit", 4474505332, 509, bids=BIDS, asks=ASKS),
        line("increase", 4474505333, 1380, asks=[("186.70", "339.74")]),
        line("increase", 4474505334, 1445, bids=[("186.20", "0.00")]),
    ]
    for n, message in enumerate(messages):
        book.apply(codec.feed(message, 1736682893942252094 + n))
    stream = codec.streams["SOLUSDT"]
    assert stream.book.valid
    assert (stream.book.counters.snapshots, stream.book.counters.gaps) == (1, 0)
    assert book.floats(ev.SELL) == {186.70: 339.74, 186.71: 357.15, 186.72: 259.61, 187.26: 0.22}
    moved = [("186.70", "339.74"), ("186.71", "357.15"), ("186.73", "1")]
    rows = codec.feed(line("limit", 4474505334, 1500, bids=BIDS, asks=moved), 1736682895500000000)
    book.apply(rows[(rows["ev"] & ev.KIND_MASK) != ev.DEPTH_CLEAR])
    assert kinds(rows) == {ev.DEPTH_CLEAR: 2, ev.DEPTH_SNAPSHOT: 6}  # each side up to its last level
    assert [px for px, _ in stream.book.asks.top(9)] == ["186.70", "186.71", "186.73", "187.26"]
    assert stream.book.counters.gaps == 0


def test_the_wire_format() -> None:
    """The examples of protobuf.dev: a number, a text, a message inside; kinds that are skipped; bad ones."""
    assert list(fields(bytes.fromhex("089601"))) == [(1, 150)]
    assert list(fields(bytes.fromhex("120774657374696e67"))) == [(2, b"testing")]
    assert list(fields(bytes.fromhex("1a03089601"))) == [(3, bytes.fromhex("089601"))]
    assert list(fields(b"\x09" + bytes(8) + b"\x15" + bytes(4))) == [(1, bytes(8)), (2, bytes(4))]
    assert list(fields(field(313, "x"))) == [(313, b"x")]
    for bad in (b"\x08", b"\x08\x80", b"\x0a\x02x", b"\x0b", b"\x0f", b"\x09x", b"\x08" + b"\xff" * 11):
        with pytest.raises(ValueError, match="byte"):
            list(fields(bad))
    assert varint(1) == b"\x01"


def test_best_prices_bars_and_what_is_read_beside() -> None:
    """The other bodies; the line of a recording leads to the same rows as the bytes."""
    maker = Mexc()
    maker.open()
    best = maker.push(
        "aggre.bookTicker", 315, field(1, "9.9") + field(2, "1") + field(3, "10") + field(4, "2"), T
    )
    rows = maker.feed(best)
    assert kinds(rows) == {ev.TICKER_BID: 1, ev.TICKER_ASK: 1}
    bar = field(1, "Min1") + field(2, 1736410500) + field(3, "92925") + field(4, "93158.47")
    bar += (
        field(5, "93160") + field(6, "92800") + field(7, "36.8") + field(8, "3424811") + field(9, 1736410560)
    )
    maker.feed(maker.push("kline", 308, bar, T))
    ((_, kline),) = maker.codec.klines()
    assert kline[:7] == (1736410500 * 10**9, 60 * 10**9, "92925", "93160", "92800", "93158.47", "36.8")
    levels = (
        field(1, field(1, "10") + field(2, "2")) + field(2, field(1, "9.9") + field(2, "1")) + field(4, "7")
    )
    rows = maker.feed(maker.push("limit.depth", 303, levels + field(5, T), T))
    assert kinds(rows) == {ev.DEPTH_CLEAR: 1, ev.DEPTH_SNAPSHOT: 2}
    change = maker.change_message(8, [("9.8", "3")], [])
    rows = maker.feed(maker.codec.line(change))
    assert kinds(rows) == {ev.DEPTH: 1}
    assert maker.codec.line(change) == b64encode(change)
    assert maker.codec.line(b'{"id":0}') == b'{"id":0}'
    assert kinds(maker.feed(maker.push("miniTicker", 309, b"", T))) == {}
    assert maker.stream.counters.ignored == 1


def test_differences_cover_several_versions() -> None:
    """From the one after the last; the snapshot may lie within one."""
    maker = Mexc()
    maker.open()
    wide = field(4, "11") + field(5, "15")
    maker.feed(maker.change_message(10, [("99", "1")], []))
    maker.feed(maker.push("aggre.depth", 313, wide, T))
    assert [type(want) for want in maker.codec.wants()] == [Fetch]
    maker.codec.fetched(
        Fetch("", "BTCUSDT"), maker.snapshot_message(13, [("98", "1")], [("101", "1")]), maker.now
    )
    assert maker.stream.book.valid
    maker.feed(maker.push("aggre.depth", 313, field(4, "16") + field(5, "16"), T))
    assert maker.stream.book.valid
    maker.feed(maker.push("aggre.depth", 313, field(4, "18") + field(5, "20"), T))
    assert not maker.stream.book.valid


def test_no_more_subscriptions_than_a_connection_takes() -> None:
    """Thirty; said at once instead of by silence."""
    many = [venue_symbol(Venue.MEXC_SPOT, f"C{k}USDT") for k in range(16)]
    with pytest.raises(ConfigError, match="at most 30 subscriptions of mexc-spot on a connection, got 32"):
        MexcCodec(many)
    with pytest.raises(DataError, match="a complete message of MEXC"):
        MexcCodec(many[:1]).feed(b"\n\x01", 1)
