"""What a codec wants done: it opens no socket itself.

Whoever owns the connection asks `VenueCodec.wants` after each message, does it, and hands the answers of
`Fetch` back with `VenueCodec.fetched`.
"""

from typing import NamedTuple


class Send(NamedTuple):
    """Send a text over the connection."""

    text: str


class Fetch(NamedTuple):
    """Fetch a snapshot by REST; the venue's limits of requests are in its facts."""

    url: str
    native: str  # of the instrument that it is for


class Reconnect(NamedTuple):
    """Close the connection and open it anew: the only way that this venue has to begin again."""

    reason: str


Want = Send | Fetch | Reconnect


class Subscription(NamedTuple):
    """A stream of one instrument, as `VenueCodec.silent` names it."""

    channel: str  # depth, trades, best, marks, klines
    native: str
