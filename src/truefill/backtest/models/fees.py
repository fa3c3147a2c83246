"""Fees: a rate for makers and one for takers, on value, on quantity, or per trade. Negative: a rebate."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from numba import types

from truefill.backtest.models.user import (
    USER_MODEL_FAILED,
    check_function,
    check_params,
    compiled_model,
    fail,
)
from truefill.backtest.records import BY_QUANTITY, BY_VALUE, FEE_MODEL, PER_TRADE, asset_at
from truefill.backtest.table import asset_address
from truefill.core.address import caller, f64_view
from truefill.core.errors import ConfigError
from truefill.core.gate import real
from truefill.core.jit import Callback, helper

SIGNATURE = types.int64(types.int64, types.int64, types.int64, types.float64, types.float64, types.float64)
_call = caller(SIGNATURE)


@dataclass(frozen=True, slots=True)
class _Rates:
    maker: float = 0.0
    taker: float = 0.0

    def __post_init__(self) -> None:
        for name in ("maker", "taker"):
            where = f"{type(self).__name__}.{name}"
            value = real(getattr(self, name), "a finite rate", ConfigError, where)
            if not math.isfinite(value):
                raise ConfigError("a finite rate", value, where)
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True)
class TradingValueFees(_Rates):
    """Fee = rate x traded value (-0.00005: a rebate of half a basis point)."""


@dataclass(frozen=True, slots=True)
class TradingQtyFees(_Rates):
    """Fee = rate x traded quantity."""


@dataclass(frozen=True, slots=True)
class FlatPerTradeFees(_Rates):
    """Fee = rate for each execution."""


@dataclass(frozen=True, slots=True)
class UserFees:
    """Fees by a function of the user's.

    Parameters
    ----------
    function : callable
        ``function(maker, side, price, qty, value, params) -> fee``; `maker` 1 or 0, `side` +1 or -1,
        `params` float64 array. A result that is not finite stops the run.
    params : sequence of float
    """

    function: Callable[..., float]
    params: Sequence[float] = field(default=())

    def __post_init__(self) -> None:
        check_function(self.function, 6, "UserFees.function(maker, side, price, qty, value, params)")
        check_params(self.params, "UserFees.params")


KINDS = {TradingValueFees: BY_VALUE, TradingQtyFees: BY_QUANTITY, FlatPerTradeFees: PER_TRADE}


def fee_callback(model: UserFees) -> Callback:
    """The user's function as the engine calls it."""
    function = compiled_model(model.function)

    def call(maker, side, asset_address, price, qty, value):
        try:
            a = asset_at(asset_address)
            params = f64_view(a["fee_params_addr"], a["fee_params_len"])
            a["model_out_f"] = float(function(maker, side, price, qty, value, params))
            if not math.isfinite(a["model_out_f"]):
                return USER_MODEL_FAILED
            return 0
        except Exception:
            return USER_MODEL_FAILED

    return Callback(call, SIGNATURE, user=model.function)


@helper
def fee_of(run, a, maker, side, price, qty, value, timestamp):
    """Fee of one execution, in the asset's fee currency; of spot always in the quote."""
    rate = a["fee_maker"] if maker != 0 else a["fee_taker"]
    if a["fee_model"] == BY_VALUE:
        return rate * value
    if a["fee_model"] == BY_QUANTITY:
        return rate * qty
    if a["fee_model"] == PER_TRADE:
        return rate
    a["fee_ts"] = timestamp
    if _call(a["fee_call"], (maker, side, asset_address(run, a), price, qty, value)) != 0:
        fail(run, a, FEE_MODEL, maker, timestamp, float(side), price, qty, value)
        return 0.0
    return a["model_out_f"]


@helper
def settled_fee(a, fill):
    """A fill's fee in the settlement currency; paid in the coin itself, at the fill's price."""
    if fill["fee_currency"] != a["fee_currency"]:
        return fill["fee"] * fill["price"]
    return fill["fee"]
