"""The rules for a book kept from a stream of differences and a snapshot fetched beside it.

They are Binance's, and those of every venue that asks its clients to do so; a venue whose stream brings its
own snapshots needs no more than `truefill.venues.streamed_book`.

A pure state machine: it is told of differences and snapshots in the order in which they arrive and answers
with what is to be done to the book; it keeps no book, reads no clock and decodes nothing.

::

    partial --snapshot--> valid --break in the ids--> broken --snapshot--> valid

* **partial**: before the first snapshot, differences are passed on as they come.
* **valid**: each difference follows the one before. A further snapshot that fits replaces its own range of
  prices only (a snapshot is cut off at some depth; what lies beyond is known from differences). One that is
  ahead of the stream waits until the stream is there.
* **broken**: from a break until a snapshot that fits. Differences are still passed on; the gap is marked.

A difference covers the update ids from `first` to `last` and says which id it follows: futures ``pu``, spot
``U - 1``. It continues the stream when that is the last id seen. A snapshot fits when no id is missing
between it and the differences kept since the book became partial or broken: the first difference that goes
beyond its id must follow an id no greater (Binance: ``U <= lastUpdateId <= u`` for futures,
``U <= lastUpdateId + 1 <= u`` for spot). An older one is refused: the next is waited for.

Two orders of time. A snapshot often arrives later than differences that are newer than it. The local view
loads it when it arrives and repeats those differences after it. In the exchange's order they stand after it
already, by their own time; only those not later than the snapshot's time are repeated there, too.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from truefill.venues.counters import BookCounters

KEPT_DIFFERENCES = 2000  # at 0 ms some 20 to 80 a second: half a minute and more, REST answers in one


class Difference(NamedTuple):
    """One depthUpdate."""

    follows: int  # the id it continues from
    last: int
    exch_ts: int  # ns
    local_ts: int  # ns
    bids: Any  # whatever the caller wants back
    asks: Any
    place: int = 0


class Snapshot(NamedTuple):
    """One answer of REST depth."""

    last: int
    exch_ts: int | None  # ns; None: it carries no time (spot)
    local_ts: int  # ns
    bids: Any
    asks: Any
    place: int = 0


class Load(NamedTuple):
    """Replace the book, or with `whole` False its part in the snapshot's range of prices, by a snapshot."""

    snapshot: Snapshot
    exch_ts: int
    local_ts: int
    whole: bool


class Again(NamedTuple):
    """Apply a difference once more, after the snapshot that was just loaded."""

    difference: Difference
    exch_ts: int
    local_ts: int
    exchange_too: bool  # else in the local view only


class GapBegin(NamedTuple):
    """Differences are missing before what follows."""

    exch_ts: int
    local_ts: int
    place: int


class GapEnd(NamedTuple):
    """The book is right again."""

    exch_ts: int
    local_ts: int
    place: int


Action = Difference | Load | Again | GapBegin | GapEnd


class BookSession:
    """The state machine; see the top of this file.

    Parameters
    ----------
    overlap : bool
        Whether a difference may begin before the end of the last one (spot) or not (futures).
    keep : int
        Number of differences remembered for a snapshot to come.
    """

    def __init__(self, overlap: bool, keep: int = KEPT_DIFFERENCES) -> None:
        self.counters = BookCounters()
        self._overlap = overlap
        self._kept: deque[Difference] = deque(maxlen=keep)  # without a break between them
        self._last: int | None = None  # last update id of the stream
        self._valid = False
        self._ahead: int | None = None  # id of a loaded snapshot that the stream has not reached
        self._waiting: Snapshot | None = None  # it is ahead of a stream that is valid without it
        self._snapshot_id = -1  # of the last one that was loaded
        self._gap: GapBegin | None = None  # the gap that is open

    @property
    def valid(self) -> bool:
        """Whether the book is whole, as far as the snapshot's depth goes."""
        return self._valid

    @property
    def last(self) -> int:
        """Update id up to which the book has come; -1 before any."""
        found = self._ahead if self._last is None else self._last
        return -1 if found is None else found

    def difference(self, d: Difference) -> Sequence[Action]:
        """Take the next difference of the stream.

        Returns
        -------
        sequence of Action
            What is to be done to the book, in order.
        """
        last = self._last
        if last is not None:
            if d.last <= last:
                if d.last == last:
                    self.counters.duplicates += 1
                else:
                    self.counters.out_of_order += 1
                return ()
            if d.follows == last or (self._overlap and d.follows < last):
                self._last = d.last
                self._kept.append(d)
                if self._waiting is None:
                    return (d,)
                return self._caught_up(d)
            return self._break(d)
        # The first difference, or the first after a snapshot with none kept before it.
        if self._ahead is not None:
            if d.last <= self._ahead:
                self.counters.stale += 1
                return ()
            if d.follows > self._ahead:
                return self._break(d)
        self._ahead = None
        self._last = d.last
        self._kept.append(d)
        return (d,)

    def snapshot(self, s: Snapshot, latest_exch_ts: int) -> Sequence[Action]:
        """Take a snapshot.

        Parameters
        ----------
        s : Snapshot
            Its lists are handed back in `Load`.
        latest_exch_ts : int
            Latest exchange time seen so far, ns: stands in where the snapshot has no time and no kept
            difference contains its id.
        """
        kept = self._kept
        # `_ahead` without kept differences: a newer snapshot simply takes the place of the older one.
        if s.last <= self._snapshot_id or (kept and s.last < kept[0].follows):
            self.counters.snapshots_refused += 1
            return ()
        if self._last is not None and s.last > self._last:
            if self._valid:
                self._waiting = s
                return ()
            # Everything kept is older than the snapshot: the stream starts anew after it.
            kept.clear()
            self._last = None
        return self._load(s, s.local_ts, latest_exch_ts)

    def lose(self, exch_ts: int, local_ts: int, place: int) -> Sequence[Action]:
        """Give the book up: the connection was lost, or it cannot be right; the next difference starts anew.

        Returns
        -------
        sequence of Action
            The beginning of a gap, if none is open and the book was whole.
        """
        was_valid, self._valid = self._valid, False
        self._last = self._ahead = self._waiting = None
        self._snapshot_id = -1
        self._kept.clear()
        if not was_valid or self._gap is not None:
            return ()
        self._gap = GapBegin(exch_ts, local_ts, place)
        return (self._gap,)

    def _load(self, s: Snapshot, local_ts: int, latest_exch_ts: int) -> Sequence[Action]:
        """Load a snapshot that fits, and repeat what is newer than it."""
        exch_ts = s.exch_ts
        if exch_ts is None:
            containing = next((d for d in self._kept if d.follows < s.last <= d.last), None)
            exch_ts = latest_exch_ts if containing is None else containing.exch_ts
        whole = not self._valid or self._last is None  # no stream yet: nothing is known beyond its range
        actions: list[Action] = [Load(s, exch_ts, local_ts, whole)]
        for d in self._kept:
            if d.last > s.last:
                early = d.exch_ts <= exch_ts
                actions.append(Again(d, exch_ts if early else d.exch_ts, local_ts, early))
        if self._gap is not None:
            # The answer to a REST request can be older than the difference that showed the gap.
            actions.append(GapEnd(max(exch_ts, self._gap.exch_ts), local_ts, s.place))
            self._gap = None
        self.counters.snapshots += 1
        self._snapshot_id = s.last
        self._valid = True
        self._ahead = s.last if self._last is None else None
        return actions

    def _caught_up(self, d: Difference) -> Sequence[Action]:
        """Load the snapshot that waits, if the stream has reached it."""
        waiting = self._waiting
        if waiting is None or d.last < waiting.last:
            return (d,)
        self._waiting = None
        if waiting.last < self._kept[0].follows:  # it waited longer than differences are kept
            self.counters.snapshots_refused += 1
            return (d,)
        return (d, *self._load(waiting, d.local_ts, d.exch_ts))

    def _break(self, d: Difference) -> Sequence[Action]:
        """Differences are missing before `d`."""
        self.counters.gaps += 1
        self._valid = False
        self._ahead = None
        self._last = d.last
        self._kept.clear()
        self._kept.append(d)
        actions: list[Action] = []
        if self._gap is None:
            self._gap = GapBegin(d.exch_ts, d.local_ts, d.place)
            actions.append(self._gap)
        actions.append(d)
        waiting, self._waiting = self._waiting, None
        if waiting is not None:  # it may be just what repairs the gap
            actions += self.snapshot(waiting._replace(local_ts=d.local_ts), d.exch_ts)
        return actions
