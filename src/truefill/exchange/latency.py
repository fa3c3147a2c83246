"""How long messages take in the matching engine: histograms, closed and open loop."""

import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import ConfigError, InputError, shown
from truefill.core.histogram import Histogram
from truefill.core.matching import Engine
from truefill.core.matching_timing import run_empty, run_timed
from truefill.core.matching_types import DONE, MESSAGE, REPORT, REPORTS_FULL
from truefill.exchange.processor_clock import ns_per_cycle

_ROOM = 1 << 14  # reports of one message, in a piece
_EMPTY = 100_000


class Latency(NamedTuple):
    """What was measured.

    Attributes
    ----------
    histogram : Histogram
        ns of each message in the engine; in an open loop from when it was due.
    cost_ns : float
        Mean of measuring nothing: so much of each is the measurement's own.
    seconds : float
        Of the whole.
    """

    histogram: Histogram
    cost_ns: float
    seconds: float

    def summary(self) -> dict[str, float]:
        """Quantiles as of `Histogram.summary`, the cost, and messages a second."""
        return {
            **self.histogram.summary(),
            "cost": self.cost_ns,
            "messages_per_second": self.histogram.count / self.seconds if self.seconds else float("nan"),
        }


def measure_latency(engine: Engine, orders: NDArray[Any], *, rate: float | None = None) -> Latency:
    """Take messages one by one, and time each.

    Parameters
    ----------
    engine : Engine
        Takes them: it is changed. Its `reports` are not kept.
    orders : ndarray of MESSAGE, shape (n,)
    rate : float, optional
        Messages a second, at fixed distances, each timed from when it was due (open loop); by default each
        comes when the one before is done.

    Returns
    -------
    Latency
        The time of a message for which an array had to grow counts from when it is begun again; in an open
        loop from when it was due.

    Raises
    ------
    InputError
        `orders` are none.
    ConfigError
        The rate is not above 0.
    """
    if not isinstance(orders, np.ndarray) or orders.dtype != MESSAGE or orders.ndim != 1:
        raise InputError("a one-dimensional array of MESSAGE records", shown(orders))
    if rate is not None and not 0.0 < rate < 1e9:
        raise ConfigError("a rate above 0, messages a second", shown(rate), "measure_latency")
    orders = np.ascontiguousarray(orders)
    scale = ns_per_cycle()
    interval = 0.0 if rate is None or scale == 0.0 else 1e9 / rate / scale
    histogram, reports = Histogram(), np.zeros(_ROOM, REPORT)
    done, start, count = 0, 0, len(orders)
    begin = time.perf_counter()
    while done < count:
        address = orders.ctypes.data + done * MESSAGE.itemsize
        finished, why, start = run_timed(
            engine._address, address, count - done, reports.ctypes.data, _ROOM,
            histogram.counts, scale, done, interval, start,
        )  # fmt: skip
        done += finished
        if why == REPORTS_FULL:  # the engine goes on with the rest of this message's trades
            continue
        if why != DONE:
            engine._make_room(why)
    seconds = time.perf_counter() - begin
    empty = Histogram()
    run_empty(empty.counts, 1000, scale)
    empty.clear()
    begin_empty = time.perf_counter_ns()
    run_empty(empty.counts, _EMPTY, scale)
    cost = (time.perf_counter_ns() - begin_empty) / _EMPTY
    return Latency(histogram, cost, seconds)
