"""Order-by-order events on their way to the index of one view: the table of open orders, batch by batch."""

from collections.abc import Iterable, Iterator

import numpy as np

from truefill.core.errors import DataError, TapeError
from truefill.core.events import ADD_ORDER, DEPTH, DEPTH_SNAPSHOT, FILL, KIND_MASK
from truefill.tape import layout, orders
from truefill.tape.layout import ROW
from truefill.tape.scanner import Steps

Batch = tuple[np.ndarray, np.ndarray, np.ndarray]

_FAULTS = {
    "unknown_cancel": orders.UNKNOWN_CANCEL,
    "unknown_modify": orders.UNKNOWN_MODIFY,
    "unknown_fill": orders.UNKNOWN_FILL,
    "duplicate_add": orders.DUPLICATE_ADD,
    "empty_add": orders.EMPTY_ADD,
    "other_side": orders.OTHER_SIDE,
    "fill_elsewhere": orders.FILL_ELSEWHERE,
}


class OrderStage:
    """Keeps the open orders of one view, and turns their events into depth and fill rows.

    Parameters
    ----------
    steps : Steps
    rank_of : int32[]
        Level of each price id.
    level_tick : int64[L]
    """

    def __init__(self, steps: Steps, rank_of: np.ndarray, level_tick: np.ndarray) -> None:
        self._rank_of = rank_of
        self._level_tick = level_tick
        self._units = np.array([steps.lot, steps.tick, steps.px_exp, steps.qty_exp, 1], np.int64)
        self._entries = np.zeros(1024, orders.ENTRY)
        self._totals = np.zeros(2 * len(rank_of), np.int64)
        self._state = np.zeros(orders.STATE_SIZE, np.int64)

    def expand(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Turn the batches of a view into others of at most BLOCK_ROWS rows, ready for the index.

        Raises
        ------
        TapeError
            More at one level, or more rows, than a tape can hold.
        """
        for rows, aux, order in batches:
            self._make_room(len(order))
            out = np.empty(2 * len(order), ROW)
            count = orders.expand_batch(
                rows,
                order,
                aux,
                self._entries,
                self._totals,
                self._rank_of,
                self._level_tick,
                self._units,
                self._state,
                out,
            )
            if self._state[orders.FAULT]:
                row = rows[order[int(self._state[orders.FAULT_ROW])]]
                where = f"orders of one price at exchange time {row['exch_ts']}"
                raise TapeError("quantities below 2**62 steps of the data", "more", where)
            if self._state[orders.ROWS] > layout.MAX_ROWS:
                got = "more: split the recording into several tapes"
                raise TapeError(f"at most {layout.MAX_ROWS} depth rows in one tape", got)
            for start in range(0, count, layout.BLOCK_ROWS):
                part = out[start : min(start + layout.BLOCK_ROWS, count)]
                yield part, aux, np.arange(len(part))

    def counts(self) -> dict[str, int]:
        """Orders at most and at the end, and how often the stream was at fault, by name."""
        state = self._state
        return {
            "most_open": int(state[orders.MOST_LIVE]),
            "open_at_end": int(state[orders.LIVE]),
            "back_in_place": int(state[orders.BACK_IN_PLACE]),
        } | {name: int(state[at]) for name, at in _FAULTS.items()}

    def open_orders(self) -> tuple[np.ndarray, np.ndarray]:
        """Orders that are open now, ENTRY[], and of each its price in ticks."""
        entries = self._entries[self._entries["state"] == orders.OPEN]
        return entries, self._level_tick[self._rank_of[entries["level"] >> 1]]

    def _make_room(self, new: int) -> None:
        """Lengthen the table so that at most half of it is in use when `new` more orders have come."""
        size = len(self._entries)
        while size < 2 * (int(self._state[orders.USED]) + new):
            size *= 2
        if size != len(self._entries):
            entries = np.zeros(size, orders.ENTRY)
            orders.move_entries(self._entries, entries, self._state)
            self._entries = entries


def places(rows: np.ndarray) -> np.ndarray:
    """Places in the queue of the depth rows among `rows`: what the section ``exch.prio`` holds."""
    kind = rows["ev"] & np.uint32(KIND_MASK)
    return np.asarray(rows["order_id"][kind == DEPTH])


def holds_orders(counts: np.ndarray) -> bool:
    """Whether the events, by their numbers of each kind, are single orders.

    Raises
    ------
    DataError
        They are both orders and levels, which one book cannot be made of.
    """
    found = bool(counts[ADD_ORDER : FILL + 1].any())
    levels = int(counts[DEPTH] + counts[DEPTH_SNAPSHOT])
    if found and levels:
        raise DataError("single orders, or levels, in one tape", f"orders and {levels} rows of levels")
    return found


def fault_names() -> tuple[str, ...]:
    """Names of the counters in the header that tell of faults in the stream."""
    return tuple(_FAULTS)
