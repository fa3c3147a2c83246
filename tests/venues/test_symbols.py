"""Canonical symbols and the venues' own."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given, settings, strategies as st

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
    ("BTCUSD-FLEX-261225.KRAKEN", Venue.KRAKEN_FUTURES, "FF_XBTUSD_261225"),
    ("ETHUSD-260925.BITGET", Venue.BITGET_COIN, "ETHUSDU26"),
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


# By market: its quotes and contracts: none (spot), PERP, FLEX, a day, the last Friday of a quarter, an option
QUOTES = ("USDT", "USDC", "EUR", "BTC")
MARKETS: dict[Venue, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Venue.BINANCE_SPOT: (QUOTES, ("",)),
    Venue.BINANCE_USDM: (("USDT", "USDC"), ("PERP", "day")),
    Venue.BINANCE_COINM: (("USD",), ("PERP", "day")),
    Venue.BYBIT_SPOT: (QUOTES, ("",)),
    Venue.BYBIT_LINEAR: (("USDT", "USDC"), ("PERP", "day")),
    Venue.BYBIT_INVERSE: (("USD",), ("PERP", "quarter")),
    Venue.BYBIT_OPTION: (("USDT", "USDC"), ("option",)),
    Venue.OKX: ((*QUOTES, "USD"), ("", "PERP", "day", "option")),
    Venue.HYPERLIQUID: (("USDC",), ("PERP",)),
    Venue.BITGET_SPOT: (QUOTES, ("",)),
    Venue.BITGET_USDT: (("USDT",), ("PERP",)),
    Venue.BITGET_USDC: (("USDC",), ("PERP",)),
    Venue.BITGET_COIN: (("USD",), ("PERP", "quarter")),
    Venue.EXTENDED: (("USD",), ("PERP",)),
    Venue.MEXC_SPOT: (QUOTES, ("",)),
    Venue.COINBASE: ((*QUOTES, "USD"), ("",)),
    Venue.COINBASE_EXCHANGE: ((*QUOTES, "USD"), ("",)),
    Venue.KRAKEN: ((*QUOTES, "USD"), ("",)),
    Venue.KRAKEN_FUTURES: (("USD",), ("PERP", "FLEX", "day", "FLEX-day")),
    Venue.BITSTAMP: ((*QUOTES, "USD"), ("",)),
    Venue.INDEPENDENT_RESERVE: (("AUD", "USD"), ("",)),
}
BASES = st.one_of(
    st.sampled_from(["BTC", "ETH", "DOGE", "SOL", "1000SHIB", "1INCH", "PEPE", "API3", "X"]),
    st.from_regex(r"\A[A-Z]{3,6}\Z"),
)


@st.composite
def instruments(draw: st.DrawFn) -> tuple[Venue, Symbol]:
    """An instrument of any market."""
    venue = draw(st.sampled_from(list(MARKETS)))
    quotes, contracts = MARKETS[venue]
    base, contract = draw(BASES), draw(st.sampled_from(contracts))
    # One word for two instruments: SHIBUSD-PERP is SHI in BUSD, of which Binance had contracts.
    assume(venue is not Venue.BINANCE_COINM or len(base) < 4 or base[-1] not in "BT")
    day = draw(st.dates(date(2024, 1, 1), date(2033, 12, 31)))
    if "quarter" in contract:  # the last Friday of March, June, September or December
        last = date(day.year + (day.month > 9), (day.month - 1) // 3 * 3 % 12 + 4 if day.month <= 9 else 1, 1)
        last -= timedelta(days=1)
        day = last - timedelta(days=(last.weekday() - 4) % 7)
    text = day.strftime("%y%m%d")
    contract = contract.replace("day", text).replace("quarter", text)
    if contract == "option":
        strike = draw(st.sampled_from(["70000", "0.55", "1"]))
        contract = f"{text}-{strike}-{draw(st.sampled_from('CP'))}"
    quote = draw(st.sampled_from(quotes))
    return venue, Symbol(base + quote, contract, venue.company, len(base))


@settings(max_examples=60, deadline=None)
@given(found=instruments())
def test_names_lead_back(found: tuple[Venue, Symbol]) -> None:
    """Spot, linear, inverse, dated and options, of every market: printed and parsed both ways."""
    venue, symbol = found
    assert symbol.venue is venue
    if "-" in symbol.native or "/" in symbol.native or "_" in symbol.native:
        assert venue_symbol(venue, symbol.native) == symbol
    else:  # one word: the quote is told by its end
        again = venue_symbol(venue, symbol.native)
        assert (again.native, again.contract) == (symbol.native, symbol.contract)
    printed = parse_symbol(str(symbol))
    assert printed == symbol
    assert (str(printed), printed.native) == (str(symbol), symbol.native)


def test_every_market_is_tried() -> None:
    """The table above lists them all."""
    assert set(MARKETS) == set(Venue)
