"""Spans in which the book is suspect, from the local stops as they pass by."""

import numpy as np

from truefill.core.events import NO_TIME
from truefill.core.tape_records import GAP, STOP_GAP_BEGIN, STOP_GAP_END, STOP_SNAPSHOT


class GapFinder:
    """Turn gap and snapshot stops into spans.

    A gap lasts from its begin to its end mark; without an end mark, to the next snapshot. A begin inside a
    gap begins nothing new; an end mark without a gap ends nothing.
    """

    def __init__(self) -> None:
        self._gaps: list[list[int]] = []
        self._open = False
        self._unmarked = False  # a snapshot ended the last gap, and its end mark may still come

    def see(self, stops: np.ndarray) -> None:
        """Take the next local stops (STOP[])."""
        kinds = stops["kind"]
        interesting = (kinds == STOP_GAP_BEGIN) | (kinds == STOP_GAP_END) | (kinds == STOP_SNAPSHOT)
        for stop in stops[interesting]:
            exch, local, kind = int(stop["qty"]), int(stop["ts"]), int(stop["kind"])
            if kind == STOP_GAP_BEGIN and not self._open:
                self._gaps.append([exch, local, NO_TIME, NO_TIME])
                self._open, self._unmarked = True, False
            elif kind == STOP_GAP_END and (self._open or self._unmarked):
                self._gaps[-1][2:] = exch, local
                self._open = self._unmarked = False
            elif kind == STOP_SNAPSHOT and self._open:
                self._gaps[-1][2:] = exch, local
                self._open, self._unmarked = False, True

    def gaps(self) -> np.ndarray:
        """GAP[]."""
        return np.array([tuple(gap) for gap in self._gaps], GAP)
