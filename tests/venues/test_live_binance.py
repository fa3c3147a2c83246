"""What a connection to Binance has beside the book: bars, and the list of instruments."""

import json

import pytest

from tests.support.sessions import Entry, replay, session
from tests.venues.makers import BinanceFutures, dump
from truefill.core.errors import DataError
from truefill.venues import Venue, venue_symbol
from truefill.venues.binance import BinanceCodec
from truefill.venues.binance.connection import read_instruments

SESSIONS = {
    Venue.BINANCE_SPOT: ("binance_spot_20211012", "NKNUSDT BLZETH LRCBTC RUNEEUR", 265, 2),
    Venue.BINANCE_USDM: ("binance_usdm_20210722", "SUSHIUSDT AKROUSDT KEEPUSDT CTKUSDT", 1535, 67),
    Venue.BINANCE_COINM: (
        "binance_coinm_20210722",
        "LINKUSD_211231 LINKUSD_PERP TRXUSD_PERP ETCUSD_PERP BTCUSD_211231 XRPUSD_PERP EOSUSD_PERP "
        "BCHUSD_PERP BCHUSD_210924 ETHUSD_210924",
        4371,
        33,
    ),
}


@pytest.mark.needs_shared
@pytest.mark.parametrize("venue", SESSIONS, ids=lambda venue: venue.value)
def test_session(venue: Venue) -> None:
    """Bars as the venue sent them, beside whole books; the counts of the recordings' own list."""
    name, natives, messages, bars = SESSIONS[venue]
    codec = BinanceCodec([venue_symbol(venue, native) for native in natives.split()])
    codec.connected(0)
    sent: list[dict] = []

    def snapshot(entry: Entry) -> tuple[BinanceCodec, str] | None:
        _, found, rest = entry.url.partition("/depth?symbol=")
        return (codec, rest.partition("&")[0]) if found else None

    def after(_: object, entry: Entry) -> None:
        if b'"e":"kline"' in entry.data:
            sent.append(json.loads(entry.data)["data"])

    replay(name, lambda conn: codec, after, snapshot)
    c, b = codec.counters, codec.book_counters
    assert c.messages == messages + len(codec.streams)  # and a snapshot each
    assert (c.klines, c.ignored, b.gaps, b.crossed) == (bars, 0, 0, 0)
    assert all(stream.book.valid for stream in codec.streams.values())
    found = codec.klines()
    assert codec.klines() == []
    assert len(found) == bars
    ours = [(s.native, *k[:2], k.open, k.high, k.low, k.close, k.volume, k.closed) for s, k in found]
    theirs = [(m["s"], m["k"]["t"] * 1_000_000, 60_000_000_000, *(m["k"][f] for f in "ohlcvx")) for m in sent]
    assert sorted(ours) == sorted(theirs)


@pytest.mark.needs_shared
@pytest.mark.parametrize(
    ("venue", "name", "native", "steps"),
    [
        (
            Venue.BINANCE_SPOT,
            "binance_spot_20211012",
            "BTCUSDT",
            (1695, "0.01000000", "0.00001000", "0.00001000", "9000.00000000", "10.00000000", ""),
        ),
        (
            Venue.BINANCE_USDM,
            "binance_usdm_20210722",
            "BTCUSDT",
            (122, "0.01", "0.001", "0.001", "1000", "5", ""),
        ),
        (
            Venue.BINANCE_COINM,
            "binance_coinm_20210722",
            "BTCUSD_PERP",
            (36, "0.1", "1", "1", "1000000", "", "100"),
        ),
    ],
)
def test_instruments(venue: Venue, name: str, native: str, steps: tuple[int | str, ...]) -> None:
    """Names lead back to the venue's, and the steps are its own."""
    (found,) = [read_instruments(e.data, venue) for e in session(name) if "exchangeInfo" in e.url]
    assert all(i.symbol.native == i.native for i in found)
    one = next(i for i in found if i.native == native)
    assert (
        len(found),
        one.tick,
        one.lot,
        one.min_qty,
        one.max_qty,
        one.min_value,
        one.contract_size,
    ) == steps


def test_a_damaged_bar_is_refused() -> None:
    """Of another instrument inside, without an end, with a price that is none."""
    maker = BinanceFutures()
    maker.open()
    bar = {"t": 1_700_000_000_000, "T": 1_700_000_059_999, "s": "BTCUSDT", "i": "1m", "x": True}
    bar |= {"o": "1.0", "h": "2.0", "l": "0.5", "c": "1.5", "v": "10"}
    message = {"e": "kline", "E": 1_700_000_000_100, "s": "BTCUSDT", "k": bar}
    for wrong in ({"s": "ETHUSDT"}, {"T": 1}, {"h": "-2"}, {"c": "x"}, {"v": None}):
        with pytest.raises(DataError):
            maker.feed(dump(message | {"k": bar | wrong}))
    with pytest.raises(DataError):
        maker.feed(dump({"e": "kline", "s": "BTCUSDT"}))
    assert maker.codec.klines() == []
    maker.feed(dump(message))
    ((_, kline),) = maker.codec.klines()
    assert (kline.interval_ns, kline.closed, kline.volume) == (60_000_000_000, True, "10")
