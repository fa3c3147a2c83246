"""Canonical names of instruments, and the venues' own names for them.

A canonical name says what is traded and where, in one way for every venue:

===================== ================================ ================= ========================
what                  canonical                        venue id          venue's name
===================== ================================ ================= ========================
spot                  ``BTCUSDT.BINANCE``              binance-spot      ``BTCUSDT``
linear perpetual      ``BTCUSDT-PERP.OKX``             okx               ``BTC-USDT-SWAP``
linear, dated         ``BTCUSDT-261225.BYBIT``         bybit-linear      ``BTCUSDT-25DEC26``
inverse perpetual     ``BTCUSD-PERP.BINANCE``          binance-coinm     ``BTCUSD_PERP``
inverse, dated        ``BTCUSD-210924.KRAKEN``         kraken-futures    ``FI_XBTUSD_210924``
option                ``BTCUSD-220527-30000-C.OKX``    okx               ``BTC-USD-220527-30000-C``
===================== ================================ ================= ========================

A contract on a pair that is quoted in US dollars (``...USD``) is inverse, on any other pair linear; Extended,
whose dollar is a stablecoin, has linear ones only, and Kraken's ``FLEX`` contracts are linear, too.
"""

import re
from dataclasses import dataclass, field

from truefill.core.errors import DataError
from truefill.venues.names import FLEX, OPTION, Parts, native_name, read_native, split_pair
from truefill.venues.venue import Venue

_CANONICAL = re.compile(
    r"([A-Z0-9]+)(?:-(PERP|FLEX(?:-\d{6})?|\d{6}(?:-\d+(?:\.\d+)?-[CP])?))?\.([A-Z0-9_]+)"
)
_COMPANIES = {venue.company for venue in Venue}


@dataclass(frozen=True, slots=True)
class Symbol:
    """An instrument at a venue; ``str()`` prints its canonical name.

    Parameters
    ----------
    pair : str
        Both currencies in one word, upper case: ``BTCUSDT``.
    contract : str
        "" for spot, ``PERP``, ``FLEX`` or ``FLEX-YYMMDD`` (Kraken), the day of delivery as ``YYMMDD``, or an
        option: ``YYMMDD-<strike>-C`` or ``-P``.
    exchange : str
        The company, upper case: ``BINANCE``.
    base_length : int
        Letters of the pair that are the base currency, where the venue's name tells; 0: by the known quotes.
        Not compared.
    """

    pair: str
    contract: str = ""
    exchange: str = "BINANCE"
    base_length: int = field(default=0, compare=False, repr=False)

    def __str__(self) -> str:
        name = f"{self.pair}-{self.contract}" if self.contract else self.pair
        return f"{name}.{self.exchange}"

    @property
    def base(self) -> str:
        """What is traded: ``BTC``."""
        if self.base_length:
            return self.pair[: self.base_length]
        return split_pair(self.pair, self.exchange, self.contract)[0]

    @property
    def quote(self) -> str:
        """What it is paid with, or its price is in: ``USDT``."""
        return self.pair[len(self.base) :]

    @property
    def option(self) -> bool:
        """Whether it is an option."""
        return OPTION.fullmatch(self.contract) is not None

    @property
    def inverse(self) -> bool:
        """Whether it is a contract of so many dollars, settled in the coin."""
        if not self.contract or self.contract.startswith(FLEX) or self.exchange == "EXTENDED" or self.option:
            return False
        return self.base != self.pair and self.quote == "USD"

    @property
    def venue(self) -> Venue:
        """The market where it is traded."""
        return _MARKETS.get(self.exchange, _single)(self)

    @property
    def native(self) -> str:
        """The venue's own name of it."""
        return native_name(self.venue, Parts(self.base, self.quote, self.contract))


def _single(symbol: Symbol) -> Venue:
    return next(venue for venue in Venue if venue.company == symbol.exchange)


def _binance(symbol: Symbol) -> Venue:
    if not symbol.contract:
        return Venue.BINANCE_SPOT
    return Venue.BINANCE_COINM if symbol.inverse else Venue.BINANCE_USDM


def _bybit(symbol: Symbol) -> Venue:
    if not symbol.contract:
        return Venue.BYBIT_SPOT
    if symbol.option:
        return Venue.BYBIT_OPTION
    return Venue.BYBIT_INVERSE if symbol.inverse else Venue.BYBIT_LINEAR


def _bitget(symbol: Symbol) -> Venue:
    if not symbol.contract:
        return Venue.BITGET_SPOT
    if symbol.inverse:
        return Venue.BITGET_COIN
    return Venue.BITGET_USDC if symbol.quote == "USDC" else Venue.BITGET_USDT


def _kraken(symbol: Symbol) -> Venue:
    return Venue.KRAKEN_FUTURES if symbol.contract else Venue.KRAKEN


_MARKETS = {"BINANCE": _binance, "BYBIT": _bybit, "BITGET": _bitget, "KRAKEN": _kraken}


def parse_symbol(text: str) -> Symbol:
    """Read a canonical name such as ``BTCUSDT-PERP.BINANCE``.

    Raises
    ------
    DataError
        It is not one, or its exchange is unknown.
    """
    match = _CANONICAL.fullmatch(text)
    if match is None:
        raise DataError("a symbol like BTCUSDT-PERP.BINANCE or BTCUSDT.BINANCE", repr(text), "symbol")
    pair, contract, exchange = match.groups()
    if exchange not in _COMPANIES:
        raise DataError("a symbol of " + ", ".join(sorted(_COMPANIES)), repr(text), "symbol")
    return Symbol(pair, contract or "", exchange)


def venue_symbol(venue: Venue, name: str) -> Symbol:
    """Read a symbol as a user gives it: the venue's own name (in any case) or the canonical one.

    Parameters
    ----------
    venue : Venue
        Where it is traded.
    name : str
        ``btcusdt``, ``BTCUSD_PERP``, ``BTC-USDT-SWAP``, ``BTCUSDT-PERP.BINANCE``, ...

    Raises
    ------
    DataError
        The venue has no such instruments.
    """
    text = name.strip().upper()
    if "." in text and "-" not in text.rpartition(".")[2]:  # a strike like 0.55 has more behind it
        symbol = parse_symbol(text)
    else:
        parts = read_native(venue, text)
        if parts is None:
            kind = "a spot symbol" if venue is Venue.BINANCE_SPOT else "a symbol"
            raise DataError(f"{kind} like {EXAMPLES[venue]}", repr(name), venue.value)
        symbol = Symbol(parts.base + parts.quote, parts.contract, venue.company, len(parts.base))
        if symbol.venue is venue and symbol.native.upper() != text:  # BTCUSDT_PERP; BTCUSD without _PERP
            raise DataError(f"a symbol like {EXAMPLES[venue]}", repr(name), venue.value)
    if symbol.venue is not venue:
        raise DataError(
            f"a symbol like {EXAMPLES[venue]}", f"{name!r} (of {symbol.venue.value})", venue.value
        )
    return symbol


EXAMPLES = {
    Venue.BINANCE_SPOT: "BTCUSDT",
    Venue.BINANCE_USDM: "BTCUSDT or BTCUSDT_240927",
    Venue.BINANCE_COINM: "BTCUSD_PERP or BTCUSD_240927",
    Venue.BYBIT_SPOT: "BTCUSDT",
    Venue.BYBIT_LINEAR: "BTCUSDT, BTCPERP or BTCUSDT-25DEC26",
    Venue.BYBIT_INVERSE: "BTCUSD or BTCUSDU26",
    Venue.BYBIT_OPTION: "BTC-25DEC26-100000-C-USDT",
    Venue.OKX: "BTC-USDT, BTC-USDT-SWAP, BTC-USD-220527 or BTC-USD-220527-30000-C",
    Venue.HYPERLIQUID: "BTC",
    Venue.BITGET_SPOT: "BTCUSDT",
    Venue.BITGET_USDT: "BTCUSDT",
    Venue.BITGET_USDC: "BTCPERP",
    Venue.BITGET_COIN: "BTCUSD or BTCUSDU26",
    Venue.EXTENDED: "BTC-USD",
    Venue.MEXC_SPOT: "BTCUSDT",
    Venue.COINBASE: "BTC-USD",
    Venue.COINBASE_EXCHANGE: "BTC-USD",
    Venue.KRAKEN: "XBT/USD",
    Venue.KRAKEN_FUTURES: "PI_XBTUSD, PF_XBTUSD, FI_XBTUSD_210924 or FF_XBTUSD_261225",
    Venue.BITSTAMP: "btcusd",
    Venue.INDEPENDENT_RESERVE: "eth-aud",
}
