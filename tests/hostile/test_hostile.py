"""Whatever is passed, a user sees a typed error or a documented answer, and the interpreter lives.

Each part runs in a process of its own, so that a crash is a failed test and not the end of the test run.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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


@pytest.mark.long
@pytest.mark.parametrize(("part", "count"), [("bot", 60_000), ("makers", 6_000), ("data", 5_000)])
def test_many_hostile_arguments(
    part: str, count: int, record_property: Callable[[str, object], None]
) -> None:
    """The same, for longer."""
    record_property("proof", throw(part, 2, count))
