"""Independent Reserve: the codec of its market data, order by order."""

from truefill.venues.independent_reserve.codec import IndependentReserveCodec

__all__ = ["IndependentReserveCodec"]
