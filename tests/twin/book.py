"""A price-level book in two dictionaries, with HftBacktest's rule for the best prices.

The best prices are not simply the extremes of the levels: a bid set at or above the best ask pushes the
best ask outward past it, and the stale asks at or below the new bid stay in the book without being best.

HftBacktest looks outward only as far as a bound that it forgets when a side runs empty, and misses levels
beyond it (fault G). The bound is kept here too, for one purpose: to know when a comparison has to end.
"""

BID, ASK = 1, -1


def better(side: int, tick: int, than: int) -> bool:
    """Whether ``tick`` is a strictly better price for its side than ``than``."""
    return tick > than if side == BID else tick < than


class TwinBook:
    """Levels per side: tick -> lots; the best and the outermost tick of each side (None: none)."""

    def __init__(self) -> None:
        self.levels: dict[int, dict[int, int]] = {BID: {}, ASK: {}}
        self.best: dict[int, int | None] = {BID: None, ASK: None}
        self.outermost: dict[int, int | None] = {BID: None, ASK: None}  # HftBacktest's bound
        self.missed = False  # HftBacktest would have missed a level

    def lots(self, side: int, tick: int | None) -> int:
        """Quantity of one level, 0 when there is none."""
        return 0 if tick is None else self.levels[side].get(tick, 0)

    def set(self, side: int, tick: int, lots: int) -> int:
        """Give a level its new quantity; return what it held before."""
        before = self.levels[side].pop(tick, 0)
        if lots == 0:
            if tick == self.best[side]:
                self._scan_outward(side, tick)
            return before
        self.levels[side][tick] = lots
        best, other = self.best[side], self.best[-side]
        if best is None or better(side, tick, best):
            self.best[side] = tick
            if other is not None and not better(side, other, tick):  # crossed or locked
                self.best[-side] = self._first_outside(-side, tick)
        outermost = self.outermost[side]
        if outermost is None or better(side, outermost, tick):
            self.outermost[side] = tick
        return before

    def clear(self, side: int, upto: int | None) -> None:
        """Remove what is at ``upto`` or better, crossed levels too; all of a side when ``upto`` is None."""
        if upto is None:
            self.levels[side].clear()
            self.best[side] = self.outermost[side] = None
            return
        self.levels[side] = {t: q for t, q in self.levels[side].items() if better(side, upto, t)}
        best = self.best[side]
        if best is not None and not better(side, upto, best):
            self._scan_outward(side, upto)

    def _scan_outward(self, side: int, tick: int) -> None:
        self.best[side] = self._first_outside(side, tick)
        if self.best[side] is None:
            self.outermost[side] = None

    def _first_outside(self, side: int, tick: int) -> int | None:
        """Best level strictly further from the other side than ``tick``."""
        outside = [t for t in self.levels[side] if better(side, tick, t)]
        found = max(outside, key=lambda t: t * side, default=None)
        end = self.outermost[side]
        if found is not None and (end is None or better(side, end, found)):
            self.missed = True
        return found
