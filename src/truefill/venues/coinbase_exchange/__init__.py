"""Coinbase Exchange (once GDAX and Coinbase Pro): the codec of its market data."""

from truefill.venues.coinbase_exchange.codec import CoinbaseExchangeCodec

__all__ = ["CoinbaseExchangeCodec"]
