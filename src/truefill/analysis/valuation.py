"""How a contract turns quantity and price into money: one small class for each kind of contract.

A linear contract is settled in the currency of its price: buying `qty` at `price` pays
``qty * price * multiplier``, and a position is worth ``position * price * multiplier``. Another kind is
another class and another line in `VALUATIONS`; the folds ask only the three questions below.
"""

from typing import Protocol

from truefill.core.run_data import AssetRun, Floats


class Valuation(Protocol):
    """The three questions that a fold asks of a contract."""

    def amount(self, qty: Floats, price: Floats) -> Floats:
        """Tell the money that changes hands when `qty` (>= 0) is bought at `price`."""

    def worth(self, position: Floats, price: Floats) -> Floats:
        """Tell what an open `position` adds to the balance at `price`."""

    def exposure(self, position: Floats, price: Floats) -> Floats:
        """Measure the size of an open position in money, never negative."""


class Linear:
    """Settled in the currency of the price.

    Parameters
    ----------
    multiplier : float
        Units of the underlying in one unit of quantity.
    """

    def __init__(self, multiplier: float) -> None:
        self.multiplier = multiplier

    def amount(self, qty: Floats, price: Floats) -> Floats:
        """``qty * price * multiplier``."""
        return qty * price * self.multiplier

    def worth(self, position: Floats, price: Floats) -> Floats:
        """``position * price * multiplier``."""
        return position * price * self.multiplier

    def exposure(self, position: Floats, price: Floats) -> Floats:
        """``|position| * price * multiplier``."""
        return abs(position) * price * self.multiplier


VALUATIONS: dict[str, type[Linear]] = {"linear": Linear}


def valuation(asset: AssetRun) -> Valuation:
    """Find the valuation of an asset's contract."""
    return VALUATIONS[asset.contract](asset.multiplier)
