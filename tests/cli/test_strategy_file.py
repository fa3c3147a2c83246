"""A strategy file is imported under a stable name, in whatever form its author wrote `strategy`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from truefill.cli.params import make_params
from truefill.cli.strategy_file import load_strategy, module_name, user_lines
from truefill.core.errors import ConfigError, StrategyError


def write(tmp_path: Path, text: str, name: str = "strategy.py") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "decorator",
    [
        "",
        "from numba import njit\n@njit\n",
        "from numba import njit\n@njit(cache=True)\n",
        "import numba\n@numba.jit(nopython=True)\n",
    ],
)
@pytest.mark.parametrize(
    ("arguments", "takes"), [("bot", False), ("bot, params", True), ("bot, params=None", True)]
)
def test_plain_and_decorated_functions_come_out_as_plain_python(tmp_path, decorator, arguments, takes):
    loaded = load_strategy(write(tmp_path, f"{decorator}def strategy({arguments}):\n    return 7\n"))
    assert loaded.takes_params is takes
    assert type(loaded.function).__name__ == "function"
    assert loaded.function.__code__.co_filename == str(loaded.path)


def test_the_module_name_is_stable_and_the_module_can_be_found(tmp_path):
    path = write(tmp_path, "def strategy(bot):\n    return 1\n", "my-grid 2.py")
    loaded = load_strategy(path)
    assert loaded.function.__module__ == module_name(path) == module_name(path)
    assert loaded.function.__module__ in sys.modules
    assert module_name(path) != module_name(tmp_path / "other" / "my-grid 2.py")
    assert "my_grid_2" in module_name(path)


def test_a_file_beside_it_can_be_imported(tmp_path):
    write(tmp_path, "STEP = 3\n", "truefill_test_beside.py")
    path = write(tmp_path, "from truefill_test_beside import STEP\ndef strategy(bot):\n    return STEP\n")
    assert load_strategy(path).function(None) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "got no function at all"),
        ("def run(bot):\n    pass\n", "got only run"),
        ("strategy = 3\n", "expected strategy to be a function, got a int"),
        (
            "\n\ndef strategy():\n    pass\n",
            "strategy.py:3: expected strategy(bot) or strategy(bot, params), got strategy()",
        ),
        ("def strategy(a, b, c):\n    pass\n", "got strategy(a, b, c)"),
        (
            "def strategy(bot:\n    pass\n",
            "strategy.py:1: expected Python, got a syntax error: '(' was never closed",
        ),
        (
            "\nimport no_such_module_at_all\n",
            "strategy.py:2: expected a file that can be imported, got ModuleNotFoundError",
        ),
        (
            "def f():\n    return 1 / 0\n\nf()\n",
            "strategy.py:2: expected a file that can be imported, got ZeroDivisionError",
        ),
        ("raise SystemExit(3)\n", "strategy.py:1: expected a file that can be imported, got SystemExit: 3"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(StrategyError) as caught:
        load_strategy(path)
    assert message in str(caught.value)
    if "imported" in message or "syntax" in message:
        assert module_name(path) not in sys.modules


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(StrategyError, match="no such file"):
        load_strategy(tmp_path / "none.py")
    with pytest.raises(StrategyError, match="a folder"):
        load_strategy(tmp_path)


def test_a_traceback_starts_at_the_users_line(tmp_path):
    path = write(tmp_path, "def inner():\n    raise KeyError('x')\n\ndef strategy(bot):\n    inner()\n")
    loaded = load_strategy(path)
    with pytest.raises(KeyError) as caught:
        loaded.function(None)
    text = user_lines(caught.value, loaded.path)
    assert "test_strategy_file" not in text
    assert f'File "{path}", line 5, in strategy' in text
    assert f'File "{path}", line 2, in inner' in text
    assert text.endswith("KeyError: 'x'")


def test_params_are_attributes():
    params = make_params({"a": 1, "a_b": 2.5, "b1": True, "s": "x"})
    assert (params.a, params.a_b, params.b1, params.s) == (1, 2.5, True, "x")
    assert type(params) is type(make_params({"a": 9, "a_b": 1.5, "b1": False, "s": ""}))
    assert type(make_params({"a": 1, "b": 1})) is not type(make_params({"a_b": 1}))


@pytest.mark.parametrize("key", ["class", "_x", "a-b", "1a", ""])
def test_params_that_cannot_be_attributes(key):
    with pytest.raises(ConfigError):
        make_params({key: 1})


SCRIPT = """
import sys
from truefill.core.jit import compile_user
from truefill.cli.params import make_params
from truefill.cli.strategy_file import load_strategy
loaded = load_strategy(sys.argv[1])
compiled = compile_user(loaded.function)
print(compiled(2.0, make_params({"factor": 3.0, "levels": 2})), sum(compiled.stats.cache_hits.values()))
"""


@pytest.mark.compiled_only
def test_the_next_process_finds_the_compiled_code(tmp_path):
    """Also after a run with other parameters, whose class this process has never made."""
    path = write(tmp_path, "def strategy(bot, params):\n    return bot * params.factor * params.levels\n")

    def run(script: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", script, str(path)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")},
        )
        return done.stdout.strip()

    assert run(SCRIPT) == "12.0 0"
    assert run(SCRIPT) == "12.0 1"
    assert run(SCRIPT.replace('"levels": 2', '"levels": 2, "other": "x"')) == "12.0 0"
    assert run(SCRIPT) == "12.0 1"
