"""Replay one view of a tape through the book, and compare with what the index says."""

import numpy as np

from truefill.core.address import i64_view
from truefill.core.jit import entry, inlined
from truefill.core.l2book import (
    ASK_LEVELS,
    BID_LEVELS,
    NO_LEVEL,
    TOP_ASK,
    TOP_BID,
    new_book,
    set_level,
)
from truefill.core.tape_records import STOP_CLEAR, STOP_GAP_BEGIN, STOP_GAP_END
from truefill.tape.index import apply_clear, set_order_level
from truefill.tape.tape import Tape

# What `replay_view` counts (int64): groups, and the first of them (-1: none).
WRONG, FIRST_WRONG = 0, 1  # best levels in the index that are not the book's
CROSSED, FIRST_CROSSED = 2, 3  # a bid above an ask in the book as the venue sent it
LOCKED, FIRST_LOCKED = 4, 5
RESULT_SIZE = 6

_PIECE = 1 << 16  # groups that `book_before` goes through at a time


def replay_view(tape: Tape, name: str) -> np.ndarray:
    """Replay ``"exch"`` or ``"local"``; the counts, int64[RESULT_SIZE].

    A best price of the book is never crossed (`core.l2book` says why); crossed or locked is judged on all
    levels that hold something, and not in a gap: the book is suspect there.
    """
    return _whole(tape, name)[0]


def last_book(tape: Tape, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The book at the end of ``"exch"`` or ``"local"``: `qty` and `top` of `core.l2book`."""
    _, qty, top = _whole(tape, name)
    return qty, top


def book_before(tape: Tape, name: str, group: int) -> tuple[np.ndarray, np.ndarray]:
    """The book of a view before a group: `qty` and `top` of `core.l2book`. Memory for a piece of columns."""
    qty, top = new_book(len(tape.level_tick))
    ends, times = tape.section(f"{name}.group_end"), tape.section(f"{name}.group_ts")
    stops, code, column = (tape.section(f"{name}.{part}") for part in ("stops", "code", "qty"))
    result = np.array([0, -1, 0, -1, 0, -1], np.int64)
    row = stop = first = 0
    while first < group:
        last = min(first + _PIECE, group)
        end = int(ends[last - 1])
        last_stop = int(np.searchsorted(stops["ts"], times[last - 1], side="right"))
        lots = column[row:end].astype(np.int64)
        over = lots < 0
        lots[over] = tape.overflow[-lots[over] - 1]
        some = stops[stop:last_stop].copy()
        past = np.searchsorted(some["ts"], times[first:last], side="right").astype(np.int32)
        some["row"] -= row
        none = np.full(last - first, -1, np.int32)
        group_end = ends[first:last] - np.int32(row)
        ticks = tape.level_tick
        _replay(
            code[row:end], lots, group_end, past, none, none, some, ticks, qty, top, result, tape.by_order
        )
        row, stop, first = end, last_stop, last
    return qty, top


def _whole(tape: Tape, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    view = tape.view(name)
    qty, top = new_book(len(tape.level_tick))
    result = np.array([0, -1, 0, -1, 0, -1], np.int64)
    _replay(
        view.code,
        tape.lots(name),
        view.group_end,
        view.group_stop,
        view.group_bid,
        view.group_ask,
        view.stops,
        tape.level_tick,
        qty,
        top,
        result,
        tape.by_order,
    )
    return result, qty, top


@inlined
def count(result: np.ndarray, what: int, group: int) -> None:
    """Count a group, and note it if it is the first."""
    if result[what] == 0:
        result[what + 1] = group
    result[what] += 1


@entry
def _replay(
    code: np.ndarray,
    lots: np.ndarray,
    group_end: np.ndarray,
    group_stop: np.ndarray,
    group_bid: np.ndarray,
    group_ask: np.ndarray,
    stops: np.ndarray,
    level_tick: np.ndarray,
    qty_array: np.ndarray,
    top_array: np.ndarray,
    result: np.ndarray,
    by_order: bool,
) -> None:
    qty = i64_view(qty_array.ctypes.data, len(qty_array))
    top = i64_view(top_array.ctypes.data, len(top_array))
    row = 0
    stop = 0
    high_bid = NO_LEVEL  # highest bid and lowest ask of all that is in the book
    low_ask = len(level_tick)
    in_gap = False
    for group in range(len(group_end)):
        last_stop = group_stop[group]
        while True:
            end = group_end[group]
            if stop < last_stop:
                end = min(end, stops[stop]["row"])
            while row < end:
                c = code[row]
                level = c >> 1
                if by_order:
                    set_order_level(qty, top, c, lots[row])
                else:
                    set_level(qty, top, c, lots[row])
                if lots[row] > 0:
                    if c & 1:
                        low_ask = min(low_ask, level)
                    else:
                        high_bid = max(high_bid, level)
                row += 1
            if stop >= last_stop:
                break
            s = stops[stop]
            if s["kind"] == STOP_CLEAR:
                apply_clear(qty, top, level_tick, s["side"], s["tick"])
            elif s["kind"] == STOP_GAP_BEGIN:
                in_gap = True
            elif s["kind"] == STOP_GAP_END:
                in_gap = False
            stop += 1
        if top[BID_LEVELS] == 0:
            high_bid = NO_LEVEL
        while high_bid >= 0 and qty[2 * high_bid] == 0:
            high_bid -= 1
        if top[ASK_LEVELS] == 0:
            low_ask = len(level_tick)
        while low_ask < len(level_tick) and qty[2 * low_ask + 1] == 0:
            low_ask += 1
        if group_bid[group] != top[TOP_BID] or group_ask[group] != top[TOP_ASK]:
            count(result, WRONG, group)
        if high_bid >= 0 and low_ask < len(level_tick) and not in_gap:
            if high_bid > low_ask:
                count(result, CROSSED, group)
            elif high_bid == low_ask:
                count(result, LOCKED, group)
