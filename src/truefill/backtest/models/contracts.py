"""Contracts: what a traded quantity is worth."""

import math
from dataclasses import dataclass

from truefill.core.errors import ConfigError
from truefill.core.gate import real
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
        where = "LinearContract.multiplier"
        multiplier = real(self.multiplier, "a finite multiplier > 0", ConfigError, where)
        if not (math.isfinite(multiplier) and multiplier > 0):
            raise ConfigError("a finite multiplier > 0", multiplier, where)
        object.__setattr__(self, "multiplier", multiplier)


@helper
def trade_value(a, price, qty):
    """Value of `qty` at `price`, in the settlement currency."""
    return a["multiplier"] * price * qty
