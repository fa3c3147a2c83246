"""Venues that send parts of their market data over other connections: one codec, several links."""

import json

from tests.venues import messages as m
from truefill.core import events as ev
from truefill.venues import market_codec, parse_symbol
from truefill.venues.codec import CHANNELS, VenueCodec
from truefill.venues.wants import Fetch, Send, Subscription

SECOND = 1_000_000_000
NOW = m.T0 * 1_000_000


def subscribed(codec: VenueCodec) -> dict[int, list[str]]:
    """By link: what is asked for."""
    texts = [(want.link, json.loads(want.text)) for want in codec.wants() if isinstance(want, Send)]
    return {link: text.get("params") or text["args"] for link, text in texts}


def test_the_routes_of_usdm() -> None:
    """The book's connection first; marks and bars go over the other route."""
    codec = market_codec(parse_symbol("BTCUSDT-PERP.BINANCE"), CHANNELS)
    assert [(link.url, link.channels) for link in codec.links] == [
        ("wss://fstream.binance.com/public/stream", ("depth", "trades", "best")),
        ("wss://fstream.binance.com/market/stream", ("marks", "klines")),
    ]
    for number in (0, 1):
        codec.connected(NOW, number)
    assert subscribed(codec) == {
        0: ["btcusdt@depth@0ms", "btcusdt@trade", "btcusdt@bookTicker"],
        1: ["btcusdt@markPrice@1s", "btcusdt@kline_1m"],
    }


def test_the_book_stays_when_the_other_connection_is_lost() -> None:
    """And the other way round: a new connection of the book subscribes only its own channels."""
    codec = market_codec(parse_symbol("BTCUSDT-PERP.BINANCE"), ("marks", "depth"))
    for number in (0, 1):
        codec.connected(NOW, number)
    codec.feed(m.usdm_depth(10, 10, 9, 10, [("99", "1")], [("101", "1")]), NOW)
    (fetch,) = [want for want in codec.wants() if isinstance(want, Fetch)]
    codec.connected(NOW + SECOND, 1)
    assert subscribed(codec) == {1: ["btcusdt@markPrice@1s"]}
    codec.fetched(fetch, m.usdm_snapshot(10, 10, [("99", "1")], [("101", "1")]), NOW)
    (stream,) = codec.streams.values()
    assert stream.book.valid
    codec.connected(NOW + 2 * SECOND, 1)
    assert stream.book.valid
    codec.connected(NOW + 2 * SECOND, 0)
    assert not stream.book.valid
    rows = codec.take()[0][1]
    assert int(rows["ev"][-1]) & ev.KIND_MASK == ev.GAP_BEGIN
    assert set(subscribed(codec)) == {0, 1}


def test_silence_is_told_by_connection() -> None:
    """Each subscription has the time of its own connection; a mark price on the right route ends it."""
    codec = market_codec(parse_symbol("BTCUSDT-PERP.BINANCE"), ("depth", "marks"))
    codec.connected(NOW, 0)
    codec.connected(NOW + 5 * SECOND, 1)
    assert codec.silent(NOW + 10 * SECOND, 10 * SECOND) == [Subscription("depth", "BTCUSDT")]
    assert len(codec.silent(NOW + 15 * SECOND, 10 * SECOND)) == 2
    mark = {"e": "markPriceUpdate", "E": m.T0, "s": "BTCUSDT", "p": "1", "i": "1", "r": "0", "T": m.T0}
    codec.feed(json.dumps(mark).encode(), NOW + 6 * SECOND)
    assert codec.silent(NOW + 15 * SECOND, 10 * SECOND) == [Subscription("depth", "BTCUSDT")]


def test_the_bars_of_okx() -> None:
    """They come from the business address alone."""
    codec = market_codec(parse_symbol("BTCUSDT-PERP.OKX"), ("klines", "depth"))
    assert [link.url.rpartition("/")[2] for link in codec.links] == ["public", "business"]
    codec.connected(NOW, 1)
    assert subscribed(codec) == {1: [{"channel": "candle1m", "instId": "BTC-USDT-SWAP"}]}
