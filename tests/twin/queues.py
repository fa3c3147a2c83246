"""Queue position models: how much stands ahead of a resting order, in lots (a float).

Each model answers two events at the order's own price, a trade and a change of the level's quantity. The
probability models are given the quantity ahead and behind, in units of the instrument; where HftBacktest
raises a negative quantity to a fraction or takes its logarithm (fault J) these take it as zero.
"""

import math
from dataclasses import dataclass


@dataclass
class QueuePosition:
    """Quantity ahead of the order, and what was traded at its price since the level last changed, in lots."""

    front: float
    traded: int = 0
    estimated: bool = False  # by a probability: HftBacktest's zero may be a hair below zero


class RiskAverse:
    """Only trades bring an order forward, and the level's whole quantity bounds what is ahead."""

    def on_trade(self, position: QueuePosition, lots: int) -> None:
        """A trade of the order's own side at its price."""
        position.front -= lots

    def on_depth(self, position: QueuePosition, before: int, after: int, lot_size: float) -> bool:
        """The level changed; whether HftBacktest would have gone wrong here (fault J)."""
        position.front = min(position.front, after)
        return False


class ProbabilityQueue(RiskAverse):
    """What leaves a level without a trade leaves behind the order with a probability."""

    def on_trade(self, position: QueuePosition, lots: int) -> None:
        """As above; and the trade is not counted again when the level shrinks by it."""
        position.front -= lots
        position.traded += lots

    def on_depth(self, position: QueuePosition, before: int, after: int, lot_size: float) -> bool:
        """Share a decrease, apart from what was traded, between ahead and behind."""
        gone = before - after - position.traded
        position.traded = 0
        front, back = position.front, before - position.front
        if gone < 0:
            position.front = min(front, after)
            return False
        p = self.behind(max(front, 0.0) * lot_size, max(back, 0.0) * lot_size)
        position.front = min(front - (1.0 - p) * gone + min(back - p * gone, 0.0), after)
        hair = position.estimated and abs(front) < 1e-9
        position.estimated = True
        return position.front != after and (hair or front < 0 or back < 0 or front + back == 0)

    def behind(self, front: float, back: float) -> float:
        """Probability that a decrease happens behind the order."""
        raise NotImplementedError


class LogQueue(ProbabilityQueue):
    """HftBacktest's ``log_prob_queue_model``: ln(1+b) / (ln(1+b) + ln(1+f))."""

    def behind(self, front: float, back: float) -> float:
        """Probability that a decrease happens behind the order."""
        whole = math.log(1 + back) + math.log(1 + front)
        return math.log(1 + back) / whole if whole > 0 else 1.0


class LogQueue2(ProbabilityQueue):
    """HftBacktest's ``log_prob_queue_model2``: ln(1+b) / ln(1+b+f)."""

    def behind(self, front: float, back: float) -> float:
        """Probability that a decrease happens behind the order."""
        whole = math.log(1 + back + front)
        return math.log(1 + back) / whole if whole > 0 else 1.0


@dataclass
class PowerQueue(ProbabilityQueue):
    """HftBacktest's ``power_prob_queue_model``: b^n / (b^n + f^n)."""

    n: float

    def behind(self, front: float, back: float) -> float:
        """Probability that a decrease happens behind the order."""
        total = back**self.n + front**self.n
        return back**self.n / total if total > 0 else 1.0


@dataclass
class PowerQueue2(ProbabilityQueue):
    """HftBacktest's ``power_prob_queue_model2``: b^n / (b + f)^n."""

    n: float

    def behind(self, front: float, back: float) -> float:
        """Probability that a decrease happens behind the order."""
        return back**self.n / (back + front) ** self.n if back + front > 0 else 1.0


@dataclass
class PowerQueue3(ProbabilityQueue):
    """HftBacktest's ``power_prob_queue_model3``: 1 - (f / (f + b))^n."""

    n: float

    def behind(self, front: float, back: float) -> float:
        """Probability that a decrease happens behind the order."""
        return 1 - (front / (front + back)) ** self.n if front + back > 0 else 1.0
