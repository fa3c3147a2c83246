"""Arguments as HftBacktest's compiled face takes them: numbers become the C type, a float is cut."""

from typing import Any

import numpy as np

_ID_MASK = (1 << 64) - 1


def order_id_of(value: Any) -> Any:
    """An order id as uint64; a negative one wraps around, as in C."""
    return np.uint64(int(value) & _ID_MASK)


def duration_of(value: Any) -> int:
    """A duration in whole ns."""
    return int(value)
