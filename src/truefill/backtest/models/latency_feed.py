"""Order latency made from feed latency, for those who have recorded no orders yet."""

import numpy as np

from truefill.backtest.models.latency_recorded import ORDER_LATENCY
from truefill.core.errors import ConfigError
from truefill.core.events import EVENT, EXCH, LOCAL
from truefill.tape import Tape


def generate_order_latency(
    feed: Tape | np.ndarray,
    *,
    mul_entry: float = 1.0,
    offset_entry: float = 0.0,
    mul_resp: float = 1.0,
    offset_resp: float = 0.0,
    resampling_ns: int = 1_000_000_000,
) -> np.ndarray:
    """Make up recorded orders from the latency of the feed, as HftBacktest's function of that name.

    One order for each `resampling_ns` of local time in which something arrived, sent when the last event
    of that time arrived: its way out takes ``mul_entry x feed latency + offset_entry``, its way back
    ``mul_resp x feed latency + offset_resp``, cut to whole ns.

    Parameters
    ----------
    feed : Tape or EVENT[]
        Of events those count that are both the exchange's and ours, in the order of ``local_ts``.
    mul_entry, mul_resp : float
        Order latency for one ns of feed latency.
    offset_entry, offset_resp : float
        Added to each way, ns.
    resampling_ns : int
        At most one order in so many ns, counted from time 0.

    Returns
    -------
    ORDER_LATENCY[]
        For `InterpolatedLatency`, and for HftBacktest's ``intp_order_latency``.

    Raises
    ------
    ConfigError
        `resampling_ns` below 1, a number that is not finite, a feed that is neither tape nor events.
    """
    numbers = {
        "mul_entry": mul_entry,
        "offset_entry": offset_entry,
        "mul_resp": mul_resp,
        "offset_resp": offset_resp,
    }
    for name, value in numbers.items():
        if not np.isfinite(value):
            raise ConfigError("a finite number", value, f"generate_order_latency: {name}")
    if resampling_ns < 1:
        raise ConfigError("resampling_ns of 1 or more", resampling_ns, "generate_order_latency")
    exch_ts, local_ts = _times(feed)
    last = np.ones(len(local_ts), bool)
    last[:-1] = local_ts[1:] // resampling_ns != local_ts[:-1] // resampling_ns
    exch_ts, local_ts = exch_ts[last], local_ts[last]
    latency = local_ts - exch_ts
    rows = np.zeros(len(latency), ORDER_LATENCY)
    rows["req_ts"] = local_ts
    # HftBacktest adds in float64, in which a time of today has steps of 256 ns; whole numbers have none.
    rows["exch_ts"] = local_ts + np.trunc(mul_entry * latency + offset_entry).astype(np.int64)
    rows["resp_ts"] = rows["exch_ts"] + np.trunc(mul_resp * latency + offset_resp).astype(np.int64)
    return rows


def _times(feed: Tape | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Exchange and local times of what arrived, in the order in which it did."""
    if isinstance(feed, Tape):
        return np.asarray(feed.section("local.group_exch_ts")), np.asarray(feed.local.group_ts)
    if not isinstance(feed, np.ndarray) or feed.dtype != EVENT or feed.ndim != 1:
        raise ConfigError("a Tape or an array of EVENT", repr(feed), "generate_order_latency")
    both = np.uint64(EXCH | LOCAL)
    rows = feed[(feed["ev"] & both) == both]
    local_ts = np.ascontiguousarray(rows["local_ts"])
    late = local_ts[1:] < local_ts[:-1]
    if late.any():
        at = int(np.argmax(late)) + 1
        raise ConfigError(
            "events in the order of local_ts", int(local_ts[at]), f"generate_order_latency: {at}"
        )
    return np.ascontiguousarray(rows["exch_ts"]), local_ts
