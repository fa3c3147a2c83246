"""Accounts: a venue's wallet and its margin rules, as a frozen description, and its record for the engine."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from truefill.backtest.account_events import (
    MID,
    FundingSchedule,
    Series,
    first_exchange_ts,
    funding_rows,
    in_order,
    interest_rows,
    last_exchange_ts,
    mark_rows,
    rate_rows,
    series,
)
from truefill.backtest.account_records import FOLD, HOLDING, TIER
from truefill.backtest.currencies import received_coin
from truefill.backtest.models.contracts import InverseContract, Spot
from truefill.backtest.models.fees import TradingValueFees
from truefill.core.errors import ConfigError, shown
from truefill.core.gate import real, text, truth, whole
from truefill.core.margin import INVERSE_SIGN, LINEAR_SIGN, tier_deduction
from truefill.core.records import ACCOUNT_STATE

HOUR_NS = 3_600_000_000_000
NO_ACCOUNT = -1


@dataclass(frozen=True, slots=True)
class _MarginRules:
    leverage: float | None = None
    initial_rate: float | None = None
    tiers: Sequence[Sequence[float]] = ()
    liquidation_fee: float = 0.0

    def __post_init__(self) -> None:
        where = type(self).__name__
        if (self.leverage is None) == (self.initial_rate is None):
            got = f"leverage={self.leverage}, initial_rate={self.initial_rate}"
            raise ConfigError("either leverage or initial_rate", got, where)
        name = "leverage" if self.initial_rate is None else "initial_rate"
        given = _positive(getattr(self, name), f"{where}.{name}")
        object.__setattr__(self, name, given)
        fee = _share(self.liquidation_fee, f"{where}.liquidation_fee")
        object.__setattr__(self, "liquidation_fee", fee)
        object.__setattr__(self, "tiers", _tiers(self.tiers, f"{where}.tiers"))
        if self.tiers and self.tiers[0][1] >= self.rate:
            wanted = f"a first maintenance rate below the initial margin rate {self.rate:g}"
            raise ConfigError(wanted, self.tiers[0][1], f"{where}.tiers")

    @property
    def rate(self) -> float:
        """Initial margin rate: given, or 1 / leverage."""
        if self.initial_rate is not None:
            return self.initial_rate
        assert self.leverage is not None  # one of the two is there
        return 1.0 / self.leverage


@dataclass(frozen=True, slots=True)
class CrossMargin(_MarginRules):
    """Margin rules under which all positions share the account's equity.

    Parameters
    ----------
    leverage : float, optional
        Initial margin is position value / leverage.
    initial_rate : float, optional
        The same as a share, in place of `leverage`.
    tiers : sequence of (floor, rate) or (floor, rate, deduction)
        Maintenance margin of a position with a value from `floor` on: value * rate - deduction. Binance's
        "maintenance amount" is the deduction; without one it is computed by Binance's formula. No tiers: a
        position lives until the equity is gone.
    liquidation_fee : float
        Share of the liquidated value, on top of the taker fee.
    """


@dataclass(frozen=True, slots=True)
class IsolatedMargin(_MarginRules):
    """Margin rules under which a position has money of its own, set aside when it is opened.

    Parameters as for `CrossMargin`.
    """


Margin = CrossMargin | IsolatedMargin


@dataclass(frozen=True)
class Account:
    """One venue's wallet: who trades with it has no more credit than its rules give.

    Parameters
    ----------
    balances : mapping of str to float
        Deposits by currency, e.g. ``{"USDT": 10_000.0}``.
    currency : str, optional
        That equity and margins are counted in; by default that of the first balance.
    margin : CrossMargin or IsolatedMargin, optional
        None: a cash account, for `Spot` assets only. `Asset.margin` replaces it for one asset.
    borrow : mapping of str to float
        Annual rate of interest on debts, by currency: 0.1 is 10 % a year.
    borrow_interval_ns : int
        How often interest is charged, for that long, at whole multiples since 1970; by the hour.
    rates : mapping of str to float or arrays
        What one unit of a currency is worth in `currency`: a number, or (times in ns, rates).
    insurance : bool
        Whether the venue bears a loss that goes beyond the account's own money (or an isolated position's).
        Otherwise it stays as negative equity. The account is marked as bankrupt in both cases.
    """

    balances: Mapping[str, float]
    currency: str | None = None
    margin: Margin | None = None
    borrow: Mapping[str, float] = field(default_factory=dict)
    borrow_interval_ns: int = HOUR_NS
    rates: Mapping[str, float | Series] = field(default_factory=dict)
    insurance: bool = False

    def __post_init__(self) -> None:
        for name in ("balances", "borrow", "rates"):
            given = getattr(self, name)
            if not isinstance(given, Mapping):
                raise ConfigError("a mapping by currency", shown(given), f"Account.{name}")
            for currency in given:
                _name(currency, f"Account.{name}")
        if not self.balances:
            raise ConfigError('at least one balance, e.g. {"USDT": 10_000.0}', "none", "Account.balances")
        balances = {c: _not_negative(v, f"Account.balances[{c!r}]") for c, v in self.balances.items()}
        object.__setattr__(self, "balances", balances)
        borrow = {c: _not_negative(v, f"Account.borrow[{c!r}]") for c, v in self.borrow.items()}
        object.__setattr__(self, "borrow", borrow)
        if self.currency is not None:
            _name(self.currency, "Account.currency")
        if self.margin is not None and not isinstance(self.margin, Margin):
            raise ConfigError("CrossMargin, IsolatedMargin or None", shown(self.margin), "Account.margin")
        wanted = "whole nanoseconds > 0"
        interval = whole(
            self.borrow_interval_ns, wanted, 1, 1 << 62, ConfigError, "Account.borrow_interval_ns"
        )
        object.__setattr__(self, "borrow_interval_ns", interval)
        object.__setattr__(
            self,
            "insurance",
            truth(self.insurance, "True or False as insurance", ConfigError, "Account.insurance"),
        )
        rates = {c: self._checked_rate(c, rate) for c, rate in self.rates.items()}
        object.__setattr__(self, "rates", rates)

    def _checked_rate(self, currency: str, rate: Any) -> Any:
        where = f"Account.rates[{currency!r}]"
        if currency == self.counted_in:
            raise ConfigError("no rate of the account's own currency", currency, where)
        if isinstance(rate, tuple | list):
            rate_rows(rate, 0, where)
            return rate
        return _positive(rate, where)

    @property
    def counted_in(self) -> str:
        """Currency of equity and margins."""
        return self.currency or next(iter(self.balances))

    def describe(self) -> dict[str, Any]:
        """The account in plain values, for reports."""
        rules: dict[str, Any] = {"model": "cash"}
        if self.margin is not None:
            rules = {"model": type(self.margin).__name__, "initial_rate": self.margin.rate}
            rules["tiers"] = [list(tier) for tier in self.margin.tiers]
            rules["liquidation_fee"] = self.margin.liquidation_fee
        return {
            "balances": dict(self.balances),
            "currency": self.counted_in,
            "margin": rules,
            "borrow": dict(self.borrow),
            "rates": {c: "over time" if isinstance(r, tuple | list) else r for c, r in self.rates.items()},
            "insurance": self.insurance,
        }


def _name(value: Any, where: str) -> None:
    text(value, "the name of a currency", ConfigError, where)
    if not value.strip():
        raise ConfigError("the name of a currency", shown(value), where)


def _positive(value: Any, where: str) -> float:
    number = real(value, "a finite number > 0", ConfigError, where)
    if not (math.isfinite(number) and number > 0):
        raise ConfigError("a finite number > 0", number, where)
    return number


def _not_negative(value: Any, where: str) -> float:
    number = real(value, "a finite number >= 0", ConfigError, where)
    if not (math.isfinite(number) and number >= 0):
        raise ConfigError("a finite number >= 0", number, where)
    return number


def _share(value: Any, where: str) -> float:
    number = _not_negative(value, where)
    if number >= 1:
        raise ConfigError("a share below 1", number, where)
    return number


def _tiers(given: Any, where: str) -> tuple[tuple[float, float, float], ...]:
    """Check tiers: from 0 on, floors rising, rates not falling; and fill in deductions."""
    wanted = "tiers of (floor, rate) or (floor, rate, deduction), the first from 0, rates from 0 to below 1"
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise ConfigError(wanted, shown(given), where)
    found: list[tuple[float, float, float]] = []
    for i, tier in enumerate(given):
        place = f"{where}[{i}]"
        if not isinstance(tier, Sequence) or isinstance(tier, str) or len(tier) not in (2, 3):
            raise ConfigError(wanted, shown(tier), place)
        floor, rate = _not_negative(tier[0], place), _share(tier[1], place)
        before = found[-1] if found else (0.0, 0.0, 0.0)
        if (floor != 0.0) if not found else (floor <= before[0] or rate < before[1]):
            raise ConfigError(f"{wanted}, each above the one before", shown(tuple(tier)), place)
        deduction = _not_negative(tier[2], place) if len(tier) == 3 else None
        if deduction is None:
            deduction = tier_deduction(floor, rate, before[1], before[2]) if found else 0.0
        found.append((floor, rate, deduction))
    return tuple(found)


def check_account(asset: Any) -> None:
    """Check what an asset says about its account.

    Raises
    ------
    ConfigError
    """
    if asset.account is not None:
        wanted = "the number of an account, -1 for none"
        number = whole(asset.account, wanted, NO_ACCOUNT, 1 << 31, ConfigError, "Asset.account")
        object.__setattr__(asset, "account", number)
    if asset.margin is not None and not isinstance(asset.margin, Margin):
        raise ConfigError("CrossMargin, IsolatedMargin or None", shown(asset.margin), "Asset.margin")
    if isinstance(asset.mark, str):
        if asset.mark != MID:
            raise ConfigError('"mid", arrays or None', shown(asset.mark), "Asset.mark")
    elif asset.mark is not None:
        series(asset.mark, "mark prices", "Asset.mark")
    if asset.funding is not None and not isinstance(asset.funding, FundingSchedule):
        series(asset.funding, "funding rates", "Asset.funding")


# -- binding ---------------------------------------------------------------------------------------------


class AccountBinding:
    """The arrays that an account's record points to; keeps them alive as long as the record is used.

    Parameters
    ----------
    account : Account
    number : int
    run_address : int
    members : list of (int, Asset)
        The assets that trade with it, with their numbers.
    currencies : tuple of str
        Of the whole run.
    """

    def __init__(
        self,
        account: Account,
        number: int,
        run_address: int,
        members: list[tuple[int, Any]],
        currencies: tuple[str, ...],
    ) -> None:
        self.account, self.members, self.currencies = account, members, currencies
        self._keep: list[np.ndarray] = []
        where = f"Bot.accounts[{number}]"
        self.holdings = np.zeros(len(members), HOLDING)
        rules = account.margin
        self.state = np.zeros(1, ACCOUNT_STATE)
        self.values: dict[str, Any] = {
            "number": number,
            "run_addr": run_address,
            "margin": int(rules is not None),
            "insurance": int(account.insurance),
            "currency": currencies.index(account.counted_in),
            "currencies": len(currencies),
            "holdings": len(members),
            "holdings_addr": self._address(self.holdings),
            "state_addr": self._address(self.state),
        }
        for k, (asset_number, asset) in enumerate(members):
            self._hold(k, asset_number, asset, where)
        self._bind_debts()
        self._bind_cash(where)
        self._bind_events()

    def _address(self, array: np.ndarray) -> int:
        self._keep.append(array)
        return int(array.ctypes.data)

    def _hold(self, k: int, asset_number: int, asset: Any, where: str) -> None:
        row = self.holdings[k]
        rules = asset.margin or self.account.margin
        spot = is_spot(asset)
        symbol = asset.tape.symbol
        if rules is None and not spot:
            wanted = f"margin rules (CrossMargin, IsolatedMargin) for {symbol}, which is no Spot asset"
            raise ConfigError(wanted, "a cash account", where)
        if self.account.margin is None and asset.margin is not None:
            raise ConfigError(f"margin rules of the account, too, not only of {symbol}", "none", where)
        if spot and asset.funding is not None:
            raise ConfigError(f"no funding for {symbol}, a Spot asset", shown(asset.funding), "Asset.funding")
        if spot and isinstance(rules, IsolatedMargin):
            raise ConfigError(f"CrossMargin or a cash account for {symbol}, a Spot asset", "isolated", where)
        if spot and asset.contract.base is None:
            wanted = f'the base currency of {symbol}, as Spot("BTC", "USDT")'
            raise ConfigError(wanted, "none", "Asset.contract")
        row["asset"] = asset_number
        row["sign"] = INVERSE_SIGN if is_inverse(asset) else LINEAR_SIGN
        row["spot"] = int(spot)
        row["isolated"] = int(isinstance(rules, IsolatedMargin))
        row["settled_in"] = self.currencies.index(asset.currency)
        row["fees_in"] = self.currencies.index(fees_in(asset))
        row["base"] = self.currencies.index(asset.contract.base) if spot else -1
        row["fee_reserve"] = _fee_reserve(asset)
        if rules is None:
            return
        row["initial_rate"] = rules.rate
        row["liquidation_fee"] = rules.liquidation_fee
        tiers = np.array([tuple(tier) for tier in rules.tiers], TIER)
        row["tiers_addr"], row["tiers"] = self._address(tiers), len(tiers)

    def _bind_debts(self) -> None:
        """Spot on credit: with leverage L own money of 1 carries debts of L - 1."""
        rules = self.account.margin
        counts = np.zeros(len(self.currencies), np.int64)
        self.values["debts_addr"] = self._address(counts)
        spot = self.holdings[self.holdings["spot"] != 0]
        if rules is None or not len(spot):
            return
        for name in ("base", "settled_in"):
            counts[spot[name]] = 1
        rate = rules.rate
        self.values["debt_initial_rate"] = rate / (1.0 - rate) if rate < 1.0 else 1e18
        self.values["debt_maintenance_rate"] = rules.tiers[0][1] if rules.tiers else 0.0

    def _bind_cash(self, where: str) -> None:
        account, count = self.account, len(self.currencies)
        cash = np.array([account.balances.get(name, 0.0) for name in self.currencies])
        rates = np.full(count, np.nan)
        rates[self.currencies.index(account.counted_in)] = 1.0
        for currency, rate in account.rates.items():
            if not isinstance(rate, tuple | list):
                rates[self.currencies.index(currency)] = rate
        self._require_rates(where)
        borrow = np.array([account.borrow.get(name, 0.0) for name in self.currencies])
        self.values["borrow_rates_addr"] = self._address(borrow)
        folds = np.zeros(len(self.members), FOLD)
        folds["mark"] = np.nan
        for letter in ("x", "l"):
            self.values[f"{letter}_cash_addr"] = self._address(cash.copy())
            self.values[f"{letter}_rates_addr"] = self._address(rates.copy())
            self.values[f"{letter}_folds_addr"] = self._address(folds.copy())

    def _require_rates(self, where: str) -> None:
        """Each currency of the account can be counted in its own."""
        account = self.account
        known = {account.counted_in, *account.rates}
        for row, (_, asset) in zip(self.holdings, self.members, strict=True):
            base = asset.contract.base if row["spot"] else None
            if base is not None and base not in known and asset.currency in known:
                row["rates_base"] = 1
                known.add(base)
        used = dict.fromkeys(account.balances) | {
            name: None for _, asset in self.members for name in (asset.currency, fees_in(asset))
        }
        for row, (_, asset) in zip(self.holdings, self.members, strict=True):
            if row["spot"]:
                used[asset.contract.base] = None
        for name in used:
            if name not in known:
                wanted = (
                    f"a rate of {name} in {account.counted_in}: Account(rates={{{name!r}: ...}}), or assets "
                    f"whose contracts name {account.counted_in} as their currency"
                )
                raise ConfigError(wanted, f"only {', '.join(sorted(known))}", where)

    def _bind_events(self) -> None:
        account = self.account
        tapes = [asset.tape for _, asset in self.members]
        seen = [tape for tape in tapes if first_exchange_ts(tape) or last_exchange_ts(tape)]
        first = min((first_exchange_ts(tape) for tape in seen), default=0)
        last = max((last_exchange_ts(tape) for tape in seen), default=0)
        here: list[np.ndarray] = []
        there: list[np.ndarray] = []
        for k, (_, asset) in enumerate(self.members):
            exchange, local = mark_rows(asset.tape, asset.mark, k, asset.location_offset_ns)
            there.append(exchange)
            here.append(local)
            if not self.holdings[k]["spot"]:
                there.append(funding_rows(asset.tape, asset.funding, k))
        for currency, rate in account.rates.items():
            if isinstance(rate, tuple | list):
                where = f"Account.rates[{currency!r}]"
                exchange, local = rate_rows(rate, self.currencies.index(currency), where)
                there.append(exchange)
                here.append(local)
        if any(account.borrow.values()):
            there.append(interest_rows(account.borrow_interval_ns, first, last))
        for letter, parts in (("x", there), ("l", here)):
            events = in_order(parts, last if letter == "x" else np.iinfo(np.int64).max)
            self.values[f"{letter}_events_addr"] = self._address(events)
            self.values[f"{letter}_events"] = len(events)


def is_spot(asset: Any) -> bool:
    """Whether an asset's position is a balance of coins."""
    return isinstance(asset.contract, Spot)


def is_inverse(asset: Any) -> bool:
    """Whether an asset's money moves against the price."""
    return isinstance(asset.contract, InverseContract)


def fees_in(asset: Any) -> str:
    """Currency of an asset's fees."""
    return str(asset.fees_in)


def _fee_reserve(asset: Any) -> float:
    """Share of an order's value that a cash account keeps back for its fee, where that is paid in quote."""
    rates = [getattr(asset.fees, name, 0.0) for name in ("maker", "taker")]
    by_value = isinstance(asset.fees, TradingValueFees)
    if not by_value or fees_in(asset) != asset.currency or received_coin(asset.contract) is not None:
        return 0.0
    return max(0.0, *(float(rate) for rate in rates))


def currencies_of(accounts: Sequence[Account], assets: Sequence[Any]) -> list[str]:
    """Names of all currencies that accounts bring into a run."""
    names: list[str] = []
    for account in accounts:
        names += [account.counted_in, *account.balances, *account.borrow, *account.rates]
    if accounts:
        names += [asset.contract.base for asset in assets if is_spot(asset) and asset.contract.base]
    return names


def checked_accounts(given: Any) -> list[Account]:
    """One Account or several, as a list; none when there are none."""
    accounts = [given] if isinstance(given, Account) else given if given is not None else []
    if not isinstance(accounts, Sequence) or not all(isinstance(account, Account) for account in accounts):
        raise ConfigError("an Account, or a list of them", shown(given), "Bot.accounts")
    return list(accounts)


def members_of(accounts: Sequence[Account], assets: Sequence[Any]) -> list[list[tuple[int, Any]]]:
    """Which assets trade with which account.

    Raises
    ------
    ConfigError
        When an asset names an account that is not there, or none although there are several.
    """
    members: list[list[tuple[int, Any]]] = [[] for _ in accounts]
    for number, asset in enumerate(assets):
        chosen = asset.account
        if chosen is None:
            chosen = 0 if len(accounts) == 1 else NO_ACCOUNT
            if len(accounts) > 1:
                wanted = f"Asset.account from 0 to {len(accounts) - 1} (-1: unlimited credit)"
                raise ConfigError(wanted, f"none for asset {number} ({asset.tape.symbol})", "Bot.accounts")
        if chosen == NO_ACCOUNT:
            marked = asset.mark is not None and asset.stop_trigger != "mark"
            if not accounts and (asset.margin or marked or asset.funding is not None):
                wanted = (
                    f"an account for the margin, mark or funding of {asset.tape.symbol}: Bot(accounts=...)"
                )
                raise ConfigError(wanted, "none", "Bot.accounts")
            continue
        if chosen >= len(accounts):
            wanted = f"an account below {len(accounts)}, the number of accounts"
            raise ConfigError(wanted, chosen, f"Asset.account of asset {number} ({asset.tape.symbol})")
        members[chosen].append((number, asset))
    for number, found in enumerate(members):
        if not found:
            raise ConfigError("an asset that trades with it", "none", f"Bot.accounts[{number}]")
    return members
