"""`truefill backtest` and `report`: results written, errors told with the user's line, Ctrl-C obeyed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from truefill.analysis import load_run

RUN = ("backtest", "strategy.py", "--config", "run.toml", "--out", "result")


@pytest.fixture(params=["compiled", "interpreted"])
def way(request):
    return () if request.param == "compiled" else ("--interpreted",)


def test_a_run_leaves_a_folder_that_can_be_loaded_and_reported(truefill, folder):
    done = truefill(*RUN)
    assert done.exit_code == 0, done.output
    run = load_run(folder / "result")
    assert len(run.assets[0].fills) > 0
    assert run.meta["name"] == "strategy"
    assert run.meta["config"]["params"] == {"every": 5, "qty": 0.5}
    page = (folder / "result" / "report.html").read_text()
    assert "DEMO-PERP.SYNTH" in page
    assert "Net PnL" in done.stdout
    (folder / "result" / "report.html").unlink()

    again = truefill("report", "result")
    assert again.exit_code == 0
    assert (folder / "result" / "report.html").exists()
    assert "Net PnL" in again.stdout


def test_compiled_and_interpreted_are_the_same_run(truefill):
    runs = [json.loads(truefill(*RUN, "--json", *way).stdout) for way in ((), ("--interpreted",))]
    assert runs[0]["run_hash"] == runs[1]["run_hash"]
    assert runs[0]["metrics"] == runs[1]["metrics"]
    assert json.loads(truefill("report", "result", "--json").stdout)["run_hash"] == runs[0]["run_hash"]


def test_params_reach_the_strategy(truefill, folder):
    first = json.loads(truefill(*RUN, "--json").stdout)
    text = (folder / "run.toml").read_text()
    (folder / "run.toml").write_text(text.replace("every = 5", "every = 50"))
    second = json.loads(truefill(*RUN, "--json").stdout)
    orders = [run["metrics"]["DEMO-PERP.SYNTH"]["OrdersSubmitted"] for run in (first, second)]
    assert orders[0] > 5 * orders[1] > 0


def test_a_strategy_that_raises_shows_its_line_and_keeps_the_results(truefill, folder, way):
    text = (folder / "strategy.py").read_text()
    (folder / "strategy.py").write_text(
        text + "        if steps == 100:\n            raise ValueError('enough')\n"
    )
    done = truefill(*RUN, *way)
    assert done.exit_code == 1
    line = text.count("\n") + 2
    assert f'strategy.py", line {line}, in strategy' in done.stderr
    assert "ValueError: enough" in done.stderr
    assert "threading" not in done.stderr  # our own frames say nothing to the user
    run = load_run(folder / "result")
    assert 0 < len(run.assets[0].orders) <= 40
    assert (folder / "result" / "report.html").exists()
    assert any("ValueError" in note for note in run.meta["notes"])


def test_an_order_that_no_exchange_would_understand_is_named_with_the_line(truefill, folder, way):
    text = (folder / "strategy.py").read_text()
    (folder / "strategy.py").write_text(text.replace("depth.best_bid, params.qty", "-1.0, params.qty"))
    done = truefill(*RUN, *way)
    assert done.exit_code == 1
    line = text[: text.index("bot.submit_buy_order")].count("\n") + 1
    assert f"error: strategy.py:{line}: expected" in done.stderr
    assert (folder / "result" / "report.html").exists()


@pytest.mark.compiled_only
def test_what_does_not_compile_is_named_with_the_line(truefill, folder):
    text = (folder / "strategy.py").read_text()
    (folder / "strategy.py").write_text(text.replace("params.every", "params.evry"))
    done = truefill(*RUN)
    assert done.exit_code == 1
    assert "evry" in done.stderr
    assert "strategy.py" in done.stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "run.toml",
            "maker",
            "makr",
            "run.toml:8: expected one of model, maker, taker, currency, buyer, ",
        ),
        ("run.toml", "market.tape", "other.tape", "other.tape: expected a tape file, got no such file"),
        (
            "run.toml",
            "[latency]",
            "tick_size = 0.03\n[latency]",
            "run.toml: asset[0], Asset DEMO-PERP.SYNTH: expected the tape's tick size 0.01",
        ),
        (
            "run.toml",
            "[latency]",
            'symbol = "X"\n[latency]',
            "run.toml: asset[0]: expected the symbol of the tape, DEMO-PERP.SYNTH, got X",
        ),
        (
            "run.toml",
            '"1ms"',
            '"99999999999h"',
            "run.toml:5: expected latency.entry to be a duration of at most",
        ),
        (
            "run.toml",
            '"1ms"',
            '"999h"',
            "run.toml: asset[0], ConstantLatency.entry_ns: expected a latency within",
        ),
        (
            "run.toml",
            "[params]\nevery = 5\nqty = 0.5\n",
            "",
            "run.toml: expected [params], since strategy.py has strategy(bot, params), got none",
        ),
        (
            "strategy.py",
            "def strategy(bot, params)",
            "def strategy(bot)",
            "expected no [params], since strategy.py has strategy(bot), got every, qty",
        ),
        (
            "strategy.py",
            "def strategy",
            "def trade",
            "strategy.py: expected a function strategy(bot) or strategy(bot, params), a class derived from "
            "Strategy, or callbacks such as on_trade(bot, state, trade), got only trade",
        ),
        ("strategy.py", "def strategy", "def def", "strategy.py:5: expected Python, got a syntax error"),
    ],
)
def test_bad_input_is_one_line_status_2_and_leaves_nothing(truefill, folder, file, old, new, message):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    done = truefill(*RUN)
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert not (folder / "result").exists()


def test_results_are_not_written_among_other_files(truefill, folder):
    (folder / "result").mkdir()
    (folder / "result" / "thesis.doc").write_text("precious")
    done = truefill(*RUN)
    assert done.exit_code == 2
    assert "expected a new or empty folder, or one with an earlier run" in done.stderr
    assert [p.name for p in (folder / "result").iterdir()] == ["thesis.doc"]


def test_an_earlier_run_is_replaced(truefill):
    assert truefill(*RUN).exit_code == 0
    assert truefill(*RUN).exit_code == 0


def interrupted_run(command, folder, wait):
    """Start a run, press Ctrl-C after `wait` seconds; how long it took to end, and what it said then."""
    with subprocess.Popen(
        command, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:  # until the simulator is there
            if "Load the simulator" in line:
                break
        time.sleep(wait)  # the strategy compiles
        asked = time.monotonic()
        child.send_signal(signal.SIGINT)
        for line in child.stderr:
            if "Simulate" in line:
                break
        stopped = time.monotonic() - asked
        rest = child.stderr.read()
        assert child.wait(60) == 130
    return stopped, rest


ENDLESS = """
def strategy(bot):
    n = 0
    while True:
        n += bot.elapse(0)
        if n > 0:
            return n
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGINT to one process only")
def test_ctrl_c_ends_the_run_at_once_and_keeps_its_results(folder, way):
    (folder / "strategy.py").write_text(ENDLESS)
    (folder / "run.toml").write_text('[[asset]]\ntape = "market.tape"\n')
    command = [Path(sys.executable).with_name("truefill"), *RUN, *way]
    # a busy machine may be late by itself; that it is at once has to be seen once in three
    for _ in range(3):
        stopped, rest = interrupted_run(command, folder, 8.0 if not way else 1.0)
        if stopped < 0.5:
            break
    assert stopped < 0.5
    assert rest.splitlines()[-1] == "error: interrupted; the results up to here are kept"
    assert load_run(folder / "result").meta["run_hash"]
    assert (folder / "result" / "report.html").exists()


def test_places_in_queues_are_tracked_when_asked(truefill, folder):
    """Without the setting a strategy that asks is told what to write."""
    ask = "\n    bot.queue_position(0, 1)\n"
    (folder / "strategy.py").write_text((folder / "strategy.py").read_text() + ask)
    arguments = ("backtest", "strategy.py", "--config", "run.toml", "--out", "r", "--interpreted")
    refused = truefill(*arguments)
    with (folder / "run.toml").open("a") as file:
        file.write("[run]\ntrack_queues = true\n")

    assert refused.exit_code == 1 and "track_queues=True" in refused.stderr
    assert truefill(*arguments).exit_code == 0
