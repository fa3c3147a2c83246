"""The grid of the tutorials gives HftBacktest's fills, sample by sample."""

import warnings
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.compat.grid import grid
from tests.differential import hft
from truefill.compat import hftbacktest as ours
from truefill.core.jit import compile_user
from truefill.synthetic import make_market
from truefill.tape import build_tape, tape_events

pytestmark = [
    pytest.mark.slow,
    pytest.mark.compiled_only,
    pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed"),
]


@pytest.fixture(scope="module")
def events() -> NDArray[Any]:
    """A minute of a made market, as HftBacktest reads it."""
    return tape_events(build_tape(make_market(60, seed=5), symbol="DEMO.SYNTH"))


def _records(package: Any, function: Any, events: NDArray[Any]) -> tuple[int, NDArray[Any]]:
    asset = (
        package.BacktestAsset()
        .data([events])
        .linear_asset(1.0)
        .constant_order_latency(10_000_000, 10_000_000)
        .power_prob_queue_model(2.0)
        .no_partial_fill_exchange()
        .trading_value_fee_model(-0.00005, 0.0007)
        .tick_size(0.01)
        .lot_size(0.01)
        .last_trades_capacity(0)
    )
    hbt = package.HashMapMarketDepthBacktest([asset])
    recorder = package.Recorder(1, 1_000_000)
    # No position is at the limit: HftBacktest sums positions as floats, truefill counts lots.
    requests = function(hbt, recorder.recorder, 5, 10, 1.05)
    records = recorder.get(0).copy()
    assert hbt.close() == 0
    return requests, records


def test_records_are_those_of_hftbacktest(events: NDArray[Any]) -> None:
    """Times, prices, positions and numbers of trades equal; money to rounding."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import hftbacktest

    sent, expected = _records(hftbacktest, numba.njit(grid), events)
    requests, actual = _records(ours, compile_user(grid), events)

    assert (requests, len(actual)) == (sent, len(expected))
    assert expected["num_trades"][-1] > 20
    for name in ("timestamp", "price", "num_trades"):
        assert np.array_equal(expected[name], actual[name], equal_nan=True), name
    for name in ("position", "balance", "fee", "trading_volume", "trading_value"):
        assert np.allclose(expected[name], actual[name], rtol=1e-9, atol=1e-6), name
