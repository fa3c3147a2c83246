"""Databento's MBO records in columns, as both its forms give them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNDEFINED_PRICE = np.iinfo(np.int64).max
UNDEFINED_TIME = -1  # 2**64 - 1 as int64


@dataclass(frozen=True, slots=True)
class Records:
    """Some consecutive records of the wanted instrument. Columns of int64."""

    ts_recv: NDArray[np.int64]
    ts_event: NDArray[np.int64]
    action: NDArray[np.int64]  # a letter
    side: NDArray[np.int64]  # a letter
    price: NDArray[np.int64]  # in 1e-9
    size: NDArray[np.int64]
    order_id: NDArray[np.int64]
    flags: NDArray[np.int64]
    sequence: NDArray[np.int64]
    lines: NDArray[np.int64]  # line of the CSV, or number of the record, from 1
    instrument: NDArray[np.int64] | None = None  # instrument_id, where there is one

    def only(self, mask: NDArray[np.bool_]) -> "Records":
        """Give those records for which the mask is true."""
        columns: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        chosen: dict[str, Any] = {name: None if c is None else c[mask] for name, c in columns.items()}
        return Records(**chosen)

    def instruments(self) -> set[int | str]:
        """Which instruments they are of."""
        return set() if self.instrument is None else set(np.unique(self.instrument).tolist())
