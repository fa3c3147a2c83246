"""Seeded random market data that is nasty on purpose, in HftBacktest's normalised form.

Prices stay within a few ticks so that queues and crossings happen all the time. Rows arrive out of order,
many share a timestamp, levels cross, books are cleared and rebuilt, trades print at and through levels.
"""

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truefill.core import events as ev
from truefill.core.events import EVENT

BASE_TS = 1_000_000_000
SIDES = (ev.BUY, ev.SELL)
# 77: a kind of the user's own
FEED_ONLY = (
    *(ev.INDEX_PRICE, ev.MARK_PRICE, ev.FUNDING, ev.TICKER_BID, ev.TICKER_ASK, ev.DEPTH_BBO),
    *(ev.GAP_BEGIN, ev.GAP_BEGIN, ev.GAP_END, ev.TRADING_STATUS, 77),
)


@dataclass(frozen=True)
class Stream:
    """One asset's events and its units."""

    events: NDArray[Any]
    tick_size: float
    lot_size: float
    mid_tick: int


@dataclass(frozen=True)
class StreamOptions:
    """What a stream contains."""

    rows: int = 300
    partial_clears: bool = True  # clears up to a price
    empty_books: bool = True  # both sides may run empty
    begin_ns: int = 0  # after BASE_TS: assets need not begin at one time
    max_step_ns: int = 20
    min_latency_ns: int = 1  # HftBacktest asks for more than 0
    max_latency_ns: int = 60
    lost: float = 0.0  # share of rows that only one of the two sides has ever seen
    walk: int = 2  # how far the middle moves about, ticks: far moves leave crossed and empty books behind


class _Writer:
    """Appends rows; keeps integers until the end."""

    def __init__(self, rng: random.Random, tick: Decimal, lot: Decimal, options: StreamOptions) -> None:
        self.rng, self.tick, self.lot, self.options = rng, tick, lot, options
        self.rows: list[tuple[Any, ...]] = []
        self.ts = BASE_TS + options.begin_ns
        self.levels: dict[tuple[int, int], int] = {}

    def add(self, kind: int, side: int, tick: int, lots: int, step: bool = True) -> None:
        if step and self.rng.random() < 0.6:
            self.ts += self.rng.randint(1, self.options.max_step_ns)
        # A row mostly arrives in order, sometimes long after its followers.
        least = self.options.min_latency_ns
        most = least + 4 if self.rng.random() < 0.7 else self.options.max_latency_ns
        latency = self.rng.randint(least, most)
        if kind in (ev.DEPTH, ev.DEPTH_SNAPSHOT):
            self.levels[side, tick] = lots
        px, qty = float(tick * self.tick), float(lots * self.lot)
        self.rows.append((kind | side, self.ts, self.ts + latency, px, qty, len(self.rows) + 1, 0, 0.0))


def random_stream(rng: random.Random, options: StreamOptions) -> Stream:
    """Make one asset's events."""
    tick = Decimal(rng.choice(["0.1", "0.01", "0.5", "1", "10"]))
    lot = Decimal(rng.choice(["0.001", "0.125", "1", "100"]))
    writer = _Writer(rng, tick, lot, options)
    mid = rng.randint(200, 5000)
    _snapshot(writer, mid, clear=False)
    centre = mid
    while len(writer.rows) < options.rows:
        if rng.random() < 0.01:
            centre = mid + rng.randint(-options.walk, options.walk)
        _one_event(writer, centre)
    events = normalise(np.array(writer.rows, dtype=EVENT))
    if options.lost:
        events = _lose(rng, events, options.lost)
    return Stream(events, float(tick), float(lot), mid)


def _lose(rng: random.Random, events: NDArray[Any], share: float) -> NDArray[Any]:
    """Take some rows from one of the two sides; with a share of 1 one side sees nothing at all."""
    side = rng.choice((ev.EXCH, ev.LOCAL)) if share == 1 else 0
    for i in range(len(events)):
        if rng.random() < share:
            events["ev"][i] &= np.uint64(0xFFFFFFFF ^ (side or rng.choice((ev.EXCH, ev.LOCAL))))
    return events[events["ev"] & np.uint64(ev.EXCH | ev.LOCAL) != 0]


def _snapshot(w: _Writer, mid: int, clear: bool = True) -> None:
    if clear:
        w.add(ev.DEPTH_CLEAR, 0, 0, 0)
    for k in range(1, w.rng.randint(2, 5)):
        w.add(ev.DEPTH_SNAPSHOT, ev.BUY, mid - k, w.rng.randint(1, 20), step=False)
        w.add(ev.DEPTH_SNAPSHOT, ev.SELL, mid + k, w.rng.randint(1, 20), step=False)


def _one_event(w: _Writer, mid: int) -> None:
    rng, kind = w.rng, w.rng.random()
    side = rng.choice(SIDES)
    out = -1 if side == ev.BUY else 1  # away from the other side
    if kind < 0.62:  # a level near the middle, now and then beyond it
        tick = mid + out * rng.choices((-1, 0, 1, 2, 3, 4), (2, 4, 40, 30, 20, 10))[0]
        w.add(ev.DEPTH, side, tick, _new_lots(w, side, tick, mid))
    elif kind < 0.66:  # a sparse far level
        w.add(ev.DEPTH, side, mid + out * rng.randint(20, 150), rng.choice((0, 3, 40)))
    elif kind < 0.92:  # trades come in small runs at one time
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            away = rng.choices((-2, 0, 1, 2, 3), (4, 6, 80, 6, 4))[0]
            _trade(w, side, mid - out * away, rng.randint(1, 4))
    elif kind < 0.94:
        w.add(ev.TRADE, 0, mid, 2)  # nobody says who started it
    elif kind < 0.97:  # rows that only the strategy's feed sees
        w.add(rng.choice(FEED_ONLY), side, mid, 1)
    elif kind < 0.974:
        _snapshot(w, mid, clear=rng.random() < 0.8)
    elif kind < 0.98 and w.options.partial_clears:
        w.add(ev.DEPTH_CLEAR, side, mid + out * rng.randint(0, 3), 0)


def _trade(w: _Writer, side: int, tick: int, lots: int) -> None:
    """A trade, and mostly the row that takes it off the level it hit."""
    w.add(ev.TRADE, side, tick, lots)
    hit = ev.SELL if side == ev.BUY else ev.BUY
    held = w.levels.get((hit, tick), 0)
    if held and w.rng.random() < 0.8:
        w.add(ev.DEPTH, hit, tick, max(0, held - lots))


def _new_lots(w: _Writer, side: int, tick: int, mid: int) -> int:
    """Mostly a small change of what the level holds, so that queues last; now and then none or any."""
    rng, chance = w.rng, w.rng.random()
    if chance < 0.1 and (w.options.empty_books or abs(tick - mid) < 4):
        return 0
    if chance < 0.2:
        return rng.randint(1, 30)
    return max(1, w.levels.get((side, tick), 8) + rng.randint(-4, 3))


def normalise(rows: NDArray[Any]) -> NDArray[Any]:
    """Put rows in an order that serves both sides; a row that cannot keep both orders stands twice.

    Sorting is stable, so rows of one time keep the order in which they were written.
    """
    by_exch = np.argsort(rows["exch_ts"], kind="stable")
    by_local = np.argsort(rows["local_ts"], kind="stable")
    exch_rank = np.argsort(by_exch, kind="stable")
    local_rank = np.argsort(by_local, kind="stable")
    chosen: list[tuple[int, int]] = []
    split: set[int] = set()
    i = j = 0
    while i < len(rows) or j < len(rows):
        e = int(by_exch[i]) if i < len(rows) else -1
        loc = int(by_local[j]) if j < len(rows) else -1
        if e == loc:
            chosen.append((e, ev.EXCH | ev.LOCAL))
            i, j = i + 1, j + 1
        elif loc < 0 or (e >= 0 and _exch_first(e, loc, split, local_rank[e] - j >= exch_rank[loc] - i)):
            chosen.append((e, ev.EXCH))
            split.add(e)
            i += 1
        else:
            chosen.append((loc, ev.LOCAL))
            split.add(loc)
            j += 1
    ordered = rows[[index for index, _ in chosen]]
    ordered["ev"] |= np.array([flags for _, flags in chosen], dtype=np.uint64)
    return ordered


def _exch_first(e: int, loc: int, split: set[int], later_in_local: bool) -> bool:
    """Which of two different rows comes next: second halves at once, else the one further out of place."""
    if e in split or loc in split:
        return e in split
    return later_in_local
