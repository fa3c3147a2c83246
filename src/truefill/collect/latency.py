"""How long messages took from the exchange to the recorder: quantiles from a bounded, even sample."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truefill.core.events import DEPTH, EXCH, KIND_MASK, LOCAL, TRADE

_MOST_KEPT = 1 << 16


@dataclass(frozen=True, slots=True)
class Latency:
    """Local minus exchange time of depth and trade messages, ns, as recorded (before any correction)."""

    minimum: int
    median: int
    p99: int
    maximum: int
    messages: int


class LatencySample:
    """Collect latencies; when there are too many, forget every second one and take half as many."""

    def __init__(self) -> None:
        self._kept: list[NDArray[np.int64]] = []
        self._count = 0  # in `_kept`
        self._every = 1
        self._seen = 0
        self._minimum = np.iinfo(np.int64).max
        self._maximum = np.iinfo(np.int64).min

    def add(self, rows: NDArray[np.void]) -> None:
        """Look at event rows: one latency for each message, not for each of its levels.

        Parameters
        ----------
        rows : DECIMAL_EVENT[n] or EVENT[n]
            Rows of kinds other than DEPTH and TRADE, and repeated ones, are passed over.
        """
        kind = rows["ev"] & KIND_MASK
        plain = (rows["ev"] & EXCH != 0) & (rows["ev"] & LOCAL != 0)
        rows = rows[plain & ((kind == DEPTH) | (kind == TRADE))]
        if not len(rows):
            return
        new = np.ones(len(rows), bool)
        new[1:] = (np.diff(rows["local_ts"]) != 0) | (np.diff(rows["exch_ts"]) != 0)
        latency = (rows["local_ts"] - rows["exch_ts"])[new]
        self._minimum = min(self._minimum, int(latency.min()))
        self._maximum = max(self._maximum, int(latency.max()))
        chosen = latency[(-self._seen) % self._every :: self._every]
        self._seen += len(latency)
        self._kept.append(chosen)
        self._count += len(chosen)
        if self._count > _MOST_KEPT:
            thinned = np.concatenate(self._kept)[::2]
            self._kept, self._count = [thinned], len(thinned)
            self._every *= 2

    def result(self) -> Latency | None:
        """Quantiles of what was seen; None if nothing was."""
        if not self._seen:
            return None
        kept = np.concatenate(self._kept)
        median, p99 = np.quantile(kept, [0.5, 0.99], method="nearest")
        return Latency(self._minimum, int(median), int(p99), self._maximum, self._seen)
