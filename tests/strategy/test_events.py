"""What callbacks are told: everything once, in time order, never before its time, ties as documented."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.strategy.conftest import pace, random_assets, random_feeds
from tests.strategy.twin import (
    BEST,
    EVENT,
    FEED,
    TRADE,
    as_bar,
    as_event,
    count_bars,
    market_diary,
    time_bars,
    volume_bars,
)
from truefill.backtest import Bot
from truefill.core.events import NO_TIME
from truefill.core.records import BUY_SIDE, GTX, SELL_SIDE
from truefill.strategy import CALLBACKS, NEVER, Strategy, TimeBars, Timer, TradeBars, VolumeBars, run_events

EVENTS = ("on_index_price", "on_mark_price", "on_funding_rate", "on_event")
RANKS = {"on_kline": TRADE, "on_trade": TRADE, "on_bookl1": BEST, "on_bookl2": FEED}
RANKS |= dict.fromkeys(EVENTS, EVENT)


class Listener(Strategy):
    """Writes down what it is told, and when."""

    def __init__(self, klines: Any = (), timers: Any = ()) -> None:
        self.klines, self.timers = klines, timers
        self.diary: list[tuple[int, int, str, Any]] = []  # bot's time, time of the event, callback, event

    def tell(self, name: str, timestamp: int, event: Any) -> None:
        self.diary.append((self.now, int(timestamp), name, event))

    def of(self, *names: str) -> list[Any]:
        return [entry for entry in self.diary if entry[2] in names]

    def on_trade(self, trade: Any) -> None:
        self.tell("on_trade", trade.local_ts, trade)

    def on_kline(self, kline: Any) -> None:
        self.tell("on_kline", kline.timestamp, kline)

    def on_bookl1(self, book: Any) -> None:
        self.tell("on_bookl1", book.timestamp, book)

    def on_bookl2(self, book: Any) -> None:
        self.tell("on_bookl2", book.timestamp, book)

    def on_index_price(self, event: Any) -> None:
        self.tell("on_index_price", event.local_ts, event)

    def on_mark_price(self, event: Any) -> None:
        self.tell("on_mark_price", event.local_ts, event)

    def on_funding_rate(self, event: Any) -> None:
        self.tell("on_funding_rate", event.local_ts, event)

    def on_event(self, event: Any) -> None:
        self.tell("on_event", event.local_ts, event)

    def on_timer(self, timer: Any) -> None:
        self.tell("on_timer", timer.timestamp, timer.number)


def as_diary(listener: Listener) -> list[tuple[Any, ...]]:
    """Market events as the twin writes them; an asset is found by looking the event up."""
    found: list[tuple[Any, ...]] = []
    for _, timestamp, name, event in listener.of("on_trade", "on_bookl1", "on_bookl2", *EVENTS):
        if name in EVENTS:
            told, *fields = as_event(event)
            found.append((timestamp, EVENT, int(event.source), name, *fields))
            assert told == name
        elif name == "on_trade":
            found.append((timestamp, TRADE, None, float(event.px), float(event.qty), int(event.ev)))
        elif name == "on_bookl1":
            quantities = float(event.bid_qty), float(event.ask_qty)
            found.append(
                (timestamp, BEST, int(event.asset), int(event.bid_tick), int(event.ask_tick), *quantities)
            )
        else:
            found.append((timestamp, FEED, int(event.asset)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(16))
def test_market_events_are_those_of_the_twin(seed: int) -> None:
    """Trades, other events, best prices, arrivals of one to three assets and of feeds: the very list."""
    assets, _ = random_assets(seed)
    feeds = random_feeds(seed)
    every = pace(assets)
    listener = Listener([TimeBars(3 * every), TradeBars(7)], [Timer(every)])
    result = run_events(Bot(assets, feeds=feeds), listener)
    diary = market_diary(assets, feeds)
    expected = [e if e[1] != TRADE else (*e[:2], None, *e[3:]) for e in diary]

    assert result.error is None
    assert expected == as_diary(listener)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(16))
def test_nothing_is_told_before_its_time_or_out_of_order(seed: int) -> None:
    """The bot's clock is at the event, except for what comes with the end of the data; ties by rank."""
    assets, _ = random_assets(seed)
    every = pace(assets)
    listener = Listener([TimeBars(2 * every), VolumeBars(4.0)], [Timer(every), Timer(every, aligned=True)])
    run_events(Bot(assets, feeds=random_feeds(seed)), listener)
    order = [(event_ts, RANKS.get(name, 9)) for _, event_ts, name, _ in listener.diary]
    last = listener.diary[-1][0] if listener.diary else 0

    assert sorted(order) == order
    for now, event_ts, _, _ in listener.diary:
        assert event_ts <= now or now == last
        assert event_ts == now or now == last


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(16))
def test_bars_are_those_of_the_twin(seed: int) -> None:
    """By time with and without empty ones, by trades, by volume: every field."""
    assets, _ = random_assets(seed)
    every = pace(assets) * 4
    series = [TimeBars(every), TimeBars(every, empty=False), TradeBars(5), VolumeBars(6.0)]
    listener = Listener(series)
    run_events(Bot(assets), listener)
    trades = [entry for entry in market_diary(assets) if entry[1:3] == (TRADE, 0)]
    until = listener.diary[-1][1] if listener.diary else 0
    until = max([until, *(entry[0] for entry in trades)])
    bars = defaultdict(list)
    for _, _, _, kline in listener.of("on_kline"):
        bars[int(kline.number)].append(as_bar(kline))

    for number, empty in ((0, True), (1, False)):
        expected = time_bars(trades, every, empty, until)
        # those that end between the last event of all and the end of the data may or may not have come
        assert expected[: len(bars[number])] == bars[number]
        assert len(expected) - len(bars[number]) <= 1
    assert count_bars(trades, 5) == bars[2]
    assert volume_bars(trades, 6.0) == bars[3]


def test_bars_close_on_time_without_trades(make_bot: Callable[..., Bot]) -> None:
    """Bars alone do not wake the strategy more often than they end, and each ends at its time."""
    listener = type(
        "Bars", (Strategy,), {"on_kline": lambda self, kline: self.seen.append((self.now, kline))}
    )()
    listener.klines, listener.seen = ["10ms", TimeBars("1s", asset=1)], []
    run_events(make_bot(2), listener)

    for now, kline in listener.seen:
        assert now == kline.timestamp == kline.end_ts
        assert kline.end_ts % (kline.end_ts - kline.start_ts) == 0
    counts = Counter(int(kline.number) for _, kline in listener.seen)
    assert counts[0] > 150
    assert counts[1] >= 1
    empty = [kline for _, kline in listener.seen if kline.trades == 0]
    assert len(empty) > 50
    assert all(k.open == k.high == k.low == k.close > 0 and k.volume == 0 for k in empty)


def test_timers_come_at_their_times(make_bot: Callable[..., Bot]) -> None:
    """By interval, aligned, once, set and stopped on the way."""
    bot = make_bot()
    start = bot.start_timestamp
    ms = 10**6

    class Timers(Strategy):
        def on_start(self) -> None:
            self.seen = defaultdict(list)
            self.set_timer("100ms")
            self.set_timer("1s", aligned=True)
            self.set_timer(first=start + 123)
            self.set_timer("300ms", first=start + 7)
            self.extra = -1

        def on_timer(self, timer: Any) -> None:
            self.seen[int(timer.number)].append(int(timer.timestamp))
            assert self.now == timer.timestamp
            if timer.number == 3 and len(self.seen[3]) == 4:
                timer.next_ts = NEVER
            if timer.number == 2:
                self.extra = self.set_timer("50ms")
            if timer.number == self.extra and len(self.seen[self.extra]) == 3:
                self.cancel_timer(self.extra)

    strategy = Timers()
    result = run_events(bot, strategy)
    end = result.timestamp

    assert result.error is None
    assert list(range(start + 100 * ms, end + 1, 100 * ms)) == strategy.seen[0]
    first = (start // 10**9 + 1) * 10**9
    assert list(range(first, end + 1, 10**9)) == strategy.seen[1]
    assert [start + 123] == strategy.seen[2]
    assert [start + 7 + 300 * ms * i for i in range(4)] == strategy.seen[3]
    assert [start + 123 + 50 * ms * i for i in (1, 2, 3)] == strategy.seen[strategy.extra]


@pytest.mark.slow
def test_a_busy_strategy_gets_everything_once(make_bot: Callable[..., Bot]) -> None:
    """With computing time trades pile up, and timers do not."""
    listener = Listener([TimeBars("20ms")], [Timer("1ms")])
    bot = make_bot(2, compute_ns=3_000_000)
    run_events(bot, listener)
    expected = [e for e in market_diary(list(bot.assets)) if e[1] == TRADE]
    trades = [(e[1], float(e[3].px), float(e[3].qty)) for e in listener.of("on_trade")]

    assert [(e[0], e[3], e[4]) for e in expected] == trades
    assert all(event_ts <= now for now, event_ts, _, _ in listener.diary[:-3])
    wakes = [now for now, _, _, _ in listener.of("on_timer")]
    assert len(wakes) == len(set(wakes)) < 1500


def test_only_what_was_subscribed_to_is_told(make_bot: Callable[..., Bot]) -> None:
    """Subscriptions narrow callbacks to assets; quantities may be left out of best prices."""

    class Some(Listener):
        l1_quantities = False

        def on_start(self) -> None:
            self.subscribe_trade(1)
            self.subscribe_bookl1(0)
            self.subscribe_bookl2(1)
            self.subscribe_kline("100ms", 1)
            self.set_timer("1s")

    listener = Some()
    bot = make_bot(2)
    result = run_events(bot, listener)
    expected = [
        e for e in market_diary(list(bot.assets)) if (e[1], e[2]) in ((TRADE, 1), (BEST, 0), (FEED, 1))
    ]
    prices = []
    for entry in expected:
        if entry[1] == BEST and (not prices or prices[-1][1:] != entry[3:5]):
            prices.append((entry[0], *entry[3:5]))
    told = [(e[1], int(e[3].bid_tick), int(e[3].ask_tick)) for e in listener.of("on_bookl1")]

    assert result.error is None
    assert prices == told
    assert [e[0] for e in expected if e[1] == TRADE] == [e[1] for e in listener.of("on_trade")]
    assert [e[0] for e in expected if e[1] == FEED] == [e[1] for e in listener.of("on_bookl2")]
    assert {1} == {int(e[3].asset) for e in listener.of("on_kline", "on_bookl2")}


class Orders(Strategy):
    """Places, modifies and cancels at random and writes down what becomes of each order."""

    def __init__(self, seed: int, every: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.timers = [Timer(every)]
        self.lives: dict[tuple[int, int], list[str]] = defaultdict(list)
        self.parts: dict[int, float] = defaultdict(float)
        self.fills: list[Any] = []
        self.late = 0

    def on_fill(self, fill: Any) -> None:
        self.fills.append((int(fill.asset), int(fill.trade_id), int(fill.local_ts)))
        self.late += fill.local_ts > self.now

    def on_timer(self, timer: Any) -> None:
        if self.now > self.bot.end_timestamp:  # only answers are still to come, perhaps for long
            timer.next_ts = NEVER
            return
        asset = int(self.rng.integers(self.bot.num_assets))
        depth = self.bot.depth(asset)
        orders = [o for o in self.open_orders(asset) if o.cancellable]
        choice = self.rng.random()
        if orders and choice < 0.3:
            self.cancel_order(asset, orders[0].order_id)
        elif orders and choice < 0.5:
            order = orders[-1]
            self.modify_order(asset, order.order_id, order.price, order.leaves_qty + depth.lot_size)
        elif depth.best_bid < depth.best_ask:
            side = BUY_SIDE if self.rng.random() < 0.5 else SELL_SIDE
            price = depth.best_bid if self.rng.random() < 0.5 else depth.best_ask
            self.create_order(
                asset, side, price, depth.lot_size * int(self.rng.integers(1, 9)), GTX * (choice < 0.7)
            )


for _name in (name for name in CALLBACKS if name.endswith("_order")):

    def _tell(self: Any, order: Any, name: str = _name) -> None:
        self.lives[int(order.order_id)].append(name.removeprefix("on_").removesuffix("_order"))

    setattr(Orders, _name, _tell)

ENDS = {"filled", "canceled", "expired", "failed"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(16))
def test_orders_have_one_life_and_fills_are_told_once(seed: int) -> None:
    """Pending first, at most one end and nothing after it; each fill whose report came, in its order."""
    assets, _ = random_assets(seed)
    strategy = Orders(seed, pace(assets))
    result = run_events(Bot(assets), strategy)
    reported = [(int(f["asset"]), int(f["trade_id"])) for f in result.fills if f["local_ts"] != NO_TIME]
    status = {3: "filled", 4: "canceled"}

    assert result.error is None
    assert sorted(reported) == sorted(fill[:2] for fill in strategy.fills)
    assert [t for *_, t in strategy.fills] == sorted(t for *_, t in strategy.fills)
    assert {int(o["order_id"]) for o in result.orders} == set(strategy.lives)
    for order in result.orders:
        life = strategy.lives[int(order["order_id"])]
        assert life[0] == "pending"
        assert sum(news in ENDS for news in life) == (order["end_ts"] != 0)
        assert life.count("pending") == 1
        if order["end_ts"] != 0:
            assert life[-1] in ENDS
            assert status.get(int(order["status"]), life[-1]) == life[-1]


@pytest.mark.slow
def test_a_run_of_orders_has_all_kinds_of_news(make_bot: Callable[..., Bot]) -> None:
    """The lives that are seen on made data: acceptance, parts, ends, cancels under way."""
    strategy = Orders(1, 5_000_000)
    result = run_events(make_bot(), strategy)
    seen = Counter(news for life in strategy.lives.values() for news in life)

    assert result.error is None
    assert {"pending", "accepted", "filled", "canceling", "canceled", "expired"} <= set(seen)
    assert seen["pending"] == len(result.orders)
    assert seen["canceling"] >= seen["canceled"] > 0
