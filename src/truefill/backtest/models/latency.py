"""Order latency: how long a request takes to the exchange, and its answer back.

A latency model is asked with the kind of message (`records.PLACE`, `MODIFY`, `CANCEL`, `REPORT`,
`FILL_REPORT`, `POSITION_REPORT`) and the time it leaves, and answers in nanoseconds. A negative answer to
a request means that it is refused on the way: the refusal arrives after the absolute time. Nothing that
the exchange sends arrives before it left: a negative answer there counts as 0. Feed latency is not
modelled: it is in the tape.

Here are the constant model, the user's, and the door for the others, which are called by address:
`latency_recorded`, `latency_drawn`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import types

from truefill.backtest.models.user import (
    USER_MODEL_FAILED,
    check_function,
    check_params,
    compiled_model,
    fail,
)
from truefill.backtest.records import CONSTANT_LATENCY, LATENCY_MODEL, MESSAGE_KINDS, REPORT, asset_at
from truefill.backtest.table import asset_address
from truefill.core.address import caller, f64_view, i64_view
from truefill.core.errors import ConfigError
from truefill.core.gate import truth, whole
from truefill.core.jit import Callback, helper

SIGNATURE = types.int64(types.int64, types.int64, types.int64)
_call = caller(SIGNATURE)
# Nothing travels for longer than this, ns (31 years).
_LONGEST = 1e18
# Nothing that a user sets lasts longer, ns (11 days).
LONGEST_SETTING = 10**15


def check_ns(value: Any, where: str, least: int = -LONGEST_SETTING) -> int:
    """Give a whole number of nanoseconds that makes sense, or raise ConfigError."""
    wanted = "a latency within +-10**15 ns (11 days), a whole number"
    if least == 0:
        wanted = "a latency in whole nanoseconds from 0 to 10**15 (11 days)"
    return whole(value, wanted, least, LONGEST_SETTING, ConfigError, where)


@dataclass(frozen=True, slots=True)
class ConstantLatency:
    """The same latency for every message of a kind.

    Parameters
    ----------
    entry_ns : int
        From here to the exchange, ns; negative: every request is refused after that time.
    response_ns : int
        From the exchange to here, ns.
    place_ns, modify_ns, cancel_ns : int, optional
        For one kind of request, instead of `entry_ns`.
    fill_ns : int, optional
        For the report that a resting order was filled, instead of `response_ns`.
    position_ns : int, optional
        For reports of the position as messages of their own, one for each execution. By default position,
        balance and fees change with the message that reports the execution to its order.
    overtaking : bool
        Whether messages may overtake each other, as over several connections; ties by the order of sending.
        By default one that would overtake another arrives together with it.
    """

    entry_ns: int = 0
    response_ns: int = 0
    place_ns: int | None = field(default=None, kw_only=True)
    modify_ns: int | None = field(default=None, kw_only=True)
    cancel_ns: int | None = field(default=None, kw_only=True)
    fill_ns: int | None = field(default=None, kw_only=True)
    position_ns: int | None = field(default=None, kw_only=True)
    overtaking: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        requests = ("entry_ns", "place_ns", "modify_ns", "cancel_ns")
        for name in (*requests, "response_ns", "fill_ns", "position_ns"):
            value = getattr(self, name)
            if value is not None or name in ("entry_ns", "response_ns"):
                least = -LONGEST_SETTING if name in requests else 0
                object.__setattr__(self, name, check_ns(value, f"ConstantLatency.{name}", least))
        truth(self.overtaking, "True or False", ConfigError, "ConstantLatency.overtaking")

    @property
    def reports_position(self) -> bool:
        """Whether the position is reported by messages of its own."""
        return self.position_ns is not None

    def by_kind(self, offset_ns: int = 0) -> np.ndarray:
        """Latency by kind of message, ns, int64[MESSAGE_KINDS], seen from `offset_ns` further away.

        Raises
        ------
        ConfigError
            When a message would arrive before it left.
        """
        entry = [self.place_ns, self.modify_ns, self.cancel_ns]
        out = [int(self.entry_ns if ns is None else ns) for ns in entry]
        fill = int(self.response_ns if self.fill_ns is None else self.fill_ns)
        position = fill if self.position_ns is None else int(self.position_ns)
        back = [int(self.response_ns), fill, position]
        for ns in [ns for ns in out if ns >= 0] + back:
            if ns + offset_ns < 0:
                wanted = "order latencies that the location's offset leaves at 0 ns or more"
                raise ConfigError(wanted, f"{ns} ns {offset_ns:+} ns", "ConstantLatency")
        moved = [ns + offset_ns if ns >= 0 else min(ns - 2 * offset_ns, -1) for ns in out]
        return np.array([*moved, *(ns + offset_ns for ns in back)], np.int64)


@dataclass(frozen=True, slots=True)
class UserLatency:
    """Latency by a function of the user's.

    Parameters
    ----------
    function : callable
        ``function(kind, timestamp, params) -> nanoseconds``; `kind` int, `timestamp` ns int64, `params`
        float64 array. Compiled with the engine.
    params : sequence of float
    overtaking : bool
        Whether messages may overtake each other, as over several connections; ties by the order of sending.
        By default one that would overtake another arrives together with it.
    reports_position : bool
        Whether the position is reported by messages of its own, of kind 5. By default position, balance and
        fees change with the message that reports the execution to its order.
    """

    function: Callable[[int, int, np.ndarray], int]
    params: Sequence[float] = field(default=())
    overtaking: bool = field(default=False, kw_only=True)
    reports_position: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        check_function(self.function, 3, "UserLatency.function(kind, timestamp, params)")
        check_params(self.params, "UserLatency.params")
        truth(self.overtaking, "True or False", ConfigError, "UserLatency.overtaking")
        truth(self.reports_position, "True or False", ConfigError, "UserLatency.reports_position")


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
def from_further(kind, latency, offset):
    """A latency as it is `offset` ns further from the exchange; a refusal makes the way twice."""
    if kind >= REPORT:
        return max(max(latency, 0) + offset, 0)
    if latency < 0:
        return min(latency - 2 * offset, -1)
    return max(latency + offset, 0)


@helper
def message_latency(run, a, kind, timestamp):
    """Latency in ns of a message of `kind` that leaves at `timestamp`."""
    if a["latency_model"] == CONSTANT_LATENCY:
        return i64_view(a["latency_ns_addr"], MESSAGE_KINDS)[kind]
    if _call(a["latency_call"], (kind, timestamp, asset_address(run, a))) != 0:
        fail(run, a, LATENCY_MODEL, 0, timestamp, float(kind), 0.0, 0.0, 0.0)
        return np.int64(0)
    return from_further(kind, a["model_out_i"], a["latency_offset"])
