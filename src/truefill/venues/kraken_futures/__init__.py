"""Kraken futures: the codec of their market data."""

from truefill.venues.kraken_futures.codec import KrakenFuturesCodec

__all__ = ["KrakenFuturesCodec"]
