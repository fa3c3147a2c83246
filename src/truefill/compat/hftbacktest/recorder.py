"""HftBacktest's `Recorder`: samples of price and state that a strategy takes when it wants to.

The strategy calls ``recorder.record(hbt)``, compiled or interpreted; ``hbt`` is any of the bots here. What
comes out are RECORD rows (`core.records`), HftBacktest's own layout, for `stats` and for ``.npz`` files.

In compiled code a recorder is one address, that of a small header, as the bot is one address.
"""

import os
from typing import Any

import numpy as np
from numba.extending import overload_method

from truefill.compat.hftbacktest.files import save_arrays
from truefill.compat.hftbacktest.replaced import missing
from truefill.core.address import array_view, record_view
from truefill.core.errors import BotError, InputError
from truefill.core.jit import helper
from truefill.core.pointer_types import passes_as, pointer_type
from truefill.core.records import RECORD

# What stands behind the address: where the rows are, how many moments and assets fit, how many are used.
HEADER = np.dtype([("rows_addr", "<i8"), ("size", "<i8"), ("num_assets", "<i8"), ("used", "<i8")], align=True)
_STATE_NAMES = ("position", "balance", "fee", "num_trades", "trading_volume", "trading_value")
_header_at = record_view(HEADER)
_rows_at = array_view(RECORD)


class RecorderFullError(BotError, IndexError):
    """More moments were recorded than the recorder was made for."""


@helper
def _next_row(address, num_assets):
    """Check that one more moment of `num_assets` assets fits; return the header."""
    header = _header_at(address)
    if num_assets != header["num_assets"]:
        raise BotError("a recorder for as many assets as the backtest has", header["num_assets"], num_assets)
    if header["used"] >= header["size"]:
        raise RecorderFullError("a recorder with room for one more moment (record_size)", header["size"])
    return header


class StateRecorder:
    """What `Recorder.recorder` gives and a strategy calls.

    Parameters
    ----------
    num_assets, record_size : int
        As of `Recorder`.
    """

    __slots__ = ("_header", "_p", "_rows")

    def __init__(self, num_assets: int, record_size: int) -> None:
        for name, value in (("num_assets", num_assets), ("record_size", record_size)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise InputError(f"a whole {name} of 1 or more", value, "Recorder")
        self._rows = np.zeros((record_size, num_assets), RECORD)
        self._header = np.zeros(1, HEADER)
        self._header[0] = (self._rows.ctypes.data, record_size, num_assets, 0)
        self._p = int(self._header.ctypes.data)

    @property
    def i(self) -> int:
        """How many moments were recorded."""
        return int(self._header["used"][0])

    @property
    def records(self) -> np.ndarray:
        """All rows, used or not: RECORD[record_size, num_assets]; no copy."""
        return self._rows

    def record(self, hbt: Any) -> None:
        """Write down the time, mid price and state of each asset.

        Raises
        ------
        RecorderFullError
            When `record_size` moments are there already; it is an IndexError, too.
        BotError
            When `hbt` has another number of assets.
        """
        header = _next_row(self._p, hbt.num_assets)
        for asset_no in range(hbt.num_assets):
            depth = hbt.depth(asset_no)
            state = hbt.state_values(asset_no)
            row = self._rows[header["used"], asset_no]
            row["timestamp"] = hbt.current_timestamp
            row["price"] = (depth.best_bid + depth.best_ask) / 2.0
            for name in _STATE_NAMES:
                row[name] = getattr(state, name)
        header["used"] += 1


RecorderType = pointer_type("Recorder", __name__)
passes_as(StateRecorder, RecorderType)


@overload_method(RecorderType, "record")
def _record(recorder, hbt):
    def record(recorder, hbt):
        header = _next_row(recorder._address, hbt.num_assets)
        first = header["used"] * header["num_assets"]
        rows = _rows_at(header["rows_addr"], first + header["num_assets"])
        for asset_no in range(hbt.num_assets):
            depth = hbt.depth(asset_no)
            state = hbt.state_values(asset_no)
            row = rows[first + asset_no]
            row["timestamp"] = hbt.current_timestamp
            row["price"] = (depth.best_bid + depth.best_ask) / 2.0
            row["position"] = state.position
            row["balance"] = state.balance
            row["fee"] = state.fee
            row["num_trades"] = state.num_trades
            row["trading_volume"] = state.trading_volume
            row["trading_value"] = state.trading_value
        header["used"] += 1

    return record


class Recorder:
    """Samples of all assets' mid price and state, of a fixed number of moments.

    Parameters
    ----------
    num_assets : int
        As many as the backtest has.
    record_size : int
        How many moments fit.

    Raises
    ------
    InputError
        On numbers below 1.

    Notes
    -----
    HftBacktest raises IndexError when the last place is filled; here all `record_size` moments fit, and one
    more raises `RecorderFullError`, an IndexError.
    """

    def __init__(self, num_assets: int, record_size: int) -> None:
        self._recorder = StateRecorder(num_assets, record_size)

    @property
    def recorder(self) -> StateRecorder:
        """What a strategy gets, compiled or not: ``recorder.record(hbt)``."""
        return self._recorder

    def get(self, asset_no: int) -> np.ndarray:
        """Give the records of one asset: RECORD[moments], no copy.

        Raises
        ------
        BotError
            There is no such asset.
        """
        rows = self._recorder.records
        if not 0 <= asset_no < rows.shape[1]:
            raise BotError("an asset number below the number of assets", asset_no, rows.shape[1])
        return rows[: self._recorder.i, asset_no]

    def to_npz(self, file: str | os.PathLike[str]) -> None:
        """Write all records to a ``.npz`` file, one array for each asset, called ``"0"``, ``"1"``, ..."""
        count = self._recorder.records.shape[1]
        save_arrays(file, {str(asset_no): self.get(asset_no) for asset_no in range(count)})


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
