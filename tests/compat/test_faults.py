"""Faults of HftBacktest that remained to be shown: what it does, and what is right here, on small markets.

The letters are those of the list in ``docs/migrating-from-hftbacktest.md``; the other faults have their tests
in ``tests/differential/test_faults.py``. Both packages get the same rows and the same calls. HftBacktest is
driven through its C functions, in this process: none of these faults ends it.
"""

import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.differential import hft
from tests.differential.hft import HftBot
from tests.differential.market import LOT, TICK, Market, asset as native_asset, book
from truefill import RiskAverseQueue, UserQueue
from truefill.backtest import Account, Bot, ConstantLatency, CrossMargin, FifoExchange, LinearContract
from truefill.compat import hftbacktest as ours
from truefill.core.errors import BotError, ModelError, TruefillError
from truefill.core.events import DEPTH_CLEAR, MARK_PRICE, SELL
from truefill.core.limits import VenueLimits
from truefill.core.reasons import INSUFFICIENT_MARGIN
from truefill.core.records import (
    BUY_SIDE,
    EXPIRED,
    FILLED,
    GTC,
    LIMIT,
    MARKET,
    NEW,
    PARTIALLY_FILLED,
    STOP_MARKET,
)
from truefill.strategy import Strategy, run_events

pytestmark = pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed")

Options = Callable[[Any], Any]
END_OF_DATA, NO_SUCH_STATUS = 1, 14


def both(market: Market, options: Options = lambda asset: asset, book: str = "HashMap") -> tuple[Any, Any]:
    """(HftBacktest's backtest, ours) of one market."""
    import hftbacktest

    rows = market.events
    made = []
    for package in (hftbacktest, ours):
        plain = package.BacktestAsset().data(rows).tick_size(TICK).lot_size(LOT)
        if book != "HashMap":
            plain = plain.roi_lb(40.0).roi_ub(60.0)
        made.append(options(plain.risk_adverse_queue_model()))
    theirs = HftBot([made[0]], [rows], book.lower())
    return theirs, getattr(ours, f"{book}MarketDepthBacktest")([made[1]])


def buy(hbt: Any, order_id: int, tick: int, lots: float, kind: int = LIMIT) -> int:
    """Send an order to buy."""
    code: int = hbt.submit_buy_order(0, order_id, tick * TICK, lots * LOT, GTC, kind, False)
    return code


def status(hbt: Any, order_id: int) -> int:
    """Status of an order, of either package."""
    orders = hbt.orders(0)
    if isinstance(orders, list):
        return next(order["status"] for order in orders if order["order_id"] == order_id)
    return int(orders.get(order_id).status)


def test_b_an_order_that_a_trade_fills_exactly_is_filled() -> None:
    """B: the run goes on (HftBacktest: the filled order stays, and its next hit is the end)."""
    market = book().sells(100, 14).sells(100, 5, after=500).quiet()
    seen = []
    for hbt in both(market, lambda asset: asset.partial_fill_exchange()):
        hbt.elapse(150)
        buy(hbt, 1, 100, 4)  # behind 10: the first trade fills it to the last lot
        hbt.elapse(200)
        first = (status(hbt, 1), hbt.position(0))
        seen.append((first, hbt.elapse(1_000), hbt.position(0)))
    assert seen == [((FILLED, 4.0), NO_SUCH_STATUS, 4.0), ((FILLED, 4.0), 0, 4.0)]


def test_e_a_trade_has_as_much_as_it_has() -> None:
    """E: 12 traded with 10 ahead are 2 for own orders (HftBacktest: all four orders).

    The drop-in face keeps HftBacktest's rule, for its two exchange models; `FifoExchange` shares the trade.
    """
    market = book().sells(100, 12).quiet()
    positions = []
    for hbt in (*both(market), _fifo(market)):
        hbt.elapse(150)
        for order_id in (1, 2, 3, 4):
            buy(hbt, order_id, 100, 1)
        hbt.elapse(200)
        positions.append(hbt.position(0))
    assert positions == [4.0, 4.0, 2.0]


def test_e_a_taker_uses_up_what_it_takes() -> None:
    """E: 10 are offered, and three orders of 6 get 10 (HftBacktest, and its models here: 18)."""
    market = book().quiet()
    positions = []
    for hbt in (*both(market), _fifo(market)):
        hbt.elapse(150)
        for order_id in (1, 2, 3):
            buy(hbt, order_id, 102, 6)
        hbt.elapse(10)
        positions.append(hbt.position(0))
    assert positions == [18.0, 18.0, 10.0]


def test_e_what_a_limit_order_does_not_get_rests() -> None:
    """E: 10 offered, an order of 25: 15 rest (HftBacktest: all 25 filled, whatever the book holds)."""
    seen = []
    for hbt in both(book().quiet(), lambda asset: asset.partial_fill_exchange()):
        hbt.elapse(150)
        buy(hbt, 1, 102, 25)
        hbt.elapse(10)
        seen.append(status(hbt, 1))
    assert seen == [FILLED, PARTIALLY_FILLED]


def _fifo(market: Market) -> Bot:
    return market.bot(exchange=FifoExchange(), queue=RiskAverseQueue())


def test_f_a_market_order_on_an_empty_side_expires() -> None:
    """F: nothing offered, nothing bought (HftBacktest: bought at 2^63 ticks)."""
    seen = []
    for hbt in both(Market().bid(100, 10).quiet()):
        hbt.elapse(150)
        buy(hbt, 1, 100, 5, MARKET)
        hbt.elapse(10)
        values = hbt.state_values(0)
        balance = values["balance"] if isinstance(values, dict) else values.balance
        seen.append((status(hbt, 1), hbt.position(0), balance))
    assert seen[0] == (FILLED, 5.0, pytest.approx(-5 * TICK * 2.0**63))
    assert seen[1] == (EXPIRED, 0.0, 0.0)


def test_g_the_next_best_price_after_a_clear() -> None:
    """G: bids from 99 up are cleared, 98 is the best (HftBacktest: 97, it skips one)."""
    market = Market().bid(100, 1).bid(99, 1).bid(98, 1).bid(97, 1).ask(110, 1).clear_bids(99).quiet()
    best = []
    for hbt in both(market):
        hbt.elapse(550)
        best.append(hbt.depth(0).best_bid_tick)
    assert best == [97, 98]


def test_g_the_dense_book_clears_asks() -> None:
    """G: asks up to a price are cleared in a ROI book, too (HftBacktest: they stay)."""
    market = Market().bid(95, 1).ask(101, 1).ask(102, 2).ask(103, 3)
    market._add(DEPTH_CLEAR, SELL, 102, 0, 100).quiet()
    seen = []
    for hbt in both(market, book="ROIVector"):
        hbt.elapse(550)
        seen.append([hbt.depth(0).ask_qty_at_tick(tick) for tick in (101, 102, 103)])
    assert seen[0] != [0.0, 0.0, 3.0]
    assert seen[1] == [0.0, 0.0, 3.0]


def test_i_each_kind_of_message_has_its_own_latency() -> None:
    """I: an order in 30 ns, its cancel in 5, a fill's report in 50 (HftBacktest: one pair for all)."""
    latency = ConstantLatency(30, 20, cancel_ns=5, fill_ns=50)
    bot = book().sells(99, 3, after=1_000).quiet().bot(latency=latency, exchange=FifoExchange())
    bot.elapse(150)
    sent = bot.current_timestamp
    bot.submit_buy_order(0, 1, 98 * TICK, 1.0, GTC, LIMIT, True)
    assert bot.order_latency(0) == (sent, sent + 30, sent + 50)
    cancelled = bot.current_timestamp
    bot.cancel(0, 1, True)
    assert bot.order_latency(0) == (cancelled, cancelled + 5, cancelled + 25)
    bot.submit_buy_order(0, 2, 99 * TICK, 1.0, GTC, LIMIT, True)
    bot.elapse(1_200)
    (fill,) = bot.fills(0)
    assert fill.local_ts - fill.exch_ts == 50


def test_i_a_venue_has_limits_and_more_kinds_of_orders() -> None:
    """I: too small an order is refused, a stop waits for its price (HftBacktest: neither exists)."""
    market = book().ask(103, 10).bid(101, 5, after=500).buys(102, 10).quiet()
    bot = Bot([native_asset(market.events, limits=VenueLimits(min_notional=100.0))])
    bot.elapse(350)
    bot.submit_buy_order(0, 1, 99 * TICK, 2.0, GTC, LIMIT, True)
    assert bot.orders(0).get(1).status == EXPIRED
    bot.submit_order(0, 2, BUY_SIDE, 0.0, 5.0, GTC, STOP_MARKET, True, trigger_price=102 * TICK)
    assert bot.orders(0).get(2).status == NEW
    bot.elapse(1_000)
    assert bot.orders(0).get(2).status == FILLED
    import hftbacktest

    assert not hasattr(hftbacktest.BacktestAsset(), "limits")


def test_i_accounts_have_margin_and_pay_funding() -> None:
    """I: an order beyond the margin is refused, a position pays funding (HftBacktest: credit without end)."""
    market = book().quiet(1_000).quiet()
    due = market.events["exch_ts"][-2] - 100
    asset = native_asset(
        market.events, contract=LinearContract(currency="USD"), funding=([int(due)], [0.01]), mark="mid"
    )
    bot = Bot([asset], accounts=Account({"USD": 60.0}, margin=CrossMargin(5)))
    bot.elapse(350)
    bot.submit_buy_order(0, 1, 102 * TICK, 100.0 * LOT, GTC, LIMIT, True)
    assert (bot.orders(0).get(1).status, bot.orders(0).get(1).reason) == (EXPIRED, INSUFFICIENT_MARGIN)
    bot.submit_buy_order(0, 2, 102 * TICK, 2.0 * LOT, GTC, LIMIT, True)
    assert bot.orders(0).get(2).status == FILLED
    bot.elapse(2_000)
    depth = bot.depth(0)
    mid = (depth.best_bid + depth.best_ask) / 2
    assert bot.account(0).funding == pytest.approx(-2.0 * LOT * mid * 0.01, rel=1e-12)

    # the same order there, with nothing to say how much money there is
    theirs, _ = both(market)
    theirs.elapse(350)
    buy(theirs, 1, 102, 100.0)
    theirs.elapse(1_000)
    assert theirs.position(0) > 0.0
    import hftbacktest

    known = dir(hftbacktest.BacktestAsset())
    assert not [name for name in known if any(word in name for word in ("margin", "funding", "account"))]


def test_o_a_queue_model_is_three_python_functions() -> None:
    """O: at the front whatever the book says, so that the first lot traded fills (HftBacktest: Rust only)."""

    def first_in_line(order: Any, level_qty: float, params: Any) -> None:
        order["front"] = 0.0

    def traded(order: Any, qty: float, params: Any) -> None:
        order["front"] -= qty

    def unmoved(order: Any, previous: float, new: float, params: Any) -> None:
        pass

    market = book().sells(100, 1).quiet()
    bots = [
        market.bot(queue=queue) for queue in (UserQueue(first_in_line, traded, unmoved), RiskAverseQueue())
    ]
    for bot in bots:
        bot.elapse(150)
        buy(bot, 1, 100, 1)
        bot.elapse(200)
    assert [bot.position(0) for bot in bots] == [1.0, 0.0]


def test_o_the_place_in_the_queue_can_be_read() -> None:
    """O: behind 10, and behind 6 when 4 were traded (HftBacktest: no name for it)."""
    market = book().quiet(100).sells(100, 4).quiet(1_000).quiet()
    bot = Bot([native_asset(market.events, queue=RiskAverseQueue())], track_queues=True)
    bot.elapse(150)
    buy(bot, 1, 100, 1)
    bot.elapse(100)
    before = bot.queue_position(0, 1)
    bot.elapse(1_500)
    assert (before, bot.queue_position(0, 1)) == (10.0, 6.0)


def test_o_a_strategy_gets_events_of_other_kinds() -> None:
    """O: a mark price, a signal of one's own, by reading and by callback (HftBacktest: a wake, no more)."""
    import hftbacktest
    from hftbacktest.binding import HashMapMarketDepthBacktest_ as Theirs

    market = book()._add(MARK_PRICE, 0, 101, 0, 100)._add(200, 0, 7, 0, 100).quiet()
    theirs, _ = both(market)
    theirs.elapse(150)
    assert [theirs.wait_next_feed(False, 10_000) for _ in range(2)] == [2, 2]
    assert len(theirs.last_trades(0)) == 0
    reads = {name for name in dir(Theirs) if not name.startswith("_")}
    assert {"wait_next_feed", "last_trades"} <= reads
    assert not any("event" in name or "custom" in name for name in reads)
    assert not any(
        name.startswith("on_") or "callback" in name.lower() for name in [*reads, *dir(hftbacktest)]
    )

    bot = market.bot(queue=RiskAverseQueue())
    bot.elapse(500)
    assert [float(event.px) for event in bot.last_events(0)] == [50.5, 3.5]

    class Hears(Strategy):
        def on_start(self) -> None:
            self.heard: list[tuple[str, int, float]] = []

        def on_mark_price(self, event: Any) -> None:
            self.heard.append(("mark", self.now, float(event.px)))

        def on_event(self, event: Any) -> None:
            self.heard.append(("own", self.now, float(event.px)))

    hears = Hears()
    run_events(market.bot(queue=RiskAverseQueue()), hears)
    mark_ts, own_ts = (int(market.events["local_ts"][row]) for row in (2, 3))
    assert hears.heard == [("mark", mark_ts, 50.5), ("own", own_ts, 3.5)]


def test_o_errors_are_exceptions_that_say_what_was_wrong() -> None:
    """O: a price that is no number is a typed error with the number in it (HftBacktest: taken)."""
    theirs, mine = both(book().quiet())
    for hbt in (theirs, mine):
        hbt.elapse(150)
    assert theirs.submit_buy_order(0, 1, math.nan, 1.0, GTC, LIMIT, False) == 0
    with pytest.raises(BotError, match="nan"):
        mine.submit_buy_order(0, 1, math.nan, 1.0, GTC, LIMIT, False)
    assert issubclass(BotError, TruefillError) and issubclass(ModelError, TruefillError)
