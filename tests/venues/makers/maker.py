"""What all makers share: a venue's own book, and how its messages reach the codec."""

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import numpy as np

from truefill.core import events as ev
from truefill.venues import Venue, venue_symbol
from truefill.venues.codec import VenueCodec
from truefill.venues.wants import Fetch

T0 = 1_700_000_000_000  # ms
Levels = Iterable[tuple[str, str]]
Side = dict[Decimal, tuple[str, str]]  # price and quantity as they were sent
CHANNELS = ("depth", "trades")


def dump(message: Any) -> bytes:
    return json.dumps(message).encode()


def overlaid(side: Side, levels: Levels) -> Side:
    """A side after a change."""
    new = side | {Decimal(px): (px, qty) for px, qty in levels}
    return {px: pair for px, pair in new.items() if Decimal(pair[1])}


class Maker:
    """One instrument of a venue and its messages; `n` numbers the messages of the book from 1."""

    protocol: str  # its row in the table of capabilities
    venue: Venue
    native: str
    other = ""  # an instrument that was not asked for
    codec_type: Callable[..., VenueCodec]
    brings_others = False  # whether trades of instruments that were not asked for come, too
    tells_gaps = True  # whether a missing message can be told
    tells_order = True  # whether an old message can be told
    fetches = False  # whether the snapshot comes by REST
    whole_books = False  # whether each message has the whole book
    repeats_snapshots = False  # whether snapshots keep coming beside the changes
    numbers_connection = False  # whether every message is numbered, so that a lost one is told by the next
    snapshot_kind = ev.DEPTH_SNAPSHOT  # of the rows of a snapshot
    judges_crossing = True  # whether a bid above an ask makes the book suspect
    change_kind = ev.DEPTH  # of the row of a level that has another quantity

    def __init__(self) -> None:
        self.codec = self.codec_type([venue_symbol(self.venue, self.native)], CHANNELS)
        self.stream = next(iter(self.codec.streams.values()))
        self.now = T0 * 1_000_000
        self.bids: Side = {}
        self.asks: Side = {}

    # -- what the venue sends --------------------------------------------------------------------------------

    def acknowledgements(self) -> list[bytes]:
        return []

    def snapshot_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        raise NotImplementedError

    def change_message(self, n: int, bids: Levels, asks: Levels) -> bytes:
        raise NotImplementedError

    def trade_message(self, trade_id: int, px: str, qty: str, buys: bool) -> bytes:
        raise NotImplementedError

    def malformed(self) -> list[bytes]:
        """What is no message of the venue, beside what is none of any."""
        return []

    def foreign(self, message: bytes) -> bytes:
        """The same message of an instrument that was not asked for."""
        return message.replace(self.native.encode(), self.other.encode())

    # -- and how it arrives ----------------------------------------------------------------------------------

    def open(self) -> list[Any]:
        """Connect, subscribe, be acknowledged; what the codec wanted."""
        self.now += 1_000_000
        for number in range(len(self.codec.links)):
            self.codec.connected(self.now, number)
        wants = self.codec.wants()
        for message in self.acknowledgements():
            kinds = set((self.feed(message)["ev"] & ev.KIND_MASK).tolist())
            assert kinds <= {ev.GAP_BEGIN}, "an answer is no market data"
        return wants

    def feed(self, message: bytes) -> np.ndarray:
        self.now += 1_000_000
        return self.codec.feed(message, self.now)

    def snapshot(self, n: int, bids: Levels, asks: Levels) -> np.ndarray:
        """Send a snapshot that holds everything up to change n."""
        self.bids = overlaid({}, bids)
        self.asks = overlaid({}, asks)
        message = self.snapshot_message(n, bids, asks)
        if not self.fetches:
            return self.feed(message)
        self.codec.wants()
        self.now += 1_000_000
        native = self.stream.native
        self.codec.fetched(Fetch("", native), message, self.now)
        taken = [rows for _, rows in self.codec.take()]
        return taken[0] if taken else np.zeros(0)

    def change(self, n: int, bids: Levels = (), asks: Levels = ()) -> np.ndarray:
        return self.feed(self.make_change(n, bids, asks))

    def make_change(self, n: int, bids: Levels = (), asks: Levels = ()) -> bytes:
        """Apply a change to the venue's book, and tell of it."""
        self.bids, self.asks = overlaid(self.bids, bids), overlaid(self.asks, asks)
        return self.change_message(n, bids, asks)
