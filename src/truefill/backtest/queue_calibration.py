"""How far is a queue model off, and which parameter is best? Models against the truth of probes.

The truth is a table of `PROBE`: orders, when they came to rest, and when they were filled: hypothetical
ones from an order-by-order stream (`OrderStream.probes`) or one's own live ones (`own_order_probes`).
Each model is asked by a backtest on the feed by level of the same market: the very code that will use the
model, with orders of one lot at the probes' times and prices, no latency, and `NoPartialFillExchange`,
under which own orders do not share a trade and so do not disturb each other.

A probe's time to fill is counted to its end at most, in truth and in prediction alike. Everything in
`QueueScore` is about these times, and so is the default loss: the mean of ``|predicted - actual|`` in
seconds. It is finite for every probe, also those that never fill, and its minimum is the median.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truefill.backtest.asset import Asset
from truefill.backtest.bot import Bot
from truefill.backtest.models.exchanges import NoPartialFillExchange
from truefill.backtest.models.latency import ConstantLatency
from truefill.backtest.models.queue import (
    LogProbQueue,
    LogProbQueue2,
    PowerProbQueue,
    PowerProbQueue2,
    PowerProbQueue3,
    QueueModel,
    RiskAverseQueue,
)
from truefill.backtest.queue_truth import PROBE
from truefill.core.errors import InputError
from truefill.core.events import NO_TIME
from truefill.core.records import GTX, LIMIT
from truefill.tape import Tape

NS = 1e9
Loss = Callable[[NDArray[np.float64], NDArray[np.float64]], float]
EACH_MODEL: tuple[QueueModel, ...] = (
    RiskAverseQueue(),
    LogProbQueue(),
    LogProbQueue2(),
    PowerProbQueue(),
    PowerProbQueue2(),
    PowerProbQueue3(),
)


@dataclass(frozen=True, slots=True)
class QueueScore:
    """One model against the truth. Times are seconds from entry to fill, or to the probe's end.

    Attributes
    ----------
    model : QueueModel
    probes : int
    fills : int
        Probes that were filled in truth.
    predicted_fills : int
        Probes that the model filled.
    found : float
        Share of the true fills that the model filled as well.
    bias : float
        Mean of predicted minus actual time; above 0: the model fills too late.
    median_error : float
        Median of ``|predicted - actual|`` among the probes that were filled in both.
    rank_correlation : float
        Spearman's, of predicted and actual times of all probes; NaN where one of them never varies.
    loss : float
        What a calibration makes small; by default the mean of ``|predicted - actual|``.
    """

    model: QueueModel
    probes: int
    fills: int
    predicted_fills: int
    found: float
    bias: float
    median_error: float
    rank_correlation: float
    loss: float


@dataclass(frozen=True, slots=True)
class QueueCalibration:
    """What `calibrate_queue` found.

    Attributes
    ----------
    model : QueueModel
        The model with its best parameter.
    score : QueueScore
        How far it is off.
    curve : tuple of QueueScore
        All parameters that were tried, in ascending order.
    """

    model: QueueModel
    score: QueueScore
    curve: tuple[QueueScore, ...]


def mean_absolute_error(predicted: NDArray[np.float64], actual: NDArray[np.float64]) -> float:
    """The default loss: mean of ``|predicted - actual|``, seconds."""
    return float(np.abs(predicted - actual).mean())


def predict_fills(tape: Tape, probes: NDArray[np.void], model: QueueModel) -> NDArray[np.int64]:
    """When a model fills each probe.

    Parameters
    ----------
    tape : Tape
        The feed by level.
    probes : PROBE[]
    model : QueueModel

    Returns
    -------
    int64[]
        Exchange times, NO_TIME: not by the probe's end.
    """
    if probes.dtype != PROBE:
        raise InputError("an array of PROBE", probes.dtype)
    asset = Asset(
        tape,
        latency=ConstantLatency(0, 0),
        queue=model,
        exchange=NoPartialFillExchange(),
        max_orders=max(1, len(probes)),
    )
    bot = Bot([asset])
    # at one time the market's rows come first, so that a fill at a probe's end comes before its cancellation
    actions = [(int(ts), 0, number) for number, ts in enumerate(probes["entry_ts"])]
    actions += [(int(ts), 1, number) for number, ts in enumerate(probes["end_ts"])]
    prices = probes["tick"] * tape.tick_size
    sides = probes["side"].tolist()
    for ts, is_end, number in sorted(actions):
        if ts > bot.current_timestamp and bot.elapse(ts - bot.current_timestamp) != 0:
            break
        if is_end:
            bot.cancel(0, number + 1, False)
        else:
            submit = bot.submit_buy_order if sides[number] > 0 else bot.submit_sell_order
            submit(0, number + 1, prices[number], tape.lot_size, GTX, LIMIT, False)
    bot.elapse(0)
    times = np.full(len(probes), NO_TIME, np.int64)
    fills = bot.fills(0)
    times[fills["order_id"].astype(np.int64) - 1] = fills["exch_ts"]
    return times


def score_queue(
    tape: Tape, probes: NDArray[np.void], model: QueueModel, loss: Loss = mean_absolute_error
) -> QueueScore:
    """Compare one model with the truth.

    Parameters
    ----------
    tape : Tape
        The feed by level of the market in which the probes stood.
    probes : PROBE[]
        The truth.
    model : QueueModel
    loss : callable, optional
        ``loss(predicted, actual)`` of two float64 arrays of seconds, one number for all.
    """
    if len(probes) == 0:
        raise InputError("at least one probe", 0)
    predicted = predict_fills(tape, probes, model)
    filled, foreseen = probes["fill_ts"] < NO_TIME, predicted < NO_TIME
    actual_s, predicted_s = _seconds(probes, probes["fill_ts"]), _seconds(probes, predicted)
    both = filled & foreseen
    errors = np.abs(predicted_s - actual_s)
    return QueueScore(
        model=model,
        probes=len(probes),
        fills=int(filled.sum()),
        predicted_fills=int(foreseen.sum()),
        found=float(both.sum() / filled.sum()) if filled.any() else math.nan,
        bias=float((predicted_s - actual_s).mean()),
        median_error=float(np.median(errors[both])) if both.any() else math.nan,
        rank_correlation=_spearman(predicted_s, actual_s),
        loss=float(loss(predicted_s, actual_s)),
    )


def score_queues(
    tape: Tape,
    probes: NDArray[np.void],
    models: Sequence[QueueModel] = EACH_MODEL,
    loss: Loss = mean_absolute_error,
) -> list[QueueScore]:
    """Compare several models with the truth, by default all that are built in; best first.

    Examples
    --------
    Where nobody cancels, every model is right:

    >>> import truefill
    >>> from truefill.backtest.queue_truth import PROBE
    >>> events = np.concatenate(list(truefill.make_market(5, seed=1)))
    >>> tape = truefill.build_tape(events, symbol="DEMO.SYNTH")
    >>> probes = np.array([(tape.header.first_ts, tape.header.last_ts, NO_TIME, 9_000, np.nan, 1)], PROBE)
    >>> {score.loss for score in score_queues(tape, probes)}
    {0.0}
    """
    return sorted((score_queue(tape, probes, model, loss) for model in models), key=lambda s: s.loss)


def calibrate_queue(
    tape: Tape,
    probes: NDArray[np.void],
    model: Any = PowerProbQueue,
    low: float = 0.1,
    high: float = 10.0,
    steps: int = 13,
    loss: Loss = mean_absolute_error,
) -> QueueCalibration:
    """Find the parameter `n` of a model with the smallest loss.

    The loss is computed at `steps` values in geometric progression from `low` to `high`, and then twice
    between the neighbours of the best one. It is a step function of `n` and may have several minima, so
    that a grid is safer than a descent.

    Parameters
    ----------
    tape : Tape
        The feed by level of the market in which the probes stood.
    probes : PROBE[]
        The truth.
    model : class or model
        `PowerProbQueue`, `PowerProbQueue2`, `PowerProbQueue3`, or a model with a field `n` of which the other
        fields are kept.
    low, high : float
        Where to look.
    steps : int
        At least 3.
    loss : callable, optional
        ``loss(predicted, actual)`` of two float64 arrays of seconds, one number for all.
    """
    first = model() if isinstance(model, type) else model
    if not hasattr(first, "n"):
        raise InputError("a queue model with a parameter n", type(first).__name__, "calibrate_queue")
    if not (0 < low < high < math.inf and steps >= 3):
        raise InputError("0 < low < high and 3 steps or more", (low, high, steps), "calibrate_queue")
    scores: dict[float, QueueScore] = {}
    values = np.geomspace(low, high, steps)
    for _ in range(3):
        for n in values.tolist():
            if n not in scores:
                scores[n] = score_queue(tape, probes, replace(first, n=n), loss)
        tried = sorted(scores)
        best = min(tried, key=lambda n: (scores[n].loss, n))
        place = tried.index(best)
        ends = tried[max(0, place - 1)], tried[min(len(tried) - 1, place + 1)]
        values = np.geomspace(*ends, 5)
    return QueueCalibration(scores[best].model, scores[best], tuple(scores[n] for n in tried))


def _seconds(probes: NDArray[np.void], times: NDArray[np.int64]) -> NDArray[np.float64]:
    seconds: NDArray[np.float64] = (np.minimum(times, probes["end_ts"]) - probes["entry_ts"]) / NS
    return seconds


def _spearman(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    a, b = _ranks(x), _ranks(y)
    a, b = a - a.mean(), b - b.mean()
    scale = math.sqrt(float((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / scale) if scale > 0 else math.nan


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 0; equal values share the mean of theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts) - 1
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[which]
    return ranks
