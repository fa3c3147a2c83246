"""Order types, self-trade prevention and limits on small markets: what happens, and why."""

from typing import Any

import pytest

from tests.differential.market import LOT, START, TICK, book
from truefill.backtest.bot import Bot
from truefill.backtest.models.exchanges import FifoExchange, NoPartialFillExchange, PartialFillExchange
from truefill.backtest.models.queue import RiskAverseQueue
from truefill.core import reasons as why
from truefill.core.errors import ConfigError
from truefill.core.limits import VenueLimits
from truefill.core.order_states import STATE_NAMES
from truefill.core.records import (
    BUY_SIDE,
    CANCELED,
    EXPIRED,
    FILLED,
    FOK,
    GTD,
    GTX,
    NEW,
    PARTIALLY_FILLED,
    SELL_SIDE,
    STOP_LIMIT,
    STOP_MARKET,
    TAKE_PROFIT_LIMIT,
    TAKE_PROFIT_MARKET,
)

EXCHANGES = pytest.mark.parametrize(
    "exchange",
    [FifoExchange(), PartialFillExchange(), NoPartialFillExchange()],
    ids=lambda e: type(e).__name__,
)


def send(bot: Bot, order_id: int, side: int, tick: int, lots: int, **terms: Any) -> int:
    """Send an order on asset 0; ``trigger`` in ticks, ``display`` in lots."""
    terms["trigger_price"] = terms.pop("trigger", 0) * TICK
    terms["display_qty"] = terms.pop("display", 0) * LOT
    return bot.submit_order(0, order_id, side, tick * TICK, lots * LOT, **terms)


def status(bot: Bot, order_id: int) -> tuple[int, int]:
    """Status and reason of an order."""
    order = bot.orders(0).get(order_id)
    return int(order.status), int(order.reason)


def taken(bot: Bot) -> list[tuple[int, int, float, int]]:
    """Id, price in ticks, lots and maker of each fill."""
    return [(int(f.order_id), int(f.price_tick), float(f.qty), int(f.maker)) for f in bot.fills(0)]


@EXCHANGES
@pytest.mark.parametrize(
    ("kind", "side", "trigger", "trade", "triggered"),
    [
        (STOP_MARKET, BUY_SIDE, 103, 103, True),
        (STOP_MARKET, BUY_SIDE, 103, 102, False),
        (STOP_MARKET, SELL_SIDE, 99, 99, True),
        (STOP_MARKET, SELL_SIDE, 99, 100, False),
        (TAKE_PROFIT_MARKET, BUY_SIDE, 99, 99, True),
        (TAKE_PROFIT_MARKET, BUY_SIDE, 99, 100, False),
        (TAKE_PROFIT_MARKET, SELL_SIDE, 103, 104, True),
        (TAKE_PROFIT_MARKET, SELL_SIDE, 103, 102, False),
    ],
)
def test_a_trade_triggers(
    exchange: Any, kind: int, side: int, trigger: int, trade: int, triggered: bool
) -> None:
    """A stop follows the market, a take-profit waits for a better price; then each is a market order."""
    market = book().quiet(100).buys(trade, 1, 400).quiet()
    bot = market.bot(exchange=exchange)
    bot.elapse(150)
    send(bot, 1, side, 0, 3, order_type=kind, trigger=trigger)
    bot.elapse(200)
    assert status(bot, 1) == (NEW, why.NO_REASON)
    assert len(taken(bot)) == 0
    bot.elapse(1000)
    expected = [(1, 102 if side == BUY_SIDE else 100, 3.0, 0)] if triggered else []
    assert taken(bot) == expected
    assert status(bot, 1)[0] == (FILLED if triggered else NEW)
    if triggered:
        assert bot.fills(0)[0].exch_ts == START + 700  # at the trade's own time


def test_a_stop_limit_rests_when_it_is_triggered_and_does_not_cross() -> None:
    """State TRIGGERED; then an order like any other."""
    bot = book().buys(103, 1, 400).quiet().bot()
    bot.elapse(150)
    send(bot, 1, BUY_SIDE, 101, 3, order_type=STOP_LIMIT, trigger=103)
    send(bot, 2, SELL_SIDE, 104, 3, order_type=TAKE_PROFIT_LIMIT, trigger=103)
    bot.elapse(200)
    assert STATE_NAMES[bot.orders(0).get(1).state] == "accepted"
    bot.elapse(400)
    for order_id in (1, 2):
        assert STATE_NAMES[bot.orders(0).get(order_id).state] == "triggered"
        assert status(bot, order_id) == (NEW, why.NO_REASON)
    bot.cancel(0, 1, True)
    assert status(bot, 1) == (CANCELED, why.NO_REASON)


def test_a_stop_that_the_last_trade_would_trigger_does_not_wait() -> None:
    """The last trade before its arrival counts."""
    bot = book().buys(103, 1).quiet().bot()
    bot.elapse(350)
    send(bot, 1, BUY_SIDE, 0, 3, order_type=STOP_MARKET, trigger=103)
    bot.elapse(100)
    assert taken(bot) == [(1, 102, 3.0, 0)]


def test_a_waiting_stop_can_be_modified_and_cancelled() -> None:
    """New terms; the trigger stays."""
    bot = book().quiet(300).buys(103, 1, 400).quiet().bot()
    bot.elapse(150)
    send(bot, 1, BUY_SIDE, 101, 3, order_type=STOP_LIMIT, trigger=103)
    send(bot, 2, BUY_SIDE, 101, 3, order_type=STOP_LIMIT, trigger=103)
    bot.elapse(50)
    bot.modify(0, 1, 102 * TICK, 5 * LOT)
    bot.cancel(0, 2)
    bot.elapse(2000)
    assert taken(bot) == [(1, 102, 5.0, 0)]
    assert status(bot, 2) == (CANCELED, why.NO_REASON)


@EXCHANGES
def test_gtd_ends_at_its_time(exchange: Any) -> None:
    """Between events of the market, to the nanosecond; a stop that waits ends, too."""
    bot = book().quiet(5000).quiet(5000).bot(exchange=exchange)
    bot.elapse(150)
    ends = START + 777
    send(bot, 1, BUY_SIDE, 99, 3, time_in_force=GTD, expire_ts=ends)
    send(bot, 2, BUY_SIDE, 0, 3, time_in_force=GTD, expire_ts=ends, order_type=STOP_MARKET, trigger=110)
    send(bot, 3, BUY_SIDE, 99, 3, time_in_force=GTD, expire_ts=START + 10**12)  # beyond the data: never
    assert bot.wait_next_feed(True, 50) == 3  # the answers
    assert bot.wait_next_feed(True, 3000) == 3
    assert bot.current_timestamp == ends
    for order_id in (1, 2):
        assert status(bot, order_id) == (EXPIRED, why.TIME_UP)
        assert bot.orders(0).get(order_id).exch_timestamp == ends
    bot.elapse(50_000)
    assert status(bot, 3) == (NEW, why.NO_REASON)
    send(bot, 4, BUY_SIDE, 99, 3, time_in_force=GTD, expire_ts=START)
    bot.elapse(10)
    assert status(bot, 4) == (EXPIRED, why.TIME_UP)


def test_post_only_ends_or_slides() -> None:
    """GTX that would take ends; with `post_only_slide` it goes to one tick behind the touch."""
    bot = book().quiet().bot()
    bot.elapse(250)
    send(bot, 1, BUY_SIDE, 105, 3, time_in_force=GTX)
    send(bot, 2, BUY_SIDE, 105, 3, post_only_slide=True)
    send(bot, 3, SELL_SIDE, 90, 3, time_in_force=GTX, post_only_slide=True)
    bot.elapse(10)
    assert status(bot, 1) == (EXPIRED, why.WOULD_TAKE)
    assert [int(bot.orders(0).get(i).price_tick) for i in (2, 3)] == [101, 101]
    assert status(bot, 2) == status(bot, 3) == (NEW, why.NO_REASON)
    assert taken(bot) == []


@EXCHANGES
def test_reduce_only_never_turns_the_position(exchange: Any) -> None:
    """Refused without a position; capped at it; gone when it is."""
    bot = book().quiet(1000).buys(104, 9, 100).quiet().bot(exchange=exchange)
    bot.elapse(250)
    send(bot, 1, SELL_SIDE, 100, 5, reduce_only=True)
    send(bot, 2, BUY_SIDE, 102, 4)
    bot.elapse(10)
    assert status(bot, 1) == (EXPIRED, why.NOTHING_TO_REDUCE)
    assert STATE_NAMES[bot.orders(0).get(1).state] == "rejected"
    send(bot, 3, SELL_SIDE, 103, 5, reduce_only=True)
    send(bot, 4, SELL_SIDE, 104, 5, reduce_only=True)
    send(bot, 5, BUY_SIDE, 102, 1, reduce_only=True)
    bot.elapse(10)
    assert [status(bot, i)[0] for i in (3, 4, 5)] == [NEW, NEW, EXPIRED]
    bot.elapse(2000)
    assert taken(bot) == [(2, 102, 4.0, 0), (3, 103, 4.0, 1)]
    assert bot.position(0) == 0.0
    assert status(bot, 3) == status(bot, 4) == (EXPIRED, why.NOTHING_TO_REDUCE)


def test_an_iceberg_shows_its_tip_and_loses_its_place() -> None:
    """A trade reaches the tip only; the next tip stands behind everything at the price."""
    market = book().sells(100, 10).bid(100, 5).sells(100, 2).sells(100, 4).sells(100, 20).quiet()
    bot = market.bot(queue=RiskAverseQueue())
    bot.elapse(150)
    send(bot, 1, BUY_SIDE, 100, 6, display=2)  # behind 10
    bot.elapse(400)
    assert taken(bot) == [
        (1, 100, 2.0, 1)
    ]  # the first trades: front 10, the tip, 4 of the 5 ahead of the next
    order = bot.orders(0).get(1)
    assert (order.leaves_qty, order.display_qty, order.queue_ahead) == (4.0, 2.0, 5.0)
    bot.elapse(100)
    assert taken(bot) == [(1, 100, 2.0, 1), (1, 100, 2.0, 1)]  # 20 more reach one tip, not the order


def own_ask_at_102(mode: str, exchange: Any, lots: int = 4) -> Bot:
    """10 offered at 102 and an own ask behind them, 10 more at 103."""
    bot = book().ask(103, 10).quiet().bot(self_trade=mode, exchange=exchange, queue=RiskAverseQueue())
    bot.elapse(320)
    send(bot, 1, SELL_SIDE, 102, lots)
    bot.elapse(10)
    return bot


@pytest.mark.parametrize(
    ("mode", "fills", "resting", "arriving"),
    [
        ("none", [(102, 10.0), (103, 5.0)], (NEW, 4.0, 0), (FILLED, 0.0, 0)),
        ("newest", [(102, 10.0)], (NEW, 4.0, 0), (EXPIRED, 5.0, why.SELF_TRADE)),
        ("oldest", [(102, 10.0), (103, 5.0)], (CANCELED, 4.0, why.SELF_TRADE), (FILLED, 0.0, 0)),
        ("both", [(102, 10.0)], (CANCELED, 4.0, why.SELF_TRADE), (EXPIRED, 5.0, why.SELF_TRADE)),
        ("decrement", [(102, 10.0), (103, 1.0)], (CANCELED, 4.0, why.SELF_TRADE), (FILLED, 0.0, 0)),
    ],
)
@pytest.mark.parametrize("exchange", [FifoExchange(), PartialFillExchange()])
def test_self_trade_prevention(
    mode: str, fills: list[Any], resting: tuple[Any, ...], arriving: tuple[Any, ...], exchange: Any
) -> None:
    """The own order is met behind the ten in front of it."""
    bot = own_ask_at_102(mode, exchange)
    send(bot, 2, BUY_SIDE, 103, 15)
    bot.elapse(10)
    assert [(tick, lots) for _, tick, lots, _ in taken(bot)] == fills
    for order_id, expected in ((1, resting), (2, arriving)):
        order = bot.orders(0).get(order_id)
        assert (order.status, order.leaves_qty, order.reason) == expected


def test_a_smaller_arriving_order_decrements_the_resting_one() -> None:
    """The resting order keeps what is left, and its place; nothing is traded against it."""
    bot = own_ask_at_102("decrement", FifoExchange(), lots=9)
    send(bot, 2, BUY_SIDE, 102, 12)
    bot.elapse(10)
    assert taken(bot) == [(2, 102, 10.0, 0)]
    assert status(bot, 2) == (EXPIRED, why.SELF_TRADE)
    order = bot.orders(0).get(1)
    assert (order.status, order.leaves_qty, order.qty, order.reason) == (NEW, 7.0, 9.0, why.SELF_TRADE)


def test_a_fok_that_an_own_order_stands_in_the_way_of_ends_whole() -> None:
    """Nothing is taken and nothing cancelled."""
    bot = own_ask_at_102("newest", FifoExchange())
    send(bot, 2, BUY_SIDE, 103, 15, time_in_force=FOK)
    bot.elapse(10)
    assert (taken(bot), status(bot, 2), status(bot, 1)[0]) == ([], (EXPIRED, why.SELF_TRADE), NEW)


LIMIT_CASES = [
    ({"tick_size": 1.0}, (99, 3), why.OFF_TICK, (98, 3)),
    ({"lot_size": 2.0}, (99, 3), why.OFF_LOT, (99, 4)),
    ({"max_qty": 5.0}, (99, 6), why.ABOVE_MAX_QTY, (99, 5)),
    ({"min_notional": 150.0}, (99, 3), why.BELOW_MIN_NOTIONAL, (100, 3)),
    ({"band_percent": 10.0}, (89, 3), why.OUTSIDE_BAND, (90, 3)),
    ({"band_percent": 10.0, "band_reference": "mid"}, (90, 3), why.OUTSIDE_BAND, (91, 3)),
]


@pytest.mark.parametrize(("limits", "bad", "reason", "good"), LIMIT_CASES)
def test_a_limit_refuses(limits: Any, bad: tuple[int, int], reason: int, good: tuple[int, int]) -> None:
    """A refused order never rests; a refused modify leaves the order as it is."""
    bot = book().sells(100, 1).quiet().bot(limits=VenueLimits(**limits))  # the last trade is at 100
    bot.elapse(350)
    send(bot, 1, BUY_SIDE, *bad)
    send(bot, 2, BUY_SIDE, *good)
    bot.elapse(10)
    assert status(bot, 1) == (EXPIRED, reason)
    assert status(bot, 2) == (NEW, why.NO_REASON)
    bot.modify(0, 2, bad[0] * TICK, bad[1] * LOT)
    bot.elapse(10)
    order = bot.orders(0).get(2)
    assert (order.status, order.reason, (order.price_tick, order.qty)) == (NEW, reason, good)


def test_open_orders_are_limited() -> None:
    """Waiting stops count; a cancel makes room."""
    bot = book().quiet().bot(limits=VenueLimits(max_orders=2))
    bot.elapse(250)
    send(bot, 1, BUY_SIDE, 99, 1)
    send(bot, 2, BUY_SIDE, 0, 1, order_type=STOP_MARKET, trigger=110)
    send(bot, 3, BUY_SIDE, 98, 1)
    bot.elapse(10)
    assert status(bot, 3) == (EXPIRED, why.TOO_MANY_OPEN)
    bot.cancel(0, 2, True)
    send(bot, 4, BUY_SIDE, 98, 1)
    bot.elapse(10)
    assert status(bot, 4) == (NEW, why.NO_REASON)


@pytest.mark.parametrize("count_cancels", [True, False])
def test_messages_are_throttled(count_cancels: bool) -> None:
    """The third message of an interval is refused; the next interval is free again."""
    limits = VenueLimits(messages=2, interval_ns=1_000_000, count_cancels=count_cancels)
    bot = book().quiet(1_000_000).quiet(2_000_000).bot(limits=limits)
    bot.elapse(250)
    for order_id in (1, 2, 3):
        send(bot, order_id, BUY_SIDE, 99, 1)
    bot.elapse(10)
    assert [status(bot, i) for i in (1, 2, 3)] == [(NEW, 0), (NEW, 0), (EXPIRED, why.THROTTLED)]
    bot.cancel(0, 1, True)
    assert status(bot, 1) == ((NEW, why.THROTTLED) if count_cancels else (CANCELED, why.NO_REASON))
    bot.elapse(1_000_000)
    bot.cancel(0, 2, True)
    assert status(bot, 2) == (CANCELED, why.NO_REASON)


@pytest.mark.parametrize(
    "limits",
    [
        {"tick_size": 0.75},
        {"lot_size": float("nan")},
        {"max_orders": 0},
        {"messages": 5},
        {"band_reference": "index"},
        {"min_notional": "5"},
    ],
)
def test_limits_that_cannot_be_are_refused(limits: Any) -> None:
    """ConfigError names the field."""
    with pytest.raises(ConfigError, match="VenueLimits"):
        book().bot(limits=VenueLimits(**limits))


def test_an_unknown_order_is_named_as_such() -> None:
    """A cancel that comes too late."""
    bot = book().ask(100, 5).quiet().bot()
    bot.elapse(150)
    send(bot, 1, BUY_SIDE, 100, 3)
    bot.elapse(10)
    bot.elapse(500)
    assert status(bot, 1)[0] in (FILLED, PARTIALLY_FILLED)
    bot.cancel(0, 1, True)
    assert status(bot, 1) == (FILLED, why.UNKNOWN_ORDER)
