"""Contracts: what a traded quantity is worth."""

import math
from dataclasses import dataclass

from truefill.core.errors import ConfigError
from truefill.core.jit import helper


@dataclass(frozen=True, slots=True)
class LinearContract:
    """Value = multiplier x price x quantity, in the quote currency.

    Parameters
    ----------
    multiplier : float
        Units of the underlying in one contract.
    """

    multiplier: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.multiplier) and self.multiplier > 0):
            raise ConfigError("a finite multiplier > 0", self.multiplier, "LinearContract.multiplier")


@helper
def trade_value(a, price, qty):
    """Value of `qty` at `price`, in the settlement currency."""
    return a["multiplier"] * price * qty
