"""A strategy file: the user's own Python, imported so that Numba's cache hits on the next run.

The module gets a stable name made of the file's name and place, and stands in ``sys.modules``: functions
of ``__main__`` or of a module that cannot be found again never hit the cache. The folder of the file is
importable, as it is for ``python strategy.py``.
"""

import hashlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from truefill.cli.event_file import Maker, find_events
from truefill.core.errors import StrategyError


@dataclass(frozen=True)
class StrategyFile:
    """A loaded strategy.

    Attributes
    ----------
    path : Path
        The file, absolute.
    function : callable
        ``strategy`` as plain Python; a Numba dispatcher has been replaced by its source.
    takes_params : bool
        Whether it is ``strategy(bot, params)``.
    needs_params : bool
        Whether it cannot do without: not ``strategy(bot, params=None)``.
    events : callable, optional
        For an event-driven strategy: ``events(params) -> (strategy, state)``; `function` is then what takes
        the params: the class, or ``make_state``.
    """

    path: Path
    function: Callable[..., Any]
    takes_params: bool
    needs_params: bool
    events: Maker | None = None


def load_strategy(path: str | Path, events: bool = False) -> StrategyFile:
    """Import a strategy file and find its ``strategy`` function; with `events` also a Strategy or callbacks.

    Raises
    ------
    StrategyError
        With file and line: no such file, a syntax error, an error while it is imported, no function
        ``strategy``, or one that does not take ``(bot)`` or ``(bot, params)``.
    """
    path = Path(path).absolute()
    if not path.is_file():
        raise StrategyError("a Python file with a function strategy(bot)", _what_is(path), path)
    module = _import(path)
    found = getattr(module, "strategy", None)
    if found is None and events and (told := find_events(module, path)) is not None:
        function, maker = told
        takes, needs = _params(function, path, ("params",), function.__name__)
        return StrategyFile(path, function, takes, needs, maker)
    if found is None:
        wanted = "a function strategy(bot) or strategy(bot, params)"
        if events:
            wanted += ", a class derived from Strategy, or callbacks such as on_trade(bot, state, trade)"
        raise StrategyError(wanted, _names(module), path)
    function = getattr(
        found, "py_func", found
    )  # @njit and @njit(cache=True): compiled again with our options
    if not inspect.isfunction(function):
        raise StrategyError("strategy to be a function", f"a {type(found).__name__}", path)
    takes, needs = _params(function, path, ("bot", "params"), "strategy")
    return StrategyFile(path, function, takes, needs)


def module_name(path: Path) -> str:
    """Name the module as which the file at `path` (absolute) is imported; the same in every process."""
    digest = hashlib.blake2b(str(path).encode(), digest_size=4).hexdigest()
    stem = "".join(c if c.isalnum() else "_" for c in path.stem)
    return f"truefill_strategy_{stem}_{digest}"


def user_lines(error: BaseException, path: Path) -> str:
    """Format the traceback of `error` from the user's first line on: the machinery above says nothing."""
    trace = traceback.TracebackException.from_exception(error)
    first = next((i for i, frame in enumerate(trace.stack) if frame.filename == str(path)), 0)
    del trace.stack[:first]
    return "".join(trace.format()).rstrip()


def line_of(error: BaseException, path: Path) -> int:
    """Find the last line of the file at `path` that the traceback of `error` goes through; 0 if none."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in reversed(frames) if frame.filename == str(path)), 0)


def _import(path: Path) -> ModuleType:
    name = module_name(path)
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise StrategyError("a file whose name ends in .py", path.name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        sys.modules.pop(name, None)
        place = f"{error.filename or path}:{error.lineno or 0}"
        raise StrategyError("Python", f"a syntax error: {error.msg}", place) from error
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        raise StrategyError(
            "a file that can be imported",
            f"{type(error).__name__}: {error}",
            f"{path}:{line_of(error, path)}",
        ) from error
    return module


def _params(
    function: Callable[..., Any], path: Path, arguments: tuple[str, ...], name: str
) -> tuple[bool, bool]:
    """Whether what takes `arguments`, the last of which is params, takes these, and whether it needs them."""
    signature = inspect.signature(function)

    def binds(*given: str) -> bool:
        try:
            signature.bind(*given)
        except TypeError:
            return False
        return True

    takes, needs = binds(*arguments), not binds(*arguments[:-1])
    if needs and not takes:
        code = getattr(function, "__code__", None)
        place = f"{path}:{code.co_firstlineno}" if code else path
        without, with_params = (f"{name}({', '.join(some)})" for some in (arguments[:-1], arguments))
        raise StrategyError(f"{without} or {with_params}", f"{name}{signature}", place)
    return takes, needs


def _what_is(path: Path) -> str:
    return "a folder" if path.is_dir() else "no such file"


def _names(module: ModuleType) -> str:
    functions = [
        n for n, v in vars(module).items() if callable(v) and getattr(v, "__module__", "") == module.__name__
    ]
    return f"only {', '.join(functions)}" if functions else "no function at all"
