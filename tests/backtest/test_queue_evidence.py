"""`EvidenceQueue`, rule by rule, on small markets: what is proved about a place is not left to chance."""

import pytest

from tests.differential.market import Market, book
from truefill.backtest import Bot, EvidenceQueue, FifoExchange, PowerProbQueue3
from truefill.core.errors import ConfigError
from truefill.core.records import GTC, LIMIT, PARTIALLY_FILLED

UNIFORM = 1.0  # a cancellation anywhere with equal chance


def at_bid(market: Market, model: object, lots: int = 1, tick: int = 100) -> Bot:
    """A bot with one bid that rests behind what the market shows after its first two rows."""
    bot = market.quiet().bot(queue=model, exchange=FifoExchange())
    bot.elapse(150)
    bot.submit_buy_order(0, 1, tick * 0.5, float(lots), GTC, LIMIT, False)
    bot.elapse(40)
    return bot


def filled(bot: Bot, rows: int) -> float:
    """Lots that were filled after so many rows more (100 ns each)."""
    bot.elapse(100 * rows)
    return float(bot.orders(0).get(1).filled_qty)


@pytest.mark.parametrize(("model", "lots"), [(EvidenceQueue(), 4.0), (PowerProbQueue3(), 2.0)])
def test_a_trade_through_proves_that_nothing_is_in_front(model: object, lots: float) -> None:
    """2 traded a tick below: they were ours, and so are the next 2 at our price."""
    bot = at_bid(book().sells(99, 2).sells(100, 2), model, lots=5)
    assert filled(bot, 1) == 2.0
    assert filled(bot, 1) == lots
    assert bot.orders(0).get(1).status == PARTIALLY_FILLED


@pytest.mark.parametrize(("model", "lots"), [(EvidenceQueue(), 4.0), (PowerProbQueue3(), 3.0)])
def test_a_best_price_behind_the_order_proves_it_too(model: object, lots: float) -> None:
    """3 offered at our price take 3 of ours; they could not stand there if anybody were in front.

    Then the offer is gone, and 1 more is sold at our price.
    """
    market = book().bid(98, 4).ask(100, 3).ask(100, 0).sells(100, 1)
    bot = at_bid(market, model, lots=5)
    assert filled(bot, 2) == 3.0
    assert filled(bot, 2) == lots


def test_a_clear_proves_nothing() -> None:
    """While a snapshot rebuilds the book from the bottom, its best price means nothing."""
    market = book().clear().bid(98, 5, after=0).bid(100, 10, after=0).ask(102, 10, after=0).sells(100, 1)
    bot = at_bid(market, EvidenceQueue())
    assert filled(bot, 2) == 0.0


def test_what_the_feed_left_beyond_its_best_price_is_no_queue() -> None:
    """The offer at 100 drove the bids there away; the feed forgot to say so. Then it went as well."""
    market = Market().bid(100, 10).bid(98, 4, after=0).ask(100, 3, after=0).ask(100, 0, after=0).sells(100, 1)
    bot = market.quiet().bot(queue=EvidenceQueue(), exchange=FifoExchange())
    bot.elapse(50)
    bot.submit_buy_order(0, 1, 50.0, 1.0, GTC, LIMIT, False)
    bot.elapse(10)
    assert bot.orders(0).get(1).queue_ahead == 0.0
    assert filled(bot, 1) == 1.0


@pytest.mark.parametrize(("model", "trades"), [(EvidenceQueue(UNIFORM), 1), (PowerProbQueue3(UNIFORM), 0)])
def test_a_trade_explains_several_rows(model: object, trades: int) -> None:
    """10 in front, 10 behind; 8 trade, and the level shrinks by 3 and 5: none of it was cancelled.

    2 are left in front, so that 3 more fill the order. The plain model takes the second row for a
    cancellation and fills it a trade too early.
    """
    market = book().bid(100, 20).sells(100, 8)
    market.bid(100, 17, after=0).bid(100, 12, after=0).sells(100, 2).sells(100, 1)
    bot = at_bid(market, model)
    assert filled(bot, 2) == 0.0
    assert filled(bot, 1) == 1.0 - trades
    assert filled(bot, 1) == 1.0


@pytest.mark.parametrize(("late_ns", "first"), [(0, 1.0), (100, 0.0)])
def test_a_decrease_may_come_before_its_trade(late_ns: int, first: float) -> None:
    """10 in front, 10 behind; the level shrinks by 4, and 100 ns later 4 are traded: they are those.

    6 are left in front. Taken apart, 2 of the 4 were cancelled in front, and then 4 traded: 4 left.
    """
    market = book().bid(100, 20).bid(100, 16).sells(100, 4).sells(100, 5).sells(100, 2)
    bot = at_bid(market, EvidenceQueue(UNIFORM, late_ns))
    assert filled(bot, 3) == 0.0
    assert filled(bot, 1) == first
    assert filled(bot, 1) == 1.0


def test_a_hidden_trade_at_a_better_price_takes_nothing_from_the_queue() -> None:
    """Sold at 101, where the book showed no bid: the 10 at 100 are still in front."""
    bot = at_bid(book().sells(101, 30).sells(100, 10).sells(100, 1), EvidenceQueue())
    assert filled(bot, 2) == 0.0
    assert filled(bot, 1) == 1.0


def test_hidden_quantity_at_the_own_price_comes_after_what_is_shown() -> None:
    """10 are shown, 1 is ours, 15 trade: we are among them, and hidden quantity made up the rest."""
    bot = at_bid(book().sells(100, 15), EvidenceQueue())
    assert filled(bot, 1) == 1.0


@pytest.mark.parametrize("n", [0.0, -1.0, float("nan")])
def test_bad_parameters_are_refused(n: float) -> None:
    with pytest.raises(ConfigError, match=r"EvidenceQueue\.n"):
        EvidenceQueue(n)
    with pytest.raises(ConfigError, match="late_ns"):
        EvidenceQueue(1.0, -1)
    with pytest.raises(ConfigError, match="late_ns"):
        EvidenceQueue(1.0, 0.5)  # type: ignore[arg-type]
