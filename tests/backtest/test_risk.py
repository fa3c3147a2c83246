"""Risk models: what is held back before it leaves, with which code, and what a user's model is told."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.backtest.strategies import quote_both_sides
from truefill.backtest import Asset, Bot, ConstantLatency, RiskLimits, UserRisk, run
from truefill.core.errors import ConfigError, ModelError
from truefill.core.records import GTC, LIMIT, MARKET, MODEL_FAILED, OK, RISK_REFUSED
from truefill.core.risk import (
    NO_LIMIT,
    NOTIONAL_LIMIT,
    OPEN_ORDERS_LIMIT,
    ORDER_QTY_LIMIT,
    POSITION_LIMIT,
    limit_broken,
)
from truefill.tape import Tape


def started(tape: Tape, risk: RiskLimits | UserRisk) -> tuple[Bot, float]:
    """A bot a second into the market, and its best bid."""
    asset = Asset(tape, latency=ConstantLatency(5_000_000, 5_000_000), risk=risk)
    bot = Bot([asset])
    assert bot.elapse(1_000_000_000) == OK
    return bot, bot.depth(0).best_bid


def test_the_quantity_of_an_order(tape: Tape) -> None:
    """Also of a modify; what is held back makes no order and is counted."""
    lot = tape.lot_size
    bot, bid = started(tape, RiskLimits(max_order_qty=5 * lot))
    far = bid - 50 * tape.tick_size

    assert bot.submit_buy_order(0, 1, far, 6 * lot) == RISK_REFUSED + ORDER_QTY_LIMIT
    assert len(bot.orders(0)) == 0
    assert bot.submit_buy_order(0, 1, far, 5 * lot, GTC, LIMIT, True) == OK
    assert bot.modify(0, 1, far, 6 * lot) == RISK_REFUSED + ORDER_QTY_LIMIT
    assert bot.orders(0).get(1).cancellable == 1, "no request is under way"
    assert bot.modify(0, 1, far, 4 * lot) == OK
    assert bot.cancel(0, 1) != OK, "a modify is in process"
    counters = run(bot, lambda bot: None, compiled=False).counters[0]
    assert (counters["submits"], counters["modifies"], counters["risk_refused"]) == (1, 1, 2)


def test_the_position_counts_all_that_is_open(tape: Tape) -> None:
    """Buys add up against the limit on the long side, sells on the short one; a cancel is never asked."""
    lot = tape.lot_size
    bot, bid = started(tape, RiskLimits(max_position=10 * lot))
    low, high = bid - 50 * tape.tick_size, bid + 50 * tape.tick_size

    assert bot.submit_buy_order(0, 1, low, 6 * lot) == OK
    assert bot.submit_buy_order(0, 2, low, 5 * lot) == RISK_REFUSED + POSITION_LIMIT, "unanswered ones count"
    assert bot.submit_sell_order(0, 3, high, 10 * lot) == OK, "the other side has its own room"
    assert bot.submit_sell_order(0, 4, high, lot, GTC, LIMIT, True) == RISK_REFUSED + POSITION_LIMIT
    bot.elapse(20_000_000)
    assert bot.modify(0, 1, low, 10 * lot) == OK, "it is not counted twice"
    bot.elapse(20_000_000)
    assert bot.modify(0, 1, low, 11 * lot) == RISK_REFUSED + POSITION_LIMIT
    assert bot.cancel(0, 1, True) == OK
    assert bot.submit_buy_order(0, 5, 0.0001, 10 * lot, GTC, MARKET, True) == OK
    assert bot.position(0) > 0
    assert bot.submit_buy_order(0, 6, low, 10 * lot) == RISK_REFUSED + POSITION_LIMIT
    assert bot.cancel(0, 3, True) == OK
    assert bot.submit_sell_order(0, 7, high, 12 * lot) == OK, "a long position leaves more room to sell"


def test_value_and_number_of_orders(tape: Tape) -> None:
    """By the limit price; a market order's by the best opposite price."""
    lot = tape.lot_size
    price = started(tape, RiskLimits())[1]
    bot, bid = started(tape, RiskLimits(max_notional=3.5 * price * lot, max_open_orders=2))
    low = bid - 50 * tape.tick_size

    assert bot.submit_buy_order(0, 1, bid, 4 * lot) == RISK_REFUSED + NOTIONAL_LIMIT
    assert bot.submit_buy_order(0, 1, low, 4 * lot, GTC, MARKET) == RISK_REFUSED + NOTIONAL_LIMIT
    assert [bot.submit_buy_order(0, n, low, lot) for n in (1, 2, 3)] == [
        OK,
        OK,
        RISK_REFUSED + OPEN_ORDERS_LIMIT,
    ]
    bot.elapse(20_000_000)
    assert bot.modify(0, 1, low, 2 * lot) == OK, "a modify adds no order"
    assert bot.cancel(0, 2, True) == OK
    assert bot.submit_buy_order(0, 3, low, lot) == OK


def test_a_market_order_without_a_price_breaks_a_limit_of_value(tape: Tape) -> None:
    """Nobody knows what it would cost; limits that are not set hold nothing back."""
    before = Bot([Asset(tape, risk=RiskLimits(max_notional=1e12))])
    assert np.isnan(before.depth(0).best_ask)
    order = (0, 1, 1.0, tape.lot_size, GTC, MARKET)
    assert before.submit_buy_order(*order) == RISK_REFUSED + NOTIONAL_LIMIT
    assert Bot([Asset(tape, risk=RiskLimits())]).submit_buy_order(*order) == OK


def test_the_rule_by_itself() -> None:
    """Numbers at the edge of 64 bits do not wrap around."""
    most = NO_LIMIT
    assert limit_broken(1, 5, 1.0, 0, 0, 1, most, most, float("inf"), most) == 0
    assert limit_broken(1, 5, 1.0, -10, 0, 1, most, most, float("inf"), most) == 0
    assert limit_broken(1, most, 1.0, 10, most - 20, 1, most, 5, float("inf"), most) == POSITION_LIMIT
    assert limit_broken(-1, 15, 1.0, 10, 0, 1, most, 5, float("inf"), most) == 0


def remembers(request: Any, params: np.ndarray) -> int:
    """Refuse the third request, and sells at or below the best bid; keep count in the model's own fields."""
    request["extra0"] += 1.0
    if request["extra0"] == 3:
        return 7
    if request["side"] < 0 and request["price"] <= request["best_bid"]:
        return 8
    return 0


def test_a_users_model_is_told_what_it_needs(tape: Tape) -> None:
    """Its reason comes back in the code, its own fields last, `price` and best prices are there."""
    lot = tape.lot_size
    bot, bid = started(tape, UserRisk(remembers))
    low = bid - 50 * tape.tick_size

    codes = [
        bot.submit_buy_order(0, 1, low, lot),
        bot.submit_sell_order(0, 2, bid, lot),
        bot.submit_buy_order(0, 3, low, lot),
        bot.submit_buy_order(0, 4, low, 2 * lot, GTC, LIMIT, True),
        bot.modify(0, 4, low, 3 * lot),
    ]
    assert codes == [OK, RISK_REFUSED + 8, RISK_REFUSED + 7, OK, OK]
    told = bot._bindings[0].risk_request[0]
    expected = {
        "kind": 1,
        "side": 1,
        "order_id": 4,
        "timestamp": bot.current_timestamp,
        "open_orders": 2,
        "position": 0.0,
        "open_sell_qty": 0.0,
        "extra0": 5.0,
    }
    assert {name: told[name].item() for name in expected} == expected
    for name, value in {"qty": 3, "replaced_qty": 2, "open_buy_qty": 1}.items():
        assert told[name] == pytest.approx(value * lot), name
    assert told["value"] == pytest.approx(told["price"] * told["qty"])


def fails_on_sells(request: Any, params: np.ndarray) -> int:
    """Fail with an error of its own."""
    if request["side"] < 0:
        raise ValueError("no selling here")
    return 0


def answers_nonsense(request: Any, params: np.ndarray) -> float:
    """Give an answer that is no reason."""
    return params[0]


@pytest.mark.parametrize(
    ("risk", "words"),
    [
        (
            UserRisk(fails_on_sells),
            ["ValueError: no selling here", "test_risk.py:", 'raise ValueError("no'],
        ),
        (UserRisk(answers_nonsense, (float("nan"),)), ["expected a finite number", "answers_nonsense"]),  # type: ignore[arg-type]
        (UserRisk(answers_nonsense, (-1.0,)), ["expected", "params=[-1.0]"]),  # type: ignore[arg-type]
    ],
)
def test_a_failing_model_ends_the_run(make_bot: Callable[..., Bot], risk: UserRisk, words: list[str]) -> None:
    """The request does not leave; the error names model, time, the request and the line."""
    bot = make_bot(risk=risk)
    result = run(bot, quote_both_sides)

    assert isinstance(result.error, ModelError)
    assert "the risk model of asset 0 (DEMO-PERP.SYNTH) failed at 2025-01-01T00:00:00.1" in str(result.error)
    for word in [*words, "request=(kind=0, side="]:
        assert word in str(result.error)
    assert bot.elapse(1) == MODEL_FAILED
    assert result.counters[0]["submits"] <= 1


def test_limits_hold_in_a_whole_run(make_bot: Callable[..., Bot], tape: Tape) -> None:
    """With a limit the position stays inside it; without, the same strategy goes beyond."""
    limit = 15 * tape.lot_size

    def largest(**models: Any) -> float:
        fills = run(make_bot(**models), quote_both_sides).fills
        return float(np.abs(np.cumsum(fills["side"] * fills["qty"])).max())

    assert largest() > limit
    assert 0 < largest(risk=RiskLimits(max_position=limit)) <= limit + 1e-9


@pytest.mark.parametrize(
    "make",
    [
        lambda: RiskLimits(max_position=-1.0),
        lambda: RiskLimits(max_order_qty=float("nan")),
        lambda: RiskLimits(max_notional=float("inf")),
        lambda: RiskLimits(max_open_orders=1.5),  # type: ignore[arg-type]
        lambda: RiskLimits(max_open_orders=True),
        lambda: UserRisk(lambda request: 0),  # type: ignore[arg-type, misc]
    ],
)
def test_limits_that_cannot_be_are_refused(make: Callable[[], Any]) -> None:
    """Wrong numbers and functions raise ConfigError when the model is made."""
    with pytest.raises(ConfigError, match="expected"):
        make()
