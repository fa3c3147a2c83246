"""Times as people read them."""

from datetime import UTC, datetime

_NS_PER_SECOND = 10**9


def utc(ns: int, places: int = 0) -> str:
    """Write nanoseconds as UTC date and time with 0 to 9 decimals of a second."""
    moment = datetime.fromtimestamp(ns // _NS_PER_SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{moment}.{ns % _NS_PER_SECOND:09d}"[: 20 + places] if places else moment
