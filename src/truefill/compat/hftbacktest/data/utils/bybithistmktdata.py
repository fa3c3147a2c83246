"""HftBacktest's converter of Bybit's public archive: the book (ob500) and trades."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truefill.compat.hftbacktest.data.utils.finishing import finish
from truefill.compat.hftbacktest.replaced import missing
from truefill.core.events import BUY, DEPTH, DEPTH_CLEAR, DEPTH_SNAPSHOT, EVENT, KIND_MASK, SELL
from truefill.vendors import float_events, read_bybit_archive

__all__ = ["convert"]

Path = str | os.PathLike[str]


def convert(
    depth_filename: Path,
    trades_filename: Path,
    output_filename: Path | None = None,
    buffer_size: int = 100_000_000,
    feed_latency: float = 0,
    base_latency: float = 0,
    depth_has_header: bool | None = None,
    trades_has_header: bool | None = None,
) -> np.ndarray:
    """Convert a book and trades.

    Parameters
    ----------
    depth_filename : path
        ``2024-12-01_XRPUSDT_ob500.data.zip``, or unpacked.
    trades_filename : path
        ``XRPUSDT2024-12-01.csv.gz``, or unpacked.
    output_filename : path, optional
        A ``.npz`` file to write the events to.
    buffer_size : int
        Not needed: memory grows with the data.
    feed_latency : float
        ns, cut to whole ones: what a message takes to the local side.
    base_latency : float
        ns; see `correct_local_timestamp`.
    depth_has_header, trades_has_header : bool, optional
        The files themselves tell.

    Returns
    -------
    EVENT[]
        The book at ``ts``, when the venue sent it, as HftBacktest has it.
    """
    latency = int(feed_latency)
    parts = []
    book = read_bybit_archive(depth_filename)
    for chunk in book:
        rows = float_events(chunk)
        rows["exch_ts"] = rows["local_ts"]  # `ts`, since no latency was asked for
        rows["local_ts"] += latency
        parts.append(_as_theirs(rows, book.lines))
    for chunk in read_bybit_archive(trades_filename, feed_latency_ns=latency):
        rows = float_events(chunk)
        rows["order_id"] = 0
        parts.append(rows)
    return finish(parts, base_latency, output_filename)


def _as_theirs(rows: np.ndarray, lines: NDArray[np.int64]) -> np.ndarray:
    """Asks before bids; a clear of each side of a snapshot, as far as the snapshot goes."""
    kinds = rows["ev"] & np.uint64(KIND_MASK)
    levels = (kinds == DEPTH) | (kinds == DEPTH_SNAPSHOT)  # gaps and clears of everything go
    rows, lines, snapshot = rows[levels], lines[levels], kinds[levels] == DEPTH_SNAPSHOT
    bids = (rows["ev"] & np.uint64(BUY)) != 0
    order = np.lexsort((bids, lines))  # stable
    rows, side, snapshot = rows[order], 2 * lines[order] + bids[order], snapshot[order]
    first = np.flatnonzero(np.diff(side, prepend=-1) != 0)
    last = np.append(first[1:], len(rows)) - 1
    first, last = first[snapshot[first]], last[snapshot[first]]
    clears = rows[last]
    clears["ev"] = np.where(clears["ev"] & np.uint64(BUY), np.uint64(BUY), np.uint64(SELL))
    clears["ev"] |= np.uint64(DEPTH_CLEAR)
    clears["qty"] = 0
    out = np.zeros(len(rows) + len(clears), EVENT)
    at = first + np.arange(len(first))
    others = np.ones(len(out), np.bool_)
    others[at] = False
    out[at], out[others] = clears, rows
    return out


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
