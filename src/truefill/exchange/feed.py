"""What a server serves: a market as one venue speaks about it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from truefill.core.errors import ConfigError
from truefill.exchange.binance import BinanceVoice
from truefill.exchange.changes import Moment
from truefill.exchange.okx import OkxVoice
from truefill.exchange.voice import Voice
from truefill.venues import Symbol, parse_symbol
from truefill.venues.instruments import Instrument

TimeOf = Callable[[int], int]
"""When something of a market's time happens for the server's clients; both UTC ns."""

Symbols = str | Symbol | Iterable[str | Symbol]
_VOICES: dict[str, type[Voice]] = {"BINANCE": BinanceVoice, "OKX": OkxVoice}


class Feed(Protocol):
    """A voice, and what it says. The times are given by whoever runs it."""

    voice: Voice

    def moments(self, time_of: TimeOf) -> Iterator[Moment]:
        """What happens, in its order; once."""


def symbols_of(symbols: Symbols) -> list[Symbol]:
    """Read one symbol or several."""
    named = [symbols] if isinstance(symbols, (str, Symbol)) else list(symbols)
    return [parse_symbol(name) if isinstance(name, str) else name for name in named]


def voice_of(instruments: Sequence[Instrument]) -> Voice:
    """Make the voice of the instruments' venue.

    Raises
    ------
    ConfigError
        This venue's protocol is not spoken here, or they are of several.
    """
    company = instruments[0].symbol.exchange if instruments else ""
    if company not in _VOICES:
        raise ConfigError("instruments of " + " or ".join(_VOICES), company or "none", "symbols")
    return _VOICES[company](instruments)
