"""HftBacktest 2.4's Python face over truefill: ``from truefill.compat.hftbacktest import ...``.

Names, arguments, return codes and record layouts are HftBacktest's; fills, accounting and books are
truefill's, and where HftBacktest is wrong, right (docs/migrating-from-hftbacktest.md lists each difference).
"""

from typing import Any

from truefill.compat.hftbacktest.backtest import HashMapMarketDepthBacktest, ROIVectorMarketDepthBacktest
from truefill.compat.hftbacktest.builder import BacktestAsset
from truefill.compat.hftbacktest.order import (
    BUY,
    CANCELED,
    EXPIRED,
    FILLED,
    GTC,
    GTX,
    LIMIT,
    MARKET,
    NEW,
    NONE,
    SELL,
)
from truefill.compat.hftbacktest.recorder import Recorder
from truefill.compat.hftbacktest.replaced import missing
from truefill.compat.hftbacktest.types import (
    ADD_ORDER_EVENT,
    ALL_ASSETS,
    BUY_EVENT,
    CANCEL_ORDER_EVENT,
    DEPTH_BBO_EVENT,
    DEPTH_CLEAR_EVENT,
    DEPTH_EVENT,
    DEPTH_SNAPSHOT_EVENT,
    EVENT_ARRAY,
    EXCH_EVENT,
    FILL_EVENT,
    LOCAL_EVENT,
    MODIFY_ORDER_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    event_dtype,
)
from truefill.core.jit import jit_enabled

if jit_enabled():
    from truefill.compat.hftbacktest import (  # noqa: F401  registers them
        backtest_compiled,
        depth_compiled,
        orders_compiled,
    )

LIVE_FEATURE = False
HashMapMarketDepthBacktest_TypeHint = HashMapMarketDepthBacktest
ROIVectorMarketDepthBacktest_TypeHint = ROIVectorMarketDepthBacktest

__all__ = [
    "ADD_ORDER_EVENT",
    "ALL_ASSETS",
    "BUY",
    "BUY_EVENT",
    "CANCELED",
    "CANCEL_ORDER_EVENT",
    "DEPTH_BBO_EVENT",
    "DEPTH_CLEAR_EVENT",
    "DEPTH_EVENT",
    "DEPTH_SNAPSHOT_EVENT",
    "EVENT_ARRAY",
    "EXCH_EVENT",
    "EXPIRED",
    "FILLED",
    "FILL_EVENT",
    "GTC",
    "GTX",
    "LIMIT",
    "LOCAL_EVENT",
    "MARKET",
    "MODIFY_ORDER_EVENT",
    "NEW",
    "NONE",
    "SELL",
    "SELL_EVENT",
    "TRADE_EVENT",
    "BacktestAsset",
    "HashMapMarketDepthBacktest",
    "ROIVectorMarketDepthBacktest",
    "Recorder",
    "event_dtype",
]


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
