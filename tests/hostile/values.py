"""Values that nobody should pass, and some that anybody may."""

import math
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

WIDTHS = (
    *(np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64),
    *(np.float16, np.float32, np.float64, np.longdouble, np.bool_, np.complex64, np.complex128),
)


class OwnError(Exception):
    """What an argument raises by itself: passes through."""


class Stubborn:
    """Is a number until somebody asks which."""

    def __index__(self) -> int:
        raise OwnError

    def __float__(self) -> float:
        raise OwnError

    def __bool__(self) -> bool:
        raise OwnError


class Nameless:
    """Cannot be shown, not even in an error message."""

    def __repr__(self) -> str:
        raise OwnError


def _nothing(*arguments: Any) -> int:
    return 0


INTEGERS = (
    *(0, 1, -1, 2, 3, 7, 255, 256, -(2**31), 2**31, 2**32, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64),
    *(-(2**63), -(2**63) - 1, 10**30, -(10**30), 10**400, 10**5000, True, False),
)
FLOATS = (
    *(0.0, -0.0, 0.5, 1.5, 1e-300, 1e300, -1e300, math.nan, math.inf, -math.inf, 1e18, 9.3e18, 2.0**63),
    *(Decimal("NaN"), Decimal("sNaN"), Decimal("1.5"), Decimal("1e400"), Fraction(1, 3)),
)
OTHERS = (
    *(
        None,
        "",
        "0",
        "abc",
        "1.5",
        "\0",
        "\ud800",
        b"x",
        (),
        (1,),
        [],
        [1],
        {},
        set(),
        range(3),
        object(),
        1j,
    ),
    *(Stubborn(), Nameless(), _nothing, int, type, np, Ellipsis, NotImplemented, slice(1)),
)
SCALARS = (
    *(width(1) for width in WIDTHS),
    *(np.int64(-(2**63)), np.uint64(2**64 - 1), np.int8(-128), np.float32("nan"), np.float64("inf")),
    *(np.datetime64(5, "ns"), np.datetime64("NaT"), np.timedelta64(5, "ns"), np.str_("a"), np.void(b"abc")),
)
ARRAYS = (
    *(np.array(1), np.array(1.5), np.array([1]), np.array([1, 2]), np.zeros((2, 2)), np.array([])),
    *(np.array("a"), np.array([None]), np.array([1], ">i8"), np.arange(6)[::2], np.ma.masked),
)
VALUES: tuple[Any, ...] = (*INTEGERS, *FLOATS, *OTHERS, *SCALARS, *ARRAYS)


def any_value(rng: random.Random) -> Any:
    """One of them."""
    return rng.choice(VALUES)


def name_of(value: Any) -> str:
    """A short text for a report, whatever the value."""
    try:
        return repr(value)[:60]
    except Exception:
        return f"a {type(value).__name__}"
