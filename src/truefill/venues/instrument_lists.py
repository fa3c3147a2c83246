"""How a venue is asked for its list of instruments, and its answer read; addresses are the venues' facts."""

from collections.abc import Iterable
from importlib import import_module
from typing import NamedTuple

import msgspec

from truefill.core.errors import DataError
from truefill.venues.codecs import codec_module
from truefill.venues.instruments import Instrument
from truefill.venues.symbols import Symbol
from truefill.venues.venue import Venue

_WITH_VENUE = ("BINANCE", "BYBIT", "BITGET")  # whose reader has to be told which of their markets it is


class Request(NamedTuple):
    """A request; with a body it is a POST of JSON."""

    url: str
    body: bytes | None = None


def instruments_requests(venue: Venue, symbols: Iterable[Symbol]) -> list[Request]:
    """Tell what to ask for a venue's instruments, of the kinds of some symbols; empty: not known here."""
    if venue is Venue.INDEPENDENT_RESERVE:  # its list says nothing of one instrument alone
        return []
    facts = import_module(f"truefill.venues.{codec_module(venue)}.facts")
    found = facts.INSTRUMENTS
    if isinstance(found, dict):
        return [Request(found[venue])]
    if venue.company == "BYBIT":
        return [Request(facts.REST + found.format(category=facts.CATEGORY[venue]))]
    if venue is Venue.OKX:
        kinds = dict.fromkeys(_okx_kind(symbol) for symbol in symbols)
        return [Request(facts.REST + found.format(type=kind)) for kind in kinds]
    if venue is Venue.HYPERLIQUID:
        return [Request(found, b'{"type":"meta"}')]
    return [Request(found)]


def read_instruments(venue: Venue, body: bytes) -> list[Instrument]:
    """Read the answer to one of `instruments_requests`.

    Raises
    ------
    DataError
        It is none.
    """
    name = codec_module(venue)
    module = import_module(f"truefill.venues.{name}.{'connection' if name == 'binance' else 'codec'}")
    try:
        if venue.company in _WITH_VENUE:
            return list(module.read_instruments(body, venue))
        return list(module.read_instruments(body))
    except (msgspec.DecodeError, ValueError, KeyError) as error:
        raise DataError(f"instruments as {venue.value} answers them", error, "instruments") from None


def _okx_kind(symbol: Symbol) -> str:
    if symbol.option:
        return f"OPTION&instFamily={symbol.base}-{symbol.quote}"
    return {"": "SPOT", "PERP": "SWAP"}.get(symbol.contract, "FUTURES")
