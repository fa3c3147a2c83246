"""Own orders among single orders: small markets by hand, and the place in the queue against core's book."""

import random
from typing import Any

import numpy as np
import pytest

from tests.tape.order_streams import Message, OrderOptions, as_events, random_orders
from truefill.backtest import (
    Asset,
    Bot,
    FifoExchange,
    L3FifoQueue,
    LogProbQueue2,
    NoPartialFillExchange,
    RiskAverseQueue,
)
from truefill.backtest.records import resting_at
from truefill.core.errors import ConfigError
from truefill.core.events import (
    ADD_ORDER,
    CANCEL_ORDER,
    DEPTH,
    DEPTH_CLEAR,
    FILL,
    INDEX_PRICE,
    MODIFY_ORDER,
    TRADE,
)
from truefill.core.order_book import OrderBook
from truefill.core.records import FILLED, GTC, LIMIT
from truefill.tape import Tape, build_tape

TICK, LOT = 0.5, 1.0
START, STEP = 1_000_000, 100
BOTH = (FifoExchange(), NoPartialFillExchange())


class Feed:
    """Single orders by hand, one each `STEP` ns, known here a nanosecond later."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def say(self, kind: int, side: int, tick: int, lots: int, order_id: int = 0) -> "Feed":
        """Append a message."""
        ts = START + STEP * len(self.messages)
        self.messages.append(Message(kind, side, tick, lots, order_id, ts, ts + 1))
        return self

    def add(self, order_id: int, side: int, tick: int, lots: int) -> "Feed":
        """An order comes to rest."""
        return self.say(ADD_ORDER, side, tick, lots, order_id)

    def cancel(self, order_id: int) -> "Feed":
        """An order is gone."""
        return self.say(CANCEL_ORDER, 0, 0, 0, order_id)

    def modify(self, order_id: int, tick: int, lots: int) -> "Feed":
        """An order has another price and open quantity."""
        return self.say(MODIFY_ORDER, 0, tick, lots, order_id)

    def hit(self, order_id: int, lots: int, side: int = 1, tick: int = 100) -> "Feed":
        """A taker meets an order."""
        return self.say(FILL, side, tick, lots, order_id)

    def sold(self, tick: int, lots: int) -> "Feed":
        """A trade that a seller began."""
        return self.say(TRADE, -1, tick, lots)

    def tape(self) -> Tape:
        """All of it, and a quiet row much later."""
        ts = START + 100_000
        quiet = Message(INDEX_PRICE, 0, 1, 1, 0, ts, ts + 1)
        return build_tape(as_events([*self.messages, quiet], TICK, LOT), tick_size=TICK, lot_size=LOT)


def book() -> Feed:
    """5 and 3 bid at tick 100, 4 offered at 104. Own orders come 50 ns behind the third message."""
    return Feed().add(1, 1, 100, 5).add(2, 1, 100, 3).add(3, -1, 104, 4)


ARRIVAL = START + 2 * STEP + 50


def fills(feed: Feed, *orders: tuple[int, int], **models: Any) -> list[tuple[int, int, float, float]]:
    """Buy (tick, lots) each, ids from 1, and see: order id, fill's message, quantity, queue ahead."""
    bot = Bot([Asset(feed.tape(), **models)])
    bot.elapse(ARRIVAL - bot.current_timestamp)
    for number, (tick, lots) in enumerate(orders, 1):
        bot.submit_buy_order(0, number, tick * TICK, lots * LOT, GTC, LIMIT, False)
    bot.elapse(50_000)
    return [
        (int(f.order_id), int(f.exch_ts - START) // STEP, float(f.qty), float(f.queue_ahead))
        for f in bot.fills(0)
    ]


@pytest.mark.parametrize("exchange", BOTH)
def test_only_a_hit_behind_the_order_fills_it(exchange: Any) -> None:
    """Orders 1 and 2 are in front, order 9 behind; what happens in front brings the order nearer, no more."""
    feed = book().add(9, 1, 100, 6).hit(1, 5).cancel(1).hit(2, 3).cancel(2).hit(9, 2)
    assert fills(feed, (100, 2), exchange=exchange) == [(1, 8, 2.0, 8.0)]


def test_hits_are_shared_by_own_orders() -> None:
    """`fifo` gives out what was hit once, first come, first served; `no_partial_fill` to each, whole."""
    feed = book().add(9, 1, 100, 6).hit(9, 3)
    own = (100, 2), (100, 4)
    assert fills(feed, *own) == [(1, 4, 2.0, 8.0), (2, 4, 1.0, 8.0)]
    whole = fills(feed, *own, exchange=NoPartialFillExchange())
    assert whole == [(1, 4, 2.0, 8.0), (2, 4, 4.0, 8.0)]


@pytest.mark.parametrize("exchange", BOTH)
def test_a_hit_at_a_worse_price_fills(exchange: Any) -> None:
    """Also an order inside the spread, where the market has no level, and by an order nobody saw."""
    assert fills(book().hit(2, 3), (102, 1), exchange=exchange) == [(1, 3, 1.0, 0.0)]
    assert fills(book().hit(77, 3), (102, 1), exchange=exchange) == [(1, 3, 1.0, 0.0)]
    assert fills(book().hit(77, 3), (100, 1), exchange=exchange) == []
    assert fills(book().hit(1, 3), (99, 1), exchange=exchange) == []
    # order 1 was modified to cross, and is named as the taker: it was not hit at its place
    assert fills(book().hit(1, 3, tick=104), (102, 1), (100, 1), exchange=exchange) == []


def test_a_modified_order_joins_behind_or_keeps_its_place() -> None:
    """A larger quantity or another price gives the place up, a smaller quantity does not."""
    assert fills(book().modify(1, 100, 4).hit(1, 1), (100, 1)) == []
    assert fills(book().modify(1, 100, 6).hit(1, 1), (100, 1)) == [(1, 4, 1.0, 8.0)]
    assert fills(book().modify(1, 99, 5).modify(1, 100, 5).hit(1, 1), (100, 1)) == [(1, 5, 1.0, 8.0)]


def test_trades_fill_nothing_where_hits_are_named() -> None:
    """The trade is the same execution, told from the taker's side."""
    assert fills(book().sold(99, 50).hit(1, 1), (100, 1)) == []


def test_trades_alone_go_through_what_is_known_to_be_in_front() -> None:
    """Nothing names the orders that are hit: a trade takes from the front, the rows that follow do not."""
    feed = book().add(9, 1, 100, 6).sold(100, 5).cancel(1).sold(100, 3).cancel(2).sold(100, 2)
    assert fills(feed, (100, 4)) == [(1, 8, 2.0, 8.0)]
    cancelled = book().add(9, 1, 100, 6).cancel(9).cancel(1).sold(100, 4)
    assert fills(cancelled, (100, 4)) == [(1, 6, 1.0, 8.0)]
    assert fills(book().sold(99, 3), (100, 4)) == [(1, 3, 3.0, 8.0)]


def test_a_clear_keeps_own_orders_and_the_market_may_take_its_places_again() -> None:
    """Order 1 comes back in front, order 2 larger and so behind."""
    feed = book().say(DEPTH_CLEAR, 0, 0, 0).add(1, 1, 100, 5).add(2, 1, 100, 4)
    assert fills(feed.hit(1, 2), (100, 1)) == []
    assert fills(feed.hit(2, 2), (100, 1)) == [(1, 7, 1.0, 8.0)]


def test_modify_to_a_marketable_price_takes() -> None:
    """Where HftBacktest rests the order crossed."""
    bot = Bot([Asset(book().tape())])
    bot.elapse(ARRIVAL - bot.current_timestamp)
    bot.submit_buy_order(0, 1, 100 * TICK, 1.0, GTC, LIMIT, True)
    bot.modify(0, 1, 104 * TICK, 1.0, True)
    order = bot.orders(0).get(1)
    assert (order.status, order.exec_price_tick, order.maker) == (FILLED, 104, 0)


def test_exact_places_are_the_default_and_a_model_may_be_chosen() -> None:
    """For comparison and calibration: a model sees levels and trades only."""
    feed = book().add(9, 1, 100, 6).hit(9, 2).sold(100, 9)
    assert isinstance(Asset(feed.tape()).queue, L3FifoQueue)
    assert fills(feed, (100, 3)) == [(1, 4, 2.0, 8.0)]
    assert fills(feed, (100, 3), queue=RiskAverseQueue()) == [(1, 5, 1.0, 8.0)]


def test_a_tape_of_levels_has_no_places() -> None:
    """The exact queue is refused there, and the default is a model."""
    tape = build_tape(as_events([Message(DEPTH, 1, 100, 5, 0, 100, 105)], TICK, LOT))
    assert isinstance(Asset(tape).queue, LogProbQueue2)
    with pytest.raises(ConfigError, match="a tape of single orders for L3FifoQueue"):
        Asset(tape, queue=L3FifoQueue())


@pytest.mark.parametrize("seed", range(8))
def test_quantity_in_front_is_that_of_the_order_book(seed: int) -> None:
    """After each message, for an order that joins a random stream, by a walk through core's book."""
    rng = random.Random(seed)
    options = OrderOptions(120, clears=0.0, crossing=0.0, max_step_ns=STEP)
    messages = random_orders(rng, options)
    times = sorted({m.exch_ts for m in messages})
    joins = rng.choice(times[: len(times) // 2])
    tape = build_tape(as_events(messages, TICK, LOT), tick_size=TICK, lot_size=LOT)
    reference = OrderBook()
    apply(reference, [m for m in messages if m.exch_ts <= joins])
    side, best = 1, reference.best_bid
    if best is None or rng.random() < 0.5:
        side, best = -1, reference.best_ask
    assert best is not None
    tick = best - side * rng.randint(0, 2)
    reference.add(-1, side, tick, 5)

    bot = Bot([Asset(tape, exchange=NoPartialFillExchange())])
    bot.elapse(joins - bot.current_timestamp)
    send = bot.submit_buy_order if side == 1 else bot.submit_sell_order
    send(0, 1, tick * TICK, 5.0, GTC, LIMIT, False)
    bot.elapse(0)
    seen = 0
    for ts in times:
        if ts <= joins:
            continue
        bot.elapse(ts - bot.current_timestamp)
        apply(reference, [m for m in messages if m.exch_ts == ts])
        a = bot._table[0]
        if a["resting_live"] == 0:
            break
        front = resting_at(a["resting_addr"], a["resting_room"])[0]["front"]
        assert reference.queue_ahead(-1)[0] == front
        seen += 1
    assert seen > 0


def apply(reference: OrderBook, messages: list[Message]) -> None:
    """Let core's book follow the market."""
    for m in messages:
        if m.kind == ADD_ORDER:
            reference.add(m.order_id, m.side, m.tick, m.lots)
        elif m.kind == CANCEL_ORDER:
            reference.cancel(m.order_id)
        elif m.kind == MODIFY_ORDER:
            reference.modify(m.order_id, m.tick, m.lots)


def test_levels_and_orders_in_one_run() -> None:
    """Two assets, one of each kind; what fills one leaves the other alone."""
    levels = [Message(DEPTH, 1, 100, 5, 0, START, START + 1), Message(DEPTH, -1, 104, 5, 0, START, START + 1)]
    levels.append(Message(TRADE, -1, 99, 5, 0, START + 10 * STEP, START + 10 * STEP + 1))
    flat = build_tape(as_events(levels, TICK, LOT), tick_size=TICK, lot_size=LOT)
    bot = Bot([Asset(flat), Asset(book().hit(2, 1).add(9, 1, 100, 1).hit(9, 1).tape())])
    bot.elapse(ARRIVAL - bot.current_timestamp)
    for asset in (0, 1):
        bot.submit_buy_order(asset, 7, 100 * TICK, 1.0, GTC, LIMIT, False)
    bot.elapse(50_000)
    assert [[int(f.exch_ts - START) // STEP for f in bot.fills(a)] for a in (0, 1)] == [[10], [5]]
    assert [float(np.float64(f.queue_ahead)) for a in (0, 1) for f in bot.fills(a)] == [5.0, 8.0]
