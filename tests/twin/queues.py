"""Queue position models: how much stands ahead of a resting order, in lots (a float).

Each model answers two events at the order's own price, a trade and a change of the level's quantity. The
probability models are given the quantity ahead and behind, in units of the instrument; where HftBacktest
raises a negative quantity to a fraction or takes its logarithm (fault J) these take it as zero.
"""

import math
from dataclasses import dataclass, field


@dataclass
class QueuePosition:
    """Quantity ahead of the order, and what was traded at its price since the level last changed, in lots."""

    front: float
    traded: int = 0
    estimated: bool = False  # by a probability: HftBacktest's zero may be a hair below zero
    trades: list[list[float]] = field(default_factory=list)  # `Evidence`: [time, lots not explained yet]
    row_since: bool = False  # `Evidence`: the level changed after the last trade
    drops: list[list[float]] = field(
        default_factory=list
    )  # `Evidence`: [time, lots, lots it moved the order]


class RiskAverse:
    """Only trades bring an order forward, and the level's whole quantity bounds what is ahead."""

    now = 0  # exchange time, for models that ask

    def at_entry(self, lots: float, alone: bool) -> float:
        """Quantity ahead of an order that comes to rest; alone: the best price of its side is worse."""
        return lots

    def on_through(self, position: QueuePosition) -> None:
        """A trade of the order's own side at a worse price."""

    def on_alone(self, position: QueuePosition) -> None:
        """A best price changed, and that of the order's side is worse than its own."""

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


@dataclass
class Evidence(PowerQueue3):
    """Trades and decreases near in time explain each other; nothing is ahead where that is proved."""

    late_ns: int = 0

    def at_entry(self, lots: float, alone: bool) -> float:
        """What the feed still shows beyond its best price is no queue."""
        return 0.0 if alone else lots

    def on_through(self, position: QueuePosition) -> None:
        """Whoever was ahead has been served."""
        position.front = 0.0
        position.trades.clear()
        position.drops.clear()

    on_alone = on_through

    def on_trade(self, position: QueuePosition, lots: int) -> None:
        """Take back what was made of decreases that were this trade; keep the rest for decreases to come."""
        rest = float(lots)
        if position.drops and self.now - position.drops[-1][0] <= self.late_ns:
            pool = sum(drop[1] for drop in position.drops)
            part = min(rest, pool)
            share = part / pool
            position.front += share * sum(drop[2] for drop in position.drops)
            position.drops = [
                [t, q * (1 - share), m * (1 - share)] for t, q, m in position.drops if share < 1
            ]
            rest -= part
        position.front -= lots
        position.trades.append([self.now, rest])
        position.row_since = False
        if position.front <= 0:
            position.drops.clear()

    def on_depth(self, position: QueuePosition, before: int, after: int, lot_size: float) -> bool:
        """A decrease belongs to trades first, then it is shared by the probability."""
        if position.row_since and position.trades and self.now - position.trades[-1][0] > self.late_ns:
            position.trades.clear()
        position.row_since = True
        left = max(before - after, 0)
        level = float(before)
        for trade in position.trades:
            part = min(trade[1], left)
            trade[1] -= part
            left -= part
            level -= part
        if left <= 0:
            position.front = min(position.front, after)
            return False
        front, back = max(position.front, 0.0), max(level - position.front, 0.0)
        p = self.behind(front, back)
        new = position.front - (1 - p) * left + min(back - p * left, 0.0)
        new = max(min(new, after), 0.0)
        if position.drops and self.now - position.drops[-1][0] > self.late_ns:
            position.drops.clear()
        position.drops.append([self.now, left, position.front - new])
        position.front = new
        return False


class ExactQueue(RiskAverse):
    """Places are known from single orders; only trades that name no order need bookkeeping."""

    def on_trade(self, position: QueuePosition, lots: int) -> None:
        """It takes from the front now; the rows that say so come later."""
        position.front -= lots
        position.traded += lots

    def on_row(self, position: QueuePosition, before: int, after: int) -> None:
        """An order in front changed its level."""
        gone = before - after
        known = min(max(gone, 0), position.traded)
        position.traded -= known
        position.front = max(min(position.front - (gone - known), after), 0.0)
