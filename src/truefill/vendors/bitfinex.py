"""Bitfinex's raw books (``R0``): one JSON message a line, without any times.

======================================  ============================================================
message                                 events
======================================  ============================================================
``[chanId,[[orderId,price,amount],…]]`` DEPTH_CLEAR, then an ADD for each order
``[chanId,[orderId,price,amount]]``     ADD, or MODIFY of an order that is open
``[chanId,[orderId,0,±1]]``             CANCEL
``{"event":…}``, ``"hb"``, ``"cs"``     none
======================================  ============================================================

A positive amount is a bid. There are no trades and no fills: an order that was executed, one that was
cancelled and one that left the best 25 (or 100) look the same. Since nothing has a time, the caller has to
say which clock to make up: the first line happens at `start`, each next one `step_ns` later.
"""

import datetime
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from truefill.core.errors import ConfigError, DataError
from truefill.vendors import orders
from truefill.vendors.numbers import whole_units
from truefill.vendors.options import require_latency
from truefill.vendors.packed import Blocks
from truefill.vendors.reader import FileReader, OrderEvents, Progress, ReaderCounters
from truefill.vendors.table import line_blocks

_LINE = msgspec.json.Decoder(list[msgspec.Raw])
_ONE = msgspec.json.Decoder(tuple[int, msgspec.Raw, msgspec.Raw])
_MANY = msgspec.json.Decoder(list[tuple[int, msgspec.Raw, msgspec.Raw]])


class BitfinexReader(FileReader):
    """Events of one raw book. See `read_bitfinex`."""

    def __init__(
        self,
        path: Path,
        start_ns: int,
        step_ns: int,
        channel: int | None,
        places: tuple[int, int],
        feed_latency_ns: int,
        progress: Progress | None,
    ) -> None:
        self.path = path
        super().__init__(progress)
        self._start_ns = start_ns
        self._step_ns = step_ns
        self._wanted = channel
        self._places = places
        self._feed_latency_ns = feed_latency_ns

    def __iter__(self) -> Iterator[np.ndarray]:
        self.counters = ReaderCounters()
        making = OrderEvents(self.counters, -self._places[0], -self._places[1])
        channel = self._wanted
        for text, first in line_blocks(self.path, self._progress):
            entries: list[tuple[int, int, int]] = []  # op, order id, line
            prices: list[bytes] = []
            amounts: list[bytes] = []
            lines = text.splitlines()
            for line, row in enumerate(lines, first):
                try:
                    channel = self._message(row, line, channel, entries, prices, amounts)
                except DataError as error:
                    raise DataError(error.expected, error.got, f"{self.path}:{line}") from None
                except (msgspec.DecodeError, ValueError) as error:
                    shown = f"{row[:60].decode(errors='replace')!r} ({error})"
                    raise DataError("a message of a raw book", shown, f"{self.path}:{line}") from None
            rows = self._events(making, entries, prices, amounts)
            self.counters.rows += len(lines) - len(entries)  # `make` has counted each entry
            yield rows

    def _message(
        self,
        row: bytes,
        line: int,
        channel: int | None,
        entries: list[tuple[int, int, int]],
        prices: list[bytes],
        amounts: list[bytes],
    ) -> int | None:
        """Take one message apart; the channel that is read."""
        count = self.counters.count
        if row.startswith(b"{"):
            count("info_messages")
            return self._subscribed(msgspec.json.decode(row), channel)
        if not row.strip():
            return channel
        message = _LINE.decode(row)
        if len(message) < 2:
            raise DataError("[channel, data]", row[:60].decode(errors="replace"))
        number = int(bytes(message[0]))
        if channel is None:
            channel = number
        if number != channel:
            if self._wanted is None:
                raise DataError("one channel, or which one is wanted", f"{channel} and {number}")
            count("messages_of_other_channels")
            return channel
        data = bytes(message[1])
        if data.startswith(b'"'):
            count("heartbeats" if data == b'"hb"' else "other_messages")
        elif data.startswith((b"[[", b"[]")):
            count("snapshots")
            entries.append((orders.CLEAR, 0, line))
            prices.append(b"0")
            amounts.append(b"0")
            for order_id, price, amount in _MANY.decode(data):
                entries.append((orders.ADD, order_id, line))
                prices.append(bytes(price))
                amounts.append(bytes(amount))
                count("snapshot_orders")
        else:
            order_id, price, amount = _ONE.decode(data)
            entries.append((orders.SET, order_id, line))
            prices.append(bytes(price))
            amounts.append(bytes(amount))
        return channel

    def _subscribed(self, message: Any, channel: int | None) -> int | None:
        """Check what was subscribed."""
        if not isinstance(message, dict) or message.get("event") != "subscribed":
            return channel
        number = message.get("chanId")
        if self._wanted is not None and number != self._wanted:
            return channel
        if message.get("channel") != "book" or message.get("prec") != "R0":
            got = f"{message.get('channel')} {message.get('prec', '')}"
            raise DataError("a raw book, channel book and prec R0", got)
        return self._wanted

    def _events(
        self,
        making: OrderEvents,
        entries: list[tuple[int, int, int]],
        prices: list[bytes],
        amounts: list[bytes],
    ) -> np.ndarray:
        lines = [line for _, _, line in entries]
        px = whole_units(prices, self._places[0], "price", self.path, lines)
        qty = whole_units(amounts, self._places[1], "amount", self.path, lines)
        table = np.array(entries, np.int64).reshape(-1, 3)
        deleted = (table[:, 0] == orders.SET) & (px == 0)
        op = np.where(deleted, orders.DELETE, table[:, 0])
        self.counters.count("updates", int((op == orders.SET).sum()))
        self.counters.count("deletes", int(deleted.sum()))
        ops = np.stack([op, np.sign(qty), table[:, 1], px, np.abs(qty)], axis=1)
        local_ts = self._start_ns + (table[:, 2] - 1) * self._step_ns
        rows, at = making.make(ops, local_ts - self._feed_latency_ns, local_ts)
        self.lines = table[at, 2]
        return rows


def read_bitfinex(
    path: str | PathLike[str],
    *,
    start: int | str | datetime.datetime | None = None,
    step_ns: int | None = None,
    channel: int | None = None,
    price_places: int = 10,
    amount_places: int = 8,
    feed_latency_ns: int = 0,
    progress: Progress | None = None,
) -> BitfinexReader:
    """Read the messages of a raw book.

    Parameters
    ----------
    path : path
        Messages, one a line; plain, gzip, xz, zstd or zip.
    start : int, str or datetime
        When the first line arrives: UTC nanoseconds, ``2021-03-01T00:00:00Z``, or a datetime with a zone.
        There is no default, because the file does not say.
    step_ns : int
        Nanoseconds from one line to the next. No default either.
    channel : int, optional
        Which ``chanId``; by default the only one.
    price_places, amount_places : int
        Decimal places that are enough for every number.
    feed_latency_ns : int
        What a message takes to the local side.
    progress : callable, optional
        Called with the number of bytes read since the last call.

    Raises
    ------
    ConfigError
        No clock, or not one.
    DataError
        The file is missing, or (while it is read) not what it has to be: with file and line.
    """
    if start is None or step_ns is None:
        raise ConfigError(
            "a start, and a step from line to line, because these messages have no times",
            "none",
            Path(path).name,
        )
    if step_ns < 0:
        raise ConfigError("a step of 0 ns or more", step_ns, "step_ns")
    require_latency(feed_latency_ns)
    for name, places in (("price_places", price_places), ("amount_places", amount_places)):
        if not 0 <= places <= 18:
            raise ConfigError("0 to 18 decimal places", places, name)
    file = Path(path)
    Blocks(file)  # is there something to read
    return BitfinexReader(
        file,
        _nanoseconds(start),
        step_ns,
        channel,
        (price_places, amount_places),
        feed_latency_ns,
        progress,
    )


def _nanoseconds(start: int | str | datetime.datetime) -> int:
    expected = "UTC nanoseconds, or a time with its zone as 2021-03-01T00:00:00Z"
    if isinstance(start, str):
        try:
            start = datetime.datetime.fromisoformat(start)
        except ValueError:
            raise ConfigError(expected, repr(start), "start") from None
    if isinstance(start, datetime.datetime):
        if start.tzinfo is None:
            raise ConfigError(expected, f"{start} without a zone", "start")
        since = start - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
        start = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
    if not 0 <= start < 1 << 62:
        raise ConfigError(expected, start, "start")
    return start
