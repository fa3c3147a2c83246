"""Hyperliquid's and Extended's codecs on what was recorded of them."""

import gzip
import json

import numpy as np
import pytest

from tests.support.sessions import RowsBook, kinds
from tests.support.shared import shared_data
from truefill.core import events as ev
from truefill.venues import Venue, venue_symbol
from truefill.venues.extended import ExtendedCodec
from truefill.venues.extended.codec import read_instruments
from truefill.venues.hyperliquid import HyperliquidCodec

pytestmark = pytest.mark.needs_shared


def test_hyperliquid() -> None:
    """After each message the rows lead to the very book that it carries; trades of before are left out."""
    codec = HyperliquidCodec(venue_symbol(Venue.HYPERLIQUID, "BTC"))
    book, trades, books = RowsBook(), 0, 0
    with gzip.open(shared_data("raw/hyperliquid/btcusd_20250126.gz")) as file:
        for line in file:
            time, _, message = line.partition(b" ")
            rows = codec.feed(message, int(time))
            book.apply(rows)
            trades += kinds(rows).get(ev.TRADE, 0)
            m = json.loads(message)
            if m["channel"] == "l2Book":
                books += 1
                for side, levels in zip((ev.BUY, ev.SELL), m["data"]["levels"], strict=True):
                    assert book.floats(side) == {float(x["px"]): float(x["sz"]) for x in levels}
    c, b = codec.counters, codec.book_counters
    assert (c.messages, books, b.snapshots) == (55, 46, 1)
    assert (trades, c.trades, c.trades_replayed, c.trades_dropped) == (34, 34, 30, 0)
    assert (b.gaps, b.out_of_order, b.crossed) == (0, 0, 0)


def read(name: str) -> bytes:
    return shared_data(f"extended/{name}.json").read_bytes()


def test_extended() -> None:
    """The first difference after the snapshot: changes and totals agree, with and without the totals."""
    books = []
    delta = json.loads(read("ws_orderbook_delta_btc"))
    bare = json.loads(read("ws_orderbook_delta_btc"))
    for side in "ab":
        for level in bare["data"][side]:
            del level["c"]
    for change in (delta, bare):
        codec = ExtendedCodec(venue_symbol(Venue.EXTENDED, "BTC-USD"))
        codec.connected(1)
        book = RowsBook()
        book.apply(codec.feed(read("ws_orderbook_snapshot_btc_top50"), 2))
        assert len(book.floats(ev.BUY)) == len(book.floats(ev.SELL)) == 50
        assert book.best() == (84077.0, 84078.0)
        book.apply(codec.feed(json.dumps(change).encode(), 3))
        assert codec.book_counters.gaps == 0
        assert codec.streams["BTC-USD"].book.valid
        books.append(book)
    with_totals, without = books
    for level in delta["data"]["b"] + delta["data"]["a"]:
        side = ev.BUY if level in delta["data"]["b"] else ev.SELL
        assert with_totals.floats(side)[float(level["p"])] == float(level["c"])
    assert without.levels == with_totals.levels


def test_extended_beside_the_book() -> None:
    """Answers, replayed trades, mark without a time of its own, index, funding."""
    codec = ExtendedCodec(venue_symbol(Venue.EXTENDED, "BTC-USD"), ("depth", "trades", "marks"))
    for answer in json.loads(read("ws_rpc_responses_btc")):
        assert len(codec.feed(json.dumps(answer).encode(), 1)) == 0
    assert codec.counters.answers == 6
    codec.feed(read("ws_orderbook_snapshot_btc_top50"), 2)
    rows = codec.feed(read("ws_trades_replay_btc"), 3)
    assert codec.counters.trades_replayed == 50  # all more than a second before the book
    assert set(kinds(rows)) == {ev.GAP_BEGIN}  # seq 0, then 299
    assert codec.wants()
    fresh = ExtendedCodec(venue_symbol(Venue.EXTENDED, "BTC-USD"))
    rows = fresh.feed(read("ws_mark_price_btc"), 4)
    assert (kinds(rows), rows["exch_ts"].tolist()) == ({ev.MARK_PRICE: 1}, [1790425443253000000])
    fresh.connected(5)
    assert kinds(fresh.feed(read("ws_index_price_btc"), 6)) == {ev.INDEX_PRICE: 1}
    fresh.connected(7)
    rows = fresh.feed(read("ws_funding_rate_btc"), 8)
    assert kinds(rows) == {ev.FUNDING: 1}
    assert np.isclose(rows["px"][0] * 10.0 ** rows["px_exp"][0], 0.000013)
    (market,) = read_instruments(read("http_markets_btc"))
    assert (str(market.symbol), market.tick, market.lot) == ("BTCUSD-PERP.EXTENDED", "1", "0.00001")
    assert market.min_qty == "0.0001"
