"""Options that several readers have, checked in one place."""

from truefill.core.errors import ConfigError


def require_latency(feed_latency_ns: int) -> None:
    """Refuse a latency below 0.

    Raises
    ------
    ConfigError
    """
    if feed_latency_ns < 0:
        raise ConfigError("a latency of 0 ns or more", feed_latency_ns, "feed_latency_ns")


def decimal_places(price_places: int, quantity_places: int) -> tuple[int, int]:
    """Decimal places of prices and of quantities, as a pair.

    Raises
    ------
    ConfigError
        More than 18, which 63 bits do not hold, or less than 0.
    """
    for name, number in (("price_places", price_places), ("quantity_places", quantity_places)):
        if not 0 <= number <= 18:
            raise ConfigError("0 to 18 decimal places", number, name)
    return price_places, quantity_places
