"""Databento's records from DBN: its metadata through databento-dbn, the records as the arrays that they are.

All versions of DBN have the same records of orders, trades and levels; the metadata and other records differ.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError
from truefill.vendors.databento_records import BBO, MBO, MBP_1, MBP_10, SCHEMAS, TRADES, Records
from truefill.vendors.packed import Blocks
from truefill.vendors.reader import Progress

_ZSTD = b"\x28\xb5\x2f\xfd"
_HEAD = 8  # "DBN", the version, and the length of the metadata
_LONGEST_METADATA = 1 << 26
_RUN = 4096  # records looked at together: a stream of several kinds changes often

_COMMON = [
    ("length", "u1"),  # in units of 4 bytes
    ("rtype", "u1"),
    ("publisher_id", "<u2"),
    ("instrument_id", "<u4"),
    ("ts_event", "<u8"),
]
_ORDERS = np.dtype(
    [
        *_COMMON,
        ("order_id", "<u8"),
        ("price", "<i8"),
        ("size", "<u4"),
        ("flags", "u1"),
        ("channel_id", "u1"),
        ("action", "u1"),
        ("side", "u1"),
        ("ts_recv", "<u8"),
        ("ts_in_delta", "<i4"),
        ("sequence", "<u4"),
    ]
)
_LEVEL = np.dtype(
    [
        *(("bid_px", "<i8"), ("ask_px", "<i8"), ("bid_sz", "<u4"), ("ask_sz", "<u4")),
        *(("bid_ct", "<u4"), ("ask_ct", "<u4")),
    ]
)


def _prices(levels: int) -> np.dtype[np.void]:
    return np.dtype(
        [
            *_COMMON,
            ("price", "<i8"),
            ("size", "<u4"),
            ("action", "u1"),  # nothing in bbo
            ("side", "u1"),
            ("flags", "u1"),
            ("depth", "u1"),
            ("ts_recv", "<u8"),
            ("ts_in_delta", "<i4"),
            ("sequence", "<u4"),
            ("levels", _LEVEL, (levels,)),
        ]
    )


# Kinds of records (`rtype`) that are read: their schema and layout. tbbo is 1, and 197 in newer files.
KINDS = {
    160: (MBO, _ORDERS),
    0: (TRADES, _prices(0)),
    1: (MBP_1, _prices(1)),
    197: (MBP_1, _prices(1)),
    10: (MBP_10, _prices(10)),
    195: (BBO, _prices(1)),
    196: (BBO, _prices(1)),
}
_MESSAGES = (21, 22, 23)  # errors, symbols, the system's: between the records of a live session
_SCHEMAS = {
    "mbo": MBO,
    "trades": TRADES,
    "mbp-1": MBP_1,
    "tbbo": MBP_1,
    "mbp-10": MBP_10,
    "bbo-1s": BBO,
    "bbo-1m": BBO,
}


def is_dbn(path: Path) -> bool:
    """Tell DBN, plain or packed with zstd, from text by its first bytes and its name."""
    with path.open("rb") as file:
        head = file.read(4)
    return head[:3] == b"DBN" or (head == _ZSTD and ".csv" not in path.name.lower())


def schema(path: Path) -> str:
    """Schema of a file.

    Raises
    ------
    DataError
        One that is not read, or no DBN.
    """
    blocks = Blocks(path)
    metadata, rest = _metadata(iter(blocks), blocks, path)
    if metadata.schema is not None:
        return _known(metadata.schema, path)
    # A recorded live session: its first record of a known kind tells.
    for _, _, _, kind in _runs(rest, path, 1):
        if kind in KINDS:
            return KINDS[kind][0]
    raise DataError(f"records of the schema {SCHEMAS}", "none at the beginning of the file", path)


def records(path: Path, wanted: int | str | None, progress: Progress | None) -> Iterator[Records]:
    """Records of the wanted instrument, or of all; of the schema of the file."""
    its = schema(path)
    blocks = Blocks(path, progress)
    source = iter(blocks)
    metadata, left = _metadata(source, blocks, path)
    ids: list[int] | None = None if wanted is None else [wanted] if isinstance(wanted, int) else []
    if isinstance(wanted, str):
        ids = _ids(metadata, wanted, path)
    number = 1  # of the next record
    blocks.place(lambda: f"{path}: record {number}")
    first, left = left, b""
    for block in chain([first], source):
        data = left + block
        end = 0
        for start, count, size, kind in _runs(data, path, number):
            end = start + count * size
            if KINDS.get(kind, ("", None))[0] == its:
                made = _columns(data, start, count, size, kind, number, path)
                yield made if ids is None else made.only(np.isin(made.instrument, ids))  # type: ignore[arg-type]
            elif kind not in _MESSAGES:
                at = f"{path}: record {number}"
                raise DataError(f"records of the schema {its} only", f"one of rtype {kind}", at)
            number += count
        left = data[end:]
    if left or blocks.cut:
        rest = f"{len(left)} bytes of a record that breaks off" if left else "packed data that break off"
        raise DataError("a complete file", rest, f"{path}: record {number}")


def _metadata(source: Iterator[bytes], blocks: Blocks, path: Path) -> tuple[Any, bytes]:
    """Metadata of the file, and the bytes after it of those that were read."""
    dbn = _library(path)

    def upto(size: int, have: bytes) -> bytes:
        while len(have) < size:
            block = next(source, None)
            if block is None:
                raise DataError("a complete file", "metadata that break off", path)
            have += block
        return have

    data = upto(_HEAD, b"")
    if data[:3] != b"DBN":
        raise DataError("a file of DBN", repr(data[:8]), path)
    if not 1 <= data[3] <= dbn.DBN_VERSION:
        raise DataError(f"DBN of version 1 to {dbn.DBN_VERSION}", f"version {data[3]}", path)
    length = int.from_bytes(data[4:_HEAD], "little")
    if length > _LONGEST_METADATA:
        raise DataError("intact DBN", f"metadata of {length:,} bytes", path)
    end = _HEAD + length
    data = upto(end, data)
    decoder = dbn.DBNDecoder(compression=dbn.Compression.NONE)
    try:
        decoder.write(data[:end])
        return decoder.decode()[0], data[end:]
    except (dbn.DBNError, IndexError) as error:
        raise DataError("intact DBN", error, path) from None


def _runs(data: bytes, path: Path, number: int) -> Iterator[tuple[int, int, int, int]]:
    """Records of equal kind and size that follow each other: where, how many, their size and kind."""
    view = np.frombuffer(data, np.uint8)
    start = 0
    while start + 2 <= len(view):
        size, kind = 4 * int(view[start]), int(view[start + 1])
        if size < 16:
            raise DataError("intact DBN", f"a record of {size} bytes", f"{path}: record {number}")
        count = min((len(view) - start) // size, _RUN)
        if count == 0:
            return
        heads = view[start : start + count * size].reshape(count, size)[:, :2]
        # Until the first that differs each begins where the one before ends.
        differs = (heads != heads[0]).any(axis=1)
        count = int(np.argmax(differs)) if differs.any() else count
        yield start, count, size, kind
        number += count
        start += count * size


def _columns(data: bytes, start: int, count: int, size: int, kind: int, number: int, path: Path) -> Records:
    layout = KINDS[kind][1]
    if size < layout.itemsize:
        expected = f"records of {layout.itemsize} bytes of rtype {kind}"
        raise DataError(expected, f"{size}", f"{path}: record {number}")
    raw = np.frombuffer(data, np.uint8, count * size, start).reshape(count, size)[:, : layout.itemsize]
    table = np.ascontiguousarray(raw).view(layout)[:, 0]  # what follows is the time of sending (ts_out)
    nothing = np.zeros(count, np.int64)
    column = {
        name: table[name].astype(np.int64)  # undefined times, 2**64 - 1, become -1
        for name in ("ts_recv", "ts_event", "action", "side", "price", "size", "flags", "sequence")
    }
    levels = table["levels"] if "levels" in (layout.names or ()) and kind else None
    return Records(
        **column,
        order_id=table["order_id"].astype(np.int64) if kind == 160 else nothing,
        lines=np.arange(number, number + count),
        instrument=table["instrument_id"].astype(np.int64),
        px=None if levels is None else _both(levels, "bid_px", "ask_px"),
        qty=None if levels is None else _both(levels, "bid_sz", "ask_sz"),
    )


def _both(levels: np.ndarray, bids: str, asks: str) -> NDArray[np.int64]:
    return np.stack([levels[bids], levels[asks]], axis=1).astype(np.int64)


def _library(path: Path) -> ModuleType:
    try:
        import databento_dbn
    except ImportError:
        raise DataError(
            "the library databento-dbn, which reads DBN (pip install 'truefill[databento]')", "none", path
        ) from None
    return databento_dbn


def _known(schema: Any, path: Path) -> str:
    name = str(schema).rpartition(".")[2].lower().replace("_", "-")
    if name not in _SCHEMAS:
        raise DataError(f"records of the schema {SCHEMAS}", name, path)
    return _SCHEMAS[name]


def _ids(metadata: Any, symbol: str, path: Path) -> list[int]:
    """Instrument ids that a symbol had in the time of the file."""
    intervals = metadata.mappings.get(symbol, [])
    ids = {int(interval["symbol"]) for interval in intervals if str(interval["symbol"]).isdigit()}
    if not ids:
        known = ", ".join(sorted(metadata.mappings)[:8]) or "none"
        raise DataError(f"the symbol {symbol}", f"a file of {known}", path)
    return sorted(ids)
