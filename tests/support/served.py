"""A made market on loopback for tests of the collector: what it sent, by instrument, and where it is."""

from collections import defaultdict

from truefill.collect.endpoints import Endpoint
from truefill.exchange import Faults, MadeFeed, MarketServer
from truefill.venues.levels import Side


class Served(MarketServer):
    """A market that lives `seconds` of its own time, `speed` of them in one, and keeps a journal.

    Parameters
    ----------
    symbols : str or list of str
    seconds : float or None
        None: without end.
    """

    def __init__(
        self,
        symbols: str | list[str] = "BTCUSDT-PERP.BINANCE",
        seconds: float | None = 10.0,
        *,
        speed: float = 20.0,
        seed: int = 1,
        faults: Faults | None = None,
        refuse_first: int = 0,
    ) -> None:
        super().__init__(
            MadeFeed(symbols, seed, seconds),
            speed=speed, faults=faults, seed=seed, journal=True, refuse_first=refuse_first,
        )  # fmt: skip

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.stream, self.rest, fetch_every_s=0.01)

    def texts(self, native: str) -> list[str]:
        """What was sent about an instrument; "": about none."""
        return [sent.text.decode() for sent in self.sent if sent.native == native]

    def snapshots(self, native: str) -> list[str]:
        """What was answered over REST about an instrument."""
        return [sent.text.decode() for sent in self.answered if sent.native == native]

    @property
    def messages(self) -> int:
        return len(self.sent) + len(self.answered)

    def levels(self, native: str) -> tuple[dict[float, float], dict[float, float]]:
        """The book as it was published: quantities by price."""
        book = self.voice.books[native]
        return levels(book.bids), levels(book.asks)


def levels(side: Side) -> dict[float, float]:
    return {float(price): float(quantity) for price, quantity in side.top(10_000)}


def by_connection(server: MarketServer) -> dict[int, list[str]]:
    found = defaultdict(list)
    for sent in server.sent:
        found[sent.connection].append(sent.text.decode())
    return found
