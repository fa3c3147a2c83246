"""Binance spot, USD-M and COIN-M futures: the codec of their market data."""

from truefill.venues.binance.codec import MarketDataCodec
from truefill.venues.binance.connection import BinanceCodec
from truefill.venues.book_session import BookSession
from truefill.venues.counters import BookCounters, MarketCounters

__all__ = ["BinanceCodec", "BookCounters", "BookSession", "MarketCounters", "MarketDataCodec"]
