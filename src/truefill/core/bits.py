"""Three machine instructions that Python has no operator for: the lowest and highest set bit, and prefetch.

They are lowered directly, as in `core.address`, and each works interpreted too.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_builtin
from numba.extending import type_callable
from numba.np.arrayobj import make_array

_WORD = ir.IntType(64)
_TRUE = ir.Constant(ir.IntType(1), 1)


def lowest_bit(word: Any) -> Any:
    """Place (0 to 63) of the lowest set bit of an int64 that is not 0."""
    word = int(word)
    return np.int64((word & -word).bit_length() - 1)


def highest_bit(word: Any) -> Any:
    """Place (0 to 63) of the highest set bit of an int64 that is not 0; the sign is bit 63."""
    return np.int64((int(word) & 0xFFFF_FFFF_FFFF_FFFF).bit_length() - 1)


def prefetch(array: Any, index: Any) -> None:
    """Ask for the cache line of ``array[index]``; changes nothing, and any index is harmless."""


def _int64_of_int64(context: Any) -> Any:
    def typer(word: Any) -> Any:
        return types.int64 if isinstance(word, types.Integer) else None

    return typer


type_callable(lowest_bit)(_int64_of_int64)
type_callable(highest_bit)(_int64_of_int64)


@lower_builtin(lowest_bit, types.Integer)
def _lower_lowest(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.cttz(context.cast(builder, args[0], sig.args[0], types.int64), _TRUE)


@lower_builtin(highest_bit, types.Integer)
def _lower_highest(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    word = context.cast(builder, args[0], sig.args[0], types.int64)
    return builder.sub(ir.Constant(_WORD, 63), builder.ctlz(word, _TRUE))


@type_callable(prefetch)
def _type_prefetch(context: Any) -> Any:
    def typer(array: Any, index: Any) -> Any:
        return types.none if isinstance(array, types.Array) and isinstance(index, types.Integer) else None

    return typer


@lower_builtin(prefetch, types.Array, types.Integer)
def _lower_prefetch(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    array = make_array(sig.args[0])(context, builder, args[0])
    index = context.cast(builder, args[1], sig.args[1], types.int64)
    place = builder.bitcast(builder.gep(array.data, [index]), ir.IntType(8).as_pointer())
    flag = ir.IntType(32)
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(ir.VoidType(), [place.type, flag, flag, flag]),
        "llvm.prefetch.p0i8" if "i8*" in str(place.type) else "llvm.prefetch.p0",
    )
    # for reading or writing alike, into all levels of the cache, data
    builder.call(function, [place, flag(0), flag(3), flag(1)])
    return context.get_dummy_value()
