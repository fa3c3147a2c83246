"""Fusing, slow and obvious: every level of a small world is asked about every claim.

Each level has what it holds and how old that news is. A claim is heard by all levels that it is about, one
after the other. What a stream of depth shows is a book of its own, and counts as a whole with each message.
"""

import math
from typing import Any

import numpy as np

from truefill.core import events as ev

BID, ASK = 0, 1
NEVER = -(1 << 60)


class Shown:
    """What one stream of depth shows."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.sides: tuple[dict[int, int], dict[int, int]] = ({}, {})  # named levels, empty ones too
        self.whole = [False, False]  # what was not named is empty
        self.key = NEVER

    def ladder(self, side: int) -> list[int]:
        """Levels that hold something, best first."""
        return sorted((t for t, lots in self.sides[side].items() if lots), reverse=side == BID)

    def last(self, side: int) -> int | None:
        """The last level in range; None when there is no last."""
        ladder = self.ladder(side)
        return ladder[self.limit - 1] if self.limit is not None and len(ladder) >= self.limit else None

    def beyond(self, side: int, tick: int) -> bool:
        """Whether the stream does not show this level."""
        last = self.last(side)
        return last is not None and (tick < last if side == BID else tick > last)

    def lots(self, side: int, tick: int) -> int | None:
        """What it says about a level."""
        if self.beyond(side, tick):
            return None
        return self.sides[side].get(tick, 0 if self.whole[side] else None)


class FuseTwin:
    """The world's levels; `ticks` are all prices that matter."""

    def __init__(
        self,
        tick: float,
        lot: float,
        ticks: range,
        key: str = "exch_ts",
        ranges: dict[int, int] | None = None,
        complete: bool = True,
    ) -> None:
        self.tick, self.lot, self.ticks, self.key, self.complete = tick, lot, ticks, key, complete
        self.held = [dict.fromkeys(ticks, 0) for _ in (BID, ASK)]
        self.age = [dict.fromkeys(ticks, NEVER) for _ in (BID, ASK)]
        self.ranges = ranges or {}
        self.streams: dict[int, Shown] = {}

    def book(self) -> tuple[dict[int, int], dict[int, int]]:
        """Lots of every level that holds something, bids and asks."""
        return tuple({t: n for t, n in self.held[side].items() if n} for side in (BID, ASK))  # type: ignore[return-value]

    def known(self, side: int, tick: int) -> int:
        """How new the newest word about a level is."""
        words = [s.key for s in self.streams.values() if s.lots(side, tick) is not None]
        return max([self.age[side][tick], *words])

    def say(self, side: int, tick: int, lots: int, key: int) -> None:
        """One claim about one level."""
        if key >= self.known(side, tick):
            self.held[side][tick], self.age[side][tick] = lots, key

    def empty(self, side: int, tick: int | None, key: int) -> None:
        """A level and everything better is empty; None: everything."""
        for t in self.ticks:
            if tick is None or (t >= tick if side == BID else t <= tick):
                self.say(side, t, 0, key)

    def message(self, events: np.ndarray, stream: int = 0) -> None:
        """Hear one message: rows that a stream has sent together."""
        shown = self.streams.setdefault(stream, Shown(self.ranges.get(stream))) if self.complete else None
        rows = [self._read(event) for event in events]
        depth = [row for row in rows if row[0] in (ev.DEPTH, ev.DEPTH_SNAPSHOT, ev.DEPTH_CLEAR)]
        if shown is not None:
            before = [(side, t) for side in (BID, ASK) for t in self.ticks if shown.lots(side, t) is not None]
            was_whole, then = list(shown.whole), shown.key
            for row in rows:
                self._show(shown, row)
            for side, t in before:  # what leaves a range is as old as it was
                if was_whole[side] and shown.beyond(side, t):
                    self.age[side][t] = max(self.age[side][t], then)
        for kind, side, tick, lots, key in rows:
            self._hear(shown, kind, side, tick, lots, key)
        if shown is not None and depth:
            self._say_the_rest(shown, max(shown.key, depth[-1][4]), depth[-1][4])

    def _say_the_rest(self, shown: Shown, key: int, now: int) -> None:
        shown.key = key
        if key <= now:
            for side in (BID, ASK):
                for t in self.ticks:
                    lots = shown.lots(side, t)
                    if lots is not None and lots != self.held[side][t]:
                        self.say(side, t, lots, key)
        for side in (BID, ASK):
            best = shown.ladder(side)[:1]
            if best:
                self.empty(1 - side, best[0], now)
        for side in (BID, ASK):
            last = shown.last(side)
            for t in list(shown.sides[side]):
                if last is not None and shown.sides[side][t] and shown.beyond(side, t):
                    del shown.sides[side][t]
                    if shown.whole[side]:
                        shown.sides[side][t] = 0

    def _show(self, shown: Shown, row: tuple[int, int | None, int | None, int, int]) -> None:
        kind, side, tick, lots, _ = row
        if kind == ev.GAP_BEGIN:
            for one in (BID, ASK):
                for t in self.ticks:
                    if shown.lots(one, t) is not None:
                        self.age[one][t] = max(self.age[one][t], shown.key)
            shown.sides, shown.whole, shown.key = ({}, {}), [False, False], NEVER
        elif kind == ev.DEPTH_CLEAR:
            for one in (BID, ASK) if side is None else (side,):
                for t in shown.ladder(one):
                    if tick is None or (t >= tick if one == BID else t <= tick):
                        shown.sides[one][t] = 0
                shown.whole[one] |= tick is None
        elif kind in (ev.DEPTH, ev.DEPTH_SNAPSHOT):
            assert side is not None
            assert tick is not None
            shown.sides[side][tick] = lots

    def _hear(
        self, shown: Shown | None, kind: int, side: int | None, tick: int | None, lots: int, key: int
    ) -> None:
        if kind == ev.DEPTH_CLEAR:
            for one in (BID, ASK) if side is None else (side,):
                reach = tick
                last = shown.last(one) if shown is not None else None
                if last is not None:
                    better = max if one == BID else min
                    reach = last if tick is None else better(last, tick)
                self.empty(one, reach, key)
        elif kind in (ev.DEPTH, ev.DEPTH_SNAPSHOT, ev.DEPTH_BBO):
            assert side is not None
            if kind == ev.DEPTH_BBO:
                self.empty(side, None if tick is None else tick + (1 if side == BID else -1), key)
            elif lots == 0 and shown is not None and tick is not None and shown.beyond(side, tick):
                return
            if tick is not None:
                if lots:
                    self.empty(1 - side, tick, key)
                self.say(side, tick, lots, key)

    def _read(self, event: Any) -> tuple[int, int | None, int | None, int, int]:
        """Kind, side, tick, lots, and key of a row."""
        flags = int(event["ev"])
        kind = flags & ev.KIND_MASK
        side = BID if flags & ev.BUY else ASK if flags & ev.SELL else None
        if kind in (ev.TICKER_BID, ev.TICKER_ASK):
            side, kind = (BID if kind == ev.TICKER_BID else ASK), ev.DEPTH_BBO
        px, key = float(event["px"]), int(event[self.key])
        ticks = px / self.tick
        if kind == ev.DEPTH_CLEAR:
            if not (math.isfinite(px) and px > 0) or side is None:
                return kind, side, None, 0, key
            near = round(ticks)  # a whole tick, or towards the side's own better prices
            inward = math.ceil if side == BID else math.floor
            return kind, side, near if abs(ticks - near) < 1e-6 else inward(ticks), 0, key
        if kind == ev.DEPTH_BBO and not (math.isfinite(px) and px > 0):
            return kind, side, None, 0, key
        return kind, side, round(ticks), round(float(event["qty"]) / self.lot), key


class PlainBook:
    """What a reader of DEPTH, DEPTH_SNAPSHOT and DEPTH_CLEAR rows has, without any rule of its own."""

    def __init__(self, tick: float, lot: float) -> None:
        self.tick, self.lot = tick, lot
        self.sides: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def apply(self, rows: np.ndarray) -> None:
        """Apply rows in their order."""
        for row in rows:
            flags = int(row["ev"])
            kind = flags & ev.KIND_MASK
            if kind not in (ev.DEPTH, ev.DEPTH_SNAPSHOT, ev.DEPTH_CLEAR):
                continue
            side = BID if flags & ev.BUY else ASK
            levels = self.sides[side]
            tick = None if math.isnan(row["px"]) else round(float(row["px"]) / self.tick)
            if kind == ev.DEPTH_CLEAR:
                for t in list(levels):
                    if tick is None or (t >= tick if side == BID else t <= tick):
                        del levels[t]
            elif row["qty"] > 0:
                levels[tick] = round(float(row["qty"]) / self.lot)
            else:
                levels.pop(tick, None)
