"""Position, balance, fee and totals of one asset: a fold over its fills, recomputed from lots."""

from dataclasses import dataclass, field

from tests.twin.fees import ValueFees
from tests.twin.orders import TwinFill


@dataclass
class TwinLedger:
    """The fills that are known here, and sums over them."""

    tick_size: float
    lot_size: float
    multiplier: float
    fees: ValueFees
    fills: list[TwinFill] = field(default_factory=list)
    position_lots: int = 0
    volume_lots: int = 0
    balance: float = 0.0
    fee: float = 0.0
    value: float = 0.0
    trades: int = 0
    told_apart: bool = False
    inverse: bool = False

    def apply(self, fill: TwinFill) -> None:
        """Hear of one fill; it counts at once unless the position is reported by messages of its own."""
        self.fills.append(fill)
        if not self.told_apart:
            self.fold(fill)

    def fold(self, fill: TwinFill) -> None:
        """Add one fill."""
        amount = self.amount(fill)
        self.position_lots += fill.side * fill.lots
        self.volume_lots += fill.lots
        self.balance -= fill.side * amount
        self.fee += self.fee_of(fill)
        self.value += amount
        self.trades += 1

    def amount(self, fill: TwinFill) -> float:
        """Traded value of one fill."""
        return self.worth(fill.price_tick, fill.lots)

    def worth(self, price_tick: int, lots: int) -> float:
        """Value of a quantity at a price."""
        return worth(price_tick * self.tick_size, lots * self.lot_size, self.multiplier, self.inverse)

    def fee_of(self, fill: TwinFill) -> float:
        """Fee of one fill."""
        amount = self.amount(fill)
        return self.fees.fee(fill.maker, fill.lots * self.lot_size, amount) + self.fees.tax(fill.side, amount)


def worth(price: float, qty: float, multiplier: float, inverse: bool) -> float:
    """Value of a quantity: so many units of the price, or so many dollars' worth of coins."""
    if not inverse:
        return price * qty * multiplier
    return multiplier * qty / price if price else float("inf")
