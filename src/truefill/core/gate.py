"""The gate: what a caller gave, checked once, and turned into the plain value that the inside trusts.

Whole numbers are Python's, NumPy's and whatever has ``__index__``; a float or a text is none, however whole
it looks. Real numbers are those (but no truth values), floats, fractions and decimals; a text is none.
Each function raises the error class that it is given, with what was expected, what came, and where.
"""

import numbers
import operator
from decimal import Decimal
from typing import Any

import numpy as np

from truefill.core.errors import InputError, shown

_REAL = (numbers.Real, Decimal)


def whole(
    value: Any,
    expected: str,
    low: int,
    high: int,
    error: type[InputError],
    where: str = "",
) -> int:
    """Give a whole number from `low` to `high`, or raise `error`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise refusal(error, expected, value, where) from None
    if not low <= number <= high:
        raise refusal(error, expected, number, where)
    return number


def real(value: Any, expected: str, error: type[InputError], where: str = "") -> float:
    """Give a number as a float (which may be infinite or NaN), or raise `error`."""
    if type(value) is float:
        return value
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not isinstance(value, _REAL) or isinstance(value, bool | np.timedelta64):
        raise refusal(error, expected, value, where)
    try:
        return float(value)
    except (OverflowError, ValueError):  # 10**400, a signalling NaN
        raise refusal(error, expected, value, where) from None


def truth(value: Any, expected: str, error: type[InputError], where: str = "") -> bool:
    """Give True or False (also of 0 and 1, or any whole number), or raise `error`."""
    if value is True or value is False:
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    try:
        return operator.index(value) != 0
    except TypeError:
        raise refusal(error, expected, value, where) from None


def text(value: Any, expected: str, error: type[InputError], where: str = "") -> str:
    """Give a text that can be written to a file, or raise `error`."""
    if not isinstance(value, str):
        raise refusal(error, expected, value, where)
    if any("\ud800" <= letter <= "\udfff" for letter in value):  # half a character: no encoding has it
        raise refusal(error, f"{expected} that UTF-8 can hold", ascii(value), where)
    return str(value)


def refusal(error: type[InputError], expected: str, value: Any, where: str = "") -> InputError:
    """The error about a value; BotError has no place for a `where`."""
    return error(expected, shown(value), where) if where else error(expected, shown(value))
