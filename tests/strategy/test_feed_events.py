"""Index, mark price, funding and other events through callbacks: both styles, subscriptions, edges."""

from typing import Any

import numpy as np
import pytest

from tests.strategy.conftest import MS, random_assets, random_feeds
from tests.strategy.twin import EVENT, EVENT_NAMES, market_diary
from truefill.backtest import Asset, Bot, ConstantLatency, Feed
from truefill.core import events as ev
from truefill.core.errors import StrategyError
from truefill.core.events import EVENT as RECORD
from truefill.strategy import Callbacks, Strategy, new_state, run_events
from truefill.tape import Tape, build_tape

ROOM = 4_000
NUMBERS = {"on_index_price": 100, "on_mark_price": 101, "on_funding_rate": 102, "on_event": 0}


def make_state() -> Any:
    """A log of what was told: time of the event, callback, source, fields added up."""
    return new_state(count=0, log=np.zeros((ROOM, 4)))


def on_index_price(bot: Any, state: Any, event: Any) -> None:
    row = state.log[state.count]
    state.count += 1
    row[0], row[1], row[2], row[3] = event.local_ts, 100, event.source, event.px + event.exch_ts % 1000


def on_mark_price(bot: Any, state: Any, event: Any) -> None:
    row = state.log[state.count]
    state.count += 1
    row[0], row[1], row[2], row[3] = event.local_ts, 101, event.source, event.px + 2.0 * event.ival


def on_funding_rate(bot: Any, state: Any, event: Any) -> None:
    row = state.log[state.count]
    state.count += 1
    row[0], row[1], row[2], row[3] = event.local_ts, 102, event.source, event.px + 3.0 * event.qty


def on_event(bot: Any, state: Any, event: Any) -> None:
    row = state.log[state.count]
    state.count += 1
    row[0], row[1], row[2], row[3] = event.local_ts, 0, event.source, event.fval + float(event.order_id)


FUNCTIONS = {
    "on_index_price": on_index_price,
    "on_mark_price": on_mark_price,
    "on_funding_rate": on_funding_rate,
    "on_event": on_event,
}


def expected_log(diary: list[tuple[Any, ...]]) -> list[list[float]]:
    """What the functions above write down of a diary of the twin."""
    found = []
    for timestamp, rank, source, *what in diary:
        if rank == EVENT:
            name, _, exch_ts, px, qty, order_id, ival, fval = what
            value = {
                "on_index_price": px + exch_ts % 1000,
                "on_mark_price": px + 2.0 * ival,
                "on_funding_rate": px + 3.0 * qty,
                "on_event": fval + float(order_id),
            }[name]
            found.append([float(timestamp), float(NUMBERS[name]), float(source), value])
    return found


@pytest.mark.slow
def test_functions_are_told_what_the_twin_says() -> None:
    """Compiled and plain: each event once, in order, with its source and its fields."""
    strategy = Callbacks(**FUNCTIONS)
    kinds: set[float] = set()
    for seed in range(6):
        assets, compute_ns = random_assets(seed)
        feeds = random_feeds(seed)
        expected = expected_log(market_diary(assets, feeds))
        for compiled in (True, False):
            state = make_state()
            result = run_events(Bot(assets, feeds=feeds), strategy, state, compiled=compiled)
            assert result.error is None
            assert expected == state.log[: state.count].tolist()
        busy = make_state()
        run_events(Bot(assets, feeds=feeds, compute_ns=compute_ns + 20), strategy, busy)
        assert expected == busy.log[: busy.count].tolist()
        kinds |= {row[1] for row in expected}

    assert kinds == {0.0, 100.0, 101.0, 102.0}
    assert set(EVENT_NAMES) == {100, 101, 102}


BOTH = ev.EXCH | ev.LOCAL


def event(kind: int, time: int, price: float) -> tuple[Any, ...]:
    return kind, time - 500, time, price, 0.0, 0, 0, 0.0


@pytest.fixture
def tape() -> Tape:
    """A book of one bid and one ask, a mark price and an event of one's own on the way, 20 ms."""
    rows = [
        event(ev.DEPTH | ev.BUY | BOTH, 1_000, 99.0),
        event(ev.DEPTH | ev.SELL | BOTH, 1_000, 101.0),
        event(ev.MARK_PRICE | BOTH, 5 * MS, 100.5),
        event(200 | BOTH, 6 * MS, 7.0),
        event(ev.DEPTH | ev.BUY | BOTH, 20 * MS, 98.0),
    ]
    table = np.array(rows, RECORD)
    table["qty"] = np.where(table["ev"] & np.uint64(0xFF) == ev.DEPTH, 5.0, 0.0)
    return build_tape(table, tick_size="0.5", lot_size="1", symbol="ABC.TEST")


def feed(*events: tuple[Any, ...]) -> Feed:
    return Feed(np.array(list(events), RECORD))


class Hears(Strategy):
    """Keeps what it is told."""

    sources: tuple[int, ...] = ()

    def on_start(self) -> None:
        self.seen: list[tuple[int, str, int, float]] = []
        self.left = 0
        if self.sources:
            self.subscribe_event(*self.sources)

    def on_event(self, event: Any) -> None:
        self.seen.append((self.now, "event", int(event.source), float(event.px)))

    def on_stop(self) -> None:
        self.left = len(self.bot.last_events(0))


def test_subscriptions_narrow_events_to_sources(tape: Tape) -> None:
    """What is not told stays for `bot.last_events`; a feed's trades and books are events."""
    feeds = [feed(event(204, 2 * MS, 1.0)), feed(event(ev.TRADE | ev.BUY, 3 * MS, 2.0))]
    everything = Hears()
    run_events(Bot([Asset(tape)], feeds=feeds), everything)
    assert everything.seen == [
        (2 * MS, "event", 1, 1.0),
        (3 * MS, "event", 2, 2.0),
        (6 * MS, "event", 0, 7.0),
    ]
    assert everything.left == 0

    some = type("Some", (Hears,), {"sources": (2,)})()
    result = run_events(Bot([Asset(tape)], feeds=feeds), some)
    assert result.error is None
    assert some.seen == [(3 * MS, "event", 2, 2.0)]
    assert some.left == 2

    none = type("None", (Hears,), {"sources": (3,)})()
    failed = run_events(Bot([Asset(tape)], feeds=feeds), none)
    assert isinstance(failed.error, StrategyError)
    assert "asset or feed from 0 to 2" in str(failed.error.__cause__)


def test_an_event_is_a_copy_that_may_be_kept(tape: Tape) -> None:
    """As all events of a class."""
    keeper = type("Keeper", (Hears,), {"on_event": lambda self, event: self.seen.append(event)})()
    run_events(Bot([Asset(tape)], feeds=[feed(event(200, MS, 1.0), event(201, 9 * MS, 2.0))]), keeper)
    assert [1.0, 7.0, 2.0] == [float(e.px) for e in keeper.seen]


def test_an_event_does_not_hide_an_answer(tape: Tape) -> None:
    """One asset: an order's answer that comes with a feed's event is told at that moment, not later."""

    class Waits(Strategy):
        timers = ("1ms",)

        def on_timer(self, timer: Any) -> None:
            timer.next_ts = 2**63 - 1
            self.sent = self.now
            self.buy(0, 98.0, 1.0)

        def on_accepted_order(self, order: Any) -> None:
            self.heard = self.now

    strategy = Waits()
    start = Bot([Asset(tape)]).start_timestamp
    answered = start + 3 * MS  # sent after 1 ms
    asset = Asset(tape, latency=ConstantLatency(MS, MS))
    result = run_events(Bot([asset], feeds=[feed(event(200, answered, 1.0))]), strategy)

    assert result.error is None
    assert strategy.sent == start + MS
    assert strategy.heard == answered


def test_an_error_names_the_feed(tape: Tape) -> None:
    def fails(bot: Any, state: Any, event: Any) -> None:
        raise ValueError("no")

    result = run_events(Bot([Asset(tape)], feeds=[feed(event(200, MS, 1.0))]), Callbacks(on_event=fails))
    assert isinstance(result.error, StrategyError)
    assert f"on_event, event 2 of feed 0, time {MS}" in str(result.error)


def test_a_strategy_without_these_callbacks_has_the_events_for_itself(tape: Tape) -> None:
    """Nothing is taken, and feeds do not wake a strategy of timers."""

    class Timers(Strategy):
        timers = ("4ms",)

        def on_start(self) -> None:
            self.moments: list[tuple[int, int]] = []

        def on_timer(self, timer: Any) -> None:
            self.moments.append((self.now, len(self.bot.last_events(0))))

    strategy = Timers()
    bot = Bot([Asset(tape)], feeds=[feed(*(event(200, MS + i, 1.0) for i in range(100)))])
    start = bot.start_timestamp
    run_events(bot, strategy)
    assert strategy.moments == [(start + 4 * MS, 0)] + [(start + k * MS, 2) for k in (8, 12, 16)]
