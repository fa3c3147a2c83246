"""HftBacktest's converters of Binance's historical market data: T_DEPTH and trades, and a snapshot."""

import os
from typing import Any

import numpy as np

from truefill.compat.hftbacktest.data.utils.finishing import finish
from truefill.compat.hftbacktest.files import save_arrays
from truefill.compat.hftbacktest.replaced import missing
from truefill.core.events import BUY, DEPTH_SNAPSHOT, EVENT, EXCH, KIND_MASK, LOCAL
from truefill.vendors import float_events, read_binance_archive

__all__ = ["convert", "convert_snapshot"]

Path = str | os.PathLike[str]


def convert_snapshot(
    snapshot_filename: Path,
    output_filename: Path | None = None,
    feed_latency: float = 0,
    has_header: bool | None = None,
    ss_buffer_size: int = 1_000_000,
) -> np.ndarray:
    """Convert a snapshot of T_DEPTH.

    Parameters
    ----------
    snapshot_filename : path
        ``..._depth_snap.csv``, plain or packed.
    output_filename : path, optional
        A ``.npz`` file to write the rows to.
    feed_latency : float
        ns, cut to whole ones: what a row takes to the local side.
    has_header : bool, optional
        The file itself tells.
    ss_buffer_size : int
        Not needed.

    Returns
    -------
    EVENT[]
        Levels, bids from the best down, then asks from the best up, for `BacktestAsset.initial_snapshot`.
    """
    rows = _events(snapshot_filename, feed_latency)
    rows = rows[(rows["ev"] & np.uint64(KIND_MASK)) == DEPTH_SNAPSHOT]
    rows["ev"] &= ~np.uint64(EXCH | LOCAL)
    bids = rows[(rows["ev"] & np.uint64(BUY)) != 0]
    asks = rows[(rows["ev"] & np.uint64(BUY)) == 0]
    bids = bids[np.argsort(-bids["px"], kind="stable")]
    rows = np.concatenate([bids, asks[np.argsort(asks["px"], kind="stable")]])
    if output_filename is not None:
        save_arrays(output_filename, {"data": rows})
    return rows


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
    """Convert the changes of T_DEPTH, and trades.

    Parameters
    ----------
    depth_filename : path
        ``..._depth_update.csv``, plain or packed.
    trades_filename : path
        ``BTCUSDT-trades-2024-01-01.csv``, plain or packed.
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
        Times in ns.
    """
    parts = [_events(name, feed_latency) for name in (depth_filename, trades_filename)]
    return finish(parts, base_latency, output_filename)


def _events(path: Path, feed_latency: float) -> np.ndarray:
    """Rows of a file; HftBacktest keeps no ids."""
    parts = [float_events(rows) for rows in read_binance_archive(path, feed_latency_ns=int(feed_latency))]
    rows: np.ndarray = np.concatenate([np.zeros(0, EVENT), *parts])
    rows["order_id"] = 0
    return rows


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
