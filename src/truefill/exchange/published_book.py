"""The book of one instrument as a venue has published it: what a snapshot shows and a checksum is of."""

from collections import deque

from truefill.venues.levels import Pairs, Side, read_levels

_KEPT_TRADES = 1000  # what venues answer when they are asked for the last trades


class PublishedBook:
    """Levels, numbers of messages, the last trades; and changes that wait to be published together.

    Attributes
    ----------
    bids, asks : Side
        As published.
    last_id : int
        Number of the last message about the book.
    ts : int
        Its time, UTC ns.
    trades : deque
        The last ones, as the venue spells them over REST.
    """

    def __init__(self, native: str, first_id: int = 1) -> None:
        self.native = native
        self.bids, self.asks = Side(1), Side(-1)
        self.last_id = first_id
        self.ts = 0
        self.trades: deque[bytes] = deque(maxlen=_KEPT_TRADES)
        self._waiting: tuple[dict[str, str], dict[str, str]] = ({}, {})
        self.due = 0  # when what waits is published

    def load(self, bids: Pairs, asks: Pairs) -> None:
        """Replace everything, unpublished."""
        self.bids.load(read_levels(bids))
        self.asks.load(read_levels(asks))

    def apply(self, bids: Pairs, asks: Pairs) -> None:
        """Set levels to new totals."""
        self.bids.apply(read_levels(bids))
        self.asks.apply(read_levels(asks))

    def wait(self, bids: Pairs, asks: Pairs, ts: int, every: int) -> None:
        """Keep changes for a message of all of `every` ns; the last one of a price counts."""
        if not self.waiting:
            self.due = (ts // every + 1) * every
        self._waiting[0].update(bids)
        self._waiting[1].update(asks)

    @property
    def waiting(self) -> bool:
        """Whether changes wait."""
        return bool(self._waiting[0] or self._waiting[1])

    def take(self) -> tuple[Pairs, Pairs]:
        """Return what waits, once."""
        bids, asks = self._waiting
        self._waiting = {}, {}
        return list(bids.items()), list(asks.items())

    def best(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Best bid and ask with their quantities; "" and "0" for a side without levels."""
        bid, ask = next(self.bids.top(1), ("", "0")), next(self.asks.top(1), ("", "0"))
        return bid, ask
