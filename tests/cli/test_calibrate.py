"""`truefill calibrate queue`: a tape of single orders in, models by their loss out."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.modes import INTERPRETED
from tests.support.order_flow import LOT, TICK, OrderFlow
from truefill.analysis import save_run
from truefill.backtest import (
    Asset,
    Bot,
    NoPartialFillExchange,
    PowerProbQueue3,
    level_tape,
    order_tape_probes,
    run,
    score_queue,
)
from truefill.tape import Tape, build_tape

FEW = ("--every", "30ms", "--horizon", "400ms", "--low", "0.3", "--high", "3", "--steps", "3")


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tape of single orders, and beside it its feed by level."""
    folder = tmp_path_factory.mktemp("orders")
    events = OrderFlow(3).run(300 if INTERPRETED else 700).events
    steps = {"symbol": "FLOW.TEST", "tick_size": str(TICK), "lot_size": str(LOT)}
    tape = build_tape(events, path=folder / "orders.tape", **steps)
    level_tape(tape).save(folder / "levels.tape")
    return folder / "orders.tape"


def test_models_by_their_loss(truefill: Any, orders: Path) -> None:
    """The numbers are those of the functions; the best one is first; the table and the settings say so."""
    done = truefill("calibrate", "queue", orders, *FEW, "--offset", "0", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    tape = Tape.open(orders)
    probes = order_tape_probes(tape, 30_000_000, 400_000_000, (0,))
    losses = [row["loss"] for row in found["models"]]
    fitted = [row for row in found["models"] if row["model"] == "power3" and row["n"] != 3.0]
    again = score_queue(level_tape(tape), probes, PowerProbQueue3(fitted[0]["n"]))

    assert (len(probes), again.fills) == (found["probes"], found["filled"])
    assert losses == sorted(losses) and losses[0] == found["best"]["loss"]
    assert again.loss == fitted[0]["loss"] == min(point["loss"] for point in found["curves"]["power3"])
    assert {"risk_averse", "log", "log2", "power", "power2", "power3", "evidence"} == {
        row["model"] for row in found["models"]
    }

    text = truefill("calibrate", "queue", orders, *FEW, "--offset", "0").stdout
    assert f'[queue]\nmodel = "{found["best"]["model"]}"' in text
    assert "rank correlation" in text


def test_own_orders_are_a_truth(truefill: Any, orders: Path, folder: Path) -> None:
    """A run's own fills are explained best by the model that made them."""
    levels = Tape.open(orders.with_name("levels.tape"))

    def quote(bot: Any) -> None:
        number = 0
        while bot.elapse(5_000_000) == 0:
            number += 1
            bot.submit_buy_order(0, number, bot.depth(0).best_bid, 1.0)
            bot.elapse(60_000_000)
            bot.cancel(0, number)

    bot = Bot([Asset(levels, queue=PowerProbQueue3(1.0), exchange=NoPartialFillExchange())])
    save_run(run(bot, quote, compiled=False).run_data(), folder / "mine")
    arguments = ("calibrate", "queue", levels.path, "--result", "mine", *FEW, "--json")
    found = json.loads(truefill(*arguments).stdout)

    assert found["truth"] == "own orders" and found["filled"] > 3
    assert found["best"]["loss"] <= min(row["loss"] for row in found["models"] if row["model"] == "log")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["levels.tape"], "a tape of single orders, or --result with own orders"),
        (["none.tape"], "none.tape"),
        (["orders.tape", "--every", "0s"], "times above 0"),
        (["orders.tape", "--every", "soon"], "a duration"),
        (["orders.tape", "--low", "5", "--high", "2"], "0 < low < high"),
        (["orders.tape", "--model", "log"], "power, power2, power3 or evidence"),
        (["orders.tape", "--result", "nowhere"], "a saved run"),
    ],
)
def test_bad_input(truefill: Any, orders: Path, arguments: list[str], says: str) -> None:
    """One line on stderr, status 2."""
    done = truefill("calibrate", "queue", orders.with_name(arguments[0]), *arguments[1:])

    assert done.exit_code == 2
    assert says in done.stderr and len(done.stderr.strip().splitlines()[-1].split("error: ")) == 2


def test_help_teaches(truefill: Any) -> None:
    """Examples are there, and what a number means."""
    text = truefill("calibrate", "queue", "--help").stdout
    assert "truefill calibrate queue es.tape" in text and "fills too late" in text
    assert "queue" in truefill("calibrate").stdout
