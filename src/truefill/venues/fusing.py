"""One book from two streams: the differences, and the book ticker that is faster for the best prices.

The ids of both streams are one sequence. A ticker whose id is beyond that of the last difference is newer
than the book: its best levels are set, levels better than its best prices are removed on both sides, and
until a difference has reached its id, older differences no longer change levels at or better than its best
prices. A ticker that is not beyond the last difference tells nothing new. (HftBacktest's fused depth does
the same with times.)

Prices are compared as floats here: two spellings of one decimal are the same float, and two decimals of a
venue's precision are never one. What is written to the rows is the venue's text.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

Pairs = Sequence[tuple[str, str]]  # (price, quantity) as written


@dataclass(frozen=True, slots=True)
class Ticker:
    """One bookTicker."""

    update_id: int
    bid: str
    bid_qty: str
    ask: str
    ask_qty: str
    exch_ts: int  # ns


class _Side:
    """Levels of one side; a key is better the greater it is: the price of a bid, minus that of an ask."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys: list[float] = []
        self._text: dict[float, tuple[str, str]] = {}
        self._ticker_id = -1
        self._ticker_key = 0.0

    def key(self, px: str) -> float:
        return self._sign * _number(px)

    def clear(self, worst: str | None = None) -> None:
        """Remove all levels, or those from the best to the price `worst`."""
        if worst is None:
            self._keys.clear()
            self._text.clear()
        else:
            self._cut(bisect_left(self._keys, self.key(worst)))

    def _cut(self, start: int) -> list[tuple[str, str]]:
        gone = [self._text.pop(key) for key in self._keys[start:]]
        del self._keys[start:]
        return gone

    def set(self, px: str, qty: str) -> None:
        key = self.key(px)
        if _number(qty) == 0.0:
            if self._text.pop(key, None) is not None:
                del self._keys[bisect_left(self._keys, key)]
            return
        if key not in self._text:
            insort(self._keys, key)
        self._text[key] = (px, qty)

    def difference(self, pairs: Pairs, update_id: int) -> Pairs:
        """Apply a difference; what of it is not outdated."""
        if update_id < self._ticker_id:
            pairs = [pair for pair in pairs if self.key(pair[0]) < self._ticker_key]
        for px, qty in pairs:
            self.set(px, qty)
        return pairs

    def ticker(self, update_id: int, px: str, qty: str) -> list[tuple[str, str]]:
        """Make this the best level; what changes."""
        key = self.key(px)
        better = bisect_left(self._keys, key)
        better += better < len(self._keys) and self._keys[better] == key
        changes = [(old, "0") for old, _ in self._cut(better)]
        self._ticker_id, self._ticker_key = update_id, key
        known = self._text.get(key)
        if known is None or _number(known[1]) != _number(qty):
            self.set(px, qty)
            changes.append((px, qty))
        return changes


def _number(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text!r} is not finite")
    return value


class TickerFusion:
    """A shadow of the book, to tell what a ticker changes in it."""

    def __init__(self) -> None:
        self._bids = _Side(1)
        self._asks = _Side(-1)
        self._last_id = -1  # of the differences and snapshots
        self._ticker: Ticker | None = None

    def difference(self, bids: Pairs, asks: Pairs, update_id: int) -> tuple[Pairs, Pairs]:
        """Apply a difference, also one that is repeated after a snapshot.

        Returns
        -------
        bids, asks
            What of it is not older than the last ticker.
        """
        self._last_id = max(self._last_id, update_id)
        return self._bids.difference(bids, update_id), self._asks.difference(asks, update_id)

    def load(self, bids: Pairs, asks: Pairs, update_id: int, whole: bool) -> None:
        """Load a snapshot; `whole` False: it replaces its own range of prices only."""
        for side, pairs in ((self._bids, bids), (self._asks, asks)):
            if whole:
                side.clear()
            elif pairs:
                side.clear(pairs[-1][0])
            for px, qty in pairs:
                side.set(px, qty)
        self._last_id = update_id

    def ticker(self, ticker: Ticker) -> tuple[Pairs, Pairs]:
        """Take the next ticker.

        Returns
        -------
        bids, asks
            The levels that it changes; quantity 0: removed.
        """
        self._ticker = ticker
        if ticker.update_id <= self._last_id:
            return (), ()
        sides = self._bids, self._asks
        best = (ticker.bid, ticker.bid_qty), (ticker.ask, ticker.ask_qty)
        # An empty side has price 0.
        bids, asks = (
            side.ticker(ticker.update_id, px, qty) if _number(px) > 0.0 else ()
            for side, (px, qty) in zip(sides, best, strict=True)
        )
        return bids, asks

    def again(self) -> Ticker | None:
        """Return the last ticker if it is newer than the snapshot that was just loaded."""
        ticker = self._ticker
        return ticker if ticker is not None and ticker.update_id > self._last_id else None
