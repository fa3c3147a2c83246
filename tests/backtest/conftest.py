"""A small made market as a tape, and bots on it."""

from collections.abc import Callable
from typing import Any

import pytest

from truefill.backtest import Asset, Bot, ConstantLatency, PowerProbQueue, TradingValueFees
from truefill.synthetic import make_market
from truefill.tape import Tape, build_tape

MS = 1_000_000


@pytest.fixture(scope="session")
def tape() -> Tape:
    """Twenty seconds of a made market."""
    return build_tape(make_market(20, seed=3), symbol="DEMO-PERP.SYNTH", venue="synthetic")


@pytest.fixture(scope="session")
def other_tape() -> Tape:
    """Another made market over the same time."""
    return build_tape(make_market(20, seed=4), symbol="OTHER-PERP.SYNTH", venue="synthetic")


@pytest.fixture
def make_bot(tape: Tape) -> Callable[..., Bot]:
    """A function that makes a fresh bot; models may be given by name."""

    def make(*tapes: Tape, **models: Any) -> Bot:
        settings: dict[str, Any] = {
            "latency": ConstantLatency(5 * MS, 3 * MS),
            "queue": PowerProbQueue(3.0),
            "fees": TradingValueFees(-0.0001, 0.0005),
            **models,
        }
        return Bot([Asset(t, **settings) for t in tapes or (tape,)])

    return make
