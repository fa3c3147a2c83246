"""What must hold for every order of any run: when it may fill, what fills it, its place in the queue, time.

A recorded market is no closed world: nobody in the recording loses what an own order gains (the closed
world is in ``tests/core/test_closed_world.py``). What holds instead, and is proved here: each lot that an
own order of ``fifo`` gets has a lot of the market across from it, and no lot of the market is given twice.

All of it holds up to the end of the data. There the clock stops where it was, as HftBacktest's does, and
what is sent afterwards meets the book as the recording left it.
"""

import random
from bisect import bisect_right
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.differential import scripts
from tests.differential.driver import Trace, act, play
from tests.differential.engine import EngineBot, engine_bot
from tests.differential.models import EXCHANGES, FEES, FIFO, LATENCIES, QUEUES, Choice
from tests.differential.scripts import ScriptOptions, random_script
from tests.differential.setups import Market, Setup
from tests.differential.streams import Stream, StreamOptions, random_stream
from tests.support.modes import runs
from truefill.backtest.records import resting_at
from truefill.backtest.resting import ranks_of
from truefill.core import events as ev
from truefill.core.records import CANCELED, END_OF_DATA

# a run of one seed does not get simpler when the seed gets smaller: nothing to shrink
EXAMPLES = settings(
    max_examples=runs(10),
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SEEDS = st.integers(0, 2**32 - 1)
BY_NAME = {row.name: row for row in QUEUES}
ROUNDING = 1e-9


def one_market(seed: int, exchange: str, queue: str, latency: tuple[int, int]) -> Setup:
    """A setup of one asset whose order ids are not used twice."""
    rng = random.Random(seed)
    market = Market(
        stream=random_stream(rng, StreamOptions(rows=250, max_latency_ns=rng.choice((4, 60)))),
        latency=Choice(next(row for row in LATENCIES if row.name == "constant"), latency),
        queue=Choice(BY_NAME[queue]),
        fees=Choice(FEES[0], (0.0, 0.0)),
        exchange=Choice(EXCHANGES[exchange], EXCHANGES[exchange].draw(rng)),
        multiplier=1.0,
    )
    script = random_script(rng, [market.stream.mid_tick], ScriptOptions(actions=100, ids=100_000))
    return Setup([market], script, "hashmap")


def play_to_end(bot: Any, setup: Setup) -> Trace:
    """Play the script until it ends or the data does."""
    trace: Trace = []
    for action in setup.script:
        trace += play(bot, [action], setup.units, setup.ticks)
        if trace[-1]["code"] == END_OF_DATA:
            break
    return trace


@pytest.mark.parametrize("exchange", sorted(EXCHANGES))
@EXAMPLES
@given(seed=SEEDS, entry=st.sampled_from((0, 7, 300)), response=st.sampled_from((0, 40)))
def test_an_order_fills_only_while_it_is_at_the_exchange(
    exchange: str, seed: int, entry: int, response: int
) -> None:
    """Not before it arrived, nor after its cancel took effect, nor in more than it asked for."""
    setup = one_market(seed, exchange, "risk averse", (entry, response))
    sent: dict[int, int] = {}
    cancelled: dict[int, int] = {}
    trace = play_to_end(engine_bot(setup), setup)
    before = 0
    for step in trace:
        action = step["action"]
        if action.kind == scripts.SUBMIT and step["code"] in (0, 1):
            assert action.order_id not in sent
            sent[action.order_id] = before if action.wait else step["now"]
        for order in step["orders0"].values():
            if order["status"] == CANCELED:
                cancelled[order["order_id"]] = order["exch_timestamp"]
        before = step["now"]
    for fill in trace[-1]["fills0"]:
        assert fill["exch_ts"] >= fill["entry_ts"] >= sent[fill["order_id"]] + entry
        assert fill["exch_ts"] <= cancelled.get(fill["order_id"], fill["exch_ts"])
        assert fill["local_ts"] >= fill["exch_ts"] + response
        assert fill["qty_lots"] > 0


@pytest.mark.parametrize("exchange", sorted(EXCHANGES))
@EXAMPLES
@given(seed=SEEDS)
def test_time_never_turns_back(exchange: str, seed: int) -> None:
    """The clock, the feed, the reports of fills, and each order's own times only rise."""
    setup = one_market(seed, exchange, "power 3", (20, 15))
    now, feed, seen = 0, 0, 0
    stamps: dict[int, int] = {}
    for step in play_to_end(engine_bot(setup), setup):
        assert step["now"] >= now
        now = step["now"]
        if step["feed_latency0"] is not None:
            assert step["feed_latency0"][1] >= feed
            feed = step["feed_latency0"][1]
        reports = [fill["local_ts"] for fill in step["fills0"]]
        assert reports == sorted(reports)
        assert len(reports) >= seen
        seen = len(reports)
        for order_id, order in step["orders0"].items():
            assert order["exch_timestamp"] >= stamps.get(order_id, 0)
            stamps[order_id] = order["exch_timestamp"]


def places(bot: EngineBot) -> dict[int, tuple[float, int]]:
    """Quantity ahead (lots) of each order that rests, and its running number: a new place, a new number."""
    a = bot._table[0]
    if a["resting_room"] == 0:
        return {}
    rows = resting_at(a["resting_addr"], a["resting_room"])
    resting = [rows[slot] for side in (1, -1) for slot in ranks_of(a, side)]
    return {int(row["order_id"]): (float(row["front"]), int(row["arrival"])) for row in resting}


@pytest.mark.parametrize("queue", sorted(BY_NAME))
@EXAMPLES
@given(seed=SEEDS, exchange=st.sampled_from(sorted(EXCHANGES)))
def test_a_place_in_the_queue_only_gets_better(queue: str, seed: int, exchange: str) -> None:
    """What is ahead is never negative by a whole lot, and whoever comes later is behind."""
    setup = one_market(seed, exchange, queue, (5, 5))
    bot = engine_bot(setup)
    before: dict[int, tuple[float, int]] = {}
    for action in setup.script:
        if act(bot, action, setup.units) == END_OF_DATA:
            break
        now = places(bot)
        for order_id, (front, number) in now.items():
            # half a lot: a trade of whole lots may end inside an own lot when a share of one is ahead
            assert front > -0.5 - ROUNDING
            old_front, old_number = before.get(order_id, (front, number))
            assert number != old_number or max(front, 0.0) <= max(old_front, 0.0) + ROUNDING
        before = now


@EXAMPLES
@given(seed=SEEDS, queue=st.sampled_from(sorted(BY_NAME)))
def test_no_lot_of_the_market_is_given_twice(seed: int, queue: str) -> None:
    """``fifo``: makers get at most what was traded at that time, takers at most what was shown."""
    setup = one_market(seed, FIFO, queue, (5, 5))
    stream = setup.markets[0].stream
    bot = engine_bot(setup)
    play_to_end(bot, setup)
    fills = bot.fills(0)
    traded, moved = _trades(stream)
    made: dict[tuple[int, int], int] = defaultdict(int)
    taken: dict[tuple[int, int, int], int] = defaultdict(int)
    shown = _Shown(stream)
    for fill in fills:
        if fill["maker"]:
            made[fill["exch_ts"], -fill["side"]] += fill["qty_lots"]
        else:
            level = shown.level(-fill["side"], fill["price_tick"], fill["exch_ts"])
            taken[level] += fill["qty_lots"]
    for (ts, aggressor), lots in made.items():
        if ts not in moved:  # else the book itself may have crossed an own order
            assert lots <= traded[ts, aggressor]
    for level, lots in taken.items():
        assert lots <= shown.lots(level)


def _trades(stream: Stream) -> tuple[dict[tuple[int, int], int], set[int]]:
    """Lots traded at the exchange by time and aggressor; times at which the book changed as well."""
    traded: dict[tuple[int, int], int] = defaultdict(int)
    moved: set[int] = set()
    for row in stream.events:
        flags, ts = int(row["ev"]), int(row["exch_ts"])
        if not flags & ev.EXCH:
            continue
        if flags & ev.KIND_MASK == ev.TRADE:
            side = 1 if flags & ev.BUY else -1 if flags & ev.SELL else 0
            traded[ts, side] += round(float(row["qty"]) / stream.lot_size)
        elif flags & ev.KIND_MASK in (ev.DEPTH, ev.DEPTH_SNAPSHOT, ev.DEPTH_CLEAR):
            moved.add(ts)
    return traded, moved


class _Shown:
    """What the exchange's feed says of each level, and since when."""

    def __init__(self, stream: Stream) -> None:
        self.rows: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        for row in stream.events:
            flags = int(row["ev"])
            if flags & ev.EXCH and flags & ev.KIND_MASK in (ev.DEPTH, ev.DEPTH_SNAPSHOT):
                side, tick = 1 if flags & ev.BUY else -1, round(float(row["px"]) / stream.tick_size)
                lots = round(float(row["qty"]) / stream.lot_size)
                self.rows[side, tick].append((int(row["exch_ts"]), lots))

    def level(self, side: int, tick: int, ts: int) -> tuple[int, int, int]:
        """A level as one row set it: side, tick, and which row."""
        return side, tick, bisect_right([at for at, _ in self.rows[side, tick]], ts) - 1

    def lots(self, level: tuple[int, int, int]) -> int:
        """Lots that the row says."""
        side, tick, number = level
        assert number >= 0
        return self.rows[side, tick][number][1]
