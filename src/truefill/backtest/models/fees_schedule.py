"""Fee schedules: rates by volume as venues publish them, and what buyers or sellers pay on top.

Both are a table of numbers that one function reads; only runs that have a schedule compile it. The table
also holds the volume so far, so each bot has its own. Tiers are decided at the exchange, by its clock, and an
execution pays the rate of the volume before it: the volume that lifts a tier is still charged below it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from truefill.backtest.models.fees import (
    KINDS,
    SIGNATURE,
    FlatPerTradeFees,
    TradingQtyFees,
    TradingValueFees,
    UserFees,
)
from truefill.backtest.models.user import USER_MODEL_FAILED
from truefill.backtest.records import BY_QUANTITY, BY_VALUE, PER_TRADE, asset_at
from truefill.core.address import f64_view
from truefill.core.errors import ConfigError, shown
from truefill.core.gate import real, whole
from truefill.core.jit import Callback, helper

NS_PER_DAY = 86_400_000_000_000
_RATES_ON = {"value": BY_VALUE, "quantity": BY_QUANTITY, "trade": PER_TRADE}
_COUNTS = ("value", "quantity")
_EVALUATED = ("trade", "day")

# Layout of the table, float64: a head, then (from volume, maker, taker) of each tier, then volume by day.
_ON, _BUYER, _SELLER, _TIERS, _COUNTED, _DAYS, _AT_MIDNIGHT, _TODAY, _VOLUME, _WAITING = range(10)
_HEAD, _TIER = 10, 3


@dataclass(frozen=True, slots=True)
class TieredFees:
    """Maker and taker rates by the volume of this asset that was traded before, as venues publish them.

    Parameters
    ----------
    tiers : sequence of (float, float, float)
        For each tier the volume from which it holds, its maker and its taker rate; the first from 0, the
        others rising. Negative rates are rebates.
    rates_on : str
        What the rates are charged on: "value", "quantity" or "trade" (each execution).
    counts : str
        Volume is traded "value" (in the settlement currency) or "quantity".
    days : int or None
        Volume counts for so many days of the UTC calendar; None: all since the start of the run.
    evaluated : str
        "day": the tier is set at each midnight UTC, from the `days` whole days before. "trade": with each
        execution, from today and the ``days - 1`` days before.
    start_volume : float or sequence of float
        Traded before the run: in all (with `days`, spread evenly over the `days` days before its first), or
        day by day, the last number being the day before the run's first.

    Examples
    --------
    >>> fees = TieredFees(((0, 0.0002, 0.0005), (15e6, 0.00016, 0.0004)), days=30, evaluated="day")
    >>> fees.rates(20e6)
    (0.00016, 0.0004)
    """

    tiers: Sequence[tuple[float, float, float]]
    rates_on: str = "value"
    counts: str = "value"
    days: int | None = None
    evaluated: str = "trade"
    start_volume: float | Sequence[float] = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "tiers", _tiers(self.tiers))
        for name, known in (("rates_on", tuple(_RATES_ON)), ("counts", _COUNTS), ("evaluated", _EVALUATED)):
            if getattr(self, name) not in known:
                raise ConfigError(
                    f"one of {', '.join(known)}", shown(getattr(self, name)), f"TieredFees.{name}"
                )
        if self.days is not None:
            wanted = "days from 1 to 3660, or None"
            days = whole(self.days, wanted, 1, 3660, ConfigError, "TieredFees.days")
            object.__setattr__(self, "days", days)
        object.__setattr__(self, "start_volume", _start(self.start_volume, self.days))

    def rates(self, volume: float) -> tuple[float, float]:
        """Maker and taker rate at a volume."""
        _, maker, taker = max(tier for tier in self.tiers if tier[0] <= max(volume, 0.0))
        return maker, taker


@dataclass(frozen=True, slots=True)
class DirectionalFees:
    """Common fees and, on top, what buyers and sellers pay on the value: stamp duty, transaction tax.

    HftBacktest's (Rust) ``DirectionalFees``: fee = common fee + (buyer or seller rate) x value, also where
    the common fee is on the quantity or for each trade.

    Parameters
    ----------
    common : TradingValueFees, TradingQtyFees, FlatPerTradeFees or TieredFees
    buyer, seller : float
        Rate on the value of what is bought, and of what is sold.
    """

    common: TradingValueFees | TradingQtyFees | FlatPerTradeFees | TieredFees
    buyer: float = 0.0
    seller: float = 0.0

    def __post_init__(self) -> None:
        kinds = TradingValueFees | TradingQtyFees | FlatPerTradeFees | TieredFees
        if not isinstance(self.common, kinds):
            wanted = "TradingValueFees, TradingQtyFees, FlatPerTradeFees or TieredFees"
            raise ConfigError(wanted, shown(self.common), "DirectionalFees.common")
        for name in ("buyer", "seller"):
            object.__setattr__(self, name, _finite(getattr(self, name), f"DirectionalFees.{name}"))


ScheduledFees = TieredFees | DirectionalFees
FeeModel = TradingValueFees | TradingQtyFees | FlatPerTradeFees | ScheduledFees | UserFees


def by_value(fees: FeeModel) -> bool:
    """Whether any part of the fees is a share of the value."""
    if isinstance(fees, DirectionalFees):
        return fees.buyer != 0 or fees.seller != 0 or by_value(fees.common)
    if isinstance(fees, TieredFees):
        return fees.rates_on == "value"
    return isinstance(fees, TradingValueFees) and (fees.maker != 0 or fees.taker != 0)


def _finite(value: Any, where: str, expected: str = "a finite rate") -> float:
    number = real(value, expected, ConfigError, where)
    if not math.isfinite(number):
        raise ConfigError(expected, number, where)
    return number


def _tiers(tiers: Any) -> tuple[tuple[float, float, float], ...]:
    where, wanted = "TieredFees.tiers", "a sequence of (from volume, maker, taker)"
    if isinstance(tiers, str | bytes | dict):
        raise ConfigError(wanted, shown(tiers), where)
    try:
        rows = [tuple(tier) for tier in tiers]
    except TypeError:
        raise ConfigError(wanted, shown(tiers), where) from None
    if not rows or any(len(row) != 3 for row in rows):
        raise ConfigError(wanted, shown(tiers), where)
    found: list[tuple[float, float, float]] = []
    for number, row in enumerate(rows):
        volume, maker, taker = (_finite(value, f"{where}[{number}]", "a finite number") for value in row)
        if number == 0 and volume != 0:
            raise ConfigError("the first tier from a volume of 0", volume, where)
        if found and volume <= found[-1][0]:
            raise ConfigError("tiers from rising volumes", f"{volume} after {found[-1][0]}", where)
        found.append((volume, maker, taker))
    return tuple(found)


def _start(start: Any, days: int | None) -> float | tuple[float, ...]:
    where, expected = "TieredFees.start_volume", "a finite volume >= 0, or one for each day"
    by_day = isinstance(start, list | tuple | np.ndarray) and np.ndim(start) == 1
    volumes = tuple(_finite(value, where, expected) for value in (start if by_day else (start,)))
    if any(volume < 0 for volume in volumes):
        raise ConfigError(expected, min(volumes), where)
    if not by_day:
        return volumes[0]
    if days is None or len(volumes) > days:
        got = f"{len(volumes)} volumes" + (f" for {days} days" if days else " without days")
        raise ConfigError("at most as many daily volumes as days", got, where)
    return volumes


def fee_table(fees: ScheduledFees, first_ts: int) -> np.ndarray:
    """The numbers that `scheduled_fee` reads and writes; `first_ts`: exchange time of the run's start, ns."""
    common = fees.common if isinstance(fees, DirectionalFees) else fees
    tiers = common.tiers if isinstance(common, TieredFees) else ((0.0, common.maker, common.taker),)
    days = (common.days or 0) if isinstance(common, TieredFees) else 0
    table = np.zeros(_HEAD + _TIER * len(tiers) + days + 1)
    table[_TIERS] = len(tiers)
    table[_HEAD : _HEAD + _TIER * len(tiers)] = np.ravel(tiers)
    table[_DAYS] = days
    table[_TODAY] = today = first_ts // NS_PER_DAY
    if isinstance(fees, DirectionalFees):
        table[_BUYER], table[_SELLER] = fees.buyer, fees.seller
    if not isinstance(common, TieredFees):
        table[_ON] = KINDS[type(common)]
        return table
    table[_ON] = _RATES_ON[common.rates_on]
    table[_COUNTED] = _COUNTS.index(common.counts)
    table[_AT_MIDNIGHT] = _EVALUATED.index(common.evaluated)
    start = common.start_volume
    if days == 0:
        table[_VOLUME] = start
        return table
    by_day = start if isinstance(start, tuple) else (float(start) / days,) * days  # type: ignore[arg-type]
    for back, volume in enumerate(reversed(by_day), start=1):
        table[_HEAD + _TIER * len(tiers) + (today - back) % (days + 1)] = volume
    return table


@helper
def _turn_to(table, day):
    """Let the days pass: what is too old is forgotten, and what waited for midnight counts."""
    days = np.int64(table[_DAYS])
    today = np.int64(table[_TODAY])
    if day <= today:
        return
    table[_TODAY] = day
    if days == 0:
        table[_VOLUME] += table[_WAITING]
        table[_WAITING] = 0.0
        return
    by_day = _HEAD + _TIER * np.int64(table[_TIERS])
    for passed in range(max(today + 1, day - days), day + 1):
        table[by_day + passed % (days + 1)] = 0.0


@helper
def _volume(table):
    """The volume that decides on the tier."""
    days = np.int64(table[_DAYS])
    if days == 0:
        return table[_VOLUME]
    by_day = _HEAD + _TIER * np.int64(table[_TIERS])
    today = np.int64(table[_TODAY])
    left_out = today if table[_AT_MIDNIGHT] != 0.0 else today - days
    volume = 0.0
    for day in range(today - days, today + 1):
        if day != left_out:
            volume += table[by_day + day % (days + 1)]
    return volume


@helper
def _count(table, amount):
    """Add an execution to the volume."""
    days = np.int64(table[_DAYS])
    if days > 0:
        by_day = _HEAD + _TIER * np.int64(table[_TIERS])
        table[by_day + np.int64(table[_TODAY]) % (days + 1)] += amount
    elif table[_AT_MIDNIGHT] != 0.0:
        table[_WAITING] += amount
    else:
        table[_VOLUME] += amount


@helper
def scheduled_fee(table, maker, side, qty, value, timestamp):
    """Fee of one execution, which is counted."""
    tier = _HEAD
    if table[_TIERS] > 1.0:
        _turn_to(table, timestamp // NS_PER_DAY)
        volume = _volume(table)
        last = _HEAD + _TIER * (np.int64(table[_TIERS]) - 1)
        while tier < last and table[tier + _TIER] <= volume:
            tier += _TIER
        _count(table, value if table[_COUNTED] == 0.0 else qty)
    fee = table[tier + 1] if maker != 0 else table[tier + 2]
    if table[_ON] == BY_VALUE:
        fee *= value
    elif table[_ON] == BY_QUANTITY:
        fee *= qty
    extra = table[_BUYER] if side > 0 else table[_SELLER]
    if extra != 0.0:
        fee += extra * value
    return fee


def _fee(maker, side, asset_address, price, qty, value):
    try:
        a = asset_at(asset_address)
        table = f64_view(a["fee_params_addr"], a["fee_params_len"])
        a["model_out_f"] = scheduled_fee(table, maker, side, qty, value, a["fee_ts"])
        return 0
    except Exception:
        return USER_MODEL_FAILED


schedule_call = Callback(_fee, SIGNATURE)
