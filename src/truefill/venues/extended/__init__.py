"""Extended: the codec of its market data."""

from truefill.venues.extended.codec import ExtendedCodec

__all__ = ["ExtendedCodec"]
