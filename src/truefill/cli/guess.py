"""Which venue and symbol a recording is of, told from its first messages; for `demo --data` only.

`convert` does not guess: there the user says what the data should be, and anything else is an error.
"""

import gzip
import itertools
import json
import zlib
from pathlib import Path
from typing import Any

from truefill.core.errors import DataError

_LINES = 5000


def guess_market(path: Path) -> tuple[str, str]:
    """Tell venue and the venue's symbol from the first depth difference of a recording.

    Returns
    -------
    tuple of (str, str)
        E.g. ``("binance-usdm", "BTCUSDT")``.

    Raises
    ------
    DataError
        If there is no depth difference among the first lines, or the file cannot be read.
    """
    opened = gzip.open if _is_gzip(path) else open
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for line in itertools.islice(lines, _LINES):
                message = _message(line)
                if message.get("e") == "depthUpdate" and isinstance(message.get("s"), str):
                    return _venue(message), message["s"]
    except FileNotFoundError:
        raise DataError("a recording", "no such file", path) from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError("a recording of market data", error, path) from None
    raise DataError(
        "a Binance depth stream among the first lines (or say --venue and --symbol)", "none", path
    )


def _is_gzip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"\x1f\x8b"
    except FileNotFoundError:
        raise DataError("a recording", "no such file", path) from None
    except OSError as error:
        raise DataError("a recording", error.strerror or error, path) from None


def _message(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line.partition(" ")[2])
    except ValueError:
        return {}
    if isinstance(value, dict) and isinstance(value.get("data"), dict):
        value = value["data"]
    return value if isinstance(value, dict) else {}


def _venue(depth: dict[str, Any]) -> str:
    if "pu" not in depth:
        return "binance-spot"  # futures say which update a difference follows, spot does not
    return (
        "binance-coinm" if "ps" in depth else "binance-usdm"
    )  # only COIN-M names the pair beside the symbol
