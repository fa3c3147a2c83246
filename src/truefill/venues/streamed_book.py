"""A book whose snapshots come in its own stream: the rows of its messages, and whether it can be trusted.

::

    empty --snapshot--> valid --gap, wrong checksum, crossed, connection lost--> suspect --snapshot--> valid

Differences are passed on in every state, as the venue sent them; from GAP_BEGIN to GAP_END the book is
suspect. A snapshot always takes the place of the whole book, also one that nobody asked for. A book is
suspect at once when a bid is above an ask after a whole message, because no venue's book stays so in
continuous trading.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import NamedTuple

from truefill.core.events import (
    BUY,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EXCH,
    GAP_BEGIN,
    GAP_END,
    LOCAL,
    SELL,
)
from truefill.venues.counters import BookCounters, MarketCounters
from truefill.venues.gap_rules import GapRule, Step
from truefill.venues.levels import Level, Pairs, Side, read_levels
from truefill.venues.rows import RowBatch

BOTH = EXCH | LOCAL

Checksum = Callable[[Side, Side], int]
"""The checksum of a book, from its bids and asks."""


class At(NamedTuple):
    """Where and when a message came."""

    exch_ts: int  # ns
    local_ts: int  # ns
    place: int = 0  # what an error names


class StreamedBook:
    """Turns the messages of one book into rows; see the top of this file.

    Parameters
    ----------
    rows : RowBatch
        Where to.
    counters : MarketCounters
        Counts messages and levels here.
    rule : GapRule
        How the venue numbers the messages.
    checksum : Checksum, optional
        How the venue sums the book up.
    depth : int, optional
        Levels a side that the venue keeps up: the client has to drop the rest (Kraken).
    """

    def __init__(
        self,
        rows: RowBatch,
        counters: MarketCounters,
        rule: GapRule,
        checksum: Checksum | None = None,
        depth: int | None = None,
    ) -> None:
        self.counters = BookCounters()
        self.bids, self.asks = Side(1), Side(-1)
        self.resync = False  # somebody has to ask for a snapshot; who does so sets it back
        self._market = counters
        self._rows = rows
        self._rule = rule
        self._checksum = checksum
        self.depth = depth
        self._valid = False
        self._gap_open = False
        self._seen: int | None = None

    @property
    def valid(self) -> bool:
        """Whether the book is whole, as far as the venue's depth goes."""
        return self._valid

    @property
    def crossed(self) -> bool:
        """Whether the best bid is above the best ask."""
        bid, ask = self.bids.best, self.asks.best
        return bid is not None and ask is not None and bid > ask

    def snapshot(self, at: At, bids: Pairs, asks: Pairs, last: int = -1, checksum: int | None = None) -> None:
        """Replace the whole book.

        Raises
        ------
        ValueError
            A number is none; the book is as it was.
        """
        new_bids, new_asks = read_levels(bids), read_levels(asks)
        if self._valid:
            self.counters.resets += 1
        self.counters.snapshots += 1
        self.bids.load(new_bids)
        self.asks.load(new_asks)
        self._rows.mark(DEPTH_CLEAR | BOTH, at.exch_ts, at.local_ts, at.place)
        self._rows.levels(DEPTH_SNAPSHOT | BUY | BOTH, at.exch_ts, at.local_ts, _present(new_bids), at.place)
        self._rows.levels(DEPTH_SNAPSHOT | SELL | BOTH, at.exch_ts, at.local_ts, _present(new_asks), at.place)
        self._market.snapshot_levels += len(new_bids) + len(new_asks)
        self._seen = last
        self._valid = True
        self.resync = False
        if self._gap_open:
            self._gap_open = False
            self._rows.mark(GAP_END | BOTH, at.exch_ts, at.local_ts, at.place)
        self._check(at, checksum)

    def difference(
        self,
        at: At,
        bids: Pairs,
        asks: Pairs,
        last: int = -1,
        follows: int = -1,
        checksum: int | None = None,
    ) -> bool:
        """Apply new totals of some levels.

        Returns
        -------
        bool
            False: it was a duplicate or old, and nothing happened.

        Raises
        ------
        ValueError
            A number is none; the book is as it was.
        """
        changed_bids, changed_asks = read_levels(bids), read_levels(asks)
        if self._seen is not None:
            step = self._rule(self._seen, follows, last)
            if step is Step.DUPLICATE:
                self.counters.duplicates += 1
                return False
            if step is Step.OLD:
                self.counters.out_of_order += 1
                return False
            if step is Step.GAP:
                self.counters.gaps += 1
                self.suspect(at)
        self._seen = last
        market = self._market
        market.depth += 1
        market.levels += len(changed_bids) + len(changed_asks)
        market.zero_levels += sum(not qty for _, qty, _ in chain(changed_bids, changed_asks))
        for flag, side, pairs, levels in (
            (BUY, self.bids, bids, changed_bids),
            (SELL, self.asks, asks, changed_asks),
        ):
            side.apply(levels)
            self._rows.levels(DEPTH | flag | BOTH, at.exch_ts, at.local_ts, pairs, at.place)
            if self.depth is not None and len(side) > self.depth:
                beyond = [(px, "0") for px, _ in side.cut(self.depth)]
                self._rows.levels(DEPTH | flag | BOTH, at.exch_ts, at.local_ts, beyond, at.place)
        self._check(at, checksum)
        return True

    def whole(self, at: At, bids: Pairs, asks: Pairs, last: int) -> bool:
        """Take a message that has the whole book, one of many: the first is a snapshot, others what changed.

        Returns
        -------
        bool
            False: it was old, and nothing happened.
        """
        if not self._valid:
            self.snapshot(at, bids, asks, last)
            return True
        new_bids, new_asks = read_levels(bids), read_levels(asks)
        if self._seen is not None and self._rule(self._seen, -1, last) is Step.OLD:
            self.counters.out_of_order += 1
            return False
        bids, asks = self.bids.changes(new_bids), self.asks.changes(new_asks)
        if not bids and not asks:
            self._seen = last
            return True
        return self.difference(at, bids, asks, last)

    def check(self, bids: Pairs, asks: Pairs) -> None:
        """Raise ValueError if a number is none; for codecs that take note of a message before its levels."""
        read_levels(bids)
        read_levels(asks)

    def suspect(self, at: At) -> None:
        """Mark the book as not to be trusted until the next snapshot, and ask for one."""
        self._valid = False
        self.resync = True
        if not self._gap_open:
            self._gap_open = True
            self._rows.mark(GAP_BEGIN | BOTH, at.exch_ts, at.local_ts, at.place)

    def disconnected(self, at: At) -> None:
        """Forget the ids: what follows belongs to another connection, and begins with a snapshot."""
        self._seen = None
        if self._valid:
            self.suspect(at)
            self.resync = False  # subscribing anew asks for it

    def _check(self, at: At, checksum: int | None) -> None:
        if not self._valid:
            return
        if checksum is not None and self._checksum is not None:
            self.counters.checksums += 1
            if self._checksum(self.bids, self.asks) != checksum:
                self.counters.checksums_wrong += 1
                self.suspect(at)
                return
        if self.crossed:
            self.counters.crossed += 1
            self.suspect(at)


def _present(levels: Sequence[Level]) -> list[tuple[str, str]]:
    return [pair for _, qty, pair in levels if qty]
