"""Coinbase (Advanced Trade): the codec of its market data."""

from truefill.venues.coinbase.codec import CoinbaseCodec

__all__ = ["CoinbaseCodec"]
