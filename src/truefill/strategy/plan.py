"""What a strategy wants to hear, and the arrays that an event loop works on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from truefill.core.errors import ConfigError, shown
from truefill.core.events import NO_ASK_TICK, NO_BID_TICK
from truefill.core.gate import whole
from truefill.core.records import ORDER
from truefill.strategy.events import (
    BARS,
    BOOKL1,
    BOOKL2,
    EVENT_CALLBACKS,
    FEED_EVENT,
    KLINE,
    MARKET_CALLBACKS,
    MARKET_TRADE,
    NEVER,
    TIMER,
    TOLD,
)
from truefill.strategy.klines import Bars, TimeBars, TradeBars, VolumeBars, nanoseconds
from truefill.strategy.loop import Work


@dataclass(frozen=True)
class Timer:
    """A timer.

    Parameters
    ----------
    interval : int or str
        Nanoseconds, or ``"100ms"``, ``"1s"``, ``"5m"``, ``"1h"``. 0: it comes once.
    first : int, optional
        Time of the first call, UTC ns. By default one interval after the start.
    aligned : bool
        Without `first`: begin at the next whole multiple of the interval since the UTC epoch.
    """

    interval: int | str = 0
    first: int | None = None
    aligned: bool = False

    def __post_init__(self) -> None:
        if self.interval_ns == 0 and self.first is None:
            raise ConfigError("an interval, or the time of the first call", shown(self), "Timer")
        if self.first is not None:
            whole(self.first, "the time of the first call in ns", -NEVER, NEVER, ConfigError, "Timer")

    @property
    def interval_ns(self) -> int:
        """The interval, ns."""
        return 0 if self.interval == 0 else nanoseconds(self.interval, "an interval")

    def first_after(self, now: int) -> int:
        """Time of the first call for a strategy that starts at `now`."""
        if self.first is not None:
            return self.first
        interval = self.interval_ns
        return (now // interval + 1) * interval if self.aligned else now + interval


@dataclass
class Plan:
    """What a strategy wants to hear.

    Attributes
    ----------
    wants : bool[3, A]
        Rows: `MARKET_CALLBACKS`.
    hears : bool[4, S]
        Rows: `EVENT_CALLBACKS`. Columns: assets, then stand-alone feeds.
    quantities : bool
        Whether a changed quantity at a best price is told as a changed best price.
    klines : list of TimeBars, TradeBars or VolumeBars
    timers : list of Timer
    orders : bool
        Whether anything is to be told of orders.
    spare_timers : int
        Room for timers that are set later.
    """

    wants: np.ndarray
    hears: np.ndarray
    quantities: bool
    klines: list[Bars]
    timers: list[Timer]
    orders: bool
    spare_timers: int = 0

    def work(self, state: Any, bot: Any, attributes: bool) -> Work:
        """Make the arrays of a loop.

        Parameters
        ----------
        state : object
            The strategy's own.
        bot : Bot
            The one it will run on, at the time of its start.
        attributes : bool
            Whether records shall have their fields as attributes for Python (compiled code has them always).
        """
        assets, now = bot.num_assets, bot.current_timestamp
        room = bot.max_orders if self.orders else 1  # not touched before it is needed
        takes = self.wants[0].copy()
        bars, klines = np.zeros(len(self.klines), BARS), np.zeros(len(self.klines), KLINE)
        for row, series in zip(bars, self.klines, strict=True):
            series.fill(row)
            if row["asset"] >= assets:
                raise ConfigError(f"bars of an asset below {assets}", shown(series))
            takes[row["asset"]] = True
        timers = np.zeros(len(self.timers) + self.spare_timers, TIMER)
        timers["number"] = np.arange(len(timers))
        timers["next_ts"] = NEVER
        for row, timer in zip(timers, self.timers, strict=False):
            row["interval_ns"], row["next_ts"] = timer.interval_ns, timer.first_after(now)
        book, feed = np.zeros(assets, BOOKL1), np.zeros(assets, BOOKL2)
        book["asset"] = feed["asset"] = np.arange(assets)
        book["bid"] = book["ask"] = np.nan
        book["bid_tick"], book["ask_tick"] = NO_BID_TICK, NO_ASK_TICK
        arrays = {
            "bars": bars,
            "klines": klines,
            "timers": timers,
            "book": book,
            "feed": feed,
            "event": np.zeros(1, FEED_EVENT),
            "trade": np.zeros(1, MARKET_TRADE),
            "told": np.zeros((assets, room), TOLD),
            "news": np.zeros(room, ORDER),
        }
        if attributes:
            arrays = {name: array.view(np.recarray) for name, array in arrays.items()}
        return Work(
            state=state,
            where=np.array([-1, now, -1, 0], np.int64),
            wants=self.wants,
            hears=self.hears,
            quantities=np.array([self.quantities], np.int64),
            takes=takes,
            codes=np.zeros((room, 2), np.int64),
            **arrays,
        )


def market_wants(names: Iterable[str], assets: int) -> np.ndarray:
    """All assets for the market callbacks among `names`, bool[3, A]."""
    return _all_of(MARKET_CALLBACKS, names, assets)


def event_wants(names: Iterable[str], sources: int) -> np.ndarray:
    """All assets and stand-alone feeds for the callbacks of other events among `names`, bool[4, S]."""
    return _all_of(EVENT_CALLBACKS, names, sources)


def _all_of(callbacks: Sequence[str], names: Iterable[str], sources: int) -> np.ndarray:
    return np.array([[name in names] * sources for name in callbacks], np.bool_)


def checked_series(given: Sequence[Any]) -> list[Bars]:
    """Series of bars, or ConfigError; an interval alone is bars of the first asset."""
    found: list[Bars] = []
    for one in given:
        series = TimeBars(one) if isinstance(one, int | str) else one
        if not isinstance(series, TimeBars | TradeBars | VolumeBars):
            raise ConfigError("TimeBars, TradeBars, VolumeBars or an interval", shown(one), "klines")
        found.append(series)
    return found


def checked_timers(given: Sequence[Any]) -> list[Timer]:
    """Timers, or ConfigError; an interval alone is a timer."""
    found = []
    for one in given:
        timer = Timer(one) if isinstance(one, int | str) else one
        if not isinstance(timer, Timer):
            raise ConfigError("Timer or an interval", shown(one), "timers")
        found.append(timer)
    return found
