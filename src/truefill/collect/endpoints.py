"""Where a collector connects to, and how often it may ask; put together from the venues' dated facts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from urllib.parse import urlsplit, urlunsplit

from truefill.core.errors import ConfigError
from truefill.venues import Venue
from truefill.venues.wants import Link

# A snapshot is asked for at half of the rate that the venue allows; where it names none, once a second.
_SHARE = 0.5
_FETCH_EVERY_S = 1.0


@dataclass(frozen=True)
class Endpoint:
    """Addresses and pace of a venue.

    Attributes
    ----------
    stream : str
        Of the WebSocket.
    rest : str
        Takes the place of the host in the codec's REST addresses; empty: theirs.
    fetch_every_s : float
        Least time between two requests.
    heartbeat_s : float or None
        How often the codec's heartbeat is sent.
    lifetime_s : float or None
        After how long the venue closes a connection.
    own : str
        The venue's own address of its WebSocket; empty: not known.
    """

    stream: str
    rest: str = ""
    fetch_every_s: float = _FETCH_EVERY_S
    heartbeat_s: float | None = None
    lifetime_s: float | None = None
    own: str = field(default="", compare=False)

    def link(self, links: Sequence[Link], number: int) -> str:
        """Give the address of one of a codec's connections; at another host, of its path there."""
        url = links[number].url
        if self.stream in (self.own, links[0].url):  # the first may be another than that of the book
            return url
        if number == 0:
            return self.stream
        own, venues = urlsplit(self.stream), urlsplit(url)
        return urlunsplit((own.scheme, own.netloc, venues.path, venues.query, ""))

    def url(self, url: str) -> str:
        """Give the address of a request."""
        if not self.rest:
            return url
        parts = urlsplit(url)
        return self.rest.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")


def endpoint(venue: Venue, stream: str = "", rest: str = "") -> Endpoint:
    """Give the addresses of a venue.

    Parameters
    ----------
    venue : Venue
    stream, rest : str
        Others than the venue's own, e.g. a test net's: ``wss://host/path``, ``https://host``.

    Raises
    ------
    ConfigError
        No address of this venue is known, or one that is given is none.
    """
    name = venue.value.replace("-", "_") if venue is Venue.KRAKEN_FUTURES else venue.company.lower()
    for text, schemes in ((stream, ("ws", "wss")), (rest, ("http", "https"))):
        if text and (urlsplit(text).scheme not in schemes or not urlsplit(text).hostname):
            raise ConfigError(f"an address that begins with {schemes[1]}://", repr(text))
    facts = import_module(f"truefill.venues.{name}.facts")
    every = _FETCH_EVERY_S
    if venue.company == "BINANCE":
        own = facts.STREAM[venue]
        every = 60 * facts.SNAPSHOT_WEIGHT[venue] / facts.WEIGHT_PER_MINUTE[venue] / _SHARE
    elif venue.company == "BYBIT":
        own = facts.STREAM.format(category=facts.CATEGORY[venue])
    elif venue.company == "BITGET" or venue is Venue.KRAKEN:
        own = facts.STREAM["v2"]
    else:
        own = facts.STREAM
    heartbeat, lifetime = (getattr(facts, name, None) for name in ("HEARTBEAT_S", "LIFETIME_S"))
    return Endpoint(stream or own, rest, every, heartbeat, lifetime, own)
