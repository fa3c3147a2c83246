"""MEXC: the codec of its spot market data of before August 2025."""

from truefill.venues.mexc.codec import MexcCodec

__all__ = ["MexcCodec"]
