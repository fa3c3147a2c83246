"""Event files of HftBacktest 1 to those of 2.

A row of version 1 is six float64: kind, exchange time, local time, side, price, quantity. A time that is not
above zero says that the row is not for that side; whether the times were right cannot be seen any more.
"""

import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from truefill.compat.hftbacktest.files import save_arrays
from truefill.compat.hftbacktest.replaced import missing
from truefill.core.errors import DataError
from truefill.core.events import BUY, EVENT, EXCH, LOCAL, SELL

__all__ = ["convert"]

COLUMNS = 6


def convert(
    input_file: str | os.PathLike[str],
    output_filename: str | os.PathLike[str] | None = None,
    ts_mul: float = 1000,
) -> np.ndarray:
    """Convert a file of version 1.

    Parameters
    ----------
    input_file : path
        ``.npz`` with the array ``data``, or ``.npy``.
    output_filename : path, optional
        A ``.npz`` file to write the events to.
    ts_mul : float
        Nanoseconds in one unit of the old times; 1000 for microseconds.

    Returns
    -------
    EVENT[n]

    Raises
    ------
    DataError
        The file is missing, damaged, or not of version 1.
    """
    rows = _rows(Path(input_file))
    out = np.zeros(len(rows), EVENT)
    side = np.select([rows[:, 3] == 1, rows[:, 3] == -1], [BUY, SELL], 0)
    out["ev"] = rows[:, 0].astype(np.int64) | side
    out["ev"] |= np.where(rows[:, 1] > 0, np.uint64(EXCH), np.uint64(0))
    out["ev"] |= np.where(rows[:, 2] > 0, np.uint64(LOCAL), np.uint64(0))
    for column, name in ((1, "exch_ts"), (2, "local_ts")):
        times = rows[:, column]
        # Whole numbers stay whole: as float64, in which HftBacktest multiplies, the result has 256 ns steps.
        whole = float(ts_mul).is_integer() and (times == np.trunc(times)).all()
        out[name] = times.astype(np.int64) * int(ts_mul) if whole else (times * ts_mul).astype(np.int64)
    out["px"], out["qty"] = rows[:, 4], rows[:, 5]
    if output_filename is not None:
        save_arrays(output_filename, {"data": out})
    return out


def _rows(path: Path) -> np.ndarray:
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            rows = loaded if isinstance(loaded, np.ndarray) else loaded["data"]
    except FileNotFoundError:
        raise DataError("a file of HftBacktest 1", "no such file", path) from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError("a .npz or .npy file of HftBacktest 1", error, path.name) from error
    if rows.dtype != np.float64 or rows.ndim != 2 or rows.shape[1] != COLUMNS:
        raise DataError(f"rows of {COLUMNS} float64", f"{rows.ndim}-D {rows.dtype} {rows.shape}", path.name)
    if not np.isfinite(rows[:, :4]).all():
        raise DataError("finite kinds, times and sides", "some that are not", path.name)
    return np.asarray(rows)


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
