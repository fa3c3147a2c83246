"""Fee of one execution. Rates: maker, taker; negative is a rebate."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ValueFees:
    """A share of the traded value."""

    maker: float = 0.0
    taker: float = 0.0

    def fee(self, maker: bool, qty: float, amount: float) -> float:
        """Fee in the quote currency."""
        return (self.maker if maker else self.taker) * amount


@dataclass(frozen=True)
class QtyFees(ValueFees):
    """A price for each unit traded."""

    def fee(self, maker: bool, qty: float, amount: float) -> float:
        """Fee in the quote currency."""
        return (self.maker if maker else self.taker) * qty


@dataclass(frozen=True)
class FlatFees(ValueFees):
    """A price for each execution."""

    def fee(self, maker: bool, qty: float, amount: float) -> float:
        """Fee in the quote currency."""
        return self.maker if maker else self.taker
