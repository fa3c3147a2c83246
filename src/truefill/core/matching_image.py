"""The whole state of a matching engine as bytes, and back: the same slots, queues and numbers.

An image holds the engine's arrays as they are, packed, so what an engine gains in state is in it by itself.
It is of one version of their layout; one of another version is refused.
"""

import struct
import zlib

import numpy as np

from truefill.core import matching_layout as lay
from truefill.core.errors import DataError
from truefill.core.matching import Engine

VERSION = 1  # of what the words in the arrays mean: another one wherever `matching_layout` changes
_HEAD = struct.Struct("<8sIII")  # magic, version, words of a header and of a symbol
_MAGIC = b"TFENGIN1"
_LENGTH = struct.Struct("<QQ")  # entries, packed bytes
_LEVEL = 1  # the arrays are mostly zeros: more effort packs hardly better
_ADDRESSES = (lay.AT_LEVELS, lay.AT_BITS, lay.AT_ORDERS, lay.AT_NAMES, lay.AT_INDEX, lay.AT_SYMBOLS)


def image_of(engine: Engine) -> bytes:
    """Everything that an engine knows, for `engine_of`; engines of one state give the same bytes."""
    parts = [_HEAD.pack(_MAGIC, VERSION, lay.HEADER, lay.SYMBOL_WORDS)]
    for array in _arrays(engine):
        packed = zlib.compress(array.tobytes(), _LEVEL)
        parts += [_LENGTH.pack(array.size, len(packed)), packed]
    return b"".join(parts)


def engine_of(image: bytes) -> Engine:
    """Make an engine from its image.

    Raises
    ------
    DataError
        It is no image, one of another version, or it is damaged.
    """
    engine = Engine(window=64, orders=1, far_levels=1)
    adopt(engine, image)
    return engine


def adopt(engine: Engine, image: bytes) -> None:
    """Let an engine become the one of the image; raises as `engine_of`, and nothing is changed then."""
    wanted = _HEAD.pack(_MAGIC, VERSION, lay.HEADER, lay.SYMBOL_WORDS)
    if image[: _HEAD.size] != wanted:
        raise DataError(f"an image of an engine, version {VERSION}", repr(image[: _HEAD.size]), "engine_of")
    at = _HEAD.size
    found = []
    try:
        for array in _arrays(engine):
            size, length = _LENGTH.unpack_from(image, at)
            at += _LENGTH.size
            text = zlib.decompress(image[at : at + length])
            at += length
            if len(text) != size * array.itemsize:
                raise ValueError(f"{len(text)} bytes for {size} entries")
            found.append(np.frombuffer(text, array.dtype).copy())
        if at != len(image):
            raise ValueError(f"{len(image) - at} bytes too many")
        engine._adopt(*found)
    except (ValueError, zlib.error, struct.error) as error:
        raise DataError("a sound image of an engine", error, "engine_of") from error


def _arrays(engine: Engine) -> list[np.ndarray]:
    head = engine._head.copy()
    head[list(_ADDRESSES)] = 0
    return [
        head,
        engine._levels,
        engine._bits,
        engine._symbols.reshape(-1),
        engine._orders,
        engine._names,
        engine._index,
    ]
