"""Kraken: the codec of its spot market data."""

from truefill.venues.kraken.codec import KrakenCodec

__all__ = ["KrakenCodec"]
