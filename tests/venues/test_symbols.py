"""Canonical symbols and the venues' own."""

import pytest

from truefill.core.errors import DataError
from truefill.venues import Symbol, Venue, parse_symbol, venue_symbol

NAMES = [
    ("BTCUSDT.BINANCE", Venue.BINANCE_SPOT, "BTCUSDT"),
    ("BNBUSD.BINANCE", Venue.BINANCE_SPOT, "BNBUSD"),
    ("BTCUSDT-PERP.BINANCE", Venue.BINANCE_USDM, "BTCUSDT"),
    ("1000SHIBUSDT-PERP.BINANCE", Venue.BINANCE_USDM, "1000SHIBUSDT"),
    ("BTCBUSD-PERP.BINANCE", Venue.BINANCE_USDM, "BTCBUSD"),
    ("BTCUSDT-240927.BINANCE", Venue.BINANCE_USDM, "BTCUSDT_240927"),
    ("BTCUSD-PERP.BINANCE", Venue.BINANCE_COINM, "BTCUSD_PERP"),
    ("BNBUSD-PERP.BINANCE", Venue.BINANCE_COINM, "BNBUSD_PERP"),
    ("DOTUSD-PERP.BINANCE", Venue.BINANCE_COINM, "DOTUSD_PERP"),
    ("BTCUSD-240927.BINANCE", Venue.BINANCE_COINM, "BTCUSD_240927"),
    ("ETHBTC.BYBIT", Venue.BYBIT_SPOT, "ETHBTC"),
    ("BTCUSDT-PERP.BYBIT", Venue.BYBIT_LINEAR, "BTCUSDT"),
    ("BTCUSDC-PERP.BYBIT", Venue.BYBIT_LINEAR, "BTCPERP"),
    ("BTCUSDT-260814.BYBIT", Venue.BYBIT_LINEAR, "BTCUSDT-14AUG26"),
    ("BTCUSDT-260807.BYBIT", Venue.BYBIT_LINEAR, "BTCUSDT-7AUG26"),
    ("BTCUSD-PERP.BYBIT", Venue.BYBIT_INVERSE, "BTCUSD"),
    ("BTCUSD-260925.BYBIT", Venue.BYBIT_INVERSE, "BTCUSDU26"),
    ("BTCUSDC-260327-70000-C.BYBIT", Venue.BYBIT_OPTION, "BTC-27MAR26-70000-C"),
    ("XRPUSDT-260327-0.55-P.BYBIT", Venue.BYBIT_OPTION, "XRP-27MAR26-0.55-P-USDT"),
    ("BTCUSDT.OKX", Venue.OKX, "BTC-USDT"),
    ("UNIUSD-PERP.OKX", Venue.OKX, "UNI-USD-SWAP"),
    ("BTCUSD-220527.OKX", Venue.OKX, "BTC-USD-220527"),
    ("BTCUSD-220514-22000-C.OKX", Venue.OKX, "BTC-USD-220514-22000-C"),
    ("BTCUSDC-PERP.HYPERLIQUID", Venue.HYPERLIQUID, "BTC"),
    ("KPEPEUSDC-PERP.HYPERLIQUID", Venue.HYPERLIQUID, "kPEPE"),
    ("EOSUSDT.BITGET", Venue.BITGET_SPOT, "EOSUSDT"),
    ("DASHUSDT-PERP.BITGET", Venue.BITGET_USDT, "DASHUSDT"),
    ("BTCUSDC-PERP.BITGET", Venue.BITGET_USDC, "BTCPERP"),
    ("BTCUSD-PERP.BITGET", Venue.BITGET_COIN, "BTCUSD"),
    ("BTCUSD-PERP.EXTENDED", Venue.EXTENDED, "BTC-USD"),
    ("SOLUSDT.MEXC", Venue.MEXC_SPOT, "SOLUSDT"),
    ("BTCUSD.COINBASE", Venue.COINBASE, "BTC-USD"),
    ("YFIBTC.COINBASE_EXCHANGE", Venue.COINBASE_EXCHANGE, "YFI-BTC"),
    ("DOGEBTC.KRAKEN", Venue.KRAKEN, "XDG/XBT"),
    ("BTCUSD-PERP.KRAKEN", Venue.KRAKEN_FUTURES, "PI_XBTUSD"),
    ("BTCUSD-FLEX.KRAKEN", Venue.KRAKEN_FUTURES, "PF_XBTUSD"),
    ("BTCUSD-210924.KRAKEN", Venue.KRAKEN_FUTURES, "FI_XBTUSD_210924"),
    ("ETHUSD.BITSTAMP", Venue.BITSTAMP, "ethusd"),
    ("PMGTNZD.INDEPENDENT_RESERVE", Venue.INDEPENDENT_RESERVE, "pmgt-nzd"),
]


@pytest.mark.parametrize(("canonical", "venue", "native"), NAMES)
def test_there_and_back(canonical: str, venue: Venue, native: str) -> None:
    """A name of either kind leads to the same instrument, and prints as it was read."""
    symbol = parse_symbol(canonical)
    assert str(symbol) == canonical
    assert symbol.venue is venue
    assert symbol.native == native
    assert venue_symbol(venue, native) == symbol
    assert venue_symbol(venue, native.lower()) == symbol
    assert venue_symbol(venue, canonical) == symbol


def test_only_contracts_are_inverse() -> None:
    """Spot against the dollar is bought with dollars; a contract on the same pair is settled in coin."""
    assert not Symbol("BTCUSD").inverse
    assert Symbol("BTCUSD", "PERP").inverse
    assert not Symbol("BTCUSDT", "PERP").inverse


@pytest.mark.parametrize(
    ("venue", "name", "text"),
    [
        (
            Venue.BINANCE_SPOT,
            "BTCUSDT-PERP.BINANCE",
            "like BTCUSDT, got 'BTCUSDT-PERP.BINANCE' (of binance-usdm)",
        ),
        (
            Venue.BINANCE_USDM,
            "BTCUSD_PERP",
            "like BTCUSDT or BTCUSDT_240927, got 'BTCUSD_PERP' (of binance-coinm)",
        ),
        (Venue.BINANCE_USDM, "BTCUSDT_PERP", "like BTCUSDT or BTCUSDT_240927, got 'BTCUSDT_PERP'"),
        (
            Venue.BINANCE_COINM,
            "BTCUSDT",
            "like BTCUSD_PERP or BTCUSD_240927, got 'BTCUSDT' (of binance-usdm)",
        ),
        (Venue.BINANCE_SPOT, "BTC/USDT", "a spot symbol like BTCUSDT, got 'BTC/USDT'"),
        (Venue.BINANCE_USDM, "BTC-USDT", "got 'BTC-USDT'"),
        (Venue.BINANCE_USDM, "BTCUSDT-PERP.BYBIT", "got 'BTCUSDT-PERP.BYBIT' (of bybit-linear)"),
        (Venue.BINANCE_USDM, "BTCUSDT-PERP.FTX", "a symbol of BINANCE, BITGET, BITSTAMP, BYBIT, COINBASE"),
        (Venue.BINANCE_USDM, "BTCUSDT-PERP.", "a symbol like BTCUSDT-PERP.BINANCE"),
    ],
)
def test_a_symbol_of_elsewhere_is_refused(venue: Venue, name: str, text: str) -> None:
    """The error shows what the venue's symbols look like."""
    with pytest.raises(DataError) as error:
        venue_symbol(venue, name)
    assert text in str(error.value)


def test_an_unknown_venue_is_refused() -> None:
    """The error lists the venues there are."""
    with pytest.raises(DataError, match=r"binance-spot, binance-usdm, .*, independent-reserve, got 'ftx'"):
        Venue.parse("ftx")
    assert Venue.parse("Binance-USDM") is Venue.BINANCE_USDM
