"""Bitstamp's live orders: a recorder's log of its messages, or the table of order events made of one.

The log has lines of ``<local ms> <event> <JSON>``. What an event becomes:

================  ==============================  =====================================================
event             meaning                         events
================  ==============================  =====================================================
order_created     an order, resting or taking     ADD
order_changed     less of it, by an execution     FILL if it was resting, MODIFY to what is left
order_deleted, 0  the rest of it was executed     FILL if it was resting, CANCEL
order_deleted     cancelled                       CANCEL
trade             a trade; no order is named      TRADE, side as found, order_id the venue's trade id
order_book        20 levels, now and then         none
================  ==============================  =====================================================

Taking orders are shown, too: created, and then executed beside the order that rests. So executions come in
pairs: the same quantity, opposite sides, prices that meet. The order with the lower id was there first and
rested. Its side is the other of the trade's. An execution without a partner counts as one of a resting
order. The table of order events has no trades; there one is made of each pair.

The venue's time is in whole seconds (of the order's creation), so the local time is the only one; later
messages of the venue have ``microtimestamp``, and then that is the exchange's time.
"""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import ConfigError, DataError
from truefill.vendors import bitstamp_kernels as k, table_kernels
from truefill.vendors.numbers import steady, whole_units
from truefill.vendors.options import require_latency
from truefill.vendors.packed import Blocks
from truefill.vendors.reader import FileReader, OrderEvents, Progress, ReaderCounters
from truefill.vendors.table import Column, line_blocks, read_table, word

_PLACES = 8
_PAIR_NS = 5_000_000_000  # most time between the two messages of an execution
_SLACK = 2  # 1e-8: the table's volumes are floats cut off, each wrong by one at most
_HEAD = "id,timestamp,exchange.timestamp,price,volume,action,direction"
_EXCHANGE_TIME = k.ROW_COLUMNS  # one column more here than the kernels look at


class _Order(msgspec.Struct):
    price: msgspec.Raw
    amount: msgspec.Raw
    id: int
    order_type: int = 0
    microtimestamp: int = 0


class _Trade(msgspec.Struct):
    price: msgspec.Raw
    amount: msgspec.Raw
    id: int
    microtimestamp: int = 0


_ORDER = msgspec.json.Decoder(_Order, strict=False)
_TRADE = msgspec.json.Decoder(_Trade, strict=False)
_ORDER_EVENTS = {b"order_created": k.CREATED, b"order_changed": k.CHANGED, b"order_deleted": k.DELETED}


class BitstampReader(FileReader):
    """Events of one instrument. See `read_bitstamp`."""

    def __init__(self, path: Path, form: str, feed_latency_ns: int, progress: Progress | None) -> None:
        self.path = path
        self.form = form
        super().__init__(progress)
        self._feed_latency_ns = feed_latency_ns

    def __iter__(self) -> Iterator[np.ndarray]:
        self.counters = ReaderCounters()
        making = OrderEvents(self.counters, -_PLACES, -_PLACES)
        more = np.zeros(k.PAIR_COUNTERS, np.int64)
        source = self._log() if self.form == "log" else self._table()
        # Of earlier blocks: rows that are written, then rows that wait.
        kept: NDArray[np.int64] = np.zeros((0, k.ROW_COLUMNS + 1), np.int64)
        written, last = 0, 0
        for block in source:
            times, back = steady(block[:, k.TIME], last)
            self.counters.count("local_time_stepped_back", back)
            block[:, k.TIME] = times
            last = int(times[-1])
            making.reserve(len(block))
            own = np.ascontiguousarray(block[:, : k.ROW_COLUMNS])
            k.follow(own, making.table, making.state, more)
            block[:, : k.ROW_COLUMNS] = own
            kept = np.vstack([kept, block])
            # A row is written when all that can belong to it is here, and kept while it can belong to others.
            ready = int(np.searchsorted(kept[:, k.TIME], last - 2 * _PAIR_NS))
            if ready > written:
                yield self._write(making, kept, written, ready, more)
                written = ready
            old = int(np.searchsorted(kept[:written, k.TIME], last - 4 * _PAIR_NS))
            kept, written = kept[old:], written - old
        if len(kept) > written:
            yield self._write(making, kept, written, len(kept), more)

    def _write(
        self, making: OrderEvents, kept: NDArray[np.int64], start: int, end: int, more: NDArray[np.int64]
    ) -> np.ndarray:
        rows = np.ascontiguousarray(kept[:, : k.ROW_COLUMNS])
        k.pair(rows, _PAIR_NS, _SLACK if self.form == "csv" else 0)
        kept[:, : k.ROW_COLUMNS] = rows
        out: NDArray[np.int64] = np.zeros((3 * (end - start), 6), np.int64)
        n = int(k.write_events(rows, start, end, self.form == "csv", _PAIR_NS, more, out))
        local_ts = kept[:, k.TIME]
        venue_ts = kept[:, _EXCHANGE_TIME]
        exch_ts = np.where(venue_ts > 0, venue_ts, local_ts - self._feed_latency_ns)
        events = making.rows(out[:n], exch_ts, local_ts)
        self.lines = kept[out[:n, 5], k.LINE]
        making.tell(end - start, n)
        for name, at in (
            ("orders_older_than_the_file", k.OLDER_ORDERS),
            ("paired_executions", k.PAIRS),
            ("unpaired_executions", k.UNPAIRED_EXECUTIONS),
            ("trades_without_side", k.TRADES_WITHOUT_SIDE),
        ):
            self.counters.others[name] = int(more[at])
        return events

    def _log(self) -> Iterator[NDArray[np.int64]]:
        for text, first in line_blocks(self.path, self._progress):
            words: list[tuple[int, int, int, int, int, int]] = []  # DO, side, id, ms, line, us of the venue
            prices: list[bytes] = []
            amounts: list[bytes] = []
            for line, row in enumerate(text.splitlines(), first):
                local_ms, _, rest = row.partition(b" ")
                name, _, body = rest.partition(b" ")
                if not local_ms.isdigit() or len(local_ms) != 13:
                    shown = repr(row[:60].decode(errors="replace"))
                    raise DataError("<local time, 13 digits> <event> <JSON>", shown, f"{self.path}:{line}")
                try:
                    if (do := _ORDER_EVENTS.get(name)) is not None:
                        order = _ORDER.decode(body)
                        side = {0: 1, 1: -1}.get(order.order_type, 0)
                        words.append((do, side, order.id, int(local_ms), line, order.microtimestamp))
                        if side == 0:
                            raise DataError("order_type 0 or 1", order.order_type)
                        prices.append(bytes(order.price))
                        amounts.append(bytes(order.amount))
                    elif name == b"trade":
                        trade = _TRADE.decode(body)
                        words.append((k.TRADED, 0, trade.id, int(local_ms), line, trade.microtimestamp))
                        prices.append(_shortest(bytes(trade.price)))
                        amounts.append(_shortest(bytes(trade.amount)))
                    else:
                        self.counters.rows += 1
                        self.counters.count("order_books" if name == b"order_book" else "other_events")
                except DataError as error:
                    raise DataError(error.expected, error.got, f"{self.path}:{line}") from None
                except (msgspec.DecodeError, OverflowError) as error:
                    expected = f"{name.decode(errors='replace')} with price, amount and id"
                    raise DataError(expected, error, f"{self.path}:{line}") from None
            if words:
                yield self._rows(words, prices, amounts)

    def _rows(
        self, words: list[tuple[int, int, int, int, int, int]], prices: list[bytes], amounts: list[bytes]
    ) -> NDArray[np.int64]:
        try:
            table = np.array(words, np.int64)
        except OverflowError:
            at = next(w for w in words if not all(-(1 << 63) <= x < 1 << 63 for x in w))
            raise DataError("numbers of 64 bits", at[2], f"{self.path}:{at[4]}") from None
        lines = table[:, 4].tolist()
        rows: NDArray[np.int64] = np.zeros((len(table), k.ROW_COLUMNS + 1), np.int64)
        rows[:, [k.DO, k.ROW_SIDE, k.ROW_ID]] = table[:, :3]
        rows[:, k.ROW_PX] = whole_units(prices, _PLACES, "price", self.path, lines)
        rows[:, k.ROW_QTY] = whole_units(amounts, _PLACES, "amount", self.path, lines)
        rows[:, k.TIME] = table[:, 3] * 1_000_000
        rows[:, k.LINE] = table[:, 4]
        rows[:, _EXCHANGE_TIME] = table[:, 5] * 1000
        return rows

    def _table(self) -> Iterator[NDArray[np.int64]]:
        columns = [
            Column("id", table_kernels.NUMBER),
            Column("timestamp", table_kernels.NUMBER),
            Column("exchange.timestamp", table_kernels.SKIPPED),
            Column("price", table_kernels.NUMBER, _PLACES),
            Column("volume", table_kernels.NUMBER),
            Column("action", table_kernels.WORD),
            Column("direction", table_kernels.WORD),
        ]

        def named(head: str) -> list[Column]:
            if head != _HEAD:
                raise DataError(_HEAD, repr(head[:120]), f"{self.path}:1")
            return columns

        actions = {word("created"): k.CREATED, word("changed"): k.CHANGED, word("deleted"): k.DELETED}
        for block in read_table(self.path, named, self._progress):
            c = block.columns
            rows: NDArray[np.int64] = np.zeros((len(block.lines), k.ROW_COLUMNS + 1), np.int64)
            for action, do in actions.items():
                rows[c["action"] == action, k.DO] = do
            rows[c["direction"] == word("bid"), k.ROW_SIDE] = 1
            rows[c["direction"] == word("ask"), k.ROW_SIDE] = -1
            for expected, wrong in (
                ("created, changed or deleted", rows[:, k.DO] == 0),
                ("bid or ask", rows[:, k.ROW_SIDE] == 0),
                ("a time in milliseconds", (c["timestamp"] < 0) | (c["timestamp"] > 9_000_000_000_000)),
            ):
                if wrong.any():
                    line = int(block.lines[int(np.argmax(wrong))])
                    raise DataError(expected, "something else", f"{self.path}:{line}")
            rows[:, k.ROW_ID] = c["id"]
            rows[:, k.ROW_PX] = c["price"]
            rows[:, k.ROW_QTY] = c["volume"]
            rows[:, k.TIME] = c["timestamp"] * 1_000_000
            rows[:, k.LINE] = block.lines
            if len(rows):
                yield rows


def _shortest(number: bytes) -> bytes:
    """Undo what a float did: 236.61000000000001 is 236.61. Trades are logged so; orders are quoted."""
    digits = sum(48 <= c <= 57 for c in number.lstrip(b"0."))
    return number if number[:1] == b'"' or digits <= 15 else repr(float(number)).encode()


def read_bitstamp(
    path: str | PathLike[str],
    *,
    form: str | None = None,
    feed_latency_ns: int = 0,
    progress: Progress | None = None,
) -> BitstampReader:
    """Read Bitstamp's live orders.

    Parameters
    ----------
    path : path
        A log of messages, or the CSV table of order events; plain, gzip, xz, zstd or zip.
    form : {"log", "csv"}, optional
        By default told by the first line.
    feed_latency_ns : int
        What a message took to the recorder: the exchange's time is the local time less this, except where
        the venue says its own.
    progress : callable, optional
        Called with the number of bytes read since the last call.

    Raises
    ------
    DataError
        The file is missing, or (while it is read) not what it has to be: with file and line.
    ConfigError
        An unknown form, or a latency below 0.
    """
    if form not in (None, "log", "csv"):
        raise ConfigError("log or csv", repr(form), "form")
    require_latency(feed_latency_ns)
    file = Path(path)
    if form is None:
        first = next(iter(Blocks(file)), b"")
        form = "csv" if first.startswith(_HEAD[:12].encode()) else "log"
    return BitstampReader(file, form, feed_latency_ns, progress)
