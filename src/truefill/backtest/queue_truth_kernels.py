"""One pass over an order-by-order stream that follows probes to their fills: the rules of `queue_truth`."""

import numpy as np

from truefill.core import events as ev
from truefill.core.events import NO_TIME
from truefill.core.jit import entry

# A row of the stream, in integers.
ROW = np.dtype(
    [
        ("ts", "<i8"),
        ("lots", "<i8"),
        ("level", "<i8"),
        ("order", "<i8"),
        ("kind", "<i8"),
        ("side", "<i8"),
    ],
    align=True,
)
DEPTH_ROW = np.dtype([("row", "<i8"), ("level", "<i8"), ("lots", "<i8"), ("side", "<i8")], align=True)


@entry
def follow(rows, ticks, orders, probes, offset, depth):
    """Replay `rows` with the probes (by entry time), and say what became of them.

    Returns
    -------
    int
        Rows of `depth` written: the levels as they change.
    """
    levels = len(ticks)
    total = np.zeros((2, levels), np.int64)
    o_side = np.zeros(orders, np.int64)
    o_level = np.full(orders, -1, np.int64)
    o_lots = np.zeros(orders, np.int64)
    o_place = np.zeros(orders, np.int64)
    active = np.zeros(len(probes), np.int64)
    p_place = np.zeros(len(probes), np.int64)
    p_level = np.zeros(len(probes), np.int64)
    p_front = np.zeros(len(probes), np.int64)
    count = 0
    bid = -1
    ask = levels
    written = 0
    probe = 0
    for number in range(len(rows) + 1):
        ts = rows[number]["ts"] if number < len(rows) else np.int64(NO_TIME)
        # probes come after all rows of their time
        while probe < len(probes) and probes[probe]["entry_ts"] < ts:
            p = probes[probe]
            if 0 <= bid < ask < levels:
                side = 0 if p["side"] > 0 else 1
                p["tick"] = ticks[bid] - offset[probe] if side == 0 else ticks[ask] + offset[probe]
                level = np.searchsorted(ticks, p["tick"])
                rests = level < ask if side == 0 else level > bid
                if rests and level < levels and ticks[level] == p["tick"]:
                    p["ahead"] = total[side, level]
                    p_place[probe] = number
                    p_front[probe] = total[side, level]
                    p_level[probe] = level
                    active[count] = probe
                    count += 1
            probe += 1
        if number == len(rows):
            break
        row = rows[number]
        kind = row["kind"]
        order = row["order"]
        kept = 0
        for i in range(count):  # those whose time is over
            if probes[active[i]]["end_ts"] >= ts:
                active[kept] = active[i]
                kept += 1
        count = kept
        if kind == ev.DEPTH_CLEAR:
            for side in range(2):
                if row["side"] == 0 or row["side"] == 1 - 2 * side:
                    for level in range(levels):
                        total[side, level] = 0
            for o in range(orders):
                if row["side"] == 0 or o_side[o] == row["side"]:
                    o_lots[o] = 0
            for i in range(count):
                probes[active[i]]["end_ts"] = ts
            count = 0
            if row["side"] >= 0:
                bid = -1
            if row["side"] <= 0:
                ask = levels
            continue
        if kind == ev.TRADE:
            kept = 0
            for i in range(count):
                p = active[i]
                worse = -row["side"] * (p_level[p] - row["level"])
                first = worse > 0 or (worse == 0 and p_front[p] == 0)
                if probes[p]["side"] == -row["side"] and first:
                    probes[p]["fill_ts"] = ts
                else:
                    active[kept] = p
                    kept += 1
            count = kept
            continue
        if kind == ev.FILL:
            # An order that is not in the book says nothing about a place, nor does one that is executed at
            # another price than it rests at: it was on its way to take (CME reports both sides of a trade).
            if o_lots[order] == 0 or o_side[order] != row["side"] or o_level[order] != row["level"]:
                continue
            kept = 0
            for i in range(count):
                p = active[i]
                worse = row["side"] * (p_level[p] - o_level[order])
                behind = worse > 0 or (worse == 0 and o_place[order] >= p_place[p])
                if probes[p]["side"] == row["side"] and behind:
                    probes[p]["fill_ts"] = ts
                else:
                    active[kept] = p
                    kept += 1
            count = kept
            continue
        # ADD, CANCEL, MODIFY: what leaves its place, then what takes one
        old_lots = o_lots[order]
        new_lots = np.int64(0) if kind == ev.CANCEL_ORDER else row["lots"]
        stays = (
            kind == ev.MODIFY_ORDER
            and old_lots > 0
            and o_level[order] == row["level"]
            and o_side[order] == row["side"]
            and new_lots <= old_lots
        )
        if old_lots > 0:
            gone = old_lots - new_lots if stays else old_lots
            side = 0 if o_side[order] > 0 else 1
            level = o_level[order]
            total[side, level] -= gone
            for i in range(count):
                p = active[i]
                if p_level[p] == level and probes[p]["side"] == o_side[order] and o_place[order] < p_place[p]:
                    p_front[p] -= gone
            o_lots[order] -= gone
            moved = level != row["level"] or o_side[order] != row["side"]
            if stays or kind == ev.CANCEL_ORDER or moved:
                depth[written]["row"] = number
                depth[written]["level"] = level
                depth[written]["lots"] = total[side, level]
                depth[written]["side"] = o_side[order]
                written += 1
        if not stays and new_lots > 0 and row["side"] != 0:
            side = 0 if row["side"] > 0 else 1
            level = row["level"]
            total[side, level] += new_lots
            o_side[order] = row["side"]
            o_level[order] = level
            o_lots[order] = new_lots
            o_place[order] = number
            depth[written]["row"] = number
            depth[written]["level"] = level
            depth[written]["lots"] = total[side, level]
            depth[written]["side"] = row["side"]
            written += 1
            bid = max(bid, level) if side == 0 else bid
            ask = min(ask, level) if side == 1 else ask
            kept = 0
            for i in range(count):
                p = active[i]
                if probes[p]["side"] == -row["side"] and row["side"] * (level - p_level[p]) >= 0:
                    probes[p]["fill_ts"] = ts
                else:
                    active[kept] = p
                    kept += 1
            count = kept
        while bid >= 0 and total[0, bid] == 0:
            bid -= 1
        while ask < levels and total[1, ask] == 0:
            ask += 1
    return written
