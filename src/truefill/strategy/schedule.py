"""Schedules: when a strategy acts, by the time or by what the market does.

A schedule is made in the strategy and asked with the bot: ``while clock.wait(bot) == 0`` moves time on to its
next mark, ``if clock.due(bot)`` only asks, between other things. Marks that have passed in the meantime count
as one. The same source works compiled (`schedule_compiled`) and interpreted, and with any bot that has the
face that is used here: `current_timestamp`, `activity`, `elapse`, `wait_next_feed`.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from truefill.core.errors import ConfigError
from truefill.core.gate import real, refusal, text, truth, whole
from truefill.strategy.schedule_kernels import (
    BESTS,
    DAILY,
    DAY_NS,
    FEEDS,
    SCHEDULE,
    TIME,
    TRADES,
    VOLUME,
    due_now,
    wait_for,
)

_LONGEST_NS = 2**62
_NO_TIMES = np.zeros(0, np.int64)


class Schedule:
    """When to act next. Made by `every`, `daily`, `every_volume`, `every_trades` and the others here."""

    __slots__ = ("_state", "_times")

    def __init__(self, state: np.ndarray, times: np.ndarray) -> None:
        self._state = state
        self._times = times

    def due(self, bot: Any) -> bool:
        """Whether a mark has come since this schedule was last due (or first asked).

        Marks that have passed together count as one; none is lost to a clearing of trades.
        """
        return bool(due_now(self._state, self._times, bot))

    def wait(self, bot: Any) -> int:
        """Move time on to the next mark.

        By time exactly to it; by volume or events to the feed event that reaches it. Returns at once when one
        has passed since.

        Returns
        -------
        int
            0 at the mark; 1 at the end of the data; 18 interrupted, 21 a model failed.
        """
        return int(wait_for(self._state, self._times, bot))


def every(interval_ns: int, aligned: bool = False, offset_ns: int = 0) -> Schedule:
    """Be due every `interval_ns`.

    Parameters
    ----------
    interval_ns : int
        Nanoseconds; 1 or more.
    aligned : bool
        False: counted from the moment at which it is first asked. True: at whole multiples of the interval
        since 1970 UTC, such as each full minute.
    offset_ns : int
        So much after those, ns.
    """
    where = "every"
    state = _state(TIME)
    state["step_ns"] = whole(
        interval_ns, "an interval from 1 to 2**62 ns", 1, _LONGEST_NS, ConfigError, where
    )
    state["aligned"] = truth(aligned, "True or False as aligned", ConfigError, where)
    wanted = "an offset from -2**62 to 2**62 ns"
    state["offset_ns"] = whole(offset_ns, wanted, -_LONGEST_NS, _LONGEST_NS, ConfigError, where)
    return Schedule(state, _NO_TIMES)


def daily(times_ns: Iterable[int]) -> Schedule:
    """Be due at certain times of each day, UTC.

    Parameters
    ----------
    times_ns : tuple or array of int
        Nanoseconds since midnight, below 24 hours: `time_of_day` makes them of a text.
    """
    wanted = "one or more times of day, each from 0 to below 86_400_000_000_000 ns"
    try:
        given = list(times_ns)
    except TypeError:
        raise refusal(ConfigError, wanted, times_ns, "daily") from None
    times = sorted({whole(t, wanted, 0, DAY_NS - 1, ConfigError, "daily") for t in given})
    if not times:
        raise ConfigError(wanted, "none", "daily")
    state = _state(DAILY)
    state["aligned"] = 1
    return Schedule(state, np.array(times, np.int64))


def every_volume(asset_no: int, qty: float) -> Schedule:
    """Be due each time that `qty` more has been traded in an asset's market, in units."""
    return _counting(VOLUME, asset_no, _positive(qty), "every_volume")


def every_trades(asset_no: int, count: int) -> Schedule:
    """Be due each time that `count` more market trades of an asset have arrived."""
    return _counting(TRADES, asset_no, _whole(count, "every_trades"), "every_trades")


def every_best_changes(asset_no: int, count: int) -> Schedule:
    """Be due each time that the best prices of an asset have changed `count` times more."""
    return _counting(BESTS, asset_no, _whole(count, "every_best_changes"), "every_best_changes")


def every_feed_events(asset_no: int, count: int) -> Schedule:
    """Be due each time that feed of an asset has arrived `count` times more."""
    return _counting(FEEDS, asset_no, _whole(count, "every_feed_events"), "every_feed_events")


def time_of_day(clock: str) -> int:
    """Nanoseconds since midnight of a time such as ``"09:30"``, ``"16:00:00.5"``. Not in compiled code.

    Raises
    ------
    ConfigError
        It is no time of day.
    """
    wanted = 'a time of day such as "09:30" or "16:00:00.5"'
    hours, *rest = text(clock, wanted, ConfigError, "time_of_day").split(":")
    minutes, seconds = (*rest, "0") if len(rest) == 1 else (rest if len(rest) == 2 else ("x", "x"))
    whole_seconds, _, fraction = seconds.partition(".")
    parts = (hours, minutes, whole_seconds, fraction or "0")
    plain = all(part.isascii() and part.isdigit() and len(part) <= 9 for part in parts)
    if plain and int(hours) < 24 and int(minutes) < 60 and int(whole_seconds) < 60:
        total = (int(hours) * 60 + int(minutes)) * 60 + int(whole_seconds)
        return total * 1_000_000_000 + int(fraction.ljust(9, "0") or 0)
    raise refusal(ConfigError, wanted, clock, "time_of_day")


def _state(kind: int) -> np.ndarray:
    state = np.zeros(1, SCHEDULE)
    state["kind"] = kind
    return state


def _counting(kind: int, asset_no: int, step: float, where: str) -> Schedule:
    state = _state(kind)
    state["asset"] = whole(asset_no, "an asset number from 0", 0, 2**31, ConfigError, where)
    state["step"] = step
    return Schedule(state, _NO_TIMES)


def _whole(count: int, where: str) -> float:
    return float(whole(count, "a count from 1 to 2**53", 1, 2**53, ConfigError, where))


def _positive(qty: float) -> float:
    value = real(qty, "a finite quantity > 0", ConfigError, "every_volume")
    if not (math.isfinite(value) and value > 0):
        raise ConfigError("a finite quantity > 0", value, "every_volume")
    return value
