"""Order latency: how long a request takes to the exchange, and its answer back.

A latency model is asked with the kind of message (`records.PLACE`, `MODIFY`, `CANCEL`, `REPORT`,
`FILL_REPORT`) and the time it leaves, and answers in nanoseconds. A negative answer to a request means
that it is refused on the way: the refusal arrives after the absolute time. Feed latency is not modelled:
it is in the tape.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numba import types

from truefill.backtest.models.user import (
    USER_MODEL_FAILED,
    check_function,
    check_params,
    compiled_model,
    fail,
)
from truefill.backtest.records import CONSTANT_LATENCY, LATENCY_MODEL, REPORT, asset_at
from truefill.backtest.table import asset_address
from truefill.core.address import caller, f64_view
from truefill.core.errors import ConfigError
from truefill.core.gate import whole
from truefill.core.jit import Callback, helper

SIGNATURE = types.int64(types.int64, types.int64, types.int64)
_call = caller(SIGNATURE)
# Nothing travels for longer than this, ns (31 years).
_LONGEST = 1e18


@dataclass(frozen=True, slots=True)
class ConstantLatency:
    """The same latency for every message.

    Parameters
    ----------
    entry_ns : int
        From here to the exchange, ns; negative: every request is refused after that time.
    response_ns : int
        From the exchange to here, ns.
    """

    entry_ns: int = 0
    response_ns: int = 0

    def __post_init__(self) -> None:
        for name in ("entry_ns", "response_ns"):
            expected = "a latency in whole nanoseconds within +-10**15 (11 days)"
            where = f"ConstantLatency.{name}"
            value = whole(getattr(self, name), expected, -(10**15), 10**15, ConfigError, where)
            object.__setattr__(self, name, value)
        if self.response_ns < 0:
            raise ConfigError("a response latency >= 0", self.response_ns, "ConstantLatency.response_ns")


@dataclass(frozen=True, slots=True)
class UserLatency:
    """Latency by a function of the user's.

    Parameters
    ----------
    function : callable
        ``function(kind, timestamp, params) -> nanoseconds``; `kind` int, `timestamp` ns int64, `params`
        float64 array. Compiled with the engine.
    params : sequence of float
    """

    function: Callable[[int, int, np.ndarray], int]
    params: Sequence[float] = field(default=())

    def __post_init__(self) -> None:
        check_function(self.function, 3, "UserLatency.function(kind, timestamp, params)")
        check_params(self.params, "UserLatency.params")


LatencyModel = ConstantLatency | UserLatency


def latency_callback(model: UserLatency) -> Callback:
    """The user's function as the engine calls it."""
    function = compiled_model(model.function)

    def call(kind, timestamp, asset_address):
        try:
            a = asset_at(asset_address)
            params = f64_view(a["latency_params_addr"], a["latency_params_len"])
            answer = function(kind, timestamp, params)
            if not abs(float(answer)) <= _LONGEST:  # nor NaN, which would become the smallest int
                return USER_MODEL_FAILED
            a["model_out_i"] = np.int64(answer)
            return 0
        except Exception:
            return USER_MODEL_FAILED

    return Callback(call, SIGNATURE, user=model.function)


@helper
def message_latency(run, a, kind, timestamp):
    """Latency in ns of a message of `kind` that leaves at `timestamp`."""
    if a["latency_model"] == CONSTANT_LATENCY:
        if kind >= REPORT:
            return a["latency_response"]
        return a["latency_entry"]
    if _call(a["latency_call"], (kind, timestamp, asset_address(run, a))) != 0:
        fail(run, a, LATENCY_MODEL, 0, timestamp, float(kind), 0.0, 0.0, 0.0)
        return np.int64(0)
    return a["model_out_i"]
