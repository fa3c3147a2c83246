"""Histograms of durations in fixed memory: log buckets, quantiles to 1.6 %, one store a record.

A duration below 64 ns has a bucket of its own; above, each doubling is cut into 64 equal ones, up to 2^40 ns
(18 minutes). What is longer counts in the last bucket; `maximum` tells it exactly all the same. The layout is
that of Gil Tene's HdrHistogram. A histogram is one int64 array: compiled code records with
``record(counts, ns)``, and the histograms of several threads or processes are added with `Histogram.add`.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from truefill.core.bits import highest_bit
from truefill.core.errors import ConfigError, shown
from truefill.core.jit import entry, inlined

_SUB_BITS = 6
_SUB = 1 << _SUB_BITS  # buckets of a doubling
_BITS = 40  # durations from 2^40 ns on share the last bucket
BUCKETS = (_BITS - _SUB_BITS + 1) * _SUB

# What stands behind the buckets.
COUNT, TOTAL, MINIMUM, MAXIMUM = BUCKETS, BUCKETS + 1, BUCKETS + 2, BUCKETS + 3
SIZE = BUCKETS + 8  # whole cache lines

_NOTHING = np.iinfo(np.int64).max  # minimum of no records


def new_counts() -> np.ndarray:
    """An empty histogram: int64[SIZE]."""
    counts = np.zeros(SIZE, np.int64)
    counts[MINIMUM] = _NOTHING
    return counts


@inlined
def bucket_of(ns):
    """Number of the bucket that counts a duration of `ns` >= 0."""
    if ns < _SUB:
        return ns
    top = highest_bit(ns)
    if top >= _BITS:
        return np.int64(BUCKETS - 1)
    shift = top - _SUB_BITS
    return (shift << _SUB_BITS) + (ns >> shift)


@inlined
def record(counts, ns):
    """Count one duration, ns; one below 0 (a clock that stepped back) counts as 0."""
    ns = max(np.int64(ns), np.int64(0))
    counts[bucket_of(ns)] += 1
    counts[COUNT] += 1
    counts[TOTAL] += ns
    counts[MINIMUM] = min(counts[MINIMUM], ns)
    counts[MAXIMUM] = max(counts[MAXIMUM], ns)


@entry
def _record_all(counts, durations):
    for i in range(len(durations)):
        record(counts, durations[i])


def bucket_ends() -> np.ndarray:
    """Longest duration that each bucket counts, ns: int64[BUCKETS]. Of the last one: 2^40 - 1."""
    number = np.arange(BUCKETS, dtype=np.int64)
    shift = np.maximum((number >> _SUB_BITS) - 1, 0)
    first = np.where(number < _SUB, number, ((number & (_SUB - 1)) + _SUB) << shift)
    ends: np.ndarray = first + (np.int64(1) << shift) - 1
    return ends


class Histogram:
    """Durations in ns, counted.

    Parameters
    ----------
    counts : int64[SIZE], optional
        Counts of compiled code, which are looked at and not copied; by default none yet.

    Attributes
    ----------
    counts : int64[SIZE]
        What compiled code records into.
    """

    def __init__(self, counts: np.ndarray | None = None) -> None:
        if counts is not None and (counts.dtype != np.int64 or counts.shape != (SIZE,)):
            raise ConfigError(f"counts int64[{SIZE}]", f"{counts.dtype}{list(counts.shape)}", "Histogram")
        self.counts = new_counts() if counts is None else counts

    def record(self, ns: int | Iterable[int] | np.ndarray) -> None:
        """Count a duration, or many (int64[n]); below 0 counts as 0."""
        durations = np.atleast_1d(np.asarray(ns if not isinstance(ns, Iterable) else list(ns), np.int64))
        _record_all(self.counts, durations)

    def add(self, other: "Histogram") -> None:
        """Add the counts of another histogram to this one's."""
        low = min(self.counts[MINIMUM], other.counts[MINIMUM])
        high = max(self.counts[MAXIMUM], other.counts[MAXIMUM])
        self.counts += other.counts
        self.counts[MINIMUM], self.counts[MAXIMUM] = low, high

    def clear(self) -> None:
        """Forget everything."""
        self.counts[:] = 0
        self.counts[MINIMUM] = _NOTHING

    @property
    def count(self) -> int:
        """Durations so far."""
        return int(self.counts[COUNT])

    @property
    def mean(self) -> float:
        """Exact mean, ns; NaN of none."""
        return float(self.counts[TOTAL] / self.counts[COUNT]) if self.count else float("nan")

    @property
    def total(self) -> int:
        """Exact sum, ns."""
        return int(self.counts[TOTAL])

    @property
    def minimum(self) -> int:
        """Exact, ns; 0 of none."""
        return int(self.counts[MINIMUM]) if self.count else 0

    @property
    def maximum(self) -> int:
        """Exact, ns; 0 of none."""
        return int(self.counts[MAXIMUM])

    def quantile(self, q: float) -> int:
        """Duration that a share `q` of all does not exceed, ns: its bucket's end, at most 1.6 % too long.

        Never beyond `maximum`; 0 of no durations.

        Raises
        ------
        ConfigError
            `q` is not in 0 to 1.
        """
        return self.quantiles([q])[0]

    def quantiles(self, shares: Sequence[float]) -> list[int]:
        """`quantile` of several shares."""
        for q in shares:
            if not 0.0 <= q <= 1.0:
                raise ConfigError("a share from 0 to 1", shown(q), "quantile")
        if not self.count:
            return [0] * len(shares)
        reached = np.cumsum(self.counts[:BUCKETS])
        total = int(reached[-1])
        ends = bucket_ends()
        ends[-1] = np.iinfo(np.int64).max  # the last bucket has no end
        found = []
        for q in shares:
            rank = min(max(int(np.ceil(q * total)), 1), total)
            bucket = int(np.searchsorted(reached, rank))
            found.append(max(min(int(ends[bucket]), self.maximum), self.minimum))
        return found

    def summary(self) -> dict[str, float]:
        """What people ask for: count, mean, min, p50, p90, p99, p99.9, p99.99, max; ns."""
        names = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999, "p99_99": 0.9999}
        quantiles = dict(zip(names, self.quantiles(list(names.values())), strict=True))
        return {
            "count": self.count,
            "mean": self.mean,
            "min": self.minimum,
            **quantiles,
            "max": self.maximum,
        }

    def cumulative(self, bounds: Sequence[int]) -> list[int]:
        """How many durations are at most each bound, ns: the buckets of a Prometheus histogram.

        A bound inside a bucket counts that bucket only from its end on: at most 1.6 % too long.
        """
        reached = np.concatenate([[0], np.cumsum(self.counts[:BUCKETS])])
        at = np.searchsorted(bucket_ends()[:-1], np.asarray(bounds, np.int64), side="right")
        return [int(n) for n in reached[at]]
