"""What a codec wants done: it opens no socket itself.

Whoever owns the connection asks `VenueCodec.wants` after each message, does it, and hands the answers of
`Fetch` back with `VenueCodec.fetched`.
"""

from typing import NamedTuple


class Link(NamedTuple):
    """A connection that a codec needs. Most need one; `VenueCodec.links` has them by their number."""

    url: str  # the venue's own address; another (a test net's, a local server's) does as well
    channels: tuple[str, ...]  # what is subscribed over it


class Send(NamedTuple):
    """Send a text over a connection."""

    text: str
    link: int = 0  # its number


class Fetch(NamedTuple):
    """Fetch a snapshot by REST, once an answer; the venue's limits of requests are in its facts. An answer
    that the codec cannot read it asks for again, so whoever fetches has to keep the pace.
    """

    url: str
    native: str  # of the instrument that it is for


class Reconnect(NamedTuple):
    """Close a connection and open it anew: the only way that this venue has to begin again."""

    reason: str
    link: int = 0  # its number


Want = Send | Fetch | Reconnect


class Subscription(NamedTuple):
    """A stream of one instrument, as `VenueCodec.silent` names it."""

    channel: str  # depth, trades, best, marks, klines
    native: str
