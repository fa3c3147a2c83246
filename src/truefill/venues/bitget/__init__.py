"""Bitget: the codec of its market data."""

from truefill.venues.bitget.codec import BitgetCodec

__all__ = ["BitgetCodec"]
