"""Unix times in seconds, ms, us or ns, told apart by size: files do not say, and vendors change it."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}

# Seconds since 1970, of 1990 and 2200. Units are a thousand apart and the ends 12 times, so none overlap.
_FIRST, _END = 631_152_000, 7_258_118_400


def epoch_ns(
    values: NDArray[np.int64],
    units: Sequence[str],
    name: str,
    place: Callable[[int], str],
    missing: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Nanoseconds of Unix times.

    Parameters
    ----------
    values : int64[n]
    units : sequence of str
        What they may be in, of ``s``, ``ms``, ``us``, ``ns``.
    name : str
        Of the column, for errors.
    place : callable
        Names the source's place of a row, for errors.
    missing : bool[n], optional
        Which are no times; they become 0.

    Raises
    ------
    DataError
        A time of another unit, or none between 1990 and 2200.
    """
    out = np.zeros(len(values), np.int64)
    known = np.zeros(len(values), np.bool_) if missing is None else missing.copy()
    for unit in units:
        mine = _is_in(values, unit) if missing is None else _is_in(values, unit) & ~missing
        np.multiply(values, 10**9 // PER_SECOND[unit], out=out, where=mine)
        known |= mine
    if not known.all():
        at = int(np.argmin(known))
        value = int(values[at])
        seems = unit_of(value)
        expected = f"{name} in {' or '.join(_NAMES[unit] for unit in units)} since 1970, from 1990 to 2200"
        raise DataError(expected, f"{value}{_hint(seems)}" if seems else value, place(at))
    return out


def _hint(unit: str) -> str:
    return f" (times in the wrong unit), which seems to be in {_NAMES[unit]}"


def require_ns(value: int, place: str) -> None:
    """Refuse a time that is milliseconds or microseconds and should be nanoseconds.

    Of files that are in nanoseconds by their format, and may begin at any time, also at 0 as made ones do.

    Raises
    ------
    DataError
    """
    unit = unit_of(value)
    if unit in ("ms", "us"):
        raise DataError("times in nanoseconds since 1970", f"{value}{_hint(unit)}", place)


def unit_of(value: int) -> str | None:
    """In which unit a number is a time from 1990 to 2200; None: in none."""
    number = np.array([value], np.int64)
    return next((unit for unit in PER_SECOND if _is_in(number, unit)[0]), None)


def _is_in(values: NDArray[np.int64], unit: str) -> NDArray[np.bool_]:
    per_second = PER_SECOND[unit]
    return (values >= _FIRST * per_second) & (values < _END * per_second)
