"""A tape back to events in the order of arrival: each event once, for whoever builds the tape anew.

`tape_events` keeps both orders, the exchange's and the local one, so an event that overtakes another has to
stand twice. Here the rows stand in local order, and the builder finds the exchange's order by their times.
An event is in two rows only where rows of one exchange time arrived in another order, or where it was so to
begin with. Thus the same tape comes out again, to the content hash.
"""

import numpy as np

from truefill.core.events import EXCH, KIND_MASK, LOCAL, TRADE
from truefill.tape.events import Rows, exch_rows, local_order, local_rows, partners
from truefill.tape.tape import Tape


def arrivals(tape: Tape) -> np.ndarray:
    """Make EVENT rows of a tape of levels, in order of arrival."""
    exch, local = _market(exch_rows(tape)), local_rows(tape)
    partner = partners(exch, local)  # of each exchange row its local row, or -1
    # Trades that stood in two rows do not know each other, and stay apart.
    partner[(exch.events["ev"] & np.uint64(KIND_MASK) == TRADE) & (exch.known < 0)] = -1
    order = local_order(local, partner)
    events, known = local.events[order], local.known[order]
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    partner = np.where(partner >= 0, place[partner] if len(place) else -1, -1)
    exch.events["local_ts"] = exch.events["exch_ts"]
    exch.events["local_ts"][partner >= 0] = events["local_ts"][partner[partner >= 0]]
    own = np.full(len(events), -1, np.int64)  # of each local row its exchange row, or -1
    both = np.flatnonzero(partner >= 0)
    own[partner[both]] = both
    # Rows of one exchange time that arrived in another order than they happened cannot stand once.
    order = np.lexsort((np.arange(len(own)), events["exch_ts"]))
    order = order[own[order] >= 0]
    late = order[own[order] < np.maximum.accumulate(own[order])]
    partner[own[late]] = -1
    own[late] = -1
    flags = np.where(own >= 0, np.uint64(EXCH | LOCAL), np.uint64(LOCAL))
    custom = (known >= 0) & (known & 1 == 1)
    flags[custom] = tape.custom["ev"][known[custom] >> 1] & np.uint64(EXCH | LOCAL)
    events["ev"] |= flags
    alone = np.flatnonzero(partner < 0)
    halves = exch.events[alone]
    halves["ev"] |= np.uint64(EXCH)
    at, rank = _places(alone, partner, exch.events["exch_ts"], events["local_ts"])
    key = np.concatenate([np.arange(len(events)), at])
    ranks = np.concatenate([np.ones(len(events), np.int64), rank])
    order = np.lexsort((ranks, key))  # stable: the exchange's order stays
    return np.asarray(np.concatenate([events, halves])[order])


def _market(rows: Rows) -> Rows:
    """Rows without those of other kinds: the exchange's view has none, the local half says it all."""
    kept = (rows.known < 0) | (rows.known & 1 == 0)
    return Rows(rows.events[kept], rows.known[kept])


def _places(
    alone: np.ndarray, partner: np.ndarray, exch_ts: np.ndarray, local_ts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where rows of the exchange alone go: a local row of each, and 0 before it, 2 behind it.

    Among rows of one exchange time the exchange's order has to stay: such a row goes just before the next one
    of its time, or behind the last one.
    """
    paired = np.flatnonzero(partner >= 0)
    place = np.searchsorted(local_ts, exch_ts[alone])
    rank = np.zeros(len(alone), np.int64)
    if len(paired):
        after = np.searchsorted(paired, alone)
        for at, behind in ((after - 1, 2), (after, 0)):  # the next one counts, if there are both
            inside = (at >= 0) & (at < len(paired))
            other = paired[np.clip(at, 0, len(paired) - 1)]
            same = inside & (exch_ts[other] == exch_ts[alone])
            place[same] = partner[other[same]]
            rank[same] = behind
    return place, rank
