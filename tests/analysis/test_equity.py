"""The fold of fills and prices into equity, held against the slow fold of `runs.fold_twin`."""

import numpy as np
import pytest

from tests.analysis.runs import SECOND, START, empty_asset, fold_twin, make_asset, make_run, with_records_of
from truefill.analysis.equity import (
    equity_curve,
    equity_curves,
    fold,
    from_records,
    grid,
    last_known,
    lots_to_qty,
    round_interval,
    total,
)
from truefill.core.errors import InputError
from truefill.core.events import NO_TIME


def _close(left: np.ndarray, right: list[float]) -> bool:
    return bool(np.allclose(left, right, rtol=1e-12, atol=1e-9, equal_nan=True))


@pytest.mark.parametrize("multiplier", [1.0, 0.01])
@pytest.mark.parametrize("seed", [1, 2])
def test_fold_equals_the_twin(seed: int, multiplier: float) -> None:
    asset = make_asset(seconds=120, fills=60, seed=seed, multiplier=multiplier)
    fill_times = asset.fills["local_ts"]
    ts = np.sort(np.concatenate([grid(START, START + 120 * SECOND, SECOND), fill_times, fill_times - 1]))

    curve = fold(asset, ts)

    slow = [fold_twin(asset, int(t)) for t in ts]
    for mine, theirs in (("volume", "trading_volume"), ("value", "trading_value")):
        assert _close(getattr(curve, mine), [s[theirs] for s in slow])
    for name in ("position", "balance", "fee", "num_trades", "mid", "equity_gross"):
        assert _close(getattr(curve, name), [s[name] for s in slow])
    assert _close(curve.equity, [s["equity_gross"] - s["fee"] for s in slow])


def test_samples_that_a_strategy_recorded_give_the_same_curve() -> None:
    asset = make_asset(seconds=60, fills=30, with_records=True)

    recorded, folded = from_records(asset), fold(asset, asset.records["timestamp"])

    for name in ("ts", "mid", "position", "balance", "fee", "num_trades", "volume", "value", "equity"):
        assert _close(getattr(recorded, name), getattr(folded, name))


def test_resampled_records_are_the_state_of_the_last_sample_before() -> None:
    asset = make_asset(seconds=60, fills=30, with_records=True)

    coarse = from_records(asset).every(10 * SECOND)

    assert list(np.diff(coarse.ts)) == [10 * SECOND] * 6
    assert _close(coarse.equity, fold(asset, coarse.ts).equity)


def test_a_total_is_the_sum_of_its_assets() -> None:
    run = make_run(make_asset(seed=1), make_asset(seed=2, symbol="ETHUSDT-PERP.BINANCE", seconds=300))
    curves = equity_curves(run)

    added = total(curves)

    assert added is not None
    assert _close(added.equity, curves[0].equity + curves[1].equity)
    assert added.num_trades[-1] == 400


def test_no_total_over_two_currencies() -> None:
    run = make_run(make_asset(), make_asset(currency="USDC"))

    assert total(equity_curves(run)) is None


def test_an_empty_side_leaves_the_last_mid_in_force() -> None:
    asset = make_asset(seconds=20, fills=10)
    asset.bid[50:80] = np.nan
    ts = asset.price_ts[60:61]

    assert fold(asset, ts).mid[0] == asset.mids[1][49]


def test_an_open_position_before_any_price_has_no_value() -> None:
    asset = make_asset(seconds=20, fills=10)
    asset.bid[:] = np.nan

    curve = equity_curve(asset, interval_ns=SECOND)

    assert curve.equity[0] == 0.0
    assert np.isnan(curve.equity[curve.position != 0.0]).all()


def test_a_fill_whose_report_never_came_changes_nothing() -> None:
    asset = make_asset(seconds=20, fills=3)
    asset.fills["local_ts"][2] = NO_TIME

    assert equity_curve(asset).num_trades[-1] == 2


def test_runs_of_nothing_and_of_one_sample() -> None:
    one = empty_asset(price_ts=np.array([START]), bid=np.array([1.0]), ask=np.array([2.0]))

    assert len(equity_curve(empty_asset()).equity) == 0
    assert len(equity_curve(empty_asset()).drawdown) == 0
    assert list(equity_curve(one).equity) == [0.0]
    assert equity_curve(one).days == 0.0
    assert total(()) is None
    assert len(from_records(with_records_of(one, SECOND)).every(SECOND).ts) == 1


@pytest.mark.parametrize("span", [0, 1, 60 * SECOND, 86_400 * SECOND, 400 * 86_400 * SECOND])
def test_the_automatic_interval_keeps_plots_small(span: int) -> None:
    assert len(grid(0, span, round_interval(span))) <= 5_000


def test_an_interval_must_be_positive() -> None:
    with pytest.raises(InputError, match="positive sampling interval"):
        grid(0, 1, -5)


def test_last_known_and_lots() -> None:
    assert _close(last_known(np.array([np.nan, 1, np.nan, np.inf, 2])), [np.nan, 1, 1, 1, 2])
    assert lots_to_qty(np.array([3.0]), 0.001)[0] == 0.003
    assert lots_to_qty(np.array([3.0]), 5.0)[0] == 15.0
