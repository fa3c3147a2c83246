"""Fusing's kernel: claims about levels, in any order, to the book that the newest of them tell.

Every row is a claim of a certain age: a level holds so much, or a level and everything better is empty. Of
two claims about one level the newer one holds; of two of one age, the one that came later.

A level is told by its rank among all prices known so far. What is empty "from a price on and better" is kept
as a staircase for each side: the further a claim reaches, the older it may be; a claim that reaches no
further than a newer one is dropped. Signed ticks (the tick of a bid, minus that of an ask) make "better" mean
"greater" on both sides.

What a stream of depth does not mention counts, too: with each message its whole book is as new as the
message (`fuse_own`). A level that another stream has changed meanwhile, and that this one holds to be as it
was, is as it was.
"""

from typing import NamedTuple

import numpy as np

from truefill.core.address import i64_view
from truefill.core.events import DEPTH, DEPTH_CLEAR, DEPTH_SNAPSHOT
from truefill.core.jit import entry, helper, inlined
from truefill.core.l2book import ASK, BID, first_level_from
from truefill.tape.fuse_own import (
    ABOUT_SIZE,
    DIRTY,
    EVERYTHING,
    KEY,
    NEVER,
    RANGE,
    WHOLE,
    Own,
    beyond,
    covers,
    differs_now,
    forget,
    last_shown,
    own_best,
    own_clear,
    own_lots,
    own_set,
    signed,
    stream_key,
    trim,
)

# What a row claims.
LEVEL = 1  # the quantity of a level; a positive one also: nothing opposite at this price or beyond
SNAPSHOT = 2  # the same, of a snapshot
BEST = 3  # as LEVEL, and: nothing better on its side
CLEAR = 4  # this price and everything better is empty
LOST = 5  # nothing about levels: messages of the stream are missing before what follows

# One claim. `tick` is the price of LEVEL, SNAPSHOT and BEST; of BEST without a price, and of CLEAR,
# EVERYTHING may stand there.
CLAIM = np.dtype(
    [
        ("tick", "<i8"),
        ("lots", "<i8"),
        ("key", "<i8"),  # age: the greater, the newer
        ("ts", "<i8"),  # exchange time, ns
        ("src", "<i8"),  # number of the event that makes it
        ("rank", "<i4"),  # of `tick`; not used where EVERYTHING is meant
        ("stream", "<i4"),
        ("what", "i1"),
        ("side", "i1"),  # BID or ASK
    ],
    align=True,
)

# One row of the fused book.
FUSED = np.dtype(
    [
        ("tick", "<i8"),  # of a clear EVERYTHING may stand here
        ("lots", "<i8"),
        ("ts", "<i8"),
        ("src", "<i8"),
        ("kind", "u1"),  # DEPTH, DEPTH_SNAPSHOT or DEPTH_CLEAR
        ("side", "i1"),
        ("own", "u1"),  # 1: it is the event's own row, 0: it follows from the event
    ],
    align=True,
)

# `top` (int64): best rank of each side (-1: none), levels that hold something, steps of the staircase.
TOP = 0
LIVE = 2
STEPS = 4
TOP_SIZE = 6


class Book(NamedTuple):
    """Views of the state of a fused book; arrays of two sides have BID at even places, ASK at odd ones."""

    ticks: np.ndarray  # price of each rank
    lots: np.ndarray
    keys: np.ndarray  # age of what is known about the level by itself
    times: np.ndarray  # exchange time of that
    step_from: np.ndarray  # staircases, those of the asks in the second half: signed tick,
    step_key: np.ndarray  # and age
    top: np.ndarray


@inlined
def steps_until(b, side, place):
    """How many steps of a side's staircase begin at `place` or before it."""
    base = side * (len(b.step_from) // 2)
    low = np.int64(0)
    high = b.top[STEPS + side]
    while low < high:
        middle = (low + high) // 2
        if b.step_from[base + middle] <= place:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def empty_since(b, side, place):
    """Age of the newest claim that `place` is empty together with everything better; NEVER: there is none."""
    step = steps_until(b, side, place)
    if step == 0:
        return np.int64(NEVER)
    return b.step_key[side * (len(b.step_from) // 2) + step - 1]


@inlined
def add_step(b, side, place, key):
    """Note that `place` and everything better is empty, as of `key`."""
    base = side * (len(b.step_from) // 2)
    count = b.top[STEPS + side]
    at = steps_until(b, side, place)
    if at > 0 and b.step_key[base + at - 1] >= key:
        return
    if at > 0 and b.step_from[base + at - 1] == place:
        at -= 1
    end = at
    while end < count and b.step_key[base + end] <= key:  # these reach less far and are older
        end += 1
    if end == at:  # room for one more
        for i in range(count, at, -1):
            b.step_from[base + i] = b.step_from[base + i - 1]
            b.step_key[base + i] = b.step_key[base + i - 1]
        b.top[STEPS + side] = count + 1
    elif end > at + 1:
        for i in range(end, count):
            b.step_from[base + at + 1 + i - end] = b.step_from[base + i]
            b.step_key[base + at + 1 + i - end] = b.step_key[base + i]
        b.top[STEPS + side] = count - (end - at - 1)
    b.step_from[base + at] = place
    b.step_key[base + at] = key


@inlined
def put(out, count, src, kind, side, tick, lots, ts, own):
    """Write one row of the fused book; the next free place."""
    row = out[count]
    row["src"] = src
    row["kind"] = kind
    row["side"] = side
    row["tick"] = tick
    row["lots"] = lots
    row["ts"] = ts
    row["own"] = own
    return count + 1


@inlined
def settle_top(b, side):
    """Move the best rank of a side outward to a level that holds something."""
    rank = b.top[TOP + side]
    if b.top[LIVE + side] == 0:
        rank = np.int64(-1)
    else:
        step = -1 if side == BID else 1
        while b.lots[2 * rank + side] == 0:
            rank += step
    b.top[TOP + side] = rank


@inlined
def set_lots(b, side, rank, lots):
    """Set the quantity of a level."""
    code = 2 * rank + side
    before = b.lots[code]
    b.lots[code] = lots
    best = b.top[TOP + side]
    if lots > 0:
        if before == 0:
            b.top[LIVE + side] += 1
        if best < 0 or (rank > best if side == BID else rank < best):
            b.top[TOP + side] = rank
    elif before > 0:
        b.top[LIVE + side] -= 1
        if rank == best:
            settle_top(b, side)


@inlined
def held_since(b, o, side, code, place):
    """Age of what is known about a level that holds something."""
    key = b.keys[code]
    for s in range(o.streams):
        if stream_key(o, s) > key and covers(o, s, side, code, place):
            key = stream_key(o, s)
    return key


@helper
def empty_levels(b, o, side, place, claim, out, count):
    """Delete what is known to be older at `place` and better; the next free place of `out`."""
    add_step(b, side, place, claim["key"])
    step = -1 if side == BID else 1
    rank = b.top[TOP + side]
    gone = False
    while 0 <= rank < len(b.ticks) and signed(side, b.ticks[rank]) >= place:
        code = 2 * rank + side
        here = signed(side, b.ticks[rank])
        if b.lots[code] > 0 and held_since(b, o, side, code, here) <= claim["key"]:
            b.lots[code] = 0
            b.top[LIVE + side] -= 1
            gone = True
            differs_now(o, code, 0)
            count = put(out, count, claim["src"], DEPTH, side, b.ticks[rank], 0, claim["ts"], 0)
        rank += step
    if gone:
        settle_top(b, side)
    return count


@helper
def clear_levels(b, o, side, place, claim, out, count):
    """Clear what is older at `place` and better, as one clear; newer levels in it stand after it again."""
    add_step(b, side, place, claim["key"])
    step = -1 if side == BID else 1
    first = b.top[TOP + side]
    gone = 0
    rank = first
    while 0 <= rank < len(b.ticks) and signed(side, b.ticks[rank]) >= place:
        code = 2 * rank + side
        if b.lots[code] > 0:
            if held_since(b, o, side, code, signed(side, b.ticks[rank])) <= claim["key"]:
                b.lots[code] = 0
                gone += 1
            differs_now(o, code, b.lots[code])
        rank += step
    if gone == 0:
        return count
    b.top[LIVE + side] -= gone
    tick = EVERYTHING if place == EVERYTHING else (place if side == BID else -place)
    count = put(out, count, claim["src"], DEPTH_CLEAR, side, tick, 0, claim["ts"], 1)
    end = rank
    rank = first
    while rank != end:
        code = 2 * rank + side
        if b.lots[code] > 0:
            tick = b.ticks[rank]
            count = put(out, count, claim["src"], DEPTH_SNAPSHOT, side, tick, b.lots[code], b.times[code], 0)
        rank += step
    settle_top(b, side)
    return count


@helper
def set_level(b, o, claim, side, rank, place, lots, own, out, count):
    """Let a level hold what a claim says, unless newer things are known of it."""
    code = 2 * rank + side
    key = claim["key"]
    if key < held_since(b, o, side, code, place) or key < empty_since(b, side, place):
        differs_now(o, code, b.lots[code])
        return count
    before = b.lots[code]
    b.keys[code] = key
    b.times[code] = claim["ts"]
    what = claim["what"]
    # A best price that is there already is no news of its level; nor is the removal of what is not there.
    if before == lots and (lots == 0 or what == BEST):
        differs_now(o, code, lots)
        return count
    set_lots(b, side, rank, lots)
    differs_now(o, code, lots)
    kind = DEPTH_SNAPSHOT if own == 1 and what == SNAPSHOT else DEPTH
    return put(out, count, claim["src"], kind, side, b.ticks[rank], lots, claim["ts"], own)


@helper
def take_claim(b, o, claim, out, count):
    """Let one claim change the book; the next free place of `out`."""
    side = np.int64(claim["side"])
    other = np.int64(ASK if side == BID else BID)
    what = claim["what"]
    place = signed(side, claim["tick"])
    if what == CLEAR:
        if o.streams > 0:
            place = max(place, last_shown(o, np.int64(claim["stream"]), side))
        return clear_levels(b, o, side, place, claim, out, count)
    if place == EVERYTHING:  # a best price that says that there is none
        return empty_levels(b, o, side, place, claim, out, count)
    if what == BEST:
        count = empty_levels(b, o, side, place + 1, claim, out, count)
    elif o.streams > 0 and claim["lots"] == 0 and beyond(o, np.int64(claim["stream"]), side, place):
        return count  # it has left the range of the stream, not the book
    if claim["lots"] > 0:
        count = empty_levels(b, o, other, signed(other, claim["tick"]), claim, out, count)
    return set_level(b, o, claim, side, np.int64(claim["rank"]), place, claim["lots"], 1, out, count)


@inlined
def hear_own(o, claim):
    """Let a claim change its stream's own book."""
    s = np.int64(claim["stream"])
    side = np.int64(claim["side"])
    place = signed(side, claim["tick"])
    if claim["what"] == CLEAR:
        own_clear(o, s, side, place)
    elif claim["what"] == LEVEL or claim["what"] == SNAPSHOT:
        own_set(o, s, side, np.int64(claim["rank"]), place, claim["lots"])


@inlined
def ranks_between(b, side, low, high):
    """First rank, and one behind the last, of the signed ticks from `low` to below `high`."""
    if side == BID:
        first = np.int64(0) if low == EVERYTHING else first_level_from(b.ticks, low)
        return np.int64(first), np.int64(first_level_from(b.ticks, high))
    end = len(b.ticks) if low == EVERYTHING else first_level_from(b.ticks, 1 - low)
    return np.int64(first_level_from(b.ticks, 1 - high)), np.int64(end)


@helper
def keep_age(b, side, key, low, high):
    """Let levels that leave a stream's range stay as new as the stream has known them to be."""
    first, end = ranks_between(b, side, low, high)
    for rank in range(first, end):
        b.keys[2 * rank + side] = max(b.keys[2 * rank + side], key)


@helper
def look_again(b, o, side, low, high):
    """Note differences at levels that come into a stream's range."""
    first, end = ranks_between(b, side, low, high)
    for rank in range(first, end):
        differs_now(o, 2 * rank + side, b.lots[2 * rank + side])


@helper
def say_the_rest(b, o, s, claim, out, count):
    """Let levels that a message did not name be what its stream's own book says; `claim`: its last."""
    base = s * 2 * len(o.ticks)
    kept = 0
    number = 0
    while number < o.about[s * ABOUT_SIZE + DIRTY]:
        code = o.dirty[base + number]
        side = code & 1
        rank = code >> 1
        place = signed(side, o.ticks[rank])
        lots = own_lots(o, s, code)
        settled = lots == b.lots[code] or not covers(o, s, side, code, place)
        if not settled and stream_key(o, s) <= claim["key"]:
            count = set_level(b, o, claim, side, rank, place, lots, 0, out, count)
            settled = lots == b.lots[code]
        if settled:
            o.listed[base + code] = 0
        else:
            o.dirty[base + kept] = code
            kept += 1
        number += 1
    o.about[s * ABOUT_SIZE + DIRTY] = kept
    for side in (BID, ASK):
        place = own_best(o, s, side)
        if place != EVERYTHING:
            other = np.int64(ASK if side == BID else BID)
            count = empty_levels(b, o, other, -place, claim, out, count)
    return count


@inlined
def most_rows(b, o, claims, start, end):
    """No message leads to more rows: each clear may bring back all that it has not cleared."""
    levels = b.top[LIVE + BID] + b.top[LIVE + ASK] + end - start
    if o.streams > 0:
        levels += o.about[claims[start]["stream"] * ABOUT_SIZE + DIRTY]
    clears = 0
    for i in range(start, end):
        if claims[i]["what"] == CLEAR:
            clears += 1
    return (clears + 2) * levels + 2 * (end - start)


@helper
def take_message(b, o, claims, start, end, out, count):
    """Take the claims of one message."""
    s = np.int64(claims[start]["stream"])
    last = -1
    if o.streams > 0:
        before = stream_key(o, s)
        worst_bid, worst_ask = last_shown(o, s, BID), last_shown(o, s, ASK)
        whole_bid, whole_ask = o.about[s * ABOUT_SIZE + WHOLE], o.about[s * ABOUT_SIZE + WHOLE + 1]
        for i in range(start, end):
            if claims[i]["what"] == LOST:
                for code in range(2 * len(b.ticks)):
                    if covers(o, s, code & 1, code, signed(code & 1, b.ticks[code >> 1])):
                        b.keys[code] = max(b.keys[code], stream_key(o, s))
                forget(o, s)
            elif claims[i]["what"] != BEST:
                hear_own(o, claims[i])
                last = i
        if last >= 0 and o.about[s * ABOUT_SIZE + RANGE] > 0:
            for side in (BID, ASK):
                then = worst_bid if side == BID else worst_ask
                now = last_shown(o, s, side)
                if now > then and before != NEVER and (whole_bid if side == BID else whole_ask) != 0:
                    keep_age(b, side, before, then, now)
                elif now < then:
                    look_again(b, o, side, now, then)
    for i in range(start, end):
        if claims[i]["what"] != LOST:
            count = take_claim(b, o, claims[i], out, count)
    if last >= 0:
        at = s * ABOUT_SIZE + KEY
        o.about[at] = max(o.about[at], claims[last]["key"])
        claims[last]["src"] = claims[end - 1]["src"]  # it comes after all rows of the message
        count = say_the_rest(b, o, s, claims[last], out, count)
        trim(o, s)
    return count


@entry
def fuse_messages(claims, ends, first, ticks, arrays, own_count, out):
    """Take messages from number `first` on, as long as `out` has room for all that one of them may lead to.

    Parameters
    ----------
    claims : CLAIM[]
        In the order in which they are heard. Used up.
    ends : int64[]
        Where each message ends.
    first : int
    ticks : int64[]
    arrays : tuple of int64[]
        The other fields of `Book`, then those of `Own` from `lots` on; all are mutated. The staircases have
        room for two more steps a claim, and two a message; the windows for the levels of a message.
    own_count : int
        Streams that have a book of their own here; 0: only what is mentioned counts.
    out : FUSED[]
        Filled from the front.

    Returns
    -------
    (int, int)
        Number of the next message, and rows written.
    """
    # Views without an owner, see `index.index_batch`.
    lots, keys, times, step_from, step_key, top, own_lots_, listed, dirty, window, about = arrays
    view = i64_view(ticks.ctypes.data, len(ticks))
    b = Book(
        view,
        i64_view(lots.ctypes.data, len(lots)),
        i64_view(keys.ctypes.data, len(keys)),
        i64_view(times.ctypes.data, len(times)),
        i64_view(step_from.ctypes.data, len(step_from)),
        i64_view(step_key.ctypes.data, len(step_key)),
        i64_view(top.ctypes.data, len(top)),
    )
    o = Own(
        own_count,
        view,
        i64_view(own_lots_.ctypes.data, len(own_lots_)),
        i64_view(listed.ctypes.data, len(listed)),
        i64_view(dirty.ctypes.data, len(dirty)),
        i64_view(window.ctypes.data, len(window)),
        i64_view(about.ctypes.data, len(about)),
    )
    count = 0
    number = first
    start = ends[number - 1] if number > 0 else np.int64(0)
    while number < len(ends):
        end = ends[number]
        if count + most_rows(b, o, claims, start, end) > len(out):
            break
        count = take_message(b, o, claims, start, end, out, count)
        start = end
        number += 1
    return number, count
