"""A book of single orders whose snapshot is fetched beside the stream, with the face of `StreamedBook`.

The snapshot of such a venue says when it was made, but not after which message. What comes while there is no
book is kept, and repeated on the snapshot in order: an order that is in it already is not added again, and
one that is not in it cannot be cancelled, so the outcome is right whether a message is in the snapshot or
not, as long as it was made after the first message kept. An older one is refused.

Rows are ADD_ORDER, MODIFY_ORDER and CANCEL_ORDER; a snapshot is a DEPTH_CLEAR and the orders as they are
after the repetition. What comes while the book is suspect is passed on, as far as it names orders that are
known.
"""

from collections import deque
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from truefill.core.events import (
    ADD_ORDER,
    BUY,
    CANCEL_ORDER,
    DEPTH_CLEAR,
    GAP_BEGIN,
    GAP_END,
    MODIFY_ORDER,
)
from truefill.venues.counters import BookCounters, MarketCounters
from truefill.venues.levels import Side, read_levels
from truefill.venues.rows import RowBatch
from truefill.venues.streamed_book import BOTH, At

_KEPT = 100_000  # messages for a snapshot to come: minutes of the busiest venue


class Kind(Enum):
    """What happens to an order."""

    ADD = ADD_ORDER
    MODIFY = MODIFY_ORDER
    CANCEL = CANCEL_ORDER


class OrderEvent(NamedTuple):
    """One message about one order; numbers as the venue wrote them."""

    kind: Kind
    order_id: int
    side: int = 0  # BUY or SELL
    px: str = ""  # of an ADD
    qty: str = ""  # what is open now; of an ADD and a MODIFY


class OrdersBook:
    """Turns messages about orders and fetched snapshots into rows; see the top of this file.

    Parameters
    ----------
    rows : RowBatch
        Where to.
    counters : MarketCounters
        Counts messages and orders here, as levels.
    takers : bool
        Whether the stream has orders that are about to trade as well, so that a bid above an ask means
        nothing.
    """

    def __init__(self, rows: RowBatch, counters: MarketCounters, takers: bool = False) -> None:
        self._takers = takers
        self.counters = BookCounters()
        self.bids, self.asks = Side(1), Side(-1)  # of the best prices; the quantity of a level is not kept
        self.resync = False
        self.orders: dict[int, tuple[int, str, str]] = {}  # side, price, what is open
        self._market = counters
        self._rows = rows
        self._count: dict[tuple[int, float], int] = {}  # orders of a level
        self._kept: deque[tuple[int, OrderEvent]] = deque(maxlen=_KEPT)  # exchange time, ns
        self._newest = 0  # exchange time of a message, ns
        self._dated = 0  # exchange time of the last snapshot's rows, ns
        self._valid = False
        self._gap_open = False
        self._asked = False

    @property
    def valid(self) -> bool:
        """Whether the book is whole."""
        return self._valid

    @property
    def crossed(self) -> bool:
        """Whether the best bid is above the best ask."""
        bid, ask = self.bids.best, self.asks.best
        return bid is not None and ask is not None and bid > ask

    def check(self, event: OrderEvent) -> None:
        """Raise ValueError if a number is none; for codecs that take note of a message before its order."""
        if event.kind is not Kind.CANCEL:
            read_levels([(event.px or "1", event.qty)])

    def event(self, at: At, event: OrderEvent) -> None:
        """Take a message, whose numbers have passed `check`."""
        self._market.depth += 1
        self._market.levels += 1
        self._market.zero_levels += event.kind is Kind.CANCEL
        if at.exch_ts < self._dated:  # in both views it comes after the snapshot that it changes
            at = at._replace(exch_ts=self._dated)
        self._newest = max(self._newest, at.exch_ts)
        if not self._valid:
            self._kept.append((at.exch_ts, event))
        row = self._apply(event)
        if row is not None:
            self._row(at, *row)
        if self._valid and self.crossed and not self._takers:
            self.counters.crossed += 1
            self.suspect(at)
        elif not self._valid:
            self.ask()

    def snapshot(self, at: At, orders: Iterable[tuple[int, int, str, str]]) -> None:
        """Take a fetched snapshot, whose `at` has the time when it was made: id, side, price and quantity of
        each order, at a price in their order of time.

        Raises
        ------
        ValueError
            A number is none; the book is as it was.
        """
        self.answered()
        found = list(orders)
        read_levels([(px, qty) for _, _, px, qty in found])
        if self._kept and at.exch_ts < self._kept[0][0]:
            self.counters.snapshots_refused += 1
            self.ask()
            return
        self.counters.snapshots += 1
        self._market.snapshot_levels += len(found)
        for side in (self.bids, self.asks):
            side.clear()
        self.orders.clear()
        self._count.clear()
        for order_id, flag, px, qty in found:
            self._apply(OrderEvent(Kind.ADD, order_id, flag, px, qty))
        for _, event in self._kept:
            self._apply(event)
        self._kept.clear()
        # Messages of before the list was made may still come, so it is dated by the newest that has.
        self._dated = self._newest or at.exch_ts
        then = At(self._dated, at.local_ts, at.place)
        self._rows.mark(DEPTH_CLEAR | BOTH, *then)
        for order_id, (flag, px, qty) in self.orders.items():
            self._row(then, ADD_ORDER, order_id, flag, px, qty)
        self._valid = True
        self.resync = False
        if self._gap_open:
            self._gap_open = False
            self._rows.mark(GAP_END | BOTH, *then)
        if self.crossed and not self._takers:
            self.counters.crossed += 1
            self.suspect(then)

    def ask(self) -> None:
        """Ask for a snapshot, unless one is on its way."""
        if not self._asked:
            self._asked = self.resync = True

    def answered(self) -> None:
        """Take note that an answer has come, of whatever use it is."""
        self._asked = False

    def unreadable(self) -> None:
        """Take note that an answer has come that could not be read: another one is needed, if any is."""
        self._asked = self.resync = not self.valid

    def suspect(self, at: At) -> None:
        """Mark the book as not to be trusted until the next snapshot, and ask for one."""
        self._lose(at)
        self._asked = self.resync = True

    def disconnected(self, at: At) -> None:
        """Forget what was kept and asked for: what follows belongs to another connection."""
        self._lose(at)
        self._asked = self.resync = False

    def _lose(self, at: At) -> None:
        was_valid, self._valid = self._valid, False
        self._kept.clear()
        if was_valid and not self._gap_open:
            self._gap_open = True
            self._rows.mark(GAP_BEGIN | BOTH, *at)

    def _row(self, at: At, kind: int, order_id: int, side: int, px: str, qty: str) -> None:
        self._rows.pair(kind | side | BOTH, at.exch_ts, at.local_ts, px, qty, order_id, 0, at.place)

    def _apply(self, event: OrderEvent) -> tuple[int, int, int, str, str] | None:
        """Change the orders; the row that says so: kind, id, side, price, quantity. None: nothing changed."""
        known = self.orders.get(event.order_id)
        if event.kind is Kind.ADD:
            if known is not None or float(event.qty) == 0.0:
                return None
            self.orders[event.order_id] = event.side, event.px, event.qty
            self._level(event.side, event.px, 1)
            return ADD_ORDER, event.order_id, event.side, event.px, event.qty
        if known is None:
            return None
        side, px, qty = known
        if event.kind is Kind.MODIFY and float(event.qty) != 0.0:
            self.orders[event.order_id] = side, px, event.qty
            return MODIFY_ORDER, event.order_id, side, px, event.qty
        del self.orders[event.order_id]
        self._level(side, px, -1)
        return CANCEL_ORDER, event.order_id, side, px, qty

    def _level(self, flag: int, px: str, more: int) -> None:
        """Count an order at its price in or out."""
        price = float(px)
        key = flag, price
        count = self._count[key] = self._count.get(key, 0) + more
        if not count:
            del self._count[key]
        if count == max(more, 0):  # the first one came, or the last one went
            (self.bids if flag == BUY else self.asks).apply([(price, float(count), (px, str(count)))])
