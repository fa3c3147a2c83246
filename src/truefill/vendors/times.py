"""Times of historical files in whole units since 1970, and whether they can be in that unit."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError

NANOSECONDS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
# A time read in a unit 1,000 times too small falls into January 1970, in one too large out of 64 bits.
FIRST_NS = 31_536_000_000_000_000  # 1971
LAST_NS = 9_214_646_400_000_000_000  # 2262


def to_nanoseconds(
    values: NDArray[np.int64],
    unit: str,
    name: str,
    place: Callable[[int], str],
    missing: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Turn times into nanoseconds since 1970.

    Parameters
    ----------
    values : int64[n]
    unit : {"s", "ms", "us", "ns"}
        Of `values`.
    name : str
        Of their column.
    place : callable
        Names the source's place of a row, for errors.
    missing : bool[n], optional
        Which are no times; 0 comes out for them.

    Raises
    ------
    DataError
        A time before 1971 or after 2261, which is one in another unit.
    """
    factor = NANOSECONDS[unit]
    wrong = (values < FIRST_NS // factor) | (values > LAST_NS // factor)
    if missing is not None:
        wrong &= ~missing
    if wrong.any():
        at = int(np.argmax(wrong))
        raise wrong_unit(int(values[at]), unit, name, place(at))
    return values * factor if missing is None else np.where(missing, 0, values) * factor


def wrong_unit(value: int, unit: str, name: str, place: str) -> DataError:
    """Say that a time is in the wrong unit, and in which it would make sense."""
    sense = [other for other, ns in NANOSECONDS.items() if FIRST_NS <= value * ns <= LAST_NS]
    hint = f" (times in the wrong unit: as {_NAMES[sense[0]]} it makes sense)" if sense else ""
    return DataError(f"{_NAMES[unit]} since 1970, of 1971 to 2261, as {name}", f"{value}{hint}", place)
