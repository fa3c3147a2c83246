"""Run event-driven strategies on a backtest: in a worker thread, with progress, Ctrl-C and typed errors."""

import copy
import inspect
from collections.abc import Callable
from typing import Any

from truefill.backtest import Bot, Result
from truefill.backtest.run import attend, find_line, give_result
from truefill.core.errors import ConfigError, StrategyError, shown
from truefill.core.jit import compile_user, jit_enabled
from truefill.strategy.callbacks import Callbacks
from truefill.strategy.events import CALLBACKS, LONELY
from truefill.strategy.loop import Work, make_loop
from truefill.strategy.strategy import Strategy, checked_strategy


def run_events(
    bot: Bot,
    strategy: Strategy | Callbacks,
    state: Any = None,
    *,
    compiled: bool = True,
    progress: Callable[[float], Any] | None = None,
) -> Result:
    """Let an event-driven strategy trade until the data ends.

    Parameters
    ----------
    bot : Bot
        A fresh one.
    strategy : Strategy or Callbacks
        An object of a class with methods, which is run as plain Python; or functions, which are compiled.
    state : object, optional
        With Callbacks: what they share; `new_state`, or anything that Numba takes.
    compiled : bool
        With Callbacks, False: run them as plain Python; for debugging.
    progress : callable, optional
        Called now and then with the share of the recorded time that has passed, 0 to 1.

    Returns
    -------
    Result
        As `truefill.run`. ``returned`` is the state, or the strategy object. A callback that raised is a
        StrategyError in ``error``, with the callback's name, the event and its time, and the callback's own
        error as its ``__cause__``; everything up to there is kept.

    Raises
    ------
    StrategyError, ConfigError
        What was given is no such thing; nothing has been simulated then.
    """
    if not isinstance(bot, Bot):
        raise ConfigError("a Bot", shown(bot), "run_events")
    if isinstance(strategy, Callbacks):
        return _run_callbacks(bot, strategy, state, compiled, progress)
    if state is not None:
        raise StrategyError("no state for a Strategy object, which is its own", shown(state))
    return _run_object(bot, checked_strategy(strategy), progress)


def compile_callbacks(strategy: Callbacks) -> Any:
    """Compile the loop of a strategy of functions, ``loop(bot, work)``; cached beside the user's file."""
    jit = _jitted if jit_enabled() else _plain
    functions = {name: jit(function) for name, function in strategy.functions.items()}
    beside = next(iter(strategy.functions.values()))
    return compile_user(make_loop(functions, jit), beside=beside)


def _jitted(function: Callable[..., Any]) -> Any:
    return compile_user(function, cache=False)


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _run_callbacks(
    bot: Bot, strategy: Callbacks, state: Any, compiled: bool, progress: Callable[[float], Any] | None
) -> Result:
    plan = strategy.plan(bot.num_assets, bot.num_feeds)
    loop = compile_callbacks(strategy) if compiled else make_loop(strategy.functions, _plain)
    before = copy.deepcopy(state) if compiled else None
    work = plan.work(
        state, bot.num_assets, bot.current_timestamp, attributes=not compiled or not jit_enabled()
    )
    _, error = attend(bot, lambda: loop(bot, work), progress)
    if isinstance(error, Exception):
        found: BaseException = error
        files = {inspect.getfile(function) for function in strategy.functions.values()}
        if compiled and jit_enabled():

            def again(twin: Bot) -> None:
                plain = plan.work(before, twin.num_assets, twin.current_timestamp, attributes=True)
                make_loop(strategy.functions, _plain)(twin, plain)

            found = find_line(bot, again, error, files)
        error = _told(found, work)
    return give_result(bot, state, error)


def _run_object(bot: Bot, strategy: Strategy, progress: Callable[[float], Any] | None) -> Result:
    callbacks = strategy._callbacks()
    strategy._start(bot)
    work: list[Work] = []

    def trade() -> None:
        if "on_start" in callbacks:
            try:
                strategy.on_start()
            except Exception as error:
                raise _error("on_start", "", bot.current_timestamp, error) from error
        plan = strategy._plan(callbacks)
        arrays = plan.work(None, bot.num_assets, bot.current_timestamp, attributes=True)
        strategy._work = arrays
        work.append(arrays)
        make_loop({n: f for n, f in callbacks.items() if n != "on_start"}, _plain)(bot, arrays)

    _, error = attend(bot, trade, progress)
    if isinstance(error, Exception) and work:
        error = _told(error, work[0])
    return give_result(bot, strategy, error)


def _told(error: BaseException, work: Work) -> StrategyError:
    """Say in which callback an error was, and at what event."""
    callback, timestamp, source, count = (int(value) for value in work.where)
    name = CALLBACKS[callback]
    feed = source - work.wants.shape[1]
    of = "" if source < 0 else f" of asset {source}" if feed < 0 else f" of feed {feed}"
    event = "" if name in LONELY else f"event {count:,}{of}"
    return _error(name, event, timestamp, error)


def _error(name: str, event: str, timestamp: int, error: BaseException) -> StrategyError:
    where = ", ".join(part for part in (name, event, f"time {timestamp}") if part)
    found = StrategyError("a callback that returns", f"{type(error).__name__}: {error}", where)
    found.__cause__ = error
    return found.with_traceback(error.__traceback__)
