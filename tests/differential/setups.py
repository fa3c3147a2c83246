"""One random setup (assets, latencies, models, script) and how each package builds it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.differential import faults
from tests.differential.driver import Trace, play
from tests.differential.hft import HftBot
from tests.differential.scripts import Action, ScriptOptions, random_script
from tests.differential.streams import Stream, StreamOptions, random_stream
from tests.twin import (
    FlatFees,
    LogQueue2,
    PowerQueue,
    QtyFees,
    RiskAverse,
    TwinAsset,
    TwinBot,
    TwinLatency,
    ValueFees as Fees,
)

FIFO, NO_PARTIAL_FILL = "fifo", "no_partial_fill"
QUEUES: tuple[Callable[[], RiskAverse], ...] = (
    RiskAverse,
    LogQueue2,
    lambda: PowerQueue(1.0),
    lambda: PowerQueue(3.0),
    lambda: PowerQueue(0.7),
)


@dataclass(frozen=True)
class Setup:
    """All that a run is made from."""

    streams: list[Stream]
    script: list[Action]
    latency: TwinLatency
    queue: RiskAverse
    fees: Fees
    exchange: str
    multiplier: float

    @property
    def units(self) -> list[tuple[float, float]]:
        """(tick size, lot size) of each asset."""
        return [(s.tick_size, s.lot_size) for s in self.streams]

    @property
    def ticks(self) -> list[range]:
        """Levels of each book to look at."""
        return [range(s.mid_tick - 6, s.mid_tick + 7) for s in self.streams]


def random_setup(seed: int, exchange: str, for_hft: bool = False) -> Setup:
    """Make one; ``for_hft`` leaves out what HftBacktest cannot do or does wrong (``faults``)."""
    rng = random.Random(seed)
    options = StreamOptions(
        rows=rng.choice((60, 500, 900)), partial_clears=not for_hft, empty_books=rng.random() < 0.5
    )
    streams = [random_stream(rng, options) for _ in range(rng.choice((1, 1, 2, 3)))]
    script_options = ScriptOptions(
        actions=rng.choice((30, 120)), step_first=for_hft, endless=0.0 if for_hft else 0.01
    )
    script = random_script(rng, [s.mid_tick for s in streams], script_options)
    rates = rng.choice(((0.0002, 0.0005), (-0.0001, 0.0003), (0.0, 0.0)))
    return Setup(
        streams=streams,
        script=script,
        latency=_random_latency(rng, for_hft),
        queue=rng.choice(QUEUES)(),
        fees=rng.choice((Fees, QtyFees, FlatFees))(*rates),
        exchange=exchange,
        multiplier=rng.choice((1.0, 1.0, 0.01)),
    )


def _random_latency(rng: random.Random, for_hft: bool) -> TwinLatency:
    entry, response = rng.choice(((0, 0), (10, 0), (0, 15), (30, 20), (7, 90)))
    latency = TwinLatency(entry_ns=entry, response_ns=response)
    if rng.random() < 0.05:
        return replace(latency, entry_ns=-rng.randint(1, 30))
    if not for_hft and rng.random() < 0.06:  # each compiles a latency model
        kinds = [rng.choice((None, 5, 50, -20)) for _ in range(2)]
        return replace(latency, cancel_ns=kinds[0], modify_ns=kinds[1])
    return latency


def twin_bot(setup: Setup) -> TwinBot:
    """The twin of a setup."""
    return TwinBot(
        [
            TwinAsset(
                events=s.events,
                tick_size=s.tick_size,
                lot_size=s.lot_size,
                latency=setup.latency,
                queue=setup.queue,
                exchange=setup.exchange,
                fees=setup.fees,
                multiplier=setup.multiplier,
            )
            for s in setup.streams
        ]
    )


def hft_bot(setup: Setup) -> HftBot:
    """HftBacktest on a setup."""
    import hftbacktest

    assets = []
    for s in setup.streams:
        asset = hftbacktest.BacktestAsset().data(s.events).tick_size(s.tick_size).lot_size(s.lot_size)
        asset = asset.linear_asset(setup.multiplier).last_trades_capacity(10)
        asset = asset.constant_order_latency(setup.latency.entry_ns, setup.latency.response_ns)
        asset = asset.no_partial_fill_exchange().parallel_load(False)
        match setup.queue:
            case PowerQueue(n):
                asset = asset.power_prob_queue_model(n)
            case LogQueue2():
                asset = asset.log_prob_queue_model2()
            case _:
                asset = asset.risk_adverse_queue_model()
        rates = setup.fees.maker, setup.fees.taker
        match setup.fees:
            case QtyFees():
                asset = asset.trading_qty_fee_model(*rates)
            case FlatFees():
                asset = asset.flat_per_trade_fee_model(*rates)
            case _:
                asset = asset.trading_value_fee_model(*rates)
        assets.append(asset)
    return HftBot(assets, [s.events for s in setup.streams])


def play_twin_for_hft(setup: Setup) -> tuple[Trace, int]:
    """The twin's trace, and the number of steps before the run came to a fault of HftBacktest."""
    bot = twin_bot(setup)
    trace: Trace = []
    clean = 0
    for action in setup.script:
        trace += play(bot, [action], setup.units, setup.ticks, faults.avoid)
        if not bot.touched & faults.ENDING:
            clean = len(trace)
    return trace, clean
