"""From the settings of a RUN.toml to the accounts of a backtest, and to the bot that trades with them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truefill.cli.config import (
    AccountSettings,
    AssetSettings,
    FundingSettings,
    MarginSettings,
    RunConfig,
)
from truefill.cli.series_files import read_series
from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    from truefill.backtest import Account, Asset, Bot, CrossMargin, FundingSchedule, IsolatedMargin
    from truefill.backtest.account_events import Series


def make_bot(assets: "Sequence[Asset]", config: RunConfig, path: Path) -> "Bot":
    """Make the bot of a run: with its accounts, computing time and queue places.

    Raises
    ------
    ConfigError
        When accounts and assets do not fit each other, e.g. an asset in a currency without a rate.
    """
    from truefill.backtest import Bot

    about: dict[str, Any] = {"compute_ns": config.run.compute, "track_queues": config.run.track_queues}
    accounts = make_accounts(config, path)
    if not accounts:
        return Bot(list(assets), **about)
    try:
        return Bot(list(assets), accounts=accounts, **about)
    except ConfigError as error:
        place = f"{path}: [account]" + (f", {error.where}" if error.where else "")
        raise ConfigError(error.expected, error.got, place) from None


def make_accounts(config: RunConfig, path: Path) -> "list[Account]":
    """Make the accounts of a run; none without ``[account]``.

    Raises
    ------
    ConfigError
        When its settings do not fit each other, or there is money without an account.
    """
    if not config.account:
        for name, given in (("margin", config.margin != MarginSettings()), ("funding", config.funding)):
            if given:
                raise ConfigError(f"an [account] for [{name}]", "none", path)
    return [_account(settings, config, number, path) for number, settings in enumerate(config.account)]


def _account(settings: AccountSettings, config: RunConfig, number: int, path: Path) -> "Account":
    from truefill.backtest import Account

    place = account_place(config, number, path)
    try:
        return Account(
            settings.balances,
            currency=settings.currency,
            margin=_margin(settings.margin or config.margin),
            borrow=settings.borrow,
            borrow_interval_ns=settings.borrow_interval,
            rates={
                currency: read_series(path.parent / rate, "rate", f"{place}.rates.{currency}")
                if isinstance(rate, str)
                else rate
                for currency, rate in settings.rates.items()
            },
            insurance=settings.insurance,
        )
    except ConfigError as error:
        raise error if place in str(error.where) else _at(error, place) from None


def account_place(config: RunConfig, number: int, path: Path) -> str:
    """Where an account stands in the settings, for errors."""
    return f"{path}: [account]" if len(config.account) == 1 else f"{path}: account[{number}]"


def asset_account(
    asset: AssetSettings, config: RunConfig, number: int, symbol: str, path: Path
) -> int | None:
    """Tell which account an asset trades with: its number, -1 for none; None where it need not be said.

    Raises
    ------
    ConfigError
        When it is in the list of no account, or of two, or in one although it has none.
    """
    place = f"{path}: asset[{number}]"
    own = [n for n, account in enumerate(config.account) if _lists(account, number, symbol)]
    if not asset.account:
        if own:
            raise ConfigError("account = true of an asset of an account", "account = false", place)
        return -1
    if not config.account or (len(config.account) == 1 and config.account[0].assets is None):
        return None
    if len(own) == 1:
        return own[0]
    wanted = f"{symbol} among the assets of one [[account]], or account = false"
    raise ConfigError(wanted, f"it in {len(own)}" if own else "it in none", place)


def check_members(config: RunConfig, symbols: Sequence[str], path: Path) -> None:
    """Check the lists of assets of accounts.

    Raises
    ------
    ConfigError
        An account lists what is no asset; or there are several accounts, and one lists none.
    """
    for number, account in enumerate(config.account):
        place = account_place(config, number, path)
        if account.assets is None and len(config.account) > 1:
            raise ConfigError("assets, by symbol or number, of each of several accounts", "none", place)
        for member in account.assets or ():
            if member not in symbols and member not in range(len(symbols)):
                wanted = f"symbols of the assets ({', '.join(symbols)}), or their numbers from 0"
                raise ConfigError(wanted, repr(member), f"{place}.assets")


def _lists(account: AccountSettings, number: int, symbol: str) -> bool:
    return account.assets is not None and (number in account.assets or symbol in account.assets)


def asset_mark(asset: AssetSettings, config: RunConfig, number: int, path: Path) -> "str | Series | None":
    """Give an asset's mark prices: "mid", those of a file, or None for those on the tape."""
    if asset.mark is None:
        return None
    place = f"{path}: asset[{number}].mark"
    _needs_account(asset, config, place)
    return asset.mark if asset.mark == "mid" else read_series(path.parent / asset.mark, "price", place)


def asset_margin(
    asset: AssetSettings, config: RunConfig, number: int, path: Path
) -> "CrossMargin | IsolatedMargin | None":
    """Make an asset's own margin rules; None: those of the account."""
    place = f"{path}: asset[{number}].margin"
    if asset.margin is None:
        return None
    _needs_account(asset, config, place)
    if asset.margin.model == "cash":
        raise ConfigError("model 'cross' or 'isolated'; [margin] says what the account is", "'cash'", place)
    try:
        return _margin(asset.margin)
    except ConfigError as error:
        raise _at(error, place) from None


def asset_funding(
    asset: AssetSettings, config: RunConfig, number: int, path: Path
) -> "FundingSchedule | Series | None":
    """Make an asset's funding; the run's table is for all contracts, not for spot and not without account."""
    place = f"{path}: asset[{number}]"
    if asset.funding is not None:
        _needs_account(asset, config, f"{place}.funding")
        return _funding(asset.funding, path, f"{place}.funding")
    spot = (asset.contract or config.contract).model == "spot"
    if config.funding is None or not config.account or not asset.account or spot:
        return None
    return _funding(config.funding, path, f"{path}: [funding]")


def _needs_account(asset: AssetSettings, config: RunConfig, place: str) -> None:
    if not config.account:
        raise ConfigError("an [account] for it", "none", place)
    if not asset.account:
        raise ConfigError("an asset that trades with the account", "account = false", place)


def _margin(margin: MarginSettings) -> "CrossMargin | IsolatedMargin | None":
    from truefill.backtest import CrossMargin, IsolatedMargin

    if margin.model == "cash":
        return None
    made = CrossMargin if margin.model == "cross" else IsolatedMargin
    return made(margin.leverage, margin.initial_rate, margin.tiers, margin.liquidation_fee)


def _funding(funding: FundingSettings, path: Path, place: str) -> "FundingSchedule | Series":
    from truefill.backtest import FundingSchedule

    if funding.file is not None:
        return read_series(path.parent / funding.file, "rate", f"{place}.file")
    assert funding.rate is not None  # one of the two is there
    return FundingSchedule(funding.interval, funding.rate, funding.offset)


def _at(error: ConfigError, place: str) -> ConfigError:
    return ConfigError(error.expected, error.got, f"{place}, {error.where}" if error.where else place)
