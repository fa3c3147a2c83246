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

    def tax(self, side: int, amount: float) -> float:
        """What the side pays on top: nothing."""
        return 0.0


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


@dataclass(frozen=True)
class TaxedFees(ValueFees):
    """A price for each unit traded, and a share of the value by side on top."""

    buyer: float = 0.0
    seller: float = 0.0

    def fee(self, maker: bool, qty: float, amount: float) -> float:
        """The common part, in the quote currency."""
        return (self.maker if maker else self.taker) * qty

    def tax(self, side: int, amount: float) -> float:
        """What the side pays on top."""
        return (self.buyer if side > 0 else self.seller) * amount
