"""A run is checked once, when it is put together."""

import numpy as np
import pytest

from tests.analysis.runs import START, empty_asset, make_asset, make_run, with_records_of
from truefill.analysis.equity import fold
from truefill.core.errors import InputError
from truefill.core.records import RECORD
from truefill.core.run_data import AssetRun, RunData

TIMES = np.array([START, START + 1])

WRONG = {
    "float times": ({"price_ts": np.zeros(0)}, "one-dimensional array of int64 as price_ts, got 1-d float64"),
    "a list": ({"bid": [1.0]}, "array of float64 as bid, got <class 'list'>"),
    "two dimensions": ({"ask": np.zeros((1, 1))}, "as ask, got 2-d float64"),
    "other records": ({"fills": np.zeros(0, RECORD)}, "as fills, got 1-d"),
    "lengths": ({"price_ts": TIMES}, "as many times as bids and asks, got 2, 0 and 0"),
    "no tick": ({"tick_size": 0.0}, "asset NOTHING: expected a positive tick_size, got 0.0"),
    "NaN lot": ({"lot_size": float("nan")}, "expected a positive lot_size, got nan"),
    "contract": ({"contract": "square"}, "expected a contract of linear, inverse, quanto, spot, got square"),
    "backward": (
        {"price_ts": TIMES[::-1].copy(), "bid": np.ones(2), "ask": np.ones(2)},
        "asset NOTHING, row 1: expected price times in order",
    ),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_assets_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        empty_asset(**changes)


def test_wrong_runs_are_refused() -> None:
    with pytest.raises(InputError, match="a tuple of AssetRun as assets"):
        RunData([make_asset(fills=0)])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="a dict as meta"):
        RunData((), [])  # type: ignore[arg-type]


def test_span_covers_prices_records_and_fills() -> None:
    asset = make_asset(seconds=10, fills=3)
    asset.fills["local_ts"][2] = START + 60 * 10**9

    assert make_run(asset).span == (START, START + 60 * 10**9)
    assert make_run(empty_asset()).span is None


def test_records_give_the_prices_when_there_are_no_others() -> None:
    asset = with_records_of(make_asset(seconds=20, fills=10), 10**9)
    bare = AssetRun(
        **{**asset.__dict__, "price_ts": np.zeros(0, np.int64), "bid": np.zeros(0), "ask": np.zeros(0)}
    )

    ts = asset.records["timestamp"]
    assert fold(bare, ts).equity.tolist() == fold(asset, ts).equity.tolist()
