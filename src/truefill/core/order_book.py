"""The order-by-order book that a person holds: `OrderBook`, a thin class over the compiled kernels.

It is the gate (arguments are checked here, once) and the owner (it makes the arrays larger when the
kernels say that they are full). What happens to orders is in `order_book_commands`, how it is done in
`order_book_kernels`, where it lies in `order_book_layout`.

It keeps orders and knows nothing of accounts, stops, icebergs or risk: an order's `tag` (int32) is the
owner's own word for it, and comes back in every trade.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from truefill.core import order_book_commands as c
from truefill.core.errors import InputError
from truefill.core.events import NO_ASK_TICK, NO_BID_TICK
from truefill.core.order_book_entries import ahead_of, clear_side, dump, find_slot, move, worse_place
from truefill.core.order_book_layout import (
    ASKS,
    AT_LEVELS,
    AT_ORDERS,
    BASE,
    BEST,
    BIDS,
    FRESH,
    LEVEL,
    LEVELS,
    LIVE,
    MAX_LEVELS,
    MAX_ORDERS,
    ORDERS,
    PENDING,
    PENDING_SIDE,
    PENDING_TAG,
    TAG,
    Words,
    allocate,
    links_of,
)
from truefill.core.records import BUY_SIDE, FOK, GTC, IOC, SELL_SIDE

_FAR = 1 << 61  # ticks and quantities beyond this are a mistake, and would overflow sums


class Fill(NamedTuple):
    """One trade of an incoming order with a resting one."""

    maker: int  # id of the resting order
    qty: int
    tick: int  # the resting order's price
    maker_left: int  # what is still open of it
    maker_tag: int


class Resting(NamedTuple):
    """An order in the book."""

    order_id: int
    side: int
    tick: int
    qty: int
    tag: int


class Answer(NamedTuple):
    """What became of one command."""

    fills: list[Fill]
    open_qty: int  # resting afterwards
    gone_qty: int  # cancelled or expired
    reason: int  # 0, or why it was rejected (order_book_commands)

    @property
    def accepted(self) -> bool:
        """True when the command did what it says."""
        return self.reason == 0


def _check_commands(commands: NDArray[np.int64]) -> None:
    """Refuse commands that the kernels could not be trusted with; the rest is theirs to reject."""
    if commands.ndim != 2 or commands.shape[1] != c.COMMAND_COLUMNS or commands.dtype != np.int64:
        raise InputError(
            f"an int64 array of shape (n, {c.COMMAND_COLUMNS})", f"{commands.dtype} {commands.shape}"
        )
    new = commands[:, c.OP] == c.NEW
    adds = new | (commands[:, c.OP] == c.ADD)
    may_rest = np.where(
        new,
        commands[:, c.TIME_IN_FORCE] < FOK,
        np.isin(commands[:, c.OP], (c.MODIFY, c.REPLACE, c.ADD, c.AMEND)),
    )
    tick, qty, tag = commands[:, c.TICK], commands[:, c.QTY], commands[:, c.ORDER_TAG]
    for what, wrong in (
        ("side +1 or -1", adds & (np.abs(commands[:, c.SIDE]) != 1)),
        (f"a price within {_FAR} ticks", may_rest & ((tick > _FAR) | (tick < -_FAR))),
        (f"a quantity up to {_FAR} lots", (qty > _FAR) | (qty < -_FAR)),
        ("a tag of 32 bits", tag != tag.astype(np.int32)),
    ):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InputError(what, commands[row].tolist(), f"command {row}")


class OrderBook:
    """A limit order book of single orders, first in first out at each price.

    Prices are ticks, quantities lots, sides +1 (bid, buy) and -1 (ask, sell), ids any int64.

    Parameters
    ----------
    base_tick : int, optional
        Lowest price of the first window of levels. Default: around the first price seen.
    levels : int
        Ticks in the window, each side. Grows when a price outside of it has to rest.
    orders : int
        Orders that can rest at once. Grows when they are more.

    Examples
    --------
    >>> book = OrderBook()
    >>> _ = book.submit(1, -1, tick=101, qty=5)
    >>> _ = book.submit(2, -1, tick=101, qty=5)
    >>> answer = book.submit(3, +1, tick=102, qty=7)
    >>> [(fill.maker, fill.qty, fill.tick) for fill in answer.fills]
    [(1, 5, 101), (2, 2, 101)]
    >>> book.best_ask, book.level_qty(-1, 101), book.best_bid
    (101, 3, None)
    """

    def __init__(self, base_tick: int | None = None, levels: int = 4096, orders: int = 1024) -> None:
        self._check("levels", levels, 1, MAX_LEVELS)
        self._check("orders", orders, 1, MAX_ORDERS)
        self._anchored = base_tick is not None
        self.words: Words = allocate(base_tick or 0, levels, orders)
        self.links = links_of(self.words)
        self._command = np.zeros((1, c.COMMAND_COLUMNS), np.int64)
        self._reports = np.zeros((256, c.REPORT_COLUMNS), np.int64)

    # ---- commands --------------------------------------------------------------------------------

    def submit(
        self, order_id: int, side: int, tick: int, qty: int, time_in_force: int = GTC, tag: int = 0
    ) -> Answer:
        """Send a limit order: it trades up to its limit, then rests (GTC, GTX) or ends (IOC, FOK)."""
        return self._one(c.NEW, order_id, side, tick, qty, time_in_force, tag)

    def add(self, order_id: int, side: int, tick: int, qty: int, tag: int = 0) -> Answer:
        """Rest an order without matching: what a feed says, which its venue has matched already."""
        return self._one(c.ADD, order_id, side, tick, qty, GTC, tag)

    def market(self, order_id: int, side: int, qty: int) -> Answer:
        """Send a market order: it trades at any price; what it does not get expires."""
        limit = NO_ASK_TICK if side == BUY_SIDE else NO_BID_TICK
        return self._one(c.NEW, order_id, side, limit, qty, IOC, 0)

    def cancel(self, order_id: int) -> Answer:
        """Take an order out of the book."""
        return self._one(c.CANCEL, order_id)

    def reduce(self, order_id: int, by: int) -> Answer:
        """Make an order smaller by `by`; it keeps its place. Down to nothing, it is cancelled."""
        return self._one(c.REDUCE, order_id, qty=by)

    def modify(self, order_id: int, tick: int, qty: int) -> Answer:
        """Set price and open quantity. Only the same price with no more quantity keeps the place."""
        return self._one(c.MODIFY, order_id, tick=tick, qty=qty)

    def amend(self, order_id: int, tick: int, qty: int) -> Answer:
        """Set price and open quantity without matching, as a feed says. The place is as in `modify`."""
        return self._one(c.AMEND, order_id, tick=tick, qty=qty)

    def clear(self, side: int | None = None) -> None:
        """Remove all orders, or all of one side."""
        for each, region in ((BUY_SIDE, BIDS), (SELL_SIDE, ASKS)):
            if side is None or side == each:
                clear_side(self.words, self.links, region)

    def execute(self, commands: NDArray[np.int64]) -> NDArray[np.int64]:
        """Execute many commands at compiled speed.

        Parameters
        ----------
        commands : ndarray of int64, shape (n, COMMAND_COLUMNS)
            `order_book_commands` names operations and columns.

        Returns
        -------
        ndarray of int64, shape (m, REPORT_COLUMNS)
            What happened; column COMMAND is the row in `commands`.
        """
        _check_commands(commands)
        if len(self._reports) < 4096:
            self._reports = np.zeros((65536, c.REPORT_COLUMNS), np.int64)
        return np.concatenate(list(self._run(commands)) or [self._reports[:0]])

    def _run(self, commands: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Call the kernel until all commands are done; grow what it says is full."""
        done = 0
        while True:
            finished, n, why = c.execute(self.words, self.links, commands[done:], self._reports)
            if n:
                reports = self._reports[:n].copy()
                reports[:, c.COMMAND] += done
                yield reports
            done += finished
            if why == c.ALL_DONE:
                return
            if why == c.BOOK_FULL:
                self.grow(orders=2 * int(self.words[ORDERS]))
            elif why == c.OUTSIDE_WINDOW:
                self.include(int(commands[done, c.TICK]))

    def _one(
        self, op: int, order_id: int, side: int = 1, tick: int = 0, qty: int = 0, tif: int = GTC, tag: int = 0
    ) -> Answer:
        if side != BUY_SIDE and side != SELL_SIDE:
            raise InputError("side +1 or -1", side)
        no_limit = tif >= FOK and tick in (NO_ASK_TICK, NO_BID_TICK)
        if not -_FAR <= tick <= _FAR and not no_limit:
            raise InputError(f"a price within {_FAR} ticks", tick)
        if not -_FAR <= qty <= _FAR:
            raise InputError(f"a quantity up to {_FAR} lots", qty)
        if not -(1 << 63) <= order_id < 1 << 63:
            raise InputError("an order id of 64 bits", order_id)
        if not -(1 << 31) <= tag < 1 << 31:
            raise InputError("a tag of 32 bits", tag)
        self._command[0] = op, order_id, side, tick, qty, tif, tag
        fills: list[Fill] = []
        open_qty, gone, reason = 0, 0, 0
        for reports in self._run(self._command):
            for row in reports.tolist():
                kind, amount = row[c.KIND], row[c.REPORT_QTY]
                if kind == c.TRADE:
                    fills.append(
                        Fill(row[c.MAKER], amount, row[c.REPORT_TICK], row[c.MAKER_LEFT], row[c.MAKER_TAG])
                    )
                    open_qty -= amount
                elif kind in (c.ACCEPTED, c.MODIFIED, c.REDUCED):
                    open_qty = amount
                elif kind == c.REJECTED:
                    reason = row[c.REASON]
                else:
                    open_qty, gone = 0, amount
        return Answer(fills, open_qty, gone, reason)

    # ---- questions -------------------------------------------------------------------------------

    def __len__(self) -> int:
        return int(self.words[LIVE])

    def __contains__(self, order_id: int) -> bool:
        return bool(find_slot(self.words, self.links, order_id))

    def _best(self, side: int) -> int | None:
        place = int(self.words[BEST + side])
        return None if place < 0 else int(self.words[BASE]) + place

    @property
    def best_bid(self) -> int | None:
        """Highest bid tick, None without bids."""
        return self._best(BIDS)

    @property
    def best_ask(self) -> int | None:
        """Lowest ask tick, None without asks."""
        return self._best(ASKS)

    def _level(self, side: int, tick: int) -> int:
        """Word of a level, or -1 outside of the window."""
        place = tick - int(self.words[BASE])
        if not 0 <= place < self.words[LEVELS]:
            return -1
        entry_ = place + (int(self.words[LEVELS]) if side == SELL_SIDE else 0)
        return int(self.words[AT_LEVELS]) + 2 * entry_

    def level_qty(self, side: int, tick: int) -> int:
        """Quantity resting at a price."""
        level = self._level(side, tick)
        return 0 if level < 0 else int(self.words[level])

    def level_count(self, side: int, tick: int) -> int:
        """Orders resting at a price."""
        level = self._level(side, tick)
        return 0 if level < 0 else int(self.links[2 * level + 3])

    def levels(self, side: int) -> Iterator[tuple[int, int, int]]:
        """Tick, quantity and number of orders of each occupied level, best first."""
        region = BIDS if side == BUY_SIDE else ASKS
        place = int(self.words[BEST + region])
        while place >= 0:
            tick = int(self.words[BASE]) + place
            yield tick, self.level_qty(side, tick), self.level_count(side, tick)
            place = int(worse_place(self.words, region, place))

    def queue_ahead(self, order_id: int) -> tuple[int, int]:
        """Quantity and number of orders in front of a resting order (walks them)."""
        slot = int(find_slot(self.words, self.links, order_id))
        if slot == 0:
            raise InputError("the id of a resting order", order_id)
        qty, count = ahead_of(self.words, self.links, slot)
        return int(qty), int(count)

    def order(self, order_id: int) -> Resting | None:
        """Look up a resting order; None when there is none of that id."""
        slot = int(find_slot(self.words, self.links, order_id))
        if slot == 0:
            return None
        order = int(self.words[AT_ORDERS]) + 4 * slot
        entry_, levels = int(self.links[2 * order + LEVEL]), int(self.words[LEVELS])
        side = SELL_SIDE if entry_ >= levels else BUY_SIDE
        tick = int(self.words[BASE]) + entry_ % levels
        return Resting(order_id, side, tick, int(self.words[order + 1]), int(self.links[2 * order + TAG]))

    def to_array(self) -> NDArray[np.int64]:
        """All orders, bids then asks, best level first, oldest first: side, tick, id, quantity, tag."""
        out = np.zeros((len(self), 5), np.int64)
        dump(self.words, self.links, out)
        return out

    def orders(self) -> Iterator[Resting]:
        """All orders, in the order of `to_array`."""
        for side, tick, order_id, qty, tag in self.to_array().tolist():
            yield Resting(order_id, side, tick, qty, tag)

    def state_hash(self) -> str:
        """Hash over every order in its place: equal only for books with the same queues."""
        return hashlib.blake2b(self.to_array().astype("<i8").tobytes(), digest_size=16).hexdigest()

    # ---- room ------------------------------------------------------------------------------------

    def include(self, tick: int) -> None:
        """Move or widen the window so that `tick` can rest and the occupied levels stay inside."""
        if not self._anchored and len(self) == 0:
            self._anchored = True
            return self.grow(base_tick=tick - int(self.words[LEVELS]) // 2)
        ticks = [tick]
        if len(self):
            array = self.to_array()[:, 1]
            ticks += [int(array.min()), int(array.max())]
        span = max(ticks) - min(ticks) + 1
        if 2 * span > MAX_LEVELS:
            raise InputError(f"prices within {MAX_LEVELS // 2} ticks of each other", span, f"tick {tick}")
        levels = max(int(self.words[LEVELS]), 1 << (2 * span - 1).bit_length())
        self.grow(base_tick=min(ticks) - (levels - span) // 2, levels=levels)

    def grow(
        self, base_tick: int | None = None, levels: int | None = None, orders: int | None = None
    ) -> None:
        """Move the book to arrays of another size. Order slots stay the same."""
        old, old_links = self.words, self.links
        base = int(old[BASE]) if base_tick is None else base_tick
        levels = levels or int(old[LEVELS])
        orders = orders or int(old[ORDERS])
        self._check("levels", levels, 1, MAX_LEVELS)
        self._check("orders", orders, int(old[FRESH]) - 1, MAX_ORDERS)
        words = allocate(base, levels, orders)
        words[[PENDING, PENDING_SIDE, PENDING_TAG]] = old[[PENDING, PENDING_SIDE, PENDING_TAG]]
        move(old, old_links, words, links_of(words))
        self.words, self.links = words, links_of(words)

    @staticmethod
    def _check(name: str, value: Any, low: int, high: int) -> None:
        if not low <= value <= high:
            raise InputError(f"{low} to {high} {name}", value)
