"""Accounts on tapes that follow each other: the money of a chain is that of one tape of all."""

from typing import Any

import numpy as np
import pytest

from tests.backtest.test_chain import day_after, tape_of
from tests.differential.market import LOT, START, TICK, Market, book
from truefill.backtest import Account, Asset, Bot, CrossMargin, LinearContract
from truefill.backtest.result import Result, collect
from truefill.core import events as ev
from truefill.core.errors import ConfigError
from truefill.core.records import FUNDING_PAYMENT, GTC, INTEREST, LIMIT, LIQUIDATION_FEE
from truefill.tape import Tape, build_tape

RULES = CrossMargin(20, tiers=[(0, 0.004)], liquidation_fee=0.01)


def mark(market: Market, tick: float, after: int = 100) -> Market:
    """A mark price."""
    return market._add(ev.MARK_PRICE, 0, tick, 0, after)  # type: ignore[arg-type]


def funding(market: Market, rate: float, after: int = 100) -> Market:
    """A funding rate, paid at once."""
    return market._add(ev.FUNDING, 0, rate / TICK, 0, after)  # type: ignore[arg-type]


def joined(days: list[Market]) -> Tape:
    """One tape of all days."""
    events = np.concatenate([day.events for day in days])
    return build_tape(events, symbol="HAND.TEST", tick_size=str(TICK), lot_size=str(LOT))


def three_days() -> list[Market]:
    """Marks and funding on each day, and a mark on the last that ruins who bought on the first."""
    first = mark(mark(book().quiet(100), 101).quiet(1000), 101.5).quiet(1000)
    second = funding(mark(day_after(first).bid(99, 7), 102), 0.001).quiet(1000)
    third = mark(funding(mark(day_after(second).ask(103, 4), 100), -0.002).quiet(1000), 60).quiet(5000)
    return [first, second, third]


def buy_and_hold(bot: Bot) -> tuple[Result, list[tuple[float, ...]]]:
    """Buys once; what is known of the account at each step."""
    seen = []
    bot.elapse(500)
    bot.submit_buy_order(0, 1, 102 * TICK, 2.0 * LOT, GTC, LIMIT, True)
    while bot.elapse(400) == 0:
        state = bot.account(0)
        seen.append((state.cash, state.equity, state.funding, state.liquidations))
    return collect(bot), seen


def play(tapes: Any, **about: Any) -> tuple[Result, list[tuple[float, ...]]]:
    """A run with an account that a few ticks ruin."""
    asset = Asset(tapes, contract=LinearContract(currency="USD"), **about)
    account = Account({"USD": 20.0 * LOT}, margin=RULES, borrow={"USD": 1e9}, borrow_interval_ns=1000)
    return buy_and_hold(Bot([asset], accounts=account))


def test_marks_funding_and_interest_of_all_tapes() -> None:
    """Paid and liquidated as on one tape; the hash, which covers payments, says so."""
    days = three_days()
    result, seen = play([tape_of(day) for day in days])
    whole, known = play(joined(days))

    kinds = result.payments["kind"].tolist()
    assert kinds.count(FUNDING_PAYMENT) == 2 and kinds.count(LIQUIDATION_FEE) == 1
    rates = result.payments["rate"][result.payments["kind"] == FUNDING_PAYMENT]
    assert rates == pytest.approx([0.001, -0.002])
    assert result.payments["exch_ts"][-1] > START and result.run_hash == whole.run_hash
    assert seen == known and len(seen) > 10


def test_interest_does_not_stop_at_a_cut() -> None:
    """Charged on a debt on each of the days."""
    days = three_days()
    result, _ = play([tape_of(day) for day in days], funding=([days[0].ts - 50], [0.5]))
    whole, _ = play(joined(days), funding=([days[0].ts - 50], [0.5]))
    late = result.payments[result.payments["kind"] == INTEREST]["exch_ts"]
    assert (late > days[1].ts).any() and result.run_hash == whole.run_hash


def test_the_mid_of_tapes_that_begin_with_a_whole_book() -> None:
    """As on one tape; of tapes that do not, nobody knows it before the run, and the error says what to do."""
    first = book().bid(100, 5).quiet(1000)
    second = day_after(first).clear().bid(97, 5).ask(99, 5).quiet(1000).bid(98, 3).quiet(3000)
    days = [first, second]
    result, seen = play([tape_of(day) for day in days], mark="mid")
    whole, known = play(joined(days), mark="mid")
    assert seen == known and len({equity for _, equity, _, _ in seen}) > 2
    assert result.run_hash == whole.run_hash

    goes_on = [first, day_after(first).bid(97, 5).quiet(1000)]
    with pytest.raises(ConfigError, match="tapes that begin with a snapshot, mark prices on them or as"):
        play([tape_of(day) for day in goes_on], mark="mid")
