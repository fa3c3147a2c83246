"""Many runs over one tape: threads that share it, since a compiled run does not hold the GIL.

Every run has a bot of its own (cursors, books, orders: a megabyte or so); the tape is only read and is there
once, however many threads. Nothing of a run depends on which thread it is on or what runs beside it.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from truefill.backtest import Asset, Bot, Result
from truefill.backtest.run import run_here, strategy_source
from truefill.core.errors import ConfigError, InputError, StrategyError, shown
from truefill.core.jit import compile_user
from truefill.strategy import Callbacks, Strategy
from truefill.strategy.running import events_runner
from truefill.sweep.trials import DONE, FAILED, INTERRUPTED, Sweep, Trial

# How often progress is shown and Ctrl-C is looked for, seconds.
_POLL = 0.02


def run_many(
    market: Asset | Sequence[Asset] | Callable[[Any], Bot],
    strategy: Callable[..., Any] | type[Strategy] | Callbacks,
    parameter_sets: Iterable[Any],
    *,
    make_state: Callable[[Any], Any] | None = None,
    reduce: Callable[[Result], Any] | None = None,
    workers: int | None = None,
    compiled: bool = True,
    progress: Callable[[float, int], Any] | None = None,
) -> Sweep:
    """Run a strategy once for each parameter set, several runs at a time.

    Parameters
    ----------
    market : Asset, sequence of Asset, or callable
        What all runs trade; or ``params -> Bot``, called for each run on its thread, where parameters decide
        on models too. Open the tape once, outside, so that it is shared.
    strategy : callable, type or Callbacks
        ``strategy(bot, params)``, as for `run`; or event-driven: a class derived from Strategy, which is made
        with the parameters of each run (plain Python: threads do not help); or Callbacks.
    parameter_sets : iterable
        One for each run, best of one type: it compiles once for each. `grid` makes them.
    make_state : callable, optional
        With Callbacks, which need it: ``params -> state`` of each run.
    reduce : callable, optional
        ``Result -> anything``: what to keep of each run, called on its thread; the result is dropped after
        it. Must be safe to call from several threads. Without it whole results are kept: their fills, orders
        and samples stay in memory, and of each bot its books.
    workers : int, optional
        Runs at a time; as many as there are processors by default.
    compiled : bool
        False: plain Python, for debugging; threads do not help then.
    progress : callable, optional
        Called now and then with the share of all work that is done, 0 to 1, and the number of runs that are.

    Returns
    -------
    Sweep
        Trials in the order of `parameter_sets`. A run that raised is a trial with its error, and the others
        go on. After Ctrl-C, which ends all runs at once, the trials that were done are kept.

    Raises
    ------
    InputError, ConfigError, StrategyError
        When no run could be made: no parameter sets, a strategy that does not take two arguments, assets that
        are none.
    """
    sets = list(parameter_sets)
    if not sets:
        raise InputError("at least one parameter set", "none", "run_many")
    if any(params is None for params in sets):
        raise InputError("parameter sets that are not None", "None", "run_many")
    if workers is not None and workers < 1:
        raise InputError("at least one worker", workers, "run_many")
    make_bot = market if callable(market) else _maker(market)
    one_run = _runner(strategy, make_state, sets[0], compiled)
    return _Pool(make_bot, one_run, sets, reduce).run(workers or processors(), progress)


def _runner(
    strategy: Any, make_state: Callable[[Any], Any] | None, params: Any, compiled: bool
) -> Callable[[Bot, Any], Result]:
    """What makes one run: ``(bot, params) -> Result``, on the thread that calls it."""
    if isinstance(strategy, Strategy):
        name = type(strategy).__name__
        raise StrategyError(f"the class {name}: each run makes its own", f"an object {name}()", "run_many")
    if isinstance(strategy, Callbacks) or (isinstance(strategy, type) and issubclass(strategy, Strategy)):
        return events_runner(strategy, make_state, params, compiled)
    if make_state is not None:
        raise StrategyError("make_state with Callbacks only", f"one for {shown(strategy)}", "run_many")
    source = strategy_source(strategy, (None, params))
    function = compile_user(source) if compiled else source
    return lambda bot, params: run_here(bot, function, params)


def _maker(market: Asset | Sequence[Asset]) -> Callable[[Any], Bot]:
    assets = [market] if isinstance(market, Asset) else list(market)
    if not assets or not all(isinstance(asset, Asset) for asset in assets):
        raise ConfigError("one or more Asset objects, or a function params -> Bot", repr(market), "run_many")
    Bot(assets)  # what is wrong with the assets is said once, and the engine is loaded before the threads
    return lambda params: Bot(assets)


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Pool:
    """The threads of one sweep and what they share: the next number, the bots that run, the trials."""

    def __init__(
        self,
        make_bot: Callable[[Any], Bot],
        one_run: Callable[[Bot, Any], Result],
        sets: list[Any],
        reduce: Callable[[Result], Any] | None,
    ) -> None:
        self._make_bot = make_bot
        self._one_run = one_run
        self._reduce = reduce
        self._trials = [Trial(number, params) for number, params in enumerate(sets)]
        self._lock = threading.Lock()
        self._next = 0
        self._bots: dict[int, Bot] = {}
        self._stopping = False
        self._done = 0
        self._alive = 0
        self._ended = threading.Event()

    def run(self, workers: int, progress: Callable[[float, int], Any] | None) -> Sweep:
        begin = time.perf_counter()
        self._alive = min(workers, len(self._trials))
        for number in range(self._alive):
            threading.Thread(target=self._work, name=f"truefill-sweep-{number}", daemon=True).start()
        asked = 0
        # An event and not `Thread.join`: a Ctrl-C inside `join` makes Python 3.11 take the thread for ended.
        while not self._ended.is_set():
            try:
                self._ended.wait(_POLL)
                if progress is not None:
                    progress(*self._progress())
            except KeyboardInterrupt:
                self._stop()
                asked += 1
                if asked == 3:  # a strategy does not heed its return codes
                    raise
        if progress is not None and not self._stopping:
            progress(1.0, len(self._trials))
        return Sweep(tuple(self._trials), self._stopping, time.perf_counter() - begin)

    def _work(self) -> None:
        """One thread: runs, one after the other, until there are no more."""
        try:
            while (number := self._take()) is not None:
                trial = self._attempt(self._trials[number])
                with self._lock:
                    self._bots.pop(number, None)
                    self._trials[number] = trial
                    self._done += 1
        finally:
            with self._lock:
                self._alive -= 1
                if self._alive == 0:
                    self._ended.set()

    def _take(self) -> int | None:
        with self._lock:
            if self._stopping or self._next == len(self._trials):
                return None
            self._next += 1
            return self._next - 1

    def _attempt(self, trial: Trial) -> Trial:
        begin = time.perf_counter()
        run_hash, value, error, status = "", None, None, DONE
        try:
            bot = self._make_bot(trial.params)
            with self._lock:
                self._bots[trial.number] = bot
                if self._stopping:
                    bot.interrupt()
            result = self._one_run(bot, trial.params)
            run_hash, error = result.run_hash, result.error
            if error is not None:
                status = FAILED
            elif result.interrupted:
                status = INTERRUPTED
            if self._reduce is None:
                value = result
            elif status == DONE:
                value = self._reduce(result)
        except Exception as raised:  # of the bot's maker or of `reduce`
            status, value, error = FAILED, None, raised
        seconds = time.perf_counter() - begin
        return Trial(trial.number, trial.params, status, value, error, run_hash, seconds)

    def _stop(self) -> None:
        with self._lock:
            self._stopping = True
            for bot in self._bots.values():
                bot.interrupt()

    def _progress(self) -> tuple[float, int]:
        with self._lock:
            running = [
                (bot.current_timestamp - bot.start_timestamp)
                / max(bot.end_timestamp - bot.start_timestamp, 1)
                for bot in self._bots.values()
            ]
            share = (self._done + sum(min(part, 1.0) for part in running)) / len(self._trials)
            return min(share, 1.0), self._done
