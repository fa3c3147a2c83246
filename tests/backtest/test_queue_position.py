"""`bot.queue_position` by example, in both worlds. That it is right is proved in tests/differential."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.differential.market import START, TICK, asset, book
from tests.support.modes import INTERPRETED
from truefill import Asset, Bot, BotError, ConfigError, ConstantLatency, RiskAverseQueue, run
from truefill.core.jit import compile_user


def tracked(tape: Any, **models: Any) -> Bot:
    return Bot([Asset(tape, **models)], track_queues=True)


def join_and_watch(bot: Any) -> Any:
    """Keep a bid at the touch; where it stands, every 20 ms."""
    seen = np.full(900, np.nan)
    order_id = 1
    for i in range(len(seen)):
        if bot.elapse(20_000_000) != 0:
            break
        bot.clear_inactive_orders(0)
        if len(bot.orders(0)) == 0:
            order_id += 1
            bot.submit_buy_order(0, order_id, bot.depth(0).best_bid, bot.depth(0).lot_size)
        seen[i] = bot.queue_position(0, order_id)
    return seen


def test_compiled_code_reads_the_same(tape: Any) -> None:
    """A made market: the same places in both worlds, some known, and not all the same."""
    plain = join_and_watch(tracked(tape))
    compiled = compile_user(join_and_watch, cache=False)(tracked(tape))

    np.testing.assert_array_equal(plain, compiled)
    assert len(np.unique(plain[~np.isnan(plain)])) > 3
    assert np.isnan(plain).any()


def test_tracking_changes_nothing_else(tape: Any) -> None:
    """The same fills and orders, by the run's hash."""

    def quotes(bot: Any) -> None:
        order_id = 1
        while bot.elapse(20_000_000) == 0:
            bot.clear_inactive_orders(0)
            if len(bot.orders(0)) == 0:
                order_id += 1
                bot.submit_buy_order(0, order_id, bot.depth(0).best_bid, bot.depth(0).lot_size)

    hashes = {run(bot, quotes, compiled=False).run_hash for bot in (Bot([Asset(tape)]), tracked(tape))}

    assert 1 == len(hashes)


def test_what_cannot_be_known() -> None:
    """Not a number before the answer, before the feed comes to it, and when the order is over."""
    market = book().bid(100, 8).bid(100, 5).bid(100, 4).quiet()  # at 300, 400 and 500 ns
    latency = ConstantLatency(20, 20)
    bot = Bot([asset(market.events, queue=RiskAverseQueue(), latency=latency)], track_queues=True)
    bot.elapse(120)
    bot.submit_buy_order(0, 1, 100 * TICK, 1.0)  # at 220; it joins its queue at 240
    seen = []
    for ts in (220, 259, 260, 309, 310, 409, 410):
        bot.elapse(START + ts - bot.current_timestamp)
        seen.append(bot.queue_position(0, 1))
    ahead = bot.orders(0).get(1).queue_ahead
    bot.modify(0, 1, 99 * TICK, 1.0, wait=True)  # joins the queue there at 430, which is told at 450
    moved = bot.queue_position(0, 1)
    bot.elapse(START + 510 - bot.current_timestamp)
    seen.append(bot.queue_position(0, 1))
    bot.cancel(0, 1, wait=True)

    np.testing.assert_array_equal([math.nan] * 4 + [8.0, 8.0, 5.0, 0.0], seen)
    assert 10.0 == ahead
    assert math.isnan(moved)  # the feed has not come to it
    assert math.isnan(bot.queue_position(0, 1)) and math.isnan(bot.queue_position(0, 2))


def test_a_bot_that_does_not_track(make_bot: Callable[..., Bot]) -> None:
    """A typed error that says what to do, in both worlds."""

    def asks(bot: Any) -> float:
        return bot.queue_position(0, 1)

    with pytest.raises(BotError, match="track_queues=True"):
        asks(make_bot())
    with pytest.raises(BotError, match="track_queues=True"):
        compile_user(asks, cache=False)(make_bot())


def test_arguments(tape: Any) -> None:
    """Those that cannot be meant are refused."""
    bot = tracked(tape)
    for bad in ((1, 1), (-1, 1), (0, -1), (0, 1.5), ("0", 1)):
        with pytest.raises(BotError):
            bot.queue_position(*bad)
    with pytest.raises(ConfigError, match="True or False"):
        Bot([Asset(tape)], track_queues="yes")  # type: ignore[arg-type]


@pytest.mark.skipif(INTERPRETED, reason="about compiled code")
def test_arguments_of_compiled_code(tape: Any) -> None:
    """The same there."""

    def asks(bot: Any, asset_no: int, order_id: int) -> float:
        return bot.queue_position(asset_no, order_id)

    compiled = compile_user(asks, cache=False)
    for bad in ((1, 1), (-1, 1), (0, -1)):
        with pytest.raises(BotError):
            compiled(tracked(tape), *bad)


def test_rows_are_used_again(tape: Any) -> None:
    """A long run with an order that nobody asks about keeps few rows."""
    bot = tracked(tape)
    bot.elapse(1_000_000_000)
    for order_id in range(1, 6):
        bot.submit_buy_order(0, order_id, bot.depth(0).best_bid - order_id * 0.01, 1.0)
    steps = 0
    while bot.elapse(100_000_000) == 0:
        steps += 1
    row = bot._table[0]

    assert steps > 100
    assert 0 < row["places_count"] <= row["places_room"]
    assert row["places_room"] <= 256
