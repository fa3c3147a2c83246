"""The market of single orders (L3) that both packages are timed on: one recording, repeated.

Each repeat begins with the orders that were open when trading began, in the order of their queues, and ends
with cancels of all that are open; the next one begins at the same instant, so that nobody sees an empty book.
Times and order ids are shifted from repeat to repeat.

HftBacktest ends at the first event about an order that it does not know. Fills of orders that do not rest at
the price of the fill (the venue names the taker's order too) are therefore left out, for both packages.
"""

from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.market import SLICE_EVENTS, FileBuilder, Market, Say, count_events, kept, source_of
from truefill.core.events import (
    ADD_ORDER,
    BUY,
    CANCEL_ORDER,
    EVENT,
    EXCH,
    FILL,
    KIND_MASK,
    LOCAL,
    MODIFY_ORDER,
    SELL,
)

ORDER_RECORDING = "l3/cme/esh4-glbx-mdp3-20231225.mbo.csv.gz"

_VERSION = 1  # of what this file makes; part of the names in the cache
_MS = 1_000_000
_PAUSE = 50 * _MS  # before the first and after the last row of a repeat
_FEED_LATENCY = 5 * _MS  # of the rows between two repeats
_OPEN = 1_703_545_200_000_000_000  # 23:00:00 UTC: continuous trading; an auction before that
_SYNTHETIC_SECONDS = 600.0

# id -> (side, price, quantity); those of a price in the order of their queue
Open = dict[int, tuple[int, float, float]]


def load_order_market(events: int, cache: Path, recording: Path | None, say: Say) -> Market:
    """Find the market of at least `events` events of single orders in the cache, or make it.

    Parameters
    ----------
    events : int
        How many events it shall have at least.
    cache : Path
        Folder for it; made if it is not there.
    recording : Path or None
        Databento's file of ESH4 (CME); None: a synthetic market instead.
    say : callable
        Gets lines of progress.
    """
    made_from = f"orders {_VERSION} {source_of(recording)} {events}"
    return kept(made_from, cache, partial(_make, events, recording), say)


def _make(events: int, recording: Path | None, temporary: Path, folder: Path, say: Say) -> Market:
    if recording is not None:
        rows, begin = _read(recording), _OPEN
        symbol, tick_size, lot_size = "ESH4", 0.25, 1.0
        name = f"CME ESH4, single orders, 2023-12-25 ({recording.name})"
    else:
        say("the recording of single orders is not there: a synthetic market instead")
        from truefill.synthetic import ZeroIntelligence, make_market

        params = ZeroIntelligence()
        seconds = min(_SYNTHETIC_SECONDS, events / 400.0)
        rows = np.concatenate(list(make_market(seconds, 1, params, orders=True)))
        begin = int(rows["exch_ts"][0]) + 1  # behind the opening book
        symbol, tick_size, lot_size = params.symbol, float(params.tick_size), float(params.lot_size)
        name = "a synthetic market, single orders (zero-intelligence order flow)"
    rows = rows[: max(events, int((rows["exch_ts"] < begin).sum()) + 1)]
    build = FileBuilder(symbol, tick_size, lot_size, temporary, folder, say)
    few = repeated(rows[: SLICE_EVENTS + int((rows["exch_ts"] < begin).sum())], begin, 1)
    once = repeated(rows, begin, 1)
    repeats = max(1, -(-events // count_events(once)))
    full = repeated(rows, begin, repeats)
    return build.market(name, few, full, repeats=repeats, each=count_events(once), by_order=True)


def _read(recording: Path) -> np.ndarray:
    from truefill.tape.decimal_events import float_values
    from truefill.vendors import read_databento

    exact = np.concatenate(list(read_databento(recording)))
    rows = np.zeros(len(exact), EVENT)
    for name in ("ev", "exch_ts", "local_ts", "order_id", "ival"):
        rows[name] = exact[name]
    for name in ("px", "qty"):
        rows[name] = float_values(exact, name)
    return rows


def repeated(rows: np.ndarray, begin: int, repeats: int) -> np.ndarray:
    """Repeat what happened from `begin` on; what was before only makes the opening book."""
    before = rows["exch_ts"] < begin
    resting: Open = {}
    known = follow(rows[before], resting)
    opening = _rows(ADD_ORDER, resting)
    body = rows[~before]
    known = follow(body, resting)
    body = body[known]
    back = _rows(CANCEL_ORDER, resting)

    start, end = int(body["exch_ts"].min()), int(body["local_ts"].max())
    length = end - start + 2 * _PAUSE
    for part, at in ((opening, start - _PAUSE), (back, start - _PAUSE + length)):
        part["exch_ts"] = at
        part["local_ts"] = at + _FEED_LATENCY
    one = np.concatenate([opening, body, back])
    ids = one["order_id"].max() + np.uint64(1)
    out = np.tile(one, repeats)
    for k in range(repeats):
        part = out[k * len(one) : (k + 1) * len(one)]
        part["exch_ts"] += k * length
        part["local_ts"] += k * length
        part["order_id"] += np.uint64(k) * ids
    return out


def follow(rows: np.ndarray, resting: Open) -> np.ndarray:
    """Keep the open orders; tell which rows are no fills of orders that do not rest there."""
    known = np.ones(len(rows), bool)
    columns = (rows[name].tolist() for name in ("ev", "order_id", "px", "qty"))
    for i, (ev, order_id, px, qty) in enumerate(zip(*columns, strict=True)):
        kind = ev & KIND_MASK
        if kind in (ADD_ORDER, MODIFY_ORDER):
            side = BUY if ev & BUY else SELL
            old = resting.get(order_id)
            if old is None or old[1] != px or qty > old[2]:
                resting.pop(order_id, None)  # a new place, behind all others
            resting[order_id] = (side, px, qty)
        elif kind == CANCEL_ORDER:
            resting.pop(order_id, None)
        elif kind == FILL:
            known[i] = order_id in resting and resting[order_id][1] == px
    return known


def _rows(kind: int, orders: Open) -> np.ndarray:
    out = np.zeros(len(orders), EVENT)
    for i, (order_id, (side, px, qty)) in enumerate(orders.items()):
        out[i]["ev"] = side | kind | EXCH | LOCAL
        out[i]["px"], out[i]["qty"], out[i]["order_id"] = px, qty, order_id
    return out
