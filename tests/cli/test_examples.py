"""Each example does what it says; the first is the demo's own strategy."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import truefill.cli
from tests.support.shared import shared_data

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(script: str, tmp_path: Path, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, EXAMPLES / script, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "160"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_is_the_demos_own():
    assert (EXAMPLES / "01_grid.py").read_text() == (
        Path(truefill.cli.__file__).parent / "grid.py"
    ).read_text()


def test_settings_fit_the_first(market, tmp_path, truefill):
    text = (EXAMPLES / "run.toml").read_text().replace("../truefill-demo/market.tape", str(market))
    (tmp_path / "example.toml").write_text(text)
    done = truefill("backtest", EXAMPLES / "01_grid.py", "-c", "example.toml", "-o", "out", "--json")
    assert done.exit_code == 0, done.stderr


@pytest.mark.slow
def test_from_python(tmp_path):
    out = run("02_from_python.py", tmp_path)
    assert "Net PnL" in out
    assert (tmp_path / "report.html").exists()


@pytest.mark.slow
def test_own_queue_model(tmp_path):
    """The more of the cancelled were ahead of us, the more we are filled."""
    fills = [int(n) for n in re.findall(r"(\d+) fills", run("03_own_queue_model.py", tmp_path))]
    assert len(fills) == 3
    assert 0 < fills[0] <= fills[1] <= fills[2]
    assert fills[0] < fills[2]


@pytest.mark.slow
def test_two_assets(tmp_path):
    out = run("04_two_assets.py", tmp_path)
    assert re.search(r"MADE1-PERP.SYNTHETIC: [1-9]\d* trades", out)
    assert re.search(r"MADE2-PERP.SYNTHETIC: [1-9]\d* trades", out)


@pytest.mark.slow
@pytest.mark.needs_shared
def test_recording(tmp_path):
    file = shared_data("raw/binance_usdm/btcusdt_20240808.gz")
    out = run("05_recording.py", tmp_path, file, "binance-usdm", "BTCUSDT")
    assert "BTCUSDT-PERP.BINANCE: 599,082 events, tick 0.1, 0 gaps" in out
    assert out.count("|") == 5


def test_callbacks(market, tmp_path, truefill):
    text = (EXAMPLES / "run.toml").read_text().replace("../truefill-demo/market.tape", str(market))
    (tmp_path / "example.toml").write_text(text)
    done = truefill("backtest", EXAMPLES / "06_callbacks.py", "-c", "example.toml", "-o", "out", "--json")
    assert done.exit_code == 0, done.stderr


@pytest.mark.slow
def test_strategy_class(tmp_path):
    assert re.match(r"[1-9]\d* fills, position", run("07_strategy_class.py", tmp_path))
