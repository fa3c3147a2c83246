"""The codec on whole sessions of a live client: several instruments, other streams, REST snapshots late."""

import gzip
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.shared import shared_data
from truefill.core import events as ev
from truefill.venues import Venue, venue_symbol
from truefill.venues.binance import MarketDataCodec

pytestmark = pytest.mark.needs_shared


def messages(name: str, native: str) -> Iterator[tuple[int, bytes]]:
    """What concerns one instrument, with its local time in ns."""
    with gzip.open(shared_data(f"ws/{name}")) as file:
        for line in file:
            entry = json.loads(line)
            local_ts = int(entry.get("ts", 0) * 1e6) * 1000
            if entry["t"] == "recv" and entry["data"].startswith(f'{{"stream":"{native.lower()}@'):
                yield local_ts, entry["data"].encode()
            url = urlsplit(entry.get("url", ""))
            if url.path.endswith("/depth") and parse_qs(url.query)["symbol"] == [native]:
                yield local_ts, entry["data"].encode()


@pytest.mark.parametrize(
    ("market", "name", "natives"),
    [
        ("spot", "binance_spot_20211012.jsonl.gz", ["NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR"]),
        ("usdm", "binance_usdm_20210722.jsonl.gz", ["SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT"]),
        ("coinm", "binance_coinm_20210722.jsonl.gz", ["BCHUSD_PERP"]),
    ],
)
def test_sessions(market: str, name: str, natives: list[str]) -> None:
    """Every book becomes valid and has no gap; candles are passed over; trades are aggregates here."""
    trades = 0
    for native in natives:
        codec = MarketDataCodec(venue_symbol(Venue(f"binance-{market}"), native))
        kinds = [
            int(bits) & ev.KIND_MASK
            for local_ts, message in messages(name, native)
            for bits in codec.feed(message, local_ts)["ev"]
        ]
        c, b = codec.counters, codec.book.counters
        assert codec.book.valid, native
        assert (b.gaps, b.snapshots, b.snapshots_refused) == (0, 1, 0), native
        assert kinds.count(ev.DEPTH_CLEAR) == 1
        assert kinds.count(ev.DEPTH_SNAPSHOT) == c.snapshot_levels > 0
        assert kinds.count(ev.DEPTH) == c.levels + c.repeated_levels > 0
        trades += c.trades
    assert trades > 0
