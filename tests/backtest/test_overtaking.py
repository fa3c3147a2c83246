"""Answers that overtake each other: what a strategy then believes, and what it is told of its position."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.backtest.conftest import MS
from tests.differential.market import START, TICK, book
from truefill.backtest import (
    Bot,
    ConstantLatency,
    DrawnLatency,
    UserLatency,
)
from truefill.core.errors import ConfigError
from truefill.core.records import (
    CANCELED,
    FILLED,
    NEW,
    NONE,
    ORDER_REQUEST_IN_PROCESS,
    PARTIALLY_FILLED,
    REPLACED,
)

BuildBot = Callable[..., Bot]


def two_orders(bot: Any) -> None:
    """Place an order, and cancel another one that is resting, at one time."""
    bot.elapse(1000 * MS)
    depth = bot.depth(0)
    bot.submit_buy_order(0, 1, depth.best_bid - 5.0, depth.lot_size)
    bot.elapse(100 * MS)
    bot.submit_buy_order(0, 2, depth.best_bid - 5.0, depth.lot_size)
    bot.cancel(0, 1)


@pytest.mark.parametrize("overtaking", [False, True])
def test_a_fast_cancel_waits_for_the_slow_order_before_it_or_overtakes_it(
    make_bot: BuildBot, overtaking: bool
) -> None:
    """The cancel takes 2 ms, the order sent just before it 20 ms, the answers 3 ms."""
    latency = ConstantLatency(20 * MS, 3 * MS, cancel_ns=2 * MS, overtaking=overtaking)
    bot = make_bot(latency=latency)
    two_orders(bot)
    sent = bot.current_timestamp
    assert bot.wait_order_response(0, 1, 1000 * MS) == 0
    assert bot.current_timestamp == sent + (5 if overtaking else 23) * MS
    assert bot.orders(0).get(1).status == CANCELED
    if overtaking:  # else it has come with the other
        assert bot.wait_order_response(0, 2, 1000 * MS) == 0
    assert bot.current_timestamp == sent + 23 * MS
    assert bot.orders(0).get(2).status == NEW


def slow_first_report(kind, timestamp, params):
    """Nothing takes time but reports of fills, 50 ns and before params[0] 500, and answers: params[1] ns."""
    if kind == 3:
        return int(params[1])
    if kind == 4:
        return 500 if timestamp <= params[0] else 50
    return 0


def test_fills_are_listed_as_they_arrive_and_old_news_undoes_nothing() -> None:
    """Two fills of one order, whose reports change places on the way."""
    fill = START + 10_200
    market = book().sells(101, 3, after=10_000).sells(101, 2).quiet()
    bot = market.bot(latency=UserLatency(slow_first_report, (fill, 0.0), overtaking=True))
    bot.elapse(300)
    assert bot.submit_buy_order(0, 1, 101 * TICK, 8.0, wait=True) == 0
    assert bot.wait_order_response(0, 1, 100_000) == 0
    order = bot.orders(0).get(1)
    assert bot.current_timestamp == fill + 100 + 50
    assert (order.filled_qty, order.leaves_qty, order.exec_qty) == (5.0, 3.0, 2.0)
    assert bot.position(0) == 2.0
    assert bot.fills(0).trade_id.tolist() == [2]
    assert bot.wait_order_response(0, 1, 100_000) == 0
    assert bot.current_timestamp == fill + 500
    assert (order.filled_qty, order.leaves_qty, order.exec_qty) == (5.0, 3.0, 2.0)
    assert bot.position(0) == 5.0
    assert bot.state_values(0).num_trades == 2
    assert bot.fills(0).trade_id.tolist() == [2, 1]
    assert bot.fills(0).local_ts.tolist() == [fill + 150, fill + 500]


def test_an_overtaken_answer_still_ends_its_modify() -> None:
    """A fill after the modify is known before the modify's answer: the answer brings its terms, no more."""
    fill = START + 10_200
    market = book().sells(101, 3, after=10_000).quiet()
    bot = market.bot(latency=UserLatency(slow_first_report, (0.0, 5000.0), overtaking=True))
    bot.elapse(300)
    assert bot.submit_buy_order(0, 1, 101 * TICK, 8.0, wait=True) == 0
    bot.elapse(fill - 200 - bot.current_timestamp)
    assert bot.modify(0, 1, 101 * TICK, 6.0) == 0
    assert bot.wait_order_response(0, 1, 100_000) == 0
    assert bot.current_timestamp == fill + 50
    order = bot.orders(0).get(1)
    assert (order.status, order.req, order.qty, order.leaves_qty) == (PARTIALLY_FILLED, REPLACED, 6.0, 3.0)
    assert bot.cancel(0, 1) == ORDER_REQUEST_IN_PROCESS
    assert bot.wait_order_response(0, 1, 100_000) == 0
    assert bot.current_timestamp == fill - 200 + 5000
    assert (order.status, order.req, order.qty, order.leaves_qty) == (PARTIALLY_FILLED, NONE, 6.0, 3.0)
    assert order.cancellable and bot.position(0) == 3.0


def test_news_of_an_order_that_is_cleared_away_is_only_counted() -> None:
    """Filled, cleared, and its id in use again, when an older report arrives: no order changes."""
    fill = START + 10_200
    market = book().sells(101, 3, after=10_000).sells(101, 5).quiet()
    bot = market.bot(latency=UserLatency(slow_first_report, (fill, 0.0), overtaking=True))
    bot.elapse(300)
    assert bot.submit_buy_order(0, 1, 101 * TICK, 8.0, wait=True) == 0
    assert bot.wait_order_response(0, 1, 100_000) == 0
    assert bot.orders(0).get(1).status == FILLED and bot.position(0) == 5.0
    bot.clear_inactive_orders(0)
    assert bot.submit_buy_order(0, 1, 99 * TICK, 4.0, wait=True) == 0
    assert bot.wait_order_response(0, 1, 100_000) == 0
    assert bot.current_timestamp == fill + 500 and bot.position(0) == 8.0
    order = bot.orders(0).get(1)
    assert (order.status, order.price_tick, order.leaves_qty, order.filled_qty) == (NEW, 99, 4.0, 0.0)
    bot.cancel(0, 1, wait=True)
    bot.clear_inactive_orders(0)
    assert len(bot.orders(0)) == 0


def told_apart(**latency: Any) -> Bot:
    """A bot that bought one lot with a market's best ask, and whose position comes 100 ns after the fill."""
    model = ConstantLatency(0, 20, position_ns=100, **latency)
    bot = book().quiet().bot(latency=model)
    bot.elapse(150)
    bot.submit_buy_order(0, 1, bot.depth(0).best_ask, 1.0, wait=True)
    return bot


@pytest.mark.parametrize("overtaking", [False, True])
def test_the_position_has_messages_of_its_own(overtaking: bool) -> None:
    """Order and fills with the answer after 20 ns; position, money and totals after 100 ns."""
    bot = told_apart(overtaking=overtaking)
    state = bot.state_values(0)
    assert (bot.orders(0).get(1).status, len(bot.fills(0))) == (FILLED, 1)
    assert (bot.position(0), state.balance, state.num_trades) == (0.0, 0.0, 0)
    bot.elapse(79)
    assert bot.position(0) == 0.0
    bot.elapse(1)
    fill = bot.fills(0)[0]
    assert (bot.position(0), state.num_trades, state.trading_volume) == (1.0, 1, 1.0)
    assert state.balance == -fill.price * fill.qty == -state.trading_value


def test_a_position_report_keeps_the_run_going() -> None:
    """The end of data does not come before it."""
    bot = told_apart()
    while bot.elapse(10) == 0:
        pass
    assert bot.position(0) == 1.0


def test_who_reports_the_position() -> None:
    """Only models that were given a latency for it."""
    assert not ConstantLatency(1, 2, fill_ns=3).reports_position
    assert DrawnLatency(1, 2, position=3).reports_position
    assert DrawnLatency(1, 2, position=3).by_kind()[-2:] == [2, 3]
    assert ConstantLatency(1, 2, position_ns=3).by_kind()[-2:].tolist() == [2, 3]
    assert not UserLatency(lambda kind, timestamp, params: 0).reports_position
    with pytest.raises(ConfigError, match="position_ns"):
        ConstantLatency(1, 2, position_ns=-1)
