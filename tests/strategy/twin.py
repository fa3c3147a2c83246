"""The slow, obvious twin of the event loop's market side: wake at every arrival, then sort what was seen."""

from collections.abc import Sequence
from typing import Any

from truefill.backtest import Bot, Feed
from truefill.core.events import BUY
from truefill.core.records import END_OF_DATA

FOREVER = 10**18


# Ranks of a diary's entries: what comes first at one moment.
TRADE, EVENT, BEST, FEED = range(4)
# By kind of event; all others are `on_event`'s.
EVENT_NAMES = {100: "on_index_price", 101: "on_mark_price", 102: "on_funding_rate"}
EVENT_FIELDS = ("ev", "exch_ts", "px", "qty", "order_id", "ival", "fval")


def as_event(event: Any) -> tuple[Any, ...]:
    """Callback of an event, and its fields but the time."""
    name = EVENT_NAMES.get(int(event.ev) & 0xFF, "on_event")
    return name, *(event[field].item() for field in EVENT_FIELDS)


def market_diary(assets: list[Any], feeds: Sequence[Feed] = ()) -> list[tuple[Any, ...]]:
    """(time, rank, asset or feed, what): trades, other events, changes of best prices, arrivals of feed."""
    bot = Bot(assets, feeds=feeds)
    best: dict[int, Any] = {}
    feeds: dict[int, int] = {}
    diary: list[tuple[Any, ...]] = []
    code = 0
    while code != END_OF_DATA:
        code = bot.wait_next_feed(False, FOREVER)
        for k in range(bot.num_assets + bot.num_feeds):
            for event in bot.last_events(k):
                diary.append((int(event.local_ts), EVENT, k, *as_event(event)))
            bot.clear_last_events(k)
        for k in range(bot.num_assets):
            now = max([bot.current_timestamp, *(feed[1] for a in (k,) if (feed := bot.feed_latency(a)))])
            for trade in bot.last_trades(k):
                diary.append(
                    (int(trade.local_ts), TRADE, k, float(trade.px), float(trade.qty), int(trade.ev))
                )
            bot.clear_last_trades(k)
            depth = bot.depth(k)
            seen = (depth.best_bid_tick, depth.best_ask_tick, depth.best_bid_qty, depth.best_ask_qty)
            if seen != best.get(k, (-(2**63), 2**63 - 1, 0.0, 0.0)):
                diary.append((now, BEST, k, *seen))
                best[k] = seen
            latency = bot.feed_latency(k)
            if latency is not None and latency[1] != feeds.get(k):
                feeds[k] = latency[1]
                diary.append((latency[1], FEED, k))
    return sorted(diary, key=lambda entry: entry[:3])


def time_bars(trades: list[tuple[Any, ...]], interval: int, empty: bool, until: int) -> list[tuple[Any, ...]]:
    """Bars of an interval from entries of a diary: each interval looked at for itself."""
    if not trades:
        return []
    found = []
    close = 0.0
    start = trades[0][0] // interval * interval
    while start + interval <= until:
        inside = [t for t in trades if start <= t[0] < start + interval]
        if inside:
            found.append(_bar(start, start + interval, inside))
            close = inside[-1][3]
        elif empty:
            found.append((start, start + interval, close, close, close, close, 0.0, 0.0, 0))
        start += interval
    return found


def count_bars(trades: list[tuple[Any, ...]], count: int) -> list[tuple[Any, ...]]:
    """Bars of `count` trades."""
    whole = range(0, len(trades) - count + 1, count)
    return [_bar(trades[i][0], trades[i + count - 1][0], trades[i : i + count]) for i in whole]


def volume_bars(trades: list[tuple[Any, ...]], volume: float) -> list[tuple[Any, ...]]:
    """Bars that close with the trade that brings them to `volume`."""
    found, inside = [], []
    for trade in trades:
        inside.append(trade)
        if _sum(t[4] for t in inside) >= volume:
            found.append(_bar(inside[0][0], trade[0], inside))
            inside = []
    return found


def _sum(values: Any) -> float:
    """One by one: `sum` of Python 3.12 is more exact than that."""
    total = 0.0
    for value in values:
        total += value
    return total


def _bar(start: int, end: int, inside: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    prices = [t[3] for t in inside]
    bought = _sum(t[4] for t in inside if t[5] & BUY)
    volume = _sum(t[4] for t in inside)
    return start, end, prices[0], max(prices), min(prices), prices[-1], volume, bought, len(inside)


def as_bar(kline: Any) -> tuple[Any, ...]:
    """A KLINE as the twin writes it."""
    names = ("start_ts", "end_ts", "open", "high", "low", "close", "volume", "buy_volume", "trades")
    return tuple(kline[name].item() for name in names)
