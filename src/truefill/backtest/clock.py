"""The processor's clock for compiled code: real time in ns since some moment, never backwards.

On systems with C's ``clock_gettime`` it is read directly; on others through Python's clock, which takes a
microsecond and the GIL.
"""

import ctypes
import time
from typing import Any

from llvmlite import ir
from llvmlite.binding import add_symbol
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_builtin
from numba.extending import type_callable

_NS_PER_SECOND = 1_000_000_000
_CLOCK = int(getattr(time, "CLOCK_MONOTONIC", 0))
_SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.c_int64 * 2))


@_SIGNATURE
def _ask_python(clock: int, answer: Any) -> int:
    """What ``clock_gettime`` does, by Python's clock."""
    answer.contents[:] = divmod(time.perf_counter_ns(), _NS_PER_SECOND)
    return 0


def _clock_gettime() -> Any:
    """The system's function, where its answer is two 64-bit numbers; else one of our own."""
    if ctypes.sizeof(ctypes.c_long) == ctypes.sizeof(ctypes.c_void_p) == 8 and hasattr(
        time, "CLOCK_MONOTONIC"
    ):
        return getattr(ctypes.CDLL(None), "clock_gettime", _ask_python)
    return _ask_python


_function = _clock_gettime()
_NAME = "truefill_clock_gettime"
add_symbol(_NAME, ctypes.cast(_function, ctypes.c_void_p).value)


def clock_ns() -> int:
    """Real time, ns; only differences mean something. Compiled and interpreted."""
    return time.perf_counter_ns()


@type_callable(clock_ns)
def _type_clock_ns(context: Any) -> Any:
    return lambda: types.int64


@lower_builtin(clock_ns)
def _lower_clock_ns(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    word, number = ir.IntType(64), ir.IntType(32)
    answer = ir.ArrayType(word, 2)
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(number, [number, answer.as_pointer()]), _NAME
    )
    place = cgutils.alloca_once(builder, answer)
    builder.call(function, [ir.Constant(number, _CLOCK), place])
    seconds, ns = (builder.extract_value(builder.load(place), i) for i in (0, 1))
    return builder.add(builder.mul(seconds, ir.Constant(word, _NS_PER_SECOND)), ns)
