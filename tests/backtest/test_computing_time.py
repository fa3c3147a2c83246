"""Computing time: charged to a strategy as its latency, and the clocks that it is measured with."""

import ctypes
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.backtest.conftest import MS
from truefill.analysis.summary import caption, to_dict
from truefill.backtest import (
    Bot,
    ConstantLatency,
    run,
)
from truefill.backtest.clock import _ask_python, clock_ns
from truefill.core.errors import ConfigError
from truefill.core.jit import entry

BuildBot = Callable[..., Bot]


def test_computing_delays_requests_and_the_next_wake(make_bot: BuildBot) -> None:
    """A request leaves when the strategy has computed; what arrives meanwhile wakes it at once after that."""
    assets = make_bot(latency=ConstantLatency(5 * MS, 3 * MS)).assets
    bot = Bot(assets, compute_ns=2 * MS)
    start = bot.current_timestamp
    assert bot.elapse(1000 * MS) == 0
    assert bot.current_timestamp == start + 1002 * MS
    depth = bot.depth(0)
    bot.submit_buy_order(0, 1, depth.best_bid - 5.0, depth.lot_size)
    assert bot.orders(0).get(1).local_timestamp == start + 1004 * MS
    assert bot.wait_order_response(0, 1, 1000 * MS) == 0
    assert bot.order_latency(0) == (start + 1004 * MS, start + 1009 * MS, start + 1012 * MS)
    assert bot.current_timestamp == start + 1012 * MS
    bot = Bot(assets, compute_ns=500 * MS)
    bot.elapse(0)
    assert bot.wait_next_feed(False, 1) == 2  # much has come while it computed
    assert bot.current_timestamp == start + 1000 * MS
    with pytest.raises(ConfigError, match=r"Bot\.compute_ns"):
        Bot(assets, compute_ns=-1)


def dawdle_and_buy(bot: Any) -> float:
    """Wake, compute for real, send an order, compute, and move on."""
    bot.elapse(1000 * MS)
    total = 0.0
    for i in range(200_000):
        total += np.sqrt(i)
    depth = bot.depth(0)
    bot.submit_buy_order(0, 1, depth.best_bid - 5.0, depth.lot_size)
    for i in range(200_000):
        total += np.sqrt(i)
    bot.elapse(1000 * MS)
    bot.elapse(0)
    return total


@pytest.mark.parametrize("compiled", [True, False])
def test_measured_computing_charges_real_time(make_bot: BuildBot, compiled: bool) -> None:
    """Between wake and request, and on to the next wake; the first wait is free; the result says it all."""
    bot = Bot(make_bot().assets, compute_ns="measured")
    start = bot.start_timestamp
    began = time.perf_counter_ns()
    result = run(bot, dawdle_and_buy, compiled=compiled)
    took = time.perf_counter_ns() - began
    assert result.error is None
    woke = start + 1000 * MS
    sent = bot.orders(0).get(1).local_timestamp
    assert woke < sent < bot.current_timestamp - 1000 * MS < woke + took
    assert bot.order_latency(0)[0] == sent
    assert not result.repeats and not bot.repeats
    data = result.run_data()
    assert any("does not repeat" in note for note in data.meta["notes"])
    assert "does not repeat" in caption(data)
    assert to_dict(data)["repeats"] is False
    constant = run(make_bot(), dawdle_and_buy, compiled=compiled)
    assert constant.repeats
    assert "does not repeat" not in caption(constant.run_data())
    with pytest.raises(ConfigError, match=r"Bot\.compute_ns"):
        Bot(bot.assets, compute_ns="often")


@entry
def _clock_readings(count):
    readings = np.empty(count, np.int64)
    for i in range(count):
        readings[i] = clock_ns()
    return readings


def test_compiled_and_interpreted_clocks_agree() -> None:
    """Real time of compiled code lies between two readings by Python; it does not run backwards."""
    _clock_readings(1)
    before = clock_ns()
    readings = _clock_readings(1000)
    took = clock_ns() - before
    assert (np.diff(readings) >= 0).all()
    assert 0 <= readings[-1] - readings[0] <= took


def test_the_clock_by_python_answers_like_the_systems() -> None:
    """The stand-in for systems without clock_gettime: seconds and ns of the same clock."""
    answer = (ctypes.c_int64 * 2)()
    before = time.perf_counter_ns()
    assert _ask_python(0, ctypes.byref(answer)) == 0
    assert before <= answer[0] * 10**9 + answer[1] <= time.perf_counter_ns()
    assert 0 <= answer[1] < 10**9


# -- overtaking ----------------------------------------------------------
