"""Models written by the user: the same dispatch, the same results, and errors that say where."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.backtest.strategies import quote_both_sides
from tests.differential.user_models import (
    fifo_cross,
    fifo_trade,
    keep_limits,
    partial_cross,
    partial_trade,
)
from truefill.backtest import (
    Asset,
    Bot,
    ConstantLatency,
    FifoExchange,
    LogProbQueue2,
    PartialFillExchange,
    PowerProbQueue,
    RiskAverseQueue,
    RiskLimits,
    TradingValueFees,
    UserExchange,
    UserFees,
    UserLatency,
    UserQueue,
    UserRisk,
    run,
)
from truefill.core.errors import ConfigError, ModelError
from truefill.core.records import GTC, LIMIT, MODEL_FAILED
from truefill.tape import Tape

REPORT = 3
LOT, LARGEST = 0.01, 25  # of the market; lots that may be held


def constant(kind: int, timestamp: int, params: np.ndarray) -> int:
    """ConstantLatency as a user would write it."""
    return int(params[1]) if kind >= REPORT else int(params[0])


def by_value(maker: int, side: int, price: float, qty: float, value: float, params: np.ndarray) -> float:
    """TradingValueFees as a user would write it."""
    return params[0] * value if maker else params[1] * value


def behind(order: Any, level_qty: float, params: np.ndarray) -> None:
    """Join the queue at its end."""
    order["front"] = level_qty


def trade(order: Any, qty: float, params: np.ndarray) -> None:
    """A trade takes from the front."""
    order["front"] -= qty


def depth(order: Any, previous: float, new: float, params: np.ndarray) -> None:
    """RiskAverseQueue as a user would write it."""
    order["front"] = min(order["front"], new)


MODELS = {
    "latency": (ConstantLatency(5_000_000, 3_000_000), UserLatency(constant, (5e6, 3e6))),
    "fees": (TradingValueFees(-0.0001, 0.0005), UserFees(by_value, (-0.0001, 0.0005))),
    "queue": (RiskAverseQueue(), UserQueue(behind, trade, depth)),
    "exchange": (FifoExchange(), UserExchange(fifo_trade, fifo_cross)),
    "risk": (
        RiskLimits(max_position=LARGEST * LOT),
        UserRisk(keep_limits, (LARGEST, np.inf, np.inf, np.inf, LOT)),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_users_model_equals_the_built_in_one(make_bot: Callable[..., Bot], name: str) -> None:
    """The built-in model, written again by a user, gives the same orders and fills."""
    built_in, users = (run(make_bot(**{name: model}), quote_both_sides) for model in MODELS[name])

    assert len(built_in.fills) > 3
    assert built_in.run_hash == users.run_hash
    assert built_in.counters == users.counters


def test_fill_rules_that_leave_the_book_as_it_is(make_bot: Callable[..., Bot]) -> None:
    """PartialFillExchange, written again by a user, gives the same orders and fills."""
    user = UserExchange(partial_trade, partial_cross, uses_up=False)
    built_in, users = (
        run(make_bot(exchange=model), quote_both_sides) for model in (PartialFillExchange(), user)
    )

    assert len(built_in.fills) > 3
    assert built_in.run_hash == users.run_hash


def test_models_differ_per_asset(make_bot: Callable[..., Bot], tape: Tape, other_tape: Tape) -> None:
    """Two assets with models of their own, in one run."""
    models = ConstantLatency(1_000_000, 1_000_000), UserLatency(constant, (9e6, 1e6))
    bot = Bot([Asset(t, latency=m) for t, m in zip((tape, other_tape), models, strict=True)])
    bot.elapse(1_000_000_000)
    for number in (0, 1):
        bot.submit_buy_order(number, 1, 1.0, bot.depth(number).lot_size, GTC, LIMIT, True)
    sent, reached, back = bot.order_latency(1) or (0, 0, 0)

    assert bot.order_latency(0) is not None
    assert (reached - sent, back - reached) == (9_000_000, 1_000_000)


ALL = (
    "from tests.backtest.test_user_models import *\n"
    "from truefill.backtest import *\n"
    "from truefill.synthetic import make_market\n"
    "from truefill.tape import build_tape\n"
    "t = build_tape(make_market(20, seed=3), symbol='DEMO-PERP.SYNTH', venue='synthetic')\n"
    "models = {name: pair[1] for name, pair in MODELS.items()}\n"
    "print(run(Bot([Asset(t, **models)]), quote_both_sides, compiled=False).run_hash)\n"
)


@pytest.mark.slow
@pytest.mark.compiled_only
def test_all_users_models_together_in_every_mode(tape: Tape) -> None:
    """Compiled, with the strategy interpreted, and with no compiler at all: one hash."""
    models: dict[str, Any] = {name: pair[1] for name, pair in MODELS.items()}
    hashes = {
        run(Bot([Asset(tape, **models)]), quote_both_sides, compiled=compiled).run_hash
        for compiled in (True, False)
    }
    built_in: dict[str, Any] = {name: pair[0] for name, pair in MODELS.items()}
    hashes.add(run(Bot([Asset(tape, **built_in)]), quote_both_sides).run_hash)
    there = subprocess.run(
        [sys.executable, "-c", ALL],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    hashes.add(there.stdout.strip())

    assert len(hashes) == 1


def fails_late(kind: int, timestamp: int, params: np.ndarray) -> int:
    """Fail on the first report of a fill."""
    if kind == 4:
        raise ValueError("no idea how long")
    return 1_000_000


def nan_latency(kind: int, timestamp: int, params: np.ndarray) -> float:
    """Give an answer that is no time."""
    return float("nan")


def nan_fee(maker: int, side: int, price: float, qty: float, value: float, params: np.ndarray) -> float:
    """Give an answer that is no money."""
    return float("nan")


def index_error(order: Any, qty: float, params: np.ndarray) -> None:
    """Fail inside a queue model."""
    if qty > 0:
        raise IndexError("beyond")


def index_error_of_fill(chance: Any, params: np.ndarray) -> int:
    """Fail inside a fill rule."""
    if chance["leaves"] > 0:
        raise IndexError("beyond")
    return 0


def too_much(chance: Any, params: np.ndarray) -> int:
    """Give an order more than it wants."""
    return chance["leaves"] + 1


def half_a_lot(chance: Any, params: np.ndarray) -> float:
    """Give an order a part of a lot."""
    return 0.5


@pytest.mark.parametrize(
    ("models", "name", "message"),
    [
        ({"latency": UserLatency(fails_late)}, "latency", "no idea how long"),
        ({"latency": UserLatency(nan_latency)}, "latency", "expected a finite number"),  # type: ignore[arg-type]
        ({"fees": UserFees(nan_fee)}, "fee", "expected a finite number"),
        ({"queue": UserQueue(behind, index_error, depth)}, "queue", "beyond"),
        ({"exchange": UserExchange(index_error_of_fill, fifo_cross)}, "exchange", "IndexError: beyond"),
        ({"exchange": UserExchange(too_much, fifo_cross)}, "exchange", "called with chance=(event=0, "),
        ({"exchange": UserExchange(half_a_lot, fifo_cross)}, "exchange", "half_a_lot"),  # type: ignore[arg-type]
    ],
)
def test_a_failing_model_ends_the_run_with_its_event(
    make_bot: Callable[..., Bot], models: Any, name: str, message: str
) -> None:
    """The result has a ModelError with asset, time and the model's own error; the results are kept."""
    bot = make_bot(**models)
    result = run(bot, quote_both_sides)

    assert isinstance(result.error, ModelError)
    assert f"the {name} model of asset 0 (DEMO-PERP.SYNTH) failed at 20" in str(result.error)
    assert message in str(result.error)
    assert len(result.orders) > 0
    assert bot.elapse(1) == MODEL_FAILED


@pytest.mark.parametrize("queue", [RiskAverseQueue(), LogProbQueue2(), PowerProbQueue(2.0)])
def test_queue_models_differ_only_in_when_orders_fill(make_bot: Callable[..., Bot], queue: Any) -> None:
    """Each built-in model runs, and no fill has a negative quantity ahead."""
    result = run(make_bot(queue=queue), quote_both_sides)

    assert len(result.fills) > 3
    assert (result.fills["queue_ahead"] >= 0).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda: UserLatency(lambda kind: 0),  # type: ignore[arg-type, misc]
        lambda: UserFees("rate"),  # type: ignore[arg-type]
        lambda: UserQueue(behind, trade, trade),
        lambda: UserExchange(fifo_trade, behind),  # type: ignore[arg-type]
        lambda: ConstantLatency(1.5, 0),  # type: ignore[arg-type]
        lambda: ConstantLatency(0, -1),
        lambda: PowerProbQueue(float("nan")),
        lambda: PowerProbQueue(0.0),
        lambda: TradingValueFees(float("inf"), 0.0),
    ],
)
def test_a_model_that_cannot_be_is_refused_at_once(make: Callable[[], Any]) -> None:
    """Wrong numbers and wrong functions raise ConfigError when the model is made."""
    with pytest.raises(ConfigError, match="expected"):
        make()
