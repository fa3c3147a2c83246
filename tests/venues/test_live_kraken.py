"""Kraken's codecs, spot and futures, on whole sessions of a live client."""

import json

import numpy as np
import pytest

from tests.support.sessions import Entry, kinds, replay, session
from truefill.core import events as ev
from truefill.venues import Venue, venue_symbol
from truefill.venues.codec import VenueCodec
from truefill.venues.kraken import KrakenCodec
from truefill.venues.kraken.codec import read_instruments as spot_instruments
from truefill.venues.kraken_futures import KrakenFuturesCodec
from truefill.venues.kraken_futures.codec import read_instruments as futures_instruments

pytestmark = pytest.mark.needs_shared

PAIRS = "WAVES/EUR XMR/USD KSM/XBT GRT/ETH SC/EUR ETH/CHF OCEAN/XBT OMG/USD XBT/CHF ADA/XBT"
PRODUCTS = (
    "fi_ethusd_211231 pi_xrpusd pi_ltcusd fi_bchusd_210730 pi_ethusd fi_xbtusd_210924 fi_ethusd_210730 "
    "fi_bchusd_210924 fi_xrpusd_210924 fi_xbtusd_210730"
)


def test_spot() -> None:
    """Each of 4,269 checksums is right; the counts are those of the recordings' own list."""
    symbols = [venue_symbol(Venue.KRAKEN, pair) for pair in PAIRS.split()]
    by_conn = {f"KRAKEN.ws.{n}": KrakenCodec(symbols) for n in (48, 49, 50)}
    replay("kraken_v1_20210417", by_conn.get)
    counters = [codec.counters for codec in by_conn.values()]
    assert sum(c.messages for c in counters) == 4430
    assert sum(c.heartbeats for c in counters) == 92
    assert sum(c.answers for c in counters) == 33
    assert sum(c.tickers for c in counters) == 18
    assert sum(c.trades for c in counters) == 10  # in 8 messages
    book = by_conn["KRAKEN.ws.50"]
    b = book.book_counters
    assert (b.snapshots, book.counters.depth) == (10, 4269)
    assert (b.checksums, b.checksums_wrong, b.crossed) == (4269, 0, 0)
    assert all(stream.book.valid for stream in book.streams.values())


def test_futures() -> None:
    """No number is missing in ten books, the venue's tickers tell their best prices; the thousand trades of
    before are left out.
    """
    symbols = [venue_symbol(Venue.KRAKEN_FUTURES, product) for product in PRODUCTS.split()]
    codec = KrakenFuturesCodec(symbols)
    agreed: list[bool] = []

    def after(codec: VenueCodec, entry: Entry) -> None:
        if b'"ticker_lite"' in entry.data[:40] and b'"event"' not in entry.data[:40]:
            m = json.loads(entry.data)
            book = codec.streams[m["product_id"].upper()].book
            agreed.append((m["bid"], m["ask"]) == (book.bids.best, book.asks.best))

    rows = replay("kraken_futures_20210722", lambda conn: codec, after)
    assert agreed == [True] * 107
    c, b = codec.counters, codec.book_counters
    assert (c.messages, c.depth, b.snapshots, c.answers) == (7175, 7014, 10, 31)
    assert (b.gaps, b.duplicates, b.out_of_order, b.crossed) == (0, 0, 0, 0)
    assert (c.trades, c.trades_replayed, c.tickers + c.tickers_dropped) == (3, 1000, 107)
    assert all(stream.book.valid for stream in codec.streams.values())
    trades = np.concatenate([r[(r["ev"] & ev.KIND_MASK) == ev.TRADE] for r in rows.values()])
    assert len(set(trades["order_id"].tolist())) == 3
    assert sum(kinds(r).get(ev.DEPTH, 0) for r in rows.values()) == 7014


def test_instruments() -> None:
    """Names lead back to the venue's, and the steps are its own."""
    (spot,) = [spot_instruments(e.data) for e in session("kraken_v1_20210417") if e.kind == "http"]
    (futures,) = [futures_instruments(e.data) for e in session("kraken_futures_20210722") if e.kind == "http"]
    assert len(spot) > 200
    assert len(futures) == 17
    assert all(i.symbol.native == i.native for i in (*spot, *futures))
    found = {str(i.symbol): i for i in (*spot, *futures)}
    bitcoin = found["BTCUSD-PERP.KRAKEN"]
    assert (bitcoin.native, bitcoin.tick, bitcoin.contract_size) == ("PI_XBTUSD", "0.5", "1")
    assert found["BTCCHF.KRAKEN"].tick == "0.1"
    assert found["BTCUSD-210924.KRAKEN"].symbol.inverse
