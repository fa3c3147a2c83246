"""Memory by address: how one record gives compiled code everything it needs.

What crosses a compiled call boundary is one integer, the address of a record; the record holds the
addresses of arrays and of other compiled functions. The views made here own nothing: whoever made the
arrays keeps them alive (in truefill: the `Bot`). Each function works compiled and interpreted.

The compiled forms are lowered directly, not through ``overload``: that would compile each of them as a
function of its own for each signature, a third of the engine's compile time when it was measured.
"""

import ctypes
import os
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from llvmlite.binding import add_symbol
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_builtin
from numba.extending import type_callable
from numba.np.arrayobj import make_array, populate_array
from numba.np.numpy_support import from_dtype

_BYTES = ir.IntType(8).as_pointer()


def array_view(dtype: np.dtype) -> Callable[[int, int], np.ndarray]:
    """Make a function ``(address, length) -> 1-D array`` of `dtype` over memory that somebody else owns."""
    itemsize = dtype.itemsize
    array_type = types.Array(from_dtype(dtype), 1, "C")

    def view(address, length):
        if length <= 0:
            return np.empty(0, dtype)
        return np.frombuffer((ctypes.c_char * (int(length) * itemsize)).from_address(int(address)), dtype)

    @type_callable(view)
    def _type(context):
        def typer(address, length):
            if isinstance(address, types.Integer) and isinstance(length, types.Integer):
                return array_type
            return None

        return typer

    @lower_builtin(view, types.Integer, types.Integer)
    def _lower(context, builder, sig, args):
        address, length = (
            context.cast(builder, value, given, types.int64)
            for value, given in zip(args, sig.args, strict=True)
        )
        array = make_array(array_type)(context, builder)
        size = context.get_constant(types.intp, itemsize)
        populate_array(
            array,
            data=builder.inttoptr(address, array.data.type),
            shape=[length],
            strides=[size],
            itemsize=size,
            meminfo=None,
        )
        return array._getvalue()

    return view


def record_view(dtype: np.dtype) -> Callable[[int], Any]:
    """Make a function ``address -> record`` of `dtype`; fields are read and written in place."""
    record_type = from_dtype(dtype)

    def view(address):
        return np.frombuffer((ctypes.c_char * dtype.itemsize).from_address(int(address)), dtype)[0]

    @type_callable(view)
    def _type(context):
        def typer(address):
            return record_type if isinstance(address, types.Integer) else None

        return typer

    @lower_builtin(view, types.Integer)
    def _lower(context, builder, sig, args):
        address = context.cast(builder, args[0], sig.args[0], types.int64)
        return builder.inttoptr(address, context.get_value_type(record_type))

    return view


u8_view = array_view(np.dtype(np.uint8))
i32_view = array_view(np.dtype(np.int32))
u64_view = array_view(np.dtype(np.uint64))
i64_view = array_view(np.dtype(np.int64))
f64_view = array_view(np.dtype(np.float64))


# Under NUMBA_DISABLE_JIT there is no machine code: "addresses" are keys of this table.
_interpreted: dict[int, Callable[..., Any]] = {}


def interpreted_address(function: Callable[..., Any]) -> int:
    """A number that stands for a Python function where compiled code would have an address."""
    address = id(function)
    _interpreted[address] = function
    return address


def caller(signature: Any) -> Any:
    """Make a function ``(address, args tuple) -> value`` that calls machine code of `signature`."""

    def call(address, args):
        return _interpreted[int(address)](*args)

    @type_callable(call)
    def _type(context):
        def typer(address, args):
            if isinstance(address, types.Integer) and isinstance(args, types.BaseTuple):
                return signature.return_type
            return None

        return typer

    @lower_builtin(call, types.Integer, types.BaseTuple)
    def _lower(context, builder, sig, values):
        function_type = ir.FunctionType(
            context.get_value_type(signature.return_type),
            [context.get_value_type(t) for t in signature.args],
        )
        converted = [
            context.cast(builder, builder.extract_value(values[1], i), given, wanted)
            for i, (given, wanted) in enumerate(zip(sig.args[1].types, signature.args, strict=True))
        ]
        address = context.cast(builder, values[0], sig.args[0], types.int64)
        return builder.call(builder.inttoptr(address, function_type.as_pointer()), converted)

    return call


_libc = ctypes.CDLL(None) if os.name != "nt" else ctypes.cdll.msvcrt
_libc.realloc.restype = ctypes.c_void_p
_libc.realloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_libc.free.restype = None
_libc.free.argtypes = [ctypes.c_void_p]
# A name of our own: compiled code and `free` below must use one and the same allocator, on every system.
_REALLOC = "truefill_realloc"
add_symbol(_REALLOC, ctypes.cast(_libc.realloc, ctypes.c_void_p).value)


def reallocate(address: int, size: int) -> int:
    """C's ``realloc``: grow a block of memory of the engine's own logs; 0 when there is no memory."""
    return int(_libc.realloc(int(address) or None, int(size)) or 0)


@type_callable(reallocate)
def _type_reallocate(context: Any) -> Any:
    def typer(address: Any, size: Any) -> Any:
        if isinstance(address, types.Integer) and isinstance(size, types.Integer):
            return types.int64
        return None

    return typer


@lower_builtin(reallocate, types.Integer, types.Integer)
def _lower_reallocate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    word = ir.IntType(64)
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(_BYTES, [_BYTES, word]), _REALLOC
    )
    address, size = (
        context.cast(builder, value, given, types.int64) for value, given in zip(args, sig.args, strict=True)
    )
    return builder.ptrtoint(builder.call(function, [builder.inttoptr(address, _BYTES), size]), word)


def free(address: int) -> None:
    """C's ``free``, for what `reallocate` gave. Python side only."""
    _libc.free(int(address) or None)
