"""Prices and rates over time from a CSV or Parquet file, for the settings of a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

ENDINGS = (".csv", ".parquet")
TIMES = ("ts", "local_ts")


def is_series_file(name: str) -> bool:
    """Whether a setting names a file, by its ending."""
    return name.lower().endswith(ENDINGS)


def read_series(path: Path, value: str, where: str) -> tuple[Any, ...]:
    """Read times and values.

    Parameters
    ----------
    path : Path
        With the columns ``ts``, `value` and, where they arrive later here, ``local_ts``. Times are whole
        nanoseconds since 1970 (UTC), or dates with times.
    value : str
        Name of the column of values: ``"price"`` or ``"rate"``.
    where : str
        The settings' file and key, for errors.

    Returns
    -------
    tuple of arrays
        (times, values) or (times at the exchange, values, local times), as `Asset.mark` takes them.

    Raises
    ------
    ConfigError
        No such file or column, or a value that is none; with the row.
    """
    import polars as pl

    place = f"{where}: {path.name}"
    try:
        if path.suffix.lower() == ".csv":
            table = pl.read_csv(path, try_parse_dates=True)
        else:
            table = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        got = "no such file" if not path.exists() else reason
        raise ConfigError(f"a {path.suffix} file with the columns ts and {value}", got, place) from None
    times = [name for name in TIMES if name in table.columns]
    for name in ("ts", value):
        if name not in table.columns:
            got = ", ".join(table.columns) or "no column"
            raise ConfigError(f"the columns ts and {value}, and local_ts if times differ", got, place)
    if len(table) == 0:
        raise ConfigError("at least one row", "none", place)
    arrays = {name: _times(table[name], place) for name in times}
    values = table[value]
    if not values.dtype.is_numeric():
        raise ConfigError(f"numbers in the column {value}", _first_text(values), place)
    _no_nulls(values, place)
    found = (arrays["ts"], values.cast(pl.Float64).to_numpy())
    return (*found, arrays["local_ts"]) if "local_ts" in arrays else found


def _times(column: "pl.Series", place: str) -> "np.ndarray":
    """A column of times as nanoseconds since 1970, UTC."""
    import polars as pl

    _no_nulls(column, place)
    if isinstance(column.dtype, pl.Datetime):
        column = column.dt.cast_time_unit("ns").cast(pl.Int64)
    elif column.dtype == pl.Date:
        column = column.cast(pl.Datetime("ns")).cast(pl.Int64)
    elif not column.dtype.is_integer():
        wanted = f"whole nanoseconds since 1970, or dates with times, in the column {column.name}"
        raise ConfigError(wanted, _first_text(column), place)
    return column.cast(pl.Int64).to_numpy()


def _no_nulls(column: "pl.Series", place: str) -> None:
    if column.null_count():
        row = int(column.is_null().arg_max() or 0) + 1
        raise ConfigError(f"a value in each row of the column {column.name}", f"none in row {row}", place)


def _first_text(column: "pl.Series") -> str:
    return f"{column[0]!r} in row 1"
