"""Bybit's book as its websocket sent it: one JSON message a line, a snapshot and then what changed.

A snapshot is a DEPTH_CLEAR and a DEPTH_SNAPSHOT for each level, a delta a DEPTH for each with the new
quantity. ``u`` rises by 1 from message to message: where it does not, messages are missing, and a gap begins
that lasts to the next snapshot. ``exch_ts`` is ``cts``, when the matching engine made the change, where the
message has it, else ``ts``. Nothing can arrive before the venue sent it: ``local_ts`` is ``ts`` and the
latency that is asked for.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from truefill.core.decimals import parse_decimals, to_text
from truefill.core.errors import DataError
from truefill.core.events import (
    BUY,
    DECIMAL_EVENT,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EXCH,
    GAP_BEGIN,
    LOCAL,
    SELL,
)
from truefill.vendors.epochs import epoch_ns
from truefill.vendors.reader import FileReader, Progress, ReaderCounters
from truefill.vendors.table import line_blocks

_BOTH = EXCH | LOCAL
_Levels = list[tuple[str, str]]


class _Data(msgspec.Struct):
    s: str
    u: int
    b: _Levels = []
    a: _Levels = []


class _Message(msgspec.Struct):
    topic: str
    type: str
    ts: int
    data: _Data
    cts: int | None = None


_DECODER = msgspec.json.Decoder(_Message)


class BybitBookReader(FileReader):
    """Events of one file. See `read_bybit_archive`."""

    def __init__(self, path: Path, feed_latency_ns: int, progress: Progress | None) -> None:
        self.path = path
        super().__init__(progress)
        self._latency = feed_latency_ns

    def __iter__(self) -> Iterator[np.ndarray]:
        self.counters = ReaderCounters()
        book = _Book(self.counters)
        for text, first in line_blocks(self.path, self._progress):
            parts = _Parts()
            for line, row in enumerate(text.split(b"\n"), first):
                if row and not row.isspace():
                    book.take(self._message(row, line), f"{self.path}:{line}", line, parts)
            rows = parts.rows(self.path, self._latency)
            self.lines = parts.lines
            self.counters.events += len(rows)
            yield rows

    def _message(self, row: bytes, line: int) -> _Message:
        try:
            return _DECODER.decode(row)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            expected = "a message of Bybit's book, with topic, type, ts and data"
            shown = f"{row[:60].decode(errors='replace')!r} ({error})"
            raise DataError(expected, shown, f"{self.path}:{line}") from None


class _Parts:
    """Rows of a block in the making; their numbers are parsed together."""

    def __init__(self) -> None:
        self.common: list[tuple[int, int, int, int, int]] = []  # ev, exchange ms, sent ms, line, rows
        self.numbers: list[str] = []
        self.lines: NDArray[np.int64] = np.zeros(0, np.int64)

    def mark(self, kind: int, message: _Message, line: int) -> None:
        self.add(kind, message, line, [("0", "0")])

    def add(self, ev: int, message: _Message, line: int, levels: _Levels) -> None:
        made = message.ts if message.cts is None else message.cts
        self.common.append((ev | _BOTH, made, max(message.ts, made), line, len(levels)))
        self.numbers.extend(chain.from_iterable(levels))

    def rows(self, path: Path, latency_ns: int) -> np.ndarray:
        messages = np.array(self.common, np.int64).reshape(-1, 5)
        common = np.repeat(messages, messages[:, 4], axis=0)
        self.lines = common[:, 3].copy()
        rows = np.zeros(len(common), DECIMAL_EVENT)
        mantissa, exponent = self._decimals(path)
        rows["ev"] = common[:, 0]
        for name, column, more in (("exch_ts", 1, 0), ("local_ts", 2, latency_ns)):
            rows[name] = epoch_ns(common[:, column], ("ms",), "ts and cts", self._placer(path)) + more
        rows["px"], rows["qty"] = mantissa[0::2], mantissa[1::2]
        rows["px_exp"], rows["qty_exp"] = exponent[0::2], exponent[1::2]
        level = (common[:, 0] & (BUY | SELL)) != 0
        wrong = level & ((rows["px"] <= 0) | (rows["qty"] < 0))
        if wrong.any():
            at = int(np.argmax(wrong))
            px, qty = (to_text(int(rows[f][at]), int(rows[f"{f}_exp"][at])) for f in ("px", "qty"))
            expected = "a price above 0 and a quantity of 0 or more"
            raise DataError(expected, f"price {px}, quantity {qty}", f"{path}:{self.lines[at]}")
        return rows

    def _placer(self, path: Path) -> Callable[[int], str]:
        return lambda row: f"{path}:{self.lines[row]}"

    def _decimals(self, path: Path) -> tuple[np.ndarray, np.ndarray]:
        if not self.numbers:
            return np.zeros(0, np.int64), np.zeros(0, np.int32)
        try:
            return parse_decimals(self.numbers)
        except DataError as error:
            for i, text in enumerate(self.numbers):
                try:
                    parse_decimals([text])
                except DataError as bad:
                    raise DataError(bad.expected, bad.got, f"{path}:{self.lines[i // 2]}") from None
            raise error


class _Book:
    """What is known of the stream: its instrument, and the last update id."""

    def __init__(self, counters: ReaderCounters) -> None:
        self._counters = counters
        self._symbol: str | None = None
        self._last: int | None = None

    def take(self, message: _Message, place: str, line: int, parts: _Parts) -> None:
        """Add what one message does to the book."""
        counters, data = self._counters, message.data
        counters.rows += 1
        if not message.topic.startswith("orderbook."):
            raise DataError("the topic orderbook", repr(message.topic), place)
        if self._symbol is None:
            self._symbol = data.s
        if data.s != self._symbol:
            raise DataError("messages of one instrument", f"{self._symbol} and {data.s}", place)
        if message.type == "snapshot":
            counters.count("snapshots")
            parts.mark(DEPTH_CLEAR, message, line)
            kind = DEPTH_SNAPSHOT
        elif message.type == "delta":
            if self._last is not None and data.u <= self._last:
                counters.count("messages_again_or_too_late")
                return
            if self._last is not None and data.u != self._last + 1:
                counters.count("gaps")
                parts.mark(GAP_BEGIN, message, line)
            kind = DEPTH
        else:
            raise DataError("snapshot or delta as type", repr(message.type), place)
        self._last = data.u
        if message.cts is None:
            counters.count("without_matching_time")
        parts.add(kind | BUY, message, line, data.b)
        parts.add(kind | SELL, message, line, data.a)
