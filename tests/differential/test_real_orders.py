"""On a real market by order (CME), truefill and HftBacktest give the same: orders, fills, money.

HftBacktest's L3 ends at the first event about an order that it does not know, and takes a fill of a taker
that the venue names too for a hit of its old place: both kinds of fills are left out here. Where an own order
was better than the market's best price and a worse one was hit, HftBacktest does not fill it (``inside`` in
``faults.py``): a run is compared up to there, and there are many short runs.
"""

from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from tests.differential import faults, hft
from tests.differential.compare import difference
from tests.differential.diary import Diary
from tests.differential.engine import EngineBot
from tests.differential.hft import HftBot
from tests.differential.makers import grid_maker
from tests.support.shared import shared_data
from truefill.backtest.asset import Asset
from truefill.backtest.models.exchanges import NoPartialFillExchange
from truefill.backtest.models.fees import TradingValueFees
from truefill.backtest.models.latency import ConstantLatency
from truefill.core.events import ADD_ORDER, CANCEL_ORDER, EVENT, FILL, KIND_MASK, MODIFY_ORDER, NO_TIME
from truefill.tape import Tape, build_tape
from truefill.tape.decimal_events import float_values
from truefill.vendors import read_databento

MS = 1_000_000
OPEN = 1_703_545_200_000_000_000  # 23:00:00: continuous trading; before that, an auction collects orders
TICK = 0.25

pytestmark = [
    pytest.mark.needs_shared,
    pytest.mark.slow,
    pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed"),
]


@pytest.fixture(scope="module")
def events() -> np.ndarray:
    """The recording, without fills of orders that do not rest at the price of the fill."""
    path = shared_data("l3/cme/esh4-glbx-mdp3-20231225.mbo.csv.gz")
    exact = np.concatenate(list(read_databento(path)))
    resting: dict[int, int] = {}  # id -> price
    known = np.ones(len(exact), bool)
    columns = (exact[name].tolist() for name in ("ev", "order_id", "px"))
    for i, (ev, order_id, px) in enumerate(zip(*columns, strict=True)):
        kind = ev & KIND_MASK
        if kind in (ADD_ORDER, MODIFY_ORDER):
            resting[order_id] = px
        elif kind == CANCEL_ORDER:
            resting.pop(order_id, None)
        elif kind == FILL:
            known[i] = resting.get(order_id) == px
    exact = exact[known]
    rows = np.zeros(len(exact), EVENT)
    for name in ("ev", "exch_ts", "local_ts", "order_id", "ival"):
        rows[name] = exact[name]
    for name in ("px", "qty"):
        rows[name] = float_values(exact, name)
    assert 0 < (~known).sum() < 0.02 * len(known)
    return rows


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
    asset = asset.tick_size(TICK).lot_size(1.0).last_trades_capacity(10).l3_fifo_queue_model()
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
    steps = grid_maker(bot, TICK, 1.0, spacing=1, levels=4, step_ns=100 * MS)
    return Diary(bot, islice(steps, 300))


def test_both_packages_agree(events: np.ndarray, record_property: Callable[[str, object], None]) -> None:
    """The same book, orders, states, positions, balance and fees at each step; the same fills."""
    tape = build_tape(events, symbol="ESH4.CME", tick_size=TICK, lot_size=1)
    steps = filled = 0
    for number in range(20):
        latency_ns = (1, 20)[number % 2] * MS
        begin = OPEN + (1 + 171 * number) * 1000 * MS
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
