"""Contracts: what a traded quantity is worth, and in which currency.

Each is a kind and a size in the asset's row; the arithmetic is `core.contracts`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from truefill.core.contracts import (
    INVERSE,
    LINEAR,
    QUANTO,
    SPOT,
    cash_of,
    equity_of,
    value_of,
    worth_of,
)
from truefill.core.errors import ConfigError, shown
from truefill.core.gate import real
from truefill.core.jit import helper


class _Contract:
    """What all contracts can be asked; money is in the `settlement` currency."""

    __slots__ = ()
    kind: ClassVar[int]

    @property
    def unit(self) -> float:
        """The number that prices and quantities are multiplied with: multiplier or size."""
        raise NotImplementedError

    @property
    def settlement(self) -> str | None:
        """Name of the currency of balance, value and profit; None when it was not said."""
        raise NotImplementedError

    def value(self, price: float, qty: float) -> float:
        """Value of `qty` (>= 0) traded at `price`."""
        return _ask(value_of, self.kind, self.unit, np.float64(price), qty)

    def worth(self, price: float, position: float) -> float:
        """What an open `position` (negative: short) adds to the equity at `price`."""
        return 0.0 if position == 0.0 else _ask(worth_of, self.kind, self.unit, np.float64(price), position)

    def cash(self, balance: float) -> float:
        """What a state's ``balance`` (HftBacktest's: minus the value of each buy) adds to the equity."""
        return float(cash_of(self.kind, balance))

    def equity(self, balance: float, position: float, price: float, fee: float = 0.0) -> float:
        """Equity of a state at `price`, after its fees.

        Parameters
        ----------
        balance, position, fee : float
            Of ``bot.state_values(a)`` or a record.
        price : float
            What the position is valued at.

        Examples
        --------
        Ten contracts of 100 USD bought at 50,000 and worth 51,000 have earned 0.00039216 BTC:

        >>> round(InverseContract(100.0).equity(-0.02, 10.0, 51_000.0), 8)
        0.00039216
        """
        return _ask(equity_of, self.kind, self.unit, balance, position, np.float64(price), fee)


def _ask(function: Callable[..., Any], *arguments: Any) -> float:
    """A number that is infinite, and no error, at a price of 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(function(*arguments))


def _positive(contract: Any, name: str, meaning: str) -> None:
    value, where = getattr(contract, name), f"{type(contract).__name__}.{name}"
    expected = f"a finite {name} > 0 ({meaning})"
    if value is None:
        raise ConfigError(expected, "none", where)
    number = real(value, expected, ConfigError, where)
    if not (math.isfinite(number) and number > 0):
        raise ConfigError(expected, number, where)
    object.__setattr__(contract, name, number)


def _named(contract: Any, name: str, optional: bool) -> None:
    value = getattr(contract, name)
    if value is None and optional:
        return
    if not isinstance(value, str) or not value.strip():
        expected = "the name of a currency" + (", or None" if optional else ', such as "BTC"')
        raise ConfigError(expected, shown(value), f"{type(contract).__name__}.{name}")


@dataclass(frozen=True, slots=True)
class LinearContract(_Contract):
    """Value = multiplier x price x quantity, in the currency of the price.

    Parameters
    ----------
    multiplier : float
        Units of the underlying in one contract.
    currency : str, optional
        Name of that currency, e.g. "USDT".
    """

    multiplier: float = 1.0
    currency: str | None = None
    kind: ClassVar[int] = LINEAR

    def __post_init__(self) -> None:
        _positive(self, "multiplier", "units of the underlying in one contract")
        _named(self, "currency", optional=True)

    @property
    def unit(self) -> float:
        """The multiplier."""
        return self.multiplier

    @property
    def settlement(self) -> str | None:
        """The currency of the price."""
        return self.currency


@dataclass(frozen=True, slots=True)
class InverseContract(_Contract):
    """Value = size x quantity / price, in the coin that the price is about: so many dollars of it.

    Parameters
    ----------
    size : float
        Money in one contract, in the currency of the price: 100 (dollars) for Binance's BTCUSD_PERP.
    currency : str, optional
        Name of the coin that it is settled in, e.g. "BTC".
    """

    size: float | None = None
    currency: str | None = None
    kind: ClassVar[int] = INVERSE

    def __post_init__(self) -> None:
        _positive(self, "size", "money in one contract, such as 100 dollars")
        _named(self, "currency", optional=True)

    @property
    def unit(self) -> float:
        """The size."""
        assert self.size is not None  # refused above
        return self.size

    @property
    def settlement(self) -> str | None:
        """The coin."""
        return self.currency


@dataclass(frozen=True, slots=True)
class QuantoContract(_Contract):
    """Value = multiplier x price x quantity, in a third currency: neither the price's nor the underlying's.

    Parameters
    ----------
    multiplier : float
        Money in the third currency for each unit of price and contract: 0.000001 (XBT for a dollar) for
        BitMEX's ETHUSD.
    currency : str
        Name of the third currency, e.g. "XBT".
    """

    multiplier: float | None = None
    currency: str | None = None
    kind: ClassVar[int] = QUANTO

    def __post_init__(self) -> None:
        _positive(self, "multiplier", "settlement money for each unit of price and contract")
        _named(self, "currency", optional=False)

    @property
    def unit(self) -> float:
        """The multiplier."""
        assert self.multiplier is not None  # refused above
        return self.multiplier

    @property
    def settlement(self) -> str | None:
        """The third currency."""
        return self.currency


@dataclass(frozen=True, slots=True)
class Spot(_Contract):
    """The coin itself: the position is the change of the base balance, ``balance`` that of the quote balance.

    Parameters
    ----------
    base, quote : str, optional
        Names of what is bought and what is paid, e.g. "BTC" and "USDT".
    fees_in : str
        "quote"; or "received": a buyer pays fees in the base, a seller in the quote, as most venues have it.
        The fee model's number is money in the quote, and a buyer's fill has that over the price; the state's
        ``fee`` stays in the quote, each fee at the price of its fill.
    """

    base: str | None = None
    quote: str | None = None
    fees_in: str = "quote"
    kind: ClassVar[int] = SPOT

    def __post_init__(self) -> None:
        _named(self, "base", optional=True)
        _named(self, "quote", optional=True)
        if self.base is not None and self.base == self.quote:
            raise ConfigError("a quote that is not the base", shown(self.quote), "Spot.quote")
        if self.fees_in not in ("quote", "received"):
            raise ConfigError('"quote" or "received"', shown(self.fees_in), "Spot.fees_in")

    @property
    def unit(self) -> float:
        """1: quantities are those of the coin."""
        return 1.0

    @property
    def settlement(self) -> str | None:
        """The quote."""
        return self.quote


Contract = LinearContract | InverseContract | QuantoContract | Spot


@helper
def trade_value(a, price, qty):
    """Value of `qty` at `price`, in the settlement currency of asset row `a`."""
    if a["contract"] == INVERSE and price == 0.0:
        return math.inf
    return value_of(a["contract"], a["multiplier"], price, qty)
