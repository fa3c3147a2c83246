"""`truefill sweep`: a grid of parameters in, a table and a file out; each run is a backtest's run."""

import json
import random

import polars as pl
import pytest

from tests.differential.pieces import pieces_of
from truefill.cli.sweep_params import parse_params
from truefill.core.errors import ConfigError
from truefill.tape import Tape, build_tape, tape_events

SWEEP = ("sweep", "strategy.py", "--config", "run.toml")


def test_a_sweep_shows_a_table_and_writes_all_metrics(truefill, folder):
    done = truefill(*SWEEP, "-p", "every=5:20:5", "-p", "qty=0.5,1", "--out", "sweep.parquet")

    assert done.exit_code == 0, done.output
    frame = pl.read_parquet(folder / "sweep.parquet")
    expected = [(every, qty) for every in (5, 10, 15, 20) for qty in (0.5, 1.0)]
    assert expected == frame.select("every", "qty").rows()
    assert frame["NumberOfTrades"].min() > 0
    assert "NumberOfTrades" in done.stdout
    table = [line.split() for line in done.stdout.splitlines() if line.strip()[:1].isdigit()]
    assert len(table) == 8
    returns = [float(row[2].replace("−", "-").replace(",", "")) for row in table]
    assert returns == sorted(returns, reverse=True)


def test_each_run_is_the_backtest_with_its_parameters(truefill, folder):
    rows = json.loads(truefill(*SWEEP, "-p", "every=5,50", "--json").stdout)
    hashes = []
    for every in (5, 50):
        text = (folder / "run.toml").read_text()
        (folder / "one.toml").write_text(text.replace("every = 5", f"every = {every}"))
        run = truefill("backtest", "strategy.py", "--config", "one.toml", "--out", f"r{every}", "--json")
        hashes.append(json.loads(run.stdout)["run_hash"])

    assert hashes == [row["run_hash"] for row in rows]
    assert [5, 50] == [row["every"] for row in rows]


def test_a_chain_is_swept_as_the_tape_that_it_was_cut_from(truefill, folder):
    rows = tape_events(Tape.open(folder / "market.tape"))
    pieces = next(p for seed in range(100) if len(p := pieces_of(rows, random.Random(seed), 3)) == 3)
    for number, piece in enumerate(pieces):
        names = {"symbol": "DEMO.SYNTH", "tick_size": "0.01", "lot_size": "0.01"}
        build_tape(piece, path=folder / f"{number}.tape", **names)
    one, many = (["sweep", "strategy.py", "--config", name, "--json"] for name in ("run.toml", "chain.toml"))
    text = (folder / "run.toml").read_text()
    (folder / "chain.toml").write_text(text.replace('"market.tape"', '["0.tape", "1.tape", "2.tape"]'))
    rows = [json.loads(truefill(*words, "-p", "every=5,50").stdout) for words in (one, many)]

    assert rows[0][0]["run_hash"] != rows[0][1]["run_hash"]
    assert [row["run_hash"] for row in rows[0]] == [row["run_hash"] for row in rows[1]]


def test_csv_and_another_order(truefill, folder):
    done = truefill(*SWEEP, "-p", "every=5:20:5", "--out", "sweep.csv", "--sort", "OrdersSubmitted")

    assert done.exit_code == 0, done.output
    assert [5, 10, 15, 20] == pl.read_csv(folder / "sweep.csv")["every"].to_list()
    first = next(line for line in done.stdout.splitlines() if line.strip()[:1].isdigit())
    assert "5" == first.split()[0]


def test_a_run_that_raises_is_told_and_the_others_are_kept(truefill, folder):
    text = (folder / "strategy.py").read_text()
    (folder / "strategy.py").write_text(
        text + "        if params.every == 6 and steps == 9:\n            raise ValueError('six')\n"
    )
    done = truefill(*SWEEP, "-p", "every=5:7:1", "--out", "sweep.parquet")

    assert 1 == done.exit_code
    assert "every=6, qty=0.5: ValueError: six" in done.stderr
    assert ["done", "failed", "done"] == pl.read_parquet(folder / "sweep.parquet")["status"].to_list()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-p", "evry=1"), "did you mean 'every'"),
        (("-p", "every"), "NAME=FIRST:LAST:STEP"),
        (("-p", "every=1:2"), "NAME=FIRST:LAST:STEP"),
        (("-p", "every=1:2:0"), "a step that is not 0"),
        (("-p", "every=1:10:-1"), "leads from FIRST to LAST"),
        (("-p", "every=1:x:1"), "three numbers"),
        (("-p", "every=0:1000000:1"), "at most 100,000 values"),
        (("-p", "every=1.5"), "values of type int"),
        (("-p", "every=many"), "values of type int"),
        (("-p", "every=1", "-p", "every=2"), "got twice"),
        (("-p", "every=5", "--out", "x.xlsx"), ".parquet or .csv"),
        (("-p", "every=5", "--sort", "Fame"), "a metric to sort by"),
    ],
)
def test_bad_input_is_one_line_and_status_two(truefill, arguments, message):
    done = truefill(*SWEEP, *arguments)

    assert 2 == done.exit_code
    assert message in done.stderr
    assert "Traceback" not in done.output


def test_values_are_exact_and_of_the_right_type():
    known = {"spread": 1.0, "levels": 1, "on": False, "name": "x"}
    found = parse_params(["spread=0.1:0.5:0.1", "levels=3:1:-1", "on=true,false", "name=a,7"], known)

    assert {
        "spread": [0.1, 0.2, 0.3, 0.4, 0.5],
        "levels": [3, 2, 1],
        "on": [True, False],
        "name": ["a", "7"],
    } == found
    with pytest.raises(ConfigError, match="none there"):
        parse_params(["x=1"], {})


def test_computing_time_is_charged_as_in_a_backtest_and_cannot_be_measured(truefill, folder):
    text = (folder / "run.toml").read_text()
    (folder / "run.toml").write_text(text + '\n[run]\ncompute = "3ms"\n')
    [row] = json.loads(truefill(*SWEEP, "-p", "every=5", "--json").stdout)
    run = truefill("backtest", "strategy.py", "--config", "run.toml", "--out", "r", "--json")
    assert row["run_hash"] == json.loads(run.stdout)["run_hash"]

    (folder / "run.toml").write_text(text + '\n[run]\ncompute = "measured"\n')
    done = truefill(*SWEEP, "-p", "every=5")
    assert done.exit_code != 0
    assert "a constant [run] compute" in done.stderr
    run = truefill("backtest", "strategy.py", "--config", "run.toml", "--out", "m", "--json")
    assert json.loads(run.stdout)["repeats"] is False
