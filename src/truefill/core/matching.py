"""The matching engine that a person holds: `Engine`, the gate and the owner of its memory.

Arguments are checked here, once, and arrays made larger when the loop says that they are full. What happens
to orders is in `matching_kernel`, where it lies in `matching_layout`. The engine knows no clock, no file
and no network.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truefill.core import matching_layout as lay, matching_types as types
from truefill.core.errors import InputError, shown
from truefill.core.gate import whole
from truefill.core.matching_entries import (
    LEVEL_COLUMNS,
    ORDER_COLUMNS,
    dump,
    follow_market,
    list_levels,
    reindex,
    slot_of,
)
from truefill.core.matching_kernel import run
from truefill.core.matching_types import MESSAGE, REPORT
from truefill.core.order_book_commands import CANCEL, MODIFY, NEW, REDUCE, REJECTED, REPLACE
from truefill.core.records import BUY_SIDE, GTC, LIMIT, MARKET, SELL_SIDE
from truefill.core.self_trade import ALLOW

# The words of a message that a single call fills in; the rest of its record stays zero.
_PACK = struct.Struct("<BbBBHBxiiqqqq").pack_into
_REPORT_ROOM = 1 << 14  # one megabyte: stays in the cache between the loop and who reads it
_MOST_SLOTS = 1 << 27

BOOK_ORDER = np.dtype([(n, "<i8") for n in ("price", "order_id", "qty", "executed", "account")])
BOOK_LEVEL = np.dtype([(n, "<i8") for n in ("price", "qty", "orders")])


def messages(count: int, **columns: Any) -> NDArray[Any]:
    """Make an array of messages from columns, for `Engine.process`.

    Parameters
    ----------
    count : int
        How many.
    **columns
        Fields of MESSAGE, each one value or `count` of them. A field that is not given is 0.

    Examples
    --------
    >>> orders = messages(2, op=NEW, side=[1, -1], order_id=[1, 2], price=100, qty=5)
    >>> [int(kind) for kind in Engine().process(orders)["kind"]]
    [0, 0, 1]
    """
    array = np.zeros(whole(count, "a number of messages", 0, 1 << 40, InputError), MESSAGE)
    for name, values in columns.items():
        if name not in MESSAGE.fields:  # type: ignore[operator]
            raise InputError(f"one of {', '.join(MESSAGE.names or ())}", name)
        given = np.asarray(values)
        if given.dtype.kind not in "iu" or given.shape not in ((), (count,)):
            raise InputError(f"{count} whole numbers", f"{given.dtype} {given.shape}", name)
        array[name] = given
        if not np.array_equal(array[name], np.broadcast_to(given, count)):
            raise InputError(f"numbers that fit into {MESSAGE[name]}", shown(values), name)
    return array


class Engine:
    """A price-time matching engine for one symbol or many.

    Prices are whole ticks, quantities whole lots, sides +1 (buy) and -1 (sell). Times come with the messages.

    Parameters
    ----------
    symbols : int
        How many; they are numbered from 0.
    window : int
        Ticks around the market that are found by arithmetic, a power of two from 64 to 262,144; prices
        beyond cost more time, and the window follows its market. Default: 65,536; less for more than 16
        symbols.
    orders : int
        Resting orders to make room for at first; it grows.
    far_levels : int
        Most price levels outside of the windows.

    Examples
    --------
    >>> engine = Engine()
    >>> engine.submit(1, -1, price=101, qty=5)
    0
    >>> engine.submit(2, +1, price=102, qty=7)
    0
    >>> [(int(r["maker_id"]), int(r["price"]), int(r["qty"])) for r in engine.reports if r["kind"] == 1]
    [(1, 101, 5)]
    >>> engine.book().bids()["qty"].tolist()
    [2]
    """

    def __init__(
        self,
        symbols: int = 1,
        *,
        window: int | None = None,
        orders: int = 1 << 12,
        far_levels: int = 1 << 20,
    ) -> None:
        symbols = whole(symbols, "a number of symbols from 1 to 65536", 1, 1 << 16, InputError)
        if window is None:
            window = max(1 << 12, (1 << 20 >> (symbols - 1).bit_length()) & -1) if symbols > 16 else 1 << 16
        window = whole(window, "a window of 64 to 262144 ticks", 64, 1 << 18, InputError)
        if window & (window - 1):
            raise InputError("a window that is a power of two", window)
        bits = window.bit_length() - 1
        if (symbols * 4) << bits > 1 << 31:
            raise InputError("at most 2**29 symbols times window", symbols * window)
        slots = 1 + whole(orders, "room for 1 to 2**27 - 1 orders", 1, _MOST_SLOTS - 1, InputError)
        far_levels = whole(far_levels, "1 to 2**24 far levels", 1, 1 << 24, InputError)

        self._head: NDArray[Any] = np.zeros(lay.HEADER, np.int64)
        far_at = 2 * ((symbols * 4) << bits)
        self._levels: NDArray[Any] = np.zeros(far_at + 4 * (far_levels + 1), np.int64)
        self._bits: NDArray[Any] = np.zeros(symbols * 4 * lay.bit_words(bits), np.int64)
        self._symbols: NDArray[Any] = np.zeros((symbols, lay.SYMBOL_WORDS), np.int64)
        self._symbols[:, lay.BEST : lay.BEST + 4] = -lay.NO_BEST, lay.NO_BEST, -lay.NO_BEST, lay.NO_BEST
        self._orders: NDArray[np.int64] = np.zeros(4 * slots, np.int64)
        self._names: NDArray[np.int64] = np.zeros(2 * slots, np.int64)
        self._index: NDArray[Any] = np.zeros(1 << (2 * slots - 1).bit_length(), np.int32)
        head = self._head
        head[lay.PLACE_BITS] = bits
        head[lay.FAR_AT], head[lay.FAR_LEVELS], head[lay.FAR_FRESH] = far_at, far_levels, 1
        head[lay.FRESH], head[lay.SYMBOLS] = 1, symbols
        self._reports = np.zeros(_REPORT_ROOM, REPORT)
        self._reports_address = self._reports.ctypes.data
        self._one = np.zeros(1, MESSAGE)
        self._one_bytes = self._one.view(np.uint8).data
        self._one_address = self._one.ctypes.data
        self._last: NDArray[Any] = self._reports[:0]
        self._n = 0
        self._keeps: Callable[[NDArray[Any]], None] | None = None  # is given all messages before the loop is
        self._address = head.ctypes.data
        self._tell_addresses()

    def _adopt(self, *arrays: NDArray[Any]) -> None:
        """Go on from another engine's arrays: header, levels, bits, symbols, orders, names, index."""
        head, self._levels, self._bits, symbols, self._orders, self._names, self._index = arrays
        if len(head) != lay.HEADER or len(symbols) != head[lay.SYMBOLS] * lay.SYMBOL_WORDS:
            raise ValueError("lengths that do not fit each other")
        self._head, self._symbols = head, symbols.reshape(-1, lay.SYMBOL_WORDS)
        self._address = head.ctypes.data
        self._tell_addresses()

    def _tell_addresses(self) -> None:
        head = self._head
        head[lay.AT_LEVELS], head[lay.LEVEL_WORDS] = self._levels.ctypes.data, len(self._levels)
        head[lay.AT_BITS], head[lay.BIT_WORDS] = self._bits.ctypes.data, len(self._bits)
        head[lay.AT_ORDERS], head[lay.AT_NAMES] = self._orders.ctypes.data, self._names.ctypes.data
        head[lay.SLOTS] = len(self._names) // 2
        head[lay.AT_INDEX], head[lay.INDEX_SIZE] = self._index.ctypes.data, len(self._index)
        head[lay.AT_SYMBOLS] = self._symbols.ctypes.data

    # ---- single calls --------------------------------------------------------------------------------

    def submit(
        self,
        order_id: int,
        side: int,
        price: int,
        qty: int,
        time_in_force: int = GTC,
        *,
        symbol: int = 0,
        account: int = 0,
        order_type: int = LIMIT,
        flags: int = 0,
        self_trade: int = ALLOW,
        ts: int = 0,
    ) -> int:
        """Send a new order; returns 0, or why it was rejected (`truefill.core.reasons`).

        `reports` has what happened. `self_trade` (`truefill.core.self_trade`) says what happens where it
        would trade with an order of its own account.
        """
        return self._send(
            NEW, side, order_type, time_in_force, flags, self_trade, symbol, account, order_id, price, qty, ts
        )

    def market(
        self,
        order_id: int,
        side: int,
        qty: int,
        *,
        slippage: int | None = None,
        symbol: int = 0,
        account: int = 0,
    ) -> int:
        """Send a market order; what it does not get expires. Returns 0, or why it was rejected.

        With `slippage` it trades at most so many ticks beyond the touch.
        """
        flags = 0 if slippage is None else types.CAPPED
        return self._send(NEW, side, MARKET, GTC, flags, 0, symbol, account, order_id, slippage or 0, qty, 0)

    def cancel(self, order_id: int, *, account: int = 0, ts: int = 0) -> int:
        """Take an order of `account` out of the book; 0, or why not."""
        return self._send(CANCEL, 0, 0, 0, 0, 0, 0, account, order_id, 0, 0, ts)

    def modify(
        self, order_id: int, price: int, qty: int, time_in_force: int = GTC, *, account: int = 0, ts: int = 0
    ) -> int:
        """Set price and open quantity; 0, or why not. Only the same price and no more quantity keeps the
        place.

        With GTX it is rejected instead of trading.
        """
        return self._send(MODIFY, 0, 0, time_in_force, 0, 0, 0, account, order_id, price, qty, ts)

    def replace(self, order_id: int, price: int, qty: int, *, account: int = 0, ts: int = 0) -> int:
        """Set price and open quantity, and go to the back of the queue in any case; 0, or why not."""
        return self._send(REPLACE, 0, 0, 0, 0, 0, 0, account, order_id, price, qty, ts)

    def amend_total(self, order_id: int, price: int, total: int, *, account: int = 0, ts: int = 0) -> int:
        """Set price and the total quantity, executed one included: what was filled meanwhile is not bought
        twice.

        A total that is filled already cancels the rest. Returns 0, or why not.
        """
        return self._send(types.AMEND_TOTAL, 0, 0, 0, 0, 0, 0, account, order_id, price, total, ts)

    def reduce(self, order_id: int, by: int, *, account: int = 0, ts: int = 0) -> int:
        """Make an order smaller, or cancel it when nothing is left; it keeps its place. 0, or why not."""
        return self._send(REDUCE, 0, 0, 0, 0, 0, 0, account, order_id, 0, by, ts)

    def _send(self, *fields: Any) -> int:
        try:
            op, side, order_type, tif, flags, self_trade, symbol, account, order_id, price, qty, ts = fields
            _PACK(
                self._one_bytes,
                0,
                op,
                side,
                order_type,
                tif,
                flags,
                self_trade,
                symbol,
                account,
                order_id,
                price,
                qty,
                ts,
            )
        except struct.error as error:
            raise InputError(f"whole numbers that fit a message ({error})", shown(fields[1:])) from None
        if self._keeps is not None:
            self._keeps(self._one)
        done, self._n, why = run(self._address, self._one_address, 1, self._reports_address, _REPORT_ROOM)
        self._last = self._reports
        if why != types.DONE:
            pieces = [self._last[: self._n].copy()]
            self._make_room(why)
            pieces += [piece.copy() for piece in self._run(self._one[done:])]
            self._last = np.concatenate(pieces)
            self._n = len(self._last)
        if self._n == 1:
            first = self._last[0]
            return int(first["reason"]) if first["kind"] == REJECTED else 0
        return 0

    @property
    def reports(self) -> NDArray[Any]:
        """What the last call said, as records of REPORT; the next call overwrites them."""
        return self._last[: self._n]

    # ---- batches -----------------------------------------------------------------------------------------

    def process(self, orders: NDArray[Any]) -> NDArray[Any]:
        """Take messages in their order.

        Parameters
        ----------
        orders : ndarray of MESSAGE, shape (n,)

        Returns
        -------
        ndarray of REPORT, shape (m,)
            All that happened. An invalid message is one REJECTED report with its reason, and changes nothing.
        """
        pieces = [piece.copy() for piece in self.stream(orders)]
        self._last = np.concatenate(pieces) if pieces else self._reports[:0].copy()
        self._n = len(self._last)
        return self._last

    def stream(self, orders: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Like `process`, in pieces that stay in the cache: each is overwritten by the next."""
        if not isinstance(orders, np.ndarray) or orders.dtype != MESSAGE or orders.ndim != 1:
            got = f"{orders.dtype} {orders.shape}" if isinstance(orders, np.ndarray) else shown(orders)
            raise InputError("a one-dimensional array of MESSAGE records", got)
        orders = np.ascontiguousarray(orders)
        if self._keeps is not None and len(orders):
            self._keeps(orders)
        yield from self._run(orders)

    def _run(self, orders: NDArray[Any]) -> Iterator[NDArray[Any]]:
        address, count, done = orders.ctypes.data, len(orders), 0
        while done < count:
            finished, n, why = run(
                self._address,
                address + done * MESSAGE.itemsize,
                count - done,
                self._reports_address,
                _REPORT_ROOM,
            )
            if n:
                yield self._reports[:n]
            done += finished
            if why != types.DONE:
                self._make_room(why)

    def _make_room(self, why: int) -> None:
        """Do what the loop came back for."""
        if why == types.FAR_OFF:
            follow_market(self._address)
        elif why == types.ORDERS_FULL:
            slots = min(2 * len(self._names) // 2, _MOST_SLOTS)
            if slots == len(self._names) // 2:
                raise MemoryError(f"{slots} orders rest: no room for more")
            self._orders = _longer(self._orders, 4 * slots)
            self._names = _longer(self._names, 2 * slots)
            old = self._index
            self._index = np.zeros(1 << (2 * slots - 1).bit_length(), np.int32)
            self._tell_addresses()
            reindex(self._address, old.ctypes.data, len(old))

    # ---- questions ---------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return int(self._head[lay.LIVE])

    def __contains__(self, order_id: int) -> bool:
        return bool(slot_of(self._address, order_id))

    @property
    def symbols(self) -> int:
        """How many symbols there are."""
        return int(self._head[lay.SYMBOLS])

    def book(self, symbol: int = 0) -> "Book":
        """Return the book of a symbol."""
        return Book(
            self, whole(symbol, f"a symbol from 0 to {self.symbols - 1}", 0, self.symbols - 1, InputError)
        )

    @property
    def memory(self) -> int:
        """Bytes of the arrays that grow with orders: slots, names, index."""
        return self._orders.nbytes + self._names.nbytes + self._index.nbytes

    def state_hash(self) -> str:
        """Hash over every order in its place: equal only for engines with the same queues."""
        digest = hashlib.blake2b(digest_size=16)
        for symbol in range(self.symbols):
            for ladder in range(4):
                digest.update(self._dump(4 * symbol + ladder).tobytes())
                digest.update(b"|")
        return digest.hexdigest()

    def _dump(self, ladder_number: int) -> NDArray[Any]:
        out = np.zeros((64, ORDER_COLUMNS), np.int64)
        n = dump(self._address, ladder_number, out)
        if n > len(out):
            out = np.zeros((n, ORDER_COLUMNS), np.int64)
            dump(self._address, ladder_number, out)
        return out[:n].reshape(-1).view(BOOK_ORDER)

    def _list(self, ladder_number: int, most: int | None) -> NDArray[Any]:
        if most is None:
            most = max(len(self), 1)
        out = np.zeros((most, LEVEL_COLUMNS), np.int64)
        n = list_levels(self._address, ladder_number, out, most)
        return out[:n].reshape(-1).view(BOOK_LEVEL)


def _longer(array: NDArray[Any], size: int) -> NDArray[Any]:
    longer = np.zeros(size, array.dtype)
    longer[: len(array)] = array
    return longer


class Book:
    """One symbol's book as tables; a window on its engine, always as that is now."""

    def __init__(self, engine: Engine, symbol: int) -> None:
        self._engine = engine
        self.symbol = symbol

    def bids(self, levels: int | None = None) -> NDArray[Any]:
        """Price, quantity and number of orders of the best (or all) bid levels, best first."""
        return self._levels(lay.BIDS, levels)

    def asks(self, levels: int | None = None) -> NDArray[Any]:
        """Price, quantity and number of orders of the best (or all) ask levels, best first."""
        return self._levels(lay.ASKS, levels)

    def _levels(self, ladder: int, levels: int | None) -> NDArray[Any]:
        if levels is not None:
            levels = whole(levels, "a number of levels from 0", 0, 1 << 31, InputError)
        return self._engine._list(4 * self.symbol + ladder, levels)

    def orders(self, side: int) -> NDArray[Any]:
        """Price, id, open and executed quantity, account of a side's orders: best first, then oldest."""
        if side not in (BUY_SIDE, SELL_SIDE):
            raise InputError("side +1 or -1", shown(side))
        return self._engine._dump(4 * self.symbol + (lay.BIDS if side == BUY_SIDE else lay.ASKS))

    def _tick(self, word: int) -> int | None:
        row = self._engine._symbols[self.symbol]
        tick = int(row[word])
        return None if abs(tick) == lay.NO_BEST else int(row[lay.BASE]) + tick

    @property
    def best_bid(self) -> int | None:
        """Highest price bid, None without bids."""
        return self._tick(lay.BEST + lay.BIDS)

    @property
    def best_ask(self) -> int | None:
        """Lowest price asked, None without asks."""
        return self._tick(lay.BEST + lay.ASKS)

    @property
    def last(self) -> int | None:
        """Price of the last trade, None before the first."""
        return self._tick(lay.LAST) if self._engine._symbols[self.symbol][lay.TRADED] else None
