"""What the drop-in face keeps beside the engine's records: one record for a backtest, one for each asset.

A compiled backtest, depth or order dictionary is the address of one of these; from there it is one step to
the engine's own record.
"""

import numpy as np

from truefill.backtest.executions import units
from truefill.backtest.records import ASSET, asset_at, run_at, stops_at
from truefill.backtest.seams import ON_ASSET
from truefill.core import events as ev
from truefill.core.address import caller, f64_view, i32_view, i64_view, record_view
from truefill.core.events import EVENT
from truefill.core.jit import entry, helper
from truefill.core.tape_records import STOP_CLEAR

FACE = np.dtype(
    [
        ("run_addr", "<i8"),
        ("num_assets", "<i8"),
        ("assets_addr", "<i8"),  # FACE_ASSET rows
    ],
    align=True,
)

FACE_ASSET = np.dtype(
    [
        ("asset_addr", "<i8"),  # the engine's row
        ("run_addr", "<i8"),
        ("number", "<i8"),
        ("keeps_trades", "<i8"),
        ("lot_size", "<f8"),  # of orders, as given
        ("snapshot_ts", "<i8"),  # feed up to this time is no feed: it is the book that the run began with
        # dense book
        ("roi_lb_tick", "<i8"),
        ("roi_ub_tick", "<i8"),
        ("bids_addr", "<i8"),
        ("asks_addr", "<i8"),
        ("row", "<i8"),  # rows of the local view that are in it
        ("stop", "<i8"),  # stops of the local view that it has seen
        (
            "past_groups",
            "<i8",
        ),  # groups of the tapes before that one: it tells in which tape of a chain it is
        # iterators over own orders: the slot that each stands at
        ("cursors_addr", "<i8"),
        ("cursors", "<i8"),  # how many were begun
    ],
    align=True,
)

face_at = record_view(FACE)
face_asset_at = record_view(FACE_ASSET)
FACE_ASSET_ROW = FACE_ASSET.itemsize
CURSORS = 1024  # of one asset at a time; the next takes the oldest one's place (a power of two)
STATE_OFFSET: int = ASSET.fields["position"][1]  # type: ignore[index]
_call_on_asset = caller(ON_ASSET)
_SNAPSHOT = np.uint64(ev.EXCH | ev.LOCAL | ev.DEPTH_SNAPSHOT)
_SIDE = (np.uint64(ev.BUY), np.uint64(ev.SELL))


@helper
def bring_in_step(a):
    """Bring the local book up to the feed that has arrived; 0, or the engine's status. Compiled code only."""
    if a["feed_ts"] > a["l_synced_ts"]:
        run = run_at(a["run_addr"])
        return _call_on_asset(run["f_sync_book"], (a["run_addr"], a["number"]))
    return np.int64(0)


@helper
def _fill_dense(f, a, side, first, last):
    """Write levels `first` to `last` of one side into its dense array."""
    low = f["roi_lb_tick"]
    size = f["roi_ub_tick"] - low + 1
    dense = f64_view(f["bids_addr"] if side == 0 else f["asks_addr"], size)
    ticks = i64_view(a["level_tick_addr"], a["levels"])
    book = i64_view(a["l_book_addr"], a["levels"] * 2)
    for level in range(first, last):
        at = ticks[level] - low
        if 0 <= at < size:
            dense[at] = units(a, book[level * 2 + side])


@helper
def _clear_dense(f):
    size = f["roi_ub_tick"] - f["roi_lb_tick"] + 1
    bids = f64_view(f["bids_addr"], size)
    asks = f64_view(f["asks_addr"], size)
    for at in range(size):
        bids[at] = 0.0
        asks[at] = 0.0


@helper
def is_inside(f, tick):
    """Whether a price is in the dense book's range."""
    return f["roi_lb_tick"] <= tick <= f["roi_ub_tick"]


@entry
def refresh_dense(address):
    """Bring the dense arrays of a FACE_ASSET in step with the local book, which is in step."""
    f = face_asset_at(address)
    a = asset_at(f["asset_addr"])
    whole = False
    if f["past_groups"] != a["past_groups"]:  # another tape has other levels, and other rows and stops
        f["past_groups"] = a["past_groups"]
        f["row"] = 0
        f["stop"] = 0
        _clear_dense(f)
        whole = True
    row = f["row"]
    new = a["l_row"] - row
    stops = stops_at(a["l_stops_addr"], a["l_stops"])
    whole = whole or new > a["levels"]
    while f["stop"] < a["l_stop"]:
        whole = whole or stops[f["stop"]]["kind"] == STOP_CLEAR
        f["stop"] += 1
    f["row"] = a["l_row"]
    if whole:
        _fill_dense(f, a, 0, 0, a["levels"])
        _fill_dense(f, a, 1, 0, a["levels"])
        return 0
    code = i32_view(a["l_code_addr"], a["l_rows"])
    for i in range(row, row + new):
        level = np.int64(code[i] >> 1)
        _fill_dense(f, a, np.int64(code[i] & 1), level, level + 1)
    return 0


@entry
def book_snapshot(address):
    """Levels of an asset's local book, which is in step, as EVENT rows: bids from the best, then asks.

    What a crossing of the other side has left behind, better than the best price, is not among them.
    """
    a = asset_at(address)
    levels = a["levels"]
    book = i64_view(a["l_book_addr"], levels * 2)
    ticks = i64_view(a["level_tick_addr"], levels)
    bids = a["bid"] + 1
    first_ask = a["ask"] if a["ask"] >= 0 else levels
    count = 0
    for level in range(bids):
        count += 1 if book[level * 2] > 0 else 0
    for level in range(first_ask, levels):
        count += 1 if book[level * 2 + 1] > 0 else 0
    out = np.zeros(count, EVENT)
    n = 0
    for k in range(bids + levels - first_ask):
        side = 0 if k < bids else 1
        level = bids - 1 - k if side == 0 else first_ask + k - bids
        lots = book[level * 2 + side]
        if lots > 0:
            out[n]["ev"] = _SNAPSHOT | _SIDE[side]
            out[n]["px"] = ticks[level] * a["tick_size"]
            out[n]["qty"] = units(a, lots)
            n += 1
    return out
