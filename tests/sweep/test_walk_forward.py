"""Windows that do not meet, one answer on any number of threads, and choices that knew only the past."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from truefill.backtest.quote_replay import ReplaySettings
from truefill.cli.main import app
from truefill.core.errors import ConfigError
from truefill.quoting import return_quoting
from truefill.strategy.maker_calibration import CalibrationSettings, Known, calibrate_maker
from truefill.strategy.maker_market import MakerMarket, maker_market
from truefill.strategy.market_maker import run_maker
from truefill.sweep import Candidate, walk_forward
from truefill.sweep.overfitting import sharpe
from truefill.sweep.walk_forward import folds_of
from truefill.synthetic import make_market
from truefill.tape import Tape, build_tape

S = 1_000_000_000


def test_windows_follow_each_other_and_never_meet() -> None:
    found = folds_of(0, 100 * S, 30.0, 20.0, 5.0)
    assert [((0, 30), (35, 55)), ((20, 50), (55, 75)), ((40, 70), (75, 95))] == [
        tuple((a // S, b // S) for a, b in pair) for pair in found
    ]
    with pytest.raises(ConfigError, match="a training and a test window"):
        folds_of(0, 10 * S, 30.0, 20.0, 0.0)


@pytest.fixture(scope="module")
def tape() -> Tape:
    events = np.concatenate(list(make_market(40, seed=9)))
    return build_tape(events, symbol="MADE-PERP.SYNTH", tick_size="0.01", lot_size="0.01", venue="synthetic")


@pytest.fixture(scope="module")
def market(tape: Tape) -> tuple[MakerMarket, Known]:
    found = maker_market(tape, gap=20.0, warmup=4.0)
    fitting = CalibrationSettings(window=10.0, every=2.0, warmup=4.0, sample_every=0.02)
    return found, calibrate_maker(found, fitting)


def candidates(market: MakerMarket) -> list[Candidate]:
    found = []
    for gamma in (1.0, 50.0, 1000.0):
        quoting = return_quoting(
            tick_size=market.tick_size, max_inventory=10.0, gamma=gamma, horizon=60.0, maker_fee_bps=0.0
        )
        trading = ReplaySettings(
            quoting=quoting, maker_fee=0.0, cooldown=0.2, requote=0.1, notional=100.0, capital=1e4
        )
        found.append(Candidate({"gamma": gamma}, trading))
    return found


@pytest.mark.slow
def test_the_same_on_any_number_of_threads_and_only_from_the_past(
    market: tuple[MakerMarket, Known],
) -> None:
    found, known = market
    lengths = {"train": 12.0, "test": 6.0, "purge": 1.0, "period": 1.0}
    one, two = (walk_forward(found, known, candidates(found), **lengths, workers=n) for n in (1, 2))
    assert one.periods.tolist() == two.periods.tolist()
    assert one.summary() == two.summary()
    assert len(one.folds) == 3
    assert one.periods.shape == (18, 3)
    assert np.abs(one.periods).sum() > 0
    for number, fold in enumerate(one.folds):
        assert fold.chosen == int(np.argmax(fold.inside))
        assert fold.train[1] + S == fold.test[0]
        # each test is the backtest of that window alone, flat before and closed after
        alone = run_maker(found.cut(*fold.test), one.candidates[fold.chosen].trading, known=known)
        assert alone.profit == pytest.approx(fold.profit, abs=1e-9)
        part = slice(6 * number, 6 * number + 6)
        assert one.chosen[part].tolist() == one.periods[part, fold.chosen].tolist()
    told = one.summary()
    assert told["best_in_sample"]["sharpe"] >= told["chosen_before"]["sharpe"]
    assert 0.0 <= told["overfitting_probability"] <= 1.0
    assert 0.0 <= told["deflated_sharpe"] <= 1.0
    assert told["best_in_sample"]["sharpe"] == pytest.approx(sharpe(one.periods[:, one.best]))


@pytest.mark.slow
def test_the_command_shows_what_choosing_is_worth(tape: Tape, tmp_path: Path) -> None:
    tape.save(tmp_path / "m.tape")
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps(
            {
                "warmup_period_seconds": 4,
                "calibration_window_seconds": 10,
                "recalibration_interval_seconds": 2,
                "fill_cooldown_seconds": 0.2,
                "maker_fee_bps": 0,
                "min_spread_bps": 0,
                "inventory_horizon_seconds": 60,
            }
        )
    )
    asked = [
        "walk-forward",
        tmp_path / "m.tape",
        "-c",
        config,
        "--train",
        "12s",
        "--test",
        "6s",
        "--purge",
        "1s",
    ]
    grid = ["--period", "1s", "-p", "risk_aversion_gamma=1,50", "-p", "notional=50,100"]
    words = [str(a) for a in (*asked, *grid)]
    done = CliRunner().invoke(app, [*words, "--json", "-o", str(tmp_path / "all.json")])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told == json.loads((tmp_path / "all.json").read_text())
    assert 4 == told["candidates"] == len(told["all_candidates"])
    assert 3 == told["folds"]
    shown = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    for text in ("best with hindsight", "deflated Sharpe ratio", "overfitting (PBO)", "chosen before"):
        assert text in shown.stdout
    wrong = CliRunner().invoke(app, [*words[:2], "-p", "gama=1"])
    assert wrong.exit_code == 2


@pytest.mark.slow
def test_no_candidates_and_long_periods_are_refused(market: tuple[MakerMarket, Known]) -> None:
    found, known = market
    with pytest.raises(ConfigError, match="candidate"):
        walk_forward(found, known, [], train=12.0, test=6.0)
    with pytest.raises(ConfigError, match="half a window"):
        walk_forward(found, known, candidates(found), train=12.0, test=6.0, period=5.0)
