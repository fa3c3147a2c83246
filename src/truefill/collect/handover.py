"""From one connection to the next without a gap: which of the two speaks for an instrument.

Both have a codec of their own, which has to be in sync by itself. The new one begins to speak for an
instrument as soon as its book is whole and the old one has everything that the new one has seen, by the
venue's numbers. What the new one brings of before that moment again is left out; so nothing is missing and
nothing is there twice, in the events as in the archive of the instrument.
"""

from truefill.core.events import GAP_END
from truefill.venues.codec import VenueCodec
from truefill.venues.stream import Position, Stream
from truefill.venues.streamed_book import BOTH, At

QUIET_S = 3.0  # an instrument of which neither has heard for so long changes over as it is


class Handover:
    """Decides, message by message.

    Parameters
    ----------
    old, new : VenueCodec
    now : float
        When it began, s.
    """

    def __init__(self, old: VenueCodec, new: VenueCodec, now: float) -> None:
        self.old = old
        self.new = new
        self._began = now
        self._seen: set[str] = set()  # of which the new one has brought something
        self._targets: dict[str, Position] = {}  # up to where the old one spoke
        self._before: dict[str, tuple[Position, int]] = {}  # where the new one was, and what it had left out
        self._gaps: set[str] = set()  # that the old one has left open

    @property
    def done(self) -> bool:
        """Whether the new one speaks for all instruments."""
        return len(self._targets) == len(self.old.streams)

    @property
    def begun(self) -> bool:
        """Whether it speaks for one."""
        return bool(self._targets)

    @property
    def caught_up(self) -> bool:
        """Whether the new one is past what the old one said, so that nothing of it can come again."""
        return self.done and all(
            at >= said
            for native, target in self._targets.items()
            for at, said in zip(self.new.streams[native].position(), target, strict=True)
        )

    def heard(self, codec: VenueCodec, stream: Stream) -> bool:
        """Take note of a message that a codec has read; True: it counts."""
        native = stream.native
        if codec is self.old:
            counts = native not in self._targets
            if counts:
                self._try(native)
            return counts
        self._seen.add(native)
        before, after, left_out = self._before.get(native), stream.position(), _left_out(stream)
        self._before[native] = after, left_out
        target = self._targets.get(native)
        if target is None:
            self._try(native)
            return False
        if native in self._gaps and stream.book.valid:
            self._gaps.discard(native)
            stream.rows.mark(GAP_END | BOTH, stream.last_ts, stream.last_local_ts, 0)
        if before is None:
            return True
        if before[0] == after:
            return before[1] == left_out  # a message without a number of its own, or one of before a snapshot
        return any(a > t for a, b, t in zip(after, before[0], target, strict=True) if a != b)

    def quiet(self, now: float) -> None:
        """Change over what is quiet at the venue."""
        if now - self._began >= QUIET_S:
            for native, stream in self.old.streams.items():
                if native not in self._targets and native not in self._seen:
                    self._targets[native] = stream.position()

    def force(self) -> None:
        """Change over what is left, with a gap: one of the connections is lost."""
        for native, stream in self.old.streams.items():
            if native in self._targets:
                continue
            self._targets[native] = stream.position()
            at = At(stream.last_ts, stream.last_local_ts)
            fresh = self.new.streams[native]
            if stream.book.valid:
                stream.book.disconnected(at)
                self.old.touch(stream)
                self._gaps.add(native)
            if fresh.book.valid:  # at another place than the old one
                fresh.book.suspect(at)
                fresh.rows.take()  # the beginning of the gap is the old one's, now or before
                self.new.touch(fresh)
                self._gaps.discard(native)

    def _try(self, native: str) -> None:
        old, new = self.old.streams[native], self.new.streams[native]
        if not (old.book.valid and new.book.valid):
            return
        here, there = old.position(), new.position()
        if all(a >= b for a, b in zip(here, there, strict=True)):
            self._targets[native] = here


def _left_out(stream: Stream) -> int:
    """How many messages a codec has left out, because it knew what they say."""
    own, book = stream.counters, stream.book.counters
    return own.trades_dropped + own.tickers_dropped + book.duplicates + book.out_of_order + book.stale
