"""Backtests: replay tapes, simulate the exchange, and let a strategy trade through a `Bot`."""

from truefill.backtest.account import Account, CrossMargin, IsolatedMargin
from truefill.backtest.account_events import FundingSchedule
from truefill.backtest.asset import Asset
from truefill.backtest.bot import ALL_ASSETS, UNTIL_END_OF_DATA, Bot
from truefill.backtest.feeds import Feed
from truefill.backtest.models.contracts import InverseContract, LinearContract, QuantoContract, Spot
from truefill.backtest.models.exchanges import (
    FifoExchange,
    NoPartialFillExchange,
    PartialFillExchange,
    ProRataExchange,
    UserExchange,
)
from truefill.backtest.models.fees import FlatPerTradeFees, TradingQtyFees, TradingValueFees, UserFees
from truefill.backtest.models.fees_schedule import DirectionalFees, TieredFees
from truefill.backtest.models.latency import ConstantLatency, UserLatency
from truefill.backtest.models.latency_drawn import DrawnLatency, Gamma, Lognormal, Quantiles
from truefill.backtest.models.latency_feed import generate_order_latency
from truefill.backtest.models.latency_recorded import ORDER_LATENCY, InterpolatedLatency
from truefill.backtest.models.queue import (
    EvidenceQueue,
    L3FifoQueue,
    LogProbQueue,
    LogProbQueue2,
    PowerProbQueue,
    PowerProbQueue2,
    PowerProbQueue3,
    RiskAverseQueue,
    UserQueue,
)
from truefill.backtest.models.risk import RiskLimits, UserRisk
from truefill.backtest.queue_calibration import (
    QueueCalibration,
    QueueScore,
    calibrate_queue,
    score_queue,
    score_queues,
)
from truefill.backtest.queue_own_orders import own_order_probes
from truefill.backtest.queue_tapes import level_tape, order_tape_probes
from truefill.backtest.queue_truth import PROBE, OrderStream
from truefill.backtest.result import Result
from truefill.backtest.run import run
from truefill.core.jit import jit_enabled

if jit_enabled():
    from truefill.backtest import bot_compiled, depth_compiled, orders_compiled  # noqa: F401  registers them

__all__ = [
    "ALL_ASSETS",
    "ORDER_LATENCY",
    "PROBE",
    "UNTIL_END_OF_DATA",
    "Account",
    "Asset",
    "Bot",
    "ConstantLatency",
    "CrossMargin",
    "DirectionalFees",
    "DrawnLatency",
    "EvidenceQueue",
    "Feed",
    "FifoExchange",
    "FlatPerTradeFees",
    "FundingSchedule",
    "Gamma",
    "InterpolatedLatency",
    "InverseContract",
    "IsolatedMargin",
    "L3FifoQueue",
    "LinearContract",
    "LogProbQueue",
    "LogProbQueue2",
    "Lognormal",
    "NoPartialFillExchange",
    "OrderStream",
    "PartialFillExchange",
    "PowerProbQueue",
    "PowerProbQueue2",
    "PowerProbQueue3",
    "ProRataExchange",
    "Quantiles",
    "QuantoContract",
    "QueueCalibration",
    "QueueScore",
    "Result",
    "RiskAverseQueue",
    "RiskLimits",
    "Spot",
    "TieredFees",
    "TradingQtyFees",
    "TradingValueFees",
    "UserExchange",
    "UserFees",
    "UserLatency",
    "UserQueue",
    "UserRisk",
    "calibrate_queue",
    "generate_order_latency",
    "level_tape",
    "order_tape_probes",
    "own_order_probes",
    "run",
    "score_queue",
    "score_queues",
]
