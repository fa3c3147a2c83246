"""A real market by order (CME, E-mini S&P 500), as event rows that HftBacktest can follow, too.

HftBacktest's L3 ends at the first event about an order that it does not know, and takes a fill of a taker
that the venue names too for a hit of its old place: both kinds of fills are left out here.
"""

import functools

import numpy as np

from tests.support.shared import shared_data
from truefill.core.events import ADD_ORDER, CANCEL_ORDER, EVENT, FILL, KIND_MASK, MODIFY_ORDER
from truefill.tape import TapeBuilder
from truefill.tape.decimal_events import float_values
from truefill.vendors import read_databento

OPEN = 1_703_545_200_000_000_000  # 23:00:00: continuous trading; before that, an auction collects orders
TICK = 0.25
SYMBOL = "ESH4.CME"


@functools.cache
def recording() -> np.ndarray:
    """The recording, without fills of orders that do not rest at the price of the fill."""
    path = shared_data("l3/cme/esh4-glbx-mdp3-20231225.mbo.csv.gz")
    exact = np.concatenate(list(read_databento(path)))
    resting: dict[int, int] = {}  # id -> price
    known = np.ones(len(exact), bool)
    columns = (exact[name].tolist() for name in ("ev", "order_id", "px"))
    for i, (ev, order_id, px) in enumerate(zip(*columns, strict=True)):
        kind = ev & KIND_MASK
        if kind in (ADD_ORDER, MODIFY_ORDER):
            resting[order_id] = px
        elif kind == CANCEL_ORDER:
            resting.pop(order_id, None)
        elif kind == FILL:
            known[i] = resting.get(order_id) == px
    exact = exact[known]
    rows = np.zeros(len(exact), EVENT)
    for name in ("ev", "exch_ts", "local_ts", "order_id", "ival"):
        rows[name] = exact[name]
    for name in ("px", "qty"):
        rows[name] = float_values(exact, name)
    assert 0 < (~known).sum() < 0.02 * len(known)
    return rows


def minutes_of(begin_ns: int, end_ns: int) -> np.ndarray:
    """A part of the recording by local time, behind the orders that were open when it began."""
    rows = recording()
    with TapeBuilder(None, symbol=SYMBOL, tick_size=TICK, lot_size=1) as builder:
        builder.append(rows[rows["local_ts"] < begin_ns])
        builder.finish()
        book = builder.end_snapshot().rows
    book = book[book["ev"] & np.uint64(KIND_MASK) == ADD_ORDER]  # it begins with a clear, of nothing here
    book["exch_ts"] = book["local_ts"] = begin_ns
    part = rows[(rows["local_ts"] >= begin_ns) & (rows["local_ts"] < end_ns)]
    part = part[part["exch_ts"] >= begin_ns]
    return np.concatenate([book, part])
