"""Rows of depth of which some are marked as a snapshot: runs of those become a clear and a snapshot."""

import numpy as np
from numpy.typing import NDArray

from truefill.core.events import DEPTH, DEPTH_CLEAR, DEPTH_SNAPSHOT
from truefill.vendors.decimals import Decimals
from truefill.vendors.rows import Times, filled

SNAPSHOT_MODES = ("process", "ignore_sod", "ignore")


class SnapshotRuns:
    """Events of levels, in files of which each may begin with a snapshot.

    Parameters
    ----------
    mode : {"process", "ignore_sod", "ignore"}
        All snapshots become events; all but those with which a file begins; none.
    """

    def __init__(self, mode: str = "process") -> None:
        self._mode = mode
        self._before = False  # whether the last row was of a snapshot
        self._begun = False  # whether the file had a row that was not
        self.snapshots = 0

    def new_file(self) -> None:
        """Begin a file: its first snapshot is one of its own."""
        self._before = self._begun = False

    def events(
        self, snapshot: NDArray[np.bool_], side: NDArray[np.uint64], times: Times, px: Decimals, qty: Decimals
    ) -> tuple[np.ndarray, NDArray[np.int64]]:
        """Events of some rows, and the row of each. `side` is BUY or SELL."""
        n = len(snapshot)
        begun = np.logical_or.accumulate(~snapshot) | self._begun
        keep: NDArray[np.bool_] = np.ones(n, np.bool_)
        if self._mode != "process":
            keep = ~snapshot | (begun & (self._mode == "ignore_sod"))
        first = snapshot & ~np.concatenate([[self._before], snapshot[:-1]]) & keep
        if n:
            self._before, self._begun = bool(snapshot[-1]), bool(begun[-1])
        self.snapshots += int(first.sum())
        kind = side | np.where(snapshot, DEPTH_SNAPSHOT, DEPTH).astype(np.uint64)
        rows = filled(kind, times, px, qty)
        if keep.all() and not first.any():
            return rows, np.arange(n)
        # Each row that begins a snapshot stands twice, and the first of the two is the clear.
        source = np.repeat(np.arange(n), keep + first.astype(np.int64))
        out = rows[source]
        clears = np.searchsorted(source, np.flatnonzero(first))
        if len(clears):
            out[clears] = filled(DEPTH_CLEAR, times.part(source[clears]))
        return out, source
