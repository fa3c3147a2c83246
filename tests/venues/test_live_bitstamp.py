"""The codec of Bitstamp on a whole session of a live client."""

import json
from decimal import Decimal

import pytest

from tests.support.sessions import Entry, RowsBook, replay, session
from tests.venues.makers import Bitstamp
from truefill.core import events as ev
from truefill.core.errors import ConfigError
from truefill.venues import Venue, venue_symbol
from truefill.venues.bitstamp import BitstampCodec
from truefill.venues.bitstamp.codec import read_instruments
from truefill.venues.codec import VenueCodec
from truefill.venues.wants import Fetch, Reconnect

NAME = "bitstamp_20220105"
PAIRS = "sgbeur ethusd xrpeur bateur usdteur usdtusd xlmgbp adaeur batbtc galaeur"


@pytest.mark.needs_shared
def test_session() -> None:
    """The counts of the recordings' list, nothing crossed, and the books are those of a simpler reader."""
    codec = BitstampCodec([venue_symbol(Venue.BITSTAMP, pair) for pair in PAIRS.split()])
    codec.connected(0)
    twins: dict[str, tuple[int, dict[str, dict[Decimal, Decimal]]]] = {}
    sides: list[bool] = []

    def changed(native: str, m: dict) -> None:
        time, twin = twins.get(native, (0, {"bids": {}, "asks": {}}))
        if int(m["microtimestamp"]) > time:
            for side, levels in twin.items():
                levels.update((Decimal(px), Decimal(qty)) for px, qty in m[side])
            twins[native] = int(m["microtimestamp"]), twin

    def snapshot(entry: Entry) -> tuple[VenueCodec, str] | None:
        _, found, native = entry.url.partition("/order_book/")
        if not found:
            return None
        changed(native, json.loads(entry.data))
        return codec, native

    def after(codec: VenueCodec, entry: Entry) -> None:
        m = json.loads(entry.data) if entry.kind == "recv" else {"event": ""}
        native = m.get("channel", "").rpartition("_")[2]
        if m["event"] == "data":
            changed(native, m["data"])
        elif m["event"] == "trade":
            book = codec.streams[native].book
            assert book.bids.best is not None
            assert book.asks.best is not None
            middle = (book.bids.best + book.asks.best) / 2
            sides.append((m["data"]["price"] > middle) == (m["data"]["type"] == 0))

    rows = replay(NAME, lambda conn: codec, after, snapshot)
    c, b = codec.counters, codec.book_counters
    assert (c.messages, c.depth + b.stale, c.trades, c.answers) == (757, 717, 10, 20)
    assert (b.snapshots, b.snapshots_refused) == (10, 0)
    assert (b.gaps, b.duplicates, b.out_of_order, b.crossed) == (0, 0, 0, 0)
    assert b.stale > 100  # of before the snapshots, which were fetched first
    assert sides == [True] * 10  # 0 is a buyer as the taker
    for native, stream in codec.streams.items():
        assert stream.book.valid
        book = RowsBook()
        book.apply(rows[str(stream.symbol)])
        for side, flag in (("bids", ev.BUY), ("asks", ev.SELL)):
            expected = {float(px): float(qty) for px, qty in twins[native][1][side].items() if qty}
            assert book.floats(flag) == expected


@pytest.mark.needs_shared
def test_instruments() -> None:
    """Names lead back to the venue's, and the steps are its own."""
    (found,) = [read_instruments(e.data) for e in session(NAME) if "trading-pairs" in e.url]
    assert len(found) > 100
    assert all(i.symbol.native == i.native for i in found)
    bitcoin = next(i for i in found if i.native == "btcusd")
    assert (bitcoin.tick, bitcoin.lot, bitcoin.min_value) == ("0.01", "0.00000001", "20.0")


def test_the_venue_asks_for_a_new_connection() -> None:
    """Before maintenance it says so."""
    maker = Bitstamp()
    maker.open()
    maker.codec.wants()
    maker.feed(b'{"event":"bts:request_reconnect","channel":"","data":""}')
    assert [type(want) for want in maker.codec.wants()] == [Reconnect]


def test_single_orders_of_before_2026_are_not_numbered() -> None:
    """Their ids are the venue's; what is left of an order is a change, and a taker in the book no gap."""
    codec = BitstampCodec(venue_symbol(Venue.BITSTAMP, "btcusd"), book="orders")
    codec.connected(0)
    assert "live_orders_btcusd" in codec.wants()[0].text
    book = {
        "microtimestamp": "1654072104000000",
        "bids": [],
        "asks": [["31500.00", "1.5", "1496011283275700"]],
    }
    codec.fetched(Fetch("", "btcusd"), json.dumps(book).encode(), 1)
    for event, amount in (("order_created", "7.92"), ("order_changed", "6.42"), ("order_deleted", "0")):
        order = {"id": 1496011283275781, "order_type": 0, "microtimestamp": "1654072104363000"}
        order |= {"price_str": "31600.00", "amount_str": amount}
        message = {"data": order, "channel": "live_orders_btcusd", "event": event}
        codec.add(json.dumps(message).encode(), 2)
    ((_, rows),) = codec.take()
    assert (rows["ev"] & ev.KIND_MASK).tolist() == [
        ev.DEPTH_CLEAR,
        ev.ADD_ORDER,
        ev.ADD_ORDER,
        ev.MODIFY_ORDER,
        ev.CANCEL_ORDER,
    ]
    assert rows["order_id"].tolist() == [0, 1496011283275700, *[1496011283275781] * 3]
    assert codec.streams["btcusd"].book.valid
    with pytest.raises(ConfigError, match="levels or orders"):
        BitstampCodec(venue_symbol(Venue.BITSTAMP, "btcusd"), book="both")
