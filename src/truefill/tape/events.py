"""A tape back to events: the two views merged into one table, as HftBacktest's files have it.

A row of the table stands for both views (flags EXCH and LOCAL) when its place serves both orders; otherwise
the event stands twice. What the tape does not keep cannot come back: trade rows are whole, depth rows have
their price, quantity and times, and a custom row that only the exchange saw is lost.
"""

from typing import NamedTuple

import numpy as np

from truefill.core.decimals import parse_decimal
from truefill.core.events import (
    BUY,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EVENT,
    EXCH,
    GAP_BEGIN,
    GAP_END,
    KIND_MASK,
    LOCAL,
    NO_BID_TICK,
    SELL,
    TRADE,
    TRADING_STATUS,
)
from truefill.core.jit import entry
from truefill.core.tape_records import (
    STOP_CLEAR,
    STOP_GAP_BEGIN,
    STOP_GAP_END,
    STOP_SNAPSHOT,
    STOP_STATUS,
    STOP_TRADE,
)
from truefill.tape.tape import Tape

KIND_OF_STOP = {
    STOP_TRADE: TRADE,
    STOP_CLEAR: DEPTH_CLEAR,
    STOP_GAP_BEGIN: GAP_BEGIN,
    STOP_GAP_END: GAP_END,
    STOP_STATUS: TRADING_STATUS,
}
_FLAGS = np.uint64(EXCH | LOCAL)


class Rows(NamedTuple):
    """Rows of one view in its order."""

    events: np.ndarray  # EVENT[n], without EXCH and LOCAL; the time of the other view may be missing (0)
    known: np.ndarray  # int64[n]: what identifies a row in both views (trade, custom), or -1


def tape_events(tape: Tape) -> np.ndarray:
    """Make EVENT rows of a tape; sorted by exchange time where EXCH is set, by local time where LOCAL is."""
    exch, local = exch_rows(tape), local_rows(tape)
    partner = partners(exch, local)  # of each exchange row its local row, or -1
    paired = partner >= 0
    exch.events["local_ts"] = exch.events["exch_ts"]
    exch.events["local_ts"][paired] = local.events["local_ts"][partner[paired]]
    order = local_order(local, partner)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    at = np.where(paired, place[partner] if len(place) else -1, -1)
    return _merge(exch.events, local.events[order], at)


def exch_rows(tape: Tape) -> Rows:
    """Rows of the exchange's view: depth, stops, and the exchange half of custom rows."""
    view = tape.exch
    depth = _depth_events(tape, "exch")
    depth["exch_ts"] = np.repeat(view.group_ts, np.diff(view.group_end, prepend=0))
    stops = view.stops[np.isin(view.stops["kind"], list(KIND_OF_STOP))]
    marks = _stop_events(tape, stops, "exch_ts", "local_ts")
    trade = stops["kind"] == STOP_TRADE
    whole = trade & (stops["arg"] >= 0)
    marks[whole] = tape.trades[stops["arg"][whole]]
    alone = trade & ~whole
    marks["qty"][alone] = step_floats(stops["qty"][alone], tape.header.lot_size)
    custom = _custom_events(tape)
    # A custom row's place within its time is not kept: it goes to the end of it. That it was seen by the
    # exchange shows in the time being there.
    group = np.searchsorted(view.group_ts, custom["exch_ts"])
    inside = group < len(view.group_ts)
    inside[inside] = view.group_ts[group[inside]] == custom["exch_ts"][inside]
    chosen = np.flatnonzero(inside)
    custom, group = custom[chosen], group[chosen]
    key = np.concatenate([2 * np.arange(len(depth)) + 1, 2 * stops["row"], 2 * view.group_end[group]])
    rank = np.repeat([1, 0, 2], [len(depth), len(stops), len(custom)])
    # At one place: stops that come before the row, but those of the next time after the custom rows.
    ts = np.concatenate([depth["exch_ts"], stops["ts"], custom["exch_ts"]])
    order = np.lexsort((rank, key, ts))
    known = np.concatenate(
        [np.full(len(depth), -1), np.where(whole, 2 * stops["arg"].astype(np.int64), -1), 2 * chosen + 1]
    )
    events = np.concatenate([depth, marks, custom])
    events["ev"] &= ~_FLAGS
    return Rows(events[order], known[order])


def local_rows(tape: Tape) -> Rows:
    """Rows of the local view; within one time first depth and stops, then trades, then custom rows."""
    view = tape.local
    depth = _depth_events(tape, "local")
    depth["local_ts"] = np.repeat(view.group_ts, np.diff(view.group_end, prepend=0))
    depth["exch_ts"] = tape.depth_exch_ts()
    stops = view.stops[np.isin(view.stops["kind"], list(KIND_OF_STOP))]
    marks = _stop_events(tape, stops, "local_ts", "exch_ts")
    marks["exch_ts"] = stops["qty"]
    trades, custom = tape.trades, _custom_events(tape)
    events = np.concatenate([depth, marks, trades, custom])
    sizes = [len(depth), len(stops), len(trades), len(custom)]
    key = np.concatenate(
        [
            2 * np.arange(len(depth)) + 1,
            2 * stops["row"].astype(np.int64),
            np.arange(len(trades)),
            np.arange(len(custom)),
        ]
    )
    order = np.lexsort(
        (np.repeat([1, 0, 2, 3], sizes), key, np.repeat([0, 0, 1, 2], sizes), events["local_ts"])
    )
    known = np.concatenate(
        [np.full(len(depth) + len(stops), -1), 2 * np.arange(len(trades)), 2 * np.arange(len(custom)) + 1]
    )
    # A trade without EXCH has no partner by number; its exchange half, if any, is a row of its own.
    known[len(depth) + len(stops) :][: len(trades)][trades["ev"] & np.uint64(EXCH) == 0] = -1
    events["ev"] &= ~_FLAGS
    return Rows(events[order], known[order])


def _depth_events(tape: Tape, view: str) -> np.ndarray:
    code = tape.section(f"{view}.code")
    stops = tape.section(f"{view}.stops")
    out = np.zeros(len(code), EVENT)
    out["ev"] = np.where(code & 1, SELL, BUY)
    snapshot = np.zeros(len(code) + 1, np.int64)
    for stop in stops[stops["kind"] == STOP_SNAPSHOT]:
        snapshot[stop["row"]] += 1
        snapshot[stop["row"] + stop["arg"]] -= 1
    out["ev"] |= np.where(np.cumsum(snapshot)[:-1] > 0, DEPTH_SNAPSHOT, DEPTH).astype(np.uint64)
    out["px"] = step_floats(tape.level_tick[code >> 1], tape.header.tick_size)
    out["qty"] = step_floats(tape.lots(view), tape.header.lot_size)
    return out


def _stop_events(tape: Tape, stops: np.ndarray, own: str, other: str) -> np.ndarray:
    out = np.zeros(len(stops), EVENT)
    out[own] = stops["ts"]
    out[other] = 0
    kind = np.zeros(8, np.uint64)
    kind[list(KIND_OF_STOP)] = list(KIND_OF_STOP.values())
    out["ev"] = kind[stops["kind"]] | np.array([0, BUY, SELL], np.uint64)[stops["side"]]
    priced = np.isin(stops["kind"], (STOP_TRADE, STOP_CLEAR))
    out["px"][priced] = step_floats(stops["tick"][priced], tape.header.tick_size)
    # HftBacktest clears a whole side when the price is no number; 0 would do so for bids only.
    out["px"][(stops["kind"] == STOP_CLEAR) & (stops["tick"] == NO_BID_TICK)] = np.nan
    status = stops["kind"] == STOP_STATUS
    out["ival"][status] = stops["arg"][status]
    return out


def _custom_events(tape: Tape) -> np.ndarray:
    return tape.custom.copy()


def step_floats(counts: np.ndarray, step: str) -> np.ndarray:
    """Nearest floats of whole numbers of a decimal step."""
    mantissa, exponent = parse_decimal(step)
    power = 10.0 ** abs(exponent)
    whole = counts.astype(np.float64) * mantissa
    return np.asarray(whole / power if exponent < 0 else whole * power)


def partners(exch: Rows, local: Rows) -> np.ndarray:
    """Of each exchange row the index of the same event's local row, or -1."""
    partner = np.full(len(exch.events), -1, np.int64)
    by_number = np.full(max(exch.known.max(initial=-1), local.known.max(initial=-1)) + 1, -1, np.int64)
    numbered = np.flatnonzero(local.known >= 0)
    by_number[local.known[numbered]] = numbered
    numbered = np.flatnonzero(exch.known >= 0)
    partner[numbered] = by_number[exch.known[numbered]]
    left, right = np.flatnonzero(exch.known < 0), np.flatnonzero(local.known < 0)
    a, b = _matches(exch.events[left], local.events[right])
    partner[left[a]] = right[b]
    return partner


def _matches(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of equal rows (time at the exchange, kind, price, quantity), the first with the first."""
    keys = []
    for events in (left, right):
        bits = [events[name].copy().view(np.int64) for name in ("exch_ts", "ev", "px", "qty", "ival")]
        bits[-1][events["ev"] & np.uint64(KIND_MASK) == TRADE] = 0  # the exchange's half does not have it
        keys.append(np.stack(bits, axis=1))
    if len(left) == len(right) and (keys[0] == keys[1]).all():
        same = np.arange(len(left))
        return same, same
    both = np.concatenate(keys)
    order = np.lexsort(both.T)
    new = np.ones(len(both), bool)
    new[1:] = (both[order][1:] != both[order][:-1]).any(axis=1)
    ids = np.empty(len(both), np.int64)
    ids[order] = np.cumsum(new)
    tagged = [_occurrences(part) for part in (ids[: len(left)], ids[len(left) :])]
    _, a, b = np.intersect1d(tagged[0], tagged[1], assume_unique=True, return_indices=True)
    return a, b


def _occurrences(ids: np.ndarray) -> np.ndarray:
    """Make equal ids distinct by how many of them came before: ``id << 32 | number``."""
    order = np.argsort(ids, kind="stable")
    ordered = ids[order]
    number = np.arange(len(ids)) - np.searchsorted(ordered, ordered)
    out = np.empty(len(ids), np.int64)
    out[order] = (ordered << 32) | number
    return out


def local_order(local: Rows, partner: np.ndarray) -> np.ndarray:
    """Order of the local rows that follows the exchange's where the tape leaves it open.

    Depth and stops, trades, and custom rows keep their order among themselves; within one local time they
    are interleaved as at the exchange, so that as many rows as possible can stand for both views.
    """
    events = local.events
    place = np.full(len(events), -1, np.int64)
    paired = np.flatnonzero(partner >= 0)
    place[partner[paired]] = paired
    kind = (events["ev"] & np.uint64(KIND_MASK)).astype(np.int64)
    family = np.full(len(events), 2)
    family[np.isin(kind, (DEPTH, DEPTH_SNAPSHOT, *KIND_OF_STOP.values()))] = 0
    family[kind == TRADE] = 1
    group = np.cumsum(np.diff(events["local_ts"], prepend=events["local_ts"][:1]) != 0)
    key = group * (len(partner) + 1) + place + 1
    for one in range(3):
        chosen = np.flatnonzero(family == one)
        key[chosen] = np.maximum.accumulate(key[chosen])
    return np.asarray(np.lexsort((family, key)))


@entry
def _merge_rows(
    exch_ts: np.ndarray,
    exch_local_ts: np.ndarray,
    local_exch_ts: np.ndarray,
    local_local_ts: np.ndarray,
    at: np.ndarray,
    out_exch: np.ndarray,
    out_local: np.ndarray,
) -> int:
    """Merge two orders; `out_exch` and `out_local` get the index of the row of each view, or -1."""
    n, m = len(exch_ts), len(local_exch_ts)
    i = 0
    j = 0
    k = 0
    while i < n or j < m:
        out_exch[k] = -1
        out_local[k] = -1
        if i < n and j < m and at[i] == j:
            out_exch[k] = i
            out_local[k] = j
            i += 1
            j += 1
        elif i < n and (
            j == m
            or (at[i] >= 0 and at[i] < j)  # its local half is out already
            or exch_ts[i] < local_exch_ts[j]
            or (exch_ts[i] == local_exch_ts[j] and exch_local_ts[i] < local_local_ts[j])
        ):
            out_exch[k] = i
            i += 1
        else:
            out_local[k] = j
            j += 1
        k += 1
    return k


def _merge(exch: np.ndarray, local: np.ndarray, at: np.ndarray) -> np.ndarray:
    """One table of both views; `at` is the local place of each exchange row, or -1."""
    from_exch: np.ndarray = np.empty(len(exch) + len(local), np.int64)
    from_local: np.ndarray = np.empty_like(from_exch)
    a, b, c, d = (
        np.ascontiguousarray(rows[name]) for rows in (exch, local) for name in ("exch_ts", "local_ts")
    )
    size = _merge_rows(a, b, c, d, at.astype(np.int64), from_exch, from_local)
    from_exch, from_local = from_exch[:size], from_local[:size]
    out = np.empty(size, EVENT)
    has_exch, has_local = from_exch >= 0, from_local >= 0
    out[has_exch] = exch[from_exch[has_exch]]
    out[has_local] = local[from_local[has_local]]  # of two halves the local one: it knows all times
    out["ev"] |= np.where(has_exch, np.uint64(EXCH), np.uint64(0))
    out["ev"] |= np.where(has_local, np.uint64(LOCAL), np.uint64(0))
    return out
