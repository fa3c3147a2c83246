"""On a real recording the horizon loop is its twin: partial fills, shared trades, sweeps, queue places.

HftBacktest cannot say what ``fifo`` should do (faults A, B, E), so here the twin does, on the first minute.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.differential.compare import difference
from tests.differential.diary import Diary
from tests.differential.engine import EngineBot
from tests.differential.makers import grid_maker, imbalance_quoter
from tests.support.shared import shared_data
from tests.twin import LogQueue2, PowerQueue, TwinAsset, TwinBot, TwinLatency, ValueFees
from truefill.backtest.asset import Asset
from truefill.backtest.models.fees import TradingValueFees
from truefill.backtest.models.latency import ConstantLatency
from truefill.backtest.models.queue import LogProbQueue2, PowerProbQueue
from truefill.collect.recording import convert
from truefill.tape import Tape, build_tape
from truefill.tape.events import tape_events

MS = 1_000_000
ROWS = 100_000

pytestmark = [pytest.mark.needs_shared, pytest.mark.slow]


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The first rows of a recording."""
    out: Path = tmp_path_factory.mktemp("tapes") / "eth.tape"
    source = shared_data("raw/binance_usdm/ethusdt_20240808.gz")
    convert([source], venue="binance-usdm", symbol="ETHUSDT", out=out)
    return tape_events(Tape.open(out))[:ROWS].copy()


@pytest.mark.parametrize("name", ["grid", "imbalance"])
def test_fifo_equals_the_twin(events: Any, name: str) -> None:
    """Books, every field of orders and fills, totals, at every step."""
    tick_size, lot_size = 0.01, 0.001
    tape = build_tape(events, symbol="ETHUSDT-PERP.BINANCE", tick_size="0.01", lot_size="0.001")
    latency = (3 * MS, 2 * MS)
    queues = (PowerQueue(3.0), PowerProbQueue(3.0)) if name == "grid" else (LogQueue2(), LogProbQueue2())
    rates = (-0.00005, 0.0004)
    twin = TwinBot(
        [TwinAsset(events, tick_size, lot_size, TwinLatency(*latency), queues[0], "fifo", ValueFees(*rates))]
    )
    engine = EngineBot([Asset(tape, ConstantLatency(*latency), queues[1], fees=TradingValueFees(*rates))])
    expected, actual = (_run(bot, name, tick_size) for bot in (twin, engine))
    assert len(expected.steps) == len(actual.steps) > 200
    for number, (e, a) in enumerate(zip(expected.steps, actual.steps, strict=True)):
        found = difference(e, a, set(), scale=float(e["state"]["trading_value"]))
        assert found is None, f"step {number}: twin != engine at {found}"
    fills = engine.fills(0)
    assert difference(twin.fills(0), fills, set()) is None
    assert len({f["qty"] for f in fills}) > 3, "partial fills of different sizes were expected"


def _run(bot: Any, name: str, tick_size: float) -> Diary:
    if name == "grid":  # large orders, so that most fills are parts
        return Diary(bot, grid_maker(bot, tick_size, 2.0, spacing=5, levels=5, step_ns=100 * MS))
    return Diary(bot, imbalance_quoter(bot, tick_size, 2.0, reach=10, shift=3.0, step_ns=100 * MS))
