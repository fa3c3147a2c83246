"""One random setup (assets with their models, and a script) and how each package builds it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from tests.differential import faults
from tests.differential.driver import Trace, play
from tests.differential.hft import BOOKS, HftBot
from tests.differential.models import (
    CONSTANT,
    EXCHANGES,
    FEES,
    FIFO,
    LATENCIES,
    NO_PARTIAL_FILL,
    QUEUES,
    Choice,
    Limits,
    choose,
    random_limits,
)
from tests.differential.scripts import Action, ScriptOptions, random_script
from tests.differential.streams import Stream, StreamOptions, random_stream
from tests.twin import TwinAsset, TwinBot
from tests.twin.ledger import worth
from truefill.core.limits import VenueLimits
from truefill.core.self_trade import MODE_NAMES

__all__ = ["FIFO", "NO_PARTIAL_FILL", "Market", "Setup", "hft_bot", "play_twin_for_hft", "random_setup"]


@dataclass(frozen=True)
class Market:
    """One asset: its data and its models."""

    stream: Stream
    latency: Choice
    queue: Choice
    fees: Choice
    exchange: Choice
    multiplier: float
    risk: Limits | None = None
    location_ns: int = 0  # further from the exchange than where the stream was recorded
    self_trade: str = "none"
    limits: VenueLimits | None = None
    inverse: bool = False  # the contract
    overtaking: bool = False  # messages may overtake each other
    stop_trigger: str = "trade"
    marks: tuple[tuple[int, float], ...] = ()  # exchange time and ticks, for the trigger "mark"


@dataclass(frozen=True)
class Setup:
    """All that a run is made from."""

    markets: list[Market]
    script: list[Action]
    book: str  # which of HftBacktest's
    compute_ns: int = 0

    @property
    def units(self) -> list[tuple[float, float]]:
        """(tick size, lot size) of each asset."""
        return [(m.stream.tick_size, m.stream.lot_size) for m in self.markets]

    @property
    def ticks(self) -> list[range]:
        """Levels of each book to look at."""
        return [range(m.stream.mid_tick - 6, m.stream.mid_tick + 7) for m in self.markets]

    @property
    def names(self) -> set[str]:
        """What the setup is made of, to count what has been proved."""
        used = {f"{len(self.markets)} assets", f"book {self.book}"}
        used |= {"computing time"} if self.compute_ns else set()
        for market in self.markets:
            used |= {f"queue {market.queue.name}", f"fees {market.fees.name}"}
            used |= {f"self-trade {market.self_trade}", "limits" if market.limits else "no limits"}
            used |= {f"latency {market.latency.name}", f"exchange {market.exchange.name}"}
            used.add(f"risk {market.risk.name if market.risk else 'none'}")
            used |= {"another location"} if market.location_ns else set()
            used.add("inverse" if market.inverse else "linear")
            used |= {"overtaking"} if market.overtaking else set()
        return used


def random_setup(seed: int, exchange: str, for_hft: bool = False) -> Setup:
    """Make one; ``for_hft`` leaves out what HftBacktest cannot do or does wrong (``faults``)."""
    rng = random.Random(seed)
    markets = [_random_market(rng, exchange, for_hft) for _ in range(rng.choice((1, 1, 2, 3)))]
    script_options = ScriptOptions(
        actions=rng.choice((30, 120)), step_first=for_hft, endless=0.0 if for_hft else 0.01
    )
    if not for_hft and rng.random() < 0.6:  # what HftBacktest does not have
        script_options = replace(script_options, beyond=rng.choice((0.3, 0.7)))
        markets = [_with_rules(rng, market) for market in markets]
    script = random_script(rng, [m.stream.mid_tick for m in markets], script_options)
    book = rng.choice(sorted(BOOKS))
    return Setup(markets, script, book, 0 if for_hft or rng.random() < 0.7 else rng.choice((1, 9, 70)))


def _stream_options(rng: random.Random, for_hft: bool) -> StreamOptions:
    if for_hft:
        return StreamOptions(rng.choice((60, 500, 900)), partial_clears=False, empty_books=rng.random() < 0.5)
    slow = rng.random() < 0.1
    return StreamOptions(
        rows=rng.choice((1, 60, 500, 900)),
        empty_books=rng.random() < 0.5,
        begin_ns=rng.choice((0, 0, 0, 700, 100_000)),
        max_step_ns=3_000_000_000 if slow else rng.choice((1, 20, 20)),
        min_latency_ns=rng.choice((0, 1)),
        max_latency_ns=rng.choice((4, 60, 60, 2_000)),
        lost=rng.choice((0.0,) * 8 + (0.1, 1.0)),
        walk=rng.choice((2, 2, 2, 6)),
    )


def _random_market(rng: random.Random, exchange: str, for_hft: bool) -> Market:
    stream = random_stream(rng, _stream_options(rng, for_hft))
    price = stream.mid_tick * stream.tick_size
    chances = random.Random(stream.mid_tick + 7919 * len(stream.events))  # the others' stay as they were
    latency = choose(rng, LATENCIES, for_hft)
    moves = rng.random() < 0.2 and (not for_hft or latency.name in CONSTANT)
    multiplier = rng.choice((1.0, 1.0, 0.01))
    inverse = random.Random(stream.mid_tick + 104_729 * len(stream.events)).random() < 0.3
    return Market(
        stream=stream,
        latency=latency,
        queue=choose(rng, QUEUES, for_hft),
        fees=choose(rng, FEES, for_hft),
        exchange=choose(rng, [EXCHANGES[exchange]], for_hft),
        multiplier=100.0 * multiplier if inverse else multiplier,
        inverse=inverse,
        overtaking=not for_hft and chances.random() < 0.35,
        risk=None if for_hft else random_limits(chances, price, stream.lot_size),
        location_ns=rng.choice((1, 25, 400)) if moves else 0,
    )


def _with_rules(rng: random.Random, market: Market) -> Market:
    """A market whose venue prevents self-trades and has limits, or has not."""
    tick, lot, mid = market.stream.tick_size, market.stream.lot_size, market.stream.mid_tick
    value = worth(mid * tick, lot, market.multiplier, market.inverse)
    limits = VenueLimits(
        tick_size=rng.choice((None, None, None, 2 * tick)),
        lot_size=rng.choice((None, None, None, 2 * lot)),
        min_notional=rng.choice((None, None, 2.5 * value)),
        max_qty=rng.choice((None, None, 6 * lot)),
        max_orders=rng.choice((None, 3, 6)),
        band_percent=rng.choice((None, None, 100 * 2.5 / mid)),
        band_reference=rng.choice(("last", "mid")),
        count_cancels=rng.random() < 0.5,
        **rng.choice(({}, {}, {"messages": 3, "interval_ns": rng.choice((50, 1000))})),
    )
    return replace(market, self_trade=rng.choice(MODE_NAMES), limits=limits if rng.random() < 0.4 else None)


def twin_bot(setup: Setup, feeds: Sequence[NDArray[Any]] = ()) -> TwinBot:
    """The twin of a setup."""
    return TwinBot(
        [
            TwinAsset(
                events=m.stream.events,
                tick_size=m.stream.tick_size,
                lot_size=m.stream.lot_size,
                latency=m.latency.twin(),
                queue=m.queue.twin(),
                exchange=m.exchange.twin(),
                fees=m.fees.twin(),
                multiplier=m.multiplier,
                inverse=m.inverse,
                risk=m.risk.twin() if m.risk else None,
                overtaking=m.overtaking,
                location_ns=m.location_ns,
                self_trade=m.self_trade,
                limits=m.limits,
                stop_trigger=m.stop_trigger,
                marks=m.marks,
            )
            for m in setup.markets
        ],
        setup.compute_ns,
        feeds=feeds,
    )


def assets_of(package: Any, setup: Setup, data: list[Any]) -> list[Any]:
    """Assets of a setup, built by the same calls of HftBacktest or of the face that stands in for it."""
    assets = []
    for m, events in zip(setup.markets, data, strict=True):
        s = m.stream
        asset = package.BacktestAsset().data(events).tick_size(s.tick_size).lot_size(s.lot_size)
        contract = asset.inverse_asset if m.inverse else asset.linear_asset
        asset = contract(m.multiplier).last_trades_capacity(10).parallel_load(False)
        # of use to the dense book only
        asset = asset.roi_lb((s.mid_tick - 180) * s.tick_size).roi_ub((s.mid_tick + 180) * s.tick_size)
        for choice in (m.latency, m.queue, m.fees, m.exchange):
            asset = choice.hft(asset)
        if m.location_ns:
            asset = asset.latency_offset(m.location_ns)
            entry, response = m.latency.values
            entry += m.location_ns if entry >= 0 else -2 * m.location_ns
            asset = asset.constant_order_latency(entry, response + m.location_ns)
        assets.append(asset)
    return assets


def hft_bot(setup: Setup, files: Sequence[list[str]] = ()) -> HftBot:
    """HftBacktest on a setup; or on files with the pieces of each of its streams."""
    import hftbacktest

    arrays = [m.stream.events.copy() for m in setup.markets]  # latency_offset writes into them (fault K)
    return HftBot(assets_of(hftbacktest, setup, list(files) or arrays), arrays, setup.book)


def play_twin_for_hft(
    setup: Setup, ending: frozenset[str] = faults.ENDING
) -> tuple[Trace, int, frozenset[str]]:
    """The twin's trace, the number of steps before the run came to a fault of HftBacktest, and which."""
    bot = twin_bot(setup)
    trace: Trace = []
    for action in setup.script:
        trace += play(bot, [action], setup.units, setup.ticks, faults.avoid)
        if found := ending & bot.touched:
            return trace, len(trace) - 1, found
    return trace, len(trace), frozenset()
