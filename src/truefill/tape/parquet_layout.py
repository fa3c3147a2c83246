"""Events as Parquet: the layout for archive and exchange, readable by whatever reads Parquet.

One row an event, with the columns of HftBacktest's record and two more:

===================  ========  ==================================================================
ev, exch_ts,         u8, i8,   as `truefill.core.events` has them; times in UTC nanoseconds
local_ts             i8
px, qty              f8        price and quantity
order_id, ival       u8, i8
fval                 f8
px_text, qty_text    text      the number in full, where a float does not hold all its digits; else null
===================  ========  ==================================================================

A float holds every decimal of up to 15 digits: its shortest text is the number. So the two texts are nearly
always null, cost nothing, and the file is exact all the same (docs/decisions/2026-11-21-parquet.md).
Compressed with ZSTD, level 3; the metadata of the file say what it is (`ParquetHeader`).
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from truefill.core.events import EVENT

if TYPE_CHECKING:
    import pyarrow as pa

LAYOUT = "truefill.events"
SCHEMA_VERSION = "1"

ROW_GROUP_ROWS = 1 << 17
"""Rows of a row group: 8 MB of events. Measured from 2**15 to 2**20: smaller ones cost size, larger ones
memory and time; a filter by time skips all but the group it needs of the 77 of ten million events."""

COMPRESSION = {"compression": "zstd", "compression_level": 3}
TEXTS = {"px": "px_text", "qty": "qty_text"}


class ParquetHeader(NamedTuple):
    """What a file of events says about itself. Steps are decimal texts, empty where nobody gave them."""

    symbol: str
    venue: str
    tick_size: str
    lot_size: str
    events: int
    first_ts: int | None  # local, ns
    last_ts: int | None
    first_exch_ts: int | None
    last_exch_ts: int | None


def layout_of(path: str | os.PathLike[str]) -> str | None:
    """What a Parquet file calls its layout in its metadata, "" if it does not; None: no Parquet file."""
    with Path(path).open("rb") as file:
        if file.read(4) != b"PAR1":
            return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_metadata(path).metadata or {}
    except (OSError, pa.ArrowException):
        return LAYOUT  # whoever reads it as ours will say what is wrong with it
    return str(found.get(b"layout", b"").decode("utf-8", "replace"))


def schema() -> "pa.Schema":
    """Columns of a file of events."""
    import pyarrow as pa

    kinds = {"<u8": pa.uint64(), "<i8": pa.int64(), "<f8": pa.float64()}
    columns = [
        pa.field(name, kinds[EVENT.fields[name][0].str], nullable=False)  # type: ignore[index]
        for name in EVENT.names or ()
    ]
    return pa.schema([*columns, *(pa.field(name, pa.string()) for name in TEXTS.values())])
