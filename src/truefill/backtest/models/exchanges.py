"""Exchange models: how orders are filled against a recorded market.

The rules themselves are in `fill_rules` and `taking`; these objects choose among them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numba import types

from truefill.backtest.models.user import USER_MODEL_FAILED, check_function, check_params, compiled_model
from truefill.backtest.records import asset_at, fill_chance_at
from truefill.core.address import f64_view
from truefill.core.errors import ConfigError
from truefill.core.gate import truth
from truefill.core.jit import Callback

SIGNATURE = types.int64(types.int64, types.int64)  # address of the asset's row, what happened -> status
TRADED, CROSSED = 0, 1  # what happened


@dataclass(frozen=True, slots=True)
class FifoExchange:
    """The default: partial fills, own orders share a trade in price-time order, takers use up the book."""


@dataclass(frozen=True, slots=True)
class ProRataExchange:
    """As `FifoExchange`, but a trade at an order's own price is shared by size, or partly by time.

    CME Globex' split of FIFO and pro-rata: `core.allocation` and docs/fill-rules.md say it in full.

    Parameters
    ----------
    time_share : float
        Share of each trade that goes by time, 0 (pure pro-rata) to 1 (pure price-time).
    min_lots : int
        A share by size below this is none; CME's minimum is 2.
    """

    time_share: float = 0.0
    min_lots: int = 1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.time_share) and 0.0 <= self.time_share <= 1.0):
            raise ConfigError("a share from 0 to 1", self.time_share, "ProRataExchange.time_share")
        if isinstance(self.min_lots, bool) or not isinstance(self.min_lots, int) or self.min_lots < 1:
            raise ConfigError("a whole number of lots >= 1", self.min_lots, "ProRataExchange.min_lots")


@dataclass(frozen=True, slots=True)
class NoPartialFillExchange:
    """The rules of HftBacktest's NoPartialFillExchange: an order fills whole or not at all."""


@dataclass(frozen=True, slots=True)
class PartialFillExchange:
    """The rules of HftBacktest's PartialFillExchange, its faults mended.

    Orders fill in parts, takers get what the book shows and leave it as it is; each own order meets the
    whole of a trade.
    """


@dataclass(frozen=True, slots=True)
class UserExchange:
    """Fill rules of the user's for resting orders.

    Each function is asked for one own order at a time, best price first, then time, and answers with whole
    lots, from 0 to ``chance["leaves"]``; anything else stops the run. `chance` is a record
    (`FILL_CHANCE` in `backtest.records`; docs/your-own-models.md has its fields), of which ``extra0`` to
    ``extra3`` are the model's own and last from call to call; `params` is a float64 array.

    Parameters
    ----------
    trade : callable
        ``trade(chance, params) -> lots``: a trade at the order's price, or through it.
    cross : callable
        ``cross(chance, params) -> lots``: the best price opposite moved onto the order.
    params : sequence of float
    uses_up : bool
        Whether own takers, and orders that the book crosses, use up what they get from the book, as
        under `FifoExchange`; False: the book stays, as under `PartialFillExchange`.
    """

    trade: Callable[..., int]
    cross: Callable[..., int]
    params: Sequence[float] = field(default=())
    uses_up: bool = True

    def __post_init__(self) -> None:
        check_function(self.trade, 2, "UserExchange.trade(chance, params)")
        check_function(self.cross, 2, "UserExchange.cross(chance, params)")
        check_params(self.params, "UserExchange.params")
        expected = "True: the book is used up, or False"
        uses_up = truth(self.uses_up, expected, ConfigError, "UserExchange.uses_up")
        object.__setattr__(self, "uses_up", uses_up)


ExchangeModel = FifoExchange | ProRataExchange | NoPartialFillExchange | PartialFillExchange | UserExchange


def exchange_callback(model: UserExchange) -> Callback:
    """The user's two functions as the engine calls them."""
    trade, cross = compiled_model(model.trade), compiled_model(model.cross)

    def call(asset_address: int, event: int) -> int:
        try:
            a = asset_at(asset_address)
            params = f64_view(a["exchange_params_addr"], a["exchange_params_len"])
            chance = fill_chance_at(a["chance_addr"], 1)[0]
            leaves = chance["leaves"]
            answer = float(trade(chance, params) if event == TRADED else cross(chance, params))
            if not 0.0 <= answer <= leaves or answer != math.floor(answer):  # nor NaN
                return USER_MODEL_FAILED
            a["model_out_i"] = np.int64(answer)
            return 0
        except Exception:
            return USER_MODEL_FAILED

    return Callback(call, SIGNATURE, user=model.trade)
