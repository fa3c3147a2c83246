"""Several sources of events into one, in the order of arrival, with a chunk of each in memory.

Of many days only those are open that arrive at the time: a source that can begin anew and whose first rows
are of a later time is closed again until that time has come.
"""

from collections.abc import Callable, Generator, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Chunk = tuple[np.ndarray, NDArray[np.int64]]
"""Events, and the line of its file that each comes from."""

Source = Iterator[Chunk] | Callable[[], Iterator[Chunk]]
"""Chunks in their order of arrival, or what begins to read them, each time anew."""

_LATEST = np.iinfo(np.int64).max


class _Source:
    """One source, with what was read of it and is not out yet."""

    def __init__(self, source: Source) -> None:
        self._begin = source if callable(source) else None
        self._chunks: Iterator[Chunk] = source() if callable(source) else source
        self._waits = False
        self._forget()
        self.reach = 0  # all later rows arrive at this time or after it, if the source is in order
        self.more()

    def _forget(self) -> None:
        self.rows: np.ndarray | None = None
        self.lines: NDArray[np.int64] = np.zeros(0, np.int64)

    def wait(self, until: int) -> None:
        """Close it if it can begin anew and has nothing that arrives up to `until`."""
        if self._begin is None or self.rows is None:
            return
        first = int(self.rows["local_ts"].min())
        if first <= until:
            return
        self.reach = first
        if isinstance(self._chunks, Generator):
            self._chunks.close()
        self._chunks = iter(())
        self._forget()
        self._waits = True

    def more(self) -> None:
        """Read the next chunk that has rows; at the end, reach to the end of time."""
        if self._waits and self._begin is not None:
            self._chunks, self._waits = self._begin(), False
        for rows, lines in self._chunks:
            if len(rows):
                if self.rows is not None and len(self.rows):
                    self.rows = np.concatenate([self.rows, rows])
                    self.lines = np.concatenate([self.lines, lines])
                else:
                    self.rows, self.lines = rows, lines
                self.reach = int(rows["local_ts"][-1])
                return
        self.reach = _LATEST

    def take(self, until: int) -> list[Chunk]:
        """Rows that arrive before `until`, or up to the last that does, and forget them."""
        if self.rows is None:
            return []
        early = np.flatnonzero(self.rows["local_ts"] < until) if until < _LATEST else [len(self.rows) - 1]
        size = int(early[-1]) + 1 if len(early) else 0
        if not size:
            return []
        taken = self.rows[:size], self.lines[:size]
        self.rows, self.lines = self.rows[size:], self.lines[size:]
        if not len(self.rows):
            self._forget()  # else what is left of nothing keeps the chunk in memory
        return [taken]


def merged(sources: Sequence[Source]) -> Iterator[Chunk]:
    """Chunks of all sources, in the order of local time; at equal times, in the order of the sources.

    A source whose own times step back stays as it is: its later rows come late.

    Parameters
    ----------
    sources : iterators of Chunk, or callables that give one
        Each in its order of arrival.
    """
    if len(sources) == 1:
        yield from sources[0]() if callable(sources[0]) else sources[0]
        return
    open_: list[_Source] = []
    for each in sources:
        open_.append(_Source(each))
        first = min(source.reach for source in open_)
        for source in open_:
            source.wait(first)
    while open_:
        until = min(source.reach for source in open_)
        parts = [chunk for source in open_ for chunk in source.take(until)]
        if parts:
            rows = np.concatenate([part[0] for part in parts])
            lines = np.concatenate([part[1] for part in parts])
            order = np.argsort(rows["local_ts"], kind="stable")
            yield rows.take(order), lines[order]
        if until == _LATEST:
            return
        for source in open_:
            if source.reach == until:
                source.more()
