"""The venues' own lists of instruments: what to ask for, and how to read the answers, in one way for all.

No socket: whoever fetches gives the answers back in the order of the requests::

    requests = instrument_requests([parse_symbol("BTCUSDT-PERP.BYBIT")])
    answers = [...]  # GET request.url, or POST request.body to it where there is one
    found = read_listing(Venue.BYBIT_LINEAR, answers)
"""

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import NamedTuple

import msgspec

from truefill.core.errors import DataError
from truefill.venues.codec import shown
from truefill.venues.instruments import Instrument
from truefill.venues.names import PERPETUAL
from truefill.venues.symbols import Symbol
from truefill.venues.venue import Venue

_Read = Callable[..., list[Instrument]]


class Request(NamedTuple):
    """A request by REST."""

    url: str
    body: str = ""  # of a POST, JSON; "": a GET


def instrument_requests(symbols: Iterable[Symbol]) -> list[Request]:
    """Name the requests whose answers list these instruments, all of one venue.

    Examples
    --------
    >>> from truefill.venues import parse_symbol
    >>> [request.url for request in instrument_requests([parse_symbol("BTCUSDT.KRAKEN")])]
    ['https://api.kraken.com/0/public/AssetPairs']
    """
    wanted = list(symbols)
    venue = wanted[0].venue
    facts = import_module(f"truefill.venues.{_module(venue)}.facts")
    if venue is Venue.OKX:
        kinds = dict.fromkeys(_okx_kind(symbol) for symbol in wanted)
        return [Request(facts.REST + facts.INSTRUMENTS.format(type=kind)) for kind in kinds]
    if venue.company == "BYBIT":
        url = facts.REST + facts.INSTRUMENTS.format(category=facts.CATEGORY[venue])
        coins = dict.fromkeys(symbol.base for symbol in wanted) if venue is Venue.BYBIT_OPTION else [""]
        return [Request(f"{url}&baseCoin={coin}" if coin else url) for coin in coins]
    if venue is Venue.HYPERLIQUID:
        return [Request(facts.INSTRUMENTS, '{"type":"meta"}')]
    if venue is Venue.INDEPENDENT_RESERVE:
        return [Request(facts.INSTRUMENTS), Request(facts.CURRENCIES)]
    url = facts.INSTRUMENTS if isinstance(facts.INSTRUMENTS, str) else facts.INSTRUMENTS[venue]
    return [Request(url)]


def read_listing(venue: Venue, answers: Sequence[bytes]) -> list[Instrument]:
    """Read the answers to `instrument_requests`.

    Raises
    ------
    DataError
        One is none of the venue's; `where` is its number, from 1.
    """
    name = _module(venue)
    module = import_module(f"truefill.venues.{name}.{'connection' if name == 'binance' else 'codec'}")
    read: _Read = module.read_instruments
    if venue is Venue.INDEPENDENT_RESERVE:
        return _answered(venue, 1, answers[0], lambda body: read(body, *answers[1:]))
    with_venue = venue.company in ("BINANCE", "BYBIT", "BITGET")
    found = []
    for number, answer in enumerate(answers, start=1):
        found += _answered(
            venue, number, answer, lambda body: read(body, venue) if with_venue else read(body)
        )
    return found


def _answered(
    venue: Venue, number: int, body: bytes, read: Callable[[bytes], list[Instrument]]
) -> list[Instrument]:
    try:
        return read(body)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, KeyError) as error:
        got = f"{shown(body)} ({error})"
        raise DataError(f"the list of instruments of {venue.value}", got, number) from None


def _module(venue: Venue) -> str:
    if venue is Venue.KRAKEN_FUTURES:
        return "kraken_futures"
    return venue.company.lower()


def _okx_kind(symbol: Symbol) -> str:
    if symbol.option:
        return f"OPTION&instFamily={symbol.base}-{symbol.quote}"
    if not symbol.contract:
        return "SPOT"
    return "SWAP" if symbol.contract == PERPETUAL else "FUTURES"
