"""HftBacktest's ``binding`` module: the classes of this face under the names that annotations use."""

import importlib
from typing import Any

from truefill.compat.hftbacktest.backtest import HashMapMarketDepthBacktest, ROIVectorMarketDepthBacktest
from truefill.compat.hftbacktest.depth import HashMapMarketDepth, ROIVectorMarketDepth
from truefill.compat.hftbacktest.order import Order
from truefill.compat.hftbacktest.orders import OrderDict, Values
from truefill.compat.hftbacktest.replaced import missing
from truefill.compat.hftbacktest.state import StateValues
from truefill.compat.hftbacktest.types import (
    BUY_EVENT,
    DEPTH_EVENT,
    EVENT_ARRAY,
    SELL_EVENT,
    event_dtype,
    order_dtype,
    state_values_dtype,
)

LIVE_FEATURE = False

__all__ = [
    "BUY_EVENT",
    "DEPTH_EVENT",
    "EVENT_ARRAY",
    "LIVE_FEATURE",
    "SELL_EVENT",
    "HashMapMarketDepth",
    "HashMapMarketDepthBacktest",
    "Order",
    "OrderDict",
    "ROIVectorMarketDepth",
    "ROIVectorMarketDepthBacktest",
    "StateValues",
    "Values",
    "event_dtype",
    "order_dtype",
    "state_values_dtype",
]


def __getattr__(name: str) -> Any:
    if name == "FuseMarketDepth":
        return importlib.import_module("truefill.compat.hftbacktest.data").FuseMarketDepth
    raise missing(__name__, name)
