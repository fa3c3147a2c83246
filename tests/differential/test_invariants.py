"""What must hold after every step of any run: everything about money is a fold over the fills."""

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.differential.driver import play
from tests.differential.engine import engine_bot
from tests.differential.models import EXCHANGES
from tests.differential.setups import Setup, random_setup, twin_bot
from tests.support.modes import runs
from tests.twin.ledger import worth
from truefill.core.records import FILLED, PARTIALLY_FILLED


def near(a: float, b: float, scale: float) -> bool:
    """Equal but for the rounding of sums."""
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9 * max(scale, 1.0))


def check_step(step: dict[str, Any], asset: int, market: Any) -> None:
    """One asset's totals against its fills, and its orders against theirs."""
    fills, state = step[f"fills{asset}"], step[f"state{asset}"]
    values = [worth(f["price"], f["qty"], market.multiplier, market.inverse) for f in fills]
    scale = sum(values)
    position = sum(f["side"] * f["qty"] for f in fills)
    assert near(state["position"], position, 1.0)
    assert state["position"] == step[f"position{asset}"]
    assert near(state["fee"], sum(f["fee"] for f in fills), scale)
    assert near(state["balance"], -sum(f["side"] * v for f, v in zip(fills, values, strict=True)), scale)
    assert near(state["trading_volume"], sum(f["qty"] for f in fills), 1.0)
    assert near(state["trading_value"], scale, scale)
    assert state["num_trades"] == len(fills)
    ids = [f["trade_id"] for f in fills]
    assert len(set(ids)) == len(ids) and all(i >= 1 for i in ids)
    assert market.overtaking or ids == list(range(1, len(ids) + 1))
    assert all(f["exch_ts"] <= f["local_ts"] and f["entry_ts"] <= f["exch_ts"] for f in fills)
    for order in step[f"orders{asset}"].values():
        check_order(order)


def check_order(order: dict[str, Any]) -> None:
    """An order's own numbers fit each other."""
    assert order["leaves_qty"] >= 0 and order["filled_qty"] >= 0
    assert (order["leaves_qty"] == 0) == (order["status"] == FILLED)
    if order["status"] in (FILLED, PARTIALLY_FILLED):
        assert order["filled_qty"] > 0 and order["exec_qty"] > 0
        bound = order["exec_price_tick"] - order["price_tick"]
        taker_at_limit = order["maker"] == 0 and order["order_type"] == 0 and order["req"] == 0
        assert not taker_at_limit or order["side"] * bound <= 0  # never worse than the limit


def told_apart(step: dict[str, Any], asset: int, market: Any) -> bool:
    """Whether the ledger has heard of other executions than the orders, from position reports."""
    if market.latency.name != "position apart":
        return False
    return market.overtaking or step[f"state{asset}"]["num_trades"] != len(step[f"fills{asset}"])


def check_run(bot: Any, setup: Setup) -> None:
    """Every step of a run; fills are only ever added."""
    before = [0] * len(setup.markets)
    for step in play(bot, setup.script, setup.units, setup.ticks):
        for asset in range(len(setup.markets)):
            if not told_apart(step, asset, setup.markets[asset]):
                check_step(step, asset, setup.markets[asset])
            assert len(step[f"fills{asset}"]) >= before[asset]
            before[asset] = len(step[f"fills{asset}"])


@pytest.mark.parametrize("exchange", sorted(EXCHANGES))
@pytest.mark.parametrize("make", [engine_bot, twin_bot])
@settings(max_examples=runs(15), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1))
def test_state_is_a_fold_over_fills(make: Any, exchange: str, seed: int) -> None:
    """Position, balance, fee, volume, value and count follow from the fills, after each event."""
    setup = random_setup(seed, exchange)
    check_run(make(setup), setup)
