"""HftBacktest's last book of a day's data, for the next day to begin with."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from truefill.compat.hftbacktest.backtest import HashMapMarketDepthBacktest
from truefill.compat.hftbacktest.builder import BacktestAsset
from truefill.compat.hftbacktest.files import save_arrays
from truefill.compat.hftbacktest.replaced import missing

__all__ = ["create_last_snapshot"]


def create_last_snapshot(
    data: str | np.ndarray | Sequence[str | np.ndarray],
    tick_size: float,
    lot_size: float,
    initial_snapshot: str | np.ndarray | None = None,
    output_snapshot_filename: str | os.PathLike[str] | None = None,
) -> np.ndarray:
    """Make the book at the end of some data.

    Parameters
    ----------
    data : path, EVENT[], or a list of them
        The day, in order.
    tick_size, lot_size : float
        Of the instrument.
    initial_snapshot : path or EVENT[], optional
        The book at the beginning.
    output_snapshot_filename : path, optional
        A ``.npz`` file to write it to.

    Returns
    -------
    EVENT[]
        Snapshot rows without times: bids from the best down, then asks from the best up. For
        `BacktestAsset.initial_snapshot`.
    """
    asset = BacktestAsset().data(data).tick_size(tick_size).lot_size(lot_size)
    if initial_snapshot is not None:
        asset.initial_snapshot(initial_snapshot)
    hbt = HashMapMarketDepthBacktest([asset])
    hbt._goto_end()
    rows = np.array(hbt.depth(0).snapshot())
    hbt.close()
    if output_snapshot_filename is not None:
        save_arrays(output_snapshot_filename, {"data": rows})
    return rows


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
