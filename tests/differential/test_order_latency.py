"""`generate_order_latency` against the installed hftbacktest's function of that name."""

import random
from pathlib import Path

import numpy as np
import pytest

from tests.differential import hft
from tests.differential.streams import StreamOptions, random_stream
from truefill.backtest import ORDER_LATENCY, generate_order_latency
from truefill.core.events import LOCAL
from truefill.synthetic import make_market

pytestmark = pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed")

# In float64, in which HftBacktest adds when a factor is no whole number, a time of today has steps of 256 ns.
GRAIN = 256


def both(events: np.ndarray, folder: Path, **numbers: float) -> tuple[np.ndarray, np.ndarray]:
    """(HftBacktest's, ours) for the same events and numbers."""
    from hftbacktest.data.utils.feed_order_latency import generate_order_latency as theirs

    path = folder / "feed.npz"
    np.savez(path, data=events)
    expected = theirs(str(path), None, **numbers)
    assert expected.dtype == ORDER_LATENCY
    return expected, generate_order_latency(events, **numbers)  # type: ignore[arg-type]


@pytest.mark.slow
def test_random_feeds(tmp_path: Path) -> None:
    """Rows in and out of order, several resampling intervals, whole numbers: equal to the byte."""
    for seed in range(6):
        rng = random.Random(seed)
        events = random_stream(rng, StreamOptions(rows=400)).events
        local = events[(events["ev"] & np.uint64(LOCAL)) != 0]
        assert len(local) > 100
        numbers = {"mul_entry": rng.randint(0, 3), "offset_entry": rng.randint(0, 50)}
        numbers |= {
            "mul_resp": rng.randint(1, 4),
            "offset_resp": 7,
            "resampling_ns": rng.choice((1, 7, 1000)),
        }
        expected, actual = both(events, tmp_path, **numbers)
        assert (expected == actual).all()


@pytest.mark.slow
def test_fractions_differ_by_the_grain_of_a_float(tmp_path: Path) -> None:
    """With today's times HftBacktest's float64 sums are off by up to 256 ns, ours by nothing."""
    events = np.concatenate(list(make_market(20, seed=3)))
    expected, actual = both(events, tmp_path, mul_entry=1.5, offset_entry=0.5, mul_resp=0.25)
    assert len(actual) == len(expected)
    for name in ("req_ts", "exch_ts", "resp_ts"):
        assert (np.abs(expected[name] - actual[name]) <= GRAIN).all()
    feed = (events["local_ts"] - events["exch_ts"])[
        np.searchsorted(events["local_ts"], actual["req_ts"], "right") - 1
    ]
    assert (actual["exch_ts"] - actual["req_ts"] == np.trunc(1.5 * feed + 0.5)).all()
