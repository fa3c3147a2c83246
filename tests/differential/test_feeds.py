"""Events beside books and trades reach the strategy in time order: as the twin says, compiled or not."""

import random
from typing import Any

import numpy as np
import pytest

from tests.differential.compare import first_difference
from tests.differential.driver import act, observe
from tests.differential.engine import EngineBot, engine_bot
from tests.differential.setups import Setup, random_setup, twin_bot
from tests.differential.streams import BASE_TS
from tests.support.modes import runs
from truefill.backtest import Bot, Feed, run
from truefill.core import events as ev
from truefill.core.events import EVENT


def random_feed(rng: random.Random, span: int) -> np.ndarray:
    """Events of any kind; many at the times of others, some before the tapes begin, some after they end."""
    rows = []
    local = BASE_TS + rng.randint(-50, 50)
    for number in range(rng.randint(0, 80)):
        local += rng.choice((0, 0, 1, 3, rng.randint(1, span // 20 + 2)))
        kind = rng.choice((ev.MARK_PRICE, ev.FUNDING, ev.TRADE | ev.BUY, 200))
        exch = local - rng.randint(0, 40)
        rows.append((kind, exch, local, rng.random(), rng.random(), number, -number, rng.random()))
    return np.array(rows, EVENT)


def events_of(bot: Any, number: int) -> list[tuple[Any, ...]]:
    """What `last_events` gives, as plain values."""
    names = ("exch_ts", "local_ts", "px", "qty", "order_id", "ival", "fval")
    return [(int(e["ev"]) & 0x300000FF, *(e[n].item() for n in names)) for e in bot.last_events(number)]


def play(bot: Any, setup: Setup, feeds: int, seed: int) -> list[dict[str, Any]]:
    """Play a setup's script and read all events after each action; now and then they are cleared."""
    rng = random.Random(seed)
    sources = len(setup.markets) + feeds
    trace: list[dict[str, Any]] = []
    for action in setup.script:
        code = act(bot, action, setup.units)
        seen = {f"events{k}": events_of(bot, k) for k in range(sources) if rng.random() < 0.5}
        trace.append({"action": action, "code": code, **observe(bot, setup.ticks), **seen})
        if rng.random() < 0.3:
            bot.clear_last_events(rng.randrange(sources))
    trace.append({"action": None, **{f"events{k}": events_of(bot, k) for k in range(sources)}})
    return trace


def setup_with_feeds(seed: int) -> tuple[Setup, list[np.ndarray]]:
    """A random setup and up to three feeds beside it."""
    setup = random_setup(seed, "fifo")
    rng = random.Random(seed)
    last = max(int(market.stream.events["local_ts"].max(initial=BASE_TS)) for market in setup.markets)
    feeds = [random_feed(rng, rng.choice((1, 2)) * (last - BASE_TS)) for _ in range(rng.randint(0, 3))]
    return setup, feeds


def test_the_engine_delivers_what_the_twin_delivers() -> None:
    """Codes, times, books, orders and every field of every event, in every step."""
    delivered = 0
    for seed in range(runs(24)):
        setup, feeds = setup_with_feeds(seed)
        twin = twin_bot(setup, feeds)
        engine = engine_bot(setup)
        bot = EngineBot(engine.assets, compute_ns=setup.compute_ns, feeds=[Feed(rows) for rows in feeds])
        expected, actual = (play(b, setup, len(feeds), seed) for b in (twin, bot))
        found = first_difference(expected, actual, set())

        assert found is None, f"seed {seed}: twin != engine at {found}"
        delivered += sum(len(v) for step in actual for k, v in step.items() if k.startswith("events"))

    assert delivered > 100


def watcher(bot: Bot) -> list[tuple[int, int, int, float]]:
    """Wake for everything; what came, summed up by source."""
    found = []
    code = bot.wait_next_feed(True, 30)
    while code in (0, 2, 3) and len(found) < 2_000:  # one stream's last event comes seven minutes later
        for k in range(bot.num_assets + bot.num_feeds):
            events = bot.last_events(k)
            total = 0.0
            for i in range(len(events)):
                total += (i + 1) * (events[i].px + events[i].fval) + events[i].order_id
                total += float(events[i].exch_ts % 1000 + events[i].local_ts % 1000)
            found.append((bot.current_timestamp, code, len(events), total))
        if len(found) % 3 == 0:
            bot.clear_last_events(-1)
        if len(found) % 5 == 0:
            bot.clear_last_events(0)
        code = bot.wait_next_feed(True, 30)
    return found


@pytest.mark.compiled_only
def test_compiled_strategies_see_the_same() -> None:
    for seed in range(4):
        setup, feeds = setup_with_feeds(seed)
        assets = engine_bot(setup).assets
        seen = []
        for compiled in (True, False):
            bot = Bot(assets, feeds=[Feed(rows) for rows in feeds])
            result = run(bot, watcher, compiled=compiled)
            assert result.error is None
            seen.append((result.returned, result.timestamp))

        assert len(seen[0][0]) > 20
        assert seen[0] == seen[1]
