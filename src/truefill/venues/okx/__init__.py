"""OKX v5: the codec of its market data."""

from truefill.venues.okx.codec import OkxCodec

__all__ = ["OkxCodec"]
