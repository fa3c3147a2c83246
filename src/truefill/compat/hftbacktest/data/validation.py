"""HftBacktest's repair of event files: local times, the two orders of events, and a check of both.

truefill needs none of it: `truefill.build_tape` takes rows in any order and corrects the clock itself. It is
here for converters of one's own that were written for HftBacktest.
"""

import logging
from typing import Any

import numpy as np

from truefill.compat.hftbacktest.replaced import missing
from truefill.core.errors import DataError
from truefill.core.events import EVENT, EXCH, LOCAL
from truefill.core.jit import entry

_log = logging.getLogger(__name__)


def correct_local_timestamp(data: np.ndarray, base_latency: float) -> np.ndarray:
    """Shift all local times, in place, when some event arrived before it happened.

    Parameters
    ----------
    data : EVENT[n]
        Its ``local_ts`` is changed when the smallest latency is below zero: that one becomes `base_latency`.
    base_latency : float
        ns, cut to whole ones.

    Returns
    -------
    EVENT[n]
        `data` itself.
    """
    rows = require_events(data, "correct_local_timestamp")
    if not np.isfinite(base_latency):
        raise DataError("a finite base_latency", base_latency, "correct_local_timestamp")
    if len(rows):
        latency = int((rows["local_ts"] - rows["exch_ts"]).min())
        if latency < 0:
            # Whole numbers: in float64, in which HftBacktest adds, a time of today has steps of 256 ns.
            rows["local_ts"] += int(base_latency) - latency
            _log.warning(
                "the local clock was behind the exchange's by %d ns; local times were moved", -latency
            )
    return data


def correct_event_order(
    data: np.ndarray, sorted_exch_index: np.ndarray, sorted_local_index: np.ndarray
) -> np.ndarray:
    """Merge two orders of the same rows: one row where both agree, a row for each side where they do not.

    Parameters
    ----------
    data : EVENT[n]
    sorted_exch_index, sorted_local_index : int[n]
        Order of the rows by ``exch_ts`` and by ``local_ts``; best from a stable sort:
        ``np.argsort(data["exch_ts"], kind="stable")``.

    Returns
    -------
    EVENT[m]
        n <= m <= 2n. Rows with EXCH are in exchange order, those with LOCAL in local order.

    Raises
    ------
    DataError
        When an index is not one of all rows, or not in the order of its times.
    """
    rows = np.ascontiguousarray(require_events(data, "correct_event_order"))
    orders = []
    for name, index, time in (
        ("sorted_exch_index", sorted_exch_index, "exch_ts"),
        ("sorted_local_index", sorted_local_index, "local_ts"),
    ):
        # HftBacktest reads one place past the end of both, and so takes longer ones: n of them are used here.
        order = np.asarray(index)[: len(rows)]
        if order.dtype.kind not in "iu" or len(order) != len(rows) or order.ndim != 1:
            raise DataError(f"{len(rows)} row numbers as {name}", f"{len(order)} of {order.dtype}")
        order = order.astype(np.int64)
        if not (np.bincount(order[(order >= 0) & (order < len(rows))], minlength=len(rows)) == 1).all():
            raise DataError(f"each row once in {name}", "rows that are missing or there twice")
        if (np.diff(rows[time][order]) < 0).any():
            raise DataError(f"{name} in the order of {time}", "a time that goes back")
        orders.append(order)
    words = rows.view(np.int64).reshape(-1, EVENT.itemsize // 8)
    out = np.zeros(2 * len(rows), EVENT)
    return out[: _merge(rows, words, orders[0], orders[1], out)].copy()


def validate_event_order(data: np.ndarray) -> None:
    """Check that rows with EXCH are in the order of ``exch_ts``, those with LOCAL in that of ``local_ts``.

    Raises
    ------
    DataError
        With the first row that is not; it is a ValueError, too.
    """
    rows = require_events(data, "validate_event_order")
    for side, flag, time in (("exchange", EXCH, "exch_ts"), ("local", LOCAL, "local_ts")):
        chosen = np.flatnonzero(rows["ev"] & np.uint64(flag))
        backward = np.flatnonzero(np.diff(rows[time][chosen]) < 0)
        if len(backward):
            at = int(chosen[backward[0] + 1])
            raise DataError(
                f"{side} events in the order of {time}", f"{rows[time][at]} after a later one", f"row {at}"
            )


def require_events(data: object, where: str) -> np.ndarray:
    """Check that this is an array of events."""
    if not isinstance(data, np.ndarray) or data.dtype != EVENT or data.ndim != 1:
        got = f"{data.ndim}-D {data.dtype}" if isinstance(data, np.ndarray) else type(data)
        raise DataError("a one-dimensional array of events (event_dtype)", got, where)
    return data


@entry
def _merge(rows, words, by_exch, by_local, out):
    """Fill `out`, give its length; `words` are the rows as whole numbers, so that NaN equals NaN."""
    n = len(rows)
    i = 0
    j = 0
    k = 0
    while i < n or j < n:
        exch_first = j == n
        if i < n and j < n:
            a = by_exch[i]
            b = by_local[j]
            same = True
            for word in range(words.shape[1]):
                same = same and words[a, word] == words[b, word]
            if same:
                out[k] = rows[a]
                out[k]["ev"] |= np.uint64(EXCH | LOCAL)
                i += 1
                j += 1
                k += 1
                continue
            left = rows[a]["exch_ts"]
            right = rows[b]["exch_ts"]
            # Two different rows of the same times, from a sort that is not stable: exchange first.
            exch_first = left < right or (left == right and rows[a]["local_ts"] <= rows[b]["local_ts"])
        if exch_first:
            out[k] = rows[by_exch[i]]
            out[k]["ev"] |= np.uint64(EXCH)
            i += 1
        else:
            out[k] = rows[by_local[j]]
            out[k]["ev"] |= np.uint64(LOCAL)
            j += 1
        k += 1
    return k


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
