"""Some rows of a table of any columns: what `mapped` makes events of, wherever they come from."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from truefill.core.decimals import POWERS_I8
from truefill.core.errors import DataError
from truefill.vendors import table_kernels as k
from truefill.vendors.decimals import Decimals
from truefill.vendors.epochs import PER_SECOND, epoch_ns

_TRUE = ("true", "True", "TRUE", "1")


class Rows(Protocol):
    """Some consecutive rows. A missing time is 0, a missing number NO_NUMBER."""

    lines: NDArray[np.int64]
    names: list[str]  # of all columns

    def place(self, at: int, name: str) -> str:
        """Name the place of a row and column."""
        ...

    def times(self, name: str, unit: str) -> NDArray[np.int64]:
        """Nanoseconds since 1970."""
        ...

    def numbers(self, name: str) -> Decimals:
        """Give exact numbers."""
        ...

    def codes(self, name: str, codes: dict[str, int]) -> NDArray[np.int64]:
        """What each word stands for."""
        ...

    def ids(self, name: str) -> NDArray[np.uint64]:
        """Whole numbers; 0 where there is none."""
        ...

    def equal(self, name: str, text: str | None) -> tuple[NDArray[np.bool_], str]:
        """Which rows have a text (None: that of the first row), and that text."""
        ...

    def lists(self, name: str) -> tuple[Decimals, NDArray[np.int64]]:
        """All numbers of a column of lists, and how many each row has."""
        ...

    def part(self, keep: NDArray[np.bool_]) -> "Rows":
        """Some of the rows."""
        ...


class Wanted(NamedTuple):
    """A column that a mapping names: under which key, and what for."""

    name: str
    key: str
    use: str  # time:unit, number, word, id, list


def decimal_times(
    numbers: Decimals, unit: str, name: str, place: Callable[[int, str], str]
) -> NDArray[np.int64]:
    """Nanoseconds of times in a unit, with or without a fraction; missing ones and 0 are 0.

    Raises
    ------
    DataError
        Times in another unit.
    """
    missing = (numbers.mantissa == k.NO_NUMBER) | (numbers.mantissa == 0)
    mantissa = np.where(missing, 0, numbers.mantissa)
    whole = mantissa.astype(np.float64) * np.power(10.0, np.where(missing, 0, numbers.exponent))
    cut = np.clip(whole, -9e18, 9e18).astype(np.int64)
    epoch_ns(cut, (unit,), name, lambda at: place(at, name), missing)  # refuses other units
    factor = 10**9 // PER_SECOND[unit]
    power = np.where(missing, 0, numbers.exponent + len(str(factor)) - 1)
    up = POWERS_I8[np.clip(power, 0, 18)]
    return np.asarray(mantissa * up // POWERS_I8[np.clip(-power, 0, 18)])


def truth(rows: Rows, name: str) -> NDArray[np.bool_]:
    """Rows where a column says true."""
    codes = {**dict.fromkeys(_TRUE, 1), **dict.fromkeys(("false", "False", "FALSE", "0", ""), 0)}
    return np.asarray(rows.codes(name, codes) == 1)


def unknown(word: str, codes: dict[str, int], place: str) -> DataError:
    """Say which words a column may have."""
    known = ", ".join(repr(code) for code in list(codes)[:12])
    return DataError(f"one of {known}", repr(word), place)
