"""Which format a file has, told by its name and its first line."""

from os import PathLike
from pathlib import Path

from truefill.core.errors import DataError
from truefill.vendors.formats import FORMATS
from truefill.vendors.packed import first_line


def guess_format(path: str | PathLike[str]) -> str | None:
    """Tell the format of a file; None when it looks like none of them.

    Raises
    ------
    DataError
        There is no such file, or it is damaged.
    """
    file = Path(path)
    if not file.is_file():
        raise DataError("a file", "none with this name", file)
    line = first_line(file)
    return next((format.name for format in FORMATS if format.looks(file, line)), None)
