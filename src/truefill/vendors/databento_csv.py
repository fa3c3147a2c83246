"""Databento's records from CSV: prices as decimals or as integers of 1e-9, times as text or as ns."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError
from truefill.vendors import table_kernels as k
from truefill.vendors.databento_records import BBO, LEVELS, MBO, MBP_1, MBP_10, SCHEMAS, TRADES, Records
from truefill.vendors.reader import Progress
from truefill.vendors.table import Column, line_blocks, read_table, text_hash

_KINDS = {
    "ts_recv": (k.TIME, 0),
    "ts_event": (k.TIME, 0),
    "action": (k.WORD, 0),
    "side": (k.WORD, 0),
    "price": (k.OPTIONAL, 9),
    "price_1e9": (k.OPTIONAL, 0),
    "size": (k.NUMBER, 0),
    "order_id": (k.UNSIGNED, 0),
    "flags": (k.NUMBER, 0),
    "sequence": (k.NUMBER, 0),
    "instrument_id": (k.NUMBER, 0),
    "symbol": (k.TEXT, 0),
}
_NEEDED = {
    MBO: ("ts_recv", "ts_event", "action", "side", "size", "order_id", "flags"),
    TRADES: ("ts_recv", "ts_event", "action", "side", "size", "flags"),
    MBP_1: ("ts_recv", "ts_event", "action", "side", "size", "flags"),
    MBP_10: ("ts_recv", "ts_event", "action", "side", "size", "flags"),
    BBO: ("ts_recv",),
}
# A name that only this schema has, of those that are not read.
_OTHERS = {
    "open": "ohlcv",
    "stat_type": "statistics",
    "security_update_action": "definition",
    "is_trading": "status",
    "ref_price": "imbalance",
    "bid_pb_00": "cmbp-1, tcbbo or cbbo",
}
_SYMBOL = "symbol"
_FIELDS = ("bid_px", "ask_px", "bid_sz", "ask_sz")


def schema(path: Path) -> str:
    """Schema of a file, by the names in its first line.

    Raises
    ------
    DataError
        One that is not read.
    """
    _, names = _head(path)
    for name, other in _OTHERS.items():
        if name in names:
            raise DataError(f"records of the schema {SCHEMAS}", other, f"{path}:1")
    # by any column of a level, so that one that is missing is told, and not taken for another schema
    if any(f"{field}_00" in names for field in _FIELDS):
        if "action" not in names:
            return BBO
        return MBP_10 if any(f"{field}_09" in names for field in _FIELDS) else MBP_1
    if "order_id" in names or "depth" not in names:
        return MBO
    return TRADES


def records(path: Path, wanted: int | str | None, progress: Progress | None) -> Iterator[Records]:
    """Records of the wanted instrument, or of all."""
    its = schema(path)
    columns = _columns(path, its, wanted)
    for block in read_table(path, lambda head: columns, progress):
        fields = _records(block.columns, block.lines, its)
        if wanted is None:
            yield fields
            continue
        if isinstance(wanted, str):
            mine = block.columns[_SYMBOL] == text_hash(wanted)
        else:
            mine = block.columns["instrument_id"] == wanted
        yield fields.only(np.asarray(mine))


def _records(c: dict[str, NDArray[np.int64]], lines: NDArray[np.int64], its: str) -> Records:
    nothing = np.zeros(len(lines), np.int64)
    levels = range(LEVELS.get(its, 0))

    def both(bids: str, asks: str) -> NDArray[np.int64]:
        return np.stack([[c[f"{name}_{n:02}"] for n in levels] for name in (bids, asks)]).transpose(2, 0, 1)

    return Records(
        ts_recv=c["ts_recv"],
        ts_event=c["ts_event"] if its != BBO else c["ts_recv"],
        action=c.get("action", nothing),
        side=c.get("side", nothing),
        price=c["price"] if "price" in c else c.get("price_1e9", nothing),
        size=c.get("size", nothing),
        order_id=c.get("order_id", nothing),
        flags=c.get("flags", nothing),
        sequence=c.get("sequence", nothing),
        lines=lines,
        instrument=c.get("instrument_id"),
        px=both("bid_px", "ask_px") if levels else None,
        qty=both("bid_sz", "ask_sz") if levels else None,
    )


def _head(path: Path) -> tuple[str, list[str]]:
    text, _ = next(line_blocks(path), (b"", 1))
    head = text.partition(b"\n")[0].decode("utf-8", "replace").strip("\r\ufeff")
    return head, head.split(",")


def _columns(path: Path, its: str, wanted: int | str | None) -> list[Column]:
    """What each column holds, by the names in the first line and the look of the first price."""
    head, names = _head(path)
    needed = [*_NEEDED[its], *(f"{field}_{n:02}" for n in range(LEVELS.get(its, 0)) for field in _FIELDS)]
    missing = [name for name in needed if name not in names]
    if missing or (its != BBO and not {"price", "price_1e9"} & set(names)):
        also = "" if its == MBO else f" ({its}; missing: {', '.join(missing) or 'price'})"
        raise DataError(
            f"a first line that names {', '.join(_NEEDED[its])} and price{also}",
            repr(head[:120]),
            f"{path}:1",
        )
    chosen = {str: _SYMBOL, int: "instrument_id"}.get(type(wanted))
    if chosen is not None and chosen not in names:
        raise DataError(f"a column {chosen} to find {wanted!r} by", repr(head[:120]), f"{path}:1")
    kinds = dict(_KINDS)
    prices = [name for name in names if name == "price" or name[:7] in ("bid_px_", "ask_px_")]
    places = _places(path, [names.index(name) for name in prices]) if prices else 0
    kinds |= dict.fromkeys(prices, (k.OPTIONAL, places))
    kinds |= {name: (k.NUMBER, 0) for name in names if name[:7] in ("bid_sz_", "ask_sz_")}
    if its == BBO:
        # The last trade, which may be none: not read.
        kinds = {
            name: kind for name, kind in kinds.items() if name not in ("ts_event", "price", "size", "side")
        }
    if not isinstance(wanted, str):
        kinds.pop(_SYMBOL)
    return [Column(name, *kinds.get(name, (k.SKIPPED, 0))) for name in names]


def _places(path: Path, at: Sequence[int]) -> int:
    """Decimal places of prices: 9 if the first one has a point, else they are whole 1e-9."""
    blocks = (text.decode("utf-8", "replace") for text, _ in line_blocks(path))
    lines = chain.from_iterable(text.splitlines() for text in blocks)
    next(lines, "")
    fields = (row.split(",") for row in lines)
    first = next((row[i] for row in fields for i in at if len(row) > i and row[i]), ".")
    return 9 if "." in first else 0
