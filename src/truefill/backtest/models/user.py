"""What the user's models have in common: checks, compilation, and how a failure is reported.

A user's function is wrapped in a callback that catches everything and returns a status. A failure ends
the run with `MODEL_FAILED`; the engine keeps the arguments, so that Python can call the function again,
interpreted, and show the user's own traceback.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core import config

from truefill.core.errors import ConfigError, shown
from truefill.core.jit import OPTIONS, helper
from truefill.core.records import MODEL_FAILED

USER_MODEL_FAILED = MODEL_FAILED


def check_function(function: Any, arguments: int, where: str) -> None:
    """Raise ConfigError unless `function` can be called with so many positional arguments."""
    if not callable(function):
        raise ConfigError("a function", shown(function), where)
    try:
        inspect.signature(getattr(function, "py_func", function)).bind(*range(arguments))
    except (TypeError, ValueError) as error:  # ValueError: a class or builtin that shows no signature
        raise ConfigError(f"a function of {arguments} arguments", str(error), where) from None


def check_params(params: Any, where: str) -> None:
    """Raise ConfigError unless `params` are numbers that fit an array of float64."""
    try:
        with np.errstate(all="ignore"):
            array = np.ascontiguousarray(params, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ConfigError("a sequence of numbers", str(error), where) from None
    if np.ndim(params) != 1 or isinstance(params, str | bytes):
        raise ConfigError("a sequence of numbers", shown(params), where)
    del array


def compiled_model(function: Callable[..., Any]) -> Any:
    """The user's function, compiled for calls from a callback (plain under NUMBA_DISABLE_JIT).

    Indices are checked, which costs little in functions of this size: an error in a model has to become a
    ModelError and not a number from somebody else's memory.
    """
    source = getattr(function, "py_func", function)
    if config.DISABLE_JIT:
        return source
    return numba.njit(boundscheck=True, **OPTIONS)(source)


@helper
def fail(run, a, model, call, timestamp, x0, x1, x2, x3):
    """Stop the run: function number `call` of the user's model failed. The first failure stays."""
    if run["error"] == 0:
        run["error"] = USER_MODEL_FAILED
        run["error_asset"] = a["number"]
        run["error_model"] = model
        run["error_call"] = call
        run["error_ts"] = timestamp
        run["error_x0"] = x0
        run["error_x1"] = x1
        run["error_x2"] = x2
        run["error_x3"] = x3
