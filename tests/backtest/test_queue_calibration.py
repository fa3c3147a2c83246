"""Queue models against the truth of a made market, order by order: scores, the best exponent, own orders."""

import math
from typing import Any

import numpy as np
import pytest

from tests.support.order_flow import LOT, STEP_NS, TICK, OrderFlow
from truefill.backtest import (
    PROBE,
    Asset,
    Bot,
    ConstantLatency,
    L3FifoQueue,
    LogProbQueue2,
    NoPartialFillExchange,
    OrderStream,
    PowerProbQueue,
    PowerProbQueue2,
    PowerProbQueue3,
    RiskAverseQueue,
    calibrate_queue,
    own_order_probes,
    run,
    score_queue,
    score_queues,
)
from truefill.backtest.queue_calibration import EACH_MODEL
from truefill.core.errors import InputError
from truefill.core.events import NO_TIME
from truefill.core.records import FILL, GTC, IOC, LIMIT, ORDER_LOG
from truefill.tape import Tape, build_tape


def market(seed: int, behind: float = 0.5, steps: int = 1_200) -> tuple[Tape, Any]:
    """Feed by level and probes of one made market."""
    stream = OrderStream(OrderFlow(seed, behind).run(steps).events, TICK, LOT)
    tape = build_tape(stream.level_events(), symbol="FLOW.TEST", tick_size=str(TICK), lot_size=str(LOT))
    return tape, stream.probes(20 * STEP_NS, 400 * STEP_NS, (0, 1))


def test_where_nobody_cancels_every_model_is_right() -> None:
    flow = OrderFlow(2)
    flow.cancel = flow.modify = lambda side: None  # type: ignore[method-assign]
    stream = OrderStream(flow.run(600).events, TICK, LOT)
    tape = build_tape(stream.level_events(), symbol="FLOW.TEST", tick_size=str(TICK), lot_size=str(LOT))
    probes = stream.probes(20 * STEP_NS, 10**12, (0, 1))
    scores = score_queues(tape, probes)
    assert {type(s.model) for s in scores} == {type(m) for m in EACH_MODEL}
    assert scores[0].fills > 10
    for score in scores:
        assert (score.predicted_fills, score.found, score.loss) == (score.fills, 1.0, 0.0), score
        assert (score.bias, score.median_error) == (0.0, 0.0)
        assert score.rank_correlation == pytest.approx(1.0)


def test_a_backtest_on_the_single_orders_finds_the_truth() -> None:
    """Two ways to it, without common code: the pass over the stream, and the engine's exact places."""
    stream = OrderStream(OrderFlow(7).run(1_200).events, TICK, LOT)
    events = OrderFlow(7).run(1_200).events
    tape = build_tape(events, symbol="FLOW.TEST", tick_size=str(TICK), lot_size=str(LOT))
    probes = stream.probes(20 * STEP_NS, 400 * STEP_NS, (0, 1, 3))
    score = score_queue(tape, probes, L3FifoQueue())
    assert score.probes > score.fills > 100
    assert (score.predicted_fills, score.found, score.loss) == (score.fills, 1.0, 0.0)


def test_scores_say_what_they_are() -> None:
    """Each number again from the times themselves."""
    tape, probes = market(1)
    by_hand = {}

    def loss(predicted: Any, actual: Any) -> float:
        by_hand.update(predicted=predicted, actual=actual)
        return 7.0

    score = score_queue(tape, probes, RiskAverseQueue(), loss)
    predicted, actual = by_hand["predicted"], by_hand["actual"]
    ends = (probes["end_ts"] - probes["entry_ts"]) / 1e9
    filled = probes["fill_ts"] < NO_TIME
    assert score.loss == 7.0
    assert score.fills == filled.sum() > 20
    assert (actual[~filled] == ends[~filled]).all()
    assert (actual[filled] == (probes["fill_ts"] - probes["entry_ts"])[filled] / 1e9).all()
    assert score.bias == pytest.approx((predicted - actual).mean())
    assert score.bias > 0  # a model that believes in no cancellation in front fills late
    assert 0 < score.predicted_fills < score.fills
    assert 0 < score.found <= score.predicted_fills / score.fills
    assert 0.3 < score.rank_correlation < 1


@pytest.mark.parametrize("model", [PowerProbQueue2, PowerProbQueue3])
def test_the_exponent_follows_where_orders_are_cancelled(model: Any) -> None:
    """Cancelled in front mostly, or behind mostly: the best exponent tells, in each formula's own way."""
    best = {}
    for behind in (0.05, 0.95):
        tape, probes = market(3, behind)
        found = calibrate_queue(tape, probes, model, 0.2, 5.0, steps=3)
        best[behind] = found.model.n
        losses = [score.loss for score in found.curve]
        assert found.score.loss == min(losses) < max(losses)
        assert [s.model.n for s in found.curve] == sorted(s.model.n for s in found.curve)  # type: ignore[union-attr]
        assert found.score == score_queue(tape, probes, model(found.model.n))
    assert best[0.05] > best[0.95] if model is PowerProbQueue2 else best[0.05] < best[0.95]


def quote(bot: Bot) -> None:
    """One order of one lot at a time, a tick behind the bid, kept for a while."""
    number = 0
    while bot.elapse(5 * STEP_NS) == 0:
        number += 1
        bot.submit_buy_order(0, number, bot.depth(0).best_bid - TICK, 1.0, GTC, LIMIT, False)
        if bot.elapse(60 * STEP_NS) != 0:
            return
        bot.cancel(0, number, False)


def test_own_orders_of_a_run_tell_the_model_that_made_them() -> None:
    """The model of the run explains its fills; another one does not."""
    tape, _ = market(4, 0.05)
    models = PowerProbQueue3(0.1), RiskAverseQueue()
    asset = Asset(tape, ConstantLatency(0, 0), models[0], NoPartialFillExchange())
    result = run(Bot([asset]), quote)
    probes = own_order_probes(result.orders, result.fills, 60 * STEP_NS)
    assert len(probes) == len(result.orders) - (result.orders["ack_ts"] == 0).sum()
    assert 5 < (probes["fill_ts"] < NO_TIME).sum() < len(probes)
    same, other = (score_queue(tape, probes, model) for model in models)
    assert (same.loss, same.found) == (0.0, 1.0)
    assert other.loss > 0


def test_orders_that_tell_nothing_are_left_out() -> None:
    """Modified, taking, unanswered, not allowed to rest, of another asset."""
    orders = np.zeros(7, ORDER_LOG)
    orders["order_id"] = range(1, 8)
    orders["side"], orders["price_tick"] = 1, 100
    orders["submit_ts"], orders["ack_ts"], orders["end_ts"] = 1_000, 1_200, 9_000
    orders["modifies"][1] = 1
    orders["ack_ts"][3] = 0
    orders["time_in_force"][4] = IOC
    orders["asset"][5] = 1
    fills = np.zeros(3, FILL)
    fills["order_id"], fills["maker"] = (3, 7, 7), (0, 1, 1)
    fills["entry_ts"], fills["exch_ts"], fills["queue_ahead"] = 1_150, (1_150, 4_000, 3_000), 5.0
    probes = own_order_probes(orders, fills, 5_000)
    assert probes.dtype == PROBE
    assert probes[["entry_ts", "end_ts", "fill_ts", "tick", "side"]].tolist() == [
        (1_100, 6_100, NO_TIME, 100, 1),
        (1_150, 6_150, 3_000, 100, 1),
    ]
    assert math.isnan(probes["ahead"][0])
    assert probes["ahead"][1] == 5.0
    with pytest.raises(InputError, match="used again"):
        own_order_probes(np.repeat(orders, 2), fills, 5_000)
    with pytest.raises(InputError, match="ORDER_LOG"):
        own_order_probes(fills, fills, 5_000)
    with pytest.raises(InputError, match="above 0"):
        own_order_probes(orders, fills, 0)


def test_bad_arguments_are_refused() -> None:
    tape, probes = market(1, steps=20)
    with pytest.raises(InputError, match="parameter n"):
        calibrate_queue(tape, probes, LogProbQueue2)
    with pytest.raises(InputError, match="0 < low < high"):
        calibrate_queue(tape, probes, PowerProbQueue, low=2.0, high=1.0)
    with pytest.raises(InputError, match="at least one probe"):
        score_queue(tape, probes[:0], LogProbQueue2())
    with pytest.raises(InputError, match="PROBE"):
        score_queue(tape, np.zeros(1), LogProbQueue2())
