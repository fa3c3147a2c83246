"""Decimal numbers, exactly: text or float to (mantissa, exponent), never through a rounded float.

A decimal is two integers, ``mantissa * 10 ** exponent``. Venues write prices and quantities as text; a
file that already holds floats is read by the shortest text that gives the same float, which is what the
venue wrote unless it had more than 15 digits.
"""

from collections.abc import Iterable

import numpy as np

from truefill.core.errors import DataError, shown
from truefill.core.gate import real
from truefill.core.jit import entry, helper

MAX_MANTISSA = np.iinfo(np.int64).max
MAX_EXPONENT = 99_999  # of a number as written; far above anything that can be used
_EXACT_DIGITS = 10**15  # every decimal with up to 15 digits survives a trip through float64
_MAX_EXACT_POWER = 22  # 10 ** 22 is the last power of ten that float64 holds exactly

# Results of `_parse`.
_FINE, _NOT_A_NUMBER, _TOO_LONG, _TOO_MANY = 0, 1, 2, 3

POWERS_I8 = np.array([10**k for k in range(19)], np.int64)
POWERS_F8 = np.array([10.0**k for k in range(_MAX_EXACT_POWER + 1)], np.float64)


@entry
def _parse(text, separator, mantissa, exponent, where):
    """Parse the decimals of `text` (uint8); their count, with a status and the first bad one in `where`."""
    count = 0
    n = len(text)
    i = 0
    where[0] = _FINE
    while i <= n:
        where[1] = count
        if count >= len(mantissa):
            where[0] = _TOO_MANY
            return count
        negative = False
        if i < n and (text[i] == 45 or text[i] == 43):  # - +
            negative = text[i] == 45
            i += 1
        value = np.int64(0)
        scale = 0
        zeros = 0  # trailing zeros not yet multiplied in, so that 1.000000000000000000000 fits
        digits = 0
        point = False
        while i < n:
            c = text[i]
            if 48 <= c <= 57:
                digits += 1
                if point:
                    scale -= 1
                if c == 48:
                    if value != 0:
                        zeros += 1
                else:
                    while zeros >= 0:  # once for each kept zero, and once for this digit
                        if value > MAX_MANTISSA // 10:
                            where[0] = _TOO_LONG
                            return count
                        value *= 10
                        zeros -= 1
                    zeros = 0
                    digit = np.int64(c) - 48
                    if value > MAX_MANTISSA - digit:
                        where[0] = _TOO_LONG
                        return count
                    value += digit
            elif c == 46 and not point:
                point = True
            else:
                break
            i += 1
        if digits == 0:
            where[0] = _NOT_A_NUMBER
            return count
        power = 0
        if i < n and (text[i] == 101 or text[i] == 69):  # e E
            i += 1
            down = False
            if i < n and (text[i] == 45 or text[i] == 43):
                down = text[i] == 45
                i += 1
            digits = 0
            while i < n and 48 <= text[i] <= 57:
                digits += 1
                if power <= MAX_EXPONENT:
                    power = power * 10 + (np.int64(text[i]) - 48)
                i += 1
            if digits == 0:
                where[0] = _NOT_A_NUMBER
                return count
            if power > MAX_EXPONENT and value != 0:
                where[0] = _TOO_LONG
                return count
            if down:
                power = -power
        if i < n and text[i] != separator:
            where[0] = _NOT_A_NUMBER
            return count
        i += 1
        if value == 0:
            mantissa[count] = 0
            exponent[count] = 0
        else:
            mantissa[count] = -value if negative else value
            exponent[count] = scale + zeros + power
        count += 1
    return count


def parse_decimals(
    text: bytes | str | Iterable[str] | Iterable[bytes], separator: str = ","
) -> tuple[np.ndarray, np.ndarray]:
    """Parse decimal numbers, exactly.

    Parameters
    ----------
    text : bytes, str, or iterable of str or bytes
        The numbers, joined by `separator`, or one by one. Signs, leading and trailing zeros and exponents
        (``1.5e-7``) are allowed; spaces, ``inf`` and ``nan`` are not.
    separator : str
        One character.

    Returns
    -------
    mantissa : ndarray of int64
        Without trailing zeros; 0 for zero.
    exponent : ndarray of int32
        Powers of ten: ``58710.20`` is 587102 and -1, ``1000`` is 1 and 3.

    Raises
    ------
    DataError
        Something is not a decimal number, or its digits do not fit into 63 bits.

    Examples
    --------
    >>> parse_decimals("58710.20,0.014")
    (array([587102,     14]), array([-1, -3], dtype=int32))
    """
    if isinstance(text, str):
        joined = text.encode()
    elif isinstance(text, (bytes, bytearray, memoryview)):
        joined = bytes(text)
    else:
        parts = [part.encode() if isinstance(part, str) else bytes(part) for part in text]
        joined = separator.encode().join(parts)
        if not parts:
            joined = b""
        elif joined.count(separator.encode()) != len(parts) - 1:
            bad = next(i for i, part in enumerate(parts) if separator.encode() in part)
            raise DataError("a decimal number", repr(parts[bad].decode(errors="replace")), f"number {bad}")
        if parts and not joined:
            raise DataError("a decimal number", "''", "number 0")
    if not joined:
        return np.empty(0, np.int64), np.empty(0, np.int32)
    mark = separator.encode()
    if len(mark) != 1:
        raise DataError("a separator of one character", repr(separator))
    size = joined.count(mark) + 1
    mantissa = np.empty(size, np.int64)
    exponent = np.empty(size, np.int32)
    where = np.zeros(2, np.int64)
    _parse(np.frombuffer(joined, np.uint8), mark[0], mantissa, exponent, where)
    if where[0] != _FINE:
        bad = int(where[1])
        shown = repr(joined.split(mark)[bad].decode(errors="replace"))
        expected = (
            "a decimal number" if where[0] == _NOT_A_NUMBER else "a number whose digits fit into 63 bits"
        )
        raise DataError(expected, shown, f"number {bad}")
    return mantissa, exponent


def parse_decimal(text: str | bytes) -> tuple[int, int]:
    """Parse one decimal number, exactly: its mantissa and power of ten."""
    mantissa, exponent = parse_decimals([text] if isinstance(text, str) else [bytes(text)])  # type: ignore[list-item]
    return int(mantissa[0]), int(exponent[0])


@entry
def _floats(values, mantissa, exponent, places):
    """Decimals of `values` where 15 digits are enough; index of the first for which they are not, or -1.

    `places` (int64[2]): the number of decimal places that fitted last, and where to start.
    """
    k = places[0]
    for i in range(places[1], len(values)):
        x = values[i]
        if abs(x) >= _EXACT_DIGITS:
            places[1] = i
            return i
        m = np.rint(x * POWERS_F8[k])
        while m / POWERS_F8[k] != x and k < _MAX_EXACT_POWER and abs(m) < _EXACT_DIGITS:
            k += 1
            m = np.rint(x * POWERS_F8[k])
        if abs(m) < _EXACT_DIGITS and m / POWERS_F8[k] == x:
            mantissa[i] = np.int64(m)
            exponent[i] = -k
            places[0] = k
        else:
            places[1] = i
            return i
    return -1


def float_decimals(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn floats into decimals: of each, the shortest decimal that is read back as the same float.

    Parameters
    ----------
    values : ndarray of float64
        Any shape that is one row; all finite.

    Returns
    -------
    mantissa : ndarray of int64
        May have trailing zeros.
    exponent : ndarray of int32

    Raises
    ------
    DataError
        A value is NaN or infinite.

    Examples
    --------
    >>> float_decimals(np.array([0.1, 58710.2]))
    (array([     1, 587102]), array([-1, -1], dtype=int32))
    """
    values = np.ascontiguousarray(values, np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        bad = int(np.argmin(finite))
        raise DataError("finite numbers", float(values[bad]), f"number {bad}")
    mantissa = np.zeros(len(values), np.int64)
    exponent = np.zeros(len(values), np.int32)
    places = np.zeros(2, np.int64)
    while (i := int(_floats(values, mantissa, exponent, places))) >= 0:
        # At 15 digits and fewer the fast way is exact; past that, Python's shortest repr decides.
        mantissa[i], exponent[i] = parse_decimal(repr(float(values[i])))
        places[0] = 0
        places[1] = i + 1
    return mantissa, exponent


@helper
def power_of_ten(k):
    """10 ** k as int64, for k in 0..18."""
    return POWERS_I8[k]


def to_float(mantissa: int, exponent: int) -> float:
    """Nearest float of ``mantissa * 10 ** exponent``."""
    return float(f"{mantissa}e{exponent}")


def nearest_floats(mantissa: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """Nearest floats of many decimals, ``mantissa * 10 ** exponent`` each."""
    exact = (np.abs(mantissa) < 1 << 53) & (np.abs(exponent) <= 22)  # both factors exact: one rounding
    power = np.power(10.0, np.where(exact, np.abs(exponent), 0))
    values = np.where(exponent < 0, mantissa / power, mantissa * power)
    for i in np.flatnonzero(~exact):
        values[i] = to_float(int(mantissa[i]), int(exponent[i]))
    return values


def normal(mantissa: int, exponent: int) -> tuple[int, int]:
    """Give the same decimal without trailing zeros in its mantissa."""
    if mantissa == 0:
        return 0, 0
    while mantissa % 10 == 0:
        mantissa //= 10
        exponent += 1
    return mantissa, exponent


def to_text(mantissa: int, exponent: int) -> str:
    """Plain decimal text without an exponent: ``(587102, -1)`` is ``58710.2``."""
    mantissa, exponent = normal(mantissa, exponent)
    if exponent >= 0:
        return str(mantissa * 10**exponent)
    sign = "-" if mantissa < 0 else ""
    digits = str(abs(mantissa)).rjust(1 - exponent, "0")
    return f"{sign}{digits[:exponent]}.{digits[exponent:]}"


def step_decimal(step: str | float | int, name: str) -> tuple[int, int]:
    """Read a step (tick or lot size) given as text or number; it must be positive."""
    if isinstance(step, (int, float)) and not isinstance(step, bool):
        number = real(step, f"a positive decimal number as {name}", DataError)
        step = str(int(step)) if isinstance(step, int) and abs(number) < 1e18 else repr(number)
    try:
        mantissa, exponent = parse_decimal(str(step))
    except Exception:  # DataError, or the object itself refuses to be a text
        raise DataError(f"a positive decimal number as {name}", shown(step)) from None
    if mantissa <= 0:
        raise DataError(f"a positive {name}", step)
    return mantissa, exponent
