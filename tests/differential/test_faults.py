"""One test for each proven fault of HftBacktest that concerns the simulator: what is right, on small markets.

The letters are those of ``faults.py``. Numbers in comments are what HftBacktest 2.4.4 gives.
"""

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from tests.differential.market import FEED_NS, LOT, START, TICK, Market, asset, book
from truefill.backtest.bot import UNTIL_END_OF_DATA, Bot
from truefill.backtest.models.exchanges import FifoExchange, NoPartialFillExchange
from truefill.backtest.models.fees import TradingValueFees
from truefill.backtest.models.latency import ConstantLatency
from truefill.backtest.models.queue import LogProbQueue2, PowerProbQueue, RiskAverseQueue
from truefill.core.errors import BotError, DataError, TruefillError
from truefill.core.records import (
    BUY_SIDE,
    CANCELED,
    EXPIRED,
    FILLED,
    GTC,
    GTX,
    IOC,
    LIMIT,
    MARKET,
    NEW,
    NONE,
    PARTIALLY_FILLED,
)
from truefill.tape import build_tape

BOTH = pytest.mark.parametrize("exchange", [FifoExchange(), NoPartialFillExchange()])


def buy(bot: Bot, order_id: int, tick: int, lots: int, tif: int = GTC, kind: int = LIMIT) -> int:
    """Send an order to buy on asset 0."""
    return bot.submit_buy_order(0, order_id, tick * TICK, lots * LOT, tif, kind, False)


def totals(bot: Bot) -> tuple[float, float, int]:
    """Position, balance, number of trades."""
    state = bot.state_values(0)
    return float(state.position), float(state.balance), int(state.num_trades)


def test_a_maker_partial_fill_survives_a_cancel() -> None:
    """A: a partial fill and then a cancel leave the position that was filled (HftBacktest: 0)."""
    bot = book().sells(100, 14).quiet().quiet().bot(queue=RiskAverseQueue(), fees=TradingValueFees(0.1, 0))
    bot.elapse(150)
    buy(bot, 1, 100, 10)  # behind 10
    bot.elapse(200)
    order = bot.orders(0).get(1)
    assert (order.status, order.leaves_qty, order.filled_qty) == (PARTIALLY_FILLED, 6.0, 4.0)
    bot.cancel(0, 1, True)
    assert bot.orders(0).get(1).status == CANCELED
    assert totals(bot) == (4.0, -4 * 50.0, 1)
    assert bot.state_values(0).fee == pytest.approx(0.1 * 4 * 50.0)


def test_a_taker_sweep_is_credited_level_by_level() -> None:
    """A: a sweep of 25 over three levels is 25, at each level's price (HftBacktest: 5, the last slice)."""
    bot = book().ask(103, 10).ask(104, 10).quiet().bot()
    bot.elapse(350)
    buy(bot, 1, 104, 25)
    bot.elapse(10)
    assert [(f.price_tick, f.qty, f.maker) for f in bot.fills(0)] == [(102, 10, 0), (103, 10, 0), (104, 5, 0)]
    assert totals(bot) == (25.0, -(10 * 51.0 + 10 * 51.5 + 5 * 52.0), 3)
    assert bot.orders(0).get(1).status == FILLED


def test_a_part_of_an_ioc_is_credited() -> None:
    """A: what an IOC got before its rest expired is in the position (HftBacktest: 0)."""
    bot = book().quiet().bot()
    bot.elapse(150)
    buy(bot, 1, 102, 25, IOC)
    bot.elapse(10)
    order = bot.orders(0).get(1)
    assert (order.status, order.filled_qty) == (EXPIRED, 10.0)
    assert totals(bot)[0] == 10.0


@BOTH
@pytest.mark.parametrize("request_kind", ["cancel", "modify"])
def test_c_late_requests_do_not_credit_a_fill_again(exchange: Any, request_kind: str) -> None:
    """C: cancelling or modifying a filled order is refused and changes nothing (HftBacktest: 10, 20, 30)."""
    bot = book().quiet().bot(exchange=exchange, latency=ConstantLatency(20, 20))
    bot.elapse(150)
    buy(bot, 1, 102, 10)
    bot.elapse(100)
    assert totals(bot) == (10.0, -510.0, 1)
    for _ in range(3):
        code = bot.cancel(0, 1) if request_kind == "cancel" else bot.modify(0, 1, 50.0, 3.0)
        assert code == 0
        bot.elapse(100)
        order = bot.orders(0).get(1)
        assert (order.status, order.req, order.price_tick, order.qty) == (FILLED, NONE, 102, 10.0)
    assert totals(bot) == (10.0, -510.0, 1)


@BOTH
def test_d_a_modify_executes_the_new_quantity(exchange: Any) -> None:
    """D: a modify that takes gets its new quantity (HftBacktest: the old open one, 3)."""
    bot = book().quiet().bot(exchange=exchange)
    bot.elapse(150)
    buy(bot, 1, 99, 3)
    bot.elapse(10)
    bot.modify(0, 1, 102 * TICK, 8.0)
    bot.elapse(10)
    assert totals(bot) == (8.0, -8 * 51.0, 1)
    assert bot.orders(0).get(1).leaves_qty == 0.0


@BOTH
def test_d_a_refused_modify_leaves_the_order_as_it_was(exchange: Any) -> None:
    """D: price and quantity return when the exchange refuses (HftBacktest: the new ones stay)."""
    bot = book().quiet().quiet().bot(exchange=exchange)
    bot.elapse(150)
    buy(bot, 1, 99, 3)
    bot.elapse(10)
    bot.cancel(0, 1)
    bot.elapse(10)
    bot.modify(0, 1, 98 * TICK, 5.0)
    assert (bot.orders(0).get(1).price_tick, bot.orders(0).get(1).qty) == (98, 5.0)  # as asked for
    bot.elapse(10)
    order = bot.orders(0).get(1)
    assert (order.status, order.req, order.price_tick, order.qty) == (CANCELED, NONE, 99, 3.0)


def test_e_a_trade_is_given_out_once_in_time_order() -> None:
    """E: 12 traded with 10 ahead fill 2 of own orders, the oldest first (HftBacktest: all four, 4)."""
    bot = book().sells(100, 12).quiet().bot(queue=RiskAverseQueue())
    bot.elapse(150)
    for order_id in (7, 3, 9, 1):
        buy(bot, order_id, 100, 1)
    bot.elapse(200)
    assert [f.order_id for f in bot.fills(0)] == [7, 3]
    assert totals(bot)[0] == 2.0


def test_e_own_takers_use_up_the_book_until_the_feed_speaks() -> None:
    """E: what was taken is gone, until the level is set again (HftBacktest: filled without end)."""
    bot = book().ask(103, 10).ask(102, 10, after=1_000).quiet().bot()
    bot.elapse(250)
    for order_id in (1, 2, 3):
        buy(bot, order_id, 102, 6, IOC)
    bot.elapse(10)
    assert [f.qty for f in bot.fills(0)] == [6.0, 4.0]
    bot.elapse(1_000)
    buy(bot, 4, 102, 6, IOC)
    bot.elapse(10)
    assert [f.qty for f in bot.fills(0)] == [6.0, 4.0, 6.0]


def test_e_what_a_limit_order_does_not_get_rests() -> None:
    """E: the rest of a GTC order rests at its limit (HftBacktest: filled there whatever the book)."""
    bot = book().quiet().bot()
    bot.elapse(150)
    buy(bot, 1, 102, 25)
    bot.elapse(10)
    order = bot.orders(0).get(1)
    assert (order.status, order.filled_qty, order.leaves_qty) == (PARTIALLY_FILLED, 10.0, 15.0)


@BOTH
def test_f_a_market_order_on_an_empty_side_expires(exchange: Any) -> None:
    """F: nothing to take, nothing filled (HftBacktest: filled at 2^63 ticks, balance -1.8e19)."""
    bot = Market().bid(100, 10).quiet().bot(exchange=exchange)
    bot.elapse(150)
    buy(bot, 1, 100, 5, GTC, MARKET)
    bot.elapse(10)
    assert bot.orders(0).get(1).status == EXPIRED
    assert totals(bot) == (0.0, 0.0, 0)


def test_h_order_latency_is_of_the_request_that_was_answered() -> None:
    """H: a cancel's own times; passive fills do not count (HftBacktest: the submit's; the fill's)."""
    bot = book().sells(99, 1, after=500).quiet().bot(latency=ConstantLatency(30, 20))
    bot.elapse(200)
    submitted = bot.current_timestamp
    buy(bot, 1, 99, 1)
    buy(bot, 2, 98, 1)
    bot.elapse(60)
    assert bot.order_latency(0) == (submitted, submitted + 30, submitted + 50)
    bot.elapse(640)  # the trade at 99 has nothing ahead of order 1
    assert bot.orders(0).get(1).status == FILLED
    assert bot.order_latency(0) == (submitted, submitted + 30, submitted + 50)
    cancelled = bot.current_timestamp
    bot.cancel(0, 2, True)
    assert bot.order_latency(0) == (cancelled, cancelled + 30, cancelled + 50)


@pytest.mark.parametrize("queue", [PowerProbQueue(0.5), PowerProbQueue(3.0), LogProbQueue2()])
def test_j_a_place_in_the_queue_is_never_lost(queue: Any) -> None:
    """J: whatever decreases and trades do, an order is never further back than it was.

    The order stands at the front when the level shrinks and grows (HftBacktest: NaN, and it is behind all
    that came later).
    """
    market = book()
    for lots in (3, 1, 1, 9, 4, 12):
        market.bid(100, lots)
    bot = market.sells(100, 4).quiet().bot(queue=queue)
    bot.elapse(150)
    buy(bot, 1, 100, 2)
    bot.elapse(850)
    assert bot.orders(0).get(1).status == FILLED


def test_j_no_queue_model_gives_nan() -> None:
    """J: front and back of zero or less still give a probability."""
    market = book().clear().bid(100, 0).bid(100, 5).bid(100, 2).ask(102, 5)
    bot = market.sells(100, 4).quiet().bot(queue=PowerProbQueue(0.5))
    bot.elapse(150)
    buy(bot, 1, 100, 1)
    bot.elapse(750)
    assert bot.orders(0).get(1).status == FILLED


def test_k_a_temporary_or_strided_array_is_read_as_what_it_is() -> None:
    """K: arrays are read while they live, whatever their strides (HftBacktest: freed memory, wrong rows)."""
    events = book().sells(100, 3).quiet().events
    twice = np.repeat(events, 2)
    tape = build_tape(events.copy(), symbol="K.TEST")
    strided = build_tape(twice[::2], symbol="K.TEST")
    assert tape.header.content_hash == strided.header.content_hash


def test_k_a_wrong_type_is_refused_and_no_array_is_changed() -> None:
    """K: another record is a typed error, and building leaves the caller's array alone."""
    events = book().quiet().events
    with pytest.raises(TruefillError, match="expected"):
        build_tape(events["px"].copy(), symbol="K.TEST")
    late = events.copy()
    late["local_ts"] -= 1_000  # a clock that runs behind
    before = late.copy()
    build_tape(late, symbol="K.TEST")
    assert (late == before).all()
    with pytest.raises(DataError):
        build_tape(late, symbol="K.TEST", strict=True)


@pytest.mark.parametrize("asset_no", [1, -2, 2**40])
def test_l_an_asset_that_is_not_there_is_a_typed_error(asset_no: int) -> None:
    """L: out-of-range asset numbers (HftBacktest: the process aborts)."""
    bot = book().quiet().bot()
    with pytest.raises(BotError, match="asset number"):
        bot.submit_buy_order(asset_no, 1, 50.0, 1.0, GTC, LIMIT, False)
    with pytest.raises(BotError, match="asset number"):
        bot.position(asset_no)


def test_l_time_does_not_overflow() -> None:
    """L: to the end of the data and no further (HftBacktest: 0, and a negative clock)."""
    bot = book().quiet().bot()
    assert bot.current_timestamp == START + 100
    assert bot.elapse(50) == 0
    assert bot.elapse(UNTIL_END_OF_DATA) == 1
    assert bot.current_timestamp == START + 150
    with pytest.raises(BotError):
        bot.elapse(-1)


def test_l_orders_before_the_first_step_are_answered() -> None:
    """L: the clock starts at the first event (HftBacktest: sent at 2^63, never acknowledged)."""
    bot = book().quiet().bot(latency=ConstantLatency(10, 10))
    buy(bot, 1, 99, 1)
    bot.elapse(50)
    assert bot.orders(0).get(1).status == NEW
    assert bot.orders(0).get(1).local_timestamp == START + 100


@pytest.mark.parametrize(
    ("price", "qty", "tif", "kind"),
    [
        (50.0, 1.0, 7, LIMIT),
        (50.0, 1.0, GTC, 3),
        (math.nan, 1.0, GTC, LIMIT),
        (math.inf, 1.0, GTC, LIMIT),
        (-50.0, 1.0, GTC, LIMIT),
        (0.0, 1.0, GTC, LIMIT),
        (50.0, 0.0, GTC, LIMIT),
        (50.0, -1.0, GTC, LIMIT),
        (50.0, math.nan, GTC, LIMIT),
        (50.0, 0.4, GTC, LIMIT),
    ],
)
def test_l_arguments_that_cannot_be_meant_are_typed_errors(
    price: float, qty: float, tif: int, kind: int
) -> None:
    """L: unknown codes, prices and quantities that no exchange takes (HftBacktest: taken, or undefined)."""
    bot = book().quiet().bot()
    with pytest.raises(BotError):
        bot.submit_buy_order(0, 1, price, qty, tif, kind, False)
    assert len(bot.orders(0)) == 0


def test_m_fields_are_what_their_names_say() -> None:
    """M: an order's tick size, the book's best quantities (HftBacktest: the price tick; prices)."""
    bot = Market().bid(100, 7).ask(102, 3).quiet().bot()
    bot.elapse(200 + FEED_NS)
    buy(bot, 1, 99, 1)
    assert bot.orders(0).get(1).tick_size == TICK
    assert bot.orders(0).get(1).price == 99 * TICK
    assert (bot.depth(0).best_bid_qty, bot.depth(0).best_ask_qty) == (7.0, 3.0)


def test_m_everything_can_be_imported_by_star() -> None:
    """M: ``from truefill import *`` works (HftBacktest: AttributeError)."""
    code = "from truefill import *; assert Bot"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_m_the_first_loop_anyone_writes_steps_to_the_end() -> None:
    """M: ``while bot.elapse(d) == 0`` goes through the data (HftBacktest's examples return at once)."""
    bot = book().quiet(after=1_000).bot()
    steps = 0
    while bot.elapse(100) == 0:
        steps += 1
    assert steps == 11


def _fills_in_order() -> list[tuple[int, ...]]:
    market = book().sells(98, 100).quiet()
    bot = market.bot(exchange=NoPartialFillExchange(), latency=ConstantLatency(5, 5))
    bot.elapse(150)
    for order_id in (7, 3, 11, 1, 9):
        buy(bot, order_id, 99 + (order_id % 3 == 0), 1, GTX)
    order_of_orders = [int(order.order_id) for order in bot.orders(0)]
    assert order_of_orders == [7, 3, 11, 1, 9]
    bot.elapse(200)
    return [(int(f.order_id), int(f.trade_id), int(f.exch_ts), int(f.local_ts)) for f in bot.fills(0)]


def test_n_the_same_run_is_the_same_run() -> None:
    """N: orders iterate as sent, simultaneous fills come best price first, then by arrival; every time."""
    first = _fills_in_order()
    assert [order_id for order_id, *_ in first] == [3, 9, 7, 11, 1]
    assert _fills_in_order() == first


@pytest.mark.slow
def test_n_another_process_is_the_same_run() -> None:
    """N: nothing depends on a process's hash seed (HftBacktest: the order of fills and order_latency do)."""
    code = "from tests.differential.test_faults import _fills_in_order as f; print(f())"
    root = Path(__file__).parents[2]
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
        ).stdout
        for seed in (1, 2)
    ]
    assert outputs[0] == outputs[1] == f"{_fills_in_order()}\n"


def quote_and_wait(bot: Bot) -> int:
    """A strategy: buy at the bid once, and count the steps."""
    steps = 0
    while bot.elapse(100) == 0:
        steps += 1
        if steps == 1:
            bot.submit_buy_order(0, 1, 50.0, 2.0, GTC, LIMIT, False)
    return steps


@pytest.mark.compiled_only
def test_p_a_cached_strategy_is_compiled_once() -> None:
    """P: ``njit(cache=True)`` is honoured (HftBacktest: refused, and seconds of compiling each time)."""
    results = []
    for _ in range(2):
        strategy = numba.njit(cache=True)(quote_and_wait)  # as another process would
        bot = book().sells(99, 5).quiet(after=5_000).bot()
        results.append((strategy(bot), totals(bot)))
    assert sum(strategy.stats.cache_hits.values()) == 1
    assert sum(strategy.stats.cache_misses.values()) == 0
    plain = book().sells(99, 5).quiet(after=5_000).bot()
    assert results[0] == results[1] == (quote_and_wait(plain), totals(plain))
    assert results[0][1][0] == 2.0


def test_g_a_clear_leaves_the_next_level_the_best() -> None:
    """G: after a clear down to 99 the best bid is 98 (HftBacktest: 97, it skips one)."""
    market = Market().bid(100, 1).bid(99, 1).bid(98, 1).bid(97, 1).clear_bids(99).quiet()
    bot = market.bot()
    bot.elapse(450)
    assert bot.depth(0).best_bid_tick == 98
    assert bot.depth(0).bid_qty_at_tick(99) == 0.0


def test_sides_mirror() -> None:
    """The same rules hold for sells: a mirrored market gives the mirrored result."""
    bought, sold = book().ask(103, 9).quiet().bot(), book().bid(99, 9).quiet().bot()
    for bot in (bought, sold):
        bot.elapse(250)
    buy(bought, 1, 103, 15)
    sold.submit_sell_order(0, 1, 99 * TICK, 15.0, GTC, LIMIT, False)
    for bot in (bought, sold):
        bot.elapse(10)
    assert [(f.price_tick - 101, f.qty, f.side) for f in bought.fills(0)] == [(1, 10, 1), (2, 5, 1)]
    assert [(101 - f.price_tick, f.qty, -f.side) for f in sold.fills(0)] == [(1, 10, 1), (2, 5, 1)]
    assert bought.fills(0)[0].side == BUY_SIDE
    assert asset(book().events).tape.header.events == 2
