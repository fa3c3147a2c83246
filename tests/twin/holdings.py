"""What a twin's account holds: rules, one market's holding, and a position folded from its executions."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any


class UnknownRateError(Exception):
    """A rate that nobody has told yet."""


@dataclass(frozen=True)
class TwinRules:
    """Margin rules of one asset; tiers are (floor, rate, deduction)."""

    rate: Fraction
    tiers: tuple[tuple[Fraction, Fraction, Fraction], ...] = ()
    fee: Fraction = Fraction(0)
    isolated: bool = False

    def maintenance(self, value: Fraction) -> Fraction:
        """Of a position of that value."""
        reached = [tier for tier in self.tiers if value >= tier[0]]
        return max(value * reached[-1][1] - reached[-1][2], Fraction(0)) if reached else Fraction(0)


@dataclass
class TwinHolding:
    """One market that the account trades in."""

    market: Any
    number: int
    kind: str  # linear, inverse or spot
    settled: str
    rules: TwinRules | None = None
    base: str = ""
    marks: list[tuple[int, float, int]] | None = None  # (exchange ts, price, local ts); None: the mid
    funding: list[tuple[int, float]] = field(default_factory=list)
    reserve: Fraction = Fraction(0)
    liquidations: int = 0

    def __post_init__(self) -> None:
        asset = self.market.asset
        self.tick, self.lot = Fraction(str(asset.tick_size)), Fraction(str(asset.lot_size))
        self.size = Fraction(str(asset.multiplier))

    @property
    def isolated(self) -> bool:
        """Whether its position has money of its own."""
        return self.rules is not None and self.rules.isolated

    def value(self, lots: int, price: Fraction) -> Fraction:
        """Of so many lots at a price."""
        qty = lots * self.lot
        return self.size * qty / price if self.kind == "inverse" else self.size * qty * price

    def profit(self, side: int, value: Fraction, cost: Fraction) -> Fraction:
        """Of a position that was worth `cost` and is worth `value`."""
        return side * (cost - value) if self.kind == "inverse" else side * (value - cost)


@dataclass
class Position:
    """What a holding's executions and funding have come to."""

    lots: int = 0
    cost: Fraction = Fraction(0)
    realized: Fraction = Fraction(0)
    fees: Fraction = Fraction(0)
    margin: Fraction = Fraction(0)


def fold(holding: TwinHolding, entries: list[Any]) -> Position:
    """From the first execution on."""
    p = Position()
    for entry in entries:
        if isinstance(entry, Fraction):  # funding of an isolated position
            p.margin += entry if p.lots else 0
            continue
        price, lots, side = entry.price_tick * holding.tick, entry.lots, entry.side
        p.fees += Fraction(holding.market.local.ledger.fee_of(entry))
        if holding.kind == "spot":
            p.realized -= side * holding.value(lots, price)
            p.lots += side * lots
            continue
        closes = min(lots, abs(p.lots)) if p.lots * side < 0 else 0
        if closes:
            left = Fraction(abs(p.lots) - closes, abs(p.lots))
            p.realized += holding.profit(-side, holding.value(closes, price), p.cost * (1 - left))
            p.cost, p.margin = p.cost * left, p.margin * left
        opens = holding.value(lots - closes, price)
        p.cost += opens
        p.margin += opens * holding.rules.rate if holding.isolated and holding.rules else 0
        p.lots += side * lots
    return p
