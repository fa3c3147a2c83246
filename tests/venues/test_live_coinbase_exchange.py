"""The codec of Coinbase Exchange on a whole session of a live client, and what is special to it."""

import json

import numpy as np
import pytest

from tests.support.sessions import Entry, replay, session
from tests.venues.makers import CoinbaseExchange
from truefill.core import events as ev
from truefill.venues import Venue, venue_symbol
from truefill.venues.codec import VenueCodec
from truefill.venues.coinbase_exchange import CoinbaseExchangeCodec
from truefill.venues.coinbase_exchange.codec import read_instruments

NAME = "coinbase_exchange_20210417"
PAIRS = "SKL-USD SKL-BTC BAND-GBP NMR-EUR BAND-BTC YFI-BTC DASH-BTC NU-GBP CRV-EUR SKL-GBP"


@pytest.mark.needs_shared
def test_session() -> None:
    """The counts of the recordings' own list, never crossed, and the tickers of the venue tell the rebuilt
    book's best.
    """
    codec = CoinbaseExchangeCodec(
        [venue_symbol(Venue.COINBASE_EXCHANGE, pair) for pair in PAIRS.split()], ("depth", "trades", "best")
    )
    codec.connected(0)
    agreed: list[bool] = []

    def after(codec: VenueCodec, entry: Entry) -> None:
        if b'"type":"ticker"' in entry.data[:20]:
            m = json.loads(entry.data)
            book = codec.streams[m["product_id"]].book
            agreed.append((float(m["best_bid"]), float(m["best_ask"])) == (book.bids.best, book.asks.best))

    rows = replay(NAME, lambda conn: codec, after)
    c, b = codec.counters, codec.book_counters
    assert (c.messages, c.depth, b.snapshots, c.answers) == (9946, 9719, 10, 3)
    assert (b.gaps, b.duplicates, b.out_of_order, b.crossed) == (0, 0, 0, 0)
    assert (c.trades, c.trades_replayed, c.tickers + c.tickers_dropped) == (97, 10, 107)
    assert all(stream.book.valid for stream in codec.streams.values())
    assert len(agreed) == 107
    assert sum(agreed) >= 100  # a ticker comes with a trade, which the book may learn of a message later
    for every in rows.values():  # else the exchange's view would lose updates
        kind = every["ev"] & ev.KIND_MASK
        assert every["exch_ts"][kind == ev.DEPTH].min() > every["exch_ts"][kind == ev.DEPTH_SNAPSHOT].max()


@pytest.mark.needs_shared
def test_instruments() -> None:
    """Names lead back to the venue's, and the steps are its own."""
    (found,) = [read_instruments(e.data) for e in session(NAME) if e.kind == "http"]
    assert len(found) > 100
    assert all(i.symbol.native == i.native for i in found)
    band = next(i for i in found if i.native == "BAND-GBP")
    assert (str(band.symbol), band.tick, band.lot) == ("BANDGBP.COINBASE_EXCHANGE", "0.0001", "0.01")


def test_last_match_is_of_before_the_connection() -> None:
    """At the first connection it is left out; after a reconnect a new one closes the hole in the trades."""
    maker = CoinbaseExchange()
    maker.open()
    maker.snapshot(10, [("100.0", "1.0")], [("100.5", "1.0")])
    last = maker.trade_message(70, "100.5", "0.25", True).replace(b'"match"', b'"last_match"')
    assert len(maker.feed(last)) == 0
    maker.feed(maker.trade_message(71, "100.5", "0.25", True))
    maker.open()
    assert len(maker.feed(last.replace(b"70", b"71"))) == 0
    rows = maker.feed(last.replace(b"70", b"72"))
    assert np.array_equal(rows["order_id"], [72])
    assert maker.stream.counters.trades_replayed == 1
