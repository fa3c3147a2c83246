"""Order latency drawn from distributions, with a seed.

The n-th message of a kind of an asset gets its latency from a hash of seed, asset, kind and n (Philox
4x32-10, Salmon et al. 2011). So a draw depends neither on what else was asked for, nor on threads, and a
run repeats to the byte, compiled and interpreted; two runs that differ only in what they cancel still see
equal latencies on their placements.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from truefill.backtest.models.latency import LONGEST_SETTING, SIGNATURE, check_ns
from truefill.backtest.models.user import USER_MODEL_FAILED
from truefill.backtest.records import MESSAGE_KINDS, asset_at
from truefill.core.address import f64_view, i64_view
from truefill.core.errors import ConfigError
from truefill.core.gate import truth
from truefill.core.jit import Callback, helper

FIXED, LOGNORMAL, GAMMA, QUANTILES = 0.0, 1.0, 2.0, 3.0
_LONGEST = 1e18
_ATTEMPTS = 1000
_HEAD = 6  # words of one kind: distribution, three numbers, start and length of its table


@dataclass(frozen=True, slots=True)
class Lognormal:
    """`minimum_ns` plus a lognormal time: most messages near the median, a long tail.

    Parameters
    ----------
    median_ns : float
        Median of the time above the minimum, ns.
    sigma : float
        Standard deviation of its logarithm; 0.3 is calm, 1 is wild.
    minimum_ns : float
        No message is faster, ns: the length of the cable.
    """

    median_ns: float
    sigma: float
    minimum_ns: float = 0.0

    def __post_init__(self) -> None:
        _check_numbers(self, ("median_ns", "minimum_ns"), least=0.0)
        if not (math.isfinite(self.sigma) and 0 <= self.sigma <= 10):
            raise ConfigError("sigma from 0 to 10", self.sigma, "Lognormal.sigma")

    def words(self) -> tuple[float, ...]:
        """Distribution and numbers, as the kernel reads them."""
        return LOGNORMAL, float(self.minimum_ns), float(self.median_ns), float(self.sigma)


@dataclass(frozen=True, slots=True)
class Gamma:
    """`minimum_ns` plus a gamma-distributed time.

    Parameters
    ----------
    mean_ns : float
        Mean of the time above the minimum, ns.
    shape : float
        1 is exponential; the larger, the nearer to the mean (standard deviation: mean / sqrt(shape)).
    minimum_ns : float
        No message is faster, ns.
    """

    mean_ns: float
    shape: float = 1.0
    minimum_ns: float = 0.0

    def __post_init__(self) -> None:
        _check_numbers(self, ("mean_ns", "minimum_ns"), least=0.0)
        if not (math.isfinite(self.shape) and 0.01 <= self.shape <= 1e6):
            raise ConfigError("a shape from 0.01 to 1000000", self.shape, "Gamma.shape")

    def words(self) -> tuple[float, ...]:
        """Distribution and numbers, as the kernel reads them."""
        return GAMMA, float(self.minimum_ns), float(self.mean_ns) / float(self.shape), float(self.shape)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """What was measured: a table of quantiles, linear in between.

    Parameters
    ----------
    shares : sequence of float
        Ascending, the first 0, the last 1.
    values_ns : sequence of float
        The latency that this share of all messages does not exceed, ns, ascending.
    """

    shares: Sequence[float]
    values_ns: Sequence[float]

    def __post_init__(self) -> None:
        where = "Quantiles"
        shares, values = (np.asarray(x, np.float64) for x in (self.shares, self.values_ns))
        if shares.ndim != 1 or shares.shape != values.shape or len(shares) < 2:
            raise ConfigError(
                "as many values as shares, two or more", f"{values.shape}, {shares.shape}", where
            )
        if not (shares[0] == 0.0 and shares[-1] == 1.0 and (np.diff(shares) > 0).all()):
            raise ConfigError("shares that ascend from 0 to 1", list(self.shares), where)
        if not ((np.diff(values) >= 0).all() and values[0] >= 0 and values[-1] <= LONGEST_SETTING):
            raise ConfigError("ascending latencies from 0 ns to 11 days", list(self.values_ns), where)

    @classmethod
    def of(cls, sample_ns: Any, points: int = 101) -> "Quantiles":
        """The table of a sample of latencies, ns, at `points` equidistant shares."""
        sample = np.asarray(sample_ns, np.float64)
        if sample.ndim != 1 or len(sample) == 0 or not np.isfinite(sample).all():
            raise ConfigError("a sample of finite latencies", repr(sample_ns), "Quantiles.of")
        shares = np.linspace(0.0, 1.0, max(int(points), 2))
        return cls(tuple(shares.tolist()), tuple(np.quantile(sample, shares).tolist()))

    def words(self) -> tuple[float, ...]:
        """Distribution and numbers, as the kernel reads them."""
        return QUANTILES, 0.0, 0.0, 0.0


Distribution = Lognormal | Gamma | Quantiles


def _check_numbers(model: Any, names: tuple[str, ...], least: float) -> None:
    for name in names:
        value = getattr(model, name)
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise ConfigError("a number of ns", repr(value), f"{type(model).__name__}.{name}")
        if not least <= float(value) <= LONGEST_SETTING:
            raise ConfigError("from 0 ns to 11 days", value, f"{type(model).__name__}.{name}")


@dataclass(frozen=True, slots=True)
class DrawnLatency:
    """Latency drawn anew for each message.

    Parameters
    ----------
    entry, response : Lognormal, Gamma, Quantiles or int
        Of requests and of what comes back; a plain number of ns is constant.
    seed : int
        0 to 2**64 - 1. Equal seeds give equal runs.
    place, modify, cancel, fill : Lognormal, Gamma, Quantiles or int, optional
        For one kind of message, instead of `entry` or `response`.
    position : Lognormal, Gamma, Quantiles or int, optional
        For reports of the position as messages of their own, one for each execution. By default position,
        balance and fees change with the message that reports the execution to its order.
    overtaking : bool
        Whether messages may overtake each other, as over several connections; ties by the order of sending.
        By default one that would overtake another arrives together with it.

    Notes
    -----
    Each draw is independent of the one before. Without `overtaking` a slow message holds up those behind it.
    """

    entry: Distribution | int
    response: Distribution | int
    seed: int = field(default=0, kw_only=True)
    place: Distribution | int | None = field(default=None, kw_only=True)
    modify: Distribution | int | None = field(default=None, kw_only=True)
    cancel: Distribution | int | None = field(default=None, kw_only=True)
    fill: Distribution | int | None = field(default=None, kw_only=True)
    position: Distribution | int | None = field(default=None, kw_only=True)
    overtaking: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int | np.integer):
            raise ConfigError("a whole number as seed", repr(self.seed), "DrawnLatency.seed")
        if not 0 <= self.seed < 1 << 64:
            raise ConfigError("a seed from 0 to 2**64 - 1", self.seed, "DrawnLatency.seed")
        truth(self.overtaking, "True or False", ConfigError, "DrawnLatency.overtaking")
        for name in ("entry", "response", "place", "modify", "cancel", "fill", "position"):
            value = getattr(self, name)
            if value is None and name not in ("entry", "response"):
                continue
            if not isinstance(value, Distribution):
                check_ns(value, f"DrawnLatency.{name}", 0)

    def by_kind(self) -> list[Distribution | int]:
        """Distribution by kind of message."""
        out = [self.entry if d is None else d for d in (self.place, self.modify, self.cancel)]
        fill = self.response if self.fill is None else self.fill
        return [*out, self.response, fill, fill if self.position is None else self.position]

    @property
    def reports_position(self) -> bool:
        """Whether the position is reported by messages of its own."""
        return self.position is not None

    def table(self) -> np.ndarray:
        """All numbers of the model for the kernel, float64: `_HEAD` a kind, then the tables."""
        heads = np.zeros((MESSAGE_KINDS, _HEAD))
        tables: list[float] = []
        for head, chosen in zip(heads, self.by_kind(), strict=True):
            if not isinstance(chosen, Distribution):
                head[:2] = FIXED, float(chosen)
                continue
            head[:4] = chosen.words()
            if isinstance(chosen, Quantiles):
                head[4:] = heads.size + len(tables), len(chosen.shares)
                tables += [*map(float, chosen.shares), *map(float, chosen.values_ns)]
        return np.concatenate([heads.ravel(), np.array(tables)])

    def state(self) -> np.ndarray:
        """Messages so far by kind, then the two halves of the seed; int64."""
        return np.array([0] * MESSAGE_KINDS + [self.seed & 0xFFFFFFFF, self.seed >> 32], np.int64)


# -- the hash: counter and key in, four 32-bit words out ---------------------------------------------------

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@helper
def philox(c0, c1, c2, c3, k0, k1):
    """Philox 4x32-10 of a counter and a key of 32-bit words, each in a uint64 (no product overflows)."""
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@helper
def _uniform(word):
    """A number above 0 and below 1 of a 32-bit word."""
    return (np.float64(word) + 0.5) / 4294967296.0


@helper
def _normal(w0, w1):
    """A standard normal number of two words."""
    return math.sqrt(-2.0 * math.log(_uniform(w0))) * math.cos(2.0 * math.pi * _uniform(w1))


@helper
def _words(number, lane, asset, k0, k1):
    """The four words of message `number`; `lane` tells kinds and attempts apart."""
    n = np.uint64(number)
    return philox(n & _LOW, n >> _HALF, np.uint64(lane), np.uint64(asset), k0, k1)


@helper
def _gamma(shape, number, kind, asset, k0, k1):
    """A gamma number of scale 1 (Marsaglia and Tsang 2000); each attempt has words of its own."""
    d = shape - 1.0 / 3.0
    boost = 1.0
    if shape < 1.0:
        d += 1.0
        w0, _, _, _ = _words(number, kind + 8 * _ATTEMPTS, asset, k0, k1)
        boost = math.exp(math.log(_uniform(w0)) / shape)
    c = 1.0 / math.sqrt(9.0 * d)
    for attempt in range(_ATTEMPTS):  # one in twenty goes beyond the first
        w0, w1, w2, _ = _words(number, kind + 8 * attempt, asset, k0, k1)
        x = _normal(w0, w1)
        v = 1.0 + c * x
        if v > 0.0:
            v = v * v * v
            if math.log(_uniform(w2)) < 0.5 * x * x + d - d * v + d * math.log(v):
                return d * v * boost
    return d * boost


@helper
def _quantile(table, start, length, u):
    """The value at share `u` of a table: shares, then values."""
    low = 0
    high = length - 1
    while high - low > 1:
        middle = (low + high) // 2
        if table[start + middle] <= u:
            low = middle
        else:
            high = middle
    x1 = table[start + low]
    y1 = table[start + length + low]
    part = (u - x1) / (table[start + high] - x1)
    return y1 + part * (table[start + length + high] - y1)


@helper
def draw(table, kind, number, asset, k0, k1):
    """Latency of message `number` of a kind, ns."""
    head = kind * _HEAD
    distribution = table[head]
    if distribution == FIXED:
        return np.int64(table[head + 1])
    if distribution == GAMMA:
        time = table[head + 2] * _gamma(table[head + 3], number, kind, asset, k0, k1)
    else:
        w0, w1, _, _ = _words(number, kind, asset, k0, k1)
        if distribution == LOGNORMAL:
            time = table[head + 2] * math.exp(table[head + 3] * _normal(w0, w1))
        else:
            time = _quantile(table, np.int64(table[head + 4]), np.int64(table[head + 5]), _uniform(w0))
    return np.int64(min(table[head + 1] + time, _LONGEST))


def _latency(kind, timestamp, asset_address):
    try:
        a = asset_at(asset_address)
        table = f64_view(a["latency_params_addr"], a["latency_params_len"])
        state = i64_view(a["latency_state_addr"], MESSAGE_KINDS + 2)
        number = state[kind]
        state[kind] = number + 1
        k0 = np.uint64(state[MESSAGE_KINDS])
        k1 = np.uint64(state[MESSAGE_KINDS + 1])
        a["model_out_i"] = draw(table, kind, number, a["number"], k0, k1)
        return 0
    except Exception:
        return USER_MODEL_FAILED


drawn_latency = Callback(_latency, SIGNATURE)
