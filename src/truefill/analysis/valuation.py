"""How a contract turns quantity and price into money: `core.contracts` over arrays, for one asset of a run.

The folds ask only the four questions below.
"""

from dataclasses import dataclass

from truefill.core.contracts import CONTRACT_NAMES, cash_of, value_of, worth_of
from truefill.core.run_data import AssetRun, Floats


@dataclass(frozen=True)
class Valuation:
    """Money of one contract, in its settlement currency.

    Parameters
    ----------
    kind : int
        Of `core.contracts`.
    size : float
        Its multiplier or size.
    """

    kind: int
    size: float

    def amount(self, qty: Floats, price: Floats) -> Floats:
        """Tell the value of `qty` (>= 0) traded at `price`."""
        amount: Floats = value_of(self.kind, self.size, price, qty)
        return amount

    def worth(self, position: Floats, price: Floats) -> Floats:
        """Tell what an open `position` adds to the equity at `price`."""
        worth: Floats = worth_of(self.kind, self.size, price, position)
        return worth

    def cash(self, balance: Floats) -> Floats:
        """Tell what a state's balance (minus the value of each buy) adds to the equity."""
        cash: Floats = cash_of(self.kind, balance)
        return cash

    def exposure(self, position: Floats, price: Floats) -> Floats:
        """Measure the size of an open position in money, never negative."""
        return self.amount(abs(position), price)


def valuation(asset: AssetRun) -> Valuation:
    """Find the valuation of an asset's contract."""
    return Valuation(CONTRACT_NAMES.index(asset.contract), asset.multiplier)
