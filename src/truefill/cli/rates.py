"""Whether the money of a run can be added up, told before the run and not after it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from truefill.core.errors import ConfigError, CurrencyError
from truefill.core.records import FILL, ORDER_LOG, RECORD
from truefill.core.run_data import AssetRun, RunData

if TYPE_CHECKING:
    from truefill.backtest import Asset
    from truefill.cli.config import RunConfig


def check_rates(assets: "Sequence[Asset]", config: "RunConfig", path: Path) -> None:
    """Raise ConfigError when rates are none, or do not lead from each currency to that of the totals.

    Several currencies without any rate are no error: the report has no total then.
    """
    from truefill.analysis.rates import Rates

    try:
        rates = Rates(RunData(tuple(map(_unborn, assets)), {}, config.run.currency, config.rates))
        if config.run.currency is not None or config.rates:
            rates.needed()
        for asset in assets:
            rates.at(np.empty(0, np.int64), asset.fees_in, asset.currency)
    except CurrencyError as error:
        place = f"{path}, {error.where}" if error.where else path
        raise ConfigError(f"{error.expected} ([rates] in the settings)", error.got, place) from None


def _unborn(asset: "Asset") -> AssetRun:
    """The asset of a run in which nothing has happened."""
    nothing = np.empty(0)
    return AssetRun(
        symbol=asset.tape.symbol,
        tick_size=asset.tape.tick_size,
        lot_size=asset.tape.lot_size,
        multiplier=1.0,
        fee_currency=asset.fees_in,
        price_ts=np.empty(0, np.int64),
        bid=nothing,
        ask=nothing,
        fills=np.empty(0, FILL),
        orders=np.empty(0, ORDER_LOG),
        records=np.empty(0, RECORD),
        currency=asset.currency,
    )
