"""`truefill spread`: quotes over time as a CSV file with the documented columns, bands and statuses."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from truefill.quoting import return_quote, return_quoting
from truefill.strategy.maker_calibration import CalibrationSettings, calibrate_maker
from truefill.strategy.maker_market import maker_market
from truefill.strategy.quote_series import Quoting, quote_series
from truefill.tape import Tape, cut

DOCUMENTED = [
    *(
        "timestamp",
        "datetime",
        "mid_price",
        "volatility",
        "bid_kappa",
        "ask_kappa",
        "bid_a",
        "ask_a",
        "gamma",
    ),
    *("optimal_spread_bps", "bid_spread_bps", "ask_spread_bps"),
    *("bid_price", "ask_price", "reservation_price"),
]
CONFIG = {
    "warmup_period_seconds": 6,
    "calibration_window_seconds": 10,
    "recalibration_interval_seconds": 4,
    "maker_fee_bps": 0.0,
    "min_spread_bps": 0,
    "risk_aversion_gamma": 50.0,
    "inventory_horizon_seconds": 60,
    "max_inventory": 2,
}
FEW = ("--config", "config.json", "--draws", "20")


@pytest.fixture(autouse=True)
def config(folder: Path) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(CONFIG))
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_the_documented_columns_and_their_numbers(truefill: Any, folder: Path) -> None:
    """Each row is the pipeline's formula of the row's own numbers; the fits are those of the function."""
    done = truefill("spread", "market.tape", *FEW)
    assert done.exit_code == 0, done.output
    rows = rows_of(folder / "as_results.csv")
    assert list(rows[0])[: len(DOCUMENTED)] == DOCUMENTED
    settings = return_quoting(
        tick_size=0.01, max_inventory=2.0, gamma=50.0, horizon=60.0, maker_fee_bps=0.0, min_spread_bps=0.0
    )
    quoted = [row for row in rows if row["bid_price"]]
    assert len(rows) == 4 and len(quoted) >= 3
    for row in quoted:
        x = {name: float(row[name]) for name in DOCUMENTED if name != "datetime"}
        made = return_quote(x["mid_price"], 0.0, x["volatility"], x["bid_kappa"], x["ask_kappa"], settings)
        assert x["bid_price"] == pytest.approx(made.bid, abs=0.0101) and x["bid_price"] < x["mid_price"]
        assert x["ask_price"] == pytest.approx(made.ask, abs=0.0101) and x["ask_price"] > x["mid_price"]
        assert 1e4 * made.bid_spread == pytest.approx(x["bid_spread_bps"], rel=1e-9)
        both = 0.5e4 * (made.bid_spread + made.ask_spread)
        assert (both, 50.0) == (pytest.approx(x["optimal_spread_bps"], rel=1e-9), x["gamma"])
        for name in ("volatility", "bid_kappa", "ask_a"):
            if row[f"{name}_high"]:
                assert float(row[f"{name}_low"]) < x[name] < float(row[f"{name}_high"])
        assert float(row["ask_price_low"]) < float(row["ask_price_high"])
        assert {row["bid_status"], row["ask_status"]} <= {"ok", "poor_fit"}
    told = json.loads(truefill("spread", "market.tape", *FEW, "--json").stdout)
    assert (told["points"], told["quoted"]) == (4, len(quoted))
    assert sum(told["bid_status"].values()) == 4


@pytest.mark.parametrize("model", ["glft", "asymmetric"])
def test_other_models(truefill: Any, folder: Path, model: str) -> None:
    """With an inventory both quotes are lower, and a smaller inventory costs a wider or steeper pair."""
    files = {}
    for name, more in (("flat", ()), ("long", ("--inventory", "1")), ("calm", ("--inventory-sd", "0.5"))):
        options = ("--model", model, "--notional", "20", *more, "--out", f"{name}.csv")
        assert truefill("spread", "market.tape", *FEW, *options).exit_code == 0
        files[name] = [row for row in rows_of(folder / f"{name}.csv") if row["reservation_price"]]
    for flat, held, calm in zip(*files.values(), strict=True):
        assert float(held["reservation_price"]) < float(flat["reservation_price"])
        assert float(held["bid_price"]) <= float(flat["bid_price"])
        assert float(calm["gamma"]) != float(flat["gamma"])
        assert float(flat["bid_price"]) < float(flat["mid_price"]) < float(flat["ask_price"])


def test_nothing_newer_goes_in(folder: Path) -> None:
    """The quotes of the first half are those of a recording that ends there; bad fits have none."""
    tape = Tape.open(folder / "market.tape")
    settings = return_quoting(tick_size=0.01, max_inventory=2.0)
    fitting = CalibrationSettings(window=8.0, every=2.0, warmup=4.0, sample_every=0.05)
    series = []
    for part in (tape, cut(tape, None, tape.header.first_ts + 11_000_000_000)):
        read = maker_market(part, warmup=4.0)
        known = calibrate_maker(read, fitting)
        series.append(quote_series(read, known, Quoting("as", settings, 1.0), draws=5))
    long, short = series
    assert 3 <= len(short) < len(long)
    assert [p._replace(fit=None) for p in long[: len(short)]] == [p._replace(fit=None) for p in short]

    few = CalibrationSettings(window=8.0, every=2.0, warmup=4.0, sample_every=0.05, min_events=10_000)
    read = maker_market(tape, warmup=4.0)
    nothing = quote_series(read, calibrate_maker(read, few), Quoting("as", settings, 1.0))
    assert not any(p.usable for p in nothing) and all(math.isnan(p.bid) for p in nothing)
    assert np.isfinite([p.mid for p in nothing]).all()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--model", "best"), "as, glft, asymmetric"),
        (("--inventory", "9"), "an inventory within the limit of 2"),
        (("--notional", "0"), "--notional"),
        (("--notional", "1e9", "--model", "glft"), "orders that fit into max_inventory"),
        (("--inventory-sd", "1e9", "--model", "glft"), "inventory"),
        (("--volatility", "garch"), "two_scale"),
        (("--out", "nowhere/as.csv"), "nowhere"),
    ],
)
def test_bad_input(truefill: Any, folder: Path, options: tuple[str, ...], says: str) -> None:
    """One line on stderr, status 2, and no file."""
    before = sorted(folder.iterdir())
    done = truefill("spread", "market.tape", *FEW, *options, "--json")

    assert done.exit_code == 2, done.output
    assert says in done.stderr and "error: " in done.stderr.strip().splitlines()[-1]
    assert before == sorted(folder.iterdir())


def test_configurations_that_contradict_themselves(truefill: Any, folder: Path, config: Path) -> None:
    """Fees that cap the spread, an unknown key, a warm-up as long as the recording."""
    for changed, says in (
        ({"maker_fee_bps": 300}, "twice maker_fee_bps"),
        ({"gamma": 1}, "unknown key 'gamma'"),
        ({"warmup_period_seconds": 3600}, "a recording longer than warm-up"),
    ):
        config.write_text(json.dumps(CONFIG | changed))
        done = truefill("spread", "market.tape", *FEW, "--json")
        assert done.exit_code == 2 and says in done.stderr, done.output
    assert not (folder / "as_results.csv").exists()


def test_help_teaches(truefill: Any) -> None:
    text = truefill("spread", "--help").stdout
    assert "as_results.csv" in text and "truefill spread" in text and "--inventory-sd" in text
