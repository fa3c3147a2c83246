"""HftBacktest's ``hftbacktest.stats``: metrics of a `Recorder`'s records, over `truefill.analysis`."""

from typing import Any

from truefill.compat.hftbacktest.replaced import missing
from truefill.compat.hftbacktest.stats.metrics import (
    SR,
    AnnualRet,
    DailyNumberOfTrades,
    DailyTradingValue,
    DailyTradingVolume,
    MaxDrawdown,
    MaxLeverage,
    MaxPositionValue,
    MeanPositionValue,
    MedianPositionValue,
    Metric,
    NumberOfTrades,
    Ret,
    ReturnOverMDD,
    ReturnOverTrade,
    Sortino,
    TradingValue,
    TradingVolume,
)
from truefill.compat.hftbacktest.stats.records import InverseAssetRecord, LinearAssetRecord
from truefill.compat.hftbacktest.stats.stats import Stats

__all__ = [
    "SR",
    "AnnualRet",
    "DailyNumberOfTrades",
    "DailyTradingValue",
    "DailyTradingVolume",
    "InverseAssetRecord",
    "LinearAssetRecord",
    "MaxDrawdown",
    "MaxLeverage",
    "MaxPositionValue",
    "MeanPositionValue",
    "MedianPositionValue",
    "Metric",
    "NumberOfTrades",
    "Ret",
    "ReturnOverMDD",
    "ReturnOverTrade",
    "Sortino",
    "Stats",
    "TradingValue",
    "TradingVolume",
]


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
