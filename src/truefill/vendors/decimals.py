"""Numbers of a historical file, each an integer with its own power of ten, brought to one power."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truefill.core.decimals import POWERS_I8
from truefill.core.errors import DataError
from truefill.vendors.table import TableBlock
from truefill.vendors.table_kernels import NO_NUMBER

_MOST = 18  # powers of ten that an int64 has room for


class Decimals(NamedTuple):
    """Numbers ``mantissa * 10 ** exponent``; of one that is missing, the mantissa is NO_NUMBER."""

    mantissa: NDArray[np.int64]
    exponent: NDArray[np.int32]

    def part(self, rows: "slice | NDArray[np.bool_] | NDArray[np.int64]") -> "Decimals":
        """Some of them."""
        return Decimals(self.mantissa[rows], self.exponent[rows])

    def finest(self) -> int | None:
        """Give the smallest power of ten of a number that is there and not 0."""
        used = (self.mantissa != NO_NUMBER) & (self.mantissa != 0)
        return int(self.exponent[used].min()) if used.any() else None


def column(block: TableBlock, name: str) -> Decimals:
    """Give a DECIMAL column of a table."""
    return Decimals(block.columns[name], block.exps[name])


def whole(numbers: Decimals, exponent: int, name: str, place: Callable[[int], str]) -> NDArray[np.int64]:
    """Give numbers in whole units of ``10 ** exponent``; what is missing becomes 0.

    Parameters
    ----------
    numbers : Decimals
        None of them finer than that.
    exponent : int
    name : str
        What they are.
    place : callable
        Names the source's place of a row, for errors.

    Raises
    ------
    DataError
        One does not fit into 63 bits.
    """
    mantissa = np.where(numbers.mantissa == NO_NUMBER, 0, numbers.mantissa)
    power = np.where(mantissa == 0, 0, numbers.exponent - exponent)
    factor = POWERS_I8[np.clip(power, 0, _MOST)]
    large = (power > _MOST) | (np.abs(mantissa) > (1 << 62) // factor)
    if large.any():
        at = int(np.argmax(large))
        got = f"{mantissa[at]}e{numbers.exponent[at]} beside numbers in units of 1e{exponent}"
        raise DataError(f"numbers as {name} that together fit into 63 bits", got, place(at))
    return np.asarray(mantissa * factor)
