"""Hyperliquid: the codec of its market data."""

from truefill.venues.hyperliquid.codec import HyperliquidCodec

__all__ = ["HyperliquidCodec"]
