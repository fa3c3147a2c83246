"""Order latency in plain Python: constant by kind, read off recorded orders, drawn from a seed. All in ns."""

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

PLACE, MODIFY, CANCEL, RESPONSE, FILL, POSITION = "place", "modify", "cancel", "response", "fill", "position"
REQUESTS = (PLACE, MODIFY, CANCEL)
KINDS = (PLACE, MODIFY, CANCEL, RESPONSE, FILL, POSITION)


class Latency(Protocol):
    """A model: frozen as described, and started once for each asset."""

    def start(self, asset: int) -> "Latency":
        """The model as one asset uses it, with nothing asked yet."""

    def of(self, kind: str, ts: int) -> int:
        """Time that a message takes which leaves at ``ts``."""


@dataclass(frozen=True)
class TwinFurther:
    """Another model, seen from further away."""

    near: Latency
    further_ns: int

    def start(self, asset: int) -> "TwinFurther":
        """Of a model that is started already."""
        return self

    def of(self, kind: str, ts: int) -> int:
        """The way is longer by the distance; a refusal goes it twice."""
        latency = self.near.of(kind, ts)
        if kind not in REQUESTS:
            return max(latency, 0) + self.further_ns
        return latency + self.further_ns if latency >= 0 else latency - 2 * self.further_ns


@dataclass(frozen=True)
class TwinLatency:
    """A negative entry latency rejects the request, and the news of it takes the absolute value."""

    entry_ns: int = 0
    response_ns: int = 0
    cancel_ns: int | None = None
    modify_ns: int | None = None
    place_ns: int | None = None
    fill_ns: int | None = None
    position_ns: int | None = None

    def start(self, asset: int) -> "TwinLatency":
        """The model as one asset uses it, with nothing asked yet."""
        return self

    def of(self, kind: str, ts: int) -> int:
        """Time that a message takes which leaves at ``ts``."""
        special = {
            PLACE: self.place_ns,
            MODIFY: self.modify_ns,
            CANCEL: self.cancel_ns,
            FILL: self.fill_ns,
            POSITION: self.position_ns,
        }.get(kind)
        if special is not None:
            return special
        return self.entry_ns if kind in REQUESTS else self.response_ns


@dataclass(frozen=True)
class TwinRecorded:
    """HftBacktest's interpolation, looked up by search instead of by cursor.

    ``rows`` are (request, exchange, response) times by request time; those that reached the exchange reach
    it in the same order. The answer's line across a row that did not (exchange time 0) starts at time 0.
    """

    rows: tuple[tuple[int, int, int], ...]
    offset_ns: int = 0

    def start(self, asset: int) -> "TwinRecorded":
        """The model as one asset uses it."""
        return self

    def of(self, kind: str, ts: int) -> int:
        """Time that a message takes which leaves at ``ts``."""
        off = self.offset_ns
        rows = [(r, x + off if x > 0 else 0, b + 2 * off) for r, x, b in self.rows]
        return self._out(rows, ts) if kind in REQUESTS else self._back(rows, ts)

    @staticmethod
    def _out(rows: list[tuple[int, int, int]], ts: int) -> int:
        at = bisect_right([r for r, _, _ in rows], ts) - 1
        pair = rows[:1] if at < 0 else rows[at : at + 2]
        refused = any(x == 0 for _, x, _ in pair)
        times = [(r, b - r if refused else x - r) for r, x, b in pair]
        latency = times[0][1] if len(times) == 1 else line(ts, times[0], times[1])
        return min(-latency, -1) if refused else latency

    @staticmethod
    def _back(rows: list[tuple[int, int, int]], ts: int) -> int:
        if ts < rows[0][1]:
            return rows[0][2] - rows[0][1]
        for (_, x1, b1), (_, x2, b2) in pairwise(rows):
            if x1 <= ts < x2:
                return line(ts, (x1, b1 - x1), (x2, b2 - x2))
        _, x, b = [row for row in rows if row[1] > 0][-1]
        return b - x


def line(x: int, p: tuple[int, int], q: tuple[int, int]) -> int:
    """Height at ``x`` of the line through two points; the part above the first cut toward zero."""
    return int((q[1] - p[1]) / (q[0] - p[0]) * (x - p[0])) + p[1]


@dataclass(frozen=True)
class TwinDrawn:
    """Lognormal, gamma or a table of quantiles, from the Philox hash of seed, asset, kind and number.

    ``by_kind`` has for each kind ``("lognormal", minimum, median, sigma)``,
    ``("gamma", minimum, mean, shape)``, ``("quantiles", shares, values)`` or ``("fixed", ns)``.
    """

    by_kind: tuple[tuple[object, ...], ...]
    seed: int = 0
    asset: int = 0
    asked: dict[str, int] = field(default_factory=dict)

    def start(self, asset: int) -> "TwinDrawn":
        """The model as one asset uses it, with nothing drawn yet."""
        return TwinDrawn(self.by_kind, self.seed, asset, {})

    def of(self, kind: str, ts: int) -> int:
        """Time that the next message of a kind takes."""
        number = self.asked[kind] = self.asked.get(kind, -1) + 1
        name, *numbers = self.by_kind[KINDS.index(kind)]
        if name == "fixed":
            return int(numbers[0])  # type: ignore[call-overload, no-any-return]
        word = self._words(number, KINDS.index(kind))
        if name == "quantiles":
            return int(between(numbers[0], numbers[1], word[0]))  # type: ignore[arg-type]
        minimum, scale, shape = (float(n) for n in numbers)  # type: ignore[arg-type]
        if name == "lognormal":
            return int(minimum + scale * math.exp(shape * normal(word[0], word[1])))
        return int(minimum + scale / shape * self._gamma(shape, number, KINDS.index(kind)))

    def _words(self, number: int, lane: int) -> list[float]:
        counter = [number % 2**32, number >> 32, lane, self.asset]
        key = [self.seed % 2**32, self.seed >> 32]
        return [(word + 0.5) / 2**32 for word in philox(counter, key)]

    def _gamma(self, shape: float, number: int, kind: int) -> float:
        factor, k = 1.0, shape
        if shape < 1:
            factor, k = math.exp(math.log(self._words(number, kind + 8000)[0]) / shape), shape + 1.0
        d = shape - 1.0 / 3.0 + (k - shape)
        for attempt in range(1000):
            u0, u1, u2, _ = self._words(number, kind + 8 * attempt)
            x = normal(u0, u1)
            v = 1.0 + 1.0 / math.sqrt(9.0 * d) * x
            v = v * v * v
            if v > 0 and math.log(u2) < 0.5 * x * x + d - d * v + d * math.log(v):
                return d * v * factor
        raise AssertionError("a thousand attempts failed")


def normal(u: float, w: float) -> float:
    """A standard normal number of two uniform ones."""
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * w)


def between(shares: tuple[float, ...], values: tuple[float, ...], u: float) -> float:
    """The value at a share, on the line between its neighbours."""
    right = min(bisect_right(shares, u), len(shares) - 1)
    part = (u - shares[right - 1]) / (shares[right] - shares[right - 1])
    return values[right - 1] + part * (values[right] - values[right - 1])


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox 4x32 of ten rounds, after its paper."""
    a, b, c, d = counter
    k, m = key
    for _ in range(10):
        first, second = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (second >> 32) ^ b ^ k, second % 2**32, (first >> 32) ^ d ^ m, first % 2**32
        k, m = (k + 0x9E3779B9) % 2**32, (m + 0xBB67AE85) % 2**32
    return [a, b, c, d]
