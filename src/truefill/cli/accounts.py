"""From the settings of a RUN.toml to the account of a backtest, and to the bot that trades with it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truefill.cli.config import AssetSettings, FundingSettings, MarginSettings, RunConfig
from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    from truefill.backtest import Account, Asset, Bot, CrossMargin, FundingSchedule, IsolatedMargin


def make_bot(assets: "Sequence[Asset]", config: RunConfig, path: Path) -> "Bot":
    """Make the bot of a run: with its account, computing time and queue places.

    Raises
    ------
    ConfigError
        When account and assets do not fit each other, e.g. an asset in a currency without a rate.
    """
    from truefill.backtest import Bot

    about: dict[str, Any] = {"compute_ns": config.run.compute, "track_queues": config.run.track_queues}
    account = make_account(config, path)
    if account is None:
        return Bot(list(assets), **about)
    try:
        return Bot(list(assets), accounts=account, **about)
    except ConfigError as error:
        place = f"{path}: [account]" + (f", {error.where}" if error.where else "")
        raise ConfigError(error.expected, error.got, place) from None


def make_account(config: RunConfig, path: Path) -> "Account | None":
    """Make the account of a run; None without ``[account]``.

    Raises
    ------
    ConfigError
        When its settings do not fit each other, or there is money without an account.
    """
    from truefill.backtest import Account

    settings = config.account
    if settings is None:
        for name, given in (("margin", config.margin != MarginSettings()), ("funding", config.funding)):
            if given:
                raise ConfigError(f"an [account] for [{name}]", "none", path)
        return None
    try:
        return Account(
            settings.balances,
            currency=settings.currency,
            margin=_margin(config.margin),
            borrow=settings.borrow,
            borrow_interval_ns=settings.borrow_interval,
            rates=settings.rates,
            insurance=settings.insurance,
        )
    except ConfigError as error:
        raise _at(error, f"{path}: [account]") from None


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
) -> "FundingSchedule | None":
    """Make an asset's funding; the run's table is for all contracts, not for spot and not without account."""
    place = f"{path}: asset[{number}]"
    if asset.mark is not None:
        _needs_account(asset, config, f"{place}.mark")
    if asset.funding is not None:
        _needs_account(asset, config, f"{place}.funding")
        return _funding(asset.funding)
    spot = (asset.contract or config.contract).model == "spot"
    if config.funding is None or config.account is None or not asset.account or spot:
        return None
    return _funding(config.funding)


def _needs_account(asset: AssetSettings, config: RunConfig, place: str) -> None:
    if config.account is None:
        raise ConfigError("an [account] for it", "none", place)
    if not asset.account:
        raise ConfigError("an asset that trades with the account", "account = false", place)


def _margin(margin: MarginSettings) -> "CrossMargin | IsolatedMargin | None":
    from truefill.backtest import CrossMargin, IsolatedMargin

    if margin.model == "cash":
        return None
    made = CrossMargin if margin.model == "cross" else IsolatedMargin
    return made(margin.leverage, margin.initial_rate, margin.tiers, margin.liquidation_fee)


def _funding(funding: FundingSettings) -> "FundingSchedule":
    from truefill.backtest import FundingSchedule

    return FundingSchedule(funding.interval, funding.rate, funding.offset)


def _at(error: ConfigError, place: str) -> ConfigError:
    return ConfigError(error.expected, error.got, f"{place}, {error.where}" if error.where else place)
