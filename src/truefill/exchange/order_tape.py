"""Recorded streams of orders: files of the open matching-engine benchmark, and what an engine answers to
them.

The format is that of flash1-dev/matching-engine-benchmark (MIT; docs/METHODOLOGY.md): a header of 16 bytes,
then records of 40. The benchmark's rules are few: limit orders that rest or are immediate-or-cancel,
cancels, and modifies that always lose their place. Its answer to a tape is the SHA-256 of a text with one
line for each report.
"""

import hashlib
import lzma
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError, InputError
from truefill.core.matching_types import MESSAGE, REPORT
from truefill.core.order_book_commands import (
    ACCEPTED,
    CANCEL,
    CANCELLED,
    EXPIRED,
    MODIFIED,
    NEW,
    REDUCED,
    REJECTED,
    REPLACE,
    TRADE,
)
from truefill.core.records import GTC, IOC

MAGIC = 0x4D45_4257_5F30_3031  # "100_WBEM", little-endian
_HEADER = np.dtype([("magic", "<u8"), ("version", "<u4"), ("count", "<u4")])
RECORD = np.dtype(
    [
        ("type", "u1"),  # 0 new, 1 cancel, 2 modify
        ("side", "u1"),  # 0 buy, 1 sell
        ("ioc", "u1"),
        ("pad", "u1"),
        ("qty", "<u4"),
        ("sequence", "<u8"),
        ("order_id", "<u8"),
        ("price", "<i8"),
        ("reserved", "<i8"),
    ]
)
_OPERATIONS = np.array([NEW, CANCEL, REPLACE], np.uint8)
_XZ = b"\xfd7zXZ\x00"


class OrderTape(NamedTuple):
    """A stream of orders."""

    messages: NDArray[Any]  # MESSAGE records
    sequence: NDArray[np.int64]  # what the file calls each of them


def read_order_tape(path: Path) -> OrderTape:
    """Read a file of orders, plain or packed with xz.

    Raises
    ------
    DataError
        When it is damaged, cut short, or something else; with the record and the byte.
    """
    data = Path(path).read_bytes()
    if data.startswith(_XZ):
        try:
            data = lzma.decompress(data)
        except (lzma.LZMAError, EOFError) as error:
            raise DataError("a whole .xz file", str(error), path) from None
    if len(data) < _HEADER.itemsize:
        raise DataError(f"a header of {_HEADER.itemsize} bytes", f"{len(data)} bytes", path)
    header = np.frombuffer(data, _HEADER, 1)[0]
    if int(header["magic"]) != MAGIC or int(header["version"]) != 1:
        got = f"{data[:8]!r}, version {int(header['version'])}"
        raise DataError(
            f"a file of orders that begins with {MAGIC.to_bytes(8, 'little')!r}, version 1", got, path
        )
    count, body = int(header["count"]), len(data) - _HEADER.itemsize
    if body != count * RECORD.itemsize:
        raise DataError(
            f"{count} records of {RECORD.itemsize} bytes after the header, as it says", f"{body} bytes", path
        )
    records = np.frombuffer(data, RECORD, count, _HEADER.itemsize)
    for name, low, high in (("type", 0, 2), ("side", 0, 1), ("ioc", 0, 1)):
        wrong = (records[name] < low) | (records[name] > high)
        if wrong.any():
            row = int(np.argmax(wrong))
            where = f"{path}: record {row + 1}, byte {_HEADER.itemsize + row * RECORD.itemsize}"
            raise DataError(f"{name} {low} to {high}", int(records[name][row]), where)
    messages = np.zeros(count, MESSAGE)
    messages["op"] = _OPERATIONS[records["type"]]
    messages["side"] = 1 - 2 * records["side"].astype(np.int8)
    messages["time_in_force"] = np.where(records["ioc"] != 0, IOC, GTC)
    messages["order_id"] = records["order_id"].astype(np.int64)
    messages["price"] = records["price"]
    messages["qty"] = records["qty"]
    return OrderTape(messages, records["sequence"].astype(np.int64))


def write_order_tape(path: Path, tape: OrderTape) -> None:
    """Write a stream of orders, packed when the name ends with .xz.

    Raises
    ------
    InputError
        When it has what the format has no place for.
    """
    from truefill.tape.npz import written

    messages = tape.messages
    kind = np.full(len(messages), 3, np.uint8)
    for number, op in enumerate(_OPERATIONS):
        kind[messages["op"] == op] = number
    new = kind == 0
    ioc = new & (messages["time_in_force"] == IOC)
    fits = (kind < 3) & (messages["qty"] >= 0) & (messages["qty"] < 1 << 32) & (messages["order_type"] == 0)
    fits &= ~new | ioc | (messages["time_in_force"] == GTC)
    if not fits.all():
        row = int(np.argmin(fits))
        raise InputError(
            "new limit orders (GTC, IOC), cancels and replacements", messages[row], f"message {row}"
        )
    records = np.zeros(len(messages), RECORD)
    records["type"], records["side"], records["ioc"] = kind, messages["side"] < 0, ioc
    for name in ("qty", "order_id", "price"):
        records[name] = messages[name]
    records["sequence"] = tape.sequence
    header = np.array([(MAGIC, 1, len(records))], _HEADER)
    data = header.tobytes() + records.tobytes()
    with written(Path(path)) as file:
        file.write(lzma.compress(data) if Path(path).suffix == ".xz" else data)


class Canonical(NamedTuple):
    """What an engine said to a tape, as the benchmark counts it."""

    sha256: str
    counts: dict[str, int]


# Of the benchmark's lines: number, name, our kinds.
_KINDS = (
    (0, "accepted", (ACCEPTED,)),
    (1, "trades", (TRADE,)),
    (2, "cancelled", (CANCELLED, EXPIRED)),
    (3, "modified", (MODIFIED, REDUCED)),
    (4, "cancel_rejected", (REJECTED,)),
    (5, "modify_rejected", (REJECTED,)),
    (6, "rejected", (REJECTED,)),
)


def canonical(reports: NDArray[Any], sequence: NDArray[np.int64], first_cause: int = 1) -> Canonical:
    """Write reports as the benchmark's text, and take its SHA-256.

    ``0,seq,side,order_id,price,qty`` accepted; ``1,seq,price,qty,maker_id,taker_id`` trade;
    ``2,seq,side,order_id,price`` cancelled, or the end of an order that does not rest;
    ``3,seq,side,order_id,price,qty`` modified; ``4,seq,order_id`` cancel rejected; ``5,seq,order_id``
    modify rejected. Lines are sorted by sequence number and kind, in the order of the reports where both
    are equal, and joined by line feeds. The benchmark knows no other rejection: ``6,seq,order_id,reason``
    is ours.

    Parameters
    ----------
    reports : ndarray of REPORT
    sequence : ndarray of int64
        Sequence number of each message.
    first_cause : int
        What the reports to the first of them have as `cause`.
    """
    import polars as pl

    if reports.dtype != REPORT:
        raise InputError("an array of REPORT records", str(reports.dtype))
    seq = sequence[reports["cause"] - first_cause]
    side = (reports["side"] < 0).astype(np.int8)
    columns: dict[str, NDArray[Any]] = {
        "seq": seq,
        "side": side,
        **{
            name: np.ascontiguousarray(reports[name])
            for name in ("order_id", "maker_id", "price", "qty", "reason")
        },
    }
    shapes: tuple[tuple[str, ...], ...] = (
        ("seq", "side", "order_id", "price", "qty"),
        ("seq", "price", "qty", "maker_id", "order_id"),
        ("seq", "side", "order_id", "price"),
        ("seq", "side", "order_id", "price", "qty"),
        ("seq", "order_id"),
        ("seq", "order_id"),
        ("seq", "order_id", "reason"),
    )
    kind = np.empty(len(reports), np.int64)
    for number, _, kinds in _KINDS[:4]:
        kind[np.isin(reports["kind"], kinds)] = number
    rejected = reports["kind"] == REJECTED
    operation = reports["maker_id"]
    kind[rejected] = np.where(operation == CANCEL, 4, np.where(operation == NEW, 6, 5))[rejected]
    order = np.lexsort((kind, seq))  # stable
    frame = pl.DataFrame({name: column[order] for name, column in columns.items()})
    numbers = kind[order]
    lines = np.empty(len(order), object)
    counts = {}
    for (number, name, _), shape in zip(_KINDS, shapes, strict=True):
        chosen = numbers == number
        counts[name] = int(chosen.sum())
        if counts[name]:
            text = frame.filter(pl.Series(chosen)).select(
                pl.concat_str([pl.lit(str(number)), *map(pl.col, shape)], separator=",")
            )
            lines[chosen] = text.to_series().to_list()
    return Canonical(hashlib.sha256("\n".join(lines.tolist()).encode()).hexdigest(), counts)
