"""Single orders to depth rows: the kernel between the sorted events of a view and its index.

Each ADD, CANCEL or MODIFY becomes the new total of the level that it changed, or of both. A row keeps the
place in the queue of the order that it is about: the running number of the row with which that order took
the place it has. Who came to rest later has a higher number, so a reader who knows how many rows there
were when an own order arrived knows what was in front of it, without keeping orders.

A FILL becomes a row of its own (the index makes it a stop) with the hit order's side, price and place; the
CANCEL or MODIFY behind it takes the quantity out of the book.
"""

import numpy as np

from truefill.core.address import array_view, i64_view
from truefill.core.events import (
    ADD_ORDER,
    BUY,
    CANCEL_ORDER,
    DEPTH,
    DEPTH_CLEAR,
    EXCH,
    FILL,
    KIND_MASK,
    LOCAL,
    MODIFY_ORDER,
    NO_ASK_TICK,
    NO_BID_TICK,
    SELL,
)
from truefill.core.jit import entry, inlined
from truefill.tape.index import clear_tick
from truefill.tape.layout import LARGEST
from truefill.tape.scan import hash_slot

# An order, in a table that is searched by its id.
ENTRY = np.dtype(
    [
        ("order_id", "<i8"),
        ("qty", "<i8"),  # open, in units of all data
        ("level", "<i4"),  # id of its price * 2 + side (0 bid, 1 ask)
        ("prio", "<i4"),  # row that gave it its place
        ("clear", "<i4"),  # GONE: how many clears there had been
        ("state", "<i4"),
    ],
    align=True,
)
EMPTY, OPEN, GONE = 0, 1, 2  # GONE: a clear removed it; it may come back to its place

# How many clears later an order may still come back to its old place (a venue may clear side by side).
_REMEMBERED_CLEARS = 8

# `state` of a table (int64).
ROWS = 0  # depth rows so far
USED = 1  # entries that are not EMPTY
LIVE, MOST_LIVE = 2, 3  # open orders
CLEARS = 4
FAULT, FAULT_ROW = 5, 6
COUNTERS = 7  # what comes from here on is only counted
UNKNOWN_CANCEL = COUNTERS
UNKNOWN_MODIFY = COUNTERS + 1
UNKNOWN_FILL = COUNTERS + 2
DUPLICATE_ADD = COUNTERS + 3
EMPTY_ADD = COUNTERS + 4  # an order of no quantity
OTHER_SIDE = COUNTERS + 5  # an order that changed its side
FILL_ELSEWHERE = COUNTERS + 6  # a fill at another price than the order's: the order was the taker
BACK_IN_PLACE = COUNTERS + 7  # orders that came back after a clear: no fault
STATE_SIZE = COUNTERS + 8

TOO_MUCH = 1  # the quantity of a level does not fit into 62 bits

_entries_at = array_view(ENTRY)


@inlined
def find_order(entries, mask, order_id):
    """Entry of an order id, or -1."""
    slot = hash_slot(order_id, mask)
    while entries[slot]["state"] != EMPTY:
        if entries[slot]["order_id"] == order_id:
            return slot
        slot = (slot + 1) & mask
    return np.int64(-1)


@inlined
def free_entry(entries, mask, order_id):
    """Where an id that is not in the table goes."""
    slot = hash_slot(order_id, mask)
    while entries[slot]["state"] != EMPTY:
        slot = (slot + 1) & mask
    return slot


@inlined
def drop_entry(entries, mask, slot):
    """Take an entry out; those behind it move up, so that no search is cut short."""
    hole = slot
    slot = (slot + 1) & mask
    while entries[slot]["state"] != EMPTY:
        home = hash_slot(entries[slot]["order_id"], mask)
        if ((slot - home) & mask) >= ((slot - hole) & mask):
            entries[hole] = entries[slot]
            hole = slot
        slot = (slot + 1) & mask
    entries[hole]["state"] = EMPTY


@entry
def move_entries(old, new, state):
    """Fill an empty table with the orders of another; those that cannot come back any more stay behind."""
    mask = len(new) - 1
    state[USED] = 0
    for i in range(len(old)):
        if old[i]["state"] == EMPTY:
            continue
        if old[i]["state"] == GONE and old[i]["clear"] + _REMEMBERED_CLEARS < state[CLEARS]:
            continue
        new[free_entry(new, mask, old[i]["order_id"])] = old[i]
        state[USED] += 1


@inlined
def put_row(out, n, row, kind, level, qty, prio):
    """Write a row about a level, with the times and views of `row`. Returns the next."""
    o = out[n]
    o["exch_ts"] = row["exch_ts"]
    o["local_ts"] = row["local_ts"]
    o["qty"] = qty
    o["order_id"] = prio
    o["ref"] = level >> 1
    flags = np.int64(row["ev"]) & (EXCH | LOCAL)
    o["ev"] = flags | kind | (SELL if level & 1 else BUY)
    return n + 1


@inlined
def change(out, n, row, totals, state, level, by, prio):
    """Change the total of a level and write its row. Returns the next."""
    total = totals[level] + by
    totals[level] = total
    if total >= LARGEST:
        state[FAULT] = TOO_MUCH
    state[ROWS] += 1
    return put_row(out, n, row, DEPTH, level, total, prio)


@inlined
def new_entry(entries, mask, slot, state, order_id, level, qty, prio):
    """Enter an order; `slot` is its old entry, or -1."""
    if slot < 0:
        slot = free_entry(entries, mask, order_id)
        state[USED] += 1
        entries[slot]["order_id"] = order_id
    if entries[slot]["state"] != OPEN:
        state[LIVE] += 1
        state[MOST_LIVE] = max(state[MOST_LIVE], state[LIVE])
    e = entries[slot]
    e["qty"] = qty
    e["level"] = level
    e["prio"] = prio
    e["state"] = OPEN


@inlined
def add(out, n, row, entries, mask, slot, totals, state, level):
    """Rest an order that is not open. It takes its old place if it has one. Returns the next row."""
    prio = state[ROWS]
    if slot >= 0:
        e = entries[slot]
        kept = e["clear"] + _REMEMBERED_CLEARS >= state[CLEARS]
        if kept and e["level"] == level and row["qty"] <= e["qty"]:
            prio = np.int64(e["prio"])
            state[BACK_IN_PLACE] += 1
    new_entry(entries, mask, slot, state, row["order_id"], level, row["qty"], prio)
    return change(out, n, row, totals, state, level, row["qty"], prio)


@inlined
def replace(out, n, row, entries, slot, totals, state, level, rank_of):
    """Give an open order a new price or quantity: in its place if it only gets smaller, else at the end.

    The rows are in such an order that no best price comes or goes that the event did not move: towards the
    touch the old level shrinks first, away from it and at one price it shrinks last.
    """
    e = entries[slot]
    old_level = np.int64(e["level"])
    old_qty = e["qty"]
    old_prio = np.int64(e["prio"])
    qty = row["qty"]
    e["qty"] = qty
    if level == old_level and qty <= old_qty:
        if qty == old_qty:
            return put_row(out, n, row, CANCEL_ORDER, level, 0, 0)
        return change(out, n, row, totals, state, level, qty - old_qty, old_prio)
    e["level"] = level
    if (level ^ old_level) & 1:
        first = True
    else:
        closer = np.int64(rank_of[level >> 1]) - np.int64(rank_of[old_level >> 1])
        first = (closer > 0) == (level & 1 == 0) and level != old_level
    if first:
        n = change(out, n, row, totals, state, old_level, -old_qty, old_prio)
    e["prio"] = state[ROWS]
    n = change(out, n, row, totals, state, level, qty, state[ROWS])
    if not first:
        n = change(out, n, row, totals, state, old_level, -old_qty, old_prio)
    return n


@inlined
def clear_orders(entries, totals, state, level_tick, rank_of, side, tick):
    """Take the orders of a side (1 bid, -1 ask, 0 both) at `tick` or better out; remember their places."""
    state[CLEARS] += 1
    for i in range(len(entries)):
        e = entries[i]
        if e["state"] != OPEN:
            continue
        level = np.int64(e["level"])
        price = level_tick[rank_of[level >> 1]]
        if level & 1:
            hit = side <= 0 and (side == 0 or tick == NO_BID_TICK or tick == NO_ASK_TICK or price <= tick)
        else:
            hit = side >= 0 and price >= tick
        if hit:
            totals[level] -= e["qty"]
            e["state"] = GONE
            e["clear"] = state[CLEARS]
            state[LIVE] -= 1


@entry
def expand_batch(rows, order, aux, entries_array, totals_array, rank_of, level_tick, units, state_array, out):
    """Turn the rows ``rows[order]`` of one view into rows that its index takes.

    Parameters
    ----------
    rows, aux : ROW[], AUX[]
        Quantities and prices in the units of all data.
    order : int64[n]
    entries_array : ENTRY[2**k]
        Open orders, with room for n more at half full. Mutated.
    totals_array : int64[]
        Quantity at ``price id * 2 + side``. Mutated.
    rank_of : int32[]
        Level of each price id.
    level_tick : int64[L]
    units : int64[UNITS_SIZE]
    state_array : int64[STATE_SIZE]
        Mutated.
    out : ROW[2 n]
        Filled from the front: depth and fill rows with their place in `order_id`, other rows as they were. An
        event that changes nothing stays a row, because its time does count.

    Returns
    -------
    int
        Rows written.
    """
    # Views without an owner, see `index.index_batch`.
    entries = _entries_at(entries_array.ctypes.data, len(entries_array))
    totals = i64_view(totals_array.ctypes.data, len(totals_array))
    state = i64_view(state_array.ctypes.data, len(state_array))
    mask = len(entries) - 1
    n = 0
    for k in range(len(order)):
        r = rows[order[k]]
        ev = np.int64(r["ev"])
        kind = ev & KIND_MASK
        if kind < ADD_ORDER or kind > FILL:
            out[n] = r
            n += 1
            if kind == DEPTH_CLEAR:
                side = (1 if ev & BUY else 0) - (1 if ev & SELL else 0)
                tick = clear_tick(aux[r["ref"]], units)
                clear_orders(entries, totals, state, level_tick, rank_of, side, tick)
            continue
        slot = find_order(entries, mask, r["order_id"])
        known = slot >= 0 and entries[slot]["state"] == OPEN
        ref = np.int64(r["ref"])
        sided = ev & (BUY | SELL) != 0
        level = np.int64(-1)  # where the event wants the order
        if known:
            level = np.int64(entries[slot]["level"])
            side = level & 1
            if sided:
                side = 1 if ev & SELL else 0
            level = (ref if ref >= 0 else level >> 1) * 2 + side
        elif ref >= 0 and sided:
            level = ref * 2 + (1 if ev & SELL else 0)
        before = n
        if kind == FILL:
            place = entries[slot]
            if known and ref >= 0 and ref != place["level"] >> 1:
                # A resting order that was modified to cross: some venues name it too. It was not hit.
                state[FILL_ELSEWHERE] += 1
                at = ref * 2 + (np.int64(place["level"]) & 1)
                n = put_row(out, n, r, FILL, at, r["qty"], np.int64(-1))
            elif known:
                n = put_row(out, n, r, FILL, np.int64(place["level"]), r["qty"], np.int64(place["prio"]))
            else:
                state[UNKNOWN_FILL] += 1
                if level >= 0:
                    n = put_row(out, n, r, FILL, level, r["qty"], np.int64(-1))
        elif kind == ADD_ORDER and r["qty"] == 0:
            state[EMPTY_ADD] += 1
        elif kind == CANCEL_ORDER or (kind == MODIFY_ORDER and known and r["qty"] == 0):
            if known:
                level = np.int64(entries[slot]["level"])
                gone = entries[slot]["qty"]
                prio = np.int64(entries[slot]["prio"])
                state[LIVE] -= 1
                n = change(out, n, r, totals, state, level, -gone, prio)
            else:
                state[UNKNOWN_CANCEL] += 1
            if slot >= 0:
                drop_entry(entries, mask, slot)
                state[USED] -= 1
        elif known:
            if kind == ADD_ORDER:
                state[DUPLICATE_ADD] += 1
            if (level ^ np.int64(entries[slot]["level"])) & 1:
                state[OTHER_SIDE] += 1
            n = replace(out, n, r, entries, slot, totals, state, level, rank_of)
        else:
            if kind == MODIFY_ORDER:
                state[UNKNOWN_MODIFY] += 1
            if level >= 0 and r["qty"] > 0:
                n = add(out, n, r, entries, mask, slot, totals, state, level)
        if n == before:
            n = put_row(out, n, r, CANCEL_ORDER, np.int64(-2), 0, 0)
        if state[FAULT] != 0:
            state[FAULT_ROW] = k
            return n
    return n
