"""Whatever is passed, a user sees a typed error or a documented answer, and the interpreter lives.

Each part runs in a process of its own, so that a crash is a failed test and not the end of the test run.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile.bot_calls import DEPTH_METHODS, ENDING, METHODS, ORDERS_METHODS, public_methods
from tests.hostile.compiled_calls import CALLS
from truefill.backtest.bot import Bot
from truefill.backtest.depth import Depth
from truefill.backtest.orders import Orders

ROOT = Path(__file__).resolve().parents[2]
PARTS = [
    ("bot", 1_800),
    ("makers", 400),
    ("data", 150),
    # each call is compiled for each type
    pytest.param("compiled", 40, marks=[pytest.mark.compiled_only, pytest.mark.slow]),
]


def throw(part: str, seed: int, count: int) -> str:
    """Run one part; returns its counts."""
    # what was made interpreted or compiled here is made the same way there
    path = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "tests.hostile", part, str(seed), str(count)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, f"status {done.returncode}\n{done.stdout}\n{done.stderr[-4000:]}"
    return f"hostile {part}, {count} times: {done.stdout.strip()}"


@pytest.mark.parametrize(("part", "count"), PARTS)
def test_hostile_arguments(part: str, count: int, record_property: Callable[[str, object], None]) -> None:
    """A typed error or a documented answer; the bot works on and its results can be had."""
    record_property("proof", throw(part, 1, count))


@pytest.mark.parametrize(
    ("face", "listed"),
    [
        (Bot, {*METHODS, *ENDING}),
        (Depth, {*DEPTH_METHODS}),
        (Orders, {*ORDERS_METHODS} - {"__contains__"}),
    ],
)
def test_every_method_is_called(face: type, listed: set[str]) -> None:
    """What a strategy can call is in the list, interpreted and, the same, compiled."""
    assert public_methods(face) == listed
    in_source = set(re.findall(r"\.(\w+)\(", " ".join(CALLS)))
    assert listed - in_source - {*ENDING} == set()


@pytest.mark.long
@pytest.mark.parametrize(("part", "count"), [("bot", 60_000), ("makers", 6_000), ("data", 5_000)])
def test_many_hostile_arguments(
    part: str, count: int, record_property: Callable[[str, object], None]
) -> None:
    """The same, for longer."""
    record_property("proof", throw(part, 2, count))
