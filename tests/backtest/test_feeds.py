"""Feeds at the gate and at the edges: what is refused, what is on a tape, when a run ends."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from truefill.backtest import ALL_ASSETS, Asset, Bot, Feed, run
from truefill.core import events as ev
from truefill.core.errors import BotError, ConfigError, DataError
from truefill.core.events import EVENT, EXCH, LOCAL
from truefill.tape import Tape, build_tape, tape_events

BOTH = EXCH | LOCAL
MARKET = np.array(
    [
        (ev.DEPTH | ev.BUY | BOTH, 1_000, 1_500, 99.5, 3.0, 0, 0, 0.0),
        (ev.MARK_PRICE | BOTH, 1_900, 2_400, 99.75, 0.0, 0, 0, 0.0),
        (200 | BOTH, 1_950, 2_400, 1.5, 2.5, 77, -5, 0.125),
        (ev.DEPTH | ev.BUY | BOTH, 3_000, 3_500, 99.5, 4.0, 0, 0, 0.0),
        (ev.FUNDING | BOTH, 3_100, 3_600, 0.0001, 0.0, 0, 9_000, 0.0),
    ],
    EVENT,
)


def feed(*times: int) -> Feed:
    """Events of a kind of one's own that take no time."""
    return Feed(np.array([(201, t, t, float(t), 0.0, 0, 0, 0.0) for t in times], EVENT), name="own")


def test_a_tape_keeps_every_field(tmp_path: Path) -> None:
    """In memory, in a file, and on the way back to events."""
    expected = MARKET[[1, 2, 4]]
    for tape in (build_tape(MARKET), build_tape(MARKET, path=tmp_path / "a.tape")):
        assert expected.tolist() == tape.custom.tolist()
        kinds = tape_events(tape)["ev"] & np.uint64(ev.KIND_MASK)
        assert expected.tolist() == tape_events(tape)[np.isin(kinds, (101, 102, 200))].tolist()


def test_a_tape_without_such_fields_has_no_section_for_them() -> None:
    """So a tape that was written before there was one opens as it is."""
    tape = build_tape(np.delete(MARKET, 2))

    assert "custom_more" not in tape.header.sections
    assert [101, 102] == (tape.custom["ev"] & np.uint64(0xFF)).tolist()


def test_events_arrive_step_by_step() -> None:
    """Those of the tape and those of a feed, with the codes of their wakes, until both have ended."""
    bot = Bot(Asset(build_tape(MARKET)), feeds=[feed(1_200, 2_400, 5_000)])
    seen = []
    code = 0
    while code != 1:
        code = bot.wait_next_feed(False, 1_000)
        seen.append((code, bot.current_timestamp, len(bot.last_events(0)), len(bot.last_events(1))))

    assert [
        (2, 1_200, 0, 1),
        (2, 1_500, 0, 1),
        (2, 2_400, 2, 2),
        (0, 3_400, 2, 2),
        (2, 3_500, 2, 2),
        (2, 3_600, 3, 2),
        (0, 4_600, 3, 2),
        (1, 4_600, 3, 3),
    ] == seen
    assert (bot.start_timestamp, bot.end_timestamp) == (1_000, 5_000)
    bot.clear_last_events(0)
    assert (0, 3) == (len(bot.last_events(0)), len(bot.last_events(1)))
    bot.clear_last_events(ALL_ASSETS)
    assert 0 == len(bot.last_events(1))


def test_a_further_location_hears_later() -> None:
    bot = Bot(Asset(build_tape(MARKET), location_offset_ns=100))
    assert 0 == bot.elapse(10_000_000) - 1

    assert [2_500, 2_500, 3_700] == bot.last_events(0)["local_ts"].tolist()
    assert [1_900, 1_950, 3_100] == bot.last_events(0)["exch_ts"].tolist()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"local_ts": (1, 100)}, "in the order of their arrival"),
        ({"exch_ts": (1, 999_999)}, "at or after the exch_ts"),
        ({"exch_ts": (1, -1)}, "nanoseconds since 1970"),
        ({"ev": (1, 101 | EXCH)}, "each event once"),
        ({"ev": (1, 101 | ev.BUY | ev.SELL)}, "one side"),
        ({"ev": (1, 0)}, "with a kind"),
        ({"ev": (1, 1 << 40)}, "32 bits"),
    ],
)
def test_a_feed_that_cannot_be_right_is_refused(change: dict[str, tuple[int, int]], text: str) -> None:
    events = feed(1_000, 2_000).events.copy()
    for name, (row, value) in change.items():
        events[name][row] = value

    with pytest.raises(DataError, match=text) as raised:
        Feed(events, name="marks")

    assert "Feed marks, event 1 at local time" in str(raised.value)


def test_what_is_no_feed_is_refused() -> None:
    for events in ([1, 2], np.zeros(3), np.zeros((2, 2), EVENT), None):
        with pytest.raises(DataError, match="one row of EVENT"):
            Feed(events)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="a text as name"):
        Feed(feed(1).events, name=5)  # type: ignore[arg-type]
    tape = build_tape(MARKET)
    for feeds in (feed(1).events, [tape], 5):
        with pytest.raises(ConfigError, match="Feed objects"):
            Bot(Asset(tape), feeds=feeds)  # type: ignore[arg-type]


def test_a_feed_is_its_own() -> None:
    """It is copied, and it goes to another process whole."""
    events = feed(1_000, 2_000).events.copy()
    kept = Feed(events, name="x")
    events["px"] = 0.0

    assert [1_000.0, 2_000.0] == kept.events["px"].tolist()
    assert kept.events.tolist() == pickle.loads(pickle.dumps(kept)).events.tolist()


def wrong_number(bot: Bot, number: int) -> int:
    """Ask for a source that may not be there."""
    return len(bot.last_events(number))


def wrong_clear(bot: Bot, number: int) -> int:
    """Clear a source that may not be there."""
    bot.clear_last_events(number)
    return 0


@pytest.mark.parametrize("compiled", [False, True])
def test_a_source_that_is_not_there_is_named(compiled: bool) -> None:
    tape = build_tape(MARKET)
    for strategy in (wrong_number, wrong_clear):
        for number in (2, -5, 1 << 40):
            result = run(Bot(Asset(tape), feeds=[feed(1)]), strategy, number, compiled=compiled)
            assert isinstance(result.error, BotError)


def test_a_run_tells_of_its_feeds(tmp_path: Path) -> None:
    tape = build_tape(MARKET, path=tmp_path / "a.tape")
    result = run(
        Bot(Asset(Tape.open(tape.path)), feeds=[feed(1_000, 7_000)]), wrong_number, 1, compiled=False
    )

    assert [{"name": "own", "events": 2, "span": [1_000, 7_000]}] == result.run_data().meta["feeds"]
