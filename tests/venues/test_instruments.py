"""Readers of venues' lists of instruments of which there is no recording: small ones, as documented."""

from truefill.venues.hyperliquid.codec import read_instruments as hyperliquid_instruments
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
