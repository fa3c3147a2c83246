"""Pass 2's kernel: rows of one view, in order, to the columns, groups and stops of a tape."""

from typing import NamedTuple

import numpy as np

from truefill.core.address import i64_view
from truefill.core.decimals import power_of_ten
from truefill.core.events import (
    ADD_ORDER,
    BUY,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    FILL,
    GAP_BEGIN,
    GAP_END,
    KIND_MASK,
    LOCAL,
    NO_ASK_TICK,
    NO_BID_TICK,
    SELL,
    TRADE,
    TRADING_STATUS,
)
from truefill.core.jit import entry, inlined
from truefill.core.l2book import (
    ASK,
    BID,
    TOP_ASK,
    TOP_BID,
    TOP_SIZE,
    clear_asks,
    clear_bids,
    clear_side,
    first_level_from,
    set_level,
)
from truefill.core.tape_records import (
    BEST,
    CUSTOM_MORE,
    CUSTOM_ROW,
    EXCH_RUN,
    STOP,
    STOP_BEST,
    STOP_CLEAR,
    STOP_FILL,
    STOP_GAP_BEGIN,
    STOP_GAP_END,
    STOP_SNAPSHOT,
    STOP_STATUS,
    STOP_TRADE,
)
from truefill.tape.layout import AUX

# A closed group, before its fields go to the columns.
GROUP = np.dtype(
    [
        ("ts", "<i8"),
        ("exch_ts", "<i8"),
        ("end", "<i4"),
    ],
    align=True,
)

# `state` of an index (int64); the book's `top` stands at its front.
ROWS = TOP_SIZE  # counts of what was written to each table so far
STOPS, TRADES, CUSTOMS, GROUPS, RUNS = ROWS + 1, ROWS + 2, ROWS + 3, ROWS + 4, ROWS + 5
OVERFLOWS = ROWS + 6
OPEN = ROWS + 7  # 1 when a group is open
GROUP_TS = ROWS + 8
GROUP_EXCH_TS = ROWS + 9
RUN_TS = ROWS + 10  # exchange time of the group's last depth row
RUNS_BEFORE = ROWS + 11  # runs when the group was opened
SNAPSHOT = ROWS + 12  # index of the open snapshot's stop, -1: none is open
SNAPSHOT_ROWS = ROWS + 13
SNAPSHOT_TS = ROWS + 14
PATCH, PATCH_ROWS = ROWS + 15, ROWS + 16  # a snapshot that began before this batch, its rows so far
FAULT, FAULT_ROW = ROWS + 17, ROWS + 18
CUSTOM_RUNS = ROWS + 19  # the same three for custom rows
CUSTOM_RUN_TS = ROWS + 20
CUSTOM_RUNS_BEFORE = ROWS + 21
BESTS = ROWS + 22  # changes of the best prices (local view), and what they were after the last one
BEST_BID, BEST_ASK = ROWS + 23, ROWS + 24
MORES = ROWS + 25  # custom rows that have more than most
INDEX_SIZE = ROWS + 26

BAD_STATUS = 1  # a status code that does not fit into 32 bits

# `units` of an index (int64).
LOT, TICK, TICK_EXP = 0, 1, 2  # steps of quantities and prices, in the units of all data
QTY_EXP = 3
BY_ORDER = 4  # 1: the rows are made from single orders
UNITS_SIZE = 5

_MAX_I4 = np.iinfo(np.int32).max


class Out(NamedTuple):
    """Tables that one call fills; their sizes are those of the batch."""

    code: np.ndarray
    qty: np.ndarray
    groups: np.ndarray
    bests: np.ndarray
    stops: np.ndarray
    trades: np.ndarray
    customs: np.ndarray
    mores: np.ndarray
    overflow: np.ndarray
    runs: np.ndarray
    custom_runs: np.ndarray


def new_out(size: int) -> Out:
    """Tables that hold whatever `size` rows can become."""
    return Out(
        code=np.empty(size, np.int32),
        qty=np.empty(size, np.int32),
        groups=np.empty(size + 1, GROUP),
        bests=np.empty(size + 1, BEST),
        stops=np.zeros(2 * size, STOP),
        trades=np.empty(size, AUX),
        customs=np.empty(size, CUSTOM_ROW),
        mores=np.zeros(size, CUSTOM_MORE),
        overflow=np.empty(size, np.int64),
        runs=np.zeros(size, EXCH_RUN),
        custom_runs=np.zeros(size, EXCH_RUN),
    )


def new_state() -> np.ndarray:
    """State before the first row."""
    state = np.zeros(INDEX_SIZE, np.int64)
    state[TOP_BID] = state[TOP_ASK] = state[SNAPSHOT] = state[PATCH] = -1
    state[BEST_BID] = state[BEST_ASK] = -1
    return state


@inlined
def set_order_level(book, top, code, lots):
    """Set a level that a single order changed; True when a best price changed.

    As `set_level`, but an order that leaves others behind is no news of a price: in a crossed book it brings
    back no level that was crossed.
    """
    if 0 < lots < book[code]:
        book[code] = lots
        return False
    return set_level(book, top, code, lots)


@inlined
def clear_tick(a, units):
    """Tick up to which a clear goes, rounded towards its own side's far end; NO_BID_TICK: everything."""
    px = a["px_units"]
    side = np.int64(a["ev"]) & (BUY | SELL)
    if px == 0 or side == 0:
        return np.int64(NO_BID_TICK)
    step = units[TICK]
    power = np.int64(a["px_exp"]) - units[TICK_EXP]
    far = np.int64(NO_ASK_TICK if px > 0 else NO_BID_TICK + 1)
    if power > 0:
        if power > 18 or abs(px) >= (1 << 62) // power_of_ten(power):
            return far
        px *= power_of_ten(power)
    elif power < 0:
        if power < -18 or step >= (1 << 62) // power_of_ten(-power):
            if side == BUY:  # closer to zero than any step
                return np.int64(1 if px > 0 else 0)
            return np.int64(0 if px > 0 else -1)
        step *= power_of_ten(-power)
    if side == BUY:
        return -((-px) // step)
    return px // step


@inlined
def put_stop(out, state, base, kind, ts, qty, tick, arg, side):
    """Append a stop with the best levels as they are now."""
    s = out.stops[state[STOPS] - base]
    s["ts"] = ts
    s["qty"] = qty
    s["tick"] = tick
    s["row"] = state[ROWS]
    s["arg"] = arg
    s["bid"] = state[TOP_BID]
    s["ask"] = state[TOP_ASK]
    s["kind"] = kind
    s["side"] = side
    state[STOPS] += 1


@inlined
def note_exch_ts(runs, base, state, count, last, before, row, exch_ts):
    """Begin a run when a row's exchange time is not that of the group's row before it.

    `count`, `last`, `before` are places in `state`, of depth or of custom rows.
    """
    if state[count] == state[before] or state[last] != exch_ts:
        run = runs[state[count] - base]
        run["exch_ts"] = exch_ts
        run["row"] = row
        state[last] = exch_ts
        state[count] += 1


@inlined
def drop_single_run(state, count, last, before):
    """Forget the group's only run if its time is the group's."""
    if state[count] == state[before] + 1 and state[last] == state[GROUP_EXCH_TS]:
        state[count] -= 1


@inlined
def close_group(out, state, groups_base, bests_base):
    """Write the open group, and drop its runs when one exchange time serves all of it.

    A change of the best prices is written for the exchange's view too; the caller drops it there.
    """
    drop_single_run(state, RUNS, RUN_TS, RUNS_BEFORE)
    drop_single_run(state, CUSTOM_RUNS, CUSTOM_RUN_TS, CUSTOM_RUNS_BEFORE)
    g = out.groups[state[GROUPS] - groups_base]
    g["ts"] = state[GROUP_TS]
    g["exch_ts"] = state[GROUP_EXCH_TS]
    g["end"] = state[ROWS]
    state[GROUPS] += 1
    if state[TOP_BID] != state[BEST_BID] or state[TOP_ASK] != state[BEST_ASK]:
        best = out.bests[state[BESTS] - bests_base]
        best["ts"] = state[GROUP_TS]
        best["bid"] = state[TOP_BID]
        best["ask"] = state[TOP_ASK]
        state[BEST_BID] = state[TOP_BID]
        state[BEST_ASK] = state[TOP_ASK]
        state[BESTS] += 1


@inlined
def count_snapshot(out, state, base):
    """Note how many rows the open snapshot has so far in its stop, which may be from an earlier batch."""
    if state[SNAPSHOT] >= base:
        out.stops[state[SNAPSHOT] - base]["arg"] = state[SNAPSHOT_ROWS]
    elif state[SNAPSHOT] >= 0:
        state[PATCH] = state[SNAPSHOT]
        state[PATCH_ROWS] = state[SNAPSHOT_ROWS]


@inlined
def apply_clear(book, state, level_tick, side, tick):
    """Clear what a clear names: one side up to a tick, one side, or all."""
    if side == 0:
        clear_side(book, state, BID)
        clear_side(book, state, ASK)
    elif side > 0:
        if tick == NO_BID_TICK:
            clear_side(book, state, BID)
        else:
            clear_bids(book, state, first_level_from(level_tick, tick))
    elif tick == NO_BID_TICK:
        clear_side(book, state, ASK)
    elif tick == NO_ASK_TICK:
        clear_asks(book, state, len(level_tick) - 1)
    else:
        clear_asks(book, state, first_level_from(level_tick, tick + 1) - 1)


@inlined
def stop_kind(kind):
    """Kind of stop of an event that is neither depth nor trade; 0 when it makes none."""
    if kind == DEPTH_CLEAR:
        return STOP_CLEAR
    if kind == GAP_BEGIN:
        return STOP_GAP_BEGIN
    if kind == GAP_END:
        return STOP_GAP_END
    if kind == TRADING_STATUS:
        return STOP_STATUS
    return 0


@entry
def index_batch(
    local, rows, order, aux, rank_of, level_tick, book_array, trade_index, units, state_array, out
):
    """Index the rows ``rows[order]`` of one view.

    Parameters
    ----------
    local : bool
        Which view.
    rows, aux : ROW[], AUX[]
        Quantities and prices in the units of all data.
    order : int64[n]
    rank_of : int32[]
        Level of each price id.
    level_tick : int64[L]
    book_array : int64[2 L]
        Mutated.
    trade_index : int32[]
        Of each AUX number its index in `trades`: written for the local view, read for the exchange's.
    units : int64[UNITS_SIZE]
    state_array : int64[INDEX_SIZE]
        Mutated.
    out : Out
        Filled from the front; the caller takes what `state` says was added.
    """
    # Views without an owner: Numba counts references to an array at each call of a helper, inlined or not,
    # and those atomic operations took 34 of 44 ns a row.
    book = i64_view(book_array.ctypes.data, len(book_array))
    state = i64_view(state_array.ctypes.data, len(state_array))
    rows_base = state[ROWS]
    stops_base = state[STOPS]
    trades_base = state[TRADES]
    customs_base = state[CUSTOMS]
    mores_base = state[MORES]
    groups_base = state[GROUPS]
    bests_base = state[BESTS]
    runs_base = state[RUNS_BEFORE] if state[OPEN] else state[RUNS]
    custom_runs_base = state[CUSTOM_RUNS_BEFORE] if state[OPEN] else state[CUSTOM_RUNS]
    overflow_base = state[OVERFLOWS]
    state[PATCH] = -1
    lot = units[LOT]
    for k in range(len(order)):
        r = rows[order[k]]
        ts = r["local_ts"] if local else r["exch_ts"]
        exch_ts = r["exch_ts"]
        other_ts = exch_ts if local else r["local_ts"]
        if state[OPEN] == 0 or ts != state[GROUP_TS]:
            if state[OPEN]:
                close_group(out, state, groups_base, bests_base)
            state[OPEN] = 1
            state[GROUP_TS] = ts
            state[RUNS_BEFORE] = state[RUNS]
            state[CUSTOM_RUNS_BEFORE] = state[CUSTOM_RUNS]
        state[GROUP_EXCH_TS] = exch_ts
        ev = np.int64(r["ev"])
        kind = ev & KIND_MASK
        side = (1 if ev & BUY else 0) - (1 if ev & SELL else 0)
        if kind in (DEPTH, DEPTH_SNAPSHOT):
            if kind == DEPTH_SNAPSHOT:
                if state[SNAPSHOT] < 0 or state[SNAPSHOT_TS] != ts:
                    if state[SNAPSHOT] >= 0:
                        count_snapshot(out, state, stops_base)
                    state[SNAPSHOT] = state[STOPS]
                    state[SNAPSHOT_ROWS] = 0
                    state[SNAPSHOT_TS] = ts
                    put_stop(out, state, stops_base, STOP_SNAPSHOT, ts, other_ts, 0, 0, 0)
                state[SNAPSHOT_ROWS] += 1
            elif state[SNAPSHOT] >= 0:
                count_snapshot(out, state, stops_base)
                state[SNAPSHOT] = -1
            lots = r["qty"]
            if lot != 1:
                lots //= lot
            code = np.int64(rank_of[r["ref"]]) * 2 + (0 if side > 0 else 1)
            at = state[ROWS] - rows_base
            out.code[at] = code
            if lots <= _MAX_I4:
                out.qty[at] = lots
            else:
                out.overflow[state[OVERFLOWS] - overflow_base] = lots
                out.qty[at] = -state[OVERFLOWS] - 1
                state[OVERFLOWS] += 1
            if local:
                note_exch_ts(out.runs, runs_base, state, RUNS, RUN_TS, RUNS_BEFORE, state[ROWS], exch_ts)
            if units[BY_ORDER] != 0:
                changed = set_order_level(book, state, code, lots)
            else:
                changed = set_level(book, state, code, lots)
            state[ROWS] += 1
            if changed and not local:
                put_stop(out, state, stops_base, STOP_BEST, ts, 0, 0, 0, side)
            continue
        if ADD_ORDER <= kind <= FILL:  # what `orders` leaves: fills, and events that changed nothing
            if kind == FILL and not local and r["ref"] >= 0:
                lots = r["qty"] // lot
                tick = level_tick[rank_of[r["ref"]]]
                put_stop(out, state, stops_base, STOP_FILL, ts, lots, tick, r["order_id"], side)
            continue
        a = aux[r["ref"]]
        if kind == TRADE:
            if local:
                trade_index[a["number"]] = state[TRADES]
                out.trades[state[TRADES] - trades_base] = a
                state[TRADES] += 1
            else:
                arg = np.int64(trade_index[a["number"]]) if ev & LOCAL else np.int64(-1)
                power = np.int64(a["px_exp"]) - units[TICK_EXP]
                tick = a["px_units"] * power_of_ten(power) // units[TICK]
                power = np.int64(a["qty_exp"]) - units[QTY_EXP]
                lots = a["qty_units"] * power_of_ten(power) // lot
                put_stop(out, state, stops_base, STOP_TRADE, ts, lots, tick, arg, side)
            continue
        stop = stop_kind(kind)
        if stop == 0:
            if local:
                c = out.customs[state[CUSTOMS] - customs_base]
                c["px"] = a["px"]
                c["qty"] = a["qty"]
                c["ival"] = a["ival"]
                c["group"] = state[GROUPS]
                c["ev"] = ev
                if a["order_id"] != 0 or a["fval"] != 0.0:
                    more = out.mores[state[MORES] - mores_base]
                    more["order_id"] = a["order_id"]
                    more["fval"] = a["fval"]
                    more["row"] = state[CUSTOMS]
                    state[MORES] += 1
                note_exch_ts(
                    out.custom_runs,
                    custom_runs_base,
                    state,
                    CUSTOM_RUNS,
                    CUSTOM_RUN_TS,
                    CUSTOM_RUNS_BEFORE,
                    state[CUSTOMS],
                    exch_ts,
                )
                state[CUSTOMS] += 1
            continue
        tick = np.int64(0)
        arg = np.int64(0)
        if stop == STOP_CLEAR:
            tick = clear_tick(a, units)
            apply_clear(book, state, level_tick, side, tick)
        elif stop == STOP_STATUS:
            arg = np.int64(a["ival"])
            if abs(arg) > _MAX_I4:
                state[FAULT] = BAD_STATUS
                state[FAULT_ROW] = k
                return
        put_stop(out, state, stops_base, stop, ts, other_ts, tick, arg, side)
    if state[SNAPSHOT] >= 0:
        count_snapshot(out, state, stops_base)


@entry
def finish_index(local, state, out):
    """Close the last group."""
    if state[OPEN]:
        close_group(out, state, state[GROUPS], state[BESTS])
        state[OPEN] = 0
