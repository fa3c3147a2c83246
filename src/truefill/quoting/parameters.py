"""What a quoting model is told, with its unit: `MarketModel` and `Risk`.

All lengths of one record are in one unit of price: the currency (`Unit.PRICE`), ticks (`Unit.TICK`) or
returns, i.e. fractions of the mid (`Unit.RETURN`). Times are seconds, quantities whatever the market trades.
`to` changes the unit, and nothing else does: two records of different units together are an error.
"""

import math
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Self

from truefill.core.errors import ConfigError
from truefill.core.gate import real


class Unit(StrEnum):
    """What a length on the price axis is counted in."""

    PRICE = "price"
    TICK = "tick"
    RETURN = "return"


def unit_factor(have: Unit, want: Unit, *, tick_size: float | None = None, mid: float | None = None) -> float:
    """How much of `want` one `have` is.

    Parameters
    ----------
    have, want : Unit
    tick_size : float, optional
        Price step; needed from and to ticks.
    mid : float, optional
        Price that returns are fractions of; needed from and to returns.

    Returns
    -------
    float
        A length in `have` times this is the length in `want`.

    Raises
    ------
    ConfigError
        When the tick size or the mid is needed and missing, or not positive.
    """
    if Unit(have) is Unit(want):
        return 1.0
    lengths = {Unit.PRICE: 1.0, Unit.TICK: tick_size, Unit.RETURN: mid}
    sizes = []
    for unit in (Unit(have), Unit(want)):
        name = "tick_size" if unit is Unit.TICK else "mid"
        size = lengths[unit]
        if size is None:
            raise ConfigError(f"{name}= to change the unit {have} to {want}", "none", "to")
        sizes.append(positive(size, name))
    return sizes[0] / sizes[1]


def positive(value: object, where: str) -> float:
    """Give a positive finite number, or raise ConfigError that names `where`."""
    number = real(value, "a positive finite number", ConfigError, where)
    if not 0.0 < number < math.inf:
        raise ConfigError("a positive finite number", number, where)
    return number


def not_negative(value: object, where: str) -> float:
    """Give a finite number that is 0 or more, or raise ConfigError that names `where`."""
    number = real(value, "a finite number, 0 or more", ConfigError, where)
    if not 0.0 <= number < math.inf:
        raise ConfigError("a finite number, 0 or more", number, where)
    return number


def finite(value: object, where: str) -> float:
    """Give a finite number, or raise ConfigError that names `where`."""
    number = real(value, "a finite number", ConfigError, where)
    if not math.isfinite(number):
        raise ConfigError("a finite number", number, where)
    return number


def same_unit(*records: "MarketModel | Risk") -> Unit:
    """Give the unit that all records share, or raise ConfigError."""
    units = {record.unit for record in records}
    if len(units) != 1:
        names = " and ".join(f"{type(r).__name__} per {r.unit}" for r in records)
        raise ConfigError("records of one unit (change one with `.to`)", names, "unit")
    return units.pop()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketModel:
    """How the mid moves and how often quotes are filled: intensity ``rate * exp(-decay * depth)``.

    Parameters
    ----------
    unit : Unit
        Of all lengths below.
    sigma : float
        Volatility of the mid, unit / sqrt(s).
    bid_rate, ask_rate : float
        A: fills a second of a quote at depth 0, one side, 1 / s.
    bid_decay, ask_decay : float
        k: how fast they become rare with depth, 1 / unit.
    drift : float
        Of the mid, unit / s.
    fee : float
        Paid for each fill, unit (a fee of f on value is ``f * mid`` in prices, f in returns); negative: a
        rebate.
    jump : float
        How far the mid moves against the position at each fill, unit (adverse selection).
    """

    unit: Unit
    sigma: float
    bid_rate: float
    bid_decay: float
    ask_rate: float
    ask_decay: float
    drift: float = 0.0
    fee: float = 0.0
    jump: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "unit", _unit(self.unit, "MarketModel.unit"))
        for name in ("sigma", "bid_rate", "bid_decay", "ask_rate", "ask_decay"):
            object.__setattr__(self, name, positive(getattr(self, name), f"MarketModel.{name}"))
        for name in ("drift", "fee"):
            object.__setattr__(self, name, finite(getattr(self, name), f"MarketModel.{name}"))
        object.__setattr__(self, "jump", not_negative(self.jump, "MarketModel.jump"))

    @classmethod
    def symmetric(
        cls,
        unit: Unit,
        *,
        sigma: float,
        rate: float,
        decay: float,
        drift: float = 0.0,
        fee: float = 0.0,
        jump: float = 0.0,
    ) -> Self:
        """Make a model whose two sides are alike."""
        return cls(
            unit=unit,
            sigma=sigma,
            bid_rate=rate,
            bid_decay=decay,
            ask_rate=rate,
            ask_decay=decay,
            drift=drift,
            fee=fee,
            jump=jump,
        )

    @property
    def is_symmetric(self) -> bool:
        """Whether the two sides are alike."""
        return self.bid_rate == self.ask_rate and self.bid_decay == self.ask_decay

    def to(self, unit: Unit, *, tick_size: float | None = None, mid: float | None = None) -> "MarketModel":
        """Give the same market in another unit."""
        factor = unit_factor(self.unit, unit, tick_size=tick_size, mid=mid)
        lengths = {name: getattr(self, name) * factor for name in ("sigma", "drift", "fee", "jump")}
        decays = {name: getattr(self, name) / factor for name in ("bid_decay", "ask_decay")}
        return replace(self, unit=unit, **lengths, **decays)


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """What the market maker wants: how much it fears inventory, in what steps, up to where.

    Parameters
    ----------
    unit : Unit
        The unit that `gamma` and `xi` are per.
    gamma : float
        Aversion to inventory, 1 / (unit * quantity). Rarely known: see `gamma_for_inventory_sd` and
        `gamma_for_skew`.
    order_size : float
        Δ: quantity of each quote.
    max_inventory : float
        Largest position, a multiple of `order_size`.
    xi : float, optional
        Aversion to the chance of a fill, 1 / (unit * quantity); without it, `gamma` (exponential utility); 0:
        a running penalty on the inventory, gamma * sigma**2 * q**2 / 2, and nothing else.
    """

    unit: Unit
    gamma: float
    order_size: float = 1.0
    max_inventory: float = 30.0
    xi: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "unit", _unit(self.unit, "Risk.unit"))
        for name in ("gamma", "order_size", "max_inventory"):
            object.__setattr__(self, name, positive(getattr(self, name), f"Risk.{name}"))
        if self.xi is not None:
            object.__setattr__(self, "xi", not_negative(self.xi, "Risk.xi"))
        steps = self.max_inventory / self.order_size
        if not (1 <= round(steps) <= _MOST_STEPS and abs(steps - round(steps)) < 1e-6 * steps):
            raise ConfigError(
                f"max_inventory a whole multiple of order_size, 1 to {_MOST_STEPS} times",
                f"{self.max_inventory:g} of {self.order_size:g}",
                "Risk.max_inventory",
            )

    @property
    def steps(self) -> int:
        """Orders from flat to the limit."""
        return round(self.max_inventory / self.order_size)

    @property
    def fill_aversion(self) -> float:
        """`xi`, or `gamma` where none is given."""
        return self.gamma if self.xi is None else self.xi

    def to(self, unit: Unit, *, tick_size: float | None = None, mid: float | None = None) -> "Risk":
        """Give the same wish in another unit."""
        factor = unit_factor(self.unit, unit, tick_size=tick_size, mid=mid)
        xi = None if self.xi is None else self.xi / factor
        return replace(self, unit=unit, gamma=self.gamma / factor, xi=xi)


_MOST_STEPS = 10_000


def _unit(value: object, where: str) -> Unit:
    try:
        return Unit(value)  # type: ignore[arg-type]
    except ValueError:
        raise ConfigError("one of " + ", ".join(Unit), repr(value), where) from None


def plain_numbers(record: "MarketModel | Risk") -> dict[str, float]:
    """Give all numbers of a record by name, without its unit."""
    return {f.name: getattr(record, f.name) for f in fields(record) if f.name != "unit"}
