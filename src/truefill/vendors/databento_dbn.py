"""Databento's MBO records from DBN, through databento-dbn, which unpacks and knows all versions of it."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from truefill.core.errors import DataError
from truefill.vendors.databento_records import Records
from truefill.vendors.reader import Progress

_BLOCK = 1 << 16  # packed bytes a step; each record becomes a Python object for a moment
_ZSTD = b"\x28\xb5\x2f\xfd"

# The record `MboMsg`, of all versions of DBN.
_MBO = np.dtype(
    [
        ("length", "u1"),  # in units of 4 bytes
        ("rtype", "u1"),
        ("publisher_id", "<u2"),
        ("instrument_id", "<u4"),
        ("ts_event", "<u8"),
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


def is_dbn(path: Path) -> bool:
    """Tell DBN, plain or packed with zstd, from text by its first bytes and its name."""
    with path.open("rb") as file:
        head = file.read(4)
    return head[:3] == b"DBN" or (head == _ZSTD and ".csv" not in path.name.lower())


def records(path: Path, wanted: int | str | None, progress: Progress | None) -> Iterator[Records]:
    """Records of the wanted instrument, or of all."""
    dbn = _library(path)
    with path.open("rb") as file:
        packed = file.read(4) == _ZSTD
        file.seek(0)
        decoder = dbn.DBNDecoder(compression=dbn.Compression.ZSTD if packed else dbn.Compression.NONE)
        number = 1  # of the next record
        ids: set[int] | None = None if wanted is None else {wanted} if isinstance(wanted, int) else set()
        while block := file.read(_BLOCK):
            if progress is not None:
                progress(len(block))
            try:
                decoder.write(block)
                decoded = decoder.decode()
            except dbn.DBNError as error:
                raise DataError("intact DBN", error, f"{path}: record {number}") from None
            messages: list[bytes] = []
            lines: list[int] = []
            for record in decoded:
                if isinstance(record, dbn.Metadata):
                    _check(record, path)
                    if isinstance(wanted, str):
                        ids = _ids(record, wanted, path)
                    continue
                if isinstance(record, dbn.MBOMsg) and (ids is None or record.instrument_id in ids):
                    messages.append(bytes(record)[: _MBO.itemsize])
                    lines.append(number)
                number += 1
            yield _columns(messages, lines)
        rest = decoder.buffer()
        if rest:
            raise DataError(
                "a complete file",
                f"{len(rest)} bytes of a record that breaks off",
                f"{path}: record {number}",
            )


def _columns(messages: list[bytes], lines: list[int]) -> Records:
    data = np.frombuffer(b"".join(messages), _MBO)
    columns = {
        name: data[name].astype(np.int64)  # undefined times, 2**64 - 1, become -1
        for name in Records.__dataclass_fields__
        if name in (_MBO.names or ())
    }
    return Records(
        **columns, lines=np.array(lines, np.int64), instrument=data["instrument_id"].astype(np.int64)
    )


def _library(path: Path) -> ModuleType:
    try:
        import databento_dbn
    except ImportError:
        raise DataError(
            "the library databento-dbn, which reads DBN (pip install 'truefill[databento]')", "none", path
        ) from None
    return databento_dbn


def _check(metadata: Any, path: Path) -> None:
    schema = str(metadata.schema) if metadata.schema is not None else "mbo"
    if schema.rpartition(".")[2].lower() != "mbo":
        raise DataError("records of the schema mbo", schema, path)


def _ids(metadata: Any, symbol: str, path: Path) -> set[int]:
    """Instrument ids that a symbol had in the time of the file."""
    intervals = metadata.mappings.get(symbol, [])
    ids = {int(interval["symbol"]) for interval in intervals if str(interval["symbol"]).isdigit()}
    if not ids:
        known = ", ".join(sorted(metadata.mappings)[:8]) or "none"
        raise DataError(f"the symbol {symbol}", f"a file of {known}", path)
    return ids
