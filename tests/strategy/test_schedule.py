"""Schedules: each wakes where a plain count over the events says, in both worlds, whatever the market."""

import random
from typing import Any

import numpy as np
import pytest

from tests.differential.streams import StreamOptions, random_stream
from tests.support.modes import INTERPRETED, runs
from tests.twin.book import ASK, BID, TwinBook
from truefill import Asset, Bot, ConfigError
from truefill.core import events as ev
from truefill.core.jit import compile_user
from truefill.strategy import (
    daily,
    every,
    every_best_changes,
    every_feed_events,
    every_trades,
    every_volume,
    time_of_day,
)
from truefill.synthetic import make_market
from truefill.tape import Tape, build_tape

S = 1_000_000_000
DAY = 86_400 * S
KINDS = ("volume", "trades", "bests", "feeds")


@pytest.fixture(scope="module")
def tape() -> Tape:
    """Twenty seconds of a made market."""
    return build_tape(make_market(20, seed=3), symbol="CLOCK.SYNTH", venue="synthetic")


def counts_of(stream: Any) -> dict[str, list[tuple[int, int]]]:
    """By event clock: (local time, count so far) after each moment at which feed arrives."""
    rows = [row for row in stream.events if int(row["ev"]) & ev.LOCAL]
    book, best = TwinBook(), (None, None)
    count = dict.fromkeys(KINDS, 0)
    found: dict[str, list[tuple[int, int]]] = {kind: [] for kind in KINDS}
    for i, row in enumerate(rows):
        flags = int(row["ev"])
        kind = flags & ev.KIND_MASK
        side = BID if flags & ev.BUY else ASK if flags & ev.SELL else 0
        px, tick = float(row["px"]), 0
        if kind in (ev.DEPTH, ev.DEPTH_SNAPSHOT, ev.DEPTH_CLEAR) and np.isfinite(px):
            tick = round(px / stream.tick_size)
        if kind in (ev.DEPTH, ev.DEPTH_SNAPSHOT) and side:
            book.set(side, tick, round(float(row["qty"]) / stream.lot_size))
        elif kind == ev.DEPTH_CLEAR:
            for each in (BID, ASK):
                if side in (each, 0):
                    book.clear(each, tick if side and tick else None)
        elif kind == ev.TRADE:
            count["trades"] += 1
            count["volume"] += round(float(row["qty"]) / stream.lot_size)
        if i + 1 < len(rows) and rows[i + 1]["local_ts"] == row["local_ts"]:
            continue
        count["feeds"] += 1
        count["bests"] += best != (book.best[BID], book.best[ASK])
        best = book.best[BID], book.best[ASK]
        for name in KINDS:
            found[name].append((int(row["local_ts"]), count[name]))
    return found


def marks(counted: list[tuple[int, int]], step: int, from_count: int = 0) -> list[int]:
    """Times at which a count goes over one or more multiples of `step`."""
    times, reached = [], 0
    for ts, count in counted:
        if (count - from_count) // step > reached:
            reached = (count - from_count) // step
            times.append(ts)
    return times


def wakes(bot: Any, kind: int, step: float) -> Any:
    """Times at which an event clock wakes the strategy."""
    if kind == 0:
        clock = every_volume(0, step)
    elif kind == 1:
        clock = every_trades(0, int(step))
    elif kind == 2:
        clock = every_best_changes(0, int(step))
    else:
        clock = every_feed_events(0, int(step))
    times = [np.int64(0) for _ in range(0)]
    while clock.wait(bot) == 0:
        times.append(bot.current_timestamp)
        bot.clear_last_trades(0)
    return times


def looks(bot: Any, kind: int, step: float, ns: int) -> Any:
    """Times of a strategy that steps through time and asks an event clock."""
    clock = every_volume(0, step) if kind == 0 else every_trades(0, int(step))
    times = [np.int64(0) for _ in range(0)]
    while bot.elapse(ns) == 0:
        if clock.due(bot):
            times.append(bot.current_timestamp)
        bot.clear_last_trades(0)
    return times


def setup(seed: int) -> tuple[Any, Any]:
    rng = random.Random(seed)
    stream = random_stream(rng, StreamOptions(rows=500, partial_clears=True))
    tape = build_tape(
        stream.events, symbol="CLOCK.TEST", tick_size=stream.tick_size, lot_size=stream.lot_size
    )
    return stream, tape


@pytest.mark.parametrize("kind", range(4), ids=KINDS)
def test_event_clocks_wake_at_the_event_that_reaches_the_mark(kind: int) -> None:
    """Random markets against a plain count; no mark is passed over."""
    compiled = compile_user(wakes, cache=False)
    total = 0
    for seed in range(runs(24)):
        stream, tape = setup(seed)
        counted = counts_of(stream)[KINDS[kind]]
        step = 1 + seed % 7 * (3 if kind == 0 else 1)
        expected = marks(counted[:-1], step)  # the last event ends the data
        size = step * stream.lot_size if kind == 0 else float(step)
        for wake in (wakes, compiled):
            assert expected == list(wake(Bot([Asset(tape)]), kind, size)), f"seed {seed}"
        total += len(expected)
    assert total > runs(100)


@pytest.mark.parametrize("kind", range(2), ids=KINDS[:2])
def test_due_sees_what_came_between(kind: int) -> None:
    """A strategy that steps and clears trades: due at the first look after each mark."""
    compiled = compile_user(looks, cache=False)
    for seed in range(30, 30 + runs(8)):
        stream, tape = setup(seed)
        counted = counts_of(stream)[KINDS[kind]]
        bot = Bot([Asset(tape)])
        begin, ns = bot.current_timestamp, 37
        begin_at = begin + ns  # asked for the first time
        seen = [(begin + ns * (i + 1), 0) for i in range((counted[-1][0] - begin) // ns)]
        seen = [(ts, max((n for t, n in counted if t <= ts), default=0)) for ts, _ in seen]
        first = max((n for t, n in counted if t <= begin_at), default=0)
        step = 2 + seed % 5
        expected = marks(seen[1:], step, first)
        size = step * stream.lot_size if kind == 0 else float(step)
        for look in (looks, compiled):
            actual = [t for t in look(Bot([Asset(tape)]), kind, size, ns) if t < counted[-1][0]]
            assert expected == actual, f"seed {seed}"


def steps(bot: Any, interval: int, aligned: bool, offset: int) -> Any:
    clock = every(interval, aligned, offset)
    times = [np.int64(0) for _ in range(0)]
    while clock.wait(bot) == 0:
        times.append(bot.current_timestamp)
    return times


@pytest.mark.parametrize(
    ("aligned", "offset"), [(False, 0), (False, 300_000_000), (True, 0), (True, 250_000_000)]
)
def test_every(tape: Any, aligned: bool, offset: int) -> None:
    """Counted from the start, or on the whole second (and a quarter)."""
    begin, end = Bot([Asset(tape)]).start_timestamp, Bot([Asset(tape)]).end_timestamp
    base = offset if aligned else begin + offset
    grid = range(base % S + begin // S * S - 2 * S, end + S, S)
    expected = [ts for ts in grid if begin < ts < end]

    assert len(expected) > 15
    for function in (steps, compile_user(steps, cache=False)):
        assert expected == list(function(Bot([Asset(tape)]), S, aligned, offset))


def quiet_days(days: int) -> Any:
    """One row every six hours, over some days."""
    rows = np.zeros(4 * days + 1, ev.EVENT)
    rows["ev"] = ev.DEPTH | ev.EXCH | ev.LOCAL | ev.BUY
    rows["exch_ts"] = 20_000 * DAY + 6 * 3600 * S * np.arange(len(rows))
    rows["local_ts"] = rows["exch_ts"] + 5
    rows["px"], rows["qty"] = 1.0, 1 + np.arange(len(rows)) % 2
    return build_tape(rows, symbol="DAYS.TEST", tick_size=1.0, lot_size=1.0)


OPEN, CLOSE = time_of_day("09:30"), time_of_day("16:00:00.5")


def days(bot: Any) -> Any:
    clock = daily((CLOSE, OPEN))
    times = [np.int64(0) for _ in range(0)]
    while clock.wait(bot) == 0:
        times.append(bot.current_timestamp)
    return times


def test_daily() -> None:
    """At the open and the close of each day, in order of time."""
    expected = [20_000 * DAY + d * DAY + t for d in range(3) for t in (OPEN, CLOSE)]

    for function in (days, compile_user(days, cache=False)):
        assert expected == list(function(Bot([Asset(quiet_days(3))])))


def test_marks_that_passed_together_count_as_one() -> None:
    """A strategy that was away for three marks is due once, and next at the fourth."""
    bot, clock = Bot([Asset(quiet_days(1))]), every(100)

    assert not clock.due(bot)
    bot.elapse(350)
    assert clock.due(bot) and not clock.due(bot)
    assert 0 == clock.wait(bot)
    assert 400 == bot.current_timestamp - bot.start_timestamp
    bot.elapse(150)
    assert 0 == clock.wait(bot)  # at once: 500 has passed
    assert 550 == bot.current_timestamp - bot.start_timestamp


def test_volumes_add_up_exactly() -> None:
    """Ten trades of 0.1 are 1: no mark comes an event late."""
    rows = np.zeros(201, ev.EVENT)
    rows["ev"] = ev.TRADE | ev.EXCH | ev.LOCAL | ev.BUY
    rows["exch_ts"] = 1000 + 10 * np.arange(len(rows))
    rows["local_ts"] = rows["exch_ts"] + 1
    rows["px"], rows["qty"] = 1.0, 0.1
    tape = build_tape(rows, symbol="TENTHS.TEST", tick_size=1.0, lot_size=0.1)
    bot, clock = Bot([Asset(tape)]), every_volume(0, 0.7)
    trades = []
    while clock.wait(bot) == 0:
        trades.append(bot.activity(0).trades)

    assert list(range(7, 201, 7)) == trades


def test_activity_is_a_snapshot(tape: Any) -> None:
    """What was given does not change later, and a clearing of trades changes nothing."""
    bot = Bot([Asset(tape)])
    bot.elapse(5 * S)
    before = bot.activity(0)
    bot.clear_last_trades(0)
    assert before == bot.activity(0)
    bot.elapse(5 * S)
    after = bot.activity(0)

    assert all(old < new for old, new in zip(before, after, strict=True))
    assert len(bot.last_trades(0)) == after.trades - before.trades


BAD: list[tuple[Any, tuple[Any, ...]]] = [
    (every, (0,)),
    (every, (1.5,)),
    (every, ("1s",)),
    (every, (10, "yes")),
    (every, (10, True, 2**63)),
    (daily, ((),)),
    (daily, ((DAY,),)),
    (daily, ((-1,),)),
    (daily, (5,)),
    (daily, (("09:30",),)),
    (every_volume, (0, 0.0)),
    (every_volume, (0, float("nan"))),
    (every_volume, (-1, 1.0)),
    (every_trades, (0, 0)),
    (every_trades, (0, 2.0)),
    (every_best_changes, (0, -3)),
    (every_feed_events, ("0", 3)),
    (time_of_day, ("24:00",)),
    (time_of_day, ("9",)),
    (time_of_day, ("09:61",)),
    (time_of_day, ("09:30:1:2",)),
    (time_of_day, ("٠٩:30",)),
    (time_of_day, (930,)),
]


@pytest.mark.parametrize(("function", "arguments"), BAD, ids=lambda x: getattr(x, "__name__", str(x)))
def test_what_cannot_be_meant(function: Any, arguments: tuple[Any, ...]) -> None:
    """A typed error that says what is wanted."""
    with pytest.raises(ConfigError):
        function(*arguments)


@pytest.mark.skipif(INTERPRETED, reason="about compiled code")
def test_the_same_errors_in_compiled_code() -> None:
    """Numbers that only show when it runs."""

    def makes(which: int, number: int, qty: float) -> int:
        if which == 0:
            every(number)
        elif which == 1:
            every_volume(0, qty)
        elif which == 2:
            every_trades(0, number)
        else:
            daily((number, 5))
        return 0

    compiled = compile_user(makes, cache=False)
    assert [0, 0, 0, 0] == [compiled(which, 7, 1.0) for which in range(4)]
    for which in range(4):
        with pytest.raises(ConfigError):
            compiled(which, 0 if which < 3 else -1, -1.0)


def from_outside(bot: Any, params: Any) -> int:
    count = 0
    while params[0].wait(bot) == 0:
        count += 1
    return count


def test_a_schedule_from_outside(tape: Any) -> None:
    """It can be an argument, too: alone in a tuple of parameters."""
    for function in (from_outside, compile_user(from_outside, cache=False)):
        assert 19 == function(Bot([Asset(tape)]), (every(S), 1.0))


@pytest.mark.parametrize(
    ("given", "ns"), [("00:00", 0), ("09:30", 34_200 * S), ("23:59:59.25", DAY - S * 3 // 4)]
)
def test_time_of_day(given: str, ns: int) -> None:
    """Texts are read exactly."""
    assert ns == time_of_day(given)
