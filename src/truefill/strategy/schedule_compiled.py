"""Schedules in compiled code: one Numba type of two arrays, the same constructors and methods."""

from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import (
    NativeValue,
    intrinsic,
    make_attribute_wrapper,
    models,
    overload,
    overload_method,
    register_model,
    typeof_impl,
    unbox,
)
from numba.np.numpy_support import from_dtype

from truefill.core.errors import ConfigError
from truefill.core.jit import helper, kernel_hash
from truefill.strategy import schedule
from truefill.strategy.schedule_kernels import (
    BESTS,
    DAILY,
    DAY_NS,
    FEEDS,
    SCHEDULE,
    TIME,
    TRADES,
    VOLUME,
    due_now,
    wait_for,
)

_STATE = types.Array(from_dtype(SCHEDULE), 1, "C")
_TIMES = types.Array(types.int64, 1, "C")
_LONGEST_NS = 2**62


class ScheduleType(types.Type):  # type: ignore[misc]
    """A schedule; the kernel hash in its name makes users' caches honest."""

    def __init__(self) -> None:
        super().__init__(name=f"truefill.Schedule_{kernel_hash()}")


schedule_type = ScheduleType()


@register_model(ScheduleType)
class _Model(models.StructModel):  # type: ignore[misc]
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, [("state", _STATE), ("times", _TIMES)])


make_attribute_wrapper(ScheduleType, "state", "_state")
make_attribute_wrapper(ScheduleType, "times", "_times")


@typeof_impl.register(schedule.Schedule)
def _typeof_schedule(value: schedule.Schedule, context: Any) -> Any:
    return schedule_type


@unbox(ScheduleType)
def _unbox_schedule(typ: Any, obj: Any, context: Any) -> NativeValue:
    struct = cgutils.create_struct_proxy(typ)(context.context, context.builder)
    errors = []
    for name, array_type in (("state", _STATE), ("times", _TIMES)):
        attribute = context.pyapi.object_getattr_string(obj, f"_{name}")
        native = context.unbox(array_type, attribute)
        context.pyapi.decref(attribute)
        setattr(struct, name, native.value)
        errors.append(native.is_error)
    return NativeValue(struct._getvalue(), is_error=context.builder.or_(*errors))


@intrinsic
def _make(typingctx, state, times):
    def codegen(context, builder, sig, args):
        struct = cgutils.create_struct_proxy(schedule_type)(context, builder)
        for array_type, value in zip(sig.args, args, strict=True):
            context.nrt.incref(builder, array_type, value)
        struct.state, struct.times = args
        return struct._getvalue()

    return schedule_type(_STATE, _TIMES), codegen


@overload_method(ScheduleType, "due")
def _due(clock, bot):
    return lambda clock, bot: due_now(clock._state, clock._times, bot)


@overload_method(ScheduleType, "wait")
def _wait(clock, bot):
    return lambda clock, bot: wait_for(clock._state, clock._times, bot)


def _wants_integer(value: Any, what: str) -> None:
    """Refuse a float where Numba would silently cut it."""
    if not isinstance(value, types.Integer | types.Boolean | types.Omitted | int):
        raise TypingError(f"truefill: expected a whole number as {what}, got {value}")


@helper
def _every(interval_ns, aligned, offset_ns):
    if interval_ns < 1 or interval_ns > _LONGEST_NS:
        raise ConfigError("an interval from 1 to 2**62 ns", interval_ns, "every")
    if offset_ns < -_LONGEST_NS or offset_ns > _LONGEST_NS:
        raise ConfigError("an offset from -2**62 to 2**62 ns", offset_ns, "every")
    state = np.zeros(1, SCHEDULE)
    state[0]["kind"] = TIME
    state[0]["step_ns"] = interval_ns
    state[0]["aligned"] = aligned
    state[0]["offset_ns"] = offset_ns
    return _make(state, np.zeros(0, np.int64))


@overload(schedule.every)
def _every_overload(interval_ns, aligned=False, offset_ns=0):
    _wants_integer(interval_ns, "interval in ns")
    _wants_integer(aligned, "aligned")
    _wants_integer(offset_ns, "offset in ns")

    def every(interval_ns, aligned=False, offset_ns=0):
        return _every(interval_ns, 1 if aligned else 0, offset_ns)

    return every


@helper
def _daily(times):
    if len(times) == 0:
        raise ConfigError("one or more times of day", 0, "daily")
    for i in range(len(times)):
        if times[i] < 0 or times[i] >= DAY_NS:
            raise ConfigError("times of day from 0 to below 86_400_000_000_000 ns", times[i], "daily")
        k = i  # few: sorted as they come
        while k > 0 and times[k - 1] > times[k]:
            times[k - 1], times[k] = times[k], times[k - 1]
            k -= 1
    state = np.zeros(1, SCHEDULE)
    state[0]["kind"] = DAILY
    state[0]["aligned"] = 1
    return _make(state, times)


@overload(schedule.daily)
def _daily_overload(times_ns):
    whole = isinstance(times_ns, types.UniTuple | types.Array) and isinstance(times_ns.dtype, types.Integer)
    if not whole:
        raise TypingError(
            f"truefill: expected a tuple or an array of whole ns since midnight, got {times_ns}"
        )

    def daily(times_ns):
        times = np.zeros(len(times_ns), np.int64)
        for i in range(len(times_ns)):
            times[i] = times_ns[i]
        return _daily(times)

    return daily


@helper
def _counting(kind, asset_no, step, where):
    if asset_no < 0:
        raise ConfigError("an asset number from 0", asset_no, where)
    if not (step > 0.0 and step < np.inf):
        raise ConfigError("more than nothing, and finite", step, where)
    state = np.zeros(1, SCHEDULE)
    state[0]["kind"] = kind
    state[0]["asset"] = asset_no
    state[0]["step"] = step
    return _make(state, np.zeros(0, np.int64))


@overload(schedule.every_volume)
def _every_volume(asset_no, qty):
    _wants_integer(asset_no, "asset number")
    return lambda asset_no, qty: _counting(VOLUME, asset_no, float(qty), "every_volume")


def _counting_overload(function: Any, kind: int) -> None:
    name = function.__name__

    @overload(function)
    def _overload(asset_no, count):
        _wants_integer(asset_no, "asset number")
        _wants_integer(count, "count")
        return lambda asset_no, count: _counting(kind, asset_no, float(count), name)


_counting_overload(schedule.every_trades, TRADES)
_counting_overload(schedule.every_best_changes, BESTS)
_counting_overload(schedule.every_feed_events, FEEDS)
