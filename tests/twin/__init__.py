"""The twin: the simulator again, slow and obvious, to hold the compiled one against.

Plain Python, dictionaries and lists, integer ticks and lots, one loop that takes the earliest event of all
assets and processes that one alone. Nothing here is shared with ``truefill.backtest`` but the event record
and the code numbers, so a mistake would have to be made twice, in two different shapes, to go unseen.
"""

from tests.twin.bot import TwinAsset, TwinBot
from tests.twin.fees import FlatFees, QtyFees, TaxedFees, ValueFees
from tests.twin.latency import TwinDrawn, TwinLatency, TwinRecorded
from tests.twin.queues import (
    Evidence,
    ExactQueue,
    LogQueue,
    LogQueue2,
    PowerQueue,
    PowerQueue2,
    PowerQueue3,
    RiskAverse,
)
from tests.twin.risk import TwinLimits

__all__ = [
    "Evidence",
    "ExactQueue",
    "FlatFees",
    "LogQueue",
    "LogQueue2",
    "PowerQueue",
    "PowerQueue2",
    "PowerQueue3",
    "QtyFees",
    "RiskAverse",
    "TaxedFees",
    "TwinAsset",
    "TwinBot",
    "TwinDrawn",
    "TwinLatency",
    "TwinLimits",
    "TwinRecorded",
    "ValueFees",
]
