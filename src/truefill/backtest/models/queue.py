"""Queue models on L2: how much quantity stands before an own resting order.

With depth by level nobody tells where in the queue a cancellation happened; a queue model decides.
Its state is the order's `RESTING` record: ``front``, the quantity ahead, and ``traded``, what traded at
its price since the last depth change, both in lots (float64, since a share of a lot may be ahead).

* a trade at the order's price takes from the front (all models);
* a depth change ``previous -> new`` at its price: what trades do not explain is a change
  ``previous - new - traded``. An increase joins behind. A decrease was before or behind the order:
  `RiskAverseQueue` says behind as long as it can; the probability models split it by p, the chance that
  it was behind, from ``front`` and ``back = previous - front``; each class below has its formula.

Formulas as HftBacktest's, except that front and back are taken as at least zero, where its ``ln`` and
``**`` of a negative number gave NaN and lost the place. docs/queue-models.md compares them with the truth.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import types

from truefill.backtest.models.queue_evidence import (
    evidence_best,
    evidence_depth,
    evidence_new_order,
    evidence_through,
    evidence_trade,
)
from truefill.backtest.models.queue_probability import probability_behind
from truefill.backtest.models.user import (
    USER_MODEL_FAILED,
    check_function,
    check_params,
    compiled_model,
    fail,
)
from truefill.backtest.records import (
    EVIDENCE,
    L3_FIFO,
    LOG,
    LOG_2,
    POWER,
    POWER_2,
    POWER_3,
    QUEUE_MODEL,
    RISK_AVERSE,
    USER_MODEL,
    asset_at,
    resting_at,
)
from truefill.backtest.resting import ranks_of
from truefill.backtest.table import asset_address
from truefill.core.address import caller, f64_view, i64_view
from truefill.core.errors import ConfigError
from truefill.core.gate import real
from truefill.core.jit import Callback, helper

SIGNATURE = types.int64(types.int64, types.int64, types.int64, types.float64, types.float64)
_call = caller(SIGNATURE)
NEW_ORDER, TRADE, DEPTH, THROUGH, BEST = 0, 1, 2, 3, 4
WANTS_THROUGH, WANTS_BEST = 1, 2


@dataclass(frozen=True, slots=True)
class RiskAverseQueue:
    """Every cancellation was behind, until the level is smaller than the quantity ahead."""


@dataclass(frozen=True, slots=True)
class LogProbQueue:
    """A cancellation was behind with ``p = ln(1 + back) / (ln(1 + back) + ln(1 + front))``, in units."""


@dataclass(frozen=True, slots=True)
class LogProbQueue2:
    """A cancellation was behind with ``p = ln(1 + back) / ln(1 + back + front)``, in units, not lots."""


@dataclass(frozen=True, slots=True)
class _Power:
    """What the three power models share: an exponent.

    Parameters
    ----------
    n : float
        Larger than 0.
    """

    n: float = 3.0

    def __post_init__(self) -> None:
        _check_exponent(self)


def _check_exponent(model: Any) -> None:
    where = f"{type(model).__name__}.n"
    n = real(model.n, "a finite exponent > 0", ConfigError, where)
    if not (math.isfinite(n) and n > 0):
        raise ConfigError("a finite exponent > 0", n, where)
    object.__setattr__(model, "n", n)


class PowerProbQueue(_Power):
    """A cancellation was behind with ``p = back**n / (back**n + front**n)``.

    Parameters
    ----------
    n : float
        Larger than 0; the larger, the more the longer of the two parts is taken to be what cancels.
    """

    __slots__ = ()


class PowerProbQueue2(_Power):
    """A cancellation was behind with ``p = (back / (back + front))**n``.

    Parameters
    ----------
    n : float
        Larger than 0; 1 is a cancellation anywhere with equal chance, the larger, the more were in front.
    """

    __slots__ = ()


class PowerProbQueue3(_Power):
    """A cancellation was behind with ``p = 1 - (front / (back + front))**n``.

    Parameters
    ----------
    n : float
        Larger than 0; 1 is a cancellation anywhere with equal chance, the larger, the more were behind.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class EvidenceQueue:
    """As `PowerProbQueue3`, and what trades and best prices prove is not left to chance.

    A trade at a worse price, or a best price of the order's own side that is worse than its own, proves
    that nothing is in front of it. A trade explains decreases of its level row by row and also those that
    came first. docs/queue-models.md has the rules and their reasons.

    Parameters
    ----------
    n : float
        Exponent of ``p = 1 - (front / (back + front))**n``; larger than 0.
    late_ns : int
        How far apart, in exchange time, a trade and the decrease that it explains may be, whichever is
        first. 0: the same time stamp.
    """

    n: float = 3.0
    late_ns: int = 0

    def __post_init__(self) -> None:
        _check_exponent(self)
        if isinstance(self.late_ns, bool) or not isinstance(self.late_ns, int) or self.late_ns < 0:
            raise ConfigError("whole nanoseconds of at least 0", self.late_ns, "EvidenceQueue.late_ns")


@dataclass(frozen=True, slots=True)
class L3FifoQueue:
    """No model: the place in the queue that a tape of single orders tells. The default on such a tape."""


@dataclass(frozen=True, slots=True)
class UserQueue:
    """A queue model of the user's.

    Each function changes the order's record in place: ``order["front"]`` (lots ahead; an order fills
    when a trade leaves it at -0.5 or less), ``order["traded"]``, and ``order["extra0"]``,
    ``order["extra1"]`` for the model's own use; ``order["event_ts"]`` is the exchange's time of what
    happened, UTC ns. `params` is a float64 array. `through` and `best` may be left out: what no function is
    there for costs nothing.

    Parameters
    ----------
    new_order : callable
        ``new_order(order, level_qty, params)``: the order comes to rest behind `level_qty` lots.
    trade : callable
        ``trade(order, qty, params)``: `qty` lots traded at its price.
    depth : callable
        ``depth(order, previous, new, params)``: its level went from `previous` to `new` lots.
    params : sequence of float
    through : callable, optional
        ``through(order, qty, params)``: `qty` lots traded at a worse price than its own.
    best : callable, optional
        ``best(order, bid_tick, ask_tick, params)``: a best price of the market changed; in ticks, float64,
        NaN where a side is empty.
    """

    new_order: Callable[..., None]
    trade: Callable[..., None]
    depth: Callable[..., None]
    params: Sequence[float] = field(default=())
    through: Callable[..., None] | None = None
    best: Callable[..., None] | None = None

    def __post_init__(self) -> None:
        check_function(self.new_order, 3, "UserQueue.new_order(order, level_qty, params)")
        check_function(self.trade, 3, "UserQueue.trade(order, qty, params)")
        check_function(self.depth, 4, "UserQueue.depth(order, previous, new, params)")
        check_params(self.params, "UserQueue.params")
        if self.through is not None:
            check_function(self.through, 3, "UserQueue.through(order, qty, params)")
        if self.best is not None:
            check_function(self.best, 4, "UserQueue.best(order, bid_tick, ask_tick, params)")

    @property
    def wants(self) -> int:
        """What the model is told of besides its own level: bits of WANTS_THROUGH and WANTS_BEST."""
        return (WANTS_THROUGH if self.through else 0) | (WANTS_BEST if self.best else 0)


QueueModel = (
    RiskAverseQueue
    | LogProbQueue
    | LogProbQueue2
    | PowerProbQueue
    | PowerProbQueue2
    | PowerProbQueue3
    | EvidenceQueue
    | L3FifoQueue
    | UserQueue
)
QUEUES = {
    RiskAverseQueue: RISK_AVERSE,
    LogProbQueue: LOG,
    LogProbQueue2: LOG_2,
    PowerProbQueue: POWER,
    PowerProbQueue2: POWER_2,
    PowerProbQueue3: POWER_3,
    EvidenceQueue: EVIDENCE,
    L3FifoQueue: L3_FIFO,
    UserQueue: USER_MODEL,
}


def _no_through(order: Any, qty: float, params: Any) -> None:
    """In place of a function that the user left out; never called."""


def _no_best(order: Any, bid_tick: float, ask_tick: float, params: Any) -> None:
    """In place of a function that the user left out; never called."""


def queue_callback(model: UserQueue) -> Callback:
    """The user's functions as the engine calls them."""
    new_order, trade, depth = (compiled_model(f) for f in (model.new_order, model.trade, model.depth))
    through = compiled_model(model.through or _no_through)
    best = compiled_model(model.best or _no_best)

    def call(event, slot, asset_address, x0, x1):
        try:
            a = asset_at(asset_address)
            order = resting_at(a["resting_addr"], a["resting_room"])[slot]
            params = f64_view(a["queue_params_addr"], a["queue_params_len"])
            if event == NEW_ORDER:
                new_order(order, x0, params)
            elif event == TRADE:
                trade(order, x0, params)
            elif event == THROUGH:
                through(order, x0, params)
            elif event == BEST:
                best(order, x0, x1, params)
            else:
                depth(order, x0, x1, params)
            if not math.isfinite(order["front"]):
                return USER_MODEL_FAILED
            return 0
        except Exception:
            return USER_MODEL_FAILED

    return Callback(call, SIGNATURE, user=model.new_order)


@helper
def _ask_user(run, a, event, slot, timestamp, x0, x1):
    resting_at(a["resting_addr"], a["resting_room"])[slot]["event_ts"] = timestamp
    status = _call(a["queue_call"], (event, slot, asset_address(run, a), x0, x1))
    if status != 0:
        order = resting_at(a["resting_addr"], a["resting_room"])[slot]
        if run["error"] == 0:
            run["error_slot"] = slot
        fail(run, a, QUEUE_MODEL, event, timestamp, x0, x1, order["front"], order["traded"])


@helper
def queue_new_order(run, a, slot, level_qty, timestamp):
    """The order in `slot` comes to rest behind `level_qty` lots."""
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    order["front"] = float(level_qty)
    order["traded"] = 0.0
    if a["queue_model"] == EVIDENCE:
        evidence_new_order(a, order)
    if a["queue_model"] == USER_MODEL:
        _ask_user(run, a, NEW_ORDER, slot, timestamp, float(level_qty), 0.0)
        order["front"] = max(order["front"], 0.0)
    order["ahead"] = order["front"]


@helper
def queue_trade(run, a, slot, qty, timestamp):
    """`qty` lots traded at the price of the order in `slot`."""
    if a["queue_model"] == USER_MODEL:
        _ask_user(run, a, TRADE, slot, timestamp, float(qty), 0.0)
        return
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    if a["queue_model"] == EVIDENCE:
        evidence_trade(a, order, qty, timestamp)
        return
    order["front"] -= qty
    order["traded"] += qty


@helper
def queue_through(run, a, slot, qty, timestamp):
    """`qty` lots traded at a worse price than that of the order in `slot`."""
    if a["queue_model"] == EVIDENCE:
        evidence_through(resting_at(a["resting_addr"], a["resting_room"])[slot])
    elif a["queue_wants"] & WANTS_THROUGH:
        _ask_user(run, a, THROUGH, slot, timestamp, float(qty), 0.0)


@helper
def queue_best(run, a, timestamp):
    """A best price of the market changed."""
    if a["queue_model"] == EVIDENCE:
        evidence_best(a, timestamp)
    elif a["queue_wants"] & WANTS_BEST:
        ticks = i64_view(a["x_level_tick_addr"], a["x_levels"])
        bid = float(ticks[a["x_bid"]]) if a["x_bid"] >= 0 else math.nan
        ask = float(ticks[a["x_ask"]]) if a["x_ask"] >= 0 else math.nan
        for side in (1, -1):
            ranks = ranks_of(a, side)
            for i in range(len(ranks)):
                if run["error"] == 0:
                    _ask_user(run, a, BEST, np.int64(ranks[i]), timestamp, bid, ask)


@helper
def queue_excess(a, slot):
    """Lots by which trades have passed the order's place; when there are any, it stands at the front."""
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    excess = math.floor(0.5 - order["front"])
    if excess > 0:
        order["front"] = 0.0
        return np.int64(excess)
    return np.int64(0)


@helper
def queue_depth(run, a, slot, previous, new, timestamp):
    """The level of the order in `slot` went from `previous` to `new` lots."""
    if a["queue_model"] == USER_MODEL:
        _ask_user(run, a, DEPTH, slot, timestamp, float(previous), float(new))
        return
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    front = order["front"]
    if a["queue_model"] == RISK_AVERSE:
        order["front"] = min(front, float(new))
        return
    if a["queue_model"] == EVIDENCE:
        evidence_depth(a, order, previous, new, timestamp)
        return
    change = previous - new - order["traded"]
    order["traded"] = 0.0
    if change < 0:
        order["front"] = min(front, float(new))
        return
    behind = previous - front
    p = probability_behind(a, max(front, 0.0), max(behind, 0.0))
    estimate = front - (1.0 - p) * change + min(behind - p * change, 0.0)
    order["front"] = max(min(estimate, float(new)), 0.0)
