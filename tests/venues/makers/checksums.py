"""The checksums of the venues, as simply as they can be told."""

from zlib import crc32

from tests.venues.makers.maker import Side


def crc(text: str) -> int:
    """CRC-32 as a signed number."""
    value = crc32(text.encode())
    return value - (1 << 32) if value >= 1 << 31 else value


def top25(bids: Side, asks: Side) -> int:
    """The checksum of OKX and Bitget."""
    sides = [sorted(bids.items(), reverse=True)[:25], sorted(asks.items())[:25]]
    parts = []
    for k in range(25):
        for side in sides:
            if k < len(side):
                parts += side[k][1]
    return crc(":".join(parts))
