"""A chain takes as much memory of its own for thirty days as for three."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.days import make_days

from tests.support.modes import INTERPRETED
from truefill.synthetic import make_market
from truefill.tape import build_tape

ROOT = Path(__file__).resolve().parents[2]
STEP_NS = 1_000_000_000  # an order in a hundred steps: orders are kept, 700 bytes each with their fills
MARGIN = 3_000_000  # bytes; a day's columns are more than this, the own orders of all days less

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(INTERPRETED, reason="about compiled code"),
    pytest.mark.skipif(sys.platform != "linux", reason="Linux tells anonymous memory from mapped files"),
]


def own_bytes(mode: str, days: list[Path]) -> dict[str, float]:
    """What a process of its own says of itself."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.chains", mode, str(STEP_NS), *map(str, days)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_memory_does_not_depend_on_the_number_of_days(tmp_path: Path) -> None:
    """Tapes that go on with the book of the day before, which take most."""
    source = tmp_path / "day.tape"
    build_tape(make_market(2400, seed=1), symbol="DEMO.SYNTH", path=source)
    days = make_days(source, tmp_path, 30)
    own_bytes("chain", days[:3])  # compiles, which takes a hundred megabytes more
    few, many = own_bytes("chain", days[:3]), own_bytes("chain", days)
    assert many["events"] == 10 * few["events"]
    assert many["steps"] > 9 * few["steps"]
    assert many["fills"] > few["fills"] > 0
    assert days[0].stat().st_size > MARGIN
    assert abs(many["own_bytes"] - few["own_bytes"]) < MARGIN
