"""Random setups with streams of single orders, alone or beside a stream of levels."""

import random
from collections.abc import Sequence

import numpy as np

from tests.differential.models import EXCHANGES, FEES, LATENCIES, QUEUES, Choice, Row, choose, nothing
from tests.differential.scripts import ScriptOptions, random_script
from tests.differential.setups import Market, Setup
from tests.differential.streams import Stream, StreamOptions, normalise, random_stream
from tests.tape.order_streams import OrderOptions, as_events, random_orders
from tests.twin import ExactQueue
from truefill.backtest.models.queue import L3FifoQueue
from truefill.core.events import EXCH, LOCAL

EXACT = Row("exact", ExactQueue, L3FifoQueue, lambda a: a.l3_fifo_queue_model(), nothing)


def order_stream(rng: random.Random, options: OrderOptions) -> Stream:
    """One asset's single orders."""
    tick, lot = rng.choice((0.1, 0.25, 1.0)), rng.choice((0.001, 0.125, 1.0))
    rows = as_events(random_orders(rng, options), tick, lot)
    rows["ev"] &= ~np.uint64(EXCH | LOCAL)
    return Stream(normalise(rows), tick, lot, options.mid)


def random_order_setup(
    seed: int, exchange: str, for_hft: bool = False, by_level: Sequence[Row] = ()
) -> Setup:
    """One or two assets of single orders, now and then one of levels beside them.

    With `by_level` all of them have one of these queue models, not the exact one.
    """
    rng = random.Random(seed)
    markets = []
    for number in range(rng.choice((1, 1, 2))):
        options = OrderOptions(
            messages=rng.choice((80, 500, 900)),
            mid=rng.randint(300, 2000),
            fills=for_hft or rng.random() < 0.7,
            faults=not for_hft and rng.random() < 0.5,
            clears=0.002 if for_hft else 0.01,
            crossing=0.005 if for_hft else 0.02,
            max_latency_ns=1 if for_hft or rng.random() < 0.3 else 60,
        )
        queue = Choice(EXACT)
        if not for_hft and rng.random() < 0.15:
            queue = choose(rng, QUEUES[:5], for_hft)
        if by_level:
            queue = choose(rng, by_level, for_hft)
        markets.append(_market(rng, order_stream(rng, options), queue, exchange, for_hft))
        if number == 0 and rng.random() < 0.3:
            stream = random_stream(rng, StreamOptions(rows=500, partial_clears=not for_hft))
            markets.append(_market(rng, stream, choose(rng, QUEUES[:3], for_hft), exchange, for_hft))
    mids = [m.stream.mid_tick for m in markets]
    script = random_script(rng, mids, ScriptOptions(actions=rng.choice((40, 150)), step_first=for_hft))
    return Setup(markets, script, "hashmap" if rng.random() < 0.5 else "roivector")


def _market(rng: random.Random, stream: Stream, queue: Choice, exchange: str, for_hft: bool) -> Market:
    return Market(
        stream=stream,
        latency=choose(rng, LATENCIES[:2], for_hft),
        queue=queue,
        fees=choose(rng, FEES[:3], for_hft),
        exchange=choose(rng, [EXCHANGES[exchange]], for_hft),
        multiplier=1.0,
        risk=None,
        location_ns=0,
    )
