"""Checksums by which venues let their clients compare books: CRC-32 over the best levels as the venue
wrote them.
"""

from decimal import Decimal
from itertools import chain, zip_longest
from zlib import crc32

from truefill.venues.levels import Side

_SIGN = 1 << 31


def interleaved(bids: Side, asks: Side, levels: int = 25) -> int:
    """OKX's and Bitget's: ``bid:quantity:ask:quantity:...`` of the best 25 levels, as a signed number.

    Where one side has fewer levels, the other goes on alone.
    """
    pairs = zip_longest(bids.top(levels), asks.top(levels), fillvalue=())
    text = ":".join(chain.from_iterable(chain(*level) for level in pairs))
    value = crc32(text.encode())
    return value - 2 * _SIGN if value >= _SIGN else value


def kraken(bids: Side, asks: Side, places: tuple[int, int] | None = None) -> int:
    """Kraken's: best ten asks, then bids; price and quantity without their point and leading zeros, as they
    were written or, of version 2, with so many places.
    """
    levels = chain(asks.top(10), bids.top(10))
    if places is not None:
        px_places, qty_places = places
        levels = chain(
            (f"{Decimal(px):.{px_places}f}", f"{Decimal(qty):.{qty_places}f}") for px, qty in levels
        )
    texts = chain.from_iterable(levels)
    return crc32("".join(text.replace(".", "").lstrip("0") for text in texts).encode())
