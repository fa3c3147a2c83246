"""Bars made of trades: by time, by number of trades, by volume.

A bar by time holds the trades that *arrived* in its interval, aligned to UTC, and closes when the interval
is over, whether a trade comes or not: nothing in it was not known then. A trade that arrives at the very
end of an interval belongs to the next one. Bars by trades and by volume close with the trade that
completes them; trades are not split.
"""

from dataclasses import dataclass

import numpy as np

from truefill.core.errors import ConfigError
from truefill.core.events import BUY
from truefill.core.gate import real, truth, whole
from truefill.core.jit import helper
from truefill.strategy.events import BY_TIME, BY_TRADES, BY_VOLUME, NEVER

NS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}


def nanoseconds(given: int | str, what: str) -> int:
    """A duration: whole nanoseconds, or text such as ``"1s"``, ``"5m"``, ``"1h"`` as venues name klines."""
    wanted = f"{what}: ns from 1, or a number and one of {', '.join(NS)}, such as '1m'"
    if isinstance(given, str):
        unit = given.lstrip("0123456789")
        digits = given[: len(given) - len(unit)]
        if unit not in NS or not digits:
            raise ConfigError(wanted, given)
        given = int(digits) * NS[unit]
    return whole(given, wanted, 1, 2**62, ConfigError)


@dataclass(frozen=True)
class TimeBars:
    """Bars of equal time.

    Parameters
    ----------
    interval : int or str
        Nanoseconds, or ``"1s"``, ``"5m"``, ``"1h"``. Intervals are aligned to the UTC epoch.
    asset : int
        Number of the asset.
    empty : bool
        Whether intervals without trades give bars, too: all prices the last close, volume 0. There is none
        before the first trade.
    """

    interval: int | str
    asset: int = 0
    empty: bool = True

    def __post_init__(self) -> None:
        nanoseconds(self.interval, "an interval")
        whole(self.asset, "an asset number", 0, 2**31, ConfigError)
        truth(self.empty, "True or False as empty", ConfigError)

    def fill(self, row: np.void) -> None:
        """Write what this series is into its BARS record."""
        row["by"], row["asset"], row["empty"] = BY_TIME, self.asset, self.empty
        row["interval"] = nanoseconds(self.interval, "an interval")


@dataclass(frozen=True)
class TradeBars:
    """Bars of `count` trades each.

    Parameters
    ----------
    count : int
    asset : int
        Number of the asset.
    """

    count: int
    asset: int = 0

    def __post_init__(self) -> None:
        whole(self.count, "a number of trades from 1", 1, 2**62, ConfigError)
        whole(self.asset, "an asset number", 0, 2**31, ConfigError)

    def fill(self, row: np.void) -> None:
        """Write what this series is into its BARS record."""
        row["by"], row["asset"], row["interval"] = BY_TRADES, self.asset, self.count


@dataclass(frozen=True)
class VolumeBars:
    """Bars that close with the trade that brings their volume to `volume` units or more.

    Parameters
    ----------
    volume : float
        In units.
    asset : int
        Number of the asset.
    """

    volume: float
    asset: int = 0

    def __post_init__(self) -> None:
        if real(self.volume, "a volume above 0", ConfigError) <= 0.0:
            raise ConfigError("a volume above 0", self.volume)
        whole(self.asset, "an asset number", 0, 2**31, ConfigError)

    def fill(self, row: np.void) -> None:
        """Write what this series is into its BARS record."""
        row["by"], row["asset"], row["volume"] = BY_VOLUME, self.asset, self.volume


Bars = TimeBars | TradeBars | VolumeBars


@helper
def begin_bars(bars, klines, now):
    """Let every series begin at `now`."""
    for i in range(len(bars)):
        bars[i].end_ts = NEVER
        if bars[i].by == BY_TIME:
            bars[i].end_ts = (now // bars[i].interval + 1) * bars[i].interval
        klines[i].number = i
        klines[i].asset = bars[i].asset
        klines[i].trades = 0


@helper
def next_bar_end(bars):
    """When the next bar by time ends; NEVER without one."""
    end = np.int64(NEVER)
    for i in range(len(bars)):
        end = min(end, bars[i].end_ts)
    return end


@helper
def first_ended(bars, until):
    """Number of the series whose bar ends first, if by `until`; ties by number; -1: none."""
    first = -1
    for i in range(len(bars)):
        if bars[i].end_ts <= until and (first < 0 or bars[i].end_ts < bars[first].end_ts):
            first = i
    return first


@helper
def close_on_time(series, kline):
    """End a bar by time; whether there is one to be given."""
    end = series.end_ts
    series.end_ts = end + series.interval
    if kline.trades == 0:
        if series.begun == 0 or series.empty == 0:
            return False
        kline.open = kline.close
        kline.high = kline.close
        kline.low = kline.close
        kline.volume = 0.0
        kline.buy_volume = 0.0
        kline.value = 0.0
    kline.timestamp = end
    kline.start_ts = end - series.interval
    kline.end_ts = end
    return True


@helper
def add_trade(series, kline, trade):
    """Add a trade to the bar under way; whether the bar is complete (never, by time)."""
    price = trade.px
    if kline.trades == 0:
        kline.open = price
        kline.high = price
        kline.low = price
        kline.volume = 0.0
        kline.buy_volume = 0.0
        kline.value = 0.0
        kline.start_ts = trade.local_ts
    series.begun = 1
    kline.high = max(kline.high, price)
    kline.low = min(kline.low, price)
    kline.close = price
    kline.volume += trade.qty
    if trade.ev & np.uint64(BUY) != 0:
        kline.buy_volume += trade.qty
    kline.value += price * trade.qty
    kline.trades += 1
    kline.timestamp = trade.local_ts
    kline.end_ts = trade.local_ts
    if series.by == BY_TRADES:
        return kline.trades >= series.interval
    return series.by == BY_VOLUME and kline.volume >= series.volume
