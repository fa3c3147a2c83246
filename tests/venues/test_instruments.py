"""Readers of venues' lists of instruments of which there is no recording: small ones, as documented."""

import json

import pytest

from truefill.core.errors import DataError
from truefill.venues import Venue, parse_symbol
from truefill.venues.bitget.codec import read_instruments as bitget_instruments
from truefill.venues.hyperliquid.codec import read_instruments as hyperliquid_instruments
from truefill.venues.independent_reserve.codec import read_instruments as reserve_instruments
from truefill.venues.kraken_futures.codec import read_instruments as kraken_instruments
from truefill.venues.listing import Request, instrument_requests, read_listing
from truefill.venues.mexc.codec import read_instruments as mexc_instruments


def test_hyperliquid() -> None:
    """The finest step of the price has ``6 - szDecimals`` places."""
    body = b"""{"universe":[{"szDecimals":5,"name":"BTC","maxLeverage":40,"marginTableId":56},
        {"szDecimals":0,"name":"kPEPE","maxLeverage":10,"marginTableId":52,"isDelisted":true},
        {"szDecimals":6,"name":"X","maxLeverage":3}],"marginTables":[]}"""
    found = [(str(i.symbol), i.native, i.tick, i.lot) for i in hyperliquid_instruments(body)]
    assert found == [
        ("BTCUSDC-PERP.HYPERLIQUID", "BTC", "0.1", "0.00001"),
        ("KPEPEUSDC-PERP.HYPERLIQUID", "kPEPE", "0.000001", "1"),
        ("XUSDC-PERP.HYPERLIQUID", "X", "1", "0.000001"),
    ]


def test_mexc() -> None:
    """Steps are places; least quantity and value stand under names of precisions."""
    body = b"""{"timezone":"CST","symbols":[{"symbol":"MXUSDT","status":"1","baseAsset":"MX",
        "baseAssetPrecision":2,"quoteAsset":"USDT","quotePrecision":4,"quoteAssetPrecision":4,
        "baseSizePrecision":"0.01","quoteAmountPrecision":"1","filters":[],"maxQuoteAmount":"5000000"},
        {"symbol":"$_$USDT","baseAssetPrecision":2,"quotePrecision":4}]}"""
    (i,) = mexc_instruments(body)
    assert (str(i.symbol), i.native, i.tick, i.lot) == ("MXUSDT.MEXC", "MXUSDT", "0.0001", "0.01")
    assert (i.min_qty, i.min_value) == ("0.01", "1")


def test_bitget_2_and_3() -> None:
    """Steps are multipliers where the venue gives them; a contract of delivery has its day."""
    two = {"symbol": "BTCUSDT", "minTradeNum": "0.01", "priceEndStep": "1", "volumePlace": "2"}
    two |= {"pricePlace": "1", "sizeMultiplier": "0.01", "minTradeUSDT": "5", "maxOrderQty": "1200"}
    (i,) = bitget_instruments(json.dumps({"data": [two]}).encode(), Venue.BITGET_USDT)
    assert (i.tick, i.lot, i.min_qty, i.max_qty, i.min_value) == ("0.1", "0.01", "0.01", "1200", "5")
    three = {"symbol": "NVDAUSDT", "minOrderQty": "0.01", "maxOrderQty": "52000", "pricePrecision": "2"}
    three |= {"quantityPrecision": "2", "priceMultiplier": "0.01", "quantityMultiplier": "0.01"}
    body = json.dumps({"data": [three | {"minOrderAmount": "5"}]}).encode()
    (i,) = bitget_instruments(body, Venue.BITGET_USDT)
    assert (i.tick, i.lot, i.min_qty, i.max_qty, i.min_value) == ("0.01", "0.01", "0.01", "52000", "5")
    coin = json.dumps({"data": [two | {"symbol": name} for name in ("BTCUSDU26", "BTCUSD", "???")]})
    found = [str(i.symbol) for i in bitget_instruments(coin.encode(), Venue.BITGET_COIN)]
    assert found == ["BTCUSD-260925.BITGET", "BTCUSD-PERP.BITGET"]


def test_kraken_futures() -> None:
    """Contracts on many collaterals are traded in parts, or by tens."""
    body = b"""{"instruments":[
        {"symbol":"PF_XBTUSD","tickSize":1,"contractSize":1,"contractValueTradePrecision":4},
        {"symbol":"ff_xbtusd_261225","tickSize":1,"contractSize":1,"contractValueTradePrecision":4},
        {"symbol":"PF_PEPEUSD","tickSize":1e-9,"contractSize":1,"contractValueTradePrecision":-3},
        {"symbol":"pi_xbtusd","tickSize":0.5,"contractSize":1},{"symbol":"in_xbtusd"}]}"""
    found = [(str(i.symbol), i.lot, i.min_qty) for i in kraken_instruments(body)]
    assert found == [
        ("BTCUSD-FLEX.KRAKEN", "0.0001", "0.0001"),
        ("BTCUSD-FLEX-261225.KRAKEN", "0.0001", "0.0001"),
        ("PEPEUSD-FLEX.KRAKEN", "1000", "1000"),
        ("BTCUSD-PERP.KRAKEN", "1", "1"),
    ]


def test_independent_reserve() -> None:
    """Each coin against each currency, with its least quantity as it was written."""
    found = reserve_instruments(b'{"Xbt":0.0001,"Usdt":1}', b'["Aud","Usd"]')
    assert [(str(i.symbol), i.native, i.tick, i.min_qty) for i in found] == [
        ("XBTAUD.INDEPENDENT_RESERVE", "xbt-aud", "", "0.0001"),
        ("XBTUSD.INDEPENDENT_RESERVE", "xbt-usd", "", "0.0001"),
        ("USDTAUD.INDEPENDENT_RESERVE", "usdt-aud", "", "1"),
        ("USDTUSD.INDEPENDENT_RESERVE", "usdt-usd", "", "1"),
    ]


SYMBOLS = """BTCUSDT.BINANCE BTCUSDT-PERP.BINANCE BTCUSD-PERP.BINANCE BTCUSDT.BYBIT BTCUSDT-PERP.BYBIT
    BTCUSD-PERP.BYBIT BTCUSDT-260327-70000-C.BYBIT BTCUSDC-PERP.HYPERLIQUID BTCUSDT.BITGET BTCUSDT-PERP.BITGET
    BTCUSDC-PERP.BITGET BTCUSD-PERP.BITGET BTCUSD-PERP.EXTENDED BTCUSDT.MEXC BTCUSD.COINBASE
    BTCUSD.COINBASE_EXCHANGE BTCUSD.KRAKEN BTCUSD-PERP.KRAKEN BTCUSD.BITSTAMP"""


@pytest.mark.parametrize("name", SYMBOLS.split())
def test_one_way_for_all(name: str) -> None:
    """Each venue has an address of its list, and an answer that is none is refused by its number."""
    symbol = parse_symbol(name)
    requests = instrument_requests([symbol])
    assert len(requests) == 1
    assert requests[0].url.startswith("https://")
    assert "{" not in requests[0].url
    for body in (b"<html>", b"[1]", b'{"data":7}', b""):
        with pytest.raises(DataError, match=f"the list of instruments of {symbol.venue.value}, got") as error:
            read_listing(symbol.venue, [body])
        assert error.value.where == 1


def test_several_requests() -> None:
    """OKX lists by kind, Independent Reserve coins and currencies."""
    names = ("BTCUSDT.OKX", "BTCUSDT-PERP.OKX", "ETHUSDT.OKX", "BTCUSD-261225-30000-C.OKX")
    kinds = [r.url.partition("instType=")[2] for r in instrument_requests(map(parse_symbol, names))]
    assert kinds == ["SPOT", "SWAP", "OPTION&instFamily=BTC-USD"]
    one = b'{"data":[{"instId":"%s","tickSz":"0.1","lotSz":"1"}]}'
    found = read_listing(Venue.OKX, [one % b"BTC-USDT", one % b"BTC-USDT-SWAP"])
    assert [str(i.symbol) for i in found] == ["BTCUSDT.OKX", "BTCUSDT-PERP.OKX"]
    reserve = instrument_requests([parse_symbol("XBTAUD.INDEPENDENT_RESERVE")])
    assert len(reserve) == 2
    found = read_listing(Venue.INDEPENDENT_RESERVE, [b'{"Xbt":0.1}', b'["Aud"]'])
    assert [i.native for i in found] == ["xbt-aud"]
    assert instrument_requests([parse_symbol("BTCUSDC-PERP.HYPERLIQUID")]) == [
        Request("https://api.hyperliquid.xyz/info", '{"type":"meta"}')
    ]
