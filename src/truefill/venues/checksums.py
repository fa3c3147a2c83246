"""Checksums by which venues let their clients compare books: CRC-32 over the best levels as the venue
wrote them.
"""

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


def kraken(bids: Side, asks: Side) -> int:
    """Kraken's: best ten asks, then bids; price and quantity without their point and leading zeros."""
    parts = []
    for px, qty in chain(asks.top(10), bids.top(10)):
        parts.append(px.replace(".", "").lstrip("0"))
        parts.append(qty.replace(".", "").lstrip("0"))
    return crc32("".join(parts).encode())
