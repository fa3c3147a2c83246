"""Which codec speaks a venue's protocol, by the venue; imported when it is asked for."""

from collections.abc import Iterable, Sequence
from importlib import import_module

from truefill.core.errors import ConfigError
from truefill.venues.codec import DEPTH, TRADES, VenueCodec
from truefill.venues.symbols import Symbol
from truefill.venues.venue import Venue

# By company, or by venue where a company has several protocols: the module, and the class in it.
_CODECS = {
    "BINANCE": ("binance", "BinanceCodec"),
    "BYBIT": ("bybit", "BybitCodec"),
    "OKX": ("okx", "OkxCodec"),
    "HYPERLIQUID": ("hyperliquid", "HyperliquidCodec"),
    "BITGET": ("bitget", "BitgetCodec"),
    "EXTENDED": ("extended", "ExtendedCodec"),
    "COINBASE": ("coinbase", "CoinbaseCodec"),
    "COINBASE_EXCHANGE": ("coinbase_exchange", "CoinbaseExchangeCodec"),
    "MEXC": ("mexc", "MexcCodec"),
    "BITSTAMP": ("bitstamp", "BitstampCodec"),
    "INDEPENDENT_RESERVE": ("independent_reserve", "IndependentReserveCodec"),
    "kraken": ("kraken", "KrakenCodec"),
    "kraken-futures": ("kraken_futures", "KrakenFuturesCodec"),
}


def has_codec(venue: Venue) -> bool:
    """Whether there is a codec of this venue's market data."""
    return venue.company in _CODECS or venue.value in _CODECS


def codec_type(venue: Venue) -> type[VenueCodec]:
    """Return the class of a venue's codec."""
    module, name = _CODECS.get(venue.value) or _CODECS[venue.company]
    found: type[VenueCodec] = getattr(import_module(f"truefill.venues.{module}"), name)
    return found


def codec_module(venue: Venue) -> str:
    """Name of the module that has a venue's codec and facts."""
    module, _ = _CODECS.get(venue.value) or _CODECS[venue.company]
    return module


def market_codec(symbols: Symbol | Iterable[Symbol], channels: Sequence[str] = (DEPTH, TRADES)) -> VenueCodec:
    """Make the codec of a connection.

    Parameters
    ----------
    symbols : Symbol or sequence of Symbol
        The instruments, all of one venue.
    channels : sequence of str
        Of ``depth``, ``trades``, ``best``, ``marks``, ``klines``: what a new connection subscribes.

    Raises
    ------
    ConfigError
        There is no codec of this venue, or the symbols are of several.

    Examples
    --------
    >>> from truefill.venues import parse_symbol
    >>> codec = market_codec(parse_symbol("BTCUSDT-PERP.BYBIT"))
    >>> codec.connected(1_786_310_818_000_000_000)
    >>> codec.wants()[0].text
    '{"op":"subscribe","args":["orderbook.200.BTCUSDT","publicTrade.BTCUSDT"]}'
    """
    wanted = [symbols] if isinstance(symbols, Symbol) else list(symbols)
    if not wanted:
        raise ConfigError("at least one symbol", "none", "symbols")
    venue = wanted[0].venue
    if not has_codec(venue):
        known = ", ".join(v.value for v in Venue if has_codec(v))
        raise ConfigError(f"a venue with a codec: {known}", venue.value, "symbols")
    return codec_type(venue)(wanted, channels)
