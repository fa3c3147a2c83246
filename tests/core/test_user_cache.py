"""What a user wrote is cached across processes, and never stale: edits anywhere are seen."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from truefill.core.jit import compile_user
from truefill.core.user_cache import _ByFingerprint

pytestmark = pytest.mark.compiled_only

STRATEGY = """
import numba
import more

SCALE = 2.0

@numba.njit(cache=True)
def cached(x):
    return more.third(x)

def strategy(x, params):
    return x * SCALE + more.second(x) + cached(x) + params.a
"""
MORE = """
import numba
LIMIT = 100.0
UNUSED = 1

@numba.njit
def second(x):
    return min(x, LIMIT)

@numba.njit
def third(x):
    return 10.0 * x
"""
RUN = """
import sys
sys.path.insert(0, sys.argv[1])
from collections import namedtuple
from strategy import strategy
from truefill.core.jit import compile_user
import more
more.Params = namedtuple("Params", sys.argv[2], module="more")
compiled = compile_user(strategy)
print(compiled(1.0, more.Params(3.0, 4.0)), sum(compiled.stats.cache_hits.values()))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a strategy and a module beside it."""
    (tmp_path / "strategy.py").write_text(STRATEGY)
    (tmp_path / "more.py").write_text(MORE)
    return tmp_path


def once(folder: Path, fields: str = "a b", **environment: str) -> tuple[float, int]:
    """Result and cache hits of the strategy in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(folder), fields],
        env={**{k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    value, hits = done.stdout.split()
    return float(value), int(hits)


def edit(path: Path, old: str, new: str) -> None:
    """Change one place of a file."""
    source = path.read_text()
    assert source.count(old) == 1
    path.write_text(source.replace(old, new))


@pytest.mark.slow
def test_every_edit_is_seen_and_nothing_else_compiles_again(folder: Path) -> None:
    """Edits beside the strategy, in what its own cached functions call, of globals, of parameters' names."""
    assert once(folder) == (16.0, 0)
    assert once(folder) == (16.0, 1)

    edit(folder / "more.py", "LIMIT = 100.0", "LIMIT = 0.5")
    assert once(folder) == (15.5, 0)
    assert once(folder) == (15.5, 1)

    edit(folder / "more.py", "10.0 * x", "20.0 * x")
    assert once(folder) == (25.5, 0), "through a function that Numba's own cache keeps"

    edit(folder / "more.py", "UNUSED = 1", "UNUSED = 2")
    assert once(folder) == (25.5, 1), "what nobody reads changes nothing"

    edit(folder / "strategy.py", "SCALE = 2.0", "SCALE = 3.0")
    assert once(folder) == (26.5, 0)
    assert once(folder, "b a") == (27.5, 0), "a is the second one now"

    edit(folder / "strategy.py", "SCALE = 3.0", "SCALE = 2.0")
    assert once(folder) == (25.5, 1), "back to what was compiled before"


@pytest.mark.slow
def test_where_the_cache_is(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """In __pycache__ beside the file, or in NUMBA_CACHE_DIR."""
    once(folder)
    beside = [path.name for path in (folder / "__pycache__").glob("*.nbc")]
    assert any(name.startswith("strategy.strategy-") for name in beside)

    other = tmp_path_factory.mktemp("cache")
    assert once(folder, NUMBA_CACHE_DIR=str(other))[1] == 0
    assert list(other.rglob("strategy.strategy-*.nbc"))
    assert once(folder, NUMBA_CACHE_DIR=str(other))[1] == 1


@pytest.mark.slow
def test_a_damaged_file_is_compiled_again(folder: Path) -> None:
    """A file that was cut short is no error and no result."""
    once(folder)
    for path in (folder / "__pycache__").glob("*.nbc"):
        path.write_bytes(path.read_bytes()[:100])

    assert once(folder) == (16.0, 0)
    assert once(folder) == (16.0, 1)


def test_a_function_that_is_in_no_file_just_compiles() -> None:
    """As typed at a prompt."""
    namespace: dict[str, Any] = {}
    exec("def strategy(x):\n    return x + 1\n", namespace)

    assert compile_user(namespace["strategy"])(1) == 2


def test_what_cannot_be_told_apart_is_not_cached(folder: Path) -> None:
    """A function given as an argument: its code is not in the key, so nothing is kept."""
    (folder / "strategy.py").write_text("def strategy(x, params):\n    return params.a(x)\n")
    script = RUN.replace("more.Params(3.0, 4.0)", "more.Params(more.second, more.third)")
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script, str(folder), "a b"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.split() == ["1.0", "0"], done.stderr


def test_old_variants_go(tmp_path: Path) -> None:
    """Sixteen of a function stay; the oldest go first, and other functions' files stay."""
    other = tmp_path / "other.x.nbc"
    other.write_bytes(b"")
    file = _ByFingerprint(str(tmp_path), "name[1]")
    for number in range(20):
        file.save(f"k{number}", number)
        os.utime(tmp_path / f"name[1].k{number}.nbc", (number, number))
    file.save("last", -1)

    assert len(list(tmp_path.iterdir())) == 17
    assert other.exists()
    assert (file.load("last"), file.load("k0"), file.load("k19")) == (-1, None, 19)


MODEL = """
import truefill
from helpers import extra

def latency(kind, timestamp, params):
    return int(params[0]) + extra(kind)
"""
RUN_MODEL = """
import sys
sys.path.insert(0, sys.argv[1])
import model
from truefill.backtest.models.latency import UserLatency, latency_callback
call = latency_callback(UserLatency(model.latency, [5.0]))
call.address
print(call.cache_hits)
"""


@pytest.mark.slow
def test_models_are_cached_too_and_see_edits(tmp_path: Path) -> None:
    """The callback around a user's model lies beside the user's file."""
    (tmp_path / "model.py").write_text(MODEL)
    helpers = "import numba\n@numba.njit\ndef extra(kind):\n    return kind\n"
    (tmp_path / "helpers.py").write_text(helpers)
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}

    def hits() -> int:
        command = [sys.executable, "-c", RUN_MODEL, str(tmp_path)]
        return int(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)

    assert [hits(), hits()] == [0, 1]
    assert list((tmp_path / "__pycache__").glob("model.latency-*.nbc"))
    (tmp_path / "helpers.py").write_text(helpers.replace("return kind", "return 2 * kind"))
    assert [hits(), hits()] == [0, 1]
