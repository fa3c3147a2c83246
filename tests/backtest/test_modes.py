"""The same source compiled, cached, interpreted, with the same orders and fills to the byte."""

import os
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from tests.backtest.strategies import every_feed, quote_both_sides, quote_with_params
from truefill.backtest import Bot, FifoExchange, NoPartialFillExchange, run
from truefill.backtest.result import collect
from truefill.tape import Tape

Params = namedtuple("Params", "distance lots")
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("exchange", [FifoExchange(), NoPartialFillExchange()])
@pytest.mark.parametrize(
    ("strategy", "params"),
    [(quote_both_sides, ()), (every_feed, ()), (quote_with_params, (Params(0.0, 30),))],
)
@pytest.mark.compiled_only
def test_compiled_and_interpreted_runs_are_equal(
    make_bot: Callable[..., Bot], strategy: Any, params: Any, exchange: Any
) -> None:
    """An njit strategy, a cached one and a plain one return the same and leave the same hash."""
    outcomes = []
    for function in (strategy, numba.njit(strategy), numba.njit(cache=True)(strategy)):
        bot = make_bot(exchange=exchange)
        returned = function(bot, *params)
        result = collect(bot)
        outcomes.append((returned, result.run_hash, len(result.fills), result.states.tobytes()))

    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert outcomes[0][2] > 3


def test_a_run_in_a_thread_is_the_same_run(make_bot: Callable[..., Bot]) -> None:
    """`run`, compiled or not, gives what a direct call gives."""
    bot = make_bot()
    steps = quote_both_sides(bot)
    direct = collect(bot)

    for compiled in (True, False):
        result = run(make_bot(), quote_both_sides, compiled=compiled)
        assert (steps, direct.run_hash) == (result.returned, result.run_hash)
        assert result.error is None


def test_two_assets_run_side_by_side_as_alone(
    make_bot: Callable[..., Bot], tape: Tape, other_tape: Tape
) -> None:
    """A second asset that the strategy leaves alone changes nothing for the first."""
    alone = run(make_bot(tape), quote_both_sides)
    both = run(make_bot(tape, other_tape), quote_both_sides)

    shared = min(alone.timestamp, both.timestamp)
    for result in (alone, both):
        assert len(result.fills) > 3
    assert (
        alone.fills[alone.fills["exch_ts"] < shared].tolist()
        == both.fills[(both.fills["exch_ts"] < shared) & (both.fills["asset"] == 0)].tolist()
    )


def test_the_hash_tells_runs_apart(make_bot: Callable[..., Bot]) -> None:
    """Another fill rule, another hash; the same again, the same."""
    first, again, other = (
        run(make_bot(exchange=e), quote_both_sides).run_hash
        for e in (FifoExchange(), FifoExchange(), NoPartialFillExchange())
    )

    assert first == again
    assert first != other


@pytest.mark.slow
@pytest.mark.compiled_only
def test_another_process_and_no_compiler_give_the_same_hash(make_bot: Callable[..., Bot]) -> None:
    """The same run in a process with NUMBA_DISABLE_JIT=1 ends with the same hash."""
    here = run(make_bot(), quote_both_sides).run_hash
    script = (
        "from tests.backtest.strategies import quote_both_sides as s\n"
        "from truefill.backtest import *\n"
        "from truefill.synthetic import make_market\n"
        "from truefill.tape import build_tape\n"
        "t = build_tape(make_market(20, seed=3), symbol='DEMO-PERP.SYNTH', venue='synthetic')\n"
        "b = Bot([Asset(t, latency=ConstantLatency(5_000_000, 3_000_000), queue=PowerProbQueue(3.0),"
        " fees=TradingValueFees(-0.0001, 0.0005))])\n"
        "print(run(b, s, compiled=False).run_hash)\n"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    there = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    assert here == there.stdout.strip()
