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
from truefill.strategy.compile_errors import not_compiled
from truefill.strategy.events import CALLBACKS, LONELY
from truefill.strategy.loop import Work, make_loop
from truefill.strategy.strategy import Strategy, checked_strategy

# Does the work of a run, and says what it returned and what it raised.
Attended = Callable[[Callable[[], Any]], tuple[Any, BaseException | None]]


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

    def attended(work: Callable[[], Any]) -> tuple[Any, BaseException | None]:
        return attend(bot, work, progress)

    if isinstance(strategy, Callbacks):
        return _run_callbacks(bot, strategy, state, _loop_of(strategy, compiled), compiled, attended)
    if state is not None:
        raise StrategyError("no state for a Strategy object, which is its own", shown(state))
    return _run_object(bot, checked_strategy(strategy), attended)


def events_runner(
    strategy: Callable[[Any], Strategy] | Callbacks,
    make_state: Callable[[Any], Any] | None,
    params: Any,
    compiled: bool,
) -> Callable[[Bot, Any], Result]:
    """Prepare one event-driven strategy for many runs, each on the thread that asks for it.

    Parameters
    ----------
    strategy : type or Callbacks
        A class derived from Strategy, which is made with the parameters of each run; or functions, which are
        compiled once.
    make_state : callable, optional
        With Callbacks: ``params -> state``, of each run.
    params : object
        Those of one run: what takes them is asked whether it does.
    compiled : bool
        As for `run_events`.

    Returns
    -------
    callable
        ``(bot, params) -> Result``, the one of `run_events`.
    """
    if isinstance(strategy, Callbacks):
        if make_state is None:
            raise StrategyError("make_state(params), which makes the state of each run", "none")
        maker = make_state
        _takes(maker, "make_state(params)", params)
        loop = _loop_of(strategy, compiled)
        return lambda bot, params: _run_callbacks(bot, strategy, maker(params), loop, compiled, None)
    if make_state is not None:
        raise StrategyError("make_state with Callbacks only", f"one for {shown(strategy)}")
    _takes(strategy, f"{shown(strategy)}(params)", params)
    return lambda bot, params: _run_object(bot, checked_strategy(strategy(params)), _here)


def _takes(given: Any, wanted: str, params: Any) -> None:
    if not callable(given):
        raise StrategyError(f"a function {wanted}", shown(given))
    try:
        inspect.signature(given).bind(params)
    except (TypeError, ValueError) as error:
        raise StrategyError(wanted, f"{shown(given)}: {error}") from None


def _here(work: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """Do the work of a run on this thread."""
    try:
        return work(), None
    except Exception as error:
        return None, error


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


def _loop_of(strategy: Callbacks, compiled: bool) -> Any:
    return compile_callbacks(strategy) if compiled else make_loop(strategy.functions, _plain)


def _run_callbacks(
    bot: Bot, strategy: Callbacks, state: Any, loop: Any, compiled: bool, attended: Attended | None
) -> Result:
    """One run; `attended` None: on this thread, one of many, of which none seeks the line of an error."""
    plan = strategy.plan(bot.num_assets, bot.num_feeds)
    seeks = compiled and jit_enabled() and attended is not None
    before = copy.deepcopy(state) if seeks else None
    work = plan.work(state, bot, attributes=not compiled or not jit_enabled())
    _, error = (attended or _here)(lambda: loop(bot, work))
    if isinstance(error, Exception):
        files = {inspect.getfile(function) for function in strategy.functions.values()}
        refused = not_compiled(error, files)
        if refused is not None:
            return give_result(bot, state, refused)
        found: BaseException = error
        if seeks:

            def again(twin: Bot) -> None:
                plain = plan.work(before, twin, attributes=True)
                make_loop(strategy.functions, _plain)(twin, plain)

            found = find_line(bot, again, error, files)
        error = _told(found, work)
    return give_result(bot, state, error)


def _run_object(bot: Bot, strategy: Strategy, attended: Attended) -> Result:
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
        arrays = plan.work(None, bot, attributes=True)
        strategy._work = arrays
        work.append(arrays)
        make_loop({n: f for n, f in callbacks.items() if n != "on_start"}, _plain)(bot, arrays)

    _, error = attended(trade)
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
