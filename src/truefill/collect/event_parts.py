"""The events of one collected instrument: Parquet files that follow each other."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from truefill.core.events import DECIMAL_EVENT
from truefill.tape import ParquetWriter

_SECOND = 1_000_000_000


class EventParts:
    """Writes ``BTCUSDT_20240808_000.parquet`` and what follows.

    A part appears when it is closed. What a killed program had of its last part is in the raw archive.

    Parameters
    ----------
    folder : Path
    name : str
        How the files' names begin.
    symbol : str
        For `ParquetWriter`.

    Attributes
    ----------
    events : int
        Taken.
    """

    def __init__(self, folder: Path, name: str, symbol: str) -> None:
        self.events = 0
        self._folder = folder
        self._name = name
        self._symbol = symbol
        self._writer: ParquetWriter | None = None
        for left in folder.glob(f".{name}_*.parquet.*.tmp"):  # of a program that was killed
            left.unlink(missing_ok=True)

    def append(self, rows: np.ndarray, now: int) -> None:
        """Take rows; the first ones begin a part, which is named after the day of `now`, UTC ns.

        Raises
        ------
        DataError
            The file cannot be written.
        """
        assert rows.dtype == DECIMAL_EVENT
        if self._writer is None:
            day = datetime.fromtimestamp(now // _SECOND, UTC).strftime("%Y%m%d")
            number = 0
            while (path := self._folder / f"{self._name}_{day}_{number:03d}.parquet").exists():
                number += 1
            self._writer = ParquetWriter(path, symbol=self._symbol)
        self._writer.append(rows)
        self.events += len(rows)

    def close(self) -> None:
        """End the part.

        Raises
        ------
        DataError
            As `append`.
        """
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
