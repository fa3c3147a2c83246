"""The tape file: a fixed prefix, a JSON header, then sections of plain arrays.

::

    64 bytes   magic, format version, length of the header, size of the file, checksum of the header
    header     JSON (TapeHeader), padded to 64 bytes
    sections   raw little-endian arrays, each padded to 64 bytes, offsets counted from the end of the header;
               sections of equal bytes stand in one place

A reader takes the sections it knows and ignores others, so a later version can add some. What may not be
ignored raises the format version.
"""

import hashlib
import mmap
import os
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import numpy as np

from truefill.core.errors import TapeError, shown
from truefill.core.events import EVENT
from truefill.core.tape_records import BEST, CUSTOM_MORE, CUSTOM_ROW, EXCH_RUN, GAP, STOP

MAGIC = b"TRUEFILL"
FORMAT_VERSION = 2
_PREFIX = struct.Struct("<8sIIQ16s24x")
_ALIGN = 64
_MAX_HEADER = 1 << 26

_NAMED = {
    "stop": STOP,
    "best": BEST,
    "custom": CUSTOM_ROW,
    "custom_more": CUSTOM_MORE,
    "gap": GAP,
    "event": EVENT,
    "exch_run": EXCH_RUN,
}
_NAME_OF = {dtype: name for name, dtype in _NAMED.items()}


def _sections() -> dict[str, np.dtype]:
    i4, i8 = np.dtype("<i4"), np.dtype("<i8")
    table = {"level_tick": i8, "overflow": i8, "trades": EVENT, "custom": CUSTOM_ROW, "gaps": GAP}
    for view in ("exch", "local"):
        for name in ("code", "qty", "group_end"):
            table[f"{view}.{name}"] = i4
        table[f"{view}.group_ts"] = i8
        table[f"{view}.stops"] = STOP
    table["local.group_exch_ts"] = i8
    table["local.best"] = BEST
    table["local.exch_runs"] = EXCH_RUN
    table["custom_runs"] = EXCH_RUN
    table["custom_more"] = CUSTOM_MORE
    table["exch.prio"] = i4
    return dict(sorted(table.items()))


SECTIONS = _sections()
"""Name and dtype of every section of a tape; all but `OPTIONAL` are always there, empty ones too."""

OPTIONAL = frozenset({"exch.prio", "custom_more"})
"""Sections that a file may lack; they are then empty. Only an order-by-order tape has a queue's places, and
few rows of other kinds have an order id or a number of their own."""


class SectionInfo(msgspec.Struct, frozen=True):
    """Where a section is, and what is in it."""

    offset: int  # bytes from the end of the header
    dtype: str  # numpy's name ("<i4"), or the name of one of truefill's records
    count: int
    digest: str  # blake2b of its bytes


class Disorder(msgspec.Struct, frozen=True):
    """How often a time went backward in the order of arrival, and where first."""

    count: int
    event: int  # running number of the first event that is too early
    ts: int


class TapeHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a tape says about itself.

    Times are nanoseconds UTC, `local` ones after the clock correction. Steps and prices are exact decimal
    text. A field that has no value is None.
    """

    format_version: int = FORMAT_VERSION
    symbol: str  # "BTCUSDT-PERP.BINANCE"
    venue: str
    tick_size: str
    lot_size: str  # smallest step of the quantities in the data
    level_id: str = "rank"  # a level is the rank of its price among the tape's distinct depth prices
    source: list[str] = []  # file names, without folders
    events: int  # rows as they were given
    counts: dict[str, int]  # of those, by kind
    first_ts: int | None  # local
    last_ts: int | None
    first_exch_ts: int | None
    last_exch_ts: int | None
    disorder: dict[str, Disorder] = {}  # "local", "exch"; what is not in order is left out
    # Of an order-by-order tape, for each view: orders at most and at the end, and the stream's faults.
    orders: dict[str, dict[str, int]] | None = None
    gaps: int
    has_snapshot: bool
    # The tape is a piece of another and begins with the books as they were at this time; None: it is not.
    book_at: int | None = None
    clock_correction_ns: int = 0  # was added to every local time
    base_latency_ns: int = 0
    last_best_bid: str | None
    last_best_ask: str | None
    notes: list[str] = []  # what the builder changed or found remarkable
    content_hash: str = ""
    sections: dict[str, SectionInfo] = {}


def dtype_name(dtype: np.dtype) -> str:
    """Name of a dtype in the header."""
    return _NAME_OF.get(dtype, dtype.str)


def section_info(dtype: np.dtype, chunks: Iterable[bytes | memoryview]) -> tuple[int, str]:
    """Count of items and digest of a section."""
    digest = hashlib.blake2b(digest_size=16)
    size = 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
    return size // dtype.itemsize, digest.hexdigest()


def place_sections(sizes: Mapping[str, tuple[np.dtype, int, str]]) -> dict[str, SectionInfo]:
    """Lay the sections out in order of name: ``{name: (dtype, count, digest)}``.

    Sections of equal bytes share one place. Depth that arrives in the order in which it was sent, the usual
    case, has the same rows in both views: 8 of its 16 bytes a row.
    """
    placed = {}
    place_of: dict[tuple[np.dtype, int, str], int] = {}
    end = 0
    for name in sorted(sizes):
        dtype, count, digest = sizes[name]
        offset = place_of.setdefault(sizes[name], end)
        placed[name] = SectionInfo(offset, dtype_name(dtype), count, digest)
        end = max(end, _aligned(offset + dtype.itemsize * count))
    return placed


def content_hash(header: TapeHeader) -> str:
    """Hash of what the tape holds: its sections and its instrument, not who made it, or in what chunks."""
    digest = hashlib.blake2b(digest_size=32)
    for field in (header.symbol, header.venue, header.tick_size, header.lot_size, header.level_id):
        digest.update(field.encode() + b"\n")
    for name in sorted(header.sections):
        info = header.sections[name]
        digest.update(f"{name} {info.dtype} {info.count} {info.digest}\n".encode())
    return digest.hexdigest()


def raw_bytes(values: np.ndarray) -> memoryview:
    """Bytes of a contiguous array, padding of records included."""
    return values.view(np.uint8).data


def write_file(path: Path, header: TapeHeader, chunks: Mapping[str, Iterable[bytes | memoryview]]) -> None:
    """Write a complete tape file at `path` (which should be a temporary name) and flush it to the disk."""
    text = msgspec.json.encode(header)
    start = _aligned(_PREFIX.size + len(text))
    with path.open("wb") as file:
        end = start
        written: set[tuple[int, int]] = set()
        for name, info in sorted(header.sections.items()):
            if (info.offset, info.count) in written:  # shares its place with one before it
                continue
            written.add((info.offset, info.count))
            file.seek(start + info.offset)
            for chunk in chunks[name]:
                file.write(chunk)
            end = max(end, file.tell())
        size = _aligned(end)
        file.truncate(size)
        file.seek(0)
        checksum = hashlib.blake2b(text, digest_size=16).digest()
        file.write(_PREFIX.pack(MAGIC, FORMAT_VERSION, len(text), size, checksum))
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def file_path(path: str | os.PathLike[str]) -> Path:
    """A path, or TapeError when it cannot be one."""
    try:
        found = Path(path)
        os.fsencode(found)
    except (TypeError, ValueError, OSError) as error:
        raise TapeError("a path", f"{shown(path)}: {error}") from None
    if "\0" in str(found):
        raise TapeError("a path", shown(path))
    return found


def is_tape(path: Path) -> bool:
    """Whether a file begins like a tape."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def map_file(path: Path) -> tuple[TapeHeader, dict[str, np.ndarray]]:
    """Map a tape file into memory, copy-on-write: its header, and an array for each known section.

    Raises
    ------
    TapeError
        The file is missing, no tape, of a later version, truncated, or its header was altered.
    """
    where = path.name
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            prefix = file.read(_PREFIX.size)
            if len(prefix) < _PREFIX.size or not prefix.startswith(MAGIC):
                raise TapeError("a tape file", "something else" if prefix else "an empty file", where)
            _, version, length, expected_size, checksum = _PREFIX.unpack(prefix)
            if version != FORMAT_VERSION:
                wanted = f"a tape of format {FORMAT_VERSION}"
                hint = " (convert the recording again)" if version < FORMAT_VERSION else ""
                raise TapeError(wanted, f"format {version}{hint}", where)
            if size != expected_size or length > _MAX_HEADER:
                raise TapeError(f"{expected_size} bytes", f"{size}: truncated or altered", where)
            text = file.read(length)
            if hashlib.blake2b(text, digest_size=16).digest() != checksum:
                raise TapeError("the header as it was written", "an altered one", where)
            header = _decode(text, where)
            memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except FileNotFoundError:
        raise TapeError("a tape file", "no such file", path) from None
    except OSError as error:
        raise TapeError("a readable tape file", error.strerror or error, path) from None
    start = _aligned(_PREFIX.size + length)
    return header, {
        name: _array(memory, start, header, name, dtype, where) for name, dtype in SECTIONS.items()
    }


def _decode(text: bytes, where: str) -> TapeHeader:
    try:
        return msgspec.json.decode(text, type=TapeHeader)
    except msgspec.MsgspecError as error:
        raise TapeError("a tape header", error, where) from None


def _array(
    memory: mmap.mmap, start: int, header: TapeHeader, name: str, dtype: np.dtype, where: str
) -> np.ndarray:
    info = header.sections.get(name)
    if info is None and name in OPTIONAL:
        return np.empty(0, dtype)
    if info is None:
        raise TapeError(f"a section {name}", "none", where)
    if info.dtype != dtype_name(dtype):
        raise TapeError(f"section {name} of {dtype_name(dtype)}", info.dtype, where)
    offset = start + info.offset
    if info.count < 0 or info.offset < 0 or offset + info.count * dtype.itemsize > len(memory):
        raise TapeError(f"section {name} inside the file", f"{info.count} items at {offset}", where)
    if info.count == 0:
        return np.empty(0, dtype)
    return np.frombuffer(memory, dtype, info.count, offset)


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGN) * _ALIGN
