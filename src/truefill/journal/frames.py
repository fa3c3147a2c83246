"""What a journal's bytes are: files that follow each other, in each a head and then frames.

=======  =====  =================================================================================
offset   type   head of a file, 64 bytes
=======  =====  =================================================================================
0        8s     ``TFJOURN1``
8        u64    sequence number of the first item in the file
16       16s    BLAKE2 digest of what the items are: a journal of other items is refused
32       28s    zeros
60       u32    CRC-32 of the bytes before
=======  =====  =================================================================================

=======  =====  =================================================================================
offset   type   a frame, 32 bytes and its payload, filled up to 8 bytes
=======  =====  =================================================================================
0        u32    ``0x4D524654``, to find frames again behind damage
4        u32    CRC-32 of all that follows in the frame, without the filling
8        u64    sequence number of the first item
16       u32    items
20       u32    kind, the owner's own number
24       u64    bytes of the payload
32              payload
=======  =====  =================================================================================

All numbers are little-endian. The sequence numbers of a journal have no hole.
"""

import hashlib
import struct
import zlib
from typing import NamedTuple

MAGIC = b"TFJOURN1"
MARK = 0x4D524654
HEAD = struct.Struct("<8sQ16s28x")
HEAD_BYTES = HEAD.size + 4
FRAME = struct.Struct("<IIQIIQ")
_CHECKED = struct.Struct("<QIIQ")  # of the frame's head, what its checksum is over
LARGEST = 1 << 30  # bytes of one payload
SUFFIX = ".journal"


class Frame(NamedTuple):
    """What was appended at once.

    Attributes
    ----------
    first : int
        Sequence number of its first item.
    items : int
        How many there are.
    kind : int
        What the owner said they are.
    payload : bytes
    """

    first: int
    items: int
    kind: int
    payload: bytes

    @property
    def last(self) -> int:
        """Sequence number of the last item."""
        return self.first + self.items - 1


def digest_of(schema: str) -> bytes:
    """What stands in a file's head for the kind of its items."""
    return hashlib.blake2b(schema.encode(), digest_size=16).digest()


def file_name(first: int) -> str:
    """Of the file whose first item has this number; names sort like numbers."""
    return f"{first:020d}{SUFFIX}"


def head(first: int, digest: bytes) -> bytes:
    """Head of a file."""
    text = HEAD.pack(MAGIC, first, digest)
    return text + zlib.crc32(text).to_bytes(4, "little")


def read_head(data: bytes) -> tuple[int, bytes] | None:
    """First sequence number and digest; None when it is no sound head."""
    if (
        len(data) < HEAD_BYTES
        or zlib.crc32(data[: HEAD.size]).to_bytes(4, "little") != data[HEAD.size : HEAD_BYTES]
    ):
        return None
    magic, first, digest = HEAD.unpack_from(data)
    return (first, digest) if magic == MAGIC else None


def frame(first: int, count: int, kind: int, payload: bytes | memoryview) -> bytes:
    """A frame as it is written."""
    size = len(payload)
    checked = _CHECKED.pack(first, count, kind, size)
    checksum = zlib.crc32(payload, zlib.crc32(checked))
    filling = bytes(-size % 8)
    return b"".join((FRAME.pack(MARK, checksum, first, count, kind, size), payload, filling))


def read_frame(data: bytes | memoryview, at: int) -> tuple[Frame, int] | None:
    """The frame that begins at byte `at`, and where it ends; None when there is no sound one."""
    if at + FRAME.size > len(data):
        return None
    mark, checksum, first, count, kind, size = FRAME.unpack_from(data, at)
    begin, end = at + FRAME.size, at + FRAME.size + size
    if mark != MARK or size > LARGEST or end + (-size % 8) > len(data):
        return None
    payload = bytes(data[begin:end])
    if zlib.crc32(payload, zlib.crc32(_CHECKED.pack(first, count, kind, size))) != checksum:
        return None
    return Frame(first, count, kind, payload), end + (-size % 8)


def find_frame(data: bytes | memoryview, at: int) -> int | None:
    """Where the next sound frame begins, from byte `at` on; None when there is none."""
    mark = MARK.to_bytes(4, "little")
    raw = bytes(data)
    while (at := raw.find(mark, at)) >= 0:
        if read_frame(raw, at) is not None:
            return at
        at += 1
    return None
