"""What wakes a stop, by hand: trades, best prices, mark prices."""

from typing import Any

import numpy as np
import pytest

from tests.differential.market import LOT, START, TICK, book
from truefill.backtest.account import Account, CrossMargin
from truefill.backtest.asset import Asset
from truefill.backtest.bot import Bot
from truefill.backtest.models.contracts import LinearContract
from truefill.backtest.models.latency import ConstantLatency
from truefill.core import events as ev
from truefill.core.errors import ConfigError
from truefill.core.records import BUY_SIDE, GTC, SELL_SIDE, STOP_LIMIT, STOP_MARKET, TAKE_PROFIT_MARKET
from truefill.tape import build_tape

LATER = START + 10_000  # stops have arrived by then


def market_of(rows: list[tuple[int, int, int, float, int]]) -> Any:
    """A book of 100 and 102, and what happens then: (ns after LATER, kind, side, tick, lots)."""
    market = book()
    found = [*market.rows]
    for after, kind, side, tick, lots in rows:
        ts = LATER + after
        found.append((kind | side | ev.EXCH | ev.LOCAL, ts, ts + 10, tick * TICK, lots * LOT, 0, 0, 0.0))
    found.append((ev.INDEX_PRICE | ev.EXCH | ev.LOCAL, LATER + 10**6, LATER + 10**6 + 10, 1.0, 0, 0, 0, 0.0))
    return build_tape(np.array(found, ev.EVENT), symbol="HAND.TEST", tick_size=str(TICK), lot_size=str(LOT))


def woken(
    tape: Any, order: tuple[int, int, float] = (SELL_SIDE, STOP_MARKET, 98), **about: Any
) -> int | None:
    """How many ns after LATER an order (side, type, trigger in ticks) is filled; None: it still waits."""
    accounts = about.pop("accounts", None)
    market = Asset(tape, latency=ConstantLatency(5, 5), contract=LinearContract(currency="USD"), **about)
    bot = Bot([market], accounts=accounts)
    bot.elapse(300)
    side, kind, trigger = order
    bot.submit_order(0, 1, side, 0.0, 1.0, GTC, kind, True, trigger * TICK)
    while bot.elapse(1_000) == 0:
        pass
    fills = bot.fills(0)
    return int(fills[0].exch_ts) - LATER if len(fills) else None


DEPTH, TRADE, MARK, CLEAR = ev.DEPTH, ev.TRADE, ev.MARK_PRICE, ev.DEPTH_CLEAR
BID, ASK = ev.BUY, ev.SELL
FALL = [(0, DEPTH, BID, 98, 5), (100, DEPTH, BID, 100, 0), (900, TRADE, ASK, 98, 1)]


def test_a_trade_or_a_best_price_wakes_it():
    assert woken(market_of(FALL)) == 900
    assert woken(market_of(FALL), stop_trigger="best") == 100


def test_each_side_looks_at_the_price_that_it_would_take():
    rise = [(0, DEPTH, BID, 101, 5), (100, DEPTH, ASK, 103, 5), (200, DEPTH, ASK, 102, 0)]
    tape = market_of(rise)
    assert woken(tape, (BUY_SIDE, STOP_MARKET, 103), stop_trigger="best") == 200
    assert woken(tape, (SELL_SIDE, TAKE_PROFIT_MARKET, 101), stop_trigger="best") == 0
    assert woken(tape, (BUY_SIDE, TAKE_PROFIT_MARKET, 101), stop_trigger="best") is None


def test_best_prices_inside_of_one_moment_wake_nobody():
    """The book is told anew, the far levels first: the bid is at 97 on the way, and the ask at 105."""
    told = [(0, CLEAR, 0, 0, 0), (0, DEPTH, BID, 97, 5), (0, DEPTH, BID, 100, 5)]
    told += [(0, DEPTH, ASK, 105, 5), (0, DEPTH, ASK, 102, 5)]
    assert woken(market_of(told), stop_trigger="best") is None
    assert woken(market_of(told), (BUY_SIDE, STOP_MARKET, 104), stop_trigger="best") is None
    assert woken(market_of(told[:2]), stop_trigger="best") == 0


def test_it_meets_the_book_after_all_of_its_moment():
    """Lots that are told behind the change of the best price that wakes it."""
    tape = market_of([(0, DEPTH, BID, 97, 9), (100, DEPTH, BID, 100, 0), (100, DEPTH, ASK, 104, 7)])
    market = Asset(tape, latency=ConstantLatency(5, 5), stop_trigger="best")
    bot = Bot([market], track_queues=True)
    bot.elapse(300)
    bot.submit_order(0, 1, SELL_SIDE, 104 * TICK, 1.0, GTC, STOP_LIMIT, True, 98 * TICK)
    bot.elapse(20_000)
    assert bot.queue_position(0, 1) == 7.0


def test_a_stop_that_its_price_has_reached_already_does_not_wait():
    quiet = market_of([])
    arrival = START + 100 + 10 + 305 - 10  # the bot begins when the first row is seen
    for trigger, about in ((100, {}), (101, {}), (99, {"mark": (np.array([START]), np.array([49.0]))})):
        kind = "mark" if about else "best"
        found = woken(quiet, (SELL_SIDE, STOP_MARKET, trigger), stop_trigger=kind, **about)
        assert found is not None and abs(found + LATER - arrival) <= 20


MARKS = [(0, MARK, 0, 99, 0), (300, MARK, 0, 97, 0), (600, MARK, 0, 99, 0)]


def test_a_mark_price_on_the_tape_wakes_it_and_trades_do_not():
    tape = market_of([*FALL, *MARKS])
    assert woken(tape, stop_trigger="mark") == 300
    assert woken(tape, (SELL_SIDE, STOP_MARKET, 96), stop_trigger="mark") is None


def test_a_mark_of_the_users_or_the_mid_wakes_it():
    tape = market_of([*FALL, (910, MARK, 0, 97, 0)])
    given = (np.array([LATER + 50, LATER + 70]), np.array([49.5, 48.9]))
    assert woken(tape, stop_trigger="mark", mark=given) == 70
    assert (
        woken(tape, (SELL_SIDE, STOP_MARKET, 100), stop_trigger="mark", mark="mid") == 100
    )  # (98 + 102) / 2
    assert woken(market_of(FALL), (SELL_SIDE, STOP_MARKET, 100), stop_trigger="mark") == 100


def test_of_several_marks_of_one_moment_the_last_counts_and_a_tick_is_a_tick():
    both = (np.array([LATER, LATER, LATER + 9]), np.array([40.0, 50.0, 0.1 * 490.0]))
    assert woken(market_of(FALL), stop_trigger="mark", mark=both) == 9  # 49.00000000000001


def test_with_an_account_too():
    tape = market_of([*FALL, *MARKS])
    account = Account({"USD": 10_000.0}, margin=CrossMargin(leverage=5.0))
    assert woken(tape, stop_trigger="mark", accounts=account) == 300
    assert woken(tape, stop_trigger="best", accounts=account) == 100


def test_what_is_no_trigger_is_refused():
    for bad in ("index", "", 1, None):
        with pytest.raises(ConfigError, match="one of trade, best, mark"):
            Asset(market_of([]), stop_trigger=bad)
    assert Asset(market_of([]), stop_trigger="mark").describe()["stop_trigger"] == "mark"
    assert "stop_trigger" not in Asset(market_of([])).describe()
    with pytest.raises(ConfigError, match="an account for the margin, mark"):
        Bot([Asset(market_of([]), mark="mid")])
