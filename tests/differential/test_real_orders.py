"""On a real market by order (CME), truefill and HftBacktest give the same: orders, fills, money.

Fills that HftBacktest cannot follow are left out (``cme.py``). Where an own order was better than the
market's best price and a worse one was hit, HftBacktest does not fill it (``inside`` in ``faults.py``): a run
is compared up to there, and there are many short runs.
"""

from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from tests.differential import cme, faults, hft
from tests.differential.compare import difference
from tests.differential.diary import Diary
from tests.differential.engine import EngineBot
from tests.differential.hft import HftBot
from tests.differential.makers import grid_maker
from truefill.backtest.asset import Asset
from truefill.backtest.models.exchanges import NoPartialFillExchange
from truefill.backtest.models.fees import TradingValueFees
from truefill.backtest.models.latency import ConstantLatency
from truefill.core.events import NO_TIME
from truefill.tape import Tape, build_tape

MS = 1_000_000

pytestmark = [
    pytest.mark.needs_shared,
    pytest.mark.slow,
    pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed"),
]


def truefill_bot(tape: Tape, latency_ns: int) -> EngineBot:
    """The instrument in truefill."""
    asset = Asset(
        tape,
        latency=ConstantLatency(latency_ns, latency_ns),
        exchange=NoPartialFillExchange(),
        fees=TradingValueFees(0.00001, 0.00002),
    )
    return EngineBot([asset])


def hftbacktest_bot(rows: np.ndarray, latency_ns: int) -> HftBot:
    """The instrument in HftBacktest."""
    import hftbacktest

    asset = hftbacktest.BacktestAsset().data(rows).parallel_load(False).linear_asset(1.0)
    asset = asset.tick_size(cme.TICK).lot_size(1.0).last_trades_capacity(10).l3_fifo_queue_model()
    asset = asset.constant_order_latency(latency_ns, latency_ns).no_partial_fill_exchange()
    return HftBot([asset.trading_value_fee_model(0.00001, 0.00002)], [rows])


def alone(fill: dict) -> bool:
    """Whether the order was better than its side's best price when it was filled: the fault ``inside``."""
    best = fill["bid"] if fill["side"] == 1 else fill["ask"]
    return bool(fill["maker"]) and not (best - fill["price"]) * fill["side"] >= 0


def play(bot: EngineBot | HftBot, begin: int) -> Diary:
    """Make a market for half a minute."""
    bot.elapse(0)
    assert bot.elapse(begin - bot.current_timestamp) == 0
    steps = grid_maker(bot, cme.TICK, 1.0, spacing=1, levels=4, step_ns=100 * MS)
    return Diary(bot, islice(steps, 300))


def test_both_packages_agree(record_property: Callable[[str, object], None]) -> None:
    """The same book, orders, states, positions, balance and fees at each step; the same fills."""
    events = cme.recording()
    tape = build_tape(events, symbol=cme.SYMBOL, tick_size=cme.TICK, lot_size=1)
    steps = filled = 0
    for number in range(20):
        latency_ns = (1, 20)[number % 2] * MS
        begin = cme.OPEN + (1 + 171 * number) * 1000 * MS
        ours, theirs = truefill_bot(tape, latency_ns), hftbacktest_bot(events, latency_ns)
        actual, expected = play(ours, begin), play(theirs, begin)
        fills = ours.fills(0)
        theirs.close()
        end = min([f["exch_ts"] for f in fills if alone(f)], default=NO_TIME)
        assert len(actual.steps) == len(expected.steps) == 300
        for a, e in zip(actual.steps, expected.steps, strict=True):
            if a["now"] >= end:
                break
            found = difference(a, e, faults.IGNORED, scale=float(e["state"]["trading_value"]))
            assert found is None, f"run {number}, {a['now']}: truefill != hftbacktest at {found}"
            steps += 1
        filled += sum(f["local_ts"] < end for f in fills)
    record_property("proof", f"CME, order by order: 20 runs, {steps:,} steps, {filled} executions")
    assert steps > 1_000
    assert filled > 10
