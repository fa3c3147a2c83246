"""What venues send beside book and trades, on made messages: what no recording has. As documented."""

import json

import pytest

from truefill.core import events as ev
from truefill.core.errors import ConfigError, DataError
from truefill.venues import Venue, market_codec, venue_symbol
from truefill.venues.bitget import BitgetCodec
from truefill.venues.codec import VenueCodec
from truefill.venues.kraken import KrakenCodec
from truefill.venues.wants import Reconnect, Send

T0 = 1_700_000_000_000  # ms
NOW = T0 * 1_000_000
MINUTE = 60_000_000_000


def codec_of(venue: Venue, natives: str, *channels: str) -> VenueCodec:
    """A codec, connected over all its links."""
    codec = market_codec([venue_symbol(venue, native) for native in natives.split()], channels)
    for number in range(len(codec.links)):
        codec.connected(NOW, number)
    return codec


def sent(codec: VenueCodec) -> str:
    """All texts that are to be sent."""
    return " ".join(want.text for want in codec.wants() if isinstance(want, Send))


def values(codec: VenueCodec, message: object) -> dict[str, dict[int, float]]:
    """Rows by instrument and kind: the price."""
    codec.add(json.dumps(message).encode(), NOW)
    return {
        symbol.native: {
            int(row["ev"]) & ev.KIND_MASK: float(row["px"]) * 10.0 ** int(row["px_exp"]) for row in rows
        }
        for symbol, rows in codec.take()
    }


def test_index_prices_of_coinm_are_of_a_pair() -> None:
    """Each instrument of the pair has them; a pair that was not asked for is refused."""
    codec = codec_of(Venue.BINANCE_COINM, "BTCUSD_PERP BTCUSD_261225 ETHUSD_PERP", "marks")
    index = {"e": "indexPriceUpdate", "E": T0, "i": "BTCUSD", "p": "9636.5"}
    found = values(codec, index)
    assert found == {name: {ev.INDEX_PRICE: 9636.5} for name in ("BTCUSD_PERP", "BTCUSD_261225")}
    assert codec.counters.messages == 1
    with pytest.raises(DataError, match="got one of DOTUSD"):
        values(codec, index | {"i": "DOTUSD"})


def test_binance_says_when_it_closes() -> None:
    """The connection is opened anew before the venue cuts it."""
    codec = codec_of(Venue.BINANCE_SPOT, "BTCUSDT", "trades")
    codec.wants()
    assert values(codec, {"e": "serverShutdown", "E": T0}) == {}
    assert [type(want) for want in codec.wants()] == [Reconnect]


def test_options_of_bybit() -> None:
    """A book of 100 levels, trades by coin, best prices in the tickers; others' trades are passed over."""
    call, put = "BTC-26DEC25-100000-C-USDT", "BTC-26DEC25-90000-P-USDT"
    codec = codec_of(Venue.BYBIT_OPTION, f"{call} {put}", "depth", "trades", "best", "marks")
    text = sent(codec)
    assert text.count('publicTrade.BTC"') == 1
    assert f"orderbook.100.{put}" in text
    assert text.count(f"tickers.{call}") == 1
    trade = {"T": T0, "S": "Buy", "v": "0.1", "p": "1500", "i": "cd6ee2f8-8b3e-5b1f-9d6a-0d7a3f3f9e11"}
    both = {"topic": "publicTrade.BTC", "type": "snapshot", "ts": T0, "data": []}
    both["data"] = [trade | {"s": call}, trade | {"s": "BTC-26DEC25-1-C-USDT"}]
    assert values(codec, both) == {call: {ev.TRADE: 1500.0}}
    assert codec.counters.ignored == 1
    data = {"symbol": put, "bidPrice": "0", "bidSize": "0", "askPrice": "10", "askSize": "5.1"}
    data |= {"markPrice": "7.5", "indexPrice": "16823.75"}
    ticker = {"topic": f"tickers.{put}", "ts": T0, "type": "snapshot", "data": data}
    marks = {ev.MARK_PRICE: 7.5, ev.INDEX_PRICE: 16823.75}
    assert values(codec, ticker) == {put: marks | {ev.TICKER_ASK: 10.0}}


def test_index_prices_of_okx_are_of_a_pair() -> None:
    """Spot has the index alone; swaps have mark and funding, options no funding."""
    natives = "BTC-USDT BTC-USDT-SWAP BTC-USD-261225-30000-C"
    codec = codec_of(Venue.OKX, natives, "marks")
    (request,) = json.loads(f"[{sent(codec)}]")
    assert sorted((arg["channel"], arg["instId"]) for arg in request["args"]) == [
        ("funding-rate", "BTC-USDT-SWAP"),
        ("index-tickers", "BTC-USD"),
        ("index-tickers", "BTC-USDT"),
        ("mark-price", "BTC-USD-261225-30000-C"),
        ("mark-price", "BTC-USDT-SWAP"),
    ]
    arg = {"channel": "index-tickers", "instId": "BTC-USDT"}
    message = {"arg": arg, "data": [{"instId": "BTC-USDT", "idxPx": "43350", "ts": str(T0)}]}
    assert values(codec, message) == {name: {ev.INDEX_PRICE: 43350.0} for name in natives.split()[:2]}
    arg = {"channel": "mark-price", "instId": "BTC-USDT-SWAP"}
    message = {"arg": arg, "data": [{"instId": "BTC-USDT-SWAP", "markPx": "42310.5", "ts": str(T0)}]}
    assert values(codec, message) == {"BTC-USDT-SWAP": {ev.MARK_PRICE: 42310.5}}
    with pytest.raises(DataError, match="got one of ETH-USDT"):
        other = {"arg": {"channel": "index-tickers", "instId": "ETH-USDT"}}
        values(codec, other | {"data": [{"instId": "ETH-USDT", "idxPx": "1", "ts": str(T0)}]})


def test_bars_of_bitget_3() -> None:
    """They have names of their own there."""
    codec = BitgetCodec([venue_symbol(Venue.BITGET_USDT, "BTCUSDT")], ("klines",), version="v3")
    codec.connected(NOW)
    assert json.loads(sent(codec))["args"] == [
        {"instType": "usdt-futures", "topic": "kline", "symbol": "BTCUSDT", "interval": "1m"}
    ]
    assert codec.links[0].url == "wss://ws.bitget.com/v3/ws/public"
    arg = {"instType": "usdt-futures", "topic": "kline", "symbol": "BTCUSDT", "interval": "1m"}
    bar = {"open": "97000", "high": "97100", "low": "96900", "close": "97050", "volume": "100.5"}
    message = {"action": "update", "arg": arg, "data": [bar | {"start": str(T0), "turnover": "1"}], "ts": T0}
    assert values(codec, message) == {}
    ((_, kline),) = codec.klines()
    assert kline[:7] == (NOW, MINUTE, "97000", "97100", "96900", "97050", "100.5")
    with pytest.raises(ConfigError, match="a version, one of v1, v2, v3, got 'v4'"):
        BitgetCodec([venue_symbol(Venue.BITGET_USDT, "BTCUSDT")], version="v4")  # type: ignore[arg-type]


def test_best_prices_of_extended() -> None:
    """A book of depth 1 is none of the book."""
    codec = codec_of(Venue.EXTENDED, "BTC-USD", "depth", "best")
    levels = {"b": [{"p": "84077", "q": "1"}], "a": [{"p": "84078.0", "q": "2"}]}
    message = {"type": "ORDERBOOKS.SNAPSHOT", "ts": T0, "seq": 0, "subscription": "orderbooks.BTC-USD"}
    message["data"] = {"t": "SNAPSHOT", "m": "BTC-USD", "d": "1"} | levels
    assert values(codec, message) == {"BTC-USD": {ev.TICKER_BID: 84077.0, ev.TICKER_ASK: 84078.0}}
    (stream,) = codec.streams.values()
    assert not stream.book.valid
    assert [what.channel for what in codec.silent(NOW, 0)] == ["depth"]


def test_bars_of_kraken_1() -> None:
    """The time is that of the bar's end."""
    codec = KrakenCodec([venue_symbol(Venue.KRAKEN, "XBT/USD")], ("klines",), version="v1")
    codec.connected(NOW)
    assert codec.links[0].url == "wss://ws.kraken.com"
    assert json.loads(sent(codec))["subscription"] == {"name": "ohlc", "interval": 1}
    ends = T0 // 60_000 * 60
    fields = [
        f"{ends - 12}.748456",
        f"{ends}.000000",
        "3586.7",
        "3587",
        "3586.6",
        "3586.8",
        "3586.68",
        "0.03",
    ]
    codec.add(json.dumps([42, [*fields, 2], "ohlc-1", "XBT/USD"]).encode(), NOW)
    ((_, kline),) = codec.klines()
    assert kline.start_ts == ends * 1_000_000_000 - MINUTE
    assert kline[1:7] == (MINUTE, "3586.7", "3587", "3586.6", "3586.8", "0.03")
    with pytest.raises(ConfigError, match="a version, one of v1, v2, got 'v3'"):
        KrakenCodec([venue_symbol(Venue.KRAKEN, "XBT/USD")], version="v3")  # type: ignore[arg-type]


def test_kraken_2() -> None:
    """Its own names of coins; instruments first, for the checksum; best prices and bars."""
    codec = codec_of(Venue.KRAKEN, "XBT/USD XDG/EUR", "depth", "best", "klines")
    assert codec.links[0].url == "wss://ws.kraken.com/v2"
    requests = [json.loads(want.text)["params"] for want in codec.wants() if isinstance(want, Send)]
    assert [request["channel"] for request in requests] == ["instrument", "book", "ticker", "ohlc"]
    assert requests[1] == {"channel": "book", "depth": 1000, "symbol": ["BTC/USD", "DOGE/EUR"]}
    ticker = {"symbol": "BTC/USD", "bid": 100.5, "bid_qty": 1, "ask": 101, "ask_qty": 2.5, "last": 7}
    message = {"channel": "ticker", "type": "update", "data": [ticker]}
    assert values(codec, message) == {"XBT/USD": {ev.TICKER_BID: 100.5, ev.TICKER_ASK: 101.0}}
    bar = {"symbol": "DOGE/EUR", "open": 1, "high": 2.5, "low": 0.5, "close": 2, "volume": 7, "interval": 1}
    bar |= {"interval_begin": "2023-11-14T22:13:00.000000000Z", "timestamp": "2023-11-14T22:14:00.000000Z"}
    assert values(codec, {"channel": "ohlc", "type": "update", "data": [bar]}) == {}
    ((symbol, kline),) = codec.klines()
    assert (symbol.native, kline[1:7]) == ("XDG/EUR", (MINUTE, "1", "2.5", "0.5", "2", "7"))
    codec.add(b'{"error":"Currency pair not supported","method":"subscribe","success":false}', NOW)
    assert codec.notices == ["Currency pair not supported"]


# Price and quantity of the ten best levels a side.
BIDS = (
    "45283.5 0.1 45283.4 1.54582015 45282.1 0.1 45281.0 0.1 45280.3 1.54592586 45279 0.0799 "
    "45277.6 0.03310103 45277.5 0.3 45277.3 1.54602737 45276.6 0.15445238"
)
ASKS = (
    "45285.2 0.001 45286.4 1.54571953 45286.6 1.54571109 45289.6 1.54560911 45290.2 0.1589066 "
    "45291.8 1.54553491 45294.7 0.04454749 45296.1 0.3538 45297.5 0.09945542 45299.5 0.18772827"
)


def test_the_checksum_of_kraken_2() -> None:
    """The venue's own example, with and without the zeros at the end of its numbers."""
    codec = codec_of(Venue.KRAKEN, "XBT/USD", "depth")
    sides = [
        ",".join(f'{{"price":{px},"qty":{qty}}}' for px, qty in zip(side[::2], side[1::2], strict=True))
        for side in (BIDS.split(), ASKS.split())
    ]
    data = f'{{"symbol":"BTC/USD","bids":[{sides[0]}],"asks":[{sides[1]}],"checksum":3310070434}}'
    message = f'{{"channel":"book","type":"snapshot","data":[{data}]}}'.encode()
    (stream,) = codec.streams.values()
    codec.add(message, NOW)
    assert (stream.book.valid, stream.book.counters.checksums) == (True, 0)  # the places are not known yet
    pairs = [{"symbol": "BTC/USD", "price_precision": 1, "qty_precision": 8}]
    codec.add(json.dumps({"channel": "instrument", "data": {"pairs": pairs}}).encode(), NOW)
    codec.add(message, NOW)
    assert (stream.book.valid, stream.book.counters.checksums) == (True, 1)
    codec.add(message.replace(b"3310070434", b"3310070435"), NOW)
    assert not stream.book.valid


@pytest.mark.parametrize(
    ("venue", "native", "channel"),
    [
        (Venue.BINANCE_SPOT, "BTCUSDT", "marks"),
        (Venue.BYBIT_SPOT, "BTCUSDT", "marks"),
        (Venue.BYBIT_OPTION, "BTC-26DEC25-100000-C", "klines"),
        (Venue.BITGET_SPOT, "BTCUSDT", "marks"),
        (Venue.BITSTAMP, "btcusd", "best"),
    ],
)
def test_what_a_market_has_not(venue: Venue, native: str, channel: str) -> None:
    """Said at once: a subscription would stay silent."""
    with pytest.raises(ConfigError, match=f"channels of {venue.value}: depth, .*, got '{channel}'"):
        market_codec(venue_symbol(venue, native), (channel,))
