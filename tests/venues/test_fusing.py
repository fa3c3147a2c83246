"""The book ticker fused into the book."""

import json

import pytest

from tests.venues import messages as m
from tests.venues.test_codec import local, plain
from tests.venues.test_recordings import lines
from truefill.core import events as ev
from truefill.core.errors import DataError
from truefill.venues import Venue, parse_symbol, venue_symbol
from truefill.venues.binance import MarketDataCodec

SNAPSHOT = m.usdm_snapshot(9, 5, [("99.0", "2"), ("98.0", "1")], [("101.0", "4"), ("102.0", "3")])
Level = tuple[str, str, str]


@pytest.fixture
def codec() -> MarketDataCodec:
    """A fusing codec whose book is the snapshot with a difference up to id 19."""
    codec = MarketDataCodec(parse_symbol("BTCUSDT-PERP.BINANCE"), fuse_tickers=True)
    codec.feed(SNAPSHOT, local(1))
    codec.feed(m.usdm_depth(10, 19, 9, 10, [("97.0", "1")], []), local(2))
    return codec


def levels(codec: MarketDataCodec, message: bytes) -> list[Level]:
    """The DEPTH rows of a message: side, price, quantity."""
    return [(r[1], r[3], r[4]) for r in plain(codec.feed(message, local(3))) if r[0] == "depth"]


def test_without_asking_nothing_is_fused() -> None:
    """A ticker is a kind of its own, and the book is what the differences say."""
    codec = MarketDataCodec(parse_symbol("BTCUSDT-PERP.BINANCE"))
    codec.feed(SNAPSHOT, local(1))
    assert levels(codec, m.usdm_ticker(20, 11, "99.5", "1", "100.5", "1")) == []


def test_better_prices(codec: MarketDataCodec) -> None:
    """New best levels on both sides; the same again changes nothing."""
    ticker = m.usdm_ticker(20, 11, "99.50", "1.00", "100.5", "7")
    assert levels(codec, ticker) == [("buy", "99.5", "1"), ("sell", "100.5", "7")]
    assert levels(codec, m.usdm_ticker(21, 11, "99.5", "1", "100.5", "7")) == []
    assert codec.counters.fused_levels == 2


def test_worse_prices_remove_what_is_better(codec: MarketDataCodec) -> None:
    """The best bid fell to 98: the level at 99 is gone."""
    assert levels(codec, m.usdm_ticker(20, 11, "98.0", "1", "101.0", "4")) == [("buy", "99", "0")]


def test_crossed_levels_of_the_other_side_are_removed(codec: MarketDataCodec) -> None:
    """The market rose through both asks."""
    assert levels(codec, m.usdm_ticker(20, 11, "102.5", "1", "103.0", "2")) == [
        ("buy", "102.5", "1"),
        ("sell", "102", "0"),
        ("sell", "101", "0"),
        ("sell", "103", "2"),
    ]


def test_a_ticker_older_than_the_book_changes_nothing(codec: MarketDataCodec) -> None:
    """Its id is not beyond the last difference's."""
    assert levels(codec, m.usdm_ticker(19, 10, "99.5", "1", "100.5", "1")) == []


def test_differences_older_than_the_ticker(codec: MarketDataCodec) -> None:
    """They change levels behind the best prices only, until one has reached the ticker's id."""
    codec.feed(m.usdm_ticker(40, 11, "99.5", "1", "100.5", "7"), local(3))
    older = m.usdm_depth(20, 29, 19, 10, [("99.5", "9"), ("99.6", "9"), ("99.4", "9")], [("100.0", "9")])
    assert levels(codec, older) == [("buy", "99.4", "9")]
    assert codec.counters.outdated_levels == 3
    newer = m.usdm_depth(30, 40, 29, 12, [("99.6", "9")], [("100.0", "0")])
    assert levels(codec, newer) == [("buy", "99.6", "9"), ("sell", "100", "0")]


def test_snapshot_older_than_the_ticker(codec: MarketDataCodec) -> None:
    """The ticker's best prices are set again after it, in the local order."""
    codec.feed(m.usdm_depth(30, 39, 29, 20, [], []), local(3))  # a gap
    codec.feed(m.usdm_ticker(50, 25, "99.5", "1", "101.0", "4"), local(4))
    rows = plain(codec.feed(m.usdm_snapshot(45, 22, [("99.6", "2")], [("101.0", "4")]), local(5)))
    assert [(r[0], r[2], r[3], r[4], r[5]) for r in rows if r[0] == "depth"] == [
        ("depth", "L", "99.6", "0", 25),
        ("depth", "L", "99.5", "1", 25),
    ]


def test_an_empty_side(codec: MarketDataCodec) -> None:
    """Binance writes price 0; that is no level."""
    assert levels(codec, m.usdm_ticker(20, 11, "0.0", "0", "101.0", "4")) == []


@pytest.mark.parametrize("number", ["x", "NaN", "inf"])
def test_bad_numbers(codec: MarketDataCodec, number: str) -> None:
    """Refused with their place, as without fusing."""
    for message in (
        m.usdm_depth(20, 29, 19, 20, [(number, "1")], []),
        m.usdm_depth(30, 39, 29, 20, [("1", number)], []),
        m.usdm_ticker(50, 25, number, "1", "101.0", "4"),
    ):
        with pytest.raises(DataError) as error:
            codec.add(message, local(9), 42)
            codec.take()
        assert error.value.where == 42


@pytest.mark.needs_shared
@pytest.mark.compiled_only
@pytest.mark.parametrize(
    ("market", "symbol", "name"),
    [("usdm", "BTCUSDT", "btcusdt_20240718.gz"), ("spot", "NEXOUSDT", "nexousdt_20240723.dat.gz")],
)
def test_fused_book_of_a_recording(market: str, symbol: str, name: str) -> None:
    """Whenever the ticker is the newest, it has the best prices; the fused book is never crossed."""
    codec = MarketDataCodec(venue_symbol(Venue(f"binance-{market}"), symbol), fuse_tickers=True)
    books: dict[int, dict[float, float]] = {ev.BUY: {}, ev.SELL: {}}
    newest = fused = 0
    for local_ts, message in lines(market, name):
        rows = codec.feed(message, local_ts)
        rows = rows[(rows["ev"] & ev.LOCAL) != 0]
        px, qty = rows["px"] * 10.0 ** rows["px_exp"], rows["qty"] * 10.0 ** rows["qty_exp"]
        for bits, price, quantity in zip(rows["ev"].tolist(), px.tolist(), qty.tolist(), strict=True):
            kind = bits & ev.KIND_MASK
            if kind == ev.DEPTH_CLEAR:
                for book in books.values():
                    book.clear()
            elif kind in (ev.DEPTH, ev.DEPTH_SNAPSHOT):
                books[bits & (ev.BUY | ev.SELL)][round(price, 9)] = quantity
        if not codec.book.valid:
            continue
        data = json.loads(message).get("data", {})
        newest = max(newest, data.get("u", 0)) if "pu" in data or "U" in data else newest
        bid = max(price for price, quantity in books[ev.BUY].items() if quantity)
        ask = min(price for price, quantity in books[ev.SELL].items() if quantity)
        if "B" in data and data["u"] > newest:
            fused += 1
            assert (bid, books[ev.BUY][bid]) == pytest.approx((float(data["b"]), float(data["B"])))
            assert (ask, books[ev.SELL][ask]) == pytest.approx((float(data["a"]), float(data["A"])))
        assert bid < ask
    assert fused > 100
