"""Several sources of events into one, in the order of arrival, with a chunk of each in memory."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Chunk = tuple[np.ndarray, NDArray[np.int64]]
"""Events, and the line of its file that each comes from."""

_LATEST = np.iinfo(np.int64).max


class _Source:
    """One source, with what was read of it and is not out yet."""

    def __init__(self, chunks: Iterator[Chunk]) -> None:
        self._chunks = chunks
        self.rows: np.ndarray | None = None
        self.lines: NDArray[np.int64] = np.zeros(0, np.int64)
        self.reach = 0  # all later rows arrive at this time or after it, if the source is in order
        self.more()

    def more(self) -> None:
        """Read the next chunk that has rows; at the end, reach to the end of time."""
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
        return [taken]


def merged(sources: Sequence[Iterator[Chunk]]) -> Iterator[Chunk]:
    """Chunks of all sources, in the order of local time; at equal times, in the order of the sources.

    A source whose own times step back stays as it is: its later rows come late.

    Parameters
    ----------
    sources : iterators of Chunk
        Each in its order of arrival.
    """
    if len(sources) == 1:
        yield from sources[0]
        return
    open_ = [_Source(chunks) for chunks in sources]
    while open_:
        until = min(source.reach for source in open_)
        parts = [chunk for source in open_ for chunk in source.take(until)]
        if parts:
            rows = np.concatenate([part[0] for part in parts])
            lines = np.concatenate([part[1] for part in parts])
            order = np.argsort(rows["local_ts"], kind="stable")
            yield rows[order], lines[order]
        if until == _LATEST:
            return
        for source in open_:
            if source.reach == until:
                source.more()
