"""Streams of one market for the tests of fusing: a true book, and what a venue shows of it at three rates."""

import random
from typing import NamedTuple

import numpy as np

from truefill.core import events as ev
from truefill.core.events import EVENT

BID, ASK = 0, 1
SIDE = (ev.BUY, ev.SELL)


class Venue(NamedTuple):
    """The true book at the end and the streams; a stream is a list of messages, each EVENT[]."""

    book: tuple[dict[int, int], dict[int, int]]
    best: list[np.ndarray]
    near: list[np.ndarray]  # the best `near_levels` levels of each side
    deep: list[np.ndarray]  # all levels
    near_levels: int
    tick: float
    lot: float

    @property
    def streams(self) -> list[np.ndarray]:
        """Each stream as one array: deep, near, best."""
        return [np.concatenate(messages) for messages in (self.deep, self.near, self.best)]


class _Stream:
    """What a stream has shown so far, and its messages; it arrives in the order in which it was sent."""

    def __init__(self, rng: random.Random, levels: int | None, slowest: int) -> None:
        self.rng, self.levels, self.slowest = rng, levels, slowest
        self.shown: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.messages: list[np.ndarray] = []
        self.last_local = 0

    def show(
        self, book: tuple[dict[int, int], dict[int, int]], ts: int, tick: float, lot: float, again: bool
    ) -> None:
        """Send what has changed since the last message; `again`: a snapshot of everything in range."""
        rows = []
        self.last_local = local = max(self.last_local, ts + self.rng.randint(0, self.slowest))
        if again:
            rows.append((ev.DEPTH_CLEAR, ts, local, 0.0, 0.0, 0, ts, 0.0))
        for side in (BID, ASK):
            ladder = sorted(book[side], reverse=side == BID)[: self.levels]
            now = {t: book[side][t] for t in ladder}
            before = self.shown[side]
            kind = ev.DEPTH_SNAPSHOT if again else ev.DEPTH
            if again:
                changed = dict(now)
            else:
                changed = {t: now.get(t, 0) for t in {*now, *before} if now.get(t, 0) != before.get(t, 0)}
            for t, lots in self.rng.sample(sorted(changed.items()), len(changed)):
                rows.append((kind | SIDE[side], ts, local, t * tick, lots * lot, 0, ts, 0.0))
            self.shown[side].clear()
            self.shown[side].update(now)
        if rows:
            self.messages.append(np.array(rows, EVENT))

    def best(
        self, book: tuple[dict[int, int], dict[int, int]], ts: int, tick: float, lot: float, tickers: bool
    ) -> None:
        """Send the best prices, if one of them has changed."""
        tops = tuple(
            (t, book[side][t])
            if (t := (max if side == BID else min)(book[side], default=None)) is not None
            else None
            for side in (BID, ASK)
        )
        if self.shown[0].get(-1) == hash(tops):
            return
        self.shown[0][-1] = hash(tops)
        self.last_local = local = max(self.last_local, ts + self.rng.randint(0, self.slowest))
        rows = []
        for side, top in enumerate(tops):
            kind = (ev.TICKER_BID, ev.TICKER_ASK)[side] if tickers else ev.DEPTH_BBO | SIDE[side]
            px, qty = (0.0, 0.0) if top is None else (top[0] * tick, top[1] * lot)
            rows.append((kind, ts, local, px, qty, 0, ts, 0.0))
        self.messages.append(np.array(rows, EVENT))


def random_venue(rng: random.Random, steps: int = 120) -> Venue:
    """A market that wanders, and its streams; every change has a time of its own."""
    tick, lot = rng.choice([(0.5, 1.0), (0.25, 0.125), (1.0, 2.0)])
    near_levels = rng.choice([2, 3, 5])
    tickers = rng.random() < 0.5
    book: tuple[dict[int, int], dict[int, int]] = ({}, {})
    best, near, deep = (_Stream(rng, n, slow) for n, slow in ((1, 6), (near_levels, 25), (None, 80)))
    mid, ts = 1000, 1_000
    near_every, deep_every = rng.choice([1, 3]), rng.choice([5, 12])
    for step in range(steps):
        ts += rng.randint(1, 9)
        mid += rng.choice((0, 0, 0, 0, 1, -1, rng.randint(-6, 6)))
        side = rng.choice((BID, ASK))
        for t in [t for t in book[BID] if t >= mid]:
            del book[BID][t]
        for t in [t for t in book[ASK] if t <= mid]:
            del book[ASK][t]
        for _ in range(rng.choice((1, 1, 2, 4))):
            t = mid + (-1 if side == BID else 1) * rng.randint(1, 9)
            lots = rng.choice((0, 0, 1, 2, 5, 9))
            if lots:
                book[side][t] = lots
            else:
                book[side].pop(t, None)
        last = step == steps - 1
        best.best(book, ts, tick, lot, tickers)
        if last or step % near_every == 0:
            near.show(book, ts, tick, lot, rng.random() < 0.08)
        if last or step % deep_every == 0:
            deep.show(book, ts, tick, lot, step == 0 or rng.random() < 0.1)
    return Venue(book, best.messages, near.messages, deep.messages, near_levels, tick, lot)


def random_claims(rng: random.Random, rows: int = 120) -> np.ndarray:
    """Rows of no market at all: any kinds, prices and ages, many of one age."""
    kinds = (
        *(ev.DEPTH, ev.DEPTH_SNAPSHOT, ev.DEPTH_BBO, ev.TICKER_BID, ev.TICKER_ASK, ev.DEPTH_CLEAR),
        ev.GAP_BEGIN,
    )
    out = []
    for i in range(rows):
        kind = rng.choices(kinds, (50, 6, 14, 3, 3, 4, 1))[0]
        side = rng.choice(SIDE)
        if kind in (ev.TICKER_BID, ev.TICKER_ASK, ev.GAP_BEGIN):
            side = 0
        px = 0.5 * rng.randint(1, 24)
        if kind == ev.DEPTH_CLEAR:
            side = rng.choice((0, *SIDE))
            px = rng.choice((0.0, np.nan, px, px + 0.2))
        elif kind not in (ev.DEPTH, ev.DEPTH_SNAPSHOT) and rng.random() < 0.1:
            px = 0.0
        qty = float(rng.choice((0, 0, 1, 2, 3)))
        age = rng.randint(0, 30) + i // 3
        out.append((kind | side, age, 1000 + i // 2, px, qty, i, rng.randint(0, 60), 0.0))
    return np.array(out, EVENT)
