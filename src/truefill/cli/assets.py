"""From the settings of a RUN.toml to the assets of a backtest."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from truefill.cli.accounts import (
    asset_account,
    asset_funding,
    asset_margin,
    asset_mark,
    check_members,
)
from truefill.cli.config import (
    AssetSettings,
    ContractSettings,
    ExchangeSettings,
    FeeSettings,
    LatencySettings,
    LimitSettings,
    QueueSettings,
    RunConfig,
)
from truefill.cli.rates import check_rates
from truefill.core.contracts import LINEAR
from truefill.core.errors import ConfigError, InputError
from truefill.core.limits import VenueLimits

if TYPE_CHECKING:
    from truefill.backtest import Asset
    from truefill.backtest.asset import LatencyModel
    from truefill.backtest.models.contracts import Contract
    from truefill.backtest.models.exchanges import ExchangeModel
    from truefill.backtest.models.fees_schedule import FeeModel
    from truefill.backtest.models.latency_drawn import Distribution
    from truefill.backtest.models.queue import QueueModel

CURRENCIES = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USD", "EUR", "TRY", "BTC", "ETH", "BNB")


def make_assets(config: RunConfig, path: Path) -> "list[Asset]":
    """Open the tapes of a run and describe its assets.

    Parameters
    ----------
    config : RunConfig
        What `path` says.
    path : Path
        The RUN.toml; tapes are relative to its folder.

    Raises
    ------
    TapeError
        If a tape is missing or damaged.
    ConfigError
        If settings do not fit each other or the tape, e.g. a tick size that is no multiple of the data's.
    """
    assets = [_asset(asset, config, path, number) for number, asset in enumerate(config.asset)]
    check_members(config, [asset.tape.symbol for asset in assets], path)
    check_rates(assets, config, path)
    return assets


def currency_of(symbol: str, otherwise: str = "quote") -> str:
    """Tell the money that an instrument is quoted in from its name.

    Examples
    --------
    >>> currency_of("BTCUSDT-PERP.BINANCE")
    'USDT'
    """
    pair = symbol.partition(".")[0].partition("-")[0]
    return next((c for c in CURRENCIES if pair.endswith(c) and pair != c), otherwise)


def remarks(assets: "Sequence[Asset]") -> list[str]:
    """Say what about these assets is not as it should be, without being wrong."""
    return [
        f"{asset.tape.symbol} is an inverse contract, and its money is counted as that of a linear one: "
        'orders, fills and position are right, value, fees and profit are not ([contract] model = "inverse", '
        "with its size, makes them so)"
        for asset in assets
        if asset.tape.header.venue == "binance-coinm" and asset.contract.kind == LINEAR
    ]


def _asset(asset: AssetSettings, config: RunConfig, path: Path, number: int) -> "Asset":
    from truefill.backtest import Asset
    from truefill.tape import Tape
    from truefill.tape.remote import is_url

    latency = asset.latency or config.latency
    fees = asset.fees or config.fees
    contract = asset.contract or config.contract
    exchange = asset.exchange or config.exchange
    names = [asset.tape] if isinstance(asset.tape, str) else asset.tape
    if not names:
        raise ConfigError("one or more tapes", "an empty list", f"{path}: asset[{number}].tape")
    tapes = [Tape.open(name if is_url(name) else path.parent / name) for name in names]
    tape = tapes[0]
    if asset.symbol not in (None, tape.symbol):
        raise ConfigError(f"the symbol of the tape, {tape.symbol}", asset.symbol, f"{path}: asset[{number}]")
    try:
        return Asset(
            tapes,
            latency=_latency(latency, path.parent),
            queue=_queue(asset.queue or config.queue),
            exchange=_exchange(exchange),
            self_trade=exchange.self_trade,
            stop_trigger=exchange.stop_trigger,
            limits=_limits(asset.limits or config.limits),
            fees=_fees(fees),
            contract=_contract(contract, tape.symbol),
            fee_currency=fees.currency,
            tick_size=None if asset.tick_size is None else float(asset.tick_size),
            lot_size=None if asset.lot_size is None else float(asset.lot_size),
            location_offset_ns=asset.location_offset,
            account=asset_account(asset, config, number, tape.symbol, path),
            margin=asset_margin(asset, config, number, path),
            mark=asset_mark(asset, config, number, path),
            funding=asset_funding(asset, config, number, path),
        )
    except InputError as error:
        place = f"{path}: asset[{number}]" + (f", {error.where}" if error.where else "")
        raise ConfigError(error.expected, error.got, place) from None


def _contract(contract: ContractSettings, symbol: str) -> "Contract":
    """The contract of an instrument; currencies that are not given are told from its name."""
    from truefill.backtest import InverseContract, LinearContract, QuantoContract, Spot

    pair = symbol.partition(".")[0].partition("-")[0]
    quote = currency_of(symbol, "")
    base = pair.removesuffix(quote) if quote else ""
    if contract.model == "inverse":
        return InverseContract(contract.size, contract.currency or base or None)
    if contract.model == "quanto":
        return QuantoContract(contract.multiplier, contract.currency)
    if contract.model == "spot":
        return Spot(contract.base or base or None, contract.quote or quote or None, contract.fees_in)
    return LinearContract(contract.multiplier or 1.0, contract.currency or quote or None)


def _latency(latency: LatencySettings, folder: Path) -> "LatencyModel":
    from truefill import backtest

    if latency.model == "interpolated":
        return backtest.InterpolatedLatency(
            folder / (latency.file or ""), latency.offset, overtaking=latency.overtaking
        )
    kinds = {name: getattr(latency, name) for name in ("place", "modify", "cancel", "fill", "position")}
    if latency.model == "constant":
        by_kind = {f"{name}_ns": ns for name, ns in kinds.items()}
        return backtest.ConstantLatency(
            latency.entry, latency.response, overtaking=latency.overtaking, **by_kind
        )

    def drawn(ns: int) -> "Distribution":
        if latency.model == "gamma":
            return backtest.Gamma(ns, latency.shape, latency.minimum)
        return backtest.Lognormal(ns, latency.sigma, latency.minimum)

    special = {name: None if ns is None else drawn(ns) for name, ns in kinds.items()}
    return backtest.DrawnLatency(
        drawn(latency.entry),
        drawn(latency.response),
        seed=latency.seed,
        overtaking=latency.overtaking,
        **special,
    )


def _queue(queue: QueueSettings) -> "QueueModel | None":
    from truefill import backtest

    if queue.model == "auto":
        return None
    if queue.model == "evidence" and queue.n is not None:
        return backtest.EvidenceQueue(queue.n, queue.late or 0)
    if queue.n is not None:
        powers: dict[str, Callable[[float], QueueModel]] = {
            "power": backtest.PowerProbQueue,
            "power2": backtest.PowerProbQueue2,
            "power3": backtest.PowerProbQueue3,
        }
        return powers[queue.model](queue.n)
    if queue.model == "risk_averse":
        return backtest.RiskAverseQueue()
    return backtest.LogProbQueue() if queue.model == "log" else backtest.LogProbQueue2()


def _exchange(exchange: ExchangeSettings) -> "ExchangeModel":
    from truefill import backtest

    if exchange.model == "pro_rata":
        return backtest.ProRataExchange(exchange.time_share or 0.0, exchange.min_lots or 1)
    models: dict[str, Callable[[], ExchangeModel]] = {
        "fifo": backtest.FifoExchange,
        "no_partial_fill": backtest.NoPartialFillExchange,
        "partial_fill": backtest.PartialFillExchange,
    }
    return models[exchange.model]()


def _limits(limits: LimitSettings) -> VenueLimits | None:
    if limits == LimitSettings():
        return None
    values = limits.model_dump()
    interval_ns = values.pop("interval")
    return VenueLimits(**values, interval_ns=interval_ns)


def _fees(fees: FeeSettings) -> "FeeModel":
    from truefill.backtest import (
        DirectionalFees,
        FlatPerTradeFees,
        TieredFees,
        TradingQtyFees,
        TradingValueFees,
    )

    models: dict[str, type[TradingValueFees | TradingQtyFees | FlatPerTradeFees]] = {
        "value": TradingValueFees,
        "quantity": TradingQtyFees,
        "per_trade": FlatPerTradeFees,
    }
    common: TradingValueFees | TradingQtyFees | FlatPerTradeFees | TieredFees
    if fees.tiers is not None:
        common = TieredFees(
            fees.tiers,
            rates_on=fees.rates_on,
            counts=fees.counts,
            days=fees.days,
            evaluated=fees.evaluated,
            start_volume=fees.start_volume,
        )
    else:
        common = models[fees.model](fees.maker, fees.taker)
    if fees.buyer == 0.0 and fees.seller == 0.0:
        return common
    return DirectionalFees(common, fees.buyer, fees.seller)
