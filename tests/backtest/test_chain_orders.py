"""Days of single orders that begin with the orders that are open, by hand."""

import math
from typing import Any

import numpy as np
import pytest

from tests.differential.market import FEED_NS, LOT, START, TICK
from truefill.backtest.asset import Asset
from truefill.backtest.bot import Bot
from truefill.backtest.models.queue import EvidenceQueue, LogProbQueue, PowerProbQueue3, RiskAverseQueue
from truefill.core import events as ev
from truefill.core.records import FILLED
from truefill.tape import Tape, build_tape

BID, ASK = ev.BUY, ev.SELL
MINUTE = 60_000_000_000
MODELS = [None, RiskAverseQueue(), LogProbQueue(), PowerProbQueue3(2.0), EvidenceQueue()]

Add = tuple[int, int, int, int]  # order id, side, tick, lots


def day(begin: int, adds: list[Add], later: list[Add] = (), start: bool = True) -> Tape:  # type: ignore[assignment]
    """A day that begins with orders, all in one moment behind a clear, and goes on with others."""
    rows: list[tuple[Any, ...]] = []
    if start:
        rows.append((ev.DEPTH_CLEAR, begin, 0.0, 0.0, 0))
    rows += [(ev.ADD_ORDER | side, begin, tick * TICK, lots * LOT, i) for i, side, tick, lots in adds]
    for number, (i, side, tick, lots) in enumerate(later, 1):
        kind = ev.ADD_ORDER if lots else ev.CANCEL_ORDER
        rows.append((kind | side, begin + 1000 * number, tick * TICK, lots * LOT, i))
    rows.append((ev.ADD_ORDER | BID, begin + MINUTE, 50 * TICK, LOT, 99_999 + begin))
    events = np.array(
        [
            (flags | ev.EXCH | ev.LOCAL, ts, ts + FEED_NS, px, qty, i, 0, 0.0)
            for flags, ts, px, qty, i in rows
        ],
        ev.EVENT,
    )
    return build_tape(events, symbol="HAND.TEST", tick_size=str(TICK), lot_size=str(LOT))


FIRST = [(1, BID, 100, 4), (2, BID, 100, 6), (9, ASK, 102, 10)]
BEHIND = [(3, BID, 100, 5)]
NEXT = START + 2 * MINUTE
AT_THE_END = [*FIRST, *BEHIND, (99_999 + START, BID, 50, 1)]


def ahead(second: Tape, queue: Any, places: bool = True) -> tuple[Bot, float]:
    """A bot whose bid at 100 joined behind 10 lots on the first day; what is in front of it on the next."""
    first = day(START, FIRST, [(7, ASK, 104, 1), (7, ASK, 104, 0), *BEHIND], start=False)
    bot = Bot([Asset([first, second], queue=queue)], track_queues=places)
    bot.elapse(500)
    bot.submit_buy_order(0, 5, 100 * TICK, 5.0)
    bot.elapse(MINUTE)
    assert bot.orders(0).get(5).queue_ahead == 10.0
    bot.elapse(NEXT + FEED_NS + 100 - bot.current_timestamp)
    return bot, bot.queue_position(0, 5) if places else math.nan


@pytest.mark.parametrize("queue", MODELS)
def test_a_day_that_begins_with_the_book_of_the_last_one_leaves_every_place_alone(queue):
    _, front = ahead(day(NEXT, AT_THE_END), queue)
    assert front == 10.0


@pytest.mark.parametrize("queue", MODELS)
def test_an_order_that_comes_at_the_first_moment_of_the_day_is_news(queue):
    _, front = ahead(day(NEXT, [*AT_THE_END, (11, BID, 100, 8), (12, ASK, 103, 8)]), queue)
    assert front == 10.0


@pytest.mark.parametrize(
    ("queue", "least", "most"),
    [
        (None, 6.0, 6.0),  # order 1 is gone: of those in front the 6 lots of order 2 are left
        (RiskAverseQueue(), 10.0, 10.0),  # what is gone was behind
        (PowerProbQueue3(2.0), 9.0, 9.9),  # one lot less: some of it was in front
        (EvidenceQueue(), 9.0, 9.9),
    ],
)
def test_of_another_book_a_model_is_told_what_has_become_of_the_level(queue, least, most):
    """And not how the level grows order by order, of which the first has 6 lots."""
    second = [(2, BID, 100, 6), (3, BID, 100, 5), (4, BID, 100, 3), (9, ASK, 102, 10)]
    _, front = ahead(day(NEXT, second), queue)
    assert least <= front <= most


@pytest.mark.parametrize("queue", MODELS)
def test_of_a_level_that_is_gone_nobody_is_in_front(queue):
    _, front = ahead(day(NEXT, [(8, BID, 98, 6), (9, ASK, 102, 10)]), queue)
    assert front == 0.0


@pytest.mark.parametrize("queue", MODELS)
def test_a_day_that_opens_beyond_an_order_fills_it_at_its_first_moment(queue):
    bot, _ = ahead(day(NEXT, [(8, BID, 98, 6), (9, ASK, 99, 10)]), queue)
    bot.elapse(MINUTE // 2)
    assert bot.orders(0).get(5).status == FILLED
    assert (bot.fills(0)[0].exch_ts, bot.fills(0)[0].price) == (NEXT, 100 * TICK)


def test_an_order_that_rests_beyond_the_other_side_does_not_meet_it_again():
    """It has taken all that was there; the feed has yet to delete the level, and a new day says the same."""
    first = day(START, FIRST, start=False)
    second = day(NEXT, [*FIRST, (99_999 + START, BID, 50, 1)])
    bot = Bot([Asset([first, second])])
    bot.elapse(500)
    bot.submit_buy_order(0, 5, 102 * TICK, 15.0)
    bot.elapse(MINUTE)
    assert bot.position(0) == 10.0
    bot.elapse(NEXT + FEED_NS + 100 - bot.current_timestamp)
    assert bot.position(0) == 10.0
    bot.submit_buy_order(0, 6, 102 * TICK, 1.0)  # nor is there anything for others
    bot.elapse(MINUTE // 2)
    assert bot.position(0) == 10.0
