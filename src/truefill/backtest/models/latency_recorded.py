"""Order latency from recorded orders: what an order took then is what an order takes now.

The rules are those of HftBacktest's ``IntpOrderLatency``, to the nanosecond: linear between two recorded
orders, by the time of the request on the way out and by the exchange's time on the way back; the first
and the last order's latency before and after them; a request between two orders of which one never
reached the exchange (``exch_ts`` 0 or less) is refused. The rows are read forward, one cursor for each
direction.
"""

import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from truefill.backtest.models.latency import SIGNATURE, check_ns
from truefill.backtest.models.user import USER_MODEL_FAILED
from truefill.backtest.records import REPORT, asset_at
from truefill.core.address import array_view, i64_view
from truefill.core.errors import ConfigError
from truefill.core.gate import truth
from truefill.core.jit import Callback, helper

ORDER_LATENCY = np.dtype(
    [("req_ts", "<i8"), ("exch_ts", "<i8"), ("resp_ts", "<i8"), ("_padding", "<i8")], align=True
)
"""One recorded order, 32 bytes, HftBacktest's layout: sent, reached the exchange, answered; UTC ns.

``exch_ts`` 0: it never reached the exchange, and ``resp_ts`` is when that was known.
"""

RECORDED_STATE = 4  # out, back: row where the last search ended; out, back: time that was asked for
_TIMES = ("req_ts", "exch_ts", "resp_ts")
_rows_at = array_view(ORDER_LATENCY)

Source = str | os.PathLike[str] | np.ndarray


@dataclass(frozen=True, eq=False)
class InterpolatedLatency:
    """Latency of recorded orders, interpolated.

    Parameters
    ----------
    recorded : ORDER_LATENCY[R] or path, or a sequence of them
        Orders in the order of `req_ts`: an array of HftBacktest's order-latency records, or of any with
        the fields ``req_ts``, ``exch_ts``, ``resp_ts`` in ns; or a ``.npz`` (array ``data``) or ``.npy``
        file of such. Several are joined.
    offset_ns : int
        Added to the way out, and again to the way back: HftBacktest's ``latency_offset`` of
        ``intp_order_latency``.
    overtaking : bool
        Whether messages may overtake each other, as over several connections; ties by the order of sending.
        By default one that would overtake another arrives together with it.

    Attributes
    ----------
    orders : int
        How many there are.
    rows : ORDER_LATENCY[orders]
        All of them, with the offset.

    Raises
    ------
    ConfigError
        No orders, orders not in the order of `req_ts`, or one that arrived before it was sent.
    """

    recorded: Source | Sequence[Source] = field(repr=False)
    offset_ns: int = 0
    overtaking: bool = field(default=False, kw_only=True)
    reports_position = False  # recorded orders do not tell of it
    orders: int = field(init=False)
    rows: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_ns(self.offset_ns, "InterpolatedLatency.offset_ns")
        truth(self.overtaking, "True or False", ConfigError, "InterpolatedLatency.overtaking")
        one = isinstance(self.recorded, str | os.PathLike | np.ndarray)
        recorded: Any = self.recorded
        given = [recorded] if one else list(recorded)
        rows = np.concatenate([np.empty(0, ORDER_LATENCY), *(_rows_of(source) for source in given)])
        reached = rows["exch_ts"] > 0
        rows["exch_ts"][reached] += self.offset_ns
        rows["resp_ts"] += 2 * self.offset_ns
        _check(rows)
        rows.flags.writeable = False
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "orders", len(rows))
        object.__setattr__(self, "recorded", ())  # the rows say it all, and may be the only copy

    def check_offset(self, offset_ns: int) -> None:
        """Raise ConfigError when orders would arrive before they left, seen from `offset_ns` further away."""
        reached = self.rows["exch_ts"] > 0
        rows = self.rows[reached]
        ways = (rows["exch_ts"] - rows["req_ts"], rows["resp_ts"] - rows["exch_ts"])
        least = min((int(way.min()) for way in ways if len(way)), default=0)
        if least + offset_ns < 0:
            wanted = "order latencies that the location's offset leaves at 0 ns or more"
            raise ConfigError(wanted, f"{least} ns {offset_ns:+} ns", "InterpolatedLatency")


def _rows_of(source: Source) -> np.ndarray:
    """A copy of recorded orders as ORDER_LATENCY."""
    where = "InterpolatedLatency"
    if isinstance(source, np.ndarray):
        data = source
    else:
        where = Path(source).name
        data = _load(Path(source))
    if data.ndim != 1 or not set(_TIMES) <= set(data.dtype.names or ()):
        raise ConfigError(
            f"one row of records with {', '.join(_TIMES)}", f"{data.dtype}, {data.ndim}-D", where
        )
    if any(data.dtype[name].kind not in "iu" for name in _TIMES):
        raise ConfigError("times in whole nanoseconds", data.dtype, where)
    rows = np.zeros(len(data), ORDER_LATENCY)
    for name in _TIMES:
        rows[name] = data[name]
    return rows


def _load(path: Path) -> np.ndarray:
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return loaded
            if "data" not in loaded.files:
                raise ConfigError("an array called data", ", ".join(loaded.files) or "none", path)
            return np.asarray(loaded["data"])
    except FileNotFoundError:
        raise ConfigError("a file of recorded orders", "no such file", path) from None
    except ConfigError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError("a .npz or .npy file of recorded orders", error, path) from error


def _check(rows: np.ndarray) -> None:
    """Refuse what HftBacktest would take for something else."""
    where = "InterpolatedLatency"
    if len(rows) == 0:
        raise ConfigError("at least one recorded order", "none", where)
    late = rows["req_ts"][1:] < rows["req_ts"][:-1]
    if late.any():
        at = int(np.argmax(late)) + 1
        raise ConfigError("orders in the order of req_ts", int(rows["req_ts"][at]), f"{where}: row {at}")
    reached = rows["exch_ts"] > 0
    if not reached.any():
        raise ConfigError("at least one order that reached the exchange", "none", where)
    bad = np.where(
        reached,
        (rows["exch_ts"] < rows["req_ts"]) | (rows["resp_ts"] < rows["exch_ts"]),
        rows["resp_ts"] < rows["req_ts"],
    )
    if bad.any():
        at = int(np.argmax(bad))
        times = ", ".join(f"{name} {int(rows[name][at])}" for name in _TIMES)
        wanted = "req_ts <= exch_ts <= resp_ts (offset_ns can mend two clocks that disagree)"
        raise ConfigError(wanted, times, f"{where}: row {at}")


@helper
def _between(x, x1, y1, x2, y2):
    """A line through two points, cut to whole ns toward zero, in HftBacktest's order of operations."""
    return np.int64(np.float64(y2 - y1) / np.float64(x2 - x1) * np.float64(x - x1)) + y1


@helper
def _whole_way(row):
    return row["resp_ts"] - row["req_ts"]


@helper
def _way_out(row):
    if row["exch_ts"] <= 0:
        return min(-_whole_way(row), -1)
    return row["exch_ts"] - row["req_ts"]


@helper
def _search_from(cursor, way, timestamp):
    """Row to search from: where the last search ended, unless time went back (as at the end of the data)."""
    at = cursor[way] if timestamp >= cursor[2 + way] else np.int64(0)
    cursor[2 + way] = timestamp
    return at


@helper
def _entry(rows, cursor, timestamp):
    """Latency of a request that leaves at `timestamp`; below zero: refused."""
    first = rows[0]
    if timestamp < first["req_ts"]:
        return _way_out(first)
    at = _search_from(cursor, 0, timestamp)
    while at + 1 < len(rows):
        row = rows[at]
        after = rows[at + 1]
        x1 = row["req_ts"]
        x2 = after["req_ts"]
        if x1 <= timestamp < x2:
            cursor[0] = at
            if row["exch_ts"] <= 0 or after["exch_ts"] <= 0:
                return min(-_between(timestamp, x1, _whole_way(row), x2, _whole_way(after)), -1)
            return _between(timestamp, x1, row["exch_ts"] - x1, x2, after["exch_ts"] - x2)
        at += 1
    cursor[0] = at
    return _way_out(rows[at])


@helper
def _response(rows, cursor, timestamp):
    """Latency of a message that leaves the exchange at `timestamp`.

    A row without `exch_ts` stands at time 0 with its answer's time as latency: what leaves between it and
    the next good row arrives about when that row's answer did.
    """
    first = rows[0]
    if timestamp < first["exch_ts"]:
        return first["resp_ts"] - first["exch_ts"]
    at = _search_from(cursor, 1, timestamp)
    while at + 1 < len(rows):
        row = rows[at]
        after = rows[at + 1]
        x1 = row["exch_ts"]
        x2 = after["exch_ts"]
        if x1 <= timestamp < x2:
            cursor[1] = at
            return _between(timestamp, x1, row["resp_ts"] - x1, x2, after["resp_ts"] - x2)
        at += 1
    cursor[1] = at
    while rows[at]["exch_ts"] <= 0:  # some row has one
        at -= 1
    return rows[at]["resp_ts"] - rows[at]["exch_ts"]


def _latency(kind, timestamp, asset_address):
    try:
        a = asset_at(asset_address)
        rows = _rows_at(a["latency_params_addr"], a["latency_params_len"])
        cursor = i64_view(a["latency_state_addr"], RECORDED_STATE)
        if kind >= REPORT:
            a["model_out_i"] = _response(rows, cursor, timestamp)
        else:
            a["model_out_i"] = _entry(rows, cursor, timestamp)
        return 0
    except Exception:
        return USER_MODEL_FAILED


interpolated_latency = Callback(_latency, SIGNATURE)
