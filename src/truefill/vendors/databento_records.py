"""Databento's records in columns, as both its forms give them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError
from truefill.vendors.epochs import epoch_ns

UNDEFINED_PRICE = np.iinfo(np.int64).max
UNDEFINED_TIME = -1  # 2**64 - 1 as int64

F_LAST, F_SNAPSHOT, F_BAD_TS_RECV, F_MAYBE_BAD_BOOK = 128, 32, 8, 4

MBO, TRADES, MBP_1, MBP_10, BBO = "mbo", "trades", "mbp-1", "mbp-10", "bbo"
LEVELS = {MBP_1: 1, MBP_10: 10, BBO: 1}
"""Schemas that have a book, and the levels of a side."""

SCHEMAS = "mbo, mbp-1, mbp-10, tbbo, trades, bbo-1s or bbo-1m"


@dataclass(frozen=True, slots=True)
class Records:
    """Some consecutive records of the wanted instrument. Columns of int64."""

    ts_recv: NDArray[np.int64]
    ts_event: NDArray[np.int64]
    action: NDArray[np.int64]  # a letter; 0 in bbo
    side: NDArray[np.int64]  # a letter
    price: NDArray[np.int64]  # in 1e-9
    size: NDArray[np.int64]
    order_id: NDArray[np.int64]  # 0 but in mbo
    flags: NDArray[np.int64]
    sequence: NDArray[np.int64]
    lines: NDArray[np.int64]  # line of the CSV, or number of the record, from 1
    instrument: NDArray[np.int64] | None = None  # instrument_id, where there is one
    px: NDArray[np.int64] | None = None  # (n, 2, levels): bids, asks; where the schema has a book
    qty: NDArray[np.int64] | None = None

    def only(self, chosen: NDArray[np.bool_] | slice) -> "Records":
        """Give those records for which a mask is true, or a slice of them."""
        columns: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        parts: dict[str, Any] = {name: None if c is None else c[chosen] for name, c in columns.items()}
        return Records(**parts)

    def instruments(self) -> set[int | str]:
        """Which instruments they are of."""
        return set() if self.instrument is None else set(np.unique(self.instrument).tolist())


@dataclass(frozen=True, slots=True)
class Times:
    """When records happened. Those of a snapshot have times of days ago: they happen when it was taken."""

    exch_ts: NDArray[np.int64]
    local_ts: NDArray[np.int64]
    snapshot: NDArray[np.bool_]
    taken: int  # when the latest snapshot was taken, ns
    behind: int  # records that were moved behind a snapshot


def times_of(records: Records, taken: int, place: Callable[[int], str]) -> Times:
    """Times of some records; nothing after a snapshot happens before it.

    Parameters
    ----------
    records : Records
        At least one.
    taken : int
        When the latest snapshot before them was taken, ns.
    place : callable
        Names the place of a record, for errors.

    Raises
    ------
    DataError
        A time of another unit, or after the year 2262.
    """
    late = (records.ts_event < 0) & (records.ts_event != UNDEFINED_TIME)
    if late.any():
        at = int(np.argmax(late))
        raise DataError("a time before the year 2262", int(records.ts_event[at]), place(at))
    local_ts = epoch_ns(records.ts_recv, ("ns",), "ts_recv", place)
    exch_ts = np.where(records.ts_event == UNDEFINED_TIME, local_ts, records.ts_event)
    snapshot = records.flags & F_SNAPSHOT != 0
    latest = np.maximum(np.maximum.accumulate(np.where(snapshot, local_ts, 0)), taken)
    behind = int((~snapshot & (exch_ts < latest)).sum())
    exch_ts = np.where(snapshot, local_ts, np.maximum(exch_ts, latest))
    return Times(exch_ts, local_ts, snapshot, int(latest[-1]), behind)
