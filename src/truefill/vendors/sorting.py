"""Rows of a file that are not in order, put in order in bounded memory: sorted runs on disk, then merged."""

import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

RUN_ROWS = 1 << 20  # sorted at once in memory; the merge holds as many again


def sorted_rows(
    blocks: Iterable[NDArray[np.int64]], column: int, run_rows: int = RUN_ROWS
) -> Iterator[NDArray[np.int64]]:
    """Give the same rows in the order of one column; rows of equal keys may change places.

    Parameters
    ----------
    blocks : iterable of int64[n, columns]
    column : int
        The key.
    run_rows : int
        Rows that are sorted at a time.

    Yields
    ------
    int64[m, columns]
    """
    with tempfile.TemporaryFile(prefix="truefill-sort-") as file:
        runs, columns = _write_runs(blocks, column, run_rows, file)
        if not runs:
            return
        yield from _merge(file, runs, columns, column, max(run_rows // len(runs), 1))


def _write_runs(
    blocks: Iterable[NDArray[np.int64]], column: int, run_rows: int, file: IO[bytes]
) -> tuple[list[tuple[int, int]], int]:
    """Write sorted runs one after the other; first row and end of each, and how many columns there are."""
    runs: list[tuple[int, int]] = []
    waiting: list[NDArray[np.int64]] = []
    rows = written = columns = 0

    def write() -> None:
        nonlocal waiting, rows, written
        run = np.concatenate(waiting)
        file.write(np.ascontiguousarray(run[np.argsort(run[:, column], kind="stable")]).tobytes())
        runs.append((written, written + rows))
        written += rows
        waiting, rows = [], 0

    for block in blocks:
        columns = block.shape[1]
        waiting.append(block)
        rows += len(block)
        if rows >= run_rows:
            write()
    if rows:
        write()
    return runs, columns


def _merge(
    file: IO[bytes], runs: list[tuple[int, int]], columns: int, column: int, step: int
) -> Iterator[NDArray[np.int64]]:
    """Give all rows up to the least last key of what is in memory of each run, and read on."""
    at = [first for first, _ in runs]
    held: list[NDArray[np.int64]] = [np.zeros((0, columns), np.int64) for _ in runs]
    while True:
        for i, (_, end) in enumerate(runs):
            if not len(held[i]) and at[i] < end:
                count = min(step, end - at[i])
                file.seek(at[i] * columns * 8)
                data = file.read(count * columns * 8)
                held[i] = np.frombuffer(data, np.int64).reshape(count, columns)
                at[i] += count
        # A run that is not in memory to its end may go on with the key that it broke off at.
        limits = [rows[-1, column] for i, rows in enumerate(held) if at[i] < runs[i][1]]
        limit = min(limits, default=None)
        ready = []
        for i, rows in enumerate(held):
            end = len(rows) if limit is None else int(np.searchsorted(rows[:, column], limit, "right"))
            ready.append(rows[:end])
            held[i] = rows[end:]
        together = np.concatenate(ready)
        if not len(together):
            return
        yield together[np.argsort(together[:, column], kind="stable")]
