"""MEXC's codec on the lines that HftBacktest's own converter shows as an example (2025-01-12), shortened
to three levels.
"""

import json

from tests.support.sessions import RowsBook, kinds
from truefill.core import events as ev
from truefill.venues import Venue, venue_symbol
from truefill.venues.mexc import MexcCodec

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
