"""Cuts a stream into pieces at random, each side at times of its own, and builds a tape of each."""

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truefill.core import events as ev
from truefill.core.l2book import ASK, BID, TOP_ASK, TOP_BID
from truefill.tape import Tape, TapeBuilder, build_tape
from truefill.tape.replay import last_book

BOTH = int(ev.EXCH | ev.LOCAL)


def pieces_of(events: NDArray[Any], rng: random.Random, most: int) -> list[NDArray[Any]]:
    """Cut normalised events (flags tell the views that a row is in) into 1 to `most` pieces.

    A row that the two sides have seen in different pieces becomes two. No piece begins with a snapshot that
    is not cleared for: at the front of a tape it stands for a whole book, inside a recording it does not.
    """
    flags = events["ev"] & np.uint64(BOTH)
    flags = np.where(flags == 0, np.uint64(BOTH), flags)
    exch, local = flags & np.uint64(ev.EXCH) != 0, flags & np.uint64(ev.LOCAL) != 0
    if not _has_both(events):
        return [events]
    for _ in range(20):
        count = rng.randint(1, most)
        exch_cuts = _cuts(rng, events["exch_ts"][exch], count)
        near = [cut + rng.choice((1, 5, 30, 100)) for cut in exch_cuts]
        local_cuts = near if rng.random() < 0.7 else _cuts(rng, events["local_ts"][local], count)
        of_exch = np.searchsorted(exch_cuts, events["exch_ts"], side="right")
        of_local = np.searchsorted(local_cuts, events["local_ts"], side="right")
        found = []
        for piece in range(count):
            here = (np.where(exch & (of_exch == piece), ev.EXCH, 0)) | np.where(
                local & (of_local == piece), ev.LOCAL, 0
            )
            rows = events[here != 0].copy()
            rows["ev"] = (rows["ev"] & ~np.uint64(BOTH)) | here[here != 0].astype(np.uint64)
            found.append(rows)
        if all(_can_begin(piece) for piece in found[1:]) and all(_has_both(piece) for piece in found):
            return found
    return [events]


def _cuts(rng: random.Random, times: NDArray[Any], count: int) -> list[int]:
    first, last = int(times.min()), int(times.max())
    return sorted(rng.randint(first + 1, max(last, first + 1)) for _ in range(count - 1))


def _has_both(rows: NDArray[Any]) -> bool:
    return all(bool((rows["ev"] & np.uint64(flag) != 0).any()) for flag in (ev.EXCH, ev.LOCAL))


def _can_begin(rows: NDArray[Any]) -> bool:
    """Whether in no view the first row about the book is that of a snapshot."""
    for flag, name in ((ev.EXCH, "exch_ts"), (ev.LOCAL, "local_ts")):
        seen = rows[rows["ev"] & np.uint64(flag) != 0]
        seen = seen[np.argsort(seen[name], kind="stable")]
        kinds = seen["ev"] & np.uint64(ev.KIND_MASK)
        book = kinds[np.isin(kinds, (ev.DEPTH, ev.DEPTH_SNAPSHOT, ev.DEPTH_CLEAR))]
        if len(book) and book[0] == ev.DEPTH_SNAPSHOT:
            return False
    return True


def chain_builder(rng: random.Random, most: int) -> Any:
    """Give what builds a list of tapes as `build_tape` builds one.

    Pieces of single orders begin with the orders that are open at the end of the piece before. A stream that
    such a snapshot cannot be made of stays whole: where a piece has no order, or an order of the other side
    hides some.
    """

    def build(events: NDArray[Any], **about: Any) -> list[Tape]:
        kinds = events["ev"] & np.uint64(ev.KIND_MASK)
        by_order = bool(((kinds >= ev.ADD_ORDER) & (kinds <= ev.FILL)).any())
        snapshot = None
        tapes = []
        for piece in pieces_of(events, rng, most):
            builder = TapeBuilder(None, initial_snapshot=snapshot, **about)
            builder.append(piece)
            tapes.append(builder.finish())
            if by_order:
                snapshot = builder.end_snapshot()
                if not tapes[-1].by_order or _hides_orders(tapes[-1]):
                    return [build_tape(events, **about)]
        return tapes

    return build


def _hides_orders(tape: Tape) -> bool:
    """Whether a book ends with orders beyond its best prices: orders do not tell that they are hidden."""
    for view in ("exch", "local"):
        qty, top = last_book(tape, view)
        bids, asks = np.flatnonzero(qty[BID::2] > 0), np.flatnonzero(qty[ASK::2] > 0)
        best_bid, best_ask = top[TOP_BID], top[TOP_ASK]
        if (bids > best_bid).any() or (len(asks) and (best_ask < 0 or (asks < best_ask).any())):
            return True
    return False
