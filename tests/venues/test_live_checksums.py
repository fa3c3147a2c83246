"""OKX's and Bitget's codecs on whole sessions: every message of a book carries the venue's checksum of it."""

from collections import Counter

import pytest

from tests.support.sessions import kinds, replay, session
from truefill.core import events as ev
from truefill.venues import Venue, venue_symbol
from truefill.venues.bitget import BitgetCodec
from truefill.venues.bitget.codec import read_instruments as bitget_instruments
from truefill.venues.okx import OkxCodec
from truefill.venues.okx.codec import read_instruments as okx_instruments

pytestmark = pytest.mark.needs_shared


def test_okx() -> None:
    """Each of 290 checksums is right; the counts are those of the recordings' own list."""
    natives = ("BTC-USDT", "UNI-USD-SWAP", "BTC-USD-220527")
    codec = OkxCodec([venue_symbol(Venue.OKX, native) for native in natives], ("depth", "trades", "best"))
    rows = replay("okx_v5_20220513", lambda conn: codec)
    c, b = codec.counters, codec.book_counters
    assert c.messages == 410
    assert (c.answers, c.tickers + c.tickers_dropped, c.ignored) == (18, 28, 0)
    assert (b.snapshots, c.depth) == (3, 287)
    assert (b.checksums, b.checksums_wrong, b.gaps, b.crossed) == (290, 0, 0, 0)
    assert c.trades + c.trades_replayed == 74
    assert c.trades_replayed == 2  # the last one of idle instruments comes with the subscription
    assert sum(kinds(r)[ev.TRADE] for r in rows.values() if ev.TRADE in kinds(r)) == c.trades
    assert all(stream.book.valid for stream in codec.streams.values())


def test_okx_instruments() -> None:
    """Spot, perpetual, dated and options: each has a canonical name that leads back to the venue's."""
    found = {}
    for entry in session("okx_v5_20220513"):
        if entry.kind == "http":
            found |= {i.native: i for i in okx_instruments(entry.data)}
    assert len(found) > 1400
    assert all(i.symbol.native == i.native for i in found.values())
    assert sum(i.symbol.option for i in found.values()) == 346 + 350
    future = found["BTC-USD-220527"]
    assert (future.tick, future.lot, future.contract_size) == ("0.1", "1", "100")
    assert future.symbol.inverse


def test_bitget() -> None:
    """Each of 637 checksums is right, in two connections; the trades of before are left out."""
    spot = [f"{base}USDT" for base in ("EOS", "GOG", "VVS", "AVAX", "CULT", "HOT", "SUN", "STG")]
    by_conn = {
        "BITGET.ws.1": BitgetCodec([venue_symbol(Venue.BITGET_SPOT, s) for s in spot], version="v1"),
        "BITGET.ws.2": BitgetCodec(
            [venue_symbol(Venue.BITGET_USDT, s) for s in ("DASHUSDT", "UNIUSDT")], version="v1"
        ),
    }
    rows = replay("bitget_v1_20220407", by_conn.get)
    total: Counter[str] = Counter()
    for codec in by_conn.values():
        c, b = codec.counters, codec.book_counters
        total.update(
            messages=c.messages, books=c.depth + b.snapshots, checksums=b.checksums, answers=c.answers
        )
        total.update(tickers=c.tickers + c.tickers_dropped, replayed=c.trades_replayed, trades=c.trades)
        assert (b.checksums_wrong, b.gaps, b.crossed, c.ignored) == (0, 0, 0, 0)
        assert all(stream.book.valid for stream in codec.streams.values())
    assert total["books"] == 10 + 627
    assert total["checksums"] == total["books"]
    assert total["messages"] == 1157
    assert (total["answers"], total["replayed"], total["trades"]) == (40, 499, 56)
    assert kinds(rows["DASHUSDT-PERP.BITGET"])[ev.FUNDING] == 108


def test_bitget_instruments() -> None:
    """The steps of its own answers."""
    found = {}
    for entry in session("bitget_v1_20220407"):
        if entry.kind == "http" and "dmcbl" not in entry.url:
            venue = Venue.BITGET_SPOT if "spot" in entry.url else Venue.BITGET_USDT
            found |= {str(i.symbol): i for i in bitget_instruments(entry.data, venue)}
    assert len(found) == 245 + 51
    bitcoin, spot = found["BTCUSDT-PERP.BITGET"], found["EOSUSDT.BITGET"]
    assert (bitcoin.tick, bitcoin.lot) == ("0.5", "0.001")
    assert (spot.tick, spot.lot) == ("0.0001", "0.0001")
