"""Bars of Binance's archive (``klines``), as records of the form that event-driven strategies get.

They are no events: a bar tells of an interval that is over, and a tape makes its own bars from trades. What
they are good for is to warm indicators up before a tape begins: hand each record to the strategy's own
``on_kline``.
"""

from os import PathLike
from pathlib import Path

import numpy as np

from truefill.core.decimals import nearest_floats
from truefill.core.errors import DataError
from truefill.vendors.binance_layouts import columns_of, kind_of
from truefill.vendors.epochs import PER_SECOND, epoch_ns
from truefill.vendors.packed import Blocks
from truefill.vendors.table import read_table

KLINE = np.dtype(
    [
        ("timestamp", "<i8"),
        ("number", "<i8"),
        ("asset", "<i8"),
        ("start_ts", "<i8"),
        ("end_ts", "<i8"),
        ("open", "<f8"),
        ("high", "<f8"),
        ("low", "<f8"),
        ("close", "<f8"),
        ("volume", "<f8"),
        ("buy_volume", "<f8"),
        ("value", "<f8"),
        ("trades", "<i8"),
    ],
    align=True,
)
"""A bar, as strategies get it (`strategy.events`): times in ns, `value` the sum of price times quantity."""

_PLACES = (8, 8)


def read_klines(path: str | PathLike[str]) -> np.ndarray:
    """Read a file of bars.

    Parameters
    ----------
    path : path
        ``BTCUSDT-1m-2024-01.zip``, as it is or unpacked, with or without a line of names.

    Returns
    -------
    KLINE[]
        ``end_ts`` and ``timestamp`` are the first nanosecond after the bar (Binance names the last ms or us
        in it), ``number`` and ``asset`` 0, ``buy_volume`` the volume of takers who bought.

    Raises
    ------
    DataError
        The file is missing, no file of bars, or damaged: with file and line.
    """
    file = Path(path)
    Blocks(file)  # is there something to read
    kind = kind_of(file)
    if kind != "klines":
        raise DataError("a file of bars (klines)", kind, file)
    columns, has_names = columns_of(file, "klines", _PLACES)
    parts = []
    for block in read_table(file, (lambda head: columns) if has_names else columns):
        c, lines = block.columns, block.lines

        def place(row: int, at: np.ndarray = lines) -> str:
            return f"{file}:{int(at[row])}"

        bars = np.zeros(len(lines), KLINE)
        bars["start_ts"] = epoch_ns(c["time"], ("ms", "us"), "open_time", place)
        last = epoch_ns(c["close_time"], ("ms", "us"), "close_time", place)
        micro = c["close_time"] >= 10**15
        bars["end_ts"] = last + np.where(micro, 10**9 // PER_SECOND["us"], 10**9 // PER_SECOND["ms"])
        bars["timestamp"] = bars["end_ts"]
        wrong = bars["end_ts"] <= bars["start_ts"]
        if wrong.any():
            at = int(np.argmax(wrong))
            raise DataError("a close_time after the open_time", int(c["close_time"][at]), place(at))
        for name in ("open", "high", "low", "close"):
            bars[name] = nearest_floats(c[name], np.full(len(lines), -_PLACES[0]))
        for name, role in (("volume", "qty"), ("buy_volume", "taker_buy_volume"), ("value", "quote_volume")):
            bars[name] = nearest_floats(c[role], np.full(len(lines), -_PLACES[1]))
        bars["trades"] = c["trades"]
        parts.append(bars)
    return np.concatenate(parts) if parts else np.zeros(0, KLINE)
