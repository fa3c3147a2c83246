"""On the recordings of a real market, truefill and HftBacktest give the same: orders, fills, money.

Two strategies, two latencies, two instruments. HftBacktest keeps no fills, so its side of them is read off
the orders that became FILLED. Its exchange model is ``NoPartialFillExchange`` (faults A, B and E leave no
other); what the strategies and the comparison step around is in ``faults.py``.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.differential import faults, hft
from tests.differential.compare import difference
from tests.differential.diary import Diary
from tests.differential.engine import EngineBot
from tests.differential.hft import HftBot
from tests.differential.makers import grid_maker, imbalance_quoter
from tests.support.shared import shared_data
from truefill.backtest.asset import Asset
from truefill.backtest.models.exchanges import NoPartialFillExchange
from truefill.backtest.models.fees import TradingValueFees
from truefill.backtest.models.latency import ConstantLatency
from truefill.backtest.models.queue import LogProbQueue2, RiskAverseQueue
from truefill.collect.recording import convert
from truefill.tape import Tape
from truefill.tape.events import tape_events

MAKER_FEE, TAKER_FEE = -0.00005, 0.0004
MS = 1_000_000

pytestmark = [
    pytest.mark.needs_shared,
    pytest.mark.slow,
    pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed"),
]

Strategy = Callable[[Any, float, float], Iterator[None]]


def grid(bot: Any, tick_size: float, qty: float) -> Iterator[None]:
    """A grid of ten orders a side."""
    return grid_maker(bot, tick_size, qty, spacing=15, levels=10, step_ns=200 * MS)


def imbalance(bot: Any, tick_size: float, qty: float) -> Iterator[None]:
    """Two quotes that follow the imbalance."""
    return imbalance_quoter(bot, tick_size, qty, reach=20, shift=5.0, step_ns=50 * MS)


@pytest.fixture(scope="module", params=["btcusdt", "ethusdt"])
def tape(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tape:
    """A real recording as a tape."""
    source = shared_data(f"raw/binance_usdm/{request.param}_20240808.gz")
    out: Path = tmp_path_factory.mktemp("tapes") / f"{request.param}.tape"
    convert([source], venue="binance-usdm", symbol=request.param.upper(), out=out)
    return Tape.open(out)


def truefill_bot(tape: Tape, queue: str, entry_ns: int, response_ns: int) -> EngineBot:
    """The instrument in truefill."""
    asset = Asset(
        tape,
        latency=ConstantLatency(entry_ns, response_ns),
        queue=RiskAverseQueue() if queue == "risk averse" else LogProbQueue2(),
        exchange=NoPartialFillExchange(),
        fees=TradingValueFees(MAKER_FEE, TAKER_FEE),
    )
    return EngineBot([asset])


def hftbacktest_bot(tape: Tape, queue: str, entry_ns: int, response_ns: int) -> HftBot:
    """The instrument in HftBacktest."""
    import hftbacktest

    rows = tape_events(tape)
    asset = hftbacktest.BacktestAsset().data(rows).parallel_load(False).linear_asset(1.0)
    asset = asset.tick_size(tape.tick_size).lot_size(tape.lot_size).last_trades_capacity(10)
    asset = asset.constant_order_latency(entry_ns, response_ns).no_partial_fill_exchange()
    asset = asset.trading_value_fee_model(MAKER_FEE, TAKER_FEE)
    risk_averse = queue == "risk averse"
    asset = asset.risk_adverse_queue_model() if risk_averse else asset.log_prob_queue_model2()
    return HftBot([asset], [rows])


@pytest.mark.parametrize("latency_ms", [(5, 5), (40, 25)])
@pytest.mark.parametrize(("strategy", "queue"), [(grid, "risk averse"), (imbalance, "log 2")])
def test_both_packages_agree(tape: Tape, strategy: Strategy, queue: str, latency_ms: tuple[int, int]) -> None:
    """The same book, orders, states, positions, balance and fees at each step; the same fills."""
    latency = (latency_ms[0] * MS, latency_ms[1] * MS)
    qty = 10 * tape.lot_size
    ours = truefill_bot(tape, queue, *latency)
    theirs = hftbacktest_bot(tape, queue, *latency)
    expected = Diary(theirs, strategy(theirs, tape.tick_size, qty))
    actual = Diary(ours, strategy(ours, tape.tick_size, qty))
    fills = ours.fills(0)
    theirs.close()
    assert len(actual.steps) == len(expected.steps) > 1_000
    ignored = faults.IGNORED
    for number, (a, e) in enumerate(zip(actual.steps, expected.steps, strict=True)):
        found = difference(a, e, ignored, scale=float(e["state"]["trading_value"]))
        assert found is None, f"step {number}: truefill != hftbacktest at {found}"
    recorded = {
        (f["order_id"], f["exch_ts"], f["price_tick"], round(f["qty"], 9), f["side"], bool(f["maker"]))
        for f in fills
    }
    assert recorded == actual.fills == expected.fills
    assert len(fills) > 10
