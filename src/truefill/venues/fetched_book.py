"""A book whose snapshot has to be fetched beside the stream of differences, with the face of `StreamedBook`.

The session (`truefill.venues.book_session`) decides what fits; here its decisions become rows, and what has
to be asked for is noticed: a snapshot when the first difference is there, and again when one is refused.
"""

from collections.abc import Sequence

from truefill.venues.book_rows import BookRows, Shadow
from truefill.venues.book_session import Action, BookSession, Difference, Snapshot
from truefill.venues.counters import BookCounters, MarketCounters
from truefill.venues.levels import Pairs, Side, read_levels
from truefill.venues.rows import RowBatch
from truefill.venues.streamed_book import At


class FetchedBook:
    """Turns differences and fetched snapshots into rows.

    Parameters
    ----------
    rows : RowBatch
        Where to.
    counters : MarketCounters
        Counts messages and levels here.
    overlap : bool
        Whether a difference may begin before the end of the last one.
    session, writer : BookSession, BookRows, optional
        Those of a codec that has its own; `rows` and `counters` are theirs.
    """

    def __init__(
        self,
        rows: RowBatch,
        counters: MarketCounters,
        overlap: bool = False,
        session: BookSession | None = None,
        writer: BookRows | None = None,
    ) -> None:
        self.session = BookSession(overlap) if session is None else session
        self.resync = False
        self._shadow = Shadow()
        self._writer = BookRows(rows, counters, lambda levels, place: levels) if writer is None else writer
        self._writer.watch = self._shadow
        self._asked = False

    @property
    def counters(self) -> BookCounters:
        """What the session has seen."""
        return self.session.counters

    @property
    def valid(self) -> bool:
        """Whether the book is whole, as far as the snapshot's depth goes."""
        return self.session.valid

    @property
    def bids(self) -> Side:
        """The bids as they are now."""
        return self._shadow.bids

    @property
    def asks(self) -> Side:
        """The asks as they are now."""
        return self._shadow.asks

    def difference(self, at: At, bids: Pairs, asks: Pairs, last: int, follows: int) -> None:
        """Take the next difference.

        Raises
        ------
        ValueError
            A number is none; the book is as it was.
        """
        read_levels(bids)
        read_levels(asks)
        self._act(
            self.session.difference(Difference(follows, last, at.exch_ts, at.local_ts, bids, asks, at.place))
        )
        self.after(at)

    def snapshot(
        self, at: At, bids: Pairs, asks: Pairs, last: int, latest_exch_ts: int, timed: bool = True
    ) -> None:
        """Take a fetched snapshot; `timed` False: it carries no exchange time."""
        read_levels(bids)
        read_levels(asks)
        snapshot = Snapshot(last, at.exch_ts if timed else None, at.local_ts, bids, asks, at.place)
        self._act(self.session.snapshot(snapshot, latest_exch_ts))
        self.answered()
        self.after(at)

    def answered(self) -> None:
        """Take note that a snapshot has come, of whatever use it was."""
        self._asked = False

    def unreadable(self) -> None:
        """Take note that an answer has come that could not be read: another one is needed, if any is."""
        self._asked = self.resync = not self.valid

    def after(self, at: At) -> None:
        """Look at the book after a message: is it crossed, does it need a snapshot."""
        if self.valid and self._shadow.crossed:
            self.counters.crossed += 1
            self.suspect(at)
        if not self.valid and not self._asked:
            self._asked = self.resync = True

    def suspect(self, at: At) -> None:
        """Mark the book as not to be trusted until the next snapshot, and ask for one."""
        self._act(self.session.lose(*at))
        self._asked = self.resync = True

    def disconnected(self, at: At) -> None:
        """Forget the ids and what was asked for: what follows belongs to another connection."""
        self._act(self.session.lose(*at))
        self._asked = self.resync = False

    def _act(self, actions: Sequence[Action]) -> None:
        for action in actions:
            self._writer.act(action)
