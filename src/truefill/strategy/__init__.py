"""Event-driven strategies over a bot (callbacks, klines, timers), and schedules: when to act."""

from truefill.core.jit import jit_enabled
from truefill.strategy.callbacks import Callbacks, new_state
from truefill.strategy.events import BOOKL1, BOOKL2, CALLBACKS, FEED_EVENT, KLINE, MARKET_TRADE, NEVER, TIMER
from truefill.strategy.klines import TimeBars, TradeBars, VolumeBars
from truefill.strategy.plan import Timer
from truefill.strategy.running import compile_callbacks, run_events
from truefill.strategy.schedule import (
    Schedule,
    daily,
    every,
    every_best_changes,
    every_feed_events,
    every_trades,
    every_volume,
    time_of_day,
)
from truefill.strategy.strategy import Strategy

if jit_enabled():
    from truefill.strategy import schedule_compiled  # noqa: F401  registers them

__all__ = [
    "BOOKL1",
    "BOOKL2",
    "CALLBACKS",
    "FEED_EVENT",
    "KLINE",
    "MARKET_TRADE",
    "NEVER",
    "TIMER",
    "Callbacks",
    "Schedule",
    "Strategy",
    "TimeBars",
    "Timer",
    "TradeBars",
    "VolumeBars",
    "compile_callbacks",
    "daily",
    "every",
    "every_best_changes",
    "every_feed_events",
    "every_trades",
    "every_volume",
    "new_state",
    "run_events",
    "time_of_day",
]
