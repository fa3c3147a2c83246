"""Every model that is proved, one line each: as the twin, as truefill and as HftBacktest have it.

A new model needs one row here, and its twin in ``tests.twin``. A row without ``hft`` is compared with the
twin alone; the random setups draw from the rows by weight.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.differential import user_models
from tests.differential.streams import BASE_TS
from tests.twin import (
    Evidence,
    FlatFees,
    LogQueue,
    LogQueue2,
    PowerQueue,
    PowerQueue2,
    PowerQueue3,
    QtyFees,
    RiskAverse,
    TaxedFees,
    TwinDrawn,
    TwinLatency,
    TwinLimits,
    TwinRecorded,
    ValueFees,
)
from truefill.backtest.models.exchanges import (
    FifoExchange,
    NoPartialFillExchange,
    PartialFillExchange,
    ProRataExchange,
    UserExchange,
)
from truefill.backtest.models.fees import FlatPerTradeFees, TradingQtyFees, TradingValueFees, UserFees
from truefill.backtest.models.fees_schedule import DirectionalFees
from truefill.backtest.models.latency import ConstantLatency, UserLatency
from truefill.backtest.models.latency_drawn import DrawnLatency, Gamma, Lognormal, Quantiles
from truefill.backtest.models.latency_recorded import ORDER_LATENCY, InterpolatedLatency
from truefill.backtest.models.queue import (
    EvidenceQueue,
    LogProbQueue,
    LogProbQueue2,
    PowerProbQueue,
    PowerProbQueue2,
    PowerProbQueue3,
    RiskAverseQueue,
    UserQueue,
)
from truefill.backtest.models.risk import RiskLimits, UserRisk
from truefill.backtest.records import CANCEL, MODIFY, PLACE

FIFO, NO_PARTIAL_FILL = "fifo", "no_partial_fill"
PARTIAL_FILL, PRO_RATA = "partial_fill", "pro_rata"
USERS = 1  # weight of a user's model: each compiles

Draw = Callable[[random.Random], tuple[Any, ...]]


def nothing(rng: random.Random) -> tuple[Any, ...]:
    """A model without parameters."""
    return ()


@dataclass(frozen=True)
class Row:
    """One model on all sides; ``twin`` and ``engine`` are called with what ``draw`` gives, as is ``hft``."""

    name: str
    twin: Callable[..., Any]
    engine: Callable[..., Any]
    hft: Callable[..., Any] | None = None  # given HftBacktest's asset first; returns it
    draw: Draw = nothing
    weight: int = 10


@dataclass(frozen=True)
class Choice:
    """A row with its parameters."""

    row: Row
    values: tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.row.name

    def twin(self) -> Any:
        """The twin's model."""
        return self.row.twin(*self.values)

    def engine(self) -> Any:
        """truefill's model."""
        return self.row.engine(*self.values)

    def hft(self, asset: Any) -> Any:
        """HftBacktest's asset with its model."""
        assert self.row.hft is not None, f"HftBacktest has no {self.name}"
        return self.row.hft(asset, *self.values)


def choose(rng: random.Random, rows: Sequence[Row], for_hft: bool) -> Choice:
    """Draw a model, and its parameters."""
    rows = [row for row in rows if row.hft is not None or not for_hft]
    row = rng.choices(rows, [row.weight for row in rows])[0]
    return Choice(row, row.draw(rng))


def _rates(rng: random.Random) -> tuple[float, float]:
    return rng.choice(((0.0002, 0.0005), (-0.0001, 0.0003), (0.0, 0.0)))


def _constant(rng: random.Random) -> tuple[int, int]:
    return rng.choice(((0, 0), (10, 0), (0, 15), (30, 20), (7, 90), (1500, 2500)))


def _refusing(rng: random.Random) -> tuple[int, int]:
    return (-rng.randint(1, 30), rng.choice((0, 15)))


def _kinds(rng: random.Random) -> tuple[int, int, int, int]:
    return (*_constant(rng), rng.choice((0, 5, 50, -20)), rng.choice((0, 5, 50, -20)))


def _by_kind(entry: int, response: int, cancel: int, modify: int) -> UserLatency:
    by_kind = np.full(8, float(response))
    by_kind[[PLACE, CANCEL, MODIFY]] = entry, cancel, modify
    return UserLatency(user_models.latency_by_kind, tuple(by_kind))


def _special(rng: random.Random) -> tuple[int | None, ...]:
    return (
        *_constant(rng),
        *(rng.choice((None, 0, 5, 50, -20)) for _ in range(3)),
        rng.choice((None, 0, 40)),
    )


def _position_apart(rng: random.Random) -> tuple[int | None, ...]:
    return (*_special(rng), rng.choice((0, 3, 40, 2000)))


def _constant_by_kind(
    entry: int,
    response: int,
    cancel: int | None,
    modify: int | None,
    place: int | None,
    fill: int | None,
    position: int | None = None,
) -> ConstantLatency:
    return ConstantLatency(
        entry,
        response,
        place_ns=place,
        modify_ns=modify,
        cancel_ns=cancel,
        fill_ns=fill,
        position_ns=position,
    )


def _recorded(rng: random.Random, ends_refused: bool = False) -> tuple[tuple[tuple[int, int, int], ...], int]:
    """Orders over the time of the streams, some of which never reached the exchange; and an offset."""
    rows = []
    request = BASE_TS + rng.randint(-50, 500)
    exchange = 0
    slow = rng.choice((5, 60, 1500))
    refused_share = rng.choice((0.0, 0.15, 0.4))
    for _ in range(rng.choice((2, 3, 40, 120))):
        exchange = max(request + rng.randint(0, slow), exchange)
        answer = exchange + rng.randint(0, slow)
        rows.append((request, 0 if rng.random() < refused_share else exchange, answer))
        request += rng.choice((0, 1, 7, 90, 400))
    for end in (0, -1):
        request, _, answer = rows[end]
        refused = ends_refused and rng.random() < 0.7
        rows[end] = (request, 0 if refused else (request + answer) // 2, answer)
    middle = len(rows) // 2
    request, reached, answer = rows[middle]
    rows[middle] = (request, reached or (request + answer) // 2, answer)
    offset = rng.choice((0, 0, 13))
    if not ends_refused and any(reached == 0 for _, reached, _ in rows):
        offset = 0  # HftBacktest adds it to the 0 too, and takes a refused order for one sent in 1970
    return tuple(rows), offset


def _recorded_anyhow(rng: random.Random) -> tuple[tuple[tuple[int, int, int], ...], int]:
    return _recorded(rng, ends_refused=True)


def _as_array(rows: tuple[tuple[int, int, int], ...]) -> NDArray[Any]:
    return np.array([(*row, 0) for row in rows], ORDER_LATENCY)


def _hft_recorded(asset: Any, rows: tuple[tuple[int, int, int], ...], offset: int) -> Any:
    array = _as_array(rows)
    _KEPT.append(array)  # fault K
    return asset.intp_order_latency(array, offset)


_KEPT: list[NDArray[Any]] = []


def _drawn(rng: random.Random) -> tuple[tuple[tuple[object, ...], ...], int]:
    def one() -> tuple[object, ...]:
        slow = rng.choice((3.0, 40.0, 900.0))
        return rng.choice(
            (
                ("fixed", rng.randint(0, 50)),
                ("lognormal", rng.choice((0.0, 12.0)), slow, rng.choice((0.0, 0.3, 1.5))),
                ("gamma", rng.choice((0.0, 12.0)), slow, rng.choice((0.4, 1.0, 6.5))),
                ("quantiles", (0.0, 0.5, 0.9, 1.0), (0.0, slow, slow * 2.0, slow * 9.0)),
            )
        )

    place, modify, cancel, response, fill = (one() for _ in range(5))
    return (place, modify, cancel, response, fill, fill), rng.getrandbits(64)


def _drawn_latency(by_kind: tuple[tuple[Any, ...], ...], seed: int) -> DrawnLatency:
    def made(name: str, *numbers: Any) -> Lognormal | Gamma | Quantiles | int:
        match name:
            case "lognormal":
                minimum, median, sigma = numbers
                return Lognormal(median, sigma, minimum)
            case "gamma":
                minimum, mean, shape = numbers
                return Gamma(mean, shape, minimum)
            case "quantiles":
                return Quantiles(*numbers)
        return int(numbers[0])

    place, modify, cancel, response, fill, _ = (made(*kind) for kind in by_kind)
    return DrawnLatency(place, response, seed=seed, modify=modify, cancel=cancel, fill=fill)


def _power(n: float) -> Row:
    return Row(
        f"power {n:g}",
        lambda: PowerQueue(n),
        lambda: PowerProbQueue(n),
        lambda a: a.power_prob_queue_model(n),
    )


def _power_2(n: float) -> Row:
    return Row(
        f"power 2, {n:g}",
        lambda: PowerQueue2(n),
        lambda: PowerProbQueue2(n),
        lambda a: a.power_prob_queue_model2(n),
        weight=5,
    )


def _power_3(n: float) -> Row:
    return Row(
        f"power 3, {n:g}",
        lambda: PowerQueue3(n),
        lambda: PowerProbQueue3(n),
        lambda a: a.power_prob_queue_model3(n),
        weight=5,
    )


def _user_queue() -> UserQueue:
    return UserQueue(user_models.join, user_models.trade, user_models.shrink)


QUEUES = (
    Row("risk averse", RiskAverse, RiskAverseQueue, lambda a: a.risk_adverse_queue_model()),
    Row("log 2", LogQueue2, LogProbQueue2, lambda a: a.log_prob_queue_model2()),
    _power(1.0),
    _power(3.0),
    _power(0.7),
    Row("log", LogQueue, LogProbQueue, lambda a: a.log_prob_queue_model(), weight=5),
    _power_2(0.5),
    _power_2(2.0),
    Row("evidence", lambda: Evidence(2.0), lambda: EvidenceQueue(2.0), weight=5),
    Row("evidence, late", lambda: Evidence(0.7, 40), lambda: EvidenceQueue(0.7, 40), weight=5),
    _power_3(0.5),
    _power_3(3.0),
    Row("user's", RiskAverse, _user_queue, lambda a: a.risk_adverse_queue_model(), weight=USERS),
)

FEES = (
    Row("value", ValueFees, TradingValueFees, lambda a, m, t: a.trading_value_fee_model(m, t), _rates),
    Row("qty", QtyFees, TradingQtyFees, lambda a, m, t: a.trading_qty_fee_model(m, t), _rates),
    Row("flat", FlatFees, FlatPerTradeFees, lambda a, m, t: a.flat_per_trade_fee_model(m, t), _rates),
    Row(
        "taxed",
        TaxedFees,
        lambda m, t, b, s: DirectionalFees(TradingQtyFees(m, t), b, s),
        None,
        lambda rng: (*_rates(rng), rng.choice((0.0, 0.0005)), rng.choice((0.0, 0.001))),
        3,
    ),
    Row(
        "user's",
        ValueFees,
        lambda m, t: UserFees(user_models.fee_by_value, (m, t)),
        lambda a, m, t: a.trading_value_fee_model(m, t),
        _rates,
        USERS,
    ),
)

CONSTANT = ("constant", "refusing")
_CONSTANT = (TwinLatency, ConstantLatency, lambda a, e, r: a.constant_order_latency(e, r))
LATENCIES = (
    Row("constant", *_CONSTANT, _constant, 40),
    Row("refusing", *_CONSTANT, _refusing, 2),
    Row("constant by kind", TwinLatency, _constant_by_kind, None, _special, 8),
    Row("position apart", TwinLatency, _constant_by_kind, None, _position_apart, 8),
    Row(
        "recorded",
        TwinRecorded,
        lambda rows, offset: InterpolatedLatency(_as_array(rows), offset),
        _hft_recorded,
        _recorded,
        12,
    ),
    Row(
        "recorded, ends refused",
        TwinRecorded,
        lambda rows, offset: InterpolatedLatency(_as_array(rows), offset),
        None,
        _recorded_anyhow,
        4,
    ),
    Row("drawn", TwinDrawn, _drawn_latency, None, _drawn, 8),
    Row("user's, by kind", TwinLatency, _by_kind, None, _kinds, USERS),
)

USERS_FIFO, USERS_PARTIAL = "user's fifo", "user's partial"


def _users_fifo() -> UserExchange:
    return UserExchange(user_models.fifo_trade, user_models.fifo_cross)


def _users_partial() -> UserExchange:
    return UserExchange(user_models.partial_trade, user_models.partial_cross, uses_up=False)


EXCHANGES = {
    FIFO: Row(FIFO, lambda: FIFO, FifoExchange),
    USERS_FIFO: Row(USERS_FIFO, lambda: FIFO, _users_fifo),
    USERS_PARTIAL: Row(USERS_PARTIAL, lambda: PARTIAL_FILL, _users_partial),
    PRO_RATA: Row(
        PRO_RATA,
        lambda share, least: (PRO_RATA, share, least),
        ProRataExchange,
        draw=lambda rng: rng.choice(((0.0, 1), (0.0, 2), (0.4, 1), (1.0, 1))),
    ),
    NO_PARTIAL_FILL: Row(
        NO_PARTIAL_FILL,
        lambda: NO_PARTIAL_FILL,
        NoPartialFillExchange,
        lambda a: a.no_partial_fill_exchange(),
    ),
    PARTIAL_FILL: Row(
        PARTIAL_FILL, lambda: PARTIAL_FILL, PartialFillExchange, lambda a: a.partial_fill_exchange()
    ),
}


@dataclass(frozen=True)
class Limits:
    """Limits on requests in lots, kept by the built-in model or by a user's that does the same."""

    name: str
    values: tuple[int | None, int | None, float | None, int | None]

    def twin(self) -> TwinLimits:
        """The twin's model."""
        return TwinLimits(*self.values)

    def engine(self, lot_size: float) -> RiskLimits | UserRisk:
        """truefill's model."""
        position, lots, value, orders = self.values
        if self.name == "user's":
            numbers = [np.inf if v is None else float(v) for v in self.values]
            return UserRisk(user_models.keep_limits, (*numbers, lot_size))
        units = [None if v is None else v * lot_size for v in (position, lots)]
        return RiskLimits(units[0], units[1], value, orders)


def random_limits(rng: random.Random, price: float, lot_size: float) -> Limits | None:
    """Limits that some requests of a random script break."""
    if rng.random() < 0.6:
        return None
    values = (
        rng.choice((None, 0, 10, 25, 60)),
        rng.choice((None, None, 4, 10)),
        rng.choice((None, None, 5.5 * price * lot_size)),
        rng.choice((None, None, 2, 5)),
    )
    return Limits("user's" if rng.random() < 0.1 else "limits", values)
