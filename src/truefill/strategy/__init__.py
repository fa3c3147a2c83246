"""Event-driven strategies over a bot, and schedules: when to act."""

from truefill.core.jit import jit_enabled
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

if jit_enabled():
    from truefill.strategy import schedule_compiled  # noqa: F401  registers them

__all__ = [
    "Schedule",
    "daily",
    "every",
    "every_best_changes",
    "every_feed_events",
    "every_trades",
    "every_volume",
    "time_of_day",
]
