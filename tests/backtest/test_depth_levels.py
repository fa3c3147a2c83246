"""The levels of the book that a strategy reads: `bids`, `asks`, `fill_bids`, `fill_asks`, in both worlds.

That they are the right ones at every moment of random markets is proved against the twin
(tests/differential: `levels`); here compiled code is held against them, and the ends of the book are met.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.support.modes import INTERPRETED
from tests.support.order_flow import LOT, TICK, OrderFlow
from truefill import LEVEL, Asset, Bot, BotError, run
from truefill.core import events as ev
from truefill.core.jit import compile_user
from truefill.tape import build_tape


def look(bot: Any, step: int, steps: int) -> Any:
    """Read both sides in all the ways there are; returns what is seen at each step."""
    out = np.zeros((steps, 4, 4))
    kept = np.zeros(3, LEVEL)
    for i in range(steps):
        if bot.elapse(step) != 0:
            break
        depth = bot.depth(0)
        for k, levels in enumerate((depth.bids(), depth.asks(), depth.bids(4), depth.asks(i % 3))):
            place = 1
            for level in levels:
                out[i, k, 0] += level.price * level.qty * place
                out[i, k, 1] += level.price_tick * place
                place += 1
            out[i, k, 2] = len(levels)
            if len(levels) > 0:
                out[i, k, 3] = levels[len(levels) - 1].price_tick - levels[0].price_tick
        for j in range(depth.fill_bids(kept)):
            out[i, 0, 3] += kept[j]["qty"] * (j + 1)
        for j in range(depth.fill_asks(kept)):
            out[i, 1, 3] += kept[j]["qty"] * (j + 1)
    return out


def both(asset: Asset, step: int, steps: int) -> tuple[Any, Any]:
    """What interpreted and compiled code sees."""
    return look(Bot([asset]), step, steps), compile_user(look, cache=False)(Bot([asset]), step, steps)


def test_compiled_code_sees_the_same_levels(tape: Any) -> None:
    """A made market: every way of reading, at 60 moments."""
    plain, compiled = both(Asset(tape), 300_000_000, 60)

    np.testing.assert_array_equal(plain, compiled)
    assert (plain[:, 0, 2] > 4).any() and (plain[:, 2, 2] == 4).any()


def test_levels_of_single_orders() -> None:
    """On a tape of single orders the levels are sums over the orders that rest."""
    events = OrderFlow(seed=5).run(600).events
    tape = build_tape(events, symbol="ORDERS.TEST", tick_size=TICK, lot_size=LOT)
    plain, compiled = both(Asset(tape), 7_000_000, 80)

    np.testing.assert_array_equal(plain, compiled)
    assert plain[:, :, 2].max() > 0


def _row(kind: int, side: int, ts: int, px: float, qty: float) -> Any:
    row = np.zeros(1, ev.EVENT)
    row["ev"] = kind | ev.EXCH | ev.LOCAL | (ev.BUY if side > 0 else ev.SELL if side < 0 else 0)
    row["exch_ts"], row["local_ts"], row["px"], row["qty"] = ts, ts + 1, px, qty
    return row


def small_tape() -> Any:
    """Levels at the lowest and the highest price of the tape; then crossed, one side empty, all clear."""
    depth, bid, ask = ev.DEPTH, 1, -1
    rows = [
        _row(depth, bid, 10, 1.0, 3),
        _row(depth, bid, 10, 9.0, 2),
        _row(depth, ask, 10, 11.0, 4),
        _row(depth, ask, 10, 20.0, 5),
        _row(depth, ask, 20, 9.0, 1),  # crosses the best bid: 9.0 stays in the book, and is best no more
        _row(depth, ask, 30, 9.0, 0),
        _row(depth, ask, 30, 11.0, 0),
        _row(depth, ask, 30, 20.0, 0),  # no asks
        _row(ev.DEPTH_CLEAR, 0, 40, 0.0, 0),
        _row(depth, bid, 50, 8.0, 1),
    ]
    return build_tape(np.concatenate(rows), symbol="SMALL.TEST", tick_size=1.0, lot_size=1.0)


def levels_at(bot: Bot, ts: int) -> tuple[list[Any], list[Any]]:
    bot.elapse(ts - bot.current_timestamp)
    depth = bot.depth(0)
    return [(x.price_tick, x.qty) for x in depth.bids()], [(x.price_tick, x.qty) for x in depth.asks()]


def test_ends_of_the_book() -> None:
    """The first and last price of the tape, crossed levels, an empty side, a clear."""
    bot = Bot([Asset(small_tape())])

    assert ([(9, 2.0), (1, 3.0)], [(11, 4.0), (20, 5.0)]) == levels_at(bot, 11)
    assert ([(1, 3.0)], [(9, 1.0), (11, 4.0), (20, 5.0)]) == levels_at(bot, 21)
    assert [] == levels_at(bot, 31)[1]
    assert ([], []) == levels_at(bot, 41)


def test_before_the_first_event() -> None:
    """Nothing is there, and nothing is an empty array of levels."""
    depth = Bot([Asset(small_tape())]).depth(0)

    assert (0, LEVEL) == (len(depth.bids()), depth.bids(5).dtype)
    assert 0 == depth.fill_asks(np.zeros(2, LEVEL))


@pytest.mark.parametrize("n", [-1, 1.5, "3", [1]])
def test_a_number_of_levels_that_cannot_be_meant(n: Any) -> None:
    """It is a typed error, not an empty answer."""
    depth = Bot([Asset(small_tape())]).depth(0)

    with pytest.raises(BotError, match="a number of levels"):
        depth.bids(n)


@pytest.mark.parametrize("out", [np.zeros(3), np.zeros((2, 2), LEVEL), [1, 2], None])
def test_an_array_that_is_none_of_levels(out: Any) -> None:
    """The gate says what is wanted."""
    depth = Bot([Asset(small_tape())]).depth(0)

    with pytest.raises(BotError, match="1-D array of LEVEL"):
        depth.fill_bids(out)


def test_a_negative_number_in_compiled_code() -> None:
    """The same error there."""

    def asks_for(bot: Any, n: int) -> int:
        bot.elapse(20)
        return len(bot.depth(0).bids(n))

    compiled = compile_user(asks_for, cache=False)

    assert 1 == compiled(Bot([Asset(small_tape())]), 5)
    with pytest.raises(BotError, match="a number of levels"):
        compiled(Bot([Asset(small_tape())]), -1)


@pytest.mark.skipif(INTERPRETED, reason="about compiled code")
def test_a_wrong_array_in_compiled_code() -> None:
    """It does not compile, and the message says why."""
    from numba.core.errors import TypingError

    def fills(bot: Any, out: Any) -> int:
        return bot.depth(0).fill_bids(out)

    with pytest.raises(TypingError, match="1-D array of LEVEL"):
        compile_user(fills, cache=False)(Bot([Asset(small_tape())]), np.zeros(3))


def test_trades_and_fills_in_ordinary_loops(make_bot: Callable[..., Bot]) -> None:
    """``for trade in bot.last_trades(a)``, ``for fill in bot.fills(a)``: attributes, in both worlds."""
    plain = run(make_bot(), trades_and_fills, compiled=False).returned
    compiled = run(make_bot(), trades_and_fills).returned

    assert plain == compiled
    assert plain[0] > 0 and plain[3] > 0


def trades_and_fills(bot: Any) -> tuple[int, float, float, int, float, int]:
    """Take a lot every second; sum what trades, fills and orders say."""
    trades, volume, last, fills, paid, ids = 0, 0.0, 0.0, 0, 0.0, 0
    order_id = 0
    while bot.elapse(1_000_000_000) == 0:
        depth = bot.depth(0)
        order_id += 1
        bot.submit_buy_order(0, order_id, depth.best_ask, depth.lot_size)
        for trade in bot.last_trades(0):
            trades += 1
            volume += trade.qty * trade.px
            last = max(last, float(trade.local_ts - trade.exch_ts))
        bot.clear_last_trades(0)
        for order in bot.orders(0):
            ids += order.order_id * order.side
    for fill in bot.fills(0):
        fills += fill.side
        paid += fill.price * fill.qty + fill.fee
    return trades, volume, last, fills, paid, ids
