"""truefill backtest-as: from a tape, or a folder of the Extended pipeline, to its documented files."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from truefill.analysis import load_run
from truefill.analysis.attribution import attribution
from truefill.tape import Tape

CONFIG = {
    "_comment": "made for a market of twenty seconds",
    "inventory_horizon_seconds": 60,
    "risk_aversion_gamma": 50.0,
    "fill_cooldown_seconds": 0.5,
    "warmup_period_seconds": 4,
    "calibration_window_seconds": 10,
    "recalibration_interval_seconds": 4,
    "quote_validity_seconds": 1,
    "maker_fee_bps": 0.0,
    "taker_fee_bps": 2.5,
    "min_spread_bps": 0,
    "num_threads": 4,
}


COLUMNS = (
    *(
        "timestamp",
        "datetime",
        "mid_price",
        "inventory",
        "cash",
        "pnl",
        "spread_bps",
        "bid_price",
        "ask_price",
    ),
    *("bid_fills", "ask_fills", "gamma", "bid_kappa", "ask_kappa", "bid_a", "ask_a"),
)


@pytest.fixture
def config(folder: Path) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(CONFIG))
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_from_a_tape_to_the_documented_files(
    folder: Path, config: Path, truefill: Callable[..., Any]
) -> None:
    out = folder / "result"
    done = truefill(
        "backtest-as", folder / "market.tape", "-c", config, "-o", out, "--requote", "100ms", "--json"
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    rows = rows_of(out / "backtest_results.csv")
    assert 4 == len(rows)  # at seconds 4, 8, 12, 16
    assert tuple(rows[0]) == COLUMNS
    quoted = [row for row in rows if row["bid_price"]]
    assert len(quoted) >= 3
    for row in quoted:
        assert float(row["bid_price"]) < float(row["mid_price"]) < float(row["ask_price"])
        assert float(row["gamma"]) == 50.0
        equity = float(row["cash"]) + float(row["inventory"]) * float(row["mid_price"])
        assert float(row["pnl"]) == pytest.approx(equity - 1000.0, abs=1e-6)
    log = rows_of(out / "trades.csv")
    assert log[-1]["inventory"] == "0"
    assert float(log[-1]["cash"]) - 1000.0 == pytest.approx(told["profit"], abs=1e-6)
    # the run is one like any other: attribution, metrics, report
    (asset,) = load_run(out).assets
    found = attribution(asset)
    assert found.money(found.profit) == pytest.approx(told["profit"], abs=1e-6)
    assert "Sensitivity: profit by fill rule and latency" in (out / "report.html").read_text()
    assert min(row["fills"] for row in told["sensitivity"]) > 0
    rules = {row["rule"] for row in told["sensitivity"]}
    assert 4 == len(rules)  # documented, own quote touch and through, simulator
    assert "documented; better than the quote" in told["fill_rule"]
    assert {"Return", "SR", "MaxDrawdown"} <= set(next(iter(told["metrics"].values())))


@pytest.mark.slow
def test_a_folder_of_the_pipeline_gives_what_its_tape_does(
    folder: Path, config: Path, truefill: Callable[..., Any]
) -> None:
    from truefill.collect import write_wide
    from truefill.collect.vendor_files import convert_files

    write_wide(Tape.open(folder / "market.tape"), folder / "data", "MADE-USD")
    convert_files(folder / "data" / "made_usd", symbol="MADEUSD-PERP.EXTENDED", out=folder / "wide.tape")
    config.write_text(json.dumps(CONFIG | {"markets": ["MADE-USD"]}))
    plain = ("-c", config, "--no-simulator", "--model", "glft", "--fill", "own", "--json")
    both = [
        truefill("backtest-as", *market, *plain, "-o", folder / f"out{k}")
        for k, market in enumerate(([], [folder / "wide.tape"]))
    ]
    assert [0, 0] == [done.exit_code for done in both], both[0].output + both[1].output
    first, second = (json.loads(done.stdout) for done in both)
    assert len((folder / "out0" / "trades.csv").read_text().splitlines()) > 3
    assert first["profit"] == second["profit"]
    assert first["counters"] == second["counters"]
    assert (folder / "out0" / "trades.csv").read_text() == (folder / "out1" / "trades.csv").read_text()


@pytest.mark.slow
def test_the_originals_clock_is_reachable_and_said(
    folder: Path, config: Path, truefill: Callable[..., Any]
) -> None:
    done = truefill(
        "backtest-as", folder / "market.tape", "-c", config, "-o", folder / "r", "--requote", "calibration",
        "--no-simulator",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "quotes were decided at calibrations only" in said
    assert "risk_aversion_gamma" in said  # the effective configuration


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "x"], "as, glft"),
        (["--fill", "x"], "mean, own"),
        (["--requote", "soon"], "--requote"),
        (["--volatility", "x"], "two_scale"),
        (["--capital", "0"], "capital"),
    ],
)
def test_wrong_arguments_are_one_line(
    folder: Path, config: Path, truefill: Callable[..., Any], arguments: list[str], words: str
) -> None:
    out = folder / "result"
    done = truefill("backtest-as", folder / "market.tape", "-c", config, "-o", out, "--json", *arguments)
    assert done.exit_code == 2
    assert words in done.output
    assert not out.exists()


def test_no_market_is_said(folder: Path, config: Path, truefill: Callable[..., Any]) -> None:
    done = truefill("backtest-as", "-c", config, "-o", folder / "result")
    assert done.exit_code == 2
    assert "one market in the configuration" in " ".join(done.output.split())
