"""The processor's own counter in compiled code: 8 ns a look, against 20 to 60 ns of the system's clock.

It counts at a rate that the processor keeps (invariant TSC on x86, the generic timer on ARM); whoever asks
knows how many ns a count takes. Nothing that an engine decides may depend on it: it is for measuring.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_builtin
from numba.extending import type_callable


def cycles() -> Any:
    """The counter now, int64; 0 where kernels run as plain Python."""
    return np.int64(0)


@type_callable(cycles)
def _type(context: Any) -> Any:
    return lambda: types.int64


@lower_builtin(cycles)
def _lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    kind = ir.FunctionType(ir.IntType(64), [])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.readcyclecounter"), [])
