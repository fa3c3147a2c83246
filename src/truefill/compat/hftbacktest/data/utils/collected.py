"""Files of HftBacktest's collector: a local time and a message of the venue a line, as rows of events.

The local time has 19 digits (ns) or 16 (us). A line that is none, or a file that breaks off, is a `DataError`
that names file and line.
"""

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from truefill.collect.lines import LineReader
from truefill.core.errors import DataError
from truefill.core.events import EVENT

_PART = 1 << 16  # rows that are Python objects at a time

Message = dict[str, Any]


class Rows:
    """Rows in the making, 64 bytes each but for the newest."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray] = []
        self._rows: list[tuple[int, int, int, float, float, int, int, float]] = []

    def add(self, ev: int, exch_ts: int, local_ts: int, px: object, qty: object) -> None:
        """Add one row; a price and a quantity are numbers or their texts."""
        self._rows.append((ev, exch_ts, local_ts, number(px), number(qty), 0, 0, 0.0))
        if len(self._rows) == _PART:
            self._pack()

    def put(self, rows: np.ndarray) -> None:
        """Add an array of rows."""
        self._pack()
        self._parts.append(rows)

    def parts(self) -> list[np.ndarray]:
        """All rows so far, EVENT[] each."""
        self._pack()
        return self._parts

    def _pack(self) -> None:
        if self._rows:
            self._parts.append(np.array(self._rows, EVENT))
            self._rows = []


def number(value: object) -> float:
    """A finite number; anything else is a ValueError."""
    result = float(value)  # type: ignore[arg-type]
    if not math.isfinite(result):
        raise ValueError(f"{value} as a number")
    return result


def read_messages(path: str | os.PathLike[str], venue: str, take: Callable[[Message, int], None]) -> None:
    """Give each message of a file to `take`, with its local time in ns.

    Parameters
    ----------
    path : path
    venue : str
        Whose messages they are, for errors.
    take : callable
        Its KeyError, TypeError, ValueError and IndexError become a DataError with file and line.

    Raises
    ------
    DataError
    """
    for local_ts, text, place in _lines(Path(path)):
        try:
            message = msgspec.json.decode(text)
            if not isinstance(message, dict):
                raise TypeError("no JSON object")
            take(message, local_ts)
        except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError, ValueError) as error:
            if isinstance(error, DataError):
                raise
            shown = f"{text[:60].decode(errors='replace')!r} ({type(error).__name__}: {error})"
            raise DataError(f"a message of {venue}", shown, place) from None


def _lines(path: Path) -> Iterator[tuple[int, bytes, str]]:
    reader = LineReader(path)
    for line in reader:
        if line and not line.isspace():
            yield _split(line, f"{path}:{reader.lines}")
    if reader.cut:
        raise DataError("a complete recording", "packed data that break off", f"{path}:{reader.lines + 1}")
    if reader.tail and not reader.tail.isspace():
        yield _split(reader.tail, f"{path}:{reader.lines + 1}")


def _split(line: bytes, place: str) -> tuple[int, bytes, str]:
    digits, _, text = line.partition(b" ")
    if not digits.isdigit() or len(digits) not in (16, 19):
        expected = "<local time of 19 digits (ns) or 16 digits (us)> <JSON>"
        raise DataError(expected, repr(line[:60].decode(errors="replace")), place)
    return int(digits) * (1000 if len(digits) == 16 else 1), text, place
