"""Hostile arguments: a typed error or a documented code, compiled and interpreted, and the run goes on."""

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from truefill.backtest import Asset, Bot, run
from truefill.backtest.bot import UNTIL_END_OF_DATA
from truefill.core.errors import BotError, ConfigError
from truefill.core.events import BUY, DEPTH, EVENT, EXCH, LOCAL
from truefill.core.records import ORDER_ID_EXIST, ORDER_NOT_FOUND, TOO_MANY_ORDERS
from truefill.tape import Tape, build_tape

S = 1_000_000_000


def bad_asset(bot: Any, number: int) -> None:
    bot.depth(number)


def bad_asset_orders(bot: Any, number: int) -> None:
    bot.orders(number)


def bad_asset_submit(bot: Any, number: int) -> None:
    bot.submit_buy_order(number, 1, 100.0, 1.0)


def bad_asset_wait(bot: Any, number: int) -> None:
    bot.wait_order_response(number, 1, 1)


def bad_price(bot: Any, price: float) -> None:
    bot.submit_sell_order(0, 1, price, 1.0)


def bad_qty(bot: Any, qty: float) -> None:
    bot.submit_buy_order(0, 1, 100.0, qty)


def bad_tif(bot: Any, tif: int) -> None:
    bot.submit_buy_order(0, 1, 100.0, 1.0, tif)


def bad_type(bot: Any, kind: int) -> None:
    bot.submit_buy_order(0, 1, 100.0, 1.0, 0, kind)


def bad_duration(bot: Any, duration: int) -> None:
    bot.elapse(duration)


def bad_order_id(bot: Any, order_id: int) -> None:
    bot.submit_buy_order(0, order_id, 100.0, 1.0)


def missing_order(bot: Any, order_id: int) -> None:
    bot.orders(0).get(order_id)


CASES = [
    *(
        (f, n, "an asset number")
        for f in (bad_asset, bad_asset_orders, bad_asset_submit, bad_asset_wait)
        for n in (-1, 1, 1 << 40)
    ),
    *((bad_price, p, "a finite price > 0") for p in (math.nan, math.inf, -math.inf, -1.0, 0.0, 1e300)),
    *((bad_qty, q, "a finite quantity > 0") for q in (math.nan, math.inf, -math.inf, -1.0, 0.0, 1e300)),
    (bad_qty, 0.0123456, "a multiple of the lot"),
    (bad_qty, 1e-9, "a multiple of the lot"),
    *((bad_tif, t, "a time in force") for t in (-1, 5, 255)),
    *((bad_type, t, "an order type") for t in (-1, 6, 99)),
    (bad_duration, -1, "a duration"),
    (bad_order_id, -1, "an order id"),
    (missing_order, 77, "the id of an order in the table"),
]


@pytest.mark.parametrize("compiled", [pytest.param(True, marks=pytest.mark.compiled_only), False])
@pytest.mark.parametrize(("call", "argument", "expected"), CASES)
def test_a_bad_argument_raises_and_changes_nothing(
    make_bot: Callable[..., Bot], call: Any, argument: Any, expected: str, compiled: bool
) -> None:
    """BotError names what was expected; the bot works on."""
    bot = make_bot()
    bot.elapse(S)
    function = COMPILED[call] if compiled else call

    with pytest.raises(BotError, match=expected):
        function(bot, argument)

    assert len(bot.orders(0)) == 0
    assert bot.elapse(S) == 0


COMPILED = {call: numba.njit(call) for call, _, _ in CASES}


@pytest.mark.parametrize("value", [1.5, "a", None])
def test_what_is_not_a_number_of_the_right_kind_raises(make_bot: Callable[..., Bot], value: Any) -> None:
    """Interpreted: wrong types are BotErrors, too."""
    bot = make_bot()
    for call in (lambda: bot.elapse(value), lambda: bot.depth(value), lambda: bot.cancel(0, value)):
        with pytest.raises(BotError):
            call()


@pytest.mark.compiled_only
def test_a_float_duration_does_not_compile(make_bot: Callable[..., Bot]) -> None:
    """Compiled: a float where nanoseconds belong is refused, not cut."""

    def strategy(bot: Any) -> None:
        bot.elapse(1.5)

    with pytest.raises(numba.TypingError, match="expected a whole number as duration in ns"):
        numba.njit(strategy)(make_bot())


def test_durations_saturate(make_bot: Callable[..., Bot]) -> None:
    """The largest duration means the end of the data, and time does not turn negative."""
    bot = make_bot()
    first = bot.current_timestamp

    assert bot.elapse(UNTIL_END_OF_DATA) == 1
    assert bot.current_timestamp >= first
    with pytest.raises(BotError, match="a duration from 0"):
        bot.elapse(UNTIL_END_OF_DATA + 1)


def test_documented_codes(make_bot: Callable[..., Bot], tape: Tape) -> None:
    """A known id, an unknown one, and a full table are return codes."""
    bot = Bot([Asset(tape, max_orders=2)])
    bot.elapse(S)
    price, lot = bot.depth(0).best_bid - 1.0, bot.depth(0).lot_size

    assert bot.submit_buy_order(0, 1, price, lot) == 0
    assert bot.submit_buy_order(0, 1, price, lot) == ORDER_ID_EXIST
    assert bot.cancel(0, 9) == ORDER_NOT_FOUND
    assert bot.modify(0, 9, price, lot) == ORDER_NOT_FOUND
    assert bot.submit_buy_order(0, 2, price, lot) == 0
    assert bot.submit_buy_order(0, 3, price, lot) == TOO_MANY_ORDERS


def test_a_closed_bot_moves_no_more(make_bot: Callable[..., Bot]) -> None:
    """After close every step says so, and nothing breaks."""
    bot = make_bot()
    assert bot.close() == 0
    assert bot.elapse(1) == 18
    assert not run(bot, lambda b: 0, compiled=False).interrupted


@pytest.mark.parametrize(
    "settings",
    [
        {"tick_size": 0.5},
        {"lot_size": 0.015},
        {"lot_size": float("nan")},
        {"latency": 5},
        {"queue": "fifo"},
        {"max_orders": 0},
    ],
)
def test_an_asset_that_does_not_fit_is_refused(tape: Tape, settings: dict[str, Any]) -> None:
    """Another tick than the tape's, a model that is none: ConfigError says what was expected."""
    with pytest.raises(ConfigError, match="expected"):
        Asset(tape, **settings)


def test_orders_may_have_a_coarser_lot_than_the_data(tape: Tape) -> None:
    """Data with dust finer than the venue's lot: the order's lot is a multiple of the tape's."""
    bot = Bot([Asset(tape, lot_size=tape.lot_size * 5)])
    bot.elapse(S)
    price = bot.depth(0).best_bid

    assert bot.depth(0).lot_size == pytest.approx(tape.lot_size * 5)
    assert bot.submit_buy_order(0, 1, price, tape.lot_size * 10) == 0
    with pytest.raises(BotError, match="a multiple of the lot"):
        bot.submit_buy_order(0, 2, price, tape.lot_size * 7)


@pytest.mark.parametrize("assets", [[], None, 3, ["tape"]])
def test_a_bot_needs_assets(assets: Any) -> None:
    """Anything but Asset objects is refused."""
    with pytest.raises((ConfigError, TypeError)):
        Bot(assets)


def test_step_smaller_than_its_inverse_can_be() -> None:
    """1 / 5e-324 is infinite: quantities are products then, and the bot lives."""
    row = (DEPTH | BUY | EXCH | LOCAL, 1000, 2000, 100.0, 5e-324, 0, 0, 0.0)
    tape = build_tape(np.array([row], EVENT), symbol="X.TEST")
    bot = Bot([Asset(tape)])
    bot.wait_next_feed(False, S)
    assert 5e-324 == bot.depth(0).best_bid_qty
