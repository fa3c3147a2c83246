"""Run a strategy: in a worker thread, so that progress is shown and Ctrl-C ends it with its results kept."""

import inspect
import threading
from collections.abc import Callable
from typing import Any

from truefill.backtest.bot import Bot
from truefill.backtest.model_error import model_error
from truefill.backtest.result import Result, collect
from truefill.core.errors import ConfigError, StrategyError, shown
from truefill.core.jit import compile_user

# How often progress is shown and Ctrl-C is looked for, seconds.
_POLL = 0.02
# How long an error of compiled code may be sought again, interpreted, to show the user's line, seconds.
_SEARCH_LIMIT = 20.0


def run(
    bot: Bot,
    strategy: Callable[..., Any],
    params: Any = None,
    *,
    compiled: bool = True,
    progress: Callable[[float], Any] | None = None,
) -> Result:
    """Let a strategy trade until its function returns.

    Parameters
    ----------
    bot : Bot
        A fresh one.
    strategy : callable
        ``strategy(bot)``, or ``strategy(bot, params)`` when `params` are given. Plain, or decorated with
        ``njit``; compiled here with options that let progress and Ctrl-C work.
    params : object, optional
        Anything that Numba takes: a NamedTuple of numbers as a rule.
    compiled : bool
        False: run it as plain Python; for debugging.
    progress : callable, optional
        Called now and then with the share of the recorded time that has passed, 0 to 1.

    Returns
    -------
    Result
        Also when the strategy or a model raised (``result.error``) and after Ctrl-C
        (``result.interrupted``): with everything up to there.

    Raises
    ------
    StrategyError
        When `strategy` is no function of one argument (two with `params`).
    """
    if not isinstance(bot, Bot):
        raise ConfigError("a Bot", shown(bot), "run")
    arguments = (bot,) if params is None else (bot, params)
    source = strategy_source(strategy, arguments)
    function = compile_user(source) if compiled else source
    returned, error = attend(bot, lambda: function(*arguments), progress)
    if compiled and error is not None and (file := _file(source)):
        error = find_line(bot, lambda twin: source(twin, *arguments[1:]), error, {file})
    return give_result(bot, returned, error)


def attend(
    bot: Bot, work: Callable[[], Any], progress: Callable[[float], Any] | None
) -> tuple[Any, BaseException | None]:
    """Let `work` run in a thread of its own, with progress and Ctrl-C; what it returned, what it raised."""
    outcome: dict[str, Any] = {}
    done = threading.Event()

    def in_thread() -> None:
        try:
            outcome["returned"] = work()
        except BaseException as error:  # whatever it is, the caller gets it with the results
            outcome["error"] = error
        finally:
            done.set()

    threading.Thread(target=in_thread, name="truefill-run", daemon=True).start()
    _attend(bot, done, progress)
    return outcome.get("returned"), outcome.get("error")


def give_result(bot: Bot, returned: Any, error: BaseException | None) -> Result:
    """Collect what a run has left; an error of a model is found in the bot."""
    return collect(bot, returned, model_error(bot) if error is None else error)


def find_line(bot: Bot, again: Callable[[Bot], Any], error: BaseException, files: set[str]) -> BaseException:
    """Give an error of compiled code a traceback with the user's line, by running `again` interpreted."""
    return error if _shows(error, files) else _again_interpreted(bot, again, error)


def run_here(bot: Bot, function: Callable[..., Any], params: Any = None) -> Result:
    """Let a strategy trade on the calling thread, without progress: one of many runs (`truefill.sweep`).

    Parameters
    ----------
    bot : Bot
        A fresh one.
    function : callable
        Compiled already (`core.jit.compile_user`), or plain.
    params : object, optional
        As for `run`.
    """
    arguments = (bot,) if params is None else (bot, params)
    try:
        returned = function(*arguments)
    except Exception as error:
        return collect(bot, None, error)
    return collect(bot, returned, model_error(bot))


def strategy_source(strategy: Any, arguments: tuple[Any, ...]) -> Callable[..., Any]:
    """Plain Python of a strategy.

    Raises
    ------
    StrategyError
        When it cannot be called with `arguments`.
    """
    source = getattr(strategy, "py_func", strategy)
    wanted = "strategy(bot)" if len(arguments) == 1 else "strategy(bot, params)"
    if not callable(source):
        raise StrategyError(f"a function {wanted}", shown(strategy))
    try:
        inspect.signature(source).bind(*arguments)
    except (TypeError, ValueError) as error:  # ValueError: a class or builtin that shows no signature
        raise StrategyError(f"a function {wanted}", f"{shown(source)}: {error}") from None
    return source  # type: ignore[no-any-return]


def _attend(bot: Bot, done: threading.Event, progress: Callable[[float], Any] | None) -> None:
    """Wait for the run; show progress; on Ctrl-C tell it to stop, and on the third leave it.

    An event and not ``Thread.join``: a Ctrl-C inside ``join`` makes Python 3.11 take the thread for ended.
    """
    first = bot.start_timestamp
    span = max(bot.end_timestamp - first, 1)
    asked = 0
    while not done.is_set():
        try:
            done.wait(_POLL)
            if progress is not None:
                progress(min((bot.current_timestamp - first) / span, 1.0))
        except KeyboardInterrupt:
            bot.interrupt()
            asked += 1
            if asked == 3:  # the strategy does not heed its return codes
                raise
    if progress is not None:
        progress(1.0)


def _file(source: Callable[..., Any]) -> str | None:
    try:
        return inspect.getfile(source)
    except TypeError:
        return None


def _shows(error: BaseException, files: set[str]) -> bool:
    """Whether a traceback names a line of one of the files that the strategy is in."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in files:
            return True
        trace = trace.tb_next
    return False


def _again_interpreted(bot: Bot, again: Callable[[Bot], Any], error: BaseException) -> BaseException:
    """Repeat a run that compiled code ended with an error, as plain Python, to find the user's line.

    Runs repeat exactly, so the same error comes at the same event (measured computing time aside: then most
    likely on the same line, somewhere else in time). Gives up after a while.
    """
    twin = Bot(
        bot.assets,
        compute_ns=bot.compute_ns,
        track_queues=bot.track_queues,
        accounts=bot.accounts or None,
        feeds=bot.feeds,
    )
    limit = threading.Timer(_SEARCH_LIMIT, twin.interrupt)
    limit.daemon = True
    limit.start()
    try:
        again(twin)
    except type(error) as found:
        return found
    except Exception:
        return error
    finally:
        limit.cancel()
    return error
