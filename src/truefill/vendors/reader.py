"""What all readers have in common: chunks of events, and counts of what was odd."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from truefill.core.decimals import nearest_floats
from truefill.core.events import BUY, DECIMAL_EVENT, EVENT, EXCH, LOCAL, SELL, TRADE
from truefill.vendors import orders

Progress = Callable[[int], None]
"""Called with the number of bytes of the files that were read since the last call."""

_BOTH = EXCH | LOCAL
_ODD = (
    "duplicate_adds",
    "unknown_cancels",
    "unknown_modifies",
    "unknown_fills",
    "overdrawn",
    "bad_quantities",
)
_ADDED = ("rows", "events", "live_orders", *_ODD)


@dataclass(slots=True)
class ReaderCounters:
    """What a reader has seen so far. Odd things are counted and never fatal."""

    rows: int = 0  # records or messages of the source
    events: int = 0  # made of them
    live_orders: int = 0  # open now
    most_live_orders: int = 0
    duplicate_adds: int = 0  # a new order whose id is open: it changes that order
    unknown_cancels: int = 0  # of orders that are not open: dropped
    unknown_modifies: int = 0  # of orders that are not open: they become new orders
    unknown_fills: int = 0  # naming orders that are not open: passed on
    overdrawn: int = 0  # more taken off an order than it had: it is gone
    bad_quantities: int = 0  # orders of 0 or less, or without a side
    others: dict[str, int] = field(default_factory=dict)  # what only this source has, by name
    notes: list[str] = field(default_factory=list)  # what the source cannot tell, in words

    def add(self, more: "ReaderCounters") -> None:
        """Add what another reader has seen, of the same instrument."""
        for name in _ADDED:
            setattr(self, name, getattr(self, name) + getattr(more, name))
        self.most_live_orders = max(self.most_live_orders, more.most_live_orders)
        for name, number in more.others.items():
            self.count(name, number)
        self.notes += [note for note in more.notes if note not in self.notes]

    def count(self, name: str, number: int = 1) -> None:
        """Add to one of `others`."""
        if number:
            self.others[name] = self.others.get(name, 0) + int(number)

    def odd(self) -> dict[str, int]:
        """Everything that a faultless source would not have, where it is not 0."""
        return {name: getattr(self, name) for name in _ODD if getattr(self, name)}


class EventReader(Protocol):
    """A source of events. Each iteration reads it from its beginning and counts anew.

    Attributes
    ----------
    counters : ReaderCounters
        Of the iteration that is under way, or was last.
    lines : int64[]
        Of the chunk yielded last: the line or record of the source that each event comes from, from 1.
    """

    counters: ReaderCounters
    lines: NDArray[np.int64]

    def __iter__(self) -> Iterator[np.ndarray]:
        """Chunks of DECIMAL_EVENT, in the order of the source (of EVENT where the source has floats)."""
        ...


class FileReader:
    """What the readers of files have in common; with an `__iter__` each is an EventReader.

    Parameters
    ----------
    progress : callable or None
        Called with the number of bytes read since the last call.
    """

    def __init__(self, progress: Progress | None) -> None:
        self.counters = ReaderCounters()
        self.lines: NDArray[np.int64] = np.zeros(0, np.int64)
        self._progress = progress

    def _lined(self, chunks: Iterator[tuple[np.ndarray, NDArray[np.int64]]]) -> Iterator[np.ndarray]:
        """Rows of chunks, whose lines are remembered while they are looked at."""
        for rows, lines in chunks:
            self.lines = lines
            yield rows


class OrderEvents:
    """Turns the ops of a source (`orders`) into events; keeps its open orders.

    Parameters
    ----------
    counters : ReaderCounters
    px_exp, qty_exp : int
        Prices and quantities are integers times 10 to these powers.
    """

    def __init__(self, counters: ReaderCounters, px_exp: int, qty_exp: int) -> None:
        self.counters = counters
        self.px_exp = px_exp
        self.qty_exp = qty_exp
        self.table = orders.new_table()
        self.state = np.zeros(orders.COUNTERS, np.int64)

    def make(
        self,
        ops: NDArray[np.int64],
        exch_ts: NDArray[np.int64],
        local_ts: NDArray[np.int64],
        ival: NDArray[np.int64] | None = None,
    ) -> tuple[np.ndarray, NDArray[np.int64]]:
        """Events of some ops, and the row of `ops` that each comes from. `ival` goes to trades."""
        self.reserve(len(ops))
        out = np.zeros((orders.MOST_EVENTS * len(ops), 6), np.int64)
        n = int(orders.rewrite(np.ascontiguousarray(ops), self.table, self.state, out))
        source = out[:n, 5]
        rows = self.rows(out[:n], exch_ts, local_ts)
        if ival is not None:
            trade = out[:n, 0] == TRADE
            rows["ival"][trade] = ival[source[trade]]
        self.tell(len(ops), n)
        return rows, source

    def reserve(self, more: int) -> None:
        """Make room for `more` new orders, so that the table stays at most half full."""
        need = 2 * (int(self.state[orders.LIVE]) + more)
        if need > len(self.table):
            bigger = orders.new_table(1 << (2 * need - 1).bit_length())
            orders.move_all(self.table, bigger)
            self.table = bigger

    def rows(
        self, out: NDArray[np.int64], exch_ts: NDArray[np.int64], local_ts: NDArray[np.int64]
    ) -> np.ndarray:
        """DECIMAL_EVENT rows of what the kernel wrote."""
        rows = np.zeros(len(out), DECIMAL_EVENT)
        sides = np.array([SELL, 0, BUY], np.uint64)[out[:, 1] + 1]
        rows["ev"] = out[:, 0].astype(np.uint64) | sides | np.uint64(_BOTH)
        rows["px"] = out[:, 2]
        rows["qty"] = out[:, 3]
        rows["order_id"] = (
            out[:, 4].view(np.uint64) if out.flags.c_contiguous else out[:, 4].astype(np.uint64)
        )
        rows["exch_ts"] = exch_ts[out[:, 5]]
        rows["local_ts"] = local_ts[out[:, 5]]
        rows["px_exp"] = self.px_exp
        rows["qty_exp"] = self.qty_exp
        return rows

    def tell(self, rows: int, events: int) -> None:
        """Bring the counters up to date."""
        counters, state = self.counters, self.state
        counters.rows += rows
        counters.events += events
        counters.live_orders = int(state[orders.LIVE])
        counters.most_live_orders = int(state[orders.MOST_LIVE])
        counters.duplicate_adds = int(state[orders.DUPLICATE_ADDS])
        counters.unknown_cancels = int(state[orders.UNKNOWN_CANCELS])
        counters.unknown_modifies = int(state[orders.UNKNOWN_MODIFIES])
        counters.unknown_fills = int(state[orders.UNKNOWN_FILLS])
        counters.overdrawn = int(state[orders.OVERDRAWN])
        counters.bad_quantities = int(state[orders.BAD_QTY])


def float_events(rows: np.ndarray) -> np.ndarray:
    """DECIMAL_EVENT to EVENT, HftBacktest's layout: each price and quantity the nearest float.

    Parameters
    ----------
    rows : DECIMAL_EVENT[] or EVENT[]

    Returns
    -------
    EVENT[]
    """
    if rows.dtype == EVENT:
        return rows
    out = np.zeros(len(rows), EVENT)
    for name in EVENT.names or ():
        if name in ("px", "qty"):
            out[name] = nearest_floats(rows[name], rows[f"{name}_exp"])
        else:
            out[name] = rows[name]
    return out


def all_events(reader: EventReader) -> np.ndarray:
    """Read everything into one array of EVENT, for HftBacktest or for looking around."""
    chunks = [float_events(rows) for rows in reader]
    return np.concatenate(chunks) if chunks else np.zeros(0, EVENT)
