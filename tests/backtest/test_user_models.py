"""Models written by the user: the same dispatch, the same results, and errors that say where."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.backtest.strategies import quote_both_sides
from truefill.backtest import (
    Bot,
    ConstantLatency,
    LogProbQueue2,
    PowerProbQueue,
    RiskAverseQueue,
    TradingValueFees,
    UserFees,
    UserLatency,
    UserQueue,
    run,
)
from truefill.core.errors import ConfigError, ModelError
from truefill.core.records import MODEL_FAILED

REPORT = 3


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
}


@pytest.mark.parametrize("name", MODELS)
def test_a_users_model_equals_the_built_in_one(make_bot: Callable[..., Bot], name: str) -> None:
    """The built-in model, written again by a user, gives the same orders and fills."""
    built_in, users = (run(make_bot(**{name: model}), quote_both_sides) for model in MODELS[name])

    assert len(built_in.fills) > 3
    assert built_in.run_hash == users.run_hash


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


@pytest.mark.parametrize(
    ("models", "name", "message"),
    [
        ({"latency": UserLatency(fails_late)}, "latency", "no idea how long"),
        ({"latency": UserLatency(nan_latency)}, "latency", "expected a finite number"),  # type: ignore[arg-type]
        ({"fees": UserFees(nan_fee)}, "fee", "expected a finite number"),
        ({"queue": UserQueue(behind, index_error, depth)}, "queue", "beyond"),
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
