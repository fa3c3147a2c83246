"""Durations as people write them (``"10ms"``) and as the engine counts them (integer nanoseconds)."""

import re

from truefill.core.errors import ConfigError

NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
}

# A longer one would overflow the 64-bit clock when it is added to a time of today.
LONGEST_NS = 2**62

_PATTERN = re.compile(r"\s*(\d+)(?:\.(\d+))?\s*([a-zµ]+)\s*\Z")


def parse_duration(value: object, where: str = "") -> int:
    """Read a duration.

    Parameters
    ----------
    value : str or int
        ``"250us"``, ``"10ms"``, ``"1.5s"`` (ns, us, ms, s, m, h), or integer nanoseconds.
    where : str
        Named in the error.

    Returns
    -------
    int
        Nanoseconds, exact: the text never passes through a float.

    Raises
    ------
    ConfigError
        If it is no duration, is negative, finer than a nanosecond, or too long for the clock.

    Examples
    --------
    >>> parse_duration("1.5ms")
    1500000
    """
    expected = 'a duration such as "10ms", "250us" or "1.5s", or integer nanoseconds'
    if isinstance(value, bool):
        raise ConfigError(expected, value, where)
    if isinstance(value, int):
        nanoseconds = value
    elif isinstance(value, str) and (match := _PATTERN.match(value)) and match[3] in NANOSECONDS:
        digits = match[2] or ""
        scaled, rest = divmod(int(match[1] + digits) * NANOSECONDS[match[3]], 10 ** len(digits))
        if rest:
            raise ConfigError("a whole number of nanoseconds", repr(value), where)
        nanoseconds = scaled
    else:
        raise ConfigError(expected, repr(value), where)
    if nanoseconds < 0:
        raise ConfigError("a duration that is not negative", repr(value), where)
    if nanoseconds > LONGEST_NS:
        raise ConfigError(f"a duration of at most {LONGEST_NS} ns (146 years)", repr(value), where)
    return nanoseconds


def format_duration(nanoseconds: float) -> str:
    """Write a duration for people: three figures at most, the unit that fits.

    Examples
    --------
    >>> format_duration(5_325_000_000_000)
    '1 h 29 min'
    """
    ns = float(nanoseconds)
    if abs(ns) >= 3_600e9:
        hours, rest = divmod(round(ns / 60e9), 60)
        return f"{hours} h {rest:02d} min"
    if abs(ns) >= 600e9:
        return f"{ns / 60e9:.0f} min"
    if abs(ns) >= 60e9:
        minutes, seconds = divmod(round(ns / 1e9), 60)
        return f"{minutes} min {seconds:02d} s"
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if abs(ns) >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.0f} ns"
