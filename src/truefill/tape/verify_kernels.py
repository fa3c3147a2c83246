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
    clear,
    compare_side,
    copy_book,
    end_mark,
    kept_at,
    mark_ghosts,
    note,
    see_worst,
    set_level,
)


@inlined
def close_snapshot(v):
    """At the end of a message with a snapshot: compare, and know the book from here on."""
    v.state[SNAPSHOTS] += 1
    if v.state[COMPARING]:
        v.state[COMPARED] += 1
        v.found[:] = 0
        for a in range(2):
            if np.isfinite(v.lowest[a]):  # a side without rows says nothing about that side
                compare_side(v, a)
        for k in range(3):
            if v.found[k] > 0:
                note(v, MISSING + k, v.state[ROW], v.state[NOW], 0)
                v.faults[4 * (MISSING + k) + COUNT] += v.found[k] - 1
        if v.found[0] + v.found[1] + v.found[2] > 0:
            note(v, DIFFERS, v.state[ROW], v.state[NOW], v.found[0] + v.found[1] + v.found[2])
    v.state[SNAP_OPEN] = 0
    v.state[KNOWN] = 1


@inlined
def close_message(v, ghost_ns):
    """Judge the book after all rows of one local time."""
    now = v.state[NOW]
    v.state[GROUPS] += 1
    if v.state[SNAP_OPEN]:
        close_snapshot(v)
    v.state[COPIED] = 0
    spread = 1.0
    if v.state[0] > 0 and v.state[1] > 0 and v.state[IN_GAP] == 0:
        spread = -(v.key[v.state[0] - 1] + v.key[v.room + v.state[1] - 1])
    for k in range(2):
        if (k == 0 and spread < 0) or (k == 1 and spread == 0):
            note(v, CROSSED + k, v.state[ROW], now, 0)
            if v.state[CROSSED_SINCE + k] < 0:
                v.state[CROSSED_SINCE + k] = now
        elif v.state[CROSSED_SINCE + k] >= 0:
            lasted = now - v.state[CROSSED_SINCE + k]
            v.state[CROSSED_NS + k] += lasted
            see_worst(v, CROSSED + k, lasted)
            v.state[CROSSED_SINCE + k] = -1
    if spread < 0 or v.state[MARKED] + v.state[MARKED + 1] > 0:
        mark_ghosts(v, ghost_ns, spread < 0)


@inlined
def check_times(v, ts, exch_ts, exch, stale_ns):
    """Order of the times of a row, and the silence before it."""
    if v.state[ROW] == 0:
        v.state[FIRST_TS] = ts
    else:
        if ts < v.state[LAST_TS]:
            note(v, BACK_LOCAL, v.state[ROW], ts, v.state[LAST_TS] - ts)
        silence = ts - v.state[LAST_TS]
        if silence > stale_ns:
            note(v, STALE, v.state[ROW], v.state[LAST_TS], silence)
            v.state[SILENT_NS] += silence
        see_worst(v, STALE, silence)
    v.state[LAST_TS] = max(ts, v.state[LAST_TS]) if v.state[ROW] else ts
    if ts < exch_ts:
        note(v, EARLY, v.state[ROW], ts, exch_ts - ts)
    if exch:
        if v.state[HAS_EXCH] and exch_ts < v.state[LAST_EXCH]:
            note(v, BACK_EXCH, v.state[ROW], ts, v.state[LAST_EXCH] - exch_ts)
        else:
            v.state[LAST_EXCH] = exch_ts
        v.state[HAS_EXCH] = 1


@inlined
def book_silence(v, ts, stale_ns):
    """How long the book, or its absence, has stood still."""
    if v.state[DEPTHS]:
        silence = ts - v.state[LAST_BOOK]
        if silence > stale_ns:
            note(v, STALE_BOOK, v.state[ROW], v.state[LAST_BOOK], silence)
            v.state[SILENT_BOOK_NS] += silence
        see_worst(v, STALE_BOOK, silence)
        v.state[LAST_BOOK] = max(ts, v.state[LAST_BOOK])
    else:
        v.state[LAST_BOOK] = ts
    v.state[DEPTHS] += 1


@inlined
def off_tick(px, tick):
    """Whether a price is no whole number of ticks; `tick` 0: not known."""
    if tick <= 0:
        return False
    return not (abs(np.rint(px / tick) * tick - px) <= 1e-6 * tick + 4e-16 * abs(px))


@inlined
def check_trade(v, px, q, tick):
    """Numbers of a trade, and where it is to the book as it was known when the trade arrived."""
    v.state[TRADES] += 1
    ts = v.state[NOW]
    row = v.state[ROW]
    if not (q >= 0 and np.isfinite(q)):
        note(v, BAD_QTY, row, ts, 0)
    elif q == 0:
        note(v, EMPTY_TRADE, row, ts, 0)
    if not (px > 0 and np.isfinite(px)):
        note(v, BAD_PRICE, row, ts, 0)
        return
    if off_tick(px, tick):
        note(v, OFF_TICK, row, ts, 0)
    if v.state[IN_GAP] == 0 and v.state[0] > 0 and v.state[1] > 0:
        if px < v.key[v.state[0] - 1] or -px < v.key[v.room + v.state[1] - 1]:
            note(v, OUTSIDE, row, ts, 0)
        if px < v.key[0] or -px < v.key[v.room]:
            note(v, BEYOND, row, ts, 0)


@entry
def take_rows(
    kinds,
    sides,
    exch,
    local_ts,
    exch_ts,
    px,
    quantity,
    places,
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
    places : int64[10]
        Room of a side and the addresses of the arrays of `Kept`, which are mutated; at least n places are
        free on each side.
    tick : float
        0: not known.
    stale_ns, ghost_ns : int
    """
    v = kept_at(places)
    for k in range(len(kinds)):
        ts = local_ts[k]
        if v.state[OPEN] and ts != v.state[NOW]:
            close_message(v, ghost_ns)
        v.state[OPEN] = 1
        v.state[NOW] = ts
        check_times(v, ts, exch_ts[k], exch[k], stale_ns)
        kind = kinds[k]
        if kind == DEPTH or kind == DEPTH_SNAPSHOT or kind == DEPTH_CLEAR:
            book_silence(v, ts, stale_ns)
            if kind != DEPTH and v.state[COPIED] == 0:
                v.state[COPIED] = 1
                v.state[COMPARING] = 1 if v.state[KNOWN] and v.state[IN_GAP] == 0 else 0
                v.state[SNAP] = v.state[SNAP + 1] = 0
                v.lowest[:] = np.inf
                if v.state[COMPARING]:
                    copy_book(v)
            if kind == DEPTH_CLEAR:
                clear(v, sides[k], px[k], ghost_ns, ts)
                v.state[ROW] += 1
                continue
            q = quantity[k]
            if sides[k] == 0:
                note(v, BAD_SIDE, v.state[ROW], ts, 0)
            elif not (px[k] > 0 and np.isfinite(px[k])):
                note(v, BAD_PRICE, v.state[ROW], ts, 0)
            elif not (q >= 0 and np.isfinite(q)):
                note(v, BAD_QTY, v.state[ROW], ts, 0)
            else:
                if off_tick(px[k], tick):
                    note(v, OFF_TICK, v.state[ROW], ts, 0)
                a = 0 if sides[k] > 0 else 1
                level = px[k] if a == 0 else -px[k]
                if kind == DEPTH_SNAPSHOT:
                    v.state[SNAP_OPEN] = 1
                    v.state[IN_GAP] = 0
                    v.lowest[a] = min(v.lowest[a], level)
                set_level(v, a, level, q, ghost_ns, ts)
                if v.state[SNAP_OPEN] and v.state[COMPARING]:
                    # a change that came with the snapshot, and after it, is news to both
                    set_level(v, SNAP + a, level, q, ghost_ns, ts)
                    if kind == DEPTH:
                        set_level(v, BEFORE + a, level, q, ghost_ns, ts)
        elif kind == TRADE:
            check_trade(v, px[k], quantity[k], tick)
        elif kind == GAP_BEGIN:
            v.state[IN_GAP] = 1
        elif kind == GAP_END:
            v.state[IN_GAP] = 0
        elif kind >= ADD_ORDER and kind <= FILL:
            v.state[ORDERS] += 1
        v.state[ROW] += 1


@entry
def finish_rows(places, ghost_ns):
    """Judge the last message, and what lasts to the end."""
    v = kept_at(places)
    if v.state[OPEN] == 0:
        return
    close_message(v, ghost_ns)
    now = v.state[LAST_TS]
    for k in range(2):
        if v.state[CROSSED_SINCE + k] >= 0:
            lasted = now - v.state[CROSSED_SINCE + k]
            v.state[CROSSED_NS + k] += lasted
            see_worst(v, CROSSED + k, lasted)
    for a in range(2):
        for i in range(v.state[a]):
            end_mark(v, a, i, ghost_ns, now)
