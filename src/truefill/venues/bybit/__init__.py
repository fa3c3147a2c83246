"""Bybit v5: the codec of its market data."""

from truefill.venues.bybit.codec import BybitCodec

__all__ = ["BybitCodec"]
