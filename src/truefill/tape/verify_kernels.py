"""The kernel of `truefill.tape.verify`: rows as they arrive, message after message."""

import numpy as np

from truefill.core.events import (
    ADD_ORDER,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    FILL,
    GAP_BEGIN,
    GAP_END,
    TRADE,
)
from truefill.core.jit import entry, inlined
from truefill.tape.verify_book import (
    BACK_EXCH,
    BACK_LOCAL,
    BAD_PRICE,
    BAD_QTY,
    BAD_SIDE,
    BEFORE,
    BEYOND,
    COMPARED,
    COMPARING,
    COPIED,
    COUNT,
    CROSSED,
    CROSSED_NS,
    CROSSED_SINCE,
    DEPTHS,
    DIFFERS,
    EARLY,
    EMPTY_TRADE,
    FIRST_TS,
    GROUPS,
    HAS_EXCH,
    IN_GAP,
    KNOWN,
    LAST_BOOK,
    LAST_EXCH,
    LAST_TS,
    MARKED,
    MISSING,
    NOW,
    OFF_TICK,
    OPEN,
    ORDERS,
    OUTSIDE,
    ROW,
    SILENT_BOOK_NS,
    SILENT_NS,
    SNAP,
    SNAP_OPEN,
    SNAPSHOTS,
    STALE,
    STALE_BOOK,
    TRADES,
    WORST,
    clear,
    compare_side,
    copy_book,
    end_mark,
    mark_ghosts,
    note,
    set_level,
)


@inlined
def close_snapshot(key, qty, state, faults, lowest, found):
    """At the end of a message with a snapshot: compare, and know the book from here on."""
    state[SNAPSHOTS] += 1
    if state[COMPARING]:
        state[COMPARED] += 1
        found[:] = 0
        for a in range(2):
            if np.isfinite(lowest[a]):  # a side without rows says nothing about that side
                compare_side(key, qty, state, lowest, a, found)
        for k in range(3):
            if found[k] > 0:
                note(faults, MISSING + k, state[ROW], state[NOW], 0)
                faults[MISSING + k, COUNT] += found[k] - 1
        if found[0] + found[1] + found[2] > 0:
            note(faults, DIFFERS, state[ROW], state[NOW], found[0] + found[1] + found[2])
    state[SNAP_OPEN] = 0
    state[KNOWN] = 1


@inlined
def close_message(key, qty, stamp, since, state, faults, lowest, found, ghost_ns):
    """Judge the book after all rows of one local time."""
    now = state[NOW]
    state[GROUPS] += 1
    if state[SNAP_OPEN]:
        close_snapshot(key, qty, state, faults, lowest, found)
    state[COPIED] = 0
    spread = 1.0
    if state[0] > 0 and state[1] > 0 and state[IN_GAP] == 0:
        spread = -(key[0, state[0] - 1] + key[1, state[1] - 1])
    for k in range(2):
        if (k == 0 and spread < 0) or (k == 1 and spread == 0):
            note(faults, CROSSED + k, state[ROW], now, 0)
            if state[CROSSED_SINCE + k] < 0:
                state[CROSSED_SINCE + k] = now
        elif state[CROSSED_SINCE + k] >= 0:
            lasted = now - state[CROSSED_SINCE + k]
            state[CROSSED_NS + k] += lasted
            faults[CROSSED + k, WORST] = max(faults[CROSSED + k, WORST], lasted)
            state[CROSSED_SINCE + k] = -1
    if spread < 0 or state[MARKED] + state[MARKED + 1] > 0:
        mark_ghosts(key, stamp, since, state, faults, ghost_ns, spread < 0)


@inlined
def check_times(state, faults, ts, exch_ts, exch, stale_ns):
    """Order of the times of a row, and the silence before it."""
    if state[ROW] == 0:
        state[FIRST_TS] = ts
    else:
        if ts < state[LAST_TS]:
            note(faults, BACK_LOCAL, state[ROW], ts, state[LAST_TS] - ts)
        silence = ts - state[LAST_TS]
        if silence > stale_ns:
            note(faults, STALE, state[ROW], state[LAST_TS], silence)
            state[SILENT_NS] += silence
        faults[STALE, WORST] = max(faults[STALE, WORST], silence)
    state[LAST_TS] = max(ts, state[LAST_TS]) if state[ROW] else ts
    if ts < exch_ts:
        note(faults, EARLY, state[ROW], ts, exch_ts - ts)
    if exch:
        if state[HAS_EXCH] and exch_ts < state[LAST_EXCH]:
            note(faults, BACK_EXCH, state[ROW], ts, state[LAST_EXCH] - exch_ts)
        else:
            state[LAST_EXCH] = exch_ts
        state[HAS_EXCH] = 1


@inlined
def book_silence(state, faults, ts, stale_ns):
    """How long the book, or its absence, has stood still."""
    if state[DEPTHS]:
        silence = ts - state[LAST_BOOK]
        if silence > stale_ns:
            note(faults, STALE_BOOK, state[ROW], state[LAST_BOOK], silence)
            state[SILENT_BOOK_NS] += silence
        faults[STALE_BOOK, WORST] = max(faults[STALE_BOOK, WORST], silence)
        state[LAST_BOOK] = max(ts, state[LAST_BOOK])
    else:
        state[LAST_BOOK] = ts
    state[DEPTHS] += 1


@inlined
def off_tick(px, tick):
    """Whether a price is no whole number of ticks; `tick` 0: not known."""
    if tick <= 0:
        return False
    return not (abs(np.rint(px / tick) * tick - px) <= 1e-6 * tick + 4e-16 * abs(px))


@inlined
def check_trade(key, state, faults, px, q, tick):
    """Numbers of a trade, and where it is to the book as it was known when the trade arrived."""
    state[TRADES] += 1
    ts = state[NOW]
    row = state[ROW]
    if not (q >= 0 and np.isfinite(q)):
        note(faults, BAD_QTY, row, ts, 0)
    elif q == 0:
        note(faults, EMPTY_TRADE, row, ts, 0)
    if not (px > 0 and np.isfinite(px)):
        note(faults, BAD_PRICE, row, ts, 0)
        return
    if off_tick(px, tick):
        note(faults, OFF_TICK, row, ts, 0)
    if state[IN_GAP] == 0 and state[0] > 0 and state[1] > 0:
        if px < key[0, state[0] - 1] or -px < key[1, state[1] - 1]:
            note(faults, OUTSIDE, row, ts, 0)
        if px < key[0, 0] or -px < key[1, 0]:
            note(faults, BEYOND, row, ts, 0)


@entry
def take_rows(
    kinds,
    sides,
    exch,
    local_ts,
    exch_ts,
    px,
    quantity,
    key,
    qty,
    stamp,
    since,
    state,
    faults,
    lowest,
    found,
    tick,
    stale_ns,
    ghost_ns,
):
    """Take local rows, in the order in which they arrived.

    Parameters
    ----------
    kinds, sides : int64[n], int64[n]
        Kind of event; 1 buy or bid, -1 sell or ask, 0 neither.
    exch : bool[n]
        Whether the row stands in the exchange's order, too.
    local_ts, exch_ts : int64[n]
    px, quantity : float64[n]
    key, qty : float64[ARRAYS, c]
        Mutated; at least n places are free in each.
    stamp, since : int64[ARRAYS, c]
        Row that set a level last; since when it is crossed by a newer one, -1 if it is not. Mutated.
    state, faults : int64[STATE_SIZE], int64[FAULTS, 4]
        Mutated.
    lowest, found : float64[2], int64[3]
        Range of the open snapshot; scratch.
    tick : float
        0: not known.
    stale_ns, ghost_ns : int
    """
    for k in range(len(kinds)):
        ts = local_ts[k]
        if state[OPEN] and ts != state[NOW]:
            close_message(key, qty, stamp, since, state, faults, lowest, found, ghost_ns)
        state[OPEN] = 1
        state[NOW] = ts
        check_times(state, faults, ts, exch_ts[k], exch[k], stale_ns)
        kind = kinds[k]
        if kind == DEPTH or kind == DEPTH_SNAPSHOT or kind == DEPTH_CLEAR:
            book_silence(state, faults, ts, stale_ns)
            if kind != DEPTH and state[COPIED] == 0:
                state[COPIED] = 1
                state[COMPARING] = 1 if state[KNOWN] and state[IN_GAP] == 0 else 0
                state[SNAP] = state[SNAP + 1] = 0
                lowest[:] = np.inf
                if state[COMPARING]:
                    copy_book(key, qty, state)
            if kind == DEPTH_CLEAR:
                clear(key, since, state, faults, sides[k], px[k], ghost_ns, ts)
                state[ROW] += 1
                continue
            q = quantity[k]
            if sides[k] == 0:
                note(faults, BAD_SIDE, state[ROW], ts, 0)
            elif not (px[k] > 0 and np.isfinite(px[k])):
                note(faults, BAD_PRICE, state[ROW], ts, 0)
            elif not (q >= 0 and np.isfinite(q)):
                note(faults, BAD_QTY, state[ROW], ts, 0)
            else:
                if off_tick(px[k], tick):
                    note(faults, OFF_TICK, state[ROW], ts, 0)
                a = 0 if sides[k] > 0 else 1
                level = px[k] if a == 0 else -px[k]
                if kind == DEPTH_SNAPSHOT:
                    state[SNAP_OPEN] = 1
                    state[IN_GAP] = 0
                    lowest[a] = min(lowest[a], level)
                set_level(key, qty, stamp, since, state, faults, a, level, q, ghost_ns, ts)
                if state[SNAP_OPEN] and state[COMPARING]:
                    # a change that came with the snapshot, and after it, is news to both
                    set_level(key, qty, stamp, since, state, faults, SNAP + a, level, q, ghost_ns, ts)
                    if kind == DEPTH:
                        set_level(key, qty, stamp, since, state, faults, BEFORE + a, level, q, ghost_ns, ts)
        elif kind == TRADE:
            check_trade(key, state, faults, px[k], quantity[k], tick)
        elif kind == GAP_BEGIN:
            state[IN_GAP] = 1
        elif kind == GAP_END:
            state[IN_GAP] = 0
        elif kind >= ADD_ORDER and kind <= FILL:
            state[ORDERS] += 1
        state[ROW] += 1


@entry
def finish_rows(key, qty, stamp, since, state, faults, lowest, found, ghost_ns):
    """Judge the last message, and what lasts to the end."""
    if state[OPEN] == 0:
        return
    close_message(key, qty, stamp, since, state, faults, lowest, found, ghost_ns)
    now = state[LAST_TS]
    for k in range(2):
        if state[CROSSED_SINCE + k] >= 0:
            lasted = now - state[CROSSED_SINCE + k]
            state[CROSSED_NS + k] += lasted
            faults[CROSSED + k, WORST] = max(faults[CROSSED + k, WORST], lasted)
    for a in range(2):
        for i in range(state[a]):
            end_mark(since, state, faults, a, i, ghost_ns, now)
