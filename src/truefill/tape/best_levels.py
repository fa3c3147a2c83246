"""The best levels of each side after each moment of a tape: whole books, as some venues send them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from truefill.core.address import i64_view
from truefill.core.jit import entry
from truefill.core.l2book import ASK_LEVELS, BID_LEVELS, TOP_ASK, TOP_BID, new_book, set_level
from truefill.core.tape_records import STOP_CLEAR
from truefill.tape.index import apply_clear, set_order_level
from truefill.tape.tape import Tape

_GROUPS = 1 << 13  # moments that are looked at, and books that are in memory, at a time


class Levels(NamedTuple):
    """Some consecutive books."""

    ts: np.ndarray  # int64[n], ns
    tick: np.ndarray  # int64[n, 2, levels]: bids, then asks, each from the best outward
    lots: np.ndarray  # int64[n, 2, levels]; 0: there is no such level


def best_levels(tape: Tape, view: str, levels: int) -> Iterator[Levels]:
    """Give the best levels of each side whenever they have changed.

    Parameters
    ----------
    tape : Tape
    view : {"exch", "local"}
    levels : int
        How many of each side.
    """
    v = tape.view(view)
    qty, top = new_book(len(tape.level_tick))
    place = np.zeros(3, np.int64)  # next row, stop and group
    lots = tape.lots(view)
    last = np.zeros((2, 2, levels), np.int64)
    while place[2] < len(v.group_ts):
        out = np.zeros((_GROUPS, 2, 2, levels), np.int64)
        ts = np.zeros(_GROUPS, np.int64)
        count = _walk(
            v.code,
            lots,
            v.group_ts,
            v.group_end,
            v.group_stop,
            v.stops,
            tape.level_tick,
            qty,
            top,
            place,
            last,
            ts,
            out,
            tape.by_order,
        )
        yield Levels(ts[:count], out[:count, 0], out[:count, 1])


@entry
def _walk(
    code: np.ndarray,
    lots: np.ndarray,
    group_ts: np.ndarray,
    group_end: np.ndarray,
    group_stop: np.ndarray,
    stops: np.ndarray,
    level_tick: np.ndarray,
    qty_array: np.ndarray,
    top_array: np.ndarray,
    place: np.ndarray,
    last: np.ndarray,
    ts: np.ndarray,
    out: np.ndarray,
    by_order: bool,
) -> int:
    """Go on through the groups until `out` is full; `out` is [n, tick or lots, side, level]."""
    qty = i64_view(qty_array.ctypes.data, len(qty_array))
    top = i64_view(top_array.ctypes.data, len(top_array))
    row, stop, group = place
    levels = last.shape[2]
    n = 0
    while group < len(group_ts) and n < len(ts):
        while True:
            end = group_end[group]
            if stop < group_stop[group]:
                end = min(end, stops[stop]["row"])
            while row < end:
                if by_order:
                    set_order_level(qty, top, code[row], lots[row])
                else:
                    set_level(qty, top, code[row], lots[row])
                row += 1
            if stop >= group_stop[group]:
                break
            s = stops[stop]
            if s["kind"] == STOP_CLEAR:
                apply_clear(qty, top, level_tick, s["side"], s["tick"])
            stop += 1
        changed = False
        for side in range(2):
            level = top[TOP_BID] if side == 0 else top[TOP_ASK]
            step = -1 if side == 0 else 1
            left = top[BID_LEVELS] if side == 0 else top[ASK_LEVELS]
            for i in range(levels):
                while left > 0 and 0 <= level < len(level_tick) and qty[2 * level + side] == 0:
                    level += step
                tick = np.int64(0)
                amount = np.int64(0)
                if left > 0 and 0 <= level < len(level_tick):
                    tick = level_tick[level]
                    amount = qty[2 * level + side]
                    left -= 1
                    level += step
                changed = changed or last[0, side, i] != tick or last[1, side, i] != amount
                last[0, side, i] = tick
                last[1, side, i] = amount
        if changed:
            ts[n] = group_ts[group]
            out[n] = last
            n += 1
        group += 1
    place[0] = row
    place[1] = stop
    place[2] = group
    return n
