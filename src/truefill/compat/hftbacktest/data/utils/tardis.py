"""HftBacktest's ``data.utils.tardis``: tardis.dev's CSV files to events, in HftBacktest's order of rows.

`truefill.vendors.read_tardis` reads the files. What is different from HftBacktest: a snapshot has all its
rows, whatever the one before had, and is there also when the file ends with it; in `convert_fuse`, ignore_sod
ignores the first snapshot alone; buffers need no size; a row that is not what it has to be is an error with
file, line and column.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from truefill.compat.hftbacktest.data.fuse import FuseMarketDepth
from truefill.compat.hftbacktest.data.validation import (
    correct_event_order,
    correct_local_timestamp,
    validate_event_order,
)
from truefill.compat.hftbacktest.files import save_arrays
from truefill.compat.hftbacktest.replaced import missing
from truefill.core.errors import ConfigError
from truefill.core.events import (
    BUY,
    DEPTH_BBO,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EVENT,
    EXCH,
    KIND_MASK,
    LOCAL,
    SELL,
    TICKER_ASK,
    TICKER_BID,
)
from truefill.vendors import all_events, read_tardis

__all__ = ["convert", "convert_fuse"]

FilePath = str | os.PathLike[str]


def convert(
    input_files: Sequence[FilePath],
    output_filename: FilePath | None = None,
    buffer_size: int = 100_000_000,
    ss_buffer_size: int = 1_000_000,
    base_latency: float = 0,
    snapshot_mode: str = "process",
) -> np.ndarray:
    """Convert trades and incremental books of one instrument.

    Parameters
    ----------
    input_files : sequence of paths
        Trades before the book: of rows with equal times, those of the first file come first.
    output_filename : path, optional
        A ``.npz`` file to write the events to.
    buffer_size, ss_buffer_size : int
        Not needed here.
    base_latency : float
        ns; what the smallest latency becomes when it is below 0.
    snapshot_mode : {"process", "ignore_sod", "ignore"}
        All snapshots; all but those with which a file begins; none.

    Returns
    -------
    EVENT[n]

    Raises
    ------
    DataError
        A file is missing, or not what it has to be: with file, line and column.
    ConfigError
        An unknown mode, or a file of best prices, which `convert_fuse` takes.
    """
    parts = []
    for file in input_files:
        rows = _rows(file, snapshot_mode)
        if np.isin(rows["ev"][:1] & np.uint64(KIND_MASK), (TICKER_BID, TICKER_ASK)).any():
            raise ConfigError("convert_fuse for best prices beside a book", "convert", Path(file))
        parts.append(rows)
    return _finished(parts, base_latency, output_filename)


def convert_fuse(
    trades_filename: FilePath,
    depth_filename: FilePath,
    book_ticker_filename: FilePath,
    tick_size: float,
    lot_size: float,
    output_filename: FilePath | None = None,
    ss_buffer_size: int = 1_000_000,
    base_latency: float = 0,
    snapshot_mode: str = "process",
) -> np.ndarray:
    """Convert trades, and one book out of an incremental book and best prices.

    Parameters
    ----------
    trades_filename, depth_filename, book_ticker_filename : path
    tick_size, lot_size : float
        Steps of price and quantity.
    output_filename : path, optional
        A ``.npz`` file to write the events to.
    ss_buffer_size : int
        Not needed here.
    base_latency : float
        ns; what the smallest latency becomes when it is below 0.
    snapshot_mode : {"process", "ignore_sod", "ignore"}
        Which snapshots become events; all of them change the book.

    Returns
    -------
    EVENT[n]

    Raises
    ------
    DataError, ConfigError
        As `convert`.
    """
    _require_mode(snapshot_mode)
    depth = _rows(depth_filename, "process")
    shown: np.ndarray = np.ones(len(depth), np.bool_)
    snapshot = np.isin(depth["ev"] & np.uint64(KIND_MASK), (DEPTH_CLEAR, DEPTH_SNAPSHOT))
    if snapshot_mode == "ignore":
        shown = ~snapshot
    elif snapshot_mode == "ignore_sod":
        shown = np.logical_or.accumulate(~snapshot)
    best = _rows(book_ticker_filename, "process")
    # Theirs takes the ask first.
    asks = best["ev"] & np.uint64(KIND_MASK) != TICKER_BID
    best["ev"] = DEPTH_BBO | np.where(asks, SELL, BUY)
    order = np.lexsort((~asks, np.cumsum(~asks)))
    best = best[order]
    fusing = FuseMarketDepth(tick_size, lot_size)
    # Of one local time, the book comes before the best prices.
    rows = np.concatenate([depth, best])
    show = np.concatenate([shown, np.ones(len(best), np.bool_)])
    for at in np.argsort(rows["local_ts"], kind="stable").tolist():
        fusing.process_event(rows, at, bool(show[at]))
    return _finished([_rows(trades_filename, "process"), fusing.fused_events], base_latency, output_filename)


def _rows(file: FilePath, snapshot_mode: str) -> np.ndarray:
    """Events of one file, without EXCH and LOCAL."""
    rows = all_events(read_tardis(file, snapshot_mode=snapshot_mode, quotes="ticker"))
    rows["ev"] &= ~np.uint64(EXCH | LOCAL)
    rows["order_id"] = 0
    return np.concatenate([np.zeros(0, EVENT), *_as_theirs(rows)])


def _as_theirs(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Snapshots as HftBacktest writes them: of bids, then of asks, each after a clear of its range."""
    kind = rows["ev"] & np.uint64(KIND_MASK)
    done = 0
    for start in np.flatnonzero(kind == DEPTH_CLEAR).tolist():
        after = kind[start + 1 :] != DEPTH_SNAPSHOT
        end = start + 1 + (int(np.argmax(after)) if after.any() else len(after))
        yield rows[done:start]
        snapshot = rows[start + 1 : end]
        for side in (BUY, SELL):
            levels = snapshot[snapshot["ev"] & np.uint64(side) != 0]
            if len(levels):
                clear = levels[:1].copy()
                clear["ev"] = DEPTH_CLEAR | side
                clear["px"] = levels["px"].min() if side == BUY else levels["px"].max()
                clear["qty"] = 0
                yield clear
                yield levels
        done = end
    yield rows[done:]


def _finished(parts: list[np.ndarray], base_latency: float, out: FilePath | None) -> np.ndarray:
    rows = np.concatenate([np.zeros(0, EVENT), *parts])
    rows["ev"] &= ~np.uint64(EXCH | LOCAL)
    rows = correct_local_timestamp(rows, base_latency)
    orders = (np.argsort(rows[name], kind="stable") for name in ("exch_ts", "local_ts"))
    rows = correct_event_order(rows, *orders)
    validate_event_order(rows)
    if out is not None:
        save_arrays(out, {"data": rows})
    return rows


def _require_mode(mode: str) -> None:
    if mode not in ("process", "ignore_sod", "ignore"):
        raise ConfigError("process, ignore_sod or ignore", repr(mode), "snapshot_mode")


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
