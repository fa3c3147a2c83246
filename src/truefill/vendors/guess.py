"""Which format an order-by-order file has, told by its name and its first line."""

import re
from os import PathLike
from pathlib import Path
from typing import Literal

from truefill.core.errors import DataError
from truefill.vendors.databento_dbn import is_dbn
from truefill.vendors.lobster import lobster_name
from truefill.vendors.table import line_blocks

Format = Literal["lobster", "databento", "bitstamp", "bitfinex"]
FORMATS: tuple[Format, ...] = ("lobster", "databento", "bitstamp", "bitfinex")

_LOOKS: tuple[tuple[Format, re.Pattern[str]], ...] = (
    ("databento", re.compile(r"(?=.*\bts_event\b)(?=.*\border_id\b)(?=.*\baction\b)")),
    ("bitstamp", re.compile(r"id,timestamp,exchange\.timestamp,|\d{13} (order_\w+|trade) \{")),
    ("bitfinex", re.compile(r'\{"event":"|\[\d+,(\[|")')),
    ("lobster", re.compile(r"\d{1,5}(\.\d{1,9})?,[1-7],\d+,\d+,-?\d+,-?1(,|$)")),
)


def guess_format(path: str | PathLike[str]) -> Format | None:
    """Tell the format of a file; None when it looks like none of them.

    Raises
    ------
    DataError
        There is no such file, or it is damaged.
    """
    file = Path(path)
    if not file.is_file():
        raise DataError("a file", "none with this name", file)
    if is_dbn(file):
        return "databento"
    if lobster_name(file) is not None:
        return "lobster"
    text = next((text for text, _ in line_blocks(file)), b"")
    line = text.partition(b"\n")[0][:1000].decode("utf-8", "replace").strip("\r\ufeff")
    return next((name for name, look in _LOOKS if look.match(line)), None)
