"""Messages in the protocol buffers' wire format, read field by field.

A message is a run of fields: a number that holds the field's own number and its kind, then a varint, eight or
four bytes, or a length and so many bytes. Kinds that are none and fields that break off are refused; what a
field means its reader has to know.

Source: protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterator

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_LONGEST_VARINT = 70  # bits of its ten bytes


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield each field's number and value: an integer, or the bytes of a text or of a message inside.

    Raises
    ------
    ValueError
        It is no complete message.

    Examples
    --------
    >>> list(fields(bytes.fromhex("089601120774657374696e67")))
    [(1, 150), (2, b'testing')]
    """
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            length, at = _varint(data, at)
        elif kind in (_EIGHT, _FOUR):
            length = 8 if kind == _EIGHT else 4
        else:
            raise ValueError(f"a field of kind {kind} at byte {at}")
        if length > end - at:
            raise ValueError(f"{length} bytes at byte {at}, of which there are {end - at}")
        yield key >> 3, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while True:
        if at >= len(data) or shift >= _LONGEST_VARINT:
            raise ValueError(f"a number that does not end at byte {at}")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
