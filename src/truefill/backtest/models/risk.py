"""Risk models: what is asked of each request before it leaves.

`RiskLimits` are limits as data; their rule is `core.risk`. `UserRisk` is a function of the user's. Both are
asked at the local side, for new orders and for modifies, with what is known there at that moment; a cancel
lowers the risk and is never asked. A request that is refused does not leave and makes no order: `submit_*`
and `modify` return ``RISK_REFUSED + reason``.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numba import types

from truefill.backtest.models.user import USER_MODEL_FAILED, check_function, check_params, compiled_model
from truefill.backtest.records import asset_at, risk_request_at
from truefill.core.address import f64_view
from truefill.core.errors import ConfigError
from truefill.core.gate import real, whole
from truefill.core.jit import Callback
from truefill.core.risk import NO_LIMIT, NO_VALUE_LIMIT

SIGNATURE = types.int64(types.int64)  # address of the asset's row -> status
LARGEST_REASON = 1_000_000


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """Limits on orders and position. None: no such limit.

    Parameters
    ----------
    max_position : float, optional
        Largest position, long or short, in units, counted as if everything open on the order's side filled.
    max_order_qty : float, optional
        Largest open quantity of one order, in units.
    max_notional : float, optional
        Largest value of one order, in the settlement currency: by its limit price, a market order's by the
        best opposite price that is known here (if none is, it is refused).
    max_open_orders : int, optional
        Most open orders at a time, those that have been sent and not answered included.
    """

    max_position: float | None = None
    max_order_qty: float | None = None
    max_notional: float | None = None
    max_open_orders: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_position", "max_order_qty", "max_notional"):
            if getattr(self, name) is None:
                continue
            expected, where = "a finite number >= 0, or None", f"RiskLimits.{name}"
            value = real(getattr(self, name), expected, ConfigError, where)
            if not (math.isfinite(value) and value >= 0):
                raise ConfigError(expected, value, where)
            object.__setattr__(self, name, value)
        if self.max_open_orders is not None:
            where = "RiskLimits.max_open_orders"
            if isinstance(self.max_open_orders, bool):
                raise ConfigError("a whole number >= 0, or None", self.max_open_orders, where)
            expected = "a whole number from 0 to 2**63 - 2, or None"
            count = whole(self.max_open_orders, expected, 0, NO_LIMIT - 1, ConfigError, where)
            object.__setattr__(self, "max_open_orders", count)

    def in_lots(self, lot_size: float) -> dict[str, float]:
        """The limits as fields of the engine's row, quantities in whole lots of the data."""

        def lots(qty: float | None) -> int:
            if qty is None or qty / lot_size >= NO_LIMIT:
                return NO_LIMIT
            return math.floor(qty / lot_size * (1 + 1e-12) + 1e-6)

        return {
            "risk_max_position": lots(self.max_position),
            "risk_max_lots": lots(self.max_order_qty),
            "risk_max_value": NO_VALUE_LIMIT if self.max_notional is None else float(self.max_notional),
            "risk_max_orders": NO_LIMIT if self.max_open_orders is None else int(self.max_open_orders),
        }


@dataclass(frozen=True, slots=True)
class UserRisk:
    """A risk check by a function of the user's.

    Parameters
    ----------
    function : callable
        ``function(request, params) -> reason``: 0 lets the request go, a number from 1 to 1,000,000 refuses
        it. `request` is a record (`RISK_REQUEST` in `backtest.records`; docs/your-own-models.md has its
        fields), of which ``extra0`` to ``extra3`` are the model's own and last from call to call;
        `params` is a float64 array.
    params : sequence of float
    """

    function: Callable[..., int]
    params: Sequence[float] = field(default=())

    def __post_init__(self) -> None:
        check_function(self.function, 2, "UserRisk.function(request, params)")
        check_params(self.params, "UserRisk.params")


RiskModel = RiskLimits | UserRisk


def risk_callback(model: UserRisk) -> Callback:
    """The user's function as the engine calls it."""
    function = compiled_model(model.function)

    def call(asset_address: int) -> int:
        try:
            a = asset_at(asset_address)
            params = f64_view(a["risk_params_addr"], a["risk_params_len"])
            answer = function(risk_request_at(a["risk_request_addr"], 1)[0], params)
            if not 0 <= float(answer) <= LARGEST_REASON:  # nor NaN
                return USER_MODEL_FAILED
            a["model_out_i"] = np.int64(answer)
            return 0
        except Exception:
            return USER_MODEL_FAILED

    return Callback(call, SIGNATURE, user=model.function)
