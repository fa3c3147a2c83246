"""The codec of a recording of one instrument, whatever the venue."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import ConfigError
from truefill.core.events import DECIMAL_EVENT
from truefill.venues.binance import MarketDataCodec
from truefill.venues.codec import VenueCodec
from truefill.venues.codecs import market_codec
from truefill.venues.counters import BookCounters, MarketCounters
from truefill.venues.symbols import Symbol


class Book(Protocol):
    """What is known of a book."""

    @property
    def counters(self) -> BookCounters:
        """What was seen."""

    @property
    def valid(self) -> bool:
        """Whether it is whole now."""


class RecordedCodec(Protocol):
    """What a reader of recordings asks of a codec."""

    @property
    def symbol(self) -> Symbol:
        """The instrument."""

    @property
    def counters(self) -> MarketCounters:
        """What was seen."""

    @property
    def book(self) -> Book:
        """The book and its counters."""

    @property
    def notices(self) -> list[str]:
        """What the venue said apart from market data."""

    def add(self, message: bytes, local_ts: int, place: int = 0) -> None:
        """Take one message."""

    def take(self) -> NDArray[np.void]:
        """Return the rows since the last call."""

    def end(self) -> None:
        """Tell that nothing follows."""


class OneInstrument:
    """A connection with a single instrument, as a reader of recordings sees it: nothing is sent or
    fetched.
    """

    def __init__(self, codec: VenueCodec) -> None:
        self._codec = codec
        codec.part = True
        (self._stream,) = codec.streams.values()
        self.symbol = self._stream.symbol
        self.notices = codec.notices

    @property
    def counters(self) -> MarketCounters:
        """What was seen, of the connection and of its instrument."""
        return self._codec.counters

    @property
    def book(self) -> Book:
        """The book and its counters."""
        return self._stream.book

    def add(self, message: bytes, local_ts: int, place: int = 0) -> None:
        """Take one message."""
        self._codec.add(message, local_ts, place)

    def take(self) -> NDArray[np.void]:
        """Return the rows since the last call."""
        self._codec.wants()
        for _, rows in self._codec.take():
            return rows
        return np.zeros(0, DECIMAL_EVENT)

    def end(self) -> None:
        """Tell that nothing follows."""
        self._codec.end()


def recorded_codec(symbol: Symbol, fuse_tickers: bool = False) -> RecordedCodec:
    """Make the codec of a recording.

    Parameters
    ----------
    symbol : Symbol
        The instrument.
    fuse_tickers : bool
        Let the book ticker change the book as well; Binance only.

    Raises
    ------
    ConfigError
        There is no codec of this venue, or it cannot fuse tickers.
    """
    if symbol.exchange == "BINANCE":
        return MarketDataCodec(symbol, fuse_tickers)
    if fuse_tickers:
        raise ConfigError("a recording of Binance", symbol.venue.value, "fuse_tickers")
    return OneInstrument(market_codec(symbol))
