"""What all commands share: help that teaches, one line for bad input, the exit status, a fast start."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from truefill.cli.main import app

RUNNER = CliRunner()
COMMANDS = [
    ["demo"],
    ["convert"],
    ["tape", "info"],
    ["tape", "check"],
    ["tape", "head"],
    ["backtest"],
    ["report"],
]


def truefill(*arguments: object):
    return RUNNER.invoke(
        app, [str(a) for a in arguments], env={"COLUMNS": "200", "TERM": "dumb"}, prog_name="truefill"
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_teaches_with_examples(command):
    done = truefill(*command, "--help")
    assert done.exit_code == 0
    assert f"truefill {' '.join(command)}" in done.stdout.split("Usage:")[1].split("\n", 1)[1]
    assert "--json" in done.stdout


def test_without_arguments_it_helps():
    for arguments in ((), ("tape",)):
        done = truefill(*arguments)
        assert done.exit_code == 0
        assert "Commands" in done.stdout


def test_version():
    assert truefill("--version").stdout.split()[0] == "truefill"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["backtset"],
            "error: No such command 'backtset'. Did you mean 'backtest', 'backtest-as'? (see truefill",
        ),
        (["backtest", "x.py"], "error: Missing option '--config' / '-c' (see truefill backtest --help)"),
        (["demo", "--minutes", "x"], "(see truefill demo --help)"),
        (["demo", "--nonsense"], "error: No such option: --nonsense"),
        (["tape", "head", "x", "--view", "other"], "'local', 'exch'"),
        (
            ["demo", "--venue", "binance-spot"],
            "error: demo: expected --venue and --symbol only together with --data",
        ),
        (["tape", "info", "no/such.tape"], "error: no/such.tape: expected a tape file, got no such file"),
        (["tape", "check", "no/such.tape"], "no/such.tape"),
        (["report", "no/such/dir"], "no/such/dir"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(arguments, line):
    done = truefill(*arguments)
    assert done.exit_code == 2, done.output
    assert line in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_the_console_script_starts_fast_and_without_the_heavy_rooms():
    """Help must not wait for Numba, polars or plotly."""
    code = (
        "import sys; from truefill.cli.main import app\n"
        "app(['--help'], standalone_mode=False)\n"
        "heavy = {'numba', 'numpy', 'polars', 'plotly', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_installed_command_runs():
    command = Path(sys.executable).with_name("truefill")
    done = subprocess.run([command, "tape", "info", "none"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: none: expected a tape file, got no such file\n"


def test_import_is_cheap_and_every_public_name_is_there():
    import truefill as package

    assert len(package.__all__) == len(set(package.__all__))  # its order is ruff's to check
    for name in package.__all__:
        assert getattr(package, name) is not None
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        package.nonsense  # noqa: B018
    code = "import sys, truefill; assert not {'numba', 'numpy', 'polars'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))


def test_json_has_null_for_what_is_no_number(capsys):
    import numpy as np

    from truefill.cli.show import print_json

    print_json(
        {
            "a": float("nan"),
            "b": np.float64(1.5),
            "c": np.arange(2),
            "d": (1, None, True, Path("x")),
            3: -1e400,
        }
    )
    assert json.loads(capsys.readouterr().out) == {
        "a": None,
        "b": 1.5,
        "c": [0, 1],
        "d": [1, None, True, "x"],
        "3": None,
    }
