"""Types and small readings that the venues' messages share; a number stays text, exactly as it was
spelled.
"""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Raw

NOTHING = Raw(b"")

Id = Annotated[int, Meta(ge=-1, le=(1 << 63) - 1)]
Ms = Annotated[int, Meta(ge=0, le=9_000_000_000_000)]  # in nanoseconds it still fits an int64

_LATEST_MS = 9_000_000_000_000


def ms(time: int) -> int:
    """Milliseconds in nanoseconds."""
    return time * 1_000_000


def ms_text(text: str) -> int:
    """Milliseconds written as text, in nanoseconds.

    Raises
    ------
    ValueError
        It is none.
    """
    if not text.isdigit() or not 0 < (value := int(text)) < _LATEST_MS:
        raise ValueError(f"a time in milliseconds, got {text[:40]!r}")
    return value * 1_000_000


def us_text(text: str) -> int:
    """Microseconds written as text, in nanoseconds.

    Raises
    ------
    ValueError
        It is none.
    """
    if not text.isdigit() or not 0 < (value := int(text)) < _LATEST_MS * 1000:
        raise ValueError(f"a time in microseconds, got {text[:40]!r}")
    return value * 1000


def number(raw: Raw) -> str:
    """Text of a JSON number, or of a JSON string that holds one; ``null`` and nothing are ""."""
    text = bytes(raw).decode()
    if text == "null":
        return ""
    return text[1:-1] if text[:1] == '"' else text


def id_number(text: str) -> int:
    """An id written as digits; 0 where it is empty.

    Raises
    ------
    ValueError
        It is none, or too large for an int64.
    """
    if not text:
        return 0
    if not text.isdigit() or int(text) >= 1 << 63:
        raise ValueError(f"an id of digits, got {text[:40]!r}")
    return int(text)


def uuid_id(text: str) -> int:
    """An id of 60 bits out of a UUID: its last 15 hexadecimal digits, which are random in all versions in
    use.

    Raises
    ------
    ValueError
        It is no UUID.
    """
    digits = text.replace("-", "")
    if len(digits) != 32:
        raise ValueError(f"a UUID, got {text[:40]!r}")
    return int(digits[-15:], 16)


def iso_time(text: str) -> int:
    """A time like ``2026-08-09T21:05:48.228568804Z``, to the nanosecond, in ns.

    Raises
    ------
    ValueError
        It is none.
    """
    if not text.endswith("Z") or len(text) < 20:
        raise ValueError(f"a time like 2026-08-09T21:05:48.228568804Z, got {text[:40]!r}")
    seconds, _, fraction = text[:-1].partition(".")
    if fraction and not fraction.isdigit():
        raise ValueError(f"a time like 2026-08-09T21:05:48.228568804Z, got {text[:40]!r}")
    whole = int(datetime.fromisoformat(seconds).replace(tzinfo=UTC).timestamp())
    return whole * 1_000_000_000 + int(fraction[:9].ljust(9, "0"))
