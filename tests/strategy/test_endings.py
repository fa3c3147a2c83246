"""Runs that end before their time, and strategies that are none: typed errors, results kept."""

import _thread
import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from truefill.backtest import Bot
from truefill.core.errors import BotError, ConfigError, StrategyError
from truefill.strategy import Callbacks, Strategy, TimeBars, Timer, VolumeBars, new_state, run_events


def on_timer(bot: Any, state: Any, timer: Any) -> None:
    """Buy every 50 ms; the third time something is wrong."""
    state.calls += 1
    price = bot.depth(0).best_bid
    if state.calls == 3:
        price = price * float("nan")
    bot.submit_buy_order(0, state.calls, price, bot.depth(0).lot_size)  # the line with the fault


class Raises(Strategy):
    """The same as a class."""

    timers = ("50ms",)

    def on_start(self) -> None:
        self.calls = 0

    def on_timer(self, timer: Any) -> None:
        self.calls += 1
        if self.calls == 3:
            raise ValueError("three")
        self.buy(0, self.bot.depth(0).best_bid, 1.0)


def test_a_callback_that_raises(make_bot: Callable[..., Bot]) -> None:
    """StrategyError names callback, event and time; the cause has the user's line; orders are kept."""
    for compiled in (True, False):
        bot = make_bot()
        third = bot.start_timestamp + 150_000_000
        callbacks = Callbacks(on_timer=on_timer, timers=["50ms"])
        result = run_events(bot, callbacks, new_state(calls=0), compiled=compiled)

        assert isinstance(result.error, StrategyError)
        assert isinstance(result.error.__cause__, BotError)
        assert "on_timer" in str(result.error)
        assert f"time {third}" in str(result.error)
        assert "expected a finite price > 0, got nan" in str(result.error)
        assert "the line with the fault" in "".join(traceback.format_exception(result.error))
        assert len(result.orders) == 2
        assert result.timestamp == third


def test_a_method_that_raises(make_bot: Callable[..., Bot]) -> None:
    """The same for a class; `on_start` too."""
    result = run_events(make_bot(), Raises())
    assert isinstance(result.error, StrategyError)
    assert isinstance(result.error.__cause__, ValueError)
    assert "on_timer, event" in str(result.error)
    assert len(result.orders) == 2

    early = type("Early", (Strategy,), {"on_start": lambda self: self.nothing})
    result = run_events(make_bot(), early())
    assert "on_start" in str(result.error)
    assert isinstance(result.error.__cause__, AttributeError)
    assert len(result.orders) == 0


class Stops(Strategy):
    """Ends its run at the tenth timer."""

    timers = ("10ms",)

    def on_start(self) -> None:
        self.told = 0
        self.stopped = 0

    def on_timer(self, timer: Any) -> None:
        self.told += 1
        if self.told == 10:
            self.bot.close()

    def on_stop(self) -> None:
        self.stopped += 1


def test_a_strategy_may_end_its_run(make_bot: Callable[..., Bot]) -> None:
    """After `close` comes `on_stop`, and nothing more; the same object runs again."""
    strategy = Stops()
    for _ in range(2):
        result = run_events(make_bot(), strategy)
        assert (10, 1) == (strategy.told, strategy.stopped)
        assert result.error is None
        assert not result.interrupted


class NeverEnds(Stops):
    """Has a timer each nanosecond."""

    timers = (1,)

    def on_timer(self, timer: Any) -> None:
        self.told += 1


def test_ctrl_c_ends_a_run_with_its_results(make_bot: Callable[..., Bot]) -> None:
    """KeyboardInterrupt in the main thread ends the run; `on_stop` is called; the result says so."""
    threading.Timer(0.5, _thread.interrupt_main).start()
    strategy = NeverEnds()
    result = run_events(make_bot(), strategy)

    assert result.interrupted
    assert result.error is None
    assert strategy.told > 0
    assert strategy.stopped == 1


def test_time_that_a_callback_spends_is_made_up_for(make_bot: Callable[..., Bot]) -> None:
    """A callback that waits itself misses no trade: they come after it, in their order."""

    class Waits(Strategy):
        timers = ("100ms",)

        def on_start(self) -> None:
            self.trades: list[int] = []

        def on_trade(self, trade: Any) -> None:
            self.trades.append(int(trade.local_ts))

        def on_timer(self, timer: Any) -> None:
            self.bot.elapse(30_000_000)

    class Listens(Waits):
        def on_timer(self, timer: Any) -> None:
            pass

    waits, listens = Waits(), Listens()
    for strategy in (waits, listens):
        assert run_events(make_bot(), strategy).error is None
    assert listens.trades == waits.trades
    assert len(waits.trades) > 5


def nothing(bot: Any, state: Any, event: Any) -> None:
    """A callback."""


BAD = {
    "no callbacks": (Callbacks, "at least one of on_start"),
    "a misspelt name": (lambda: Callbacks(on_trades=nothing), "got on_trades"),
    "wrong arguments": (lambda: Callbacks(on_start=nothing), r"on_start\(bot, state\)"),
    "no function": (lambda: Callbacks(on_trade=3), "a function on_trade"),
    "bars for nobody": (lambda: Callbacks(on_trade=nothing, klines=["1s"]), "on_kline"),
    "no bars": (lambda: Callbacks(on_kline=nothing), "klines="),
    "no timers": (lambda: Callbacks(on_timer=nothing), "timers="),
    "no interval": (lambda: TimeBars("1x"), "such as '1m'"),
    "an interval of nothing": (lambda: TimeBars(0), "from 1"),
    "no volume": (lambda: VolumeBars(0.0), "above 0"),
    "a timer without a time": (Timer, "an interval, or"),
    "a state of text": (lambda: new_state(a="text"), "numbers, truth values"),
    "a state with a name of NumPy's": (lambda: new_state(sum=0.0), "another name in a state.*'sum'"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_strategy_is_refused(name: str) -> None:
    make, text = BAD[name]
    with pytest.raises((StrategyError, ConfigError), match=text):
        make()


def test_what_does_not_fit_the_bot_is_refused(make_bot: Callable[..., Bot]) -> None:
    """Classes for objects, states for objects, misspelt methods, assets that are not there."""
    misspelt = type("Misspelt", (Strategy,), {"on_trades": lambda self, trade: None})
    for strategy, state, text in (
        (Stops, None, r"write Stops\(\)"),
        (Stops(), 1, "no state"),
        (misspelt(), None, "on_trades"),
        (3, None, "a Strategy object, or Callbacks"),
    ):
        with pytest.raises(StrategyError, match=text):
            run_events(make_bot(), strategy, state)
    with pytest.raises(ConfigError, match="an asset below 1"):
        run_events(make_bot(), Callbacks(on_kline=nothing, klines=[TimeBars("1s", asset=1)]))
    with pytest.raises(ConfigError, match="a Bot"):
        run_events(None, Stops())
