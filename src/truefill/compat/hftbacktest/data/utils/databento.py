"""HftBacktest's converter of Databento's market by order."""

import os
from typing import Any, Literal

import numpy as np

from truefill.compat.hftbacktest.data.utils.finishing import finish
from truefill.compat.hftbacktest.replaced import missing
from truefill.core.errors import ConfigError, DataError
from truefill.vendors import DatabentoReader, float_events, read_databento

__all__ = ["convert"]


def convert(
    input_file: str | os.PathLike[str],
    symbol: str | None,
    output_filename: str | os.PathLike[str] | None = None,
    base_latency: float = 0,
    file_type: Literal["mbo"] = "mbo",
) -> np.ndarray:
    """Convert a file of market by order, DBN or CSV.

    Parameters
    ----------
    input_file : path
        ``*.mbo.dbn.zst`` and its like.
    symbol : str or None
        Of several instruments the wanted one. None: the only one; a file of several is refused, which
        HftBacktest mixes.
    output_filename : path, optional
        A ``.npz`` file to write the events to.
    base_latency : float
        ns; see `correct_local_timestamp`.
    file_type : "mbo"

    Returns
    -------
    EVENT[]
        ``ival`` holds the record's flags. An order of which a part is cancelled is a MODIFY_ORDER with what
        is left; orders of a snapshot happen when it was taken.

    Raises
    ------
    DataError
        The file is missing, damaged, of another schema, or of several instruments.
    """
    if file_type != "mbo":
        raise ConfigError("mbo", repr(file_type), "file_type")
    reader = read_databento(input_file, instrument=symbol)
    if not isinstance(reader, DatabentoReader):
        raise DataError("market by order (mbo)", f"records of the schema {reader.schema}", input_file)
    parts = []
    for rows in reader:
        events = float_events(rows)
        events["ival"] = reader.flags
        parts.append(events)
    return finish(parts, base_latency, output_filename)


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
