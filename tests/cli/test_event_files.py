"""`truefill backtest` runs classes and callbacks as it runs functions."""

import json
from pathlib import Path
from typing import Any

import pytest

RUN = ("backtest", "strategy.py", "--config", "run.toml", "--out", "result", "--json")
CLASS = """
from truefill import GTX
from truefill.strategy import Strategy


class Maker(Strategy):
    timers = ("100ms",)

    def __init__(self, params):
        self.params = params
        self.steps = 0

    def on_timer(self, timer):
        depth = self.bot.depth(0)
        self.bot.clear_inactive_orders(0)
        self.steps += 1
        if self.steps % self.params.every == 0:
            self.bot.submit_buy_order(0, self.steps, depth.best_bid, self.params.qty, GTX)
            self.bot.submit_sell_order(0, 1_000_000 + self.steps, depth.best_ask, self.params.qty, GTX)
"""
FUNCTIONS = """
from truefill import GTX
from truefill.strategy import new_state

timers = ["100ms"]


def make_state(params):
    return new_state(steps=0, every=params.every, qty=params.qty)


def on_timer(bot, state, timer):
    depth = bot.depth(0)
    bot.clear_inactive_orders(0)
    state.steps += 1
    if state.steps % state.every == 0:
        bot.submit_buy_order(0, state.steps, depth.best_bid, state.qty, GTX)
        bot.submit_sell_order(0, 1_000_000 + state.steps, depth.best_ask, state.qty, GTX)
"""


def test_all_styles_are_the_same_run(truefill: Any, folder: Path) -> None:
    """The strategy as a loop, as a class and as callbacks: one run hash."""
    hashes = [json.loads(truefill(*RUN).stdout)["run_hash"]]
    for source, more in ((CLASS, ()), (FUNCTIONS, ()), (FUNCTIONS, ("--interpreted",))):
        (folder / "strategy.py").write_text(source)
        done = truefill(*RUN, *more)
        assert done.exit_code == 0, done.output
        hashes.append(json.loads(done.stdout)["run_hash"])

    assert len(set(hashes)) == 1


def test_a_sweep_of_classes_and_callbacks_is_one_of_loops(truefill: Any, folder: Path) -> None:
    """The same runs, and each takes its own parameters."""
    sweep = ("sweep", "strategy.py", "--config", "run.toml", "-p", "every=5,20", "--json")
    tables = []
    for source in (None, CLASS, FUNCTIONS):
        if source is not None:
            (folder / "strategy.py").write_text(source)
        done = truefill(*sweep)
        assert done.exit_code == 0, done.output
        tables.append([(row["every"], row["run_hash"]) for row in json.loads(done.stdout)])

    assert tables[0] == tables[1] == tables[2]
    assert tables[0][0][1] != tables[0][1][1]

    for source, message in (
        (FUNCTIONS.replace("(params)", "()").replace("params.every", "5"), "make_state"),
        (CLASS.replace("(self, params)", "(self)"), "Maker(params)"),
    ):
        (folder / "strategy.py").write_text(source)
        done = truefill(*sweep)
        assert done.exit_code == 2
        assert message in done.stderr


def test_a_callback_that_raises_shows_its_line(truefill: Any, folder: Path) -> None:
    """The line, the callback and the time; results are kept."""
    (folder / "strategy.py").write_text(
        CLASS + "        if self.steps == 20:\n            raise ValueError('enough')\n"
    )
    done = truefill(*RUN)

    assert done.exit_code == 1
    assert "strategy.py:21: on_timer, event" in done.stderr
    assert "ValueError: enough" in done.stderr
    assert (folder / "result" / "run.json").exists()


WRONG = {
    "two classes": (
        CLASS + "class Other(Strategy):\n    pass\n",
        "one class derived from Strategy, got Maker, Other",
    ),
    "no timers": (FUNCTIONS.replace('timers = ["100ms"]', ""), "timers=[Timer('1s')] for on_timer"),
    "a misspelt callback": (FUNCTIONS.replace("on_timer", "on_time"), "or callbacks such as on_trade"),
    "params that are not taken": (
        FUNCTIONS.replace("(params)", "()").replace("params.every", "5").replace("params.qty", "0.5"),
        "no [params], since strategy.py has make_state()",
    ),
    "a state of two": (
        FUNCTIONS.replace("(params)", "(a, b)"),
        "expected make_state() or make_state(params)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_file_is_said(truefill: Any, folder: Path, name: str) -> None:
    source, text = WRONG[name]
    (folder / "strategy.py").write_text(source)
    done = truefill(*RUN)

    assert done.exit_code == 2
    assert text in " ".join(done.stderr.split())


@pytest.mark.compiled_only
def test_callbacks_that_do_not_compile_name_the_line(truefill: Any, folder: Path) -> None:
    """Numba's page of text becomes the user's line and what to do there, not the last callback's fault."""
    (folder / "strategy.py").write_text("def on_bookl1(bot, state, book):\n    state.seen += 1\n")
    settings = (folder / "run.toml").read_text()
    (folder / "run.toml").write_text(settings[: settings.index("[params]")])
    done = truefill(*RUN[:-1])
    text = " ".join(done.output.split())
    assert done.exit_code == 1, done.output
    assert "strategy.py" in text and "line 2" in text
    assert "make_state" in text
    assert "on_stop" not in text and "\x1b" not in text
