"""Canonical names of instruments, and the venues' own names for them.

A canonical name says what is traded and where, in one way for every venue:

===================== ========================= ============= ==============
what                  canonical                 venue id      venue's name
===================== ========================= ============= ==============
spot                  ``BTCUSDT.BINANCE``       binance-spot  ``BTCUSDT``
linear perpetual      ``BTCUSDT-PERP.BINANCE``  binance-usdm  ``BTCUSDT``
linear, dated         ``BTCUSDT-240927.BINANCE``  binance-usdm  ``BTCUSDT_240927``
inverse perpetual     ``BTCUSD-PERP.BINANCE``   binance-coinm ``BTCUSD_PERP``
inverse, dated        ``BTCUSD-240927.BINANCE``  binance-coinm ``BTCUSD_240927``
===================== ========================= ============= ==============

A contract on a pair that is quoted in US dollars (``...USD``) is inverse, on any other pair linear.
"""

import re
from dataclasses import dataclass
from enum import Enum

from truefill.core.errors import DataError

PERPETUAL = "PERP"

_CANONICAL = re.compile(r"([A-Z0-9]+)(?:-(PERP|\d{6}))?\.([A-Z0-9_]+)")
_PAIR = re.compile(r"[A-Z0-9]+")
_CONTRACT = re.compile(r"([A-Z0-9]+)(?:_(PERP|\d{6}))?")


class Venue(Enum):
    """A market with a protocol of its own, by the name it has on the command line."""

    BINANCE_SPOT = "binance-spot"
    BINANCE_USDM = "binance-usdm"
    BINANCE_COINM = "binance-coinm"

    @property
    def futures(self) -> bool:
        """Whether contracts are traded there, and not the coins themselves."""
        return self is not Venue.BINANCE_SPOT

    @classmethod
    def parse(cls, name: "str | Venue") -> "Venue":
        """Read a venue's name.

        Raises
        ------
        DataError
            There is no such venue.
        """
        if isinstance(name, Venue):
            return name
        for venue in cls:
            if venue.value == name.lower():
                return venue
        raise DataError("a venue, one of " + ", ".join(v.value for v in cls), repr(name), "venue")


@dataclass(frozen=True, slots=True)
class Symbol:
    """An instrument at a venue; ``str()`` prints its canonical name.

    Parameters
    ----------
    pair : str
        Both currencies in one word, upper case: ``BTCUSDT``.
    contract : str
        "" for spot, ``PERP``, or the day of delivery as ``YYMMDD``.
    exchange : str
        The company, upper case: ``BINANCE``.
    """

    pair: str
    contract: str = ""
    exchange: str = "BINANCE"

    def __str__(self) -> str:
        name = f"{self.pair}-{self.contract}" if self.contract else self.pair
        return f"{name}.{self.exchange}"

    @property
    def inverse(self) -> bool:
        """Whether it is a contract of so many dollars, settled in the coin."""
        return bool(self.contract) and _quoted_in_dollars(self.pair)

    @property
    def venue(self) -> Venue:
        """The market where it is traded."""
        if not self.contract:
            return Venue.BINANCE_SPOT
        return Venue.BINANCE_COINM if self.inverse else Venue.BINANCE_USDM

    @property
    def native(self) -> str:
        """The venue's own name of it."""
        if not self.contract or (self.contract == PERPETUAL and not self.inverse):
            return self.pair
        return f"{self.pair}_{self.contract}"


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
    if exchange != "BINANCE":
        raise DataError("a symbol of BINANCE", repr(text), "symbol")
    return Symbol(pair, contract or "", exchange)


def venue_symbol(venue: Venue, name: str) -> Symbol:
    """Read a symbol as a user gives it: the venue's own name (in any case) or the canonical one.

    Parameters
    ----------
    venue : Venue
        Where it is traded.
    name : str
        ``btcusdt``, ``BTCUSD_PERP``, ``BTCUSDT-PERP.BINANCE``, ...

    Raises
    ------
    DataError
        The venue has no such instruments.
    """
    text = name.strip().upper()
    if "." in text:
        symbol = parse_symbol(text)
    elif venue is Venue.BINANCE_SPOT:
        if not _PAIR.fullmatch(text):
            raise DataError("a spot symbol like BTCUSDT", repr(name), venue.value)
        symbol = Symbol(text)
    else:
        match = _CONTRACT.fullmatch(text)
        if match is None:
            raise DataError(f"a symbol like {_EXAMPLE[venue]}", repr(name), venue.value)
        symbol = Symbol(match.group(1), match.group(2) or PERPETUAL)
        if symbol.native != text:  # BTCUSDT_PERP; BTCUSD without _PERP
            raise DataError(f"a symbol like {_EXAMPLE[venue]}", repr(name), venue.value)
    if symbol.venue is not venue:
        raise DataError(
            f"a symbol like {_EXAMPLE[venue]}", f"{name!r} (of {symbol.venue.value})", venue.value
        )
    return symbol


_EXAMPLE = {
    Venue.BINANCE_SPOT: "BTCUSDT",
    Venue.BINANCE_USDM: "BTCUSDT or BTCUSDT_240927",
    Venue.BINANCE_COINM: "BTCUSD_PERP or BTCUSD_240927",
}


def _quoted_in_dollars(pair: str) -> bool:
    # BUSD was a coin with linear contracts (BTCBUSD). A pair that ends so and would leave less than three
    # letters for the coin is a coin ending in B against the dollar: BNBUSD.
    return pair.endswith("USD") and not (pair.endswith("BUSD") and len(pair) >= len("BTCBUSD"))
