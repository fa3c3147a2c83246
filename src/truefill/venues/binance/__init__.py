"""Binance spot, USD-M and COIN-M futures: the codec of their market data."""

from truefill.venues.binance.book import BookCounters, BookSession
from truefill.venues.binance.codec import MarketDataCodec
from truefill.venues.binance.counters import MarketCounters

__all__ = ["BookCounters", "BookSession", "MarketCounters", "MarketDataCodec"]
