"""What each stream of depth shows by itself: its own book, its range, and where the fused book differs.

A venue's depth stream tells of changes only, so that with each message its whole book is as new as the
message. Of levels that a stream has never named nothing is known, unless it has begun with a snapshot: then
they are empty. A stream that shows so many levels of a side says nothing of those beyond the last of them: a
removal of such a level only says that better ones have pushed it out.
"""

from typing import NamedTuple

import numpy as np

from truefill.core.jit import helper, inlined
from truefill.core.l2book import ASK, BID

EVERYTHING = np.iinfo(np.int64).min + 2  # in place of a signed tick: all prices are better
NEVER = np.iinfo(np.int64).min
UNKNOWN = -1  # in place of lots

# Fields of a stream in `about` (int64).
KEY = 0  # age of its last message of depth
RANGE = 1  # levels of a side that it shows; 0: all
WHOLE = 2  # of each side: what it has not named is empty
SHOWN = 4  # of each side: levels in its window
BEST = 6  # of each side: best rank, -1 none
LIVE = 8  # of each side: levels that hold something
DIRTY = 10  # levels that stand in its list of differences
ABOUT_SIZE = 11


class Own(NamedTuple):
    """State of all streams, one after the other in each array; see `Book` for how levels stand."""

    streams: int  # that have a book of their own
    ticks: np.ndarray
    lots: np.ndarray  # of each stream and level, UNKNOWN where it was never named
    listed: np.ndarray  # 1: the level stands in the list of differences
    dirty: np.ndarray  # the lists: levels where the fused book may differ
    window: np.ndarray  # of streams with a range: signed ticks of a side, best first
    about: np.ndarray


@inlined
def signed(side, tick):
    """Tick that grows with how good the price is; EVERYTHING stays what it is."""
    if tick == EVERYTHING:
        return np.int64(EVERYTHING)
    return tick if side == BID else -tick


@inlined
def stream_key(o, s):
    """Age of a stream's last message of depth."""
    return o.about[s * ABOUT_SIZE + KEY]


@inlined
def _codes(o):
    return 2 * len(o.ticks)


@inlined
def _base(o, s, side):
    """Where a side's window begins."""
    return (2 * s + side) * (len(o.window) // (2 * o.streams))


@inlined
def last_shown(o, s, side):
    """Signed tick of the last level in a stream's range; EVERYTHING: its range is not full, or has no end."""
    levels = o.about[s * ABOUT_SIZE + RANGE]
    if levels == 0 or o.about[s * ABOUT_SIZE + SHOWN + side] < levels:
        return np.int64(EVERYTHING)
    return o.window[_base(o, s, side) + levels - 1]


@inlined
def beyond(o, s, side, place):
    """Whether a level lies beyond what a stream shows."""
    return place < last_shown(o, s, side)


@inlined
def own_lots(o, s, code):
    """What a stream knows a level to hold, or UNKNOWN."""
    lots = o.lots[s * _codes(o) + code]
    if lots == UNKNOWN and o.about[s * ABOUT_SIZE + WHOLE + (code & 1)] != 0:
        return np.int64(0)
    return lots


@inlined
def covers(o, s, side, code, place):
    """Whether a stream knows a level, and it is in its range."""
    return own_lots(o, s, code) != UNKNOWN and not beyond(o, s, side, place)


@inlined
def own_best(o, s, side):
    """Best price of a stream's own book as a signed tick; EVERYTHING: it has none."""
    rank = o.about[s * ABOUT_SIZE + BEST + side]
    if rank < 0:
        return np.int64(EVERYTHING)
    return signed(side, o.ticks[rank])


@helper
def differs_now(o, code, lots):
    """Note that the fused book holds `lots` at a level now, for the streams that know it otherwise."""
    for s in range(o.streams):
        at = s * _codes(o) + code
        if o.listed[at] == 0 and own_lots(o, s, code) != lots:
            o.listed[at] = 1
            o.dirty[s * _codes(o) + o.about[s * ABOUT_SIZE + DIRTY]] = code
            o.about[s * ABOUT_SIZE + DIRTY] += 1


@inlined
def _settle_best(o, s, side):
    at = s * ABOUT_SIZE
    rank = o.about[at + BEST + side]
    if o.about[at + LIVE + side] == 0:
        rank = np.int64(-1)
    else:
        step = -1 if side == BID else 1
        while o.lots[s * _codes(o) + 2 * rank + side] <= 0:
            rank += step
    o.about[at + BEST + side] = rank


@inlined
def _show(o, s, side, place):
    """Add a level to a window unless it is there."""
    base = _base(o, s, side)
    count = o.about[s * ABOUT_SIZE + SHOWN + side]
    at = count
    while at > 0 and o.window[base + at - 1] < place:
        at -= 1
    if at > 0 and o.window[base + at - 1] == place:
        return
    for i in range(count, at, -1):
        o.window[base + i] = o.window[base + i - 1]
    o.window[base + at] = place
    o.about[s * ABOUT_SIZE + SHOWN + side] = count + 1


@inlined
def _hide(o, s, side, worst, best):
    """Take the levels between two signed ticks out of a window."""
    base = _base(o, s, side)
    kept = np.int64(0)
    for i in range(o.about[s * ABOUT_SIZE + SHOWN + side]):
        if not worst <= o.window[base + i] <= best:
            o.window[base + kept] = o.window[base + i]
            kept += 1
    o.about[s * ABOUT_SIZE + SHOWN + side] = kept


@helper
def own_set(o, s, side, rank, place, lots):
    """Set a level of a stream's own book."""
    code = 2 * rank + side
    at = s * _codes(o) + code
    about = s * ABOUT_SIZE
    before = o.lots[at]
    o.lots[at] = lots
    best = o.about[about + BEST + side]
    if lots > 0:
        if before <= 0:
            o.about[about + LIVE + side] += 1
        if best < 0 or (rank > best if side == BID else rank < best):
            o.about[about + BEST + side] = rank
        if o.about[about + RANGE] > 0:
            _show(o, s, side, place)
    elif before > 0:
        o.about[about + LIVE + side] -= 1
        if rank == best:
            _settle_best(o, s, side)
        if o.about[about + RANGE] > 0:
            _hide(o, s, side, place, place)


@helper
def own_clear(o, s, side, place):
    """Empty a stream's own book at `place` and better; a clear of everything makes it whole."""
    about = s * ABOUT_SIZE
    if place == EVERYTHING:
        o.about[about + WHOLE + side] = 1
    rank = o.about[about + BEST + side]
    step = -1 if side == BID else 1
    while o.about[about + LIVE + side] > 0 and 0 <= rank < len(o.ticks):
        if signed(side, o.ticks[rank]) < place:
            break
        at = s * _codes(o) + 2 * rank + side
        if o.lots[at] > 0:
            o.lots[at] = 0
            o.about[about + LIVE + side] -= 1
        rank += step
    if o.about[about + BEST + side] >= 0:
        _settle_best(o, s, side)
    if o.about[about + RANGE] > 0:
        _hide(o, s, side, place, np.int64(np.iinfo(np.int64).max))


@helper
def trim(o, s):
    """Forget what lies beyond a stream's range: a stream that does not remove it tells of it no more."""
    about = s * ABOUT_SIZE
    levels = o.about[about + RANGE]
    for side in (BID, ASK):
        if levels > 0 and o.about[about + SHOWN + side] > levels:
            worst = last_shown(o, s, side)
            rank = o.about[about + BEST + side]
            step = -1 if side == BID else 1
            left = o.about[about + LIVE + side]
            while left > 0:
                at = s * _codes(o) + 2 * rank + side
                if o.lots[at] > 0:
                    left -= 1
                    if signed(side, o.ticks[rank]) < worst:
                        o.lots[at] = UNKNOWN
                        o.about[about + LIVE + side] -= 1
                rank += step
            o.about[about + SHOWN + side] = levels


@helper
def forget(o, s):
    """Messages were lost: nothing that a stream has told holds for certain."""
    about = s * ABOUT_SIZE
    for code in range(_codes(o)):
        o.lots[s * _codes(o) + code] = UNKNOWN
    o.about[about + KEY] = NEVER
    for side in (BID, ASK):
        o.about[about + WHOLE + side] = 0
        o.about[about + SHOWN + side] = 0
        o.about[about + LIVE + side] = 0
        o.about[about + BEST + side] = -1
