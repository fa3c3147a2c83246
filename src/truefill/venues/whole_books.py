"""Where a venue whose stream brings snapshots gives a whole book over REST, to compare with. Dated data.

Each has been true at `DATE`. Sources: bybit-exchange/docs ``v5/market/orderbook``, OKX docs-v5, Extended's
api.docs.extended.exchange. Venues whose snapshots are fetched in any case have theirs in their facts.
"""

from truefill.venues.venue import Venue

DATE = "2026-07"
_BYBIT = "https://api.bybit.com/v5/market/orderbook?category={category}&symbol={symbol}&limit=200"
BOOKS = {
    Venue.BYBIT_SPOT: _BYBIT.format(category="spot", symbol="{symbol}"),
    Venue.BYBIT_LINEAR: _BYBIT.format(category="linear", symbol="{symbol}"),
    Venue.BYBIT_INVERSE: _BYBIT.format(category="inverse", symbol="{symbol}"),
    Venue.OKX: "https://www.okx.com/api/v5/market/books?instId={symbol}&sz=400",
    Venue.EXTENDED: "https://api.starknet.extended.exchange/api/v1/info/markets/{symbol}/orderbook",
}


def book_url(venue: Venue, native: str) -> str | None:
    """Tell where a venue gives the whole book of an instrument; None: nowhere that is known here."""
    url = BOOKS.get(venue)
    return None if url is None else url.format(symbol=native)
