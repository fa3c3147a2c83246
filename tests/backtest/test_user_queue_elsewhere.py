"""A user's queue model that hears of trades through its price and of best prices, on small markets."""

import math
from typing import Any

import numpy as np
import pytest

from tests.backtest.test_queue_evidence import at_bid, filled
from tests.differential.market import book
from truefill.backtest import UserQueue
from truefill.backtest.model_error import model_error
from truefill.backtest.records import resting_at
from truefill.core.errors import ConfigError


def join(order: Any, level_qty: float, params: np.ndarray) -> None:
    """Behind all that is there."""
    order["front"] = level_qty


def trade(order: Any, qty: float, params: np.ndarray) -> None:
    """Takes from the front."""
    order["front"] -= qty


def shrink(order: Any, previous: float, new: float, params: np.ndarray) -> None:
    """Every cancellation was behind."""
    order["front"] = min(order["front"], new)
    order["extra0"] = order["event_ts"]


def stand_first(order: Any, qty: float, params: np.ndarray) -> None:
    """Nothing is in front."""
    order["front"] = 0.0


def stand_first_alone(order: Any, bid_tick: float, ask_tick: float, params: np.ndarray) -> None:
    """The market's best price is worse than the order's, or there is none."""
    best = bid_tick if order["side"] > 0 else ask_tick
    if math.isnan(best) or order["side"] * (order["tick"] - best) > 0:
        order["front"] = 0.0


def fails_at_the_best(order: Any, bid_tick: float, ask_tick: float, params: np.ndarray) -> None:
    """An error of the user's."""
    if ask_tick > bid_tick:
        raise ValueError("best")


@pytest.mark.parametrize(("through", "lots"), [(stand_first, 4.0), (None, 2.0)])
def test_a_trade_through_the_price_is_told(through: Any, lots: float) -> None:
    """2 traded a tick below: they were ours; whoever hears of it gets the next 2 as well."""
    bot = at_bid(book().sells(99, 2).sells(100, 2), UserQueue(join, trade, shrink, through=through), lots=5)
    assert filled(bot, 1) == 2.0
    assert filled(bot, 1) == lots


@pytest.mark.parametrize(("best", "lots"), [(stand_first_alone, 4.0), (None, 3.0)])
def test_a_change_of_a_best_price_is_told(best: Any, lots: float) -> None:
    """As in the tests of `EvidenceQueue`: 3 offered at our price prove that nobody is in front."""
    market = book().bid(98, 4).ask(100, 3).ask(100, 0).sells(100, 1)
    bot = at_bid(market, UserQueue(join, trade, shrink, best=best), lots=5)
    assert filled(bot, 2) == 3.0
    assert filled(bot, 2) == lots


def test_the_time_of_each_event_is_told() -> None:
    """The exchange's time of the row itself, not of the moment up to which rows are replayed at once."""
    bot = at_bid(book().bid(100, 9).bid(100, 8), UserQueue(join, trade, shrink))
    bot.elapse(1000)
    order = resting_at(int(bot._table[0]["resting_addr"]), 1)[0]
    times = bot.assets[0].tape.exch.group_ts
    assert order["extra0"] == times[3] > order["entry_ts"]  # two rows, ours, two rows more
    assert times[3] < times[-1]


def test_an_error_names_its_arguments() -> None:
    """The run ends, and the error says what the function was told."""
    bot = at_bid(book().bid(101, 4), UserQueue(join, trade, shrink, best=fails_at_the_best))
    bot.elapse(1000)
    error = model_error(bot)
    assert error is not None
    assert "bid_tick=101.0" in str(error)
    assert isinstance(error.__cause__, ValueError)


@pytest.mark.parametrize("given", [{"through": stand_first_alone}, {"best": stand_first}, {"best": 3}])
def test_functions_of_other_arguments_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"UserQueue\."):
        UserQueue(join, trade, shrink, **given)
