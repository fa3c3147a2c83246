"""Event-driven strategies in a strategy file: a class derived from Strategy, or callbacks as functions."""

import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from truefill.core.errors import StrategyError

# What a file with callbacks may define besides: state shared by them.
MAKE_STATE = "make_state"

# What makes the strategy: (params or None) -> (Strategy or Callbacks, state or None).
Maker = Callable[[Any], tuple[Any, Any]]


def find_events(module: ModuleType, path: Path) -> tuple[Callable[..., Any], Maker] | None:
    """Find an event-driven strategy in a module; None: it has none.

    Returns
    -------
    (callable, maker)
        What takes the params, whose signature tells whether it does; and the maker.

    Raises
    ------
    StrategyError
        With the file: two classes, or callbacks that cannot be used.
    """
    from truefill.strategy import CALLBACKS, Callbacks, Strategy

    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Strategy) and value.__module__ == module.__name__
    ]
    classes = [c for c in own if not any(c in other.__mro__[1:] for other in own)]
    if len(classes) > 1:
        raise StrategyError("one class derived from Strategy", ", ".join(c.__name__ for c in classes), path)
    if classes:
        return classes[0], _of_class(classes[0])
    if not any(callable(getattr(module, name, None)) for name in CALLBACKS):
        return None
    try:
        callbacks = Callbacks.of_module(module)
    except StrategyError as error:
        raise StrategyError(error.expected, error.got, path) from error
    make_state = getattr(module, MAKE_STATE, None)
    if make_state is None:
        return _no_state, lambda params: (callbacks, None)
    if not inspect.isfunction(make_state):
        raise StrategyError(f"{MAKE_STATE} to be a function", f"a {type(make_state).__name__}", path)
    return make_state, _of_functions(callbacks, make_state)


def _no_state() -> None:
    """Stand for the function that makes the state where there is none."""


def _of_class(kind: type) -> Maker:
    return lambda params: (kind() if params is None else kind(params), None)


def _of_functions(callbacks: Any, make_state: Callable[..., Any]) -> Maker:
    return lambda params: (callbacks, make_state() if params is None else make_state(params))
