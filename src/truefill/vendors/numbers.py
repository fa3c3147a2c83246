"""Decimal numbers of JSON messages, exactly, in whole units of a decimal place."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truefill.core.decimals import POWERS_I8, parse_decimals
from truefill.core.errors import DataError


def whole_units(
    texts: Sequence[bytes], places: int, name: str, path: Path, lines: Sequence[int]
) -> NDArray[np.int64]:
    """Turn decimal texts, quoted or not, into integers of ``10 ** -places``.

    Raises
    ------
    DataError
        Not a decimal number, more places, or too large: with file and line.
    """
    if not texts:
        return np.zeros(0, np.int64)
    plain = [text.strip(b'"') for text in texts]
    try:
        mantissa, exponent = parse_decimals(plain)
    except DataError:
        for text, line in zip(plain, lines, strict=True):
            try:
                parse_decimals([text])
            except DataError as error:
                raise DataError(f"{error.expected} as {name}", error.got, f"{path}:{line}") from None
        raise
    power = exponent.astype(np.int64) + places
    power[mantissa == 0] = 0
    wrong = (power < 0) | (power > 18)
    factor = POWERS_I8[np.where(wrong, 0, power)]
    wrong |= np.abs(mantissa) > (1 << 62) // factor
    if wrong.any():
        at = int(np.argmax(wrong))
        expected = (
            f"at most {places} decimal places" if power[at] < 0 else f"a number below {1 << 62}e-{places}"
        )
        raise DataError(f"{expected} as {name}", plain[at].decode(), f"{path}:{lines[at]}")
    return np.asarray(mantissa * factor)


def steady(times: NDArray[np.int64], last: int) -> tuple[NDArray[np.int64], int]:
    """Local times that never go back (they stand still instead), and how many did."""
    forward = np.maximum.accumulate(np.concatenate([[last], times]))
    back = int((times < forward[:-1]).sum())
    return forward[1:], back
