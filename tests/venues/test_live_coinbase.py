"""Coinbase's codec on a whole session of a live client."""

import json

import pytest

from tests.support.sessions import Entry, kinds, replay, session
from truefill.core import events as ev
from truefill.venues import Venue, venue_symbol
from truefill.venues.codec import VenueCodec
from truefill.venues.coinbase import CoinbaseCodec
from truefill.venues.coinbase.codec import read_instruments

NAME = "coinbase_advanced_20260809"
pytestmark = pytest.mark.needs_shared


def test_session() -> None:
    """The counts of the recordings' own list, no gap, and the tickers of the venue tell the rebuilt book's
    best.
    """
    symbols = [venue_symbol(Venue.COINBASE, native) for native in ("BTC-USD", "ETH-USD")]
    codec = CoinbaseCodec(symbols, ("depth", "trades", "best", "klines"))
    agreed: list[bool] = []
    sides: list[bool] = []

    def after(codec: VenueCodec, entry: Entry) -> None:
        m = json.loads(entry.data) if b'"l2_data"' not in entry.data[:40] else {"channel": ""}
        for event in m.get("events", ()) if m["channel"] in ("ticker", "market_trades") else ():
            for item in event.get("tickers", event.get("trades")):
                book = codec.streams[item["product_id"]].book
                bid, ask = book.bids.best, book.asks.best
                if event["type"] == "snapshot" or bid is None or ask is None:
                    continue
                if "trades" in event:
                    taken_from_asks = float(item["price"]) >= (bid + ask) / 2
                    sides.append(taken_from_asks == (item["side"] == "SELL"))
                else:
                    agreed.append((float(item["best_bid"]), float(item["best_ask"])) == (bid, ask))

    rows = replay(NAME, lambda conn: codec, after)
    c, b = codec.counters, codec.book_counters
    assert (c.messages, c.depth + b.snapshots, c.heartbeats, c.answers) == (1030, 775, 25, 5)
    assert (b.snapshots, b.gaps, b.duplicates, b.out_of_order, b.crossed) == (2, 0, 0, 0, 0)
    assert c.snapshot_levels == 46_000 + 23_334
    assert c.tickers + c.tickers_dropped == 160
    assert (c.trades, c.trades_replayed) == (79, 200)
    assert kinds(rows["BTCUSD.COINBASE"])[ev.DEPTH_SNAPSHOT] == 46_000
    assert len(agreed) > 100
    assert sum(agreed) > 0.8 * len(agreed)  # a book is sent each 50 ms
    assert len(sides) > 60
    assert sum(sides) > 0.9 * len(sides)  # the side is the maker's


def test_instruments() -> None:
    """Names lead back to the venue's, and the steps are its own."""
    (found,) = [read_instruments(e.data) for e in session(NAME) if e.kind == "http"]
    assert len(found) == 920
    assert all(i.symbol.native == i.native for i in found)
    bitcoin = next(i for i in found if i.native == "BTC-USD")
    assert (str(bitcoin.symbol), bitcoin.tick, bitcoin.lot) == ("BTCUSD.COINBASE", "0.01", "0.00000001")
