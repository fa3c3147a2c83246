"""A small made market, and bots on it and on random streams."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.differential.engine import engine_bot
from tests.differential.setups import random_setup
from tests.differential.test_feeds import setup_with_feeds
from truefill.backtest import Asset, Bot, ConstantLatency, Feed, PowerProbQueue, TradingValueFees
from truefill.synthetic import make_market
from truefill.tape import Tape, build_tape

MS = 1_000_000


@pytest.fixture(scope="session")
def tapes() -> tuple[Tape, Tape]:
    """Two seconds of two made markets."""
    return tuple(  # type: ignore[return-value]
        build_tape(make_market(2, seed=seed), symbol=f"MADE{seed}.SYNTH", venue="synthetic")
        for seed in (3, 4)
    )


@pytest.fixture
def make_bot(tapes: tuple[Tape, Tape]) -> Callable[..., Bot]:
    """A function that makes a fresh bot over one or two of the markets."""

    def make(count: int = 1, compute_ns: int = 0, **models: Any) -> Bot:
        settings: dict[str, Any] = {
            "latency": ConstantLatency(5 * MS, 3 * MS),
            "queue": PowerProbQueue(3.0),
            "fees": TradingValueFees(-0.0001, 0.0005),
            **models,
        }
        return Bot([Asset(tape, **settings) for tape in tapes[:count]], compute_ns=compute_ns)

    return make


def random_assets(seed: int) -> tuple[list[Asset], int]:
    """Assets over nasty random streams, with random models, and a computing time."""
    setup = random_setup(seed, "fifo")
    return list(engine_bot(setup).assets), setup.compute_ns


def random_feeds(seed: int) -> list[Feed]:
    """Up to three feeds beside them: events of any kind, many at the times of others."""
    return [Feed(rows) for rows in setup_with_feeds(seed)[1]]


def pace(assets: list[Asset]) -> int:
    """An interval that fits into the time of the assets some hundred times, ns."""
    bot = Bot(assets)
    return max((bot.end_timestamp - bot.start_timestamp) // 200, 20)
