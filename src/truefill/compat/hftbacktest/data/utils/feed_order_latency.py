"""HftBacktest's order latency made from feed latency: a file in, a file out."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from truefill.backtest.models.latency_feed import generate_order_latency as _generate
from truefill.backtest.models.latency_recorded import ORDER_LATENCY
from truefill.compat.hftbacktest.files import save_arrays
from truefill.compat.hftbacktest.replaced import missing
from truefill.tape.npz import read_npz

order_latency_dtype = ORDER_LATENCY

__all__ = ["generate_order_latency", "order_latency_dtype"]


def generate_order_latency(
    feed_file: str | os.PathLike[str],
    output_file: str | os.PathLike[str] | None = None,
    mul_entry: float = 1,
    offset_entry: float = 0,
    mul_resp: float = 1,
    offset_resp: float = 0,
    resampling_ns: int = 1_000_000_000,
) -> np.ndarray:
    """Make up recorded orders from the latency of a feed; see `truefill.generate_order_latency`.

    Parameters
    ----------
    feed_file : path
        Events, ``.npz`` or ``.npy``.
    output_file : path, optional
        A ``.npz`` file to write the rows to.
    mul_entry, offset_entry, mul_resp, offset_resp : float
        Each way takes ``mul x feed latency + offset`` ns.
    resampling_ns : int
        At most one row in so many ns.

    Returns
    -------
    ORDER_LATENCY[]
        For ``intp_order_latency``.
    """
    rows = _generate(
        read_npz(Path(feed_file)),
        mul_entry=mul_entry,
        offset_entry=offset_entry,
        mul_resp=mul_resp,
        offset_resp=offset_resp,
        resampling_ns=resampling_ns,
    )
    if output_file is not None:
        save_arrays(output_file, {"data": rows})
    return rows


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
