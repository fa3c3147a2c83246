"""Bitstamp: the codec of its market data."""

from truefill.venues.bitstamp.codec import BitstampCodec

__all__ = ["BitstampCodec"]
