"""`truefill demo`: from nothing to a report, on a made and on a real market."""

import json

import pytest

from tests.support.shared import shared_data
from truefill.analysis import load_run
from truefill.cli.assets import currency_of


def test_the_demo_leaves_everything_it_used(truefill, folder):
    done = truefill("demo", "--out", "demo", "--minutes", "2", "--seed", "5")
    assert done.exit_code == 0, done.output
    for word in ("Make a market", "Simulate", "What next"):
        assert word in done.stderr
    for word in ("Net PnL", "Sharpe", "Fill ratio", "equity after fees"):
        assert word in done.stdout
    demo = folder / "demo"
    assert {p.name for p in demo.iterdir()} == {"market.tape", "run.toml", "grid.py", "result"}
    assert (demo / "result" / "report.html").stat().st_size > 100_000
    run = load_run(demo / "result")
    assert len(run.assets[0].fills) > 0

    again = truefill("backtest", "demo/grid.py", "-c", "demo/run.toml", "-o", "demo/result", "--json")
    assert json.loads(again.stdout)["run_hash"] == run.meta["run_hash"]


def test_a_changed_strategy_is_left_alone(truefill, folder):
    truefill("demo", "--out", "demo", "--minutes", "1", "--json")
    (folder / "demo" / "grid.py").write_text("# mine\n")
    done = truefill("demo", "--out", "demo", "--minutes", "1")
    assert done.exit_code == 0
    assert (folder / "demo" / "grid.py").read_text() == "# mine\n"
    assert "was left as it is" in done.stderr


def test_json_is_all_there_is_on_stdout(truefill):
    done = truefill("demo", "--out", "demo", "--minutes", "1", "--json")
    assert json.loads(done.stdout)["metrics"]["DEMO-PERP.SYNTH"]["OrdersSubmitted"] > 0
    assert done.stderr == ""


def test_the_same_seed_is_the_same_run(truefill):
    runs = [
        json.loads(truefill("demo", "--out", out, "--minutes", "1", "--seed", seed, "--json").stdout)[
            "run_hash"
        ]
        for out, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.slow
@pytest.mark.needs_shared
def test_a_real_recording(truefill, folder):
    file = shared_data("raw/binance_usdm/btcusdt_20240808.gz")
    done = truefill("demo", "--data", file, "--out", "demo")
    assert done.exit_code == 0, done.output
    assert "BTCUSDT-PERP.BINANCE" in done.stdout
    assert "note: " in done.stderr  # the recorder's clock
    assert 'currency = "USDT"' in (folder / "demo" / "run.toml").read_text()


@pytest.mark.slow
@pytest.mark.needs_shared
def test_an_inverse_contract_is_said_to_be_counted_wrong(truefill, folder):
    done = truefill("demo", "--data", shared_data("raw/binance_cm/btcusd_perp_20240808.gz"), "--out", "demo")
    assert done.exit_code == 0, done.output
    assert "is an inverse contract" in done.stderr
    assert any("inverse" in note for note in load_run(folder / "demo" / "result").meta["notes"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--data", "none.gz"), "error: none.gz: expected a recording, got no such file"),
        (("--data", "strategy.py"), "error: strategy.py: expected a Binance depth stream"),
        (("--data", "strategy.py", "--venue", "x", "--symbol", "y"), "error: venue: expected a venue"),
        (("--minutes", "0"), "error: Invalid value for '--minutes'"),
        (("--seed", "-1"), "error: Invalid value for '--seed'"),
        (("--out", "strategy.py"), "error: strategy.py: expected a folder for the demo, got a file"),
    ],
)
def test_bad_input_is_one_line_and_status_2(truefill, folder, arguments, message):
    done = truefill("demo", *arguments, "--json")
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1


def test_other_files_are_left_alone(truefill, folder):
    done = truefill("demo", "--out", folder / "..")
    assert done.exit_code == 2
    assert "a folder with other files" in done.stderr


def test_the_currency_is_told_from_the_name():
    names = (
        "BTCUSDT-PERP.BINANCE",
        "ETHUSDC.BINANCE",
        "BTCUSD-PERP.BINANCE",
        "ETHBTC.BINANCE",
        "DEMO-PERP.SYNTH",
    )
    assert [currency_of(name) for name in names] == ["USDT", "USDC", "USD", "BTC", "quote"]


@pytest.mark.slow
def test_a_collected_market_goes_the_same_way(truefill, folder):
    done = truefill("demo", "--collect", "--minutes", "0.1", "--out", "demo")
    assert done.exit_code == 0, done.output
    assert "messages of Binance's protocol in 6 s" in done.stderr
    assert "0 gaps, sound" in done.stderr
    demo = folder / "demo"
    assert {p.name for p in demo.iterdir()} == {"collected", "market.tape", "run.toml", "grid.py", "result"}
    assert list((demo / "collected" / "raw").glob("DEMOUSDT_*.gz"))
    run = load_run(demo / "result")
    assert len(run.assets[0].fills) > 0
    again = truefill("demo", "--collect", "--minutes", "0.1", "--out", "demo", "--json")
    assert json.loads(again.stdout)["metrics"]["DEMOUSDT-PERP.BINANCE"]["OrdersSubmitted"] > 0


def test_a_recording_is_not_collected(truefill):
    done = truefill("demo", "--collect", "--data", "x.gz")
    assert (done.exit_code, done.stderr) == (
        2,
        "error: demo: expected either --data or --collect, got both\n",
    )
