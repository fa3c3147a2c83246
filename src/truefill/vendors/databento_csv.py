"""Databento's MBO records from CSV: prices as decimals or as integers of 1e-9, times as text or as ns."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from truefill.core.errors import DataError
from truefill.vendors import table_kernels as k
from truefill.vendors.databento_records import Records
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
_NEEDED = ("ts_recv", "ts_event", "action", "side", "size", "order_id", "flags")
_SYMBOL = "symbol"


def records(path: Path, wanted: int | str | None, progress: Progress | None) -> Iterator[Records]:
    """Records of the wanted instrument, or of all."""
    columns = _columns(path, wanted)
    for block in read_table(path, lambda head: columns, progress):
        c = block.columns
        price = c["price"] if "price" in c else c["price_1e9"]
        instrument = c.get("instrument_id")
        fields = Records(
            ts_recv=c["ts_recv"],
            ts_event=c["ts_event"],
            action=c["action"],
            side=c["side"],
            price=price,
            size=c["size"],
            order_id=c["order_id"],
            flags=c["flags"],
            sequence=c.get("sequence", np.zeros(len(price), np.int64)),
            lines=block.lines,
            instrument=instrument,
        )
        if wanted is None:
            yield fields
            continue
        mine = (c[_SYMBOL] == text_hash(wanted)) if isinstance(wanted, str) else (instrument == wanted)
        yield fields.only(np.asarray(mine))


def _columns(path: Path, wanted: int | str | None) -> list[Column]:
    """What each column holds, by the names in the first line and the look of the first price."""
    blocks = (text.decode("utf-8", "replace") for text, _ in line_blocks(path))
    head, *lines = next(blocks, "").removeprefix("\ufeff").splitlines() or [""]
    names = head.split(",")
    missing = [name for name in _NEEDED if name not in names]
    if missing or not {"price", "price_1e9"} & set(names):
        raise DataError(
            f"a first line that names {', '.join(_NEEDED)} and price", repr(head[:120]), f"{path}:1"
        )
    needed = {str: _SYMBOL, int: "instrument_id"}.get(type(wanted))
    if needed is not None and needed not in names:
        raise DataError(f"a column {needed} to find {wanted!r} by", repr(head[:120]), f"{path}:1")
    kinds = dict(_KINDS)
    if "price" in names:
        at = names.index("price")
        rows = chain(lines, chain.from_iterable(text.splitlines() for text in blocks))
        prices = (fields[at] for row in rows if len(fields := row.split(",")) > at)
        first = next((price for price in prices if price), ".")
        kinds["price"] = (k.OPTIONAL, 9 if "." in first else 0)  # pretty, or whole 1e-9
    if not isinstance(wanted, str):
        kinds.pop(_SYMBOL)
    return [Column(name, *kinds.get(name, (k.SKIPPED, 0))) for name in names]
