"""HftBacktest's converter of recordings of Binance's futures."""

import os
import re
import tempfile
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from truefill.collect import convert as _convert
from truefill.collect.lines import LineReader
from truefill.compat.hftbacktest.files import save_arrays
from truefill.compat.hftbacktest.replaced import missing
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import (
    FUNDING,
    GAP_BEGIN,
    GAP_END,
    INDEX_PRICE,
    KIND_MASK,
    MARK_PRICE,
    TICKER_ASK,
    TICKER_BID,
)
from truefill.tape.npz import read_npz

__all__ = ["convert"]

_MARKS = (INDEX_PRICE, MARK_PRICE, FUNDING)
_TICKERS = (TICKER_BID, TICKER_ASK)
_COIN_MARGINED = re.compile(r"[A-Z0-9]+USD_(PERP|\d{6})")


def convert(
    input_filename: str | os.PathLike[str],
    output_filename: str | os.PathLike[str] | None = None,
    opt: Literal["", "m", "t", "mt"] = "",
    base_latency: float = 0,
    combined_stream: bool = True,
    buffer_size: int = 100_000_000,
) -> np.ndarray:
    """Convert a recording of one instrument, USD-M or COIN-M.

    Parameters
    ----------
    input_filename : path
        Lines of ``<local time, 19 or 16 digits> <message>``, plain, gzip, xz or zip.
    output_filename : path, optional
        A ``.npz`` file to write the events to.
    opt : str
        With ``m`` mark price, index and funding stay as events 101, 100 and 102, with ``t`` the book ticker
        as 103 and 104.
    base_latency : float
        ns, cut to whole ones; see `correct_local_timestamp`.
    combined_stream : bool
        The messages themselves tell.
    buffer_size : int
        Not needed.

    Returns
    -------
    EVENT[]
        Of the book what `truefill.convert` makes of it: changes that a snapshot already holds are not applied
        before it, and those that came before it and are newer are applied again after it.

    Raises
    ------
    DataError
        The file is missing, damaged, or not such a recording: with file and line.
    """
    if opt not in ("", "m", "t", "mt", "tm"):
        raise ConfigError("m, t, both or neither", repr(opt), "opt")
    symbol = _symbol(Path(input_filename))
    venue = "binance-coinm" if _COIN_MARGINED.fullmatch(symbol) else "binance-usdm"
    with tempfile.TemporaryDirectory(prefix="truefill-convert-") as folder:
        out = Path(folder) / "events.npz"
        _convert(
            input_filename, venue=venue, symbol=symbol, out=out, to="npz", base_latency_ns=int(base_latency)
        )
        rows = read_npz(out)
    unwanted = [
        GAP_BEGIN,
        GAP_END,
        *(_MARKS if "m" not in opt else ()),
        *(_TICKERS if "t" not in opt else ()),
    ]
    rows = rows[~np.isin(rows["ev"] & np.uint64(KIND_MASK), unwanted)]
    rows["order_id"] = 0
    rows["ival"] = 0
    if output_filename is not None:
        save_arrays(output_filename, {"data": rows})
    return rows


def _symbol(path: Path) -> str:
    """Symbol of the first message that names one."""
    for line in LineReader(path):
        try:
            message = msgspec.json.decode(line.partition(b" ")[2])
        except (msgspec.DecodeError, UnicodeDecodeError):
            break  # the converter says where
        data = message.get("data", message) if isinstance(message, dict) else None
        if isinstance(data, dict) and isinstance(data.get("s"), str):
            return str(data["s"])
    raise DataError("a recording of Binance's futures", "no message that names its instrument", path)


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
