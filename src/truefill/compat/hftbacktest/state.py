"""HftBacktest's ``state`` module: running totals of an asset."""

from typing import Any

import numpy as np

from truefill.compat.hftbacktest.replaced import missing
from truefill.core.address import array_view
from truefill.core.records import STATE

_states_at = array_view(STATE)


class StateValues:
    """Position, balance, fee, num_trades, trading_volume, trading_value; they alias the live state.

    Parameters
    ----------
    arr : state_values_dtype[1]
    """

    __slots__ = ("_p", "arr")

    def __init__(self, arr: np.ndarray) -> None:
        self.arr = arr
        self._p = int(arr.ctypes.data)

    @classmethod
    def at(cls, address: int) -> "StateValues":
        """The totals at an address."""
        return cls(_states_at(address, 1).view(np.recarray))

    def __getattr__(self, name: str) -> Any:
        if name in (STATE.names or ()):
            return self.arr[0][name]
        raise AttributeError(f"state values have no {name}; they have {', '.join(STATE.names or ())} and arr")


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
