"""What all of HftBacktest's converters end with: the clock, the two orders of events, the file."""

import os
from collections.abc import Iterable

import numpy as np

from truefill.compat.hftbacktest.data.validation import correct_event_order, correct_local_timestamp
from truefill.compat.hftbacktest.files import save_arrays
from truefill.core.events import EVENT, EXCH, LOCAL


def finish(
    parts: Iterable[np.ndarray], base_latency: float, output_filename: str | os.PathLike[str] | None
) -> np.ndarray:
    """Events in both orders, written to a file if one is named.

    Parameters
    ----------
    parts : iterable of EVENT[]
        In the order in which they were read.
    base_latency : float
        ns; see `correct_local_timestamp`.
    output_filename : path or None
        A ``.npz`` file to write the events to.
    """
    rows = np.concatenate([np.zeros(0, EVENT), *parts])
    rows["ev"] &= ~np.uint64(EXCH | LOCAL)
    correct_local_timestamp(rows, base_latency)
    by_exch, by_local = (np.argsort(rows[name], kind="stable") for name in ("exch_ts", "local_ts"))
    data = correct_event_order(rows, by_exch, by_local)
    if output_filename is not None:
        save_arrays(output_filename, {"data": data})
    return data
